# SPDX-License-Identifier: GPL-2.0-only
"""Debian's unmodified kernels, fetched by apt and kept in build/foreign."""
import lzma
import os
import pathlib
import subprocess
import tempfile

import machine
import private_apt

CACHE = machine.BUILD / "foreign"
MODULES = ("virt/lib/irqbypass.ko", "arch/x86/kvm/kvm.ko", "arch/x86/kvm/kvm-intel.ko")

# Kernels to boot: name in the tests, meta package of the newest kernel, Debian suite.
KERNELS = {
    "6.1-cloud": ("linux-image-cloud-amd64", "bookworm"),
    "6.1": ("linux-image-amd64", "bookworm"),
    "6.12-cloud": ("linux-image-cloud-amd64", "bookworm-backports"),
}


@machine.lock("foreign")
def fetch(name):
    """Unpacks the kernel's package; returns the folder."""
    meta, suite = KERNELS[name]
    return private_apt.unpack(meta, suite, CACHE / name, depends=r"linux-image-\S+")


def read_module(path):
    packed = path.with_name(path.name + ".xz")
    return path.read_bytes() if path.is_file() else lzma.decompress(packed.read_bytes())


def initramfs(root):
    """The initramfs of the guest program, with kvm_intel and its dependencies, in load order."""
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
