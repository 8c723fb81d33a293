# SPDX-License-Identifier: GPL-2.0-only
"""Kernels with KVM as modules: an initramfs that has them."""
import lzma
import os
import pathlib
import subprocess
import tempfile

import machine

# kvm_intel and its dependencies, in the order in which they are loaded.
NAMES = ("virt/lib/irqbypass.ko", "arch/x86/kvm/kvm.ko", "arch/x86/kvm/kvm-intel.ko")


def find(folder, name):
    """A module's file, which may be compressed."""
    path = folder / name
    return path if path.is_file() else path.with_name(f"{path.name}.xz")


def read(path):
    return lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()


def initramfs(folder, image):
    """Makes an image of the guest program with the modules of a folder; returns the image."""
    base = machine.build_initramfs()
    with machine.lock("files"):
        return add(base, folder, image)


def add(base, folder, image):
    files = [find(folder, name) for name in NAMES]
    newest = max(path.stat().st_mtime for path in (base, *files))
    if image.is_file() and image.stat().st_mtime > newest:
        return image
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(f"{directory}/modules")
        names = ["modules"]
        for number, file in enumerate(files):
            names.append(f"modules/{number}.ko")
            (pathlib.Path(directory) / names[-1]).write_bytes(read(file))
        archive = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=directory, check=True,
                                 input="\n".join(names).encode(), stdout=subprocess.PIPE).stdout
    machine.write_whole(image, base.read_bytes() + archive)
    return image
