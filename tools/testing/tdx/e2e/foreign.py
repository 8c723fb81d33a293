# SPDX-License-Identifier: GPL-2.0-only
"""Debian's unmodified kernels, fetched by apt and kept in build/foreign."""
import machine
import modules
import private_apt

CACHE = machine.BUILD / "foreign"

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


def initramfs(root):
    """The initramfs of the guest program, with the kernel's modules."""
    [folder] = (root / "lib/modules").iterdir()
    return modules.initramfs(folder / "kernel", root / "initramfs.cpio")


def bzimage(root):
    [image] = (root / "boot").glob("vmlinuz-*")
    return image
