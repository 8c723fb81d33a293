# SPDX-License-Identifier: GPL-2.0-only
"""Build Debian packages of the series in build/deb: the kernel, and its programs for TDX.

The source is the series, in a work tree beside build/linux.  The config is Debian's cloud config
with CONFIG_INTEL_TDX_HOST=y.
"""
import argparse
import lzma
import os
import re
import subprocess

from overlay.build import deb_tools, kernel
from overlay.series import series
from overlay.tree import base, linux, private_apt
from overlay.tree.base import Refusal, run, say

DEB = linux.BUILD / "deb"
SOURCE = DEB / "source"
OUT = DEB / "kernel"
CONFIG_PACKAGE = "linux-config-6.1"
DEBIANS = f"usr/src/{CONFIG_PACKAGE}/config.amd64_none_cloud-amd64.xz"

# Intended differences from Debian's config.
ASKED = {
    "CONFIG_INTEL_TDX_HOST": "y",
    "CONFIG_LOCALVERSION": '"-tdx-host"',
    # Debian's keys are available only to its own build.
    "CONFIG_SYSTEM_TRUSTED_KEYS": '""',
    # Debug information takes gigabytes and is not used here; BTF needs pahole.
    "CONFIG_DEBUG_INFO_NONE": "y",
    "CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT": "n",
}
# Differences that follow from these: options of debug information, versions of the compiler, and
# options that Debian removes from the config that it ships, like MODULE_SIG_KEY.  The last ones are
# selected by INTEL_TDX_HOST.
FOLLOWS = re.compile(r"CONFIG_(DEBUG_INFO\w*|GDB_SCRIPTS|MODULE_ALLOW_BTF_MISMATCH|PAHOLE_\w+|"
                     r"BUILD_SALT|MODULE_SIG_(ALL|KEY)|"
                     r"(CC|GCC|AS|LD)_VERSION(_TEXT)?|"
                     r"KVM_PRIVATE_MEM|HAVE_KVM_VCPU_ASYNC_IOCTL)$")
UNSET = re.compile(r"^# (CONFIG_\w+) is not set$", re.M)


def check_out():
    """Checks the series out in a work tree, which is reused."""
    with linux.alone():
        base.work_tree(linux.TREE, SOURCE, series.commit_series()[-1])


def make(*args, **environment):
    subprocess.run(kernel.make_command(SOURCE, OUT, *args), check=True,
                   stdin=subprocess.DEVNULL, env=os.environ | environment)


def options_of(text):
    """Like kernel.options_of(), with the value n for options that are "not set"."""
    return kernel.options_of(text) | dict.fromkeys(UNSET.findall(text), "n")


def check_config(debians, dotconfig):
    """Prints the differences from Debian's config; refuses those that are not intended."""
    got = options_of(dotconfig.read_text())
    lost = kernel.missing(ASKED, dotconfig)
    if lost:
        raise Refusal(f"Kconfig does not take {', '.join(lost)}")
    say(f"the config is {DEBIANS}, {len(debians)} options; what differs:")
    unexpected = []
    for name in sorted(debians.keys() | got.keys()):
        was, now = debians.get(name, "n"), got.get(name, "n")
        if was == now:
            continue
        say(f"  {name}={now}" + (f", not {was}" if name in debians else ""))
        if name not in ASKED and not FOLLOWS.match(name):
            unexpected.append(name)
    if unexpected:
        raise Refusal(f"{', '.join(unexpected)} cannot be had as in Debian's config; is the base "
                      f"the version that {CONFIG_PACKAGE} is made for?")


def configure():
    package = private_apt.unpack(CONFIG_PACKAGE, base.SUITE, linux.PACKAGES / CONFIG_PACKAGE)
    debians = lzma.open(package / DEBIANS, "rt").read()
    # Kconfig uses the last value of an option that is set twice, but prints a warning.
    kept = [line for line in debians.splitlines(keepends=True)
            if not any(re.search(rf"\b{name}\b", line) for name in ASKED)]
    wanted = "".join(kept) + kernel.config_text(ASKED)
    OUT.mkdir(parents=True, exist_ok=True)
    dotconfig, defaults = OUT / ".config", OUT / "wanted.config"
    if not dotconfig.is_file() or not defaults.is_file() or defaults.read_text() != wanted:
        dotconfig.write_text(wanted)
        defaults.write_text(wanted)
    make("-s", "olddefconfig")
    check_config(options_of(debians), dotconfig)


def version_of_source():
    return run("make", "-s", "--no-print-directory", "-C", str(SOURCE), "kernelversion").strip()


def build(version):
    """Builds all packages of the kernel's target bindeb-pkg; they are written to build/deb."""
    for old in DEB.glob("linux-*"):
        old.unlink()
    signer, _ = series.identity()
    make(f"-j{os.cpu_count()}", f"KDEB_PKGVERSION={version}-1", f"KDEB_CHANGELOG_DIST={base.SUITE}",
         "bindeb-pkg",
         DEBFULLNAME=signer["GIT_AUTHOR_NAME"], DEBEMAIL=signer["GIT_AUTHOR_EMAIL"])


def show():
    say("packages:")
    for path in sorted(DEB.glob("*.deb")):
        say(f"  {path.stat().st_size / 2**20:6.1f} MB  {path.relative_to(linux.TOP)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    check_out()
    version = version_of_source()
    deb_tools.build(SOURCE, version, DEB)
    configure()
    build(version)
    show()


if __name__ == "__main__":
    with base.errors_in_words():
        main()
