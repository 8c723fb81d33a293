# SPDX-License-Identifier: GPL-2.0-only
"""How fast the TSC of QEMU's CPUs counts, and what a kernel need not measure then."""
import functools
import re
import subprocess


@functools.cache
def khz(qemu, emulator):
    """In kHz, as the emulated platform measures it at boot and shows it in CPUID."""
    done = subprocess.run(
        [*qemu, "-accel", "tcg", "-machine", "q35,smm=off", "-cpu", "max,phys-bits=52", "-m", "1G",
         "-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio",
         "-kernel", str(emulator), "-initrd", f"{emulator.with_name('tdx-probe')} frequency"],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    facts = {key: int(value, 16) for key, value in map(str.split, done.stdout.splitlines())}
    return facts["crystal_hz"] * facts["tsc_part"] // facts["crystal_part"] // 1000


def loops_per_jiffy(config, tsc_khz):
    """The value of lpj= for a kernel with this config, which delays by the TSC."""
    hz = int(re.search(r"^CONFIG_HZ=(\d+)$", config, re.M)[1])
    return tsc_khz * 1000 // hz
