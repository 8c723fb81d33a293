# SPDX-License-Identifier: GPL-2.0-only
"""The emulated platform itself: its options, and detection of violations."""
import collections
import graphlib
import pathlib
import re
import subprocess
import sys
import tempfile

import pytest

import layout
import linked
import machine
from test_bringup import ready

MB = 1 << 20
SMALL = {"cpus": 2, "packages": 1, "memory": "1G"}
README = machine.TOP / "tools/testing/tdx/emulator/README.md"
MODEL = machine.TOP / "arch/x86/virt/vmx/tdx/model"

# QEMU's exit statuses after the emulator wrote its exit code to isa-debug-exit.
HELP, BAD_OPTION, NO_BOOT = 33, 35, 37


def emulator_only(tmp_path, options, cpu="max,phys-bits=52"):
    """QEMU's exit status and the debug console, for an emulator without a kernel."""
    log = tmp_path / "log"
    status = subprocess.run(
        [*machine.QEMU, "-accel", "tcg", "-machine", "q35,smm=off", "-m", "256M",
         "-cpu", cpu, "-display", "none", "-nodefaults",
         "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-debugcon", f"file:{log}",
         "-kernel", str(machine.EMULATOR), "-append", options], timeout=20, check=False).returncode
    return status, log.read_text()


def folders():
    """The folders of the sources, lowest layer first; files outside of them are above all."""
    makefile = (README.parent / "Makefile").read_text()
    return re.search(r"^FOLDERS := (.+) \.$", makefile, re.M).group(1).split()


def folder_of(part):
    return part.rpartition("/")[0]


def has_source(name):
    """False for objects of files that were moved, and for the table of function names."""
    sources = README.parent if folder_of(name) != "model" else MODEL.parent
    return any((sources / f"{name}.{end}").exists() for end in "cS")


def parts_of(directory):
    """References between object files; those of assembly files count as those of their C file."""
    halves = {"boot": "main", "cpu/exceptions": "cpu/crash"}
    parts = collections.defaultdict(list)
    for path in directory.glob("**/*.o"):
        name = str(path.relative_to(directory)).split(".")[0]
        if folder_of(name) == "probe" or not has_source(name):
            continue
        parts["model" if folder_of(name) == "model" else halves.get(name, name)].append(path)
    return linked.uses(parts)


def test_parts_use_each_other_in_one_direction_only():
    parts = parts_of(machine.EMULATOR.parent)
    assert len(parts) > 30 and "host/vmx" in parts["seam/seamcall"]
    graphlib.TopologicalSorter(parts).prepare()
    # The software module gets the platform's functions by pointers, except for memset().
    assert parts["model"] <= {"lib/string"}


def test_folders_use_those_before_them_only():
    order = folders()
    upwards = [f"{part} uses {other}" for part, others in parts_of(machine.EMULATOR.parent).items()
               for other in others if folder_of(part) in order and other != "model"
               and folder_of(other) not in order[:order.index(folder_of(part)) + 1]]
    for folder in order:
        for path in (README.parent / folder).iterdir():
            upwards += [f"{folder}/{path.name} includes {name}"
                        for name in re.findall(r'^#include "(\w+/.+)"$', path.read_text(), re.M)
                        if folder_of(name) in order[order.index(folder) + 1:]]
    assert order[0] == "lib" and not upwards


def test_help_is_the_table_of_the_readme(tmp_path):
    status, table = emulator_only(tmp_path, "help")
    assert status == HELP
    assert table.startswith("| option |") and table in README.read_text()


def test_its_own_crash_is_shown_with_names_and_ends_qemu(accel):
    with pytest.raises(machine.MachineError, match="status 39") as error:
        machine.Machine(kernel="host", **SMALL, emulator_options="crash=on",
                        accel=accel).run("create-td")
    log = error.value.result.log
    assert re.search(r"^rax \w+ rbx \w+ ", log, re.M)
    backtrace = re.findall(r"^  0x\w+ (\w+)\+0x\w+$", log, re.M)
    assert backtrace[0] == "crash_on_purpose"
    assert {"exit_loop", "bsp_main"} <= set(backtrace) or "ap_main" in backtrace
    assert "crashed on CPU" in log


def test_a_crash_while_it_prints_ends_qemu_too():
    with pytest.raises(AssertionError, match="crashed on CPU 0: exception 13"):
        probe("good", options="crash=log")


