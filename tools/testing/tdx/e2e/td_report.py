# SPDX-License-Identifier: GPL-2.0-only
"""TDREPORT, which the TDX module makes of a TD, verified without the module and the VMM.

TDX Module ABI specification, TDREPORT_STRUCT.  The MAC has a key of the CPU.
"""
import hashlib

SIZE = 1024
TYPE = bytes([0x81, 0, 0])
CPUSVN, MAC = range(16, 32), range(224, 256)
TCB_INFO_HASH, INFO_HASH = slice(32, 80), slice(80, 128)
REPORTDATA = slice(128, 192)
TCB_INFO, INFO = slice(256, 256 + 239), slice(512, 1024)
MRTD = slice(528, 576)
RTMRS = [slice(offset, offset + 48) for offset in range(720, 912, 48)]
ZERO = (slice(3, 16), slice(192, 224), slice(495, 512))

# What only the MAC protects is left out.
PROTECTED = [offset for offset in range(SIZE) if offset not in CPUSVN and offset not in MAC]


def faults(report, nonce, mrtd):
    """What is wrong with a report, by name."""
    checks = {
        "size": len(report) == SIZE,
        "type": report[:3] == TYPE,
        "reserved": not any(any(report[part]) for part in ZERO),
        "TEE_TCB_INFO_HASH":
            report[TCB_INFO_HASH] == hashlib.sha384(report[TCB_INFO]).digest(),
        "TEE_INFO_HASH": report[INFO_HASH] == hashlib.sha384(report[INFO]).digest(),
        "REPORTDATA": report[REPORTDATA] == nonce.ljust(64, b"\0"),
        "MRTD": report[MRTD] == mrtd,
    }
    return [name for name, good in checks.items() if not good]


def extended(values):
    """What a register is that the guest has extended with values, one after the other."""
    register = bytes(48)
    for value in values:
        register = hashlib.sha384(register + value).digest()
    return register


def printed_faults(lines, mrtd):
    """What is wrong with the report that tdx_report_test has printed; it has extended RTMR 2."""
    def printed(key):
        return [bytes.fromhex(line.split()[1]) for line in lines if line.startswith(f"{key} ")]

    report, values = b"".join(printed("report")), printed("extended")
    expected = [bytes(48), bytes(48), extended(values), bytes(48)]
    wrong = [f"RTMR {number}" for number, (part, value) in enumerate(zip(RTMRS, expected))
             if report[part] != value]
    return faults(report, *printed("reportdata"), mrtd) + wrong
