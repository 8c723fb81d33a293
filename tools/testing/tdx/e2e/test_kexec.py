# SPDX-License-Identifier: GPL-2.0-only
"""Starting another kernel: earlier use of TDX does not harm it."""
import dataclasses
import errno
import os
import re
import subprocess
import tempfile

import pytest

import layout
import machine
import selftests
from layout import PAMT_PAGES
from outcome import said
from test_bringup import USED, ready, unavailable

# Only the first kernel reserves the end of memory.  Its PAMT is as high as possible, so it is not
# among the last pages that the next kernel allocates.
SMALL = {"cpus": 2, "packages": 1, "memory": "512M", "cmdline": "crashkernel=64M"}
GRANITE_RAPIDS = 0xa06d1
CRASH = {"memory": "1G", "cmdline": "crashkernel=256M", "crash_kernel": True}


def kexec_initramfs(kernel):
    """The initramfs of the guest program, with the kernel that the guest is to start."""
    base = machine.build_initramfs()
    with machine.lock("files"):
        return add_kernel(base, kernel)


def add_kernel(base, kernel):
    image = machine.Machine(kernel=kernel).image()
    archive = image.with_name("kexec.cpio")
    newest = max(path.stat().st_mtime for path in (image, base))
    if archive.is_file() and archive.stat().st_mtime > newest:
        return archive
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/kexec")
        os.symlink(image, f"{directory}/kexec/bzImage")
        packed = subprocess.run(["cpio", "-o", "-L", "-H", "newc", "--quiet"], cwd=directory,
                                check=True, input=b"kexec\nkexec/bzImage\n",
                                stdout=subprocess.PIPE).stdout
    machine.write_whole(archive, base.read_bytes() + packed)
    return archive


def of_last_kernel(result):
    """The result, with only the last kernel's part of the console output."""
    return dataclasses.replace(result,
                               console=result.console[result.console.rindex("Linux version "):])


@pytest.fixture
def boot_twice(boot, kernel):
    """Boots a machine where one kernel starts another; returns the second kernel's result."""
    def run(scenario, kernels=2, **options):
        result = boot(scenario, **{**SMALL, "initramfs": kexec_initramfs(kernel), **options})
        assert set(result.values("kexec_load")) == {"0"}
        assert result.console.count("Linux version ") == kernels
        assert len(re.findall(r"^new kernel on cpu \d+$", result.log, re.M)) == kernels - 1
        last = of_last_kernel(result)
        assert int(last.value("memory_used_mb")) > 32
        assert int(last.value("memory_wrong")) == 0
        return last
    return run


def number(result, key):
    return layout.EmulatorLog(result.log).number(key)


def no_page_is_left_to_the_module(result, pages=PAMT_PAGES):
    assert number(result, "pamt_pages_taken_back") == pages
    assert number(result, "pages_owned") == 0


def module_is_used_up(result):
    assert unavailable(result, errno.EALREADY) == USED


@pytest.mark.one_kernel
@pytest.mark.parametrize("how", ["segments", "file"])
def test_the_next_kernel_can_use_a_module_that_this_one_did_not(boot_twice, how):
    result = boot_twice(f"kexec-load,{how};kexec")
    ready(result)
    assert int(result.value("cpus")) == SMALL["cpus"]


@pytest.mark.one_kernel
def test_a_crash_kernel_can_use_a_module_that_this_one_did_not(boot_twice):
    result = boot_twice("kexec-load,crash;crash,0", **CRASH)
    ready(result)
    assert int(result.value("cpus")) == SMALL["cpus"]


@pytest.mark.one_kernel
@pytest.mark.parametrize("scenario", ["kexec-load,segments;hold-td;kexec",
                                      "hold-td;kexec-load,file;kexec"])