def test_a_machine_that_hangs_tells_what_its_cpus_do(accel):
    with pytest.raises(machine.MachineError, match="asked nobody, which nothing answers") as error:
        machine.Machine(kernel="host", **SMALL, accel=accel).run("ask,nobody")
    result = error.value.result
    assert result.values("ask") == ["nobody"]
    cpus = result.texts()["cpus"]
    assert len(re.findall(r"^ISR\t", cpus, re.M)) == SMALL["cpus"]
    assert re.findall(r"^CPU#(\d)$", cpus, re.M) == [str(cpu) for cpu in range(SMALL["cpus"])]


def test_a_machine_that_takes_too_long_is_ended():
    with pytest.raises(machine.MachineError, match="did not end in time"):
        machine.Machine(kernel="host", **SMALL, timeout=0).run("create-td")


@pytest.mark.parametrize("option", [
    "moduel=1.5", "module=1.5.1", "module=3", "keyids=1", "keyids=32767:1", "seamrr=",
    "e820=acpi:1M", "e820=ram:16M+1M", "e820=acpi:16M+1M*2/4K", "e820=acpi:100G+1M", "cmrs=1M",
    "max_tdmrs=65", "max_reserved=0", "ept_levels=3", "ept_levels=6", "delay=x", "foreign=none",
    "caches=1", "state=new", "features=", "busy=100:1", "no_entropy=5", "msr=16:0x3b:1", "msr=all:0x3b",
    "cpuid=0:7:0:efx:1", "cpuid=0:7:0:eax", "inject=TDH.SYS.CONFIG:0:SYS_BUSY:1",
    "inject=X:1:SYS_BUSY:1", "mce=guest", "mce=host:1", "mce=entry:0",
    "log=9"])
def test_a_bad_option_is_named(tmp_path, option):
    status, log = emulator_only(tmp_path, option)
    assert status == BAD_OPTION
    assert option.split("=", maxsplit=1)[0] in log


def e820_of(result, word):
    found = re.findall(rf"BIOS-e820: \[mem (0x\w+)-(0x\w+)\] {word}", result.console)
    return [layout.Range(int(a, 16), int(b, 16) + 1 - int(a, 16)) for a, b in found]


@pytest.mark.one_kernel
def test_sixty_acpi_ranges_are_inside_the_cmrs(boot):
    """More ranges than fit into boot_params; TDMRs need no reserved areas for them."""
    result = boot("create-td", **SMALL, emulator_options="e820=acpi:256M+64K*62/8M")
    info = ready(result)
    told = e820_of(result, "ACPI data")
    assert told == [layout.Range((256 + 8 * i) * MB, 64 << 10) for i in range(62)]
    assert sum(len(tdmr.reserved) for tdmr in info.tdmrs) <= 3


@pytest.mark.one_kernel
def test_holes_are_in_no_cmr(boot):
    result = boot("create-td", **SMALL, emulator_options="e820=hole:256M+1M*10/64M,nvs:300M+1M")
    areas = [(tdmr.base + area.base, tdmr.base + area.end)
             for tdmr in ready(result).tdmrs for area in tdmr.reserved]
    for hole in [(256 + 64 * i) * MB for i in range(10)]:
        assert any(start <= hole and hole + MB <= end for start, end in areas)
    assert not any(start < 301 * MB and 300 * MB < end for start, end in areas)
    assert e820_of(result, "ACPI NVS") == [layout.Range(300 * MB, MB)]


@pytest.mark.one_kernel
def test_a_slow_module_takes_its_time(boot):
    """256 calls of 1 ms each."""
    result = boot("create-td", **SMALL, emulator_options="delay=1000")
    assert ready(result).numbers("init_us")[0] >= 256 * 1000


@pytest.mark.one_kernel
@pytest.mark.parametrize("options", ["busy=30:1", "busy=30:2", "no_entropy=30:1",
                                     "busy=10:3 no_entropy=20:3"])
def test_a_module_that_is_often_busy_comes_up(boot, options):
    ready(boot("create-td", **SMALL, emulator_options=options))


def test_a_seed_is_a_sequence():
    def statuses(seed):
        return re.findall(r"^\[cpu 0\] TDH.SYS.TDMR.INIT(.*)",
                          probe("good", options=f"busy=30:{seed} log=2")[1], re.M)
    assert statuses(1) == statuses(1) != statuses(2)


