# SPDX-License-Identifier: GPL-2.0-only
"""Debian's unmodified kernels, fetched by apt and kept in build/foreign."""
import functools

import machine
import modules
import private_apt
import td_guest

CACHE = machine.BUILD / "foreign"

IMAGE = r"linux-image-\S+"
# What newer images consist of.
PARTS = r"linux-(?:binary|modules)-\S+"

# Kernels to boot: name in the tests, meta package of the newest kernel, Debian suite, and what leads
# from there to the packages with the kernel and its modules.
KERNELS = {
    "6.1-cloud": ("linux-image-cloud-amd64", "bookworm", IMAGE),
    "6.1": ("linux-image-amd64", "bookworm", IMAGE),
    "6.12-cloud": ("linux-image-cloud-amd64", "bookworm-backports", IMAGE),
}

# Kernels that boot in a TD.
GUESTS = {
    "6.12": ("linux-image-amd64", "bookworm-backports", IMAGE),
    "7.x": ("linux-image-amd64", "trixie-backports", IMAGE, PARTS),
}


# Drivers of the disk of a TD, in the order in which they are loaded; some may be built in.
DISK = ("drivers/virtio/virtio_ring.ko", "drivers/virtio/virtio.ko",
        "drivers/virtio/virtio_mmio.ko", "drivers/block/virtio_blk.ko")


@machine.lock("foreign")
def fetch(name):
    """Unpacks the kernel's packages; returns the folder."""
    meta, suite, *depends = (KERNELS | GUESTS)[name]
    return private_apt.unpack(meta, suite, CACHE / name, depends)


def module_folder(root):
    [folder] = [*root.glob("lib/modules/*"), *root.glob("usr/lib/modules/*")]
    return folder / "kernel"


def initramfs(root):
    """The initramfs of the guest program, with the kernel's modules."""
    return modules.initramfs(module_folder(root), root / "initramfs.cpio")


def disk_modules(root):
    """The contents of the modules for a disk."""
    files = [modules.find(module_folder(root), name) for name in DISK]
    return [modules.read(file) for file in files if file.is_file()]


def bzimage(root):
    [image] = [*root.glob("boot/vmlinuz-*"), *root.glob("usr/lib/modules/*/vmlinuz")]
    return image


def guest(root):
    """What a TD with this kernel has."""
    initrd = functools.partial(td_guest.build_initrd, modules=disk_modules(root))
    return {"kernel": bzimage(root), "initrd": initrd}
