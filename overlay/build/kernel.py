# SPDX-License-Identifier: GPL-2.0-only
"""Configure and build kernels from build/linux, each in build/CONFIG.

CONFIG:TARGET,... builds these targets instead of bzImage (and modules).  The config `base` is the
kernel without the overlay, to compare with; `mainline` a newer one that has TDX host support of its
own; `modular` has KVM as modules, as have others whose names end so; `wrong` is the config `host`
from a tree where mutate_kernel.py puts wrong lines.
"""
import argparse
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess

from overlay.tree import base, linux
from overlay.tree.base import Refusal
from overlay.tree.linux import BUILD, TOP, TREE

PRISTINE = BUILD / "linux-base"
MAINLINE = BUILD / "linux-mainline"
WRONG = BUILD / "linux-wrong"
MAINLINE_PACKAGE = ("linux-source-7.3", "trixie-backports")
CONFIGS = pathlib.Path(__file__).resolve().parent / "configs"

# Config fragments of each config; later fragments override earlier ones.
FRAGMENTS = {
    "base": ["base"],
    "base-modular": ["base", "modular"],
    "host": ["base", "host", "private-mem"],
    # for the patches of a series before private guest memory
    "before-private-mem": ["base", "host"],
    "notdx": ["base", "notdx"],
    "modular": ["base", "host", "private-mem", "modular", "bpf"],
    "plain": ["base", "plain"],
    "debug": ["base", "host", "private-mem", "debug"],
    "kcsan": ["base", "host", "private-mem", "kcsan"],
    "gcov": ["base", "host", "private-mem", "gcov"],
    "clang": ["base", "host", "private-mem", "clang"],
    "mainline": ["base", "mainline"],
    "mainline-modular": ["base", "mainline", "modular"],
    "wrong": ["base", "host", "private-mem"],
}

# What to build, other than bzImage.
TARGETS = {config: ["bzImage", "modules"] for config, fragments in FRAGMENTS.items()
           if "modular" in fragments}

# Files that KASAN and UBSAN check.  With the whole kernel, machines would be slow.
KVM_AND_OURS = "$(if $(filter arch/x86/virt/% arch/x86/kvm/%,$@),y,n)"

# Files that KCSAN checks.  With all of KVM, it would rarely check these.
WATCHED = ("$(if $(filter arch/x86/virt/% arch/x86/kvm/vmx/tdx/% arch/x86/kvm/mmu/pr% "
           "arch/x86/kvm/mmu/shared% arch/x86/kvm/apic_bus.o %/virt/kvm/guest_memfd.o %/virt/kvm/gmem_pages.o %/virt/kvm/memory_attributes.o,$@),"
           "y,n)")

# Variables on make's command line.
MAKE_VARIABLES = {
    "clang": ["LLVM=-19"],
    "debug": [f"KASAN_SANITIZE={KVM_AND_OURS}", f"UBSAN_SANITIZE={KVM_AND_OURS}"],
    "kcsan": [f"KCSAN_SANITIZE={WATCHED}"],
}

OPTION = re.compile(r"^(CONFIG_\w+)=(.*)$", re.M)


def options_of(text):
    """Options that are set in a .config or a fragment of one: {name: value}."""
    return dict(OPTION.findall(text))


def config_text(options):
    return "".join(f"{name}={value}\n" for name, value in options.items())


def requested(config):
    return options_of("\n".join((CONFIGS / f"{fragment}.config").read_text()
                                for fragment in FRAGMENTS[config]))


def overlay_kconfig():
    """A checksum of the overlay's Kconfig files: if it changes, .config has to be made again."""
    listed = base.run("git", "ls-files", "-co", "--exclude-standard", "*Kconfig*", cwd=TOP)
    files = [TOP / path for path in sorted(listed.split())]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files if f.is_file())).hexdigest()


def pristine_tree():
    """The base of build/linux, in a work tree of the same repository."""
    base.work_tree(TREE, PRISTINE, linux.git_tree("rev-parse", base.BASE).strip())
    return PRISTINE


