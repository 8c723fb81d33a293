# SPDX-License-Identifier: GPL-2.0-only
"""KVM's selftests: an initramfs for each, and what has to hold after it."""
import hashlib
import os
import re
import subprocess
import tempfile

import layout
import machine
import td_report

SOURCES = machine.TOP / "tools/testing/selftests/kvm/x86_64"
PROGRAMS = machine.BUILD / "selftests/kvm"
NAMES = sorted(path.stem for path in SOURCES.glob("tdx_*_test.c"))
APIC_BUS = "apic_bus_test"
PRIVATE_MEMORY = sorted({path.stem for path in SOURCES.glob("*_test.c")} - {*NAMES, APIC_BUS})


def initramfs(name, base=None):
    """An initramfs of the guest program, with a selftest."""
    base = base or machine.build_initramfs()
    with machine.lock("files"):
        return add_selftest(base, name)


def initramfs_with(names, folder=PROGRAMS):
    """An initramfs of the guest program, with several selftests."""
    base = machine.build_initramfs()
    programs = [program_of(name, folder) for name in names]
    with machine.lock("files"):
        which = hashlib.sha256(" ".join(map(str, programs)).encode()).hexdigest()[:16]
        return add_selftests(base, programs, base.with_name(f"{base.stem}-{which}.cpio"))


def program_of(name, folder=PROGRAMS):
    """Some are for all architectures."""
    for program in folder / "x86_64" / name, folder / "x86" / name, folder / name:
        if program.is_file():
            return program
    raise machine.MachineError(f"{name} is missing in {folder}: make selftests")


def add_selftest(base, name):
    return add_selftests(base, [program_of(name)], base.with_name(f"{base.stem}-{name}.cpio"))


def add_selftests(base, programs, image):
    """Writes the image, unless it is newer than the programs and the initramfs without them."""
    newest = max(path.stat().st_mtime for path in (*programs, base))
    if image.is_file() and image.stat().st_mtime > newest:
        return image
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/selftests")
        for program in programs:
            subprocess.run(["strip", "-o", f"{directory}/selftests/{program.name}", program],
                           check=True)
        files = "".join(f"selftests/{program.name}\n" for program in programs)
        packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=directory, check=True,
                                input=f"selftests\n{files}".encode(),
                                stdout=subprocess.PIPE).stdout
    machine.write_whole(image, base.read_bytes() + packed)
    return image


def step(name, *args):
    """The step of the guest program that runs a selftest."""
    return ",".join(["selftest", name, *map(str, args)])


def counts(result):
    """Leaves, how often they have to succeed as the selftest printed it, and how often they did."""
    log = layout.EmulatorLog(result.log)
    for line in result.values("output"):
        if line.startswith("count "):
            _, leaf, number = line.split()
            yield leaf, int(number), log.count(leaf)


def check_report(result):
    """Asserts that the TDREPORT that a selftest has printed is valid: see tdx_report_test."""
    mrtds = re.findall(r"^td .* mrtd (\w+)$", result.log, re.M)
    if any(line.startswith("report ") for line in result.values("output")):
        assert td_report.printed_faults(result.values("output"), bytes.fromhex(*mrtds)) == []


def check_passed(result):
    """Asserts that the selftest passed, and that the module has no page of a TD."""
    assert result.value("selftest").endswith(" 0"), result.values("output")
    for leaf, expected, number in counts(result):
        assert number == expected, leaf
    check_report(result)
    assert layout.EmulatorLog(result.log).number("td_pages_owned") == 0


# Leaves before which the kernel notes that the vCPU gets associated
ASSOCIATING = ["TDH.VP.ENTER", "TDH.VP.RD", "TDH.VP.WR"]


def check_flushes(result):
    """Asserts that this kernel flushed each vCPU when it was associated with a CPU, and only then.

    After a triple fault, leaves are refused before they associate a vCPU, so KVM may be wrong.
    """
    log = layout.EmulatorLog(result.log)
    assert log.count("TDH.VP.FLUSH") == log.number("td_associations")
    refused = sum(log.count(leaf, "VCPU_STATE_INCORRECT") for leaf in ASSOCIATING)
    assert log.count("TDH.VP.FLUSH", "VCPU_NOT_ASSOCIATED") <= refused


def check_nothing_left(result):
    """Asserts that this kernel has all pages and KeyIDs of TDs back."""
    check_flushes(result)
    info = layout.Info(result.info())
    assert info.state() == "ready"
    for key in ("tds", "td_keyids_burnt", "td_pages", "td_pages_leaked"):
        assert info.numbers(key) == [0], key
    assert info.numbers("td_keyids_free") == [info.numbers("keyids")[1] - 1]
    # Before and after each selftest: those that something still refers to are in no file any more.
    assert len(set(result.values("unevictable_pages"))) <= 1