def probe(case, cpus=1, options="", accel=machine.ONE_THREAD, qemu_options=()):
    """The probe's reports, by key, and the emulator's log."""
    with tempfile.TemporaryDirectory() as directory:
        log = pathlib.Path(directory) / "log"
        done = subprocess.run(
            [*machine.QEMU, "-accel", accel, "-machine", "q35,smm=off", "-m", "1G",
             "-cpu", "max,phys-bits=52", "-smp", str(cpus), "-display", "none", "-nodefaults",
             "-no-reboot", "-serial", "stdio", "-debugcon", f"file:{log}",
             "-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-append", options,
             "-kernel", str(machine.EMULATOR),
             "-initrd", f"{machine.EMULATOR.parent / 'tdx-probe'} {case}", *qemu_options],
            timeout=30, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert done.returncode == 0, log.read_text()
        facts = dict(line.split() for line in done.stdout.decode().splitlines())
        assert "done" in facts
        return {key: int(value, 16) for key, value in facts.items()}, log.read_text()


def violations(log):
    return re.findall(r"^violation: (.*)$", log, re.M)


def test_a_host_that_shares_nothing_with_the_kernel_brings_tdx_up():
    facts, log = probe("good")
    assert facts["bring_up"] == 0 and facts["touched"] == 1
    assert "all 1 TDMR(s) initialized" in log
    assert layout.EmulatorLog(log).number("pamt_pages_taken_back") == 1
    assert layout.EmulatorLog(log).number("pages_owned") == 1 + 2 + 1024 - 1
    assert not violations(log)


def test_control_registers_read_as_they_were_written():
    """QEMU 10 uses another intercept for reads of CR4 than 7.2; only CR4 has a shadow: VMXE."""
    facts, _ = probe("control-registers")
    assert facts["cr4"] == 0x2060
    assert facts["cr0"] == facts["smsw"] == 0x80010033
    assert facts["smsw_memory"] == 0x33 and facts["smsw_word"] == (1 << 64) - 0x10000 + 0x33
    assert (facts["cr2"], facts["cr3"], facts["cr8"]) == (0x12345678, 0, 5)


def test_an_empty_socket_is_no_package():
    """CPUs in sockets 0 and 2.  Without Linux: QEMU 7.2 loses IPIs to such CPUs."""
    _, log = probe("outside-vmx", qemu_options=(
        "-smp", "1,maxcpus=6,sockets=3,cores=2",
        "-device", "max-x86_64-cpu,socket-id=2,core-id=0,thread-id=0"))
    assert "lps 2 packages 2" in log
    assert re.findall(r"^lp \d apic (\d) package (\d)", log, re.M) == [
        ("0", "0"), ("4", "1"), ("1", "0"), ("2", "2"), ("3", "2"), ("5", "1")]


def test_seamcall_outside_vmx_operation_is_an_invalid_opcode():
    assert probe("outside-vmx")[0]["trapped"] == 6


@pytest.mark.parametrize("how", ["read", "write"])
def test_touching_a_pamt_is_a_violation_and_a_machine_check(how):
    facts, log = probe(f"{how}-pamt")
    assert facts["touched"] == 0 and facts["trapped"] == 18
    assert facts["mc_status"] >> 55 == 0x17b and facts["mc_address"] == 0x3000000
    [violation] = violations(log)
    assert re.fullmatch(f"host {how} of PAMT memory 0x3000000 at 0x1[0-9a-f]+ cpu 0", violation)


@pytest.mark.parametrize("case, options, words", [
    ("seam-range", "", "host read of the SEAM range 0x3ffffe000000"),
    ("seam-range", "keyids=1:1", "host read of the SEAM range 0xfffffe000000"),
    ("seam-range", "keyids=1:1 ept_levels=5", "host read of the SEAM range 0x3fffffe000000"),
    ("trampoline", "", "host write of the emulator's memory 0x9e000"),
    ("table-in-a-pamt", "", "host read of PAMT memory 0x3000000"),
])
def test_what_else_is_not_the_hosts(case, options, words):
    facts, log = probe(case, options=options)
    [violation] = violations(log)
    assert facts["touched"] == 0 and violation.startswith(f"{words} at ")


@pytest.mark.parametrize("levels, detected", [(4, [46, 47]), (5, range(46, 52))])
def test_a_keyid_is_detected_by_the_bits_that_qemus_walk_uses(levels, detected):
    facts, log = probe("each-keyid-bit", options=f"ept_levels={levels}")
    assert facts["reached"] == sum(1 << bit for bit in range(46, 52) if bit not in detected)
    assert [violation.split(" at ")[0] for violation in violations(log)] == [
        f"host read of an address with a KeyID {1 << bit | 0x3000000:#x}" for bit in detected]


@pytest.mark.parametrize("option", ["ept_levels=5", "vms=on"])
def test_five_levels_need_a_cpu_with_la57(tmp_path, option):
    status, log = emulator_only(tmp_path, option, cpu="max,phys-bits=52,-la57")
    assert status == NO_BOOT and f"the CPU has no LA57, which {option} needs" in log


def test_more_violations_than_anybody_reads_are_counted():
    _, log = probe("many-violations")
    assert len(violations(log)) == 1000
    assert layout.EmulatorLog(log).number("violations") == 1200


def test_emulated_instructions_reach_no_further_than_the_cpu():
    """Each one causes a machine check, as an access of the CPU itself would."""
    facts, log = probe("foreign-operands")
    assert facts.pop("config") == 0
    del facts["done"]
    assert len(facts) == 11 and set(facts.values()) == {18}
    pamt = ["host read of PAMT memory 0x3000000", "host write of PAMT memory 0x3000000"]
    assert [violation.split(" at ")[0] for violation in violations(log)] == [
        *pamt, pamt[1], pamt[0], *[pamt[1]] * 2, *[pamt[0]] * 2,
        "host write of the emulator's memory 0x100000",
        "host write of an address with a KeyID 0x400000000000", pamt[0]]


def test_emulated_instructions_leave_traces_in_page_tables():
    facts, _ = probe("accessed-and-dirty")
    accessed, dirty = 1 << 5, 1 << 6
    assert facts["stored"] == 0x77
    assert facts["directory"] == facts["read"] == accessed
    assert facts["written"] == accessed | dirty


def test_emulated_instructions_get_ones_as_the_cpu_does():
    facts, log = probe("foreign-operands", options="foreign=ones")
    assert facts["movdir64b_keyid"] == facts["vmread_vmcs"] == 0 and len(violations(log)) == 3


def test_loops_of_movdir64b_overwrite_what_they_name():
    facts, _ = probe("store-loops")
    del facts["done"]
    assert len(facts) == 6 and set(facts.values()) == {1}


def test_an_interrupt_whose_delivery_is_a_violation_is_not_lost():
    facts, log = probe("interrupt-on-a-foreign-stack", options="foreign=ones")
    assert facts["config"] == 0 and facts["interrupts"] == 1
    [violation] = violations(log)
    assert violation.startswith("host write of PAMT memory 0x3000ff8")


def test_an_exit_behind_sti_does_not_let_interrupts_in():
    """Otherwise a CPU that is about to halt would sleep although an interrupt is pending."""
    facts, _ = probe("interrupt-shadow")
    assert facts["interrupts"] == 1 and facts["too_early"] == 0


def test_an_msr_that_reads_otherwise_can_be_written():
    facts, _ = probe("write-pat", options="msr=all:0x277:0x1234")
    assert facts["trapped"] == 0 and facts["pat"] == 0x1234


def test_no_feature_is_offered_that_is_not_emulated():
    """Independent of the features of QEMU's CPU."""
    facts, _ = probe("features")
    assert not facts["features_ecx"] & (1 << 21 | 1 << 13), "x2APIC, CMPXCHG16B"
    assert not facts["extended_ecx"] >> 31, "PKS"
    assert facts["xcr0"] == 0x207 and facts["bndregs"] == 0


def test_cpuid_tells_how_fast_the_tsc_and_the_timer_of_the_apic_count():
    """So that no kernel has to measure them on a host that is busy."""
    facts, _ = probe("frequency")
    tsc = facts["tsc_part"] / facts["crystal_part"]
    assert facts["tsc"] / facts["crystal"] == pytest.approx(tsc, rel=1e-3)
    assert facts["crystal_hz"] == 10 ** 9
    assert facts["base_mhz"] == pytest.approx(tsc * 1000, abs=1)
    # Linux multiplies in 32 bits.
    assert facts["tsc_part"] * facts["crystal_hz"] // 1000 < 1 << 32


@pytest.mark.one_kernel
def test_linux_measures_neither_the_tsc_nor_the_timer_of_the_apic_nor_its_delays(boot):
    result = boot("show-lines,/proc/cpuinfo", cpus=2, packages=2, memory="1G",
                  cmdline="apic=verbose")
    assert result.kernel_lines("lapic timer already calibrated")
    assert not result.kernel_lines("(PIT|HPET|PMTIMER|TSC|Refined TSC clocksource) calibration")
    delays = [line for line in result.values("line") if line.startswith("bogomips")]
    assert len(delays) == 2 and len(set(delays)) == 1


@pytest.mark.one_kernel
def test_without_the_platform_linux_does_not_measure_the_tsc_either(boot):
    result = boot("show-lines,/proc/cpuinfo", cpus=2, packages=2, memory="1G", emulated=False,
                  tdx="")
    assert not result.kernel_lines("(PIT|HPET|PMTIMER) calibration|using .* reference calibration")
    delays = [line for line in result.values("line") if line.startswith("bogomips")]
    assert len(delays) == 2 and len(set(delays)) == 1


def test_reserved_bits_of_cr3_are_a_general_protection_fault():
    assert probe("reserved-bits-of-cr3")[0]["trapped"] == 13


# At 4 GB
ADDED_MEMORY = ("-m", "1G,slots=1,maxmem=2G", "-object", "memory-backend-ram,id=added,size=128M",
                "-device", "pc-dimm,memdev=added")


def test_a_vmcs_may_lie_in_memory_that_was_added():
    facts, log = probe("vmcs-in-added-memory", qemu_options=ADDED_MEMORY)
    assert facts["current"] == 1 << 32 and "ram 0x100000000" not in log


def test_instructions_may_have_any_prefixes():
    facts, _ = probe("prefixes")
    assert facts["cpuid"].to_bytes(4, "little") == b"Genu"
    assert (facts["locked_cpuid"], facts["int3"], facts["int_n"]) == (6, 3, 4)


def test_operands_of_the_module_are_the_hosts_memory():
    facts, log = probe("operands-of-the-module")
    assert facts["info"] == 0
    assert violations(log) == [
        "TDH.SYS.INFO writes its result to memory 0x3000000, which is not the host's, cpu 0"]


def test_operands_of_the_module_may_lie_in_memory_that_was_added():
    facts, log = probe("operands-in-added-memory", qemu_options=ADDED_MEMORY)
    assert facts["info"] == 0 and facts["written"] == 1 and not violations(log)


def test_a_host_may_get_ones_instead_of_a_machine_check():
    facts, log = probe("read-pamt", options="foreign=ones")
    assert facts["touched"] == 1 and len(violations(log)) == 1


@pytest.mark.parallel
def test_no_translation_survives_the_loss_of_a_page(accel):
    """A CPU that reads in a loop, without any exit, is stopped immediately."""
    for _ in range(5):
        facts, log = probe("stale-translation", cpus=2, accel=accel)
        assert facts["config"] == 0 and facts["trapped"] == 18
        assert facts["touched_later"] == 0
        assert [v for v in violations(log) if v.endswith("cpu 1")]


@pytest.mark.parallel
def test_a_new_region_may_be_touched_by_two_cpus_at_once(accel):
    facts, log = probe("new-regions", cpus=2, accel=accel)
    assert facts["reached"] == 50 and not violations(log)


@pytest.mark.parallel
def test_nmis_of_the_guest_arrive(accel):
    assert probe("nmi", cpus=2, accel=accel)[0]["nmis"] == 2 * 100


def test_a_broadcast_does_not_wake_a_cpu_that_waits_for_a_sipi():
    assert probe("broadcast-to-a-waiting-cpu", cpus=2)[0]["nmis"] == 0


def test_a_page_is_taken_back_on_several_cpus():
    facts, log = probe("reuse-by-turns", cpus=2)
    assert facts["touched"] == 1 and not violations(log)
    assert layout.EmulatorLog(log).number("pamt_pages_taken_back") == 2


@pytest.mark.parametrize("case, words", [
    ("no-write-back", "CPU 0 has made no WBINVD since TDH.SYS.INIT"),
    ("reuse-without-write-back", "CPU 0 has made no WBINVD since TDH.SYS.TDMR.INIT"),
    ("reuse-half-a-page", "host read of PAMT memory"),
    ("use-after-reuse", "the module writes PAMT memory 0x3000000 that the host took back"),
    ("new-kernel-without-write-back",
     "a new kernel begins on CPU 0, but CPU 0 has made no WBINVD since TDH.SYS.TDMR.INIT"),
    ("invd", "INVD"),
])
def test_what_hardware_may_forgive_is_a_violation(case, words):
    _, log = probe(case)
    [violation] = violations(log)
    assert words in violation


def test_a_new_kernel_is_noticed_once():
    _, log = probe("new-kernel")
    assert re.findall("^new kernel .*", log, re.M) == ["new kernel on cpu 0"]
    assert not violations(log)


def test_after_disable_the_next_kernel_brings_the_module_up_again():
    facts, log = probe("disable", options="module=2.0")
    assert facts["disable"] == 0 and facts["touched"] == 1 and facts["bring_up"] == 0
    assert not violations(log)
    assert [line for line in log.splitlines() if line.startswith(("module", "all 1 TDMR"))] == [
        "module 2.0", *2 * ["module ready: the global KeyID is configured on 1 package(s)",
                            "all 1 TDMR(s) initialized",
                            "module disabled: all memory is the host's, "
                            "the next TDH.SYS.INIT begins anew"]][:-1]
    assert layout.EmulatorLog(log).number("pages_owned") == 1 + 2 + 1024


def test_disable_writes_with_a_private_keyid():
    _, log = probe("disable-without-write-back", options="module=2.0")
    assert violations(log) == [
        "a new kernel begins on CPU 0, but CPU 0 has made no WBINVD since TDH.SYS.DISABLE: "
        "its caches may hold lines with a private KeyID"]


def test_a_module_before_2_0_has_no_disable():
    facts, log = probe("disable-without-write-back")
    assert facts["disable"] == 0xc000010000000000
    assert "pages_owned 1027" in log


def test_a_cpu_that_goes_on_with_the_old_kernel_is_noticed():
    _, log = probe("old-kernel-goes-on", cpus=2)
    assert violations(log) == ["SEAMCALL 0x22 on CPU 1, whose kernel was replaced by a new one"]


def test_a_halted_cpu_does_not_execute_what_a_new_kernel_put_in_place_of_its_code():
    """An NMI of the emulator ends a HLT, which nothing does on hardware."""
    facts, log = probe("halted-cpu", cpus=2)
    assert facts["config"] == 0 and facts["woken"] == 0
    assert not violations(log)


def test_a_leaf_that_the_module_does_not_begin_writes_nothing():
    facts, log = probe("refused-leaves")
    assert {"not_ready", "unknown", "reserved"} <= set(facts)
    assert not violations(log)


def test_caches_may_be_left_out():
    assert not violations(probe("no-write-back", options="caches=off")[1])


def test_a_dump_shows_the_module_and_its_tdmrs():
    log = probe("dump")[1]
    states = re.findall(r"^dump module (\w+)", log, re.M)
    assert states == ["INIT_PENDING", "READY"]
    assert "dump tdmr 0 [0x0, 0x40000000) initialized to 0x40000000" in log
    assert "dump pages owned 1027 taken back 0" in log


def trace_tool(*arguments):
    return subprocess.run([sys.executable, str(README.parent / "trace.py"), *map(str, arguments)],
                          check=False, stdout=subprocess.PIPE, text=True)


@pytest.mark.one_kernel
def test_the_trace_has_every_seamcall(boot, tmp_path):
    trace = tmp_path / "trace"
    result = boot("create-td", **SMALL, qemu_options=(
        "-chardev", f"file,id=trace,path={trace}",
        "-device", "isa-debugcon,iobase=0xe8,chardev=trace"))
    lines = trace_tool(trace).stdout.splitlines()
    assert len(lines) == layout.EmulatorLog(result.log).number("seamcalls")
    assert re.search(r"cpu \d TDH.SYS.INIT rcx=0x0 .* SUCCESS", "\n".join(lines))
    counts = {tuple(line.split()[:2]): int(line.split()[2])
              for line in trace_tool("--table", trace).stdout.splitlines()[1:]}
    assert counts[("TDH.SYS.TDMR.INIT", "SUCCESS")] == 256
    assert sum(counts.values()) == len(lines)


def test_an_injected_success_is_no_progress_of_the_module():
    facts, log = probe("config-is-injected", options="inject=TDH.SYS.CONFIG:1:0:1")
    assert facts["config"] == 0
    assert not re.search("^(tdmr|global_keyid) ", log, re.M)


def test_seamcalls_that_find_no_place_in_the_list_are_counted():
    log = layout.EmulatorLog(probe("many-leaves", options="log=0")[1])
    assert log.number("seamcalls") == 300 and log.number("seamcalls_not_listed") == 300 - 256


def test_the_trace_tool_refuses_what_is_no_trace(tmp_path):
    (tmp_path / "trace").write_bytes(b"x" * 136)
    assert trace_tool(tmp_path / "trace").returncode
    assert trace_tool(tmp_path / "missing").returncode