def mainline_tree():
    """Debian's newer kernel, unpacked; an interrupted run leaves nothing behind."""
    if not MAINLINE.is_dir():
        tarball = base.debian_source(*MAINLINE_PACKAGE, linux.PACKAGES)
        temporary = BUILD / "linux-mainline.new"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        base.unpack_tarball(tarball, temporary)
        temporary.rename(MAINLINE)
    return MAINLINE


def wrong_tree():
    """Links to the files of build/linux: a link can be replaced without a change there."""
    shutil.rmtree(WRONG, ignore_errors=True)
    shutil.copytree(TREE, WRONG, copy_function=os.symlink, ignore=shutil.ignore_patterns(".git"))
    return WRONG


# Configs that are built from another tree than build/linux.
TREES = {"base": pristine_tree, "base-modular": pristine_tree, "mainline": mainline_tree,
         "mainline-modular": mainline_tree, "wrong": wrong_tree}


def make_command(tree, out, *args):
    # LOCALVERSION= prevents a "+" in the release for a git tree with edits.
    return ["make", "-C", str(tree), f"O={out}", "LOCALVERSION=", *args]


def make(tree, out, *args, **kwargs):
    return subprocess.run(make_command(tree, out, *args), check=False, stdin=subprocess.DEVNULL,
                          **kwargs).returncode


def missing(options, dotconfig):
    got = options_of(dotconfig.read_text())
    return [f"{name}={value}" for name, value in options.items()
            if got.get(name, "n") != value]


def configure(config, tree, out):
    """Write .config, unless it is up to date."""
    options = requested(config)
    text = config_text(options)
    text_and_kconfig = f"{text}# Kconfig {overlay_kconfig()}\n"
    wanted = out / "requested.config"
    if (out / ".config").is_file() and wanted.is_file() and wanted.read_text() == text_and_kconfig:
        return
    out.mkdir(parents=True, exist_ok=True)
    wanted.unlink(missing_ok=True)
    allconfig = out / "all.config"
    allconfig.write_text(text)
    if make(tree, out, "-s", *MAKE_VARIABLES.get(config, []), "allnoconfig",
            env={**os.environ, "KCONFIG_ALLCONFIG": str(allconfig)}):
        raise Refusal(f"configuring {config} failed")
    lost = missing(options, out / ".config")
    if lost:
        (out / ".config").unlink()
        raise Refusal(f"{config}: Kconfig does not take {', '.join(lost)}; "
                      f"see the dependencies in build/linux, or edit {CONFIGS.relative_to(TOP)}")
    wanted.write_text(text_and_kconfig)


def rule(config, targets):
    """A rule of a Makefile that builds several kernels in parallel."""
    tree = TREES[config]() if config in TREES else TREE
    configure(config, tree, BUILD / config)
    command = make_command(tree, BUILD / config, *MAKE_VARIABLES.get(config, []), *targets)
    return f"{config}:\n\t+@{shlex.join(command).replace('$', '$$')}\n"


def build(wanted):
    """Build {config: targets} in parallel: while one kernel is linked, another is compiled."""
    rules = "".join(rule(config, targets) for config, targets in wanted.items())
    done = subprocess.run(["make", f"-j{os.cpu_count()}", "-f", "-", *wanted], check=False,
                          input=f".PHONY: {' '.join(wanted)}\n{rules}", text=True)
    if done.returncode:
        raise Refusal(f"building {' '.join(wanted)} failed")


def parse(argument):
    config, _, targets = argument.partition(":")
    if config not in FRAGMENTS:
        raise argparse.ArgumentTypeError(f"{config} is none of {', '.join(sorted(FRAGMENTS))}")
    return config, targets.split(",") if targets else TARGETS.get(config, ["bzImage"])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", nargs="+", type=parse, help="CONFIG or CONFIG:TARGET,...")
    build(dict(parser.parse_args().config))


if __name__ == "__main__":
    with base.errors_in_words():
        main()
