#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Install the packages of build/deb in a Debian system and boot that on the emulated platform.

If /etc/modprobe.d has the option tdx_at_load, loading kvm_intel has to initialize TDX, also if udev
loads it at boot.  Without the option, loading kvm_intel must not initialize TDX.
"""
import argparse
import dataclasses
import os
import pathlib
import shutil
import subprocess
import sys

import layout
import machine
import private_apt

DEB = machine.BUILD / "deb"
ROOT = DEB / "root"
# Tarball of a Debian system from debootstrap, which is reused, and a record of its parameters.
FRESH = DEB / "debian.tar"
MADE_FROM = DEB / "debian.from"
SUITE = "bookworm"
INCLUDED = "systemd,systemd-sysv,dbus,udev,kmod,initramfs-tools,zstd,e2fsprogs"

GUEST = pathlib.Path(__file__).resolve().parent / "debian"
FSTAB = "/dev/vda / ext4 errors=remount-ro 0 1\n"
MODPROBE_CONF = ("/etc/modprobe.d/tdx.conf", "options kvm_intel tdx=1 tdx_at_load=1\n")
IMAGE_SIZE = "2G"
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "-n"]
SHOWN = 40


class Wrong(Exception):
    """A requirement that is not met; the message names it."""


@dataclasses.dataclass
class System:
    """A Debian system to boot."""
    release: str
    kernel: pathlib.Path
    initrd: pathlib.Path
    plain: pathlib.Path         # a disk image
    at_load: pathlib.Path       # with the option in /etc/modprobe.d


@dataclasses.dataclass
class Boot:
    """One boot, and TDX's states before and after modprobe kvm_intel."""
    name: str
    what: str
    image: str
    states: tuple
    cmdline: str = ""


BOOTS = (
    Boot("modprobe", "modprobe brings TDX up", "at_load", ("unknown", "ready"),
         "modprobe.blacklist=kvm_intel"),
    Boot("udev", "udev loads kvm_intel, and so brings TDX up", "at_load", ("ready", "ready")),
    Boot("plain", "without tdx_at_load TDX is left alone", "plain", ("unknown", "unknown"),
         "kvm_intel.tdx=1"),
)


def run(*command):
    done = subprocess.run(list(map(str, command)), check=False, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-SHOWN:])
        raise Wrong(f"{' '.join(map(str, command))}:\n{end}")
    return done.stdout


def as_root(*command):
    return run(*AS_ROOT, *command)


def bootstrap(mirror):
    """A minimal Debian system as a tarball, unless it is there."""
    made_from = f"{mirror} {SUITE} {INCLUDED}\n"
    if FRESH.is_file() and machine.read_if_there(MADE_FROM) == made_from:
        return
    print(f"bootstrapping Debian {SUITE}", flush=True)
    MADE_FROM.unlink(missing_ok=True)
    as_root("rm", "-rf", ROOT)
    as_root("debootstrap", f"--keyring={private_apt.KEYRING}", "--variant=minbase",
            f"--include={INCLUDED}", SUITE, ROOT, mirror)
    as_root("tar", "-C", ROOT, "--numeric-owner", "-cf", FRESH, ".")
    MADE_FROM.write_text(made_from)


def the_package():
    found = [path for path in DEB.glob("linux-image-*.deb") if "-dbg_" not in path.name]
    if len(found) != 1:
        raise Wrong(f"{DEB.relative_to(machine.TOP)} has {len(found)} packages of a kernel, "
                    "not one: overlay/build/deb.py")
    return found[0]


def install(package):
    """Unpacks the Debian system and installs the kernel package; its scripts make the initrd."""
    print(f"installing {package.name}", flush=True)
    as_root("rm", "-rf", ROOT)
    as_root("mkdir", ROOT)
    as_root("tar", "-C", ROOT, "--numeric-owner", "-xf", FRESH)
    as_root("cp", package, ROOT / "tmp")
    # Mounts that are made for the scripts vanish with their mount namespace.
    as_root("unshare", "--mount", "sh", "-ec",
            'mount -t proc none "$1/proc"; exec chroot "$1" dpkg --install "/tmp/$2"',
            "-", ROOT, package.name)
    as_root("rm", ROOT / "tmp" / package.name)


def into_root(path, contents):
    """Writes a small file into the Debian system, with sudo if necessary."""
    scratch = DEB / "scratch"
    scratch.write_text(contents)
    as_root("install", "-D", "-m", "644", scratch, f"{ROOT}{path}")
    scratch.unlink()


def disk_image(name):
    image = DEB / f"{name}.img"
    image.unlink(missing_ok=True)
    as_root("mke2fs", "-q", "-t", "ext4", "-d", ROOT, image, IMAGE_SIZE)
    return image


