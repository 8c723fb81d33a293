# SPDX-License-Identifier: GPL-2.0-only
"""Debian's unmodified kernels, fetched by apt and kept in build/foreign."""
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import machine

CACHE = machine.BUILD / "foreign"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"
MODULES = ("virt/lib/irqbypass.ko", "arch/x86/kvm/kvm.ko", "arch/x86/kvm/kvm-intel.ko")

# What to boot: the name in the tests, the package that depends on the newest, the suite.
KERNELS = {
    "6.1-cloud": ("linux-image-cloud-amd64", None),
    "6.1": ("linux-image-amd64", None),
    "6.12-cloud": ("linux-image-cloud-amd64", "bookworm-backports"),
}


class Unavailable(Exception):
    """apt cannot give us the kernel."""


def run(*command, **options):
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode:
        raise Unavailable(f"{' '.join(command)}: {done.stdout.strip()[-400:]}")
    return done.stdout


def apt_options(suite, folder):
    """A private apt for a suite that the machine does not have in its sources."""
    if not suite:
        return []
    for name in ("lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    sources = folder / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {MIRROR} {suite} main\n")
    return ["-o", f"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=-",
            "-o", f"Dir::State::lists={folder / 'lists'}", "-o", f"Dir::Cache={folder / 'cache'}"]


@machine.lock("foreign")
def fetch(name):
    """Unpack the kernel's package; the folder."""
    meta, suite = KERNELS[name]
    root = CACHE / name
    if (root / "complete").is_file():
        return root
    root.mkdir(parents=True, exist_ok=True)
    options = apt_options(suite, CACHE / "apt")
    if suite:
        run("apt-get", "-q", *options, "update")
    depends = run("apt-cache", *options, "depends", meta)
    found = re.search(r"Depends: (linux-image-\S+)", depends)
    if not found:
        raise Unavailable(f"apt knows no {meta}")
    with tempfile.TemporaryDirectory() as directory:
        run("apt-get", "-q", *options, "-o", "APT::Sandbox::User=root", "download", found[1],
            cwd=directory)
        [package] = pathlib.Path(directory).glob("*.deb")
        shutil.rmtree(root)     # what an interrupted run left
        run("dpkg-deb", "-x", str(package), str(root))
    (root / "complete").touch()
    return root


def read_module(path):
    packed = path.with_name(path.name + ".xz")
    return path.read_bytes() if path.is_file() else lzma.decompress(packed.read_bytes())


def initramfs(root):
    """The guest program's, and behind it kvm_intel with what it needs, in order."""
    base = machine.build_initramfs()
    with machine.lock("files"):
        return add_modules(base, root)


def add_modules(base, root):
    image = root / "initramfs.cpio"
    if image.is_file() and image.stat().st_mtime > base.stat().st_mtime:
        return image
    [modules] = (root / "lib/modules").iterdir()
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/modules")
        names = ["modules"]
        for number, module in enumerate(MODULES):
            names.append(f"modules/{number}.ko")
            path = pathlib.Path(directory) / names[-1]
            path.write_bytes(read_module(modules / "kernel" / module))
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=directory, check=True,
                                 input="\n".join(names).encode(), stdout=subprocess.PIPE).stdout
    image.write_bytes(base.read_bytes() + archive)
    return image


def bzimage(root):
    [image] = (root / "boot").glob("vmlinuz-*")
    return image
