# SPDX-License-Identifier: GPL-2.0-only
"""Debian's unmodified kernels, fetched by apt and kept in build/foreign."""
import machine
import modules
import private_apt

CACHE = machine.BUILD / "foreign"

IMAGE, BINARY = r"linux-image-\S+", r"linux-binary-\S+"

# Kernels to boot: name in the tests, meta package of the newest kernel, Debian suite.
KERNELS = {
    "6.1-cloud": ("linux-image-cloud-amd64", "bookworm"),
    "6.1": ("linux-image-amd64", "bookworm"),
    "6.12-cloud": ("linux-image-cloud-amd64", "bookworm-backports"),
}

# Kernels that boot in a TD.  The newer image has its kernel in another package.
GUESTS = {
    "6.12": ("linux-image-amd64", "bookworm-backports"),
    "7": ("linux-image-amd64", "trixie-backports"),
}


@machine.lock("foreign")
def fetch(name):
    """Unpacks the kernel's package; returns the folder."""
    meta, suite = (KERNELS | GUESTS)[name]
    root = private_apt.unpack(meta, suite, CACHE / name, [IMAGE])
    if bzimages(root):
        return root
    return private_apt.unpack(meta, suite, CACHE / f"{name}-binary", [IMAGE, BINARY])


def initramfs(root):
    """The initramfs of the guest program, with the kernel's modules."""
    [folder] = (root / "lib/modules").iterdir()
    return modules.initramfs(folder / "kernel", root / "initramfs.cpio")


def bzimages(root):
    return [*root.glob("boot/vmlinuz-*"), *root.glob("usr/lib/modules/*/vmlinuz")]


def bzimage(root):
    [image] = bzimages(root)
    return image
