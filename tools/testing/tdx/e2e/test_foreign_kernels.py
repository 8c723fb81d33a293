# SPDX-License-Identifier: GPL-2.0-only
"""Kernels from other sources, on the emulated platform."""
import pytest

import foreign
import modules
import private_apt


@pytest.fixture(scope="module", params=foreign.KERNELS)
def kernel_files(request):
    try:
        root = foreign.fetch(request.param)
    except private_apt.Unavailable as error:
        pytest.skip(str(error))
    return {"bzimage": foreign.bzimage(root), "initramfs": foreign.initramfs(root)}


@pytest.mark.parametrize("cpus, packages, memory", [
    pytest.param(1, 1, "1G", marks=pytest.mark.release), (2, 1, "2G"),
    pytest.param(8, 4, "6G", marks=pytest.mark.release)])
def test_debians_kernel_boots_and_loads_kvm(boot_kernel, kernel_files, cpus, packages, memory):
    result = boot_kernel("debian", "load-modules;ordinary-vm", **kernel_files, cpus=cpus, packages=packages,
                         memory=memory, timeout=300)
    assert result.values("module") == [f"{number} 0" for number in range(len(modules.NAMES))]
    assert int(result.value("cpus")) == cpus
    assert int(result.value("open_kvm")) == 0
    assert int(result.value("create_vm")) == 0
