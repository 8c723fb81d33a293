# SPDX-License-Identifier: GPL-2.0-only
"""QEMU of another Debian suite, unpacked in build/stock-qemu, to run the emulated platform."""
import machine
import private_apt

CACHE = machine.BUILD / "stock-qemu"
PACKAGE = "qemu-system-x86"
SUITES = ("trixie", "trixie-backports")


@machine.lock("qemu")
def command(suite):
    """The beginning of a command line that runs it with the libraries of its suite."""
    root = private_apt.unpack_all(PACKAGE, suite, CACHE / suite)
    libraries = root / "usr/lib/x86_64-linux-gnu"
    [loader] = libraries.glob("ld-linux-x86-64.so.*")
    return [str(loader), "--library-path", f"{libraries}:{libraries}/pulseaudio",
            str(root / "usr/bin/qemu-system-x86_64"), "-L", str(root / "usr/share/qemu"),
            "-L", str(root / "usr/share/seabios")]