def test_the_next_kernel_has_all_memory_and_a_word_on_the_module(boot_twice, scenario):
    """A PAMT may also be at the next kernel's destination, if the kernel was loaded first."""
    result = boot_twice(scenario)
    assert int(result.value("hold_td")) == 0
    assert int(result.value("cpus")) == SMALL["cpus"]
    module_is_used_up(result)
    no_page_is_left_to_the_module(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("step", [
    pytest.param("create-td", marks=pytest.mark.release), "hold-td"])
@pytest.mark.parametrize("options", ["", " inject=TDH.SYS.DISABLE:1:INTERRUPTED_RESUMABLE:3",
                                     " inject=TDH.SYS.DISABLE:1:SYS_BUSY:3"])
def test_the_next_kernel_can_use_a_module_that_can_be_disabled(boot_twice, step, options):
    """Both if a VM exists, so that VMX is on, and if not."""
    result = boot_twice(f"{step};kexec-load,file;kexec", emulator_options=f"module=2.0{options}")
    assert result.values("create_td")[-1] == "0"
    assert layout.Info(result.info()).state() == "ready"
    assert layout.EmulatorLog(result.log).count("TDH.SYS.INIT") == 2
    assert number(result, "pages_owned") == PAMT_PAGES


@pytest.mark.one_kernel
@pytest.mark.parametrize("options, words", [
    ("module=2.0 inject=TDH.SYS.DISABLE:1:SYS_STATE_INCORRECT:1",
     ["TDH.SYS.DISABLE failed, the next kernel cannot use TDX until the machine is reset: "
      "SYS_STATE_INCORRECT"]),
    pytest.param("module=1.5.06", [], marks=pytest.mark.release)])
def test_a_module_that_could_be_disabled_but_was_not_is_reported(boot, kernel, options, words):
    """An older module does not know the SEAMCALL."""
    result = boot("hold-td;kexec-load,file;kexec", **SMALL, emulator_options=options,
                  initramfs=kexec_initramfs(kernel))
    messages = [message for message in said(result) if "TDH.SYS.DISABLE" in message]
    assert len(messages) == len(words)
    assert all(map(str.startswith, messages, words))
    module_is_used_up(of_last_kernel(result))


@pytest.mark.one_kernel
@pytest.mark.parametrize("before", ["", "set,/sys/devices/system/cpu/cpu3/online=0;"])
def test_caches_are_written_back_for_a_kernel_that_starts_no_other_cpu(boot_twice, before):
    """This includes the caches of a CPU that is offline."""
    result = boot_twice(f"kexec-load,file,nr_cpus=1;hold-td;{before}kexec", cpus=4, packages=2)
    assert int(result.value("cpus")) == 1
    assert all(line.endswith(" 0") for line in result.values("write"))
    module_is_used_up(result)
    no_page_is_left_to_the_module(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("model, poisons", [
    pytest.param(0x806f8, True, id="Sapphire Rapids"),
    pytest.param(0xc06f2, True, id="Emerald Rapids", marks=pytest.mark.release),
    pytest.param(GRANITE_RAPIDS, False, id="Granite Rapids")])
@pytest.mark.parametrize("before", ["", "set,/sys/devices/system/cpu/cpu3/online=0;"],
                         ids=["online", "offline"])
def test_caches_are_written_back_whatever_becomes_of_pamts(boot_twice, model, poisons, before):
    """
    If partial writes do not poison memory, the kernel leaves PAMTs as they are.  The platform still
    reports them as owned by the module, so the next kernel uses only memory below them.
    """
    result = boot_twice(f"kexec-load,file,mem=256M;hold-td;{before}kexec", cpus=4, packages=2,
                        emulator_options=f"cpuid=all:1:0:eax:{model:#x}")
    module_is_used_up(result)
    assert number(result, "pamt_pages_taken_back") == (PAMT_PAGES if poisons else 0)


@pytest.mark.one_kernel
def test_a_cpu_is_offline_when_its_caches_are_written_back(boot_twice):
    """It takes as long as large caches may, while another CPU starts the next kernel."""
    result = boot_twice("kexec-load,segments,mem=256M;hold-td;"
                        "set,/sys/devices/system/cpu/cpu3/online=0;kexec", cpus=4, packages=2,
                        emulator_options=f"cpuid=all:1:0:eax:{GRANITE_RAPIDS:#x} "
                                         "writeback=3:2000000")
    assert [line.split()[-1] for line in result.values("write")] == ["0"]
    module_is_used_up(result)


def start_in_the_middle(boot_twice, how):
    """TDH.SYS.TDMR.INIT of two TDMRs is running on two CPUs."""
    result = boot_twice(f"kexec-load,{how};begin-td;kexec", cpus=4, packages=2, memory="2G",
                        cmdline="", emulator_options="delay=20000")
    assert "TDMR(s) initialized" not in result.log
    module_is_used_up(result)
    no_page_is_left_to_the_module(result, 2 * PAMT_PAGES)


@pytest.mark.one_kernel_until_release
@pytest.mark.parallel
def test_a_kernel_that_is_started_in_the_middle_of_the_initialization(boot_twice):
    start_in_the_middle(boot_twice, "segments")


@pytest.mark.one_kernel
def test_a_file_that_is_started_in_the_middle_of_the_initialization(boot_twice):
    start_in_the_middle(boot_twice, "file")


@pytest.mark.one_kernel
def test_a_kernel_that_is_started_while_memory_is_searched(boot_twice):
    """Kexec does not wait for a locked page: the module owns no memory yet."""
    result = boot_twice("kexec-load,file;lock-pages;start-td;wait-stuck;kexec", cpus=2, packages=1,
                        memory="1G", cmdline="")
    assert result.value("worker_stuck") == "1"
    assert "TDH.SYS.CONFIG" not in result.log
    module_is_used_up(result)
    no_page_is_left_to_the_module(result, 0)


@pytest.mark.one_kernel
@pytest.mark.parametrize("cpu, option", [(0, ""), (3, ",nr_cpus=1")])
def test_a_crash_kernel_leaves_the_module_alone(boot_twice, cpu, option):
    result = boot_twice(f"kexec-load,crash{option};hold-td;crash,{cpu}",
                        **{**CRASH, "cpus": 4, "packages": 2})
    assert f"new kernel on cpu {cpu}\n" in result.log
    assert int(result.value("cpus")) == (1 if option else 4)
    module_is_used_up(result)
    assert number(result, "pages_owned") == PAMT_PAGES


@pytest.mark.parallel
@pytest.mark.parametrize("cpu, option", [
    (0, ""), pytest.param(3, ",nr_cpus=1", marks=pytest.mark.one_kernel_until_release)])
def test_a_crash_amid_the_initialization_uses_the_module_up(boot_twice, cpu, option):
    result = boot_twice(f"kexec-load,crash{option};begin-td;crash,{cpu}",
                        **{**CRASH, "cpus": 4, "packages": 2}, emulator_options="delay=20000")
    assert f"new kernel on cpu {cpu}\n" in result.log
    assert "TDMR(s) initialized" not in result.log
    module_is_used_up(result)
    assert number(result, "pages_owned") == PAMT_PAGES


@pytest.mark.one_kernel
def test_an_nmi_that_crashes_the_host_behind_a_seamcall_uses_the_module_up(boot_twice):
    """The CPU does not return to the code that would record that its caches are dirty."""
    result = boot_twice("kexec-load,crash,nr_cpus=1;create-td", **{
        **CRASH, "cmdline": f"{CRASH['cmdline']} unknown_nmi_panic", "cpus": 1, "packages": 1},
        emulator_options="nmi=TDH.SYS.TDMR.INIT:5")
    assert number(result, "pages_owned") == PAMT_PAGES
    module_is_used_up(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("chain", [5, pytest.param(20, marks=pytest.mark.release)])
def test_many_kernels_start_one_after_the_other(boot_twice, chain):
    result = boot_twice(f"hold-td;kexec-chain,{chain}", kernels=chain + 1, timeout=240)
    assert result.values("kernels_to_go") == [str(n) for n in range(chain, -1, -1)]
    module_is_used_up(result)
    no_page_is_left_to_the_module(result)


@pytest.mark.one_kernel
def test_a_kexec_that_means_to_come_back_is_refused(boot, kernel):
    result = boot("create-td;kexec-load,jump;kexec",
                  **{**SMALL, "initramfs": kexec_initramfs(kernel)})
    assert int(result.value("kexec_load")) == 0
    assert int(result.value("kexec_failed")) == errno.EPERM
    assert "this sleep loses the TDX module: refused; boot with tdx_host=off" in \
        result.tdx_messages()
    ready(result)


ALIVE = ["open-tds,2,2", "hold-td;start-selftest,tdx_lifecycle_test"]


@pytest.fixture
def boot_with_tds(boot_twice, kernel):
    """Like boot_twice; the first kernel also has a selftest that creates and destroys TDs."""
    def run(scenario, **options):
        base = kexec_initramfs(kernel)
        return boot_twice(scenario, initramfs=selftests.initramfs("tdx_lifecycle_test", base),
                          **options)
    return run


@pytest.mark.one_kernel_until_release
@pytest.mark.parametrize("alive", ALIVE, ids=["idle", "busy"])
def test_the_next_kernel_has_the_memory_of_tds(boot_with_tds, alive):
    result = boot_with_tds(f"kexec-load,file;{alive};kexec", cpus=4, packages=2)
    module_is_used_up(result)
    no_page_is_left_to_the_module(result)


@pytest.mark.one_kernel
@pytest.mark.parametrize("alive", [
    pytest.param(ALIVE[0], id="idle", marks=pytest.mark.release), pytest.param(ALIVE[1], id="busy")])
@pytest.mark.parametrize("cpu, option", [(0, ""), (3, ",nr_cpus=1")])
def test_a_crash_kernel_leaves_tds_alone(boot_with_tds, alive, cpu, option):
    result = boot_with_tds(f"kexec-load,crash{option};{alive};crash,{cpu}",
                           **{**CRASH, "cpus": 4, "packages": 2})
    assert int(result.value("cpus")) == (1 if option else 4)
    module_is_used_up(result)
