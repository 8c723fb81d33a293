# SPDX-License-Identifier: GPL-2.0-only
"""Messages for machine checks after software accessed memory of the TDX module."""
import re

import pytest

import layout
import machine


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
