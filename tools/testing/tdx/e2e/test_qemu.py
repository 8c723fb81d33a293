# SPDX-License-Identifier: GPL-2.0-only
"""
QEMU and TDVF boot Linux in a TD, all as Debian has packaged them: nothing was written here.

The same has to be so on Linux 7.3, which has TDX host support itself.
"""
import json

import pytest

import layout
import machine
import private_apt
import qemu_guest
import qmp
import selftests
import td_guest
import test_mainline
import tsc
from qemu_guest import command
from test_emulator import trace_tool

MACHINE = {"cpus": 2, "packages": 1, "memory": "2G", "timeout": 1800}

pytestmark = [pytest.mark.release, pytest.mark.one_kernel, pytest.mark.kernels("host", "mainline")]


@pytest.fixture
def run_qemu(boot, kernel, tmp_path):
    """Runs QEMU on the host, once with each command line.  No page of a TD may be left."""
    def run(commands, cmdline="", requests=(), **options):
        try:
            guest = qemu_guest.QemuGuest(tmp_path, cmdline, requests)
        except private_apt.Unavailable as error:
            pytest.skip(str(error))
        result = boot(td_guest.steps(commands), **{**MACHINE, **options},
                      cmdline=test_mainline.CMDLINE if kernel == "mainline" else "",
                      initramfs=guest.initramfs(commands))
        assert layout.EmulatorLog(result.log).number("td_pages_owned") == 0
        if kernel != "mainline" and "tdx" not in options:
            selftests.check_nothing_left(result)
        return result
    return run


@pytest.fixture
def boot_guest(run_qemu):
    """Boots a guest, which has to turn itself off."""
    def run(*options, cmdline="", **more):
        result = run_qemu([command(*options, **more)], cmdline)
        assert result.value("td_guest") == "0", result.values("output")
        return result
    return run


@pytest.mark.parametrize("cpus", [1, 2])
def test_debians_kernel_boots_in_a_td(boot_guest, cpus):
    result = boot_guest(cpus=cpus)
    assert td_guest.values(result, "tdx_guest") == ["1"]
    assert td_guest.values(result, "cpus") == [str(cpus)]


def test_guest_addresses_have_52_bits_if_kvm_supports_that(run_qemu, tmp_path):
    """Such a TD has tables of level 4 in its secure EPT."""
    trace = tmp_path / "trace"
    result = run_qemu([command()], emulator_options="ept_levels=5", qemu_options=(
        "-chardev", f"file,id=trace,path={trace}",
        "-device", "isa-debugcon,iobase=0xe8,chardev=trace"))
    assert result.value("td_guest") == "0", result.values("output")
    assert td_guest.values(result, "tdx_guest") == ["1"]
    assert " TDH.MEM.SEPT.ADD rcx=0x4 " in trace_tool(trace).stdout


@pytest.fixture
def cpu_to_reset(kernel):
    """
    The next TD gets the frequency of the TSC that KVM_GET_TSC_KHZ has for this one: QEMU refuses one
    that is no multiple of 25 MHz, which Linux 7.3 does not round it to, as the module does.
    """
    multiple = 25_000
    faster = -(-tsc.khz(tuple(machine.QEMU), machine.EMULATOR) // multiple) * multiple
    return f"host,tsc-frequency={faster}000" if kernel == "mainline" else "host"


def test_a_guest_can_be_reset(boot_guest, cpu_to_reset):
    """QEMU makes a new TD for that, while the old one is still there."""
    result = boot_guest(cmdline="reset", cpus=2, cpu=cpu_to_reset)
    assert td_guest.values(result, "tdx_guest") == ["1", "1"]
    [first, second] = td_guest.measured(result)
    assert first == second


def said(result):
    return "\n".join(result.values("output"))


# To make a vCPU leave the guest, QEMU writes to its struct kvm_run in a signal handler, which has
# none any more after the TD could not be made again.  If that happens before QEMU has exited, QEMU
# 11.1 crashes instead: it writes to the second byte behind NULL.
NO_KVM_RUN = r"CPU \d+/KVM\[\d+\]: segfault at 1 "
EXITED, CRASHED = "1", "139"


def test_a_reset_needs_a_second_keyid(run_qemu, cpu_to_reset):
    result = run_qemu([command(*qemu_guest.QMP, cpu=cpu_to_reset)], provoked=NO_KVM_RUN,
                      emulator_options="keyids=31:2", requests=[qmp.command("system_reset")])
    assert result.value("td_guest") == (CRASHED if result.kernel_lines(NO_KVM_RUN) else EXITED)
    assert "unable to rebuild guest: No space left on device" in said(result)


def property_of_td(name):
    return qmp.command("qom-get", path="/objects/tdx0", property=name)


def test_qemu_answers_queries(run_qemu):
    """The options are also those with which libvirt is documented to run a TD."""
    result = run_qemu([command(*qemu_guest.QMP, machine_options=",smm=off", cpu="host,pmu=off",
                               tdx=f",attributes={qemu_guest.SEPT_VE_DISABLE},mrconfigid="
                               + "A" * 64)],
                      requests=[qmp.command("query-kvm"), property_of_td("attributes"),
                                property_of_td("mrconfigid"), property_of_td("sept-ve-disable"),
                                qmp.command("quit")])
    answers = [json.loads(line) for line in result.values("output") if line.startswith("{")]
    assert [answer["return"] for answer in answers if answer.get("return", {}) != {}] == [
        {"enabled": True, "present": True}, qemu_guest.SEPT_VE_DISABLE, "A" * 64, True]
    assert result.value("td_guest") == "0"


# What is wrong in a command line, and what QEMU says
WRONG = (
    (command(machine_options=",smm=on"), "TDX VM doesn't support SMM"),
    (command(machine_options=",pic=on"), "TDX VM doesn't support PIC"),
    (command(machine_options=",kernel-irqchip=on"), "TDX VM requires kernel_irqchip to be split"),
    (command(cpu="Skylake-Server"), "Named cpu model is not supported for TDX yet!"),
    (command(cpu="host,host-phys-bits=off,phys-bits=50"),
     "TDX requires guest CPU physical bits (50) to match host CPU physical bits (52)"),
    (command(cpus=MACHINE["cpus"] + 1), "Number of SMP cpus requested (3) exceeds the maximum"),
    (command(tdx=",mrconfigid=AAAA"), "TDX 'mrconfigid' sha384 digest was 3 bytes"),
)


def test_qemu_says_what_is_wrong(run_qemu):
    result = run_qemu([words for words, _ in WRONG])
    assert result.values("td_guest") == ["1"] * len(WRONG)
    for _, message in WRONG:
        assert message in said(result)


def test_qemu_says_that_there_are_no_tds(run_qemu):
    result = run_qemu([command()], tdx="")
    assert result.value("td_guest") == "1"
    assert "vm-type TDX not supported by KVM" in said(result)
