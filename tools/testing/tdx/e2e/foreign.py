# SPDX-License-Identifier: GPL-2.0-only
"""Debian's unmodified kernels, fetched by apt and kept in build/foreign."""
import machine
import modules
import private_apt

CACHE = machine.BUILD / "foreign"

IMAGE, BINARY = r"linux-image-\S+", r"linux-binary-\S+"

# Kernels to boot: name in the tests, meta package of the newest kernel, Debian suite, and what leads
# from there to the package with the kernel.
KERNELS = {
    "6.1-cloud": ("linux-image-cloud-amd64", "bookworm", IMAGE),
    "6.1": ("linux-image-amd64", "bookworm", IMAGE),
    "6.12-cloud": ("linux-image-cloud-amd64", "bookworm-backports", IMAGE),
}

# Kernels that boot in a TD.
GUESTS = {
    "6.12": ("linux-image-amd64", "bookworm-backports", IMAGE),
    "7": ("linux-image-amd64", "trixie-backports", IMAGE, BINARY),
}


# Drivers of the disk of a TD, in the order in which they are loaded; some may be built in.
DISK = ("drivers/virtio/virtio_ring.ko", "drivers/virtio/virtio.ko",
        "drivers/virtio/virtio_mmio.ko", "drivers/block/virtio_blk.ko")


@machine.lock("foreign")
def fetch(name):
    """Unpacks the kernel's package; returns the folder."""
    meta, suite, *depends = (KERNELS | GUESTS)[name]
    return private_apt.unpack(meta, suite, CACHE / name, depends)


def initramfs(root):
    """The initramfs of the guest program, with the kernel's modules."""
    [folder] = (root / "lib/modules").iterdir()
    return modules.initramfs(folder / "kernel", root / "initramfs.cpio")


def disk_modules(root):
    """The contents of the modules for a disk."""
    [folder] = (root / "lib/modules").iterdir()
    files = [modules.find(folder / "kernel", name) for name in DISK]
    return [modules.read(file) for file in files if file.is_file()]


def bzimage(root):
    [image] = [*root.glob("boot/vmlinuz-*"), *root.glob("usr/lib/modules/*/vmlinuz")]
    return image
