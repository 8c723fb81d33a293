#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Print a trace of the emulated TDX platform: every SEAMCALL, or a table of them.

QEMU writes the trace with
  -chardev file,id=trace,path=FILE -device isa-debugcon,iobase=0xe8,chardev=trace
"""
import argparse
import pathlib
import re
import struct
import sys

X86 = pathlib.Path(__file__).resolve().parents[4] / "arch/x86"
RECORD = struct.Struct("<IIQQ7Q7Q")
MAGIC = 0x54584454
REGISTERS = ("rax", "rcx", "rdx", "r8", "r9", "r10", "r11")
CODE_MASK = 0xffffffff00000000


def leaf_names():
    text = (X86 / "virt/vmx/tdx/abi.h").read_text()
    return {int(number): name
            for number, name in re.findall(r'X\(\w+, (\d+), "([\w.]+)"\)', text)}


def status_names():
    text = (X86 / "include/asm/tdx_status.h").read_text()
    return {int(value, 16): name
            for name, value in re.findall(r"X\((\w+), (0x[0-9a-fA-F]{16})ULL\)", text)}


def records(data):
    """(cpu, start_us, end_us, registers in, registers out) of each SEAMCALL."""
    if len(data) % RECORD.size:
        raise ValueError(f"{len(data)} bytes are no whole number of {RECORD.size}-byte records")
    for magic, cpu, start, end, *registers in RECORD.iter_unpack(data):
        if magic != MAGIC:
            raise ValueError("not a trace of the emulated TDX platform")
        yield cpu, start, end, registers[:7], registers[7:]


def changed(before, after):
    return " ".join(f"{name}={new:#x}" for name, old, new in zip(REGISTERS[1:], before[1:], after[1:])
                    if old != new)


def print_text(trace):
    leaves, statuses = leaf_names(), status_names()
    for cpu, start, end, before, after in trace:
        operands = " ".join(f"{name}={value:#x}" for name, value in zip(REGISTERS[1:], before[1:]))
        status = statuses.get(after[0] & CODE_MASK, "unknown")
        print(f"{start / 1e6:12.6f} cpu {cpu} {leaves.get(before[0] & 0xffff, before[0])} {operands}"
              f" -> {after[0]:#018x} {status} {changed(before, after)} ({end - start} us)")


def print_table(trace):
    leaves, statuses = leaf_names(), status_names()
    rows = {}
    for _, start, end, before, after in trace:
        key = (leaves.get(before[0] & 0xffff, str(before[0])),
               statuses.get(after[0] & CODE_MASK, "unknown"))
        rows.setdefault(key, []).append(end - start)
    print(f"{'leaf':<20} {'status':<28} {'count':>8} {'mean us':>9} {'max us':>9} {'sum ms':>9}")
    for (leaf, status), times in sorted(rows.items()):
        print(f"{leaf:<20} {status:<28} {len(times):>8} {sum(times) / len(times):>9.1f} "
              f"{max(times):>9} {sum(times) / 1000:>9.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", type=pathlib.Path)
    parser.add_argument("--table", action="store_true", help="counts and times by leaf and status")
    args = parser.parse_args()
    try:
        (print_table if args.table else print_text)(records(args.trace.read_bytes()))
    except BrokenPipeError:
        sys.stderr.close()
    except (OSError, ValueError) as error:
        sys.exit(f"{args.trace}: {error}")


if __name__ == "__main__":
    main()