def make_system():
    """Makes the disk images, and copies the kernel and the initrd of their /boot."""
    into_root("/etc/fstab", FSTAB)
    into_root("/etc/hostname", "tdx-host\n")
    into_root("/usr/local/sbin/tdx-report.sh", (GUEST / "tdx-report.sh").read_text())
    into_root("/etc/systemd/system/tdx-report.service", (GUEST / "tdx-report.service").read_text())
    as_root("systemctl", f"--root={ROOT}", "enable", "tdx-report.service")
    plain = disk_image("plain")
    into_root(*MODPROBE_CONF)
    at_load = disk_image("at-load")
    [kernel] = (ROOT / "boot").glob("vmlinuz-*")
    [initrd] = (ROOT / "boot").glob("initrd.img-*")
    system = System(kernel.name.removeprefix("vmlinuz-"), DEB / "vmlinuz", DEB / "initrd.img",
                    plain, at_load)
    shutil.copyfile(kernel, system.kernel)
    shutil.copyfile(initrd, system.initrd)
    as_root("rm", "-rf", ROOT)
    return system


def run_machine(system, boot, emulator_options):
    image = getattr(system, boot.image)
    return machine.Machine(
        cpus=4, packages=2, memory="4G", timeout=600, bzimage=system.kernel,
        # The options of kvm_intel are those of /etc/modprobe.d.
        initramfs=system.initrd, emulator_options=emulator_options, tdx="",
        # systemd uses TERM for the console.
        cmdline=f"root=/dev/vda ro TERM=dumb {boot.cmdline}".strip(),
        qemu_options=("-drive", f"file={image},format=raw,if=virtio,snapshot=on")).run("debian")


def problems(result, system, before, after):
    """Descriptions of the requirements that are not met."""
    wanted = {"system": "running", "release": system.release, "modprobe": "0", "tainted": "0"}
    for key, value in wanted.items():
        if result.value(key) != value:
            yield f"{key} is {result.value(key)}, not {value}"
    yield from (f"a unit failed: {unit}" for unit in result.values("failed"))
    yield from (f"the kernel reports: {line}" for line in result.reports())
    if not result.values("module"):
        yield "kvm_intel is not loaded"

    log, info = layout.EmulatorLog(result.log), layout.Info(result.info())
    if log.number("violations"):
        yield f"the platform saw {log.number('violations')} violations"
    states = layout.Info(result.values("info_before")).state(), info.state()
    if states != (before, after):
        yield (f"TDX was {states[0]} before modprobe and {states[1]} after it, "
               f"not {before} and {after}")
    if info.state() == "ready":
        yield from info.differences(log)
    elif after == "unknown" and log.number("seamcalls"):
        yield f"the platform saw {log.number('seamcalls')} SEAMCALLs, not 0"


def show(result):
    info = layout.Info(result.info())
    print(f"  system     {result.value('system')}, Debian {result.value('debian')}, "
          f"{result.value('release')}")
    print(f"  TDX        {info.state()}, {info.numbers('seamcalls')[0]} SEAMCALLs")
    for message in result.tdx_messages():
        print(f"  log        virt/tdx: {message}")
    print(f"  time       {result.seconds:.0f} s from power-on to power-off", flush=True)


def check(system, boot, emulator_options):
    """Boot and print the result; true if all requirements are met."""
    print(f"\n{boot.what}:", flush=True)
    result = None
    try:
        result = run_machine(system, boot, emulator_options)
        show(result)
        wrong = list(problems(result, system, *boot.states))
    except machine.MachineError as error:
        wrong, result = [str(error)], error.result or result
    except ValueError as error:
        wrong = [f"what the machine says cannot be read: {error}"]
    for who, text in (result.texts() if result else {}).items():
        (DEB / f"{boot.name}.{who}").write_text(text)
        if wrong:
            print(f"--- end of {DEB.relative_to(machine.TOP)}/{boot.name}.{who}",
                  *text.splitlines()[-SHOWN:], sep="\n", flush=True)
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    return not wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mirror", default=private_apt.MIRROR, help="Debian's (%(default)s)")
    parser.add_argument("--emulator-options", default="", help="for the emulated platform")
    args = parser.parse_args()
    try:
        bootstrap(args.mirror)
        install(the_package())
        system = make_system()
    except Wrong as wrong:
        sys.exit(f"error: {wrong}")
    print(f"booting Debian {SUITE} on 4 CPUs in 2 packages with 4G")
    if not all(check(system, boot, args.emulator_options) for boot in BOOTS):
        sys.exit(1)


if __name__ == "__main__":
    main()
