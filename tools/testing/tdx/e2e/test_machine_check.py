# SPDX-License-Identifier: GPL-2.0-only
"""Machine checks in memory of the TDX module, by accesses of software and by bad memory."""
import re

import pytest

import layout
import machine
import selftests
from events import steps

CACHE_LINE = 64


@pytest.mark.one_kernel
def test_a_machine_check_in_a_pamt_is_said_to_be_tdx_memory(kernel, accel):
    one = machine.Machine(kernel=kernel, memory="1G", cpus=4, packages=2, fatal=True,
                          accel=accel, provoked="Hardware Error", may_violate=True)
    result = one.run("read-pamt")
    address, found = result.value("pamt").split()
    assert found == "found"
    assert f"violation: host read of PAMT memory {address}" in result.log
    messages = [m for m in result.tdx_messages() if "TDX private memory" in m]
    assert len(messages) == 1, result.tdx_messages()
    tdmrs = layout.parse(result.log.splitlines())[1]
    told = re.fullmatch(r"\[Hardware Error\]: (0x\w+) is TDX private memory, in the PAMT of TDMR "
                        r"\[(0x\w+)-(0x\w+)\]: software that accessed it may be to blame, rather "
                        r"than the memory", messages[0])
    assert told, messages[0]
    numbers = [int(number, 16) for number in told.groups()]
    assert numbers in [[int(address, 16), tdmr.base, tdmr.end - 1] for tdmr in tdmrs]


@pytest.mark.one_kernel
def test_a_machine_check_in_a_td_costs_that_td_and_the_page(boot):
    """Entries and guests consume poison, one after the other, on the same CPU."""
    name = "tdx_fault_around_test"
    result = boot(steps(*[selftests.step(name)] * 4, "show-lines,/proc/interrupts",
                        "show-lines,/proc/meminfo"), cpus=1, packages=1, memory="1G",
                  initramfs=selftests.initramfs(name), provoked="Hardware Error",
                  emulator_options="mce=entry:3 mce=guest:6 mce=inexact:9")
    # SIGBUS; failed assertions, as the exit is KVM_EXIT_INTERNAL_ERROR
    assert [line.split()[1] for line in result.values("selftest")] == ["135", "254", "254", "0"]
    assert sum("exit 17, not " in line for line in result.values("output")) == 2
    lines = [int(address, 16) & -CACHE_LINE for address in re.findall(
        r"^\[cpu 0\] machine check at (0x\w+), KeyID \d+$", result.log, re.M)]
    assert [line.split("mce: ")[1] for line in result.kernel_lines(r"mce: .* at [0-9a-f]+$")] == [
        f"Uncorrected hardware memory error in user-access at {lines[0]:x}",
        *(f"A TD accessed poison at {line:x}" for line in lines[1:])]
    lost = result.kernel_lines("Memory failure: .*: recovery action for ")
    assert [re.search(r"(0x\w+):", line)[1] for line in lost] == [hex(pa >> 12) for pa in lines]
    counts = map(str.split, result.values("line"))
    assert [line[1] for line in counts if line[0] in ("MCE:", "HardwareCorrupted:")] == ["3", "12"]
    selftests.check_nothing_left(result)
