# SPDX-License-Identifier: GPL-2.0-only
"""tdx-vmm says what is wrong with its command line and its files.  None of that needs KVM."""
import re
import struct
import subprocess

import pytest

import machine
import td_guest

ERROR = 2
SECTOR, SETUP_SECTORS = 512, 4
MB = 1 << 20
# Of the setup header, as Documentation/x86/boot.rst has it: (offset, format, value).
HEADER = {
    "setup_sects": (0x1f1, "<B", SETUP_SECTORS),
    "header_end": (0x201, "<B", 0x7f),
    "magic": (0x202, "<4s", b"HdrS"),
    "version": (0x206, "<H", 0x20f),
    "xloadflags": (0x236, "<H", 1),
    "cmdline_size": (0x238, "<I", 255),
    "pref_address": (0x258, "<Q", 16 * MB),
    "init_size": (0x260, "<I", 2 * MB),
}


def bzimage(size=(SETUP_SECTORS + 2) * SECTOR, **changes):
    """As much of a bzImage as a boot loader reads, with other values of some fields."""
    image = bytearray(size)
    for name, (offset, form, value) in HEADER.items():
        struct.pack_into(form, image, offset, changes.get(name, value))
    return image


@pytest.fixture(name="vmm")
def fixture_vmm(tmp_path):
    """Runs tdx-vmm in a directory with files; none of the command lines gets as far as KVM."""
    files = {
        "kernel": bzimage(), "cut": bzimage(SETUP_SECTORS * SECTOR), "tiny": b"MZ",
        "no-code": bzimage((SETUP_SECTORS + 1) * SECTOR), "old": bzimage(version=0x20b),
        "other": bzimage(magic=b"\x7fELF"), "of-32-bits": bzimage(xloadflags=0),
        "empty": b"", "odd": bytes(SECTOR + 1),
    }
    for name, contents in files.items():
        (tmp_path / name).write_bytes(contents)

    def run(*options):
        return subprocess.run([str(td_guest.VMM), *options], cwd=tmp_path, check=False, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    return run


NO_BZIMAGE = "{} is not a bzImage with a 64-bit entry"
# Options, and what is said of them
WRONG = [
    (["--memory", "0M"], "0M is not a size, as 256M or 2G"),
    (["--memory", "-1M"], "-1M is not a size, as 256M or 2G"),
    (["--memory", "256"], "256 is not a size, as 256M or 2G"),
    (["--memory", "1Mb"], "1Mb is not a size, as 256M or 2G"),
    (["--memory", ""], " is not a size, as 256M or 2G"),
    (["--cpus", "0"], "0 is not a number of vCPUs from 1 to 64"),
    (["--cpus", "65"], "65 is not a number of vCPUs from 1 to 64"),
    (["--cpus", "two"], "two is not a number of vCPUs from 1 to 64"),
    (["--width", "50"], "guest physical addresses have 48 or 52 bits, not 50"),
    (["--report", "abc"], "abc is not up to 64 bytes in hexadecimal"),
    (["--report", "xy"], "xy is not up to 64 bytes in hexadecimal"),
    (["--report", "00" * 65], "00" * 65 + " is not up to 64 bytes in hexadecimal"),
    (["--kernel", "absent"], "absent: No such file or directory"),
    (["--kernel", "."], ".: Is a directory"),
    *((["--kernel", name], NO_BZIMAGE.format(name))
      for name in ("empty", "tiny", "old", "other", "of-32-bits", "cut", "no-code")),
    (["--kernel", "kernel", "--initrd", "absent"], "absent: No such file or directory"),
    (["--kernel", "kernel", "--memory", "18M"], "18 MB are too little memory for kernel"),
    (["--kernel", "kernel", "--append", "x" * 256], "the command line is too long"),
    (["--kernel", "kernel", "--measured", "absent/file"],
     "absent/file: No such file or directory"),
    (["--kernel", "kernel", "--disk", "absent"], "absent: No such file or directory"),
    (["--kernel", "kernel", "--disk", "empty"], "empty has no whole sectors of 512 bytes"),
    (["--kernel", "kernel", "--disk", "odd"], "odd has no whole sectors of 512 bytes"),
]


@pytest.mark.parametrize("options, message", WRONG, ids=[" ".join(row[0])[:40] for row in WRONG])
def test_the_vmm_says_in_a_line_what_is_wrong(vmm, options, message):
    done = vmm(*options)
    assert (done.returncode, done.stdout) == (ERROR, "")
    assert done.stderr == f"tdx-vmm: {message}\n"


@pytest.mark.parametrize("options", [[], ["--initrd", "kernel"], ["--kernel"], ["--what"],
                                     ["--kernel", "kernel", "more"]])
def test_the_vmm_shows_its_options_if_it_understands_none(vmm, options):
    done = vmm(*options)
    assert (done.returncode, done.stdout) == (ERROR, "")
    assert done.stderr.endswith(vmm("--help").stdout)


def test_help_has_each_option_and_nothing_else(vmm):
    done = vmm("--help")
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.findall(r"^  --(\w+)", done.stdout, re.M)
    source = (machine.TOP / "tools/testing/tdx/vmm/main.c").read_text()
    assert sorted(shown) == sorted(re.findall(r'^\t\t\{ "(\w+)", \w+_argument', source, re.M))


def test_a_kernel_that_is_right_is_measured(vmm, tmp_path):
    """The files above are wrong in what they differ from this one."""
    done = vmm("--kernel", "kernel", "--measured", "measured", "--memory", "32M")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"tdx-vmm: MRTD [0-9a-f]{96}\n", done.stdout)
    assert (tmp_path / "measured").stat().st_size > 0
