# SPDX-License-Identifier: GPL-2.0-only
"""Can a maintainer apply the patch series?

Each check is a test, in TAP. With --quick, only checks that take a minute and build no kernel.
Without it, every prefix of the series is checked, and compilers and configs that make test does not
use.
"""
import argparse
import fnmatch
import itertools
import os
import re
import shutil
import sys
import tempfile
import time

from overlay.build import kernel
from overlay.check.commits import (KVM_OURS, OUR_WARNING, Series, build, output_if_failed, run, say,
                                   side_by_side, warnings)
from overlay.check.declared import every_patch_uses_what_is_declared
from overlay.check.prefixes import every_prefix_builds_and_passes
from overlay.series import series
from overlay.tree import base, linux, private_apt
from overlay.tree.base import Refusal
from overlay.tree.linux import BUILD, TOP, TREE, git_tree

WHOLE = BUILD / "series-whole"
VANILLA = BUILD / "vanilla"
# 90 of them make functions of VMX global, those that a vCPU of a TD must not reach among them;
# about 180 are of series/host, and 70 build and ignore selftests.
MOST_CHANGED_LINES = 882
ENTRY = "INTEL TDX HOST SUPPORT"

# Options for checkpatch, in addition to .checkpatch.conf: some programs are not in the kernel.
EXCEPTIONS = "PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME"


# Checks of the mails.

def same_bytes_twice(what):
    first = {str(mail): mail.read_bytes() for mail in what.mails}
    with linux.alone():
        series.commit_series()
        second = {str(mail): mail.read_bytes() for mail in series.write_mails()}
    return "\n".join(sorted(name for name in first.keys() | second.keys()
                            if first.get(name) != second.get(name)))


def apply_mails(what, directory, message):
    """Makes a repository of the files in a directory; returns the output of git am if it fails."""
    run("git", "init", "--quiet", cwd=directory)
    run("git", "add", "--all", "--force", cwd=directory)
    run("git", "-c", "user.name=base", "-c", "user.email=base@localhost", "commit", "--quiet",
        "--message", message, cwd=directory)
    status, output = run("git", "-c", "user.name=applier", "-c", "user.email=applier@localhost",
                         "am", "--quiet", "--empty=drop", *what.mails, cwd=directory)
    return output if status else ""


def applies_to_the_base(what):
    """Only files that the series modifies are there: git am does not look at others."""
    with tempfile.TemporaryDirectory(dir=BUILD) as directory:
        archive = git_tree("archive", what.base, *what.whole("M"), text=False)
        base.run("tar", "-x", "-C", directory, input=archive, text=False)
        said = apply_mails(what, directory, "base")
        if said:
            return said
        wanted = git_tree("ls-tree", "-r", what.commits[-1], *what.whole("MA"))
        return "" if run("git", "ls-tree", "-r", "HEAD", cwd=directory)[1] == wanted else \
            "git am does not end with the files of the series"


def vanilla_tarball():
    """Debian's linux_6.1.*.orig.tar.xz, which is vanilla except for firmware and the like."""
    found = sorted(VANILLA.glob("linux_6.1*.orig.tar.xz"))
    if found:
        return found[-1]
    VANILLA.mkdir(exist_ok=True)
    said = "it lists none"
    with private_apt.private_apt(base.SUITE, "deb-src") as apt:
        versions = set(re.findall(r"^Version: (6\.1\..*)", apt("apt-cache", "showsrc", "linux"),
                                  re.M))
        # A mirror may lack versions that it lists.
        for version in sorted(versions, key=lambda v: [int(n) for n in re.findall(r"\d+", v)],
                              reverse=True):
            try:
                apt("apt-get", "source", "--tar-only", "--download-only", f"linux={version}",
                    cwd=VANILLA)
                return next(VANILLA.glob("linux_6.1*.orig.tar.xz"))
            except private_apt.Unavailable as unavailable:
                said = unavailable
    raise Refusal(f"apt-get does not give vanilla 6.1: {said}")


def applies_to_vanilla(what):
    """Only files that the series modifies are unpacked."""
    tarball = vanilla_tarball()
    with tempfile.TemporaryDirectory(dir=VANILLA) as directory:
        said = output_if_failed("tar", "-xf", tarball, "--strip-components=1", "--wildcards",
                                "-C", directory, *(f"*/{path}" for path in what.whole("M")))
        if said:
            return said
        say(tarball.name)
        return apply_mails(what, directory, tarball.name)


def checkpatch(mail, text, ignored=EXCEPTIONS):
    output = run("perl", TREE / "scripts/checkpatch.pl", "--no-summary", "--terse", "--ignore",
                 ignored, "-", input=text, cwd=TOP)[1]
    return [f"{mail.name}: {line}" for line in output.splitlines()
            if not re.search(r"^total: 0 errors, 0 warnings, 0 checks", line)
            and not is_fatal_event(mail, line) and not is_style_of_the_file(mail, line)]


def without_new_files(text):
    """The message of a mail, and what it changes in existing files."""
    message, *diffs = re.split(r"^(?=diff --git )", text, flags=re.M)
    return message + "".join(diff for diff in diffs if "\nnew file mode " not in diff)


def checkpatch_accepts_messages_and_changes(what):
    """The new files are left to make check."""
    ignored = f"{EXCEPTIONS},NOT_UNIFIED_DIFF"
    return "\n".join(itertools.chain.from_iterable(side_by_side(
        lambda mail: checkpatch(mail, without_new_files(mail.read_text()), ignored),
        patches(what))))


def patches(what):
    return [mail for mail in what.mails if not mail.name.startswith("0000-")]


def checkpatch_accepts(what):
    """Long patches first: the longest takes a minute."""
    mails = sorted(patches(what), key=lambda mail: -mail.stat().st_size)
    return "\n".join(itertools.chain.from_iterable(side_by_side(
        lambda mail: checkpatch(mail, mail.read_text()), mails)))


def is_fatal_event(mail, line):
    """BUG() is allowed only if firmware removed a CPU or memory that TDX needs."""
    return "AVOID_BUG" in line and "cc_check_" in mail.read_text() and "come-and-go" in mail.name


def is_style_of_the_file(mail, line):
    """TRACE_INCLUDE_PATH is a path, not a division; all lines of cpufeatures.h have such numbers."""
    text = mail.read_text()
    return ("around that '/'" in line and "TRACE_INCLUDE_PATH" in text
            or ":SPACING: " in line and "\n+#define X86_FEATURE_" in text)


def entry_patterns():
    """The F: lines of our entry in MAINTAINERS."""
    entry = (TREE / "MAINTAINERS").read_text().split(f"\n{ENTRY}\n")[1].split("\n\n")[0]
    return re.findall(r"^F:\t(\S+)$", entry, re.M)


def has_our_entry(file):
    return ENTRY in run("perl", "scripts/get_maintainer.pl", "--nogit", "--nogit-fallback",
                        "--sections", "-f", file, cwd=TREE)[1]


def every_new_file_has_a_maintainer(what):
    """get_maintainer.pl is slow, so it is run for one file of each pattern."""
    new_files = what.whole("A")
    found = {pattern: [file for file in new_files
                       if fnmatch.fnmatch(file, pattern + "*" * pattern.endswith("/"))]
             for pattern in entry_patterns()}
    wrong = sorted(set(new_files).difference(*found.values()))
    wrong += [f"the pattern {pattern} has no file" for pattern in found if not found[pattern]]
    asked = [files[0] for files in found.values() if files]
    wrong += [f"get_maintainer.pl does not find it: {file}"
              for file, has in zip(asked, side_by_side(has_our_entry, asked)) if not has]
    return "\n".join(wrong)


def few_lines_change(what):
    changed = series.changed_lines(what.commits)
    code = {path: sum(lines) for path, lines in changed.items()
            if not path.startswith(("Documentation/", "MAINTAINERS"))}
    total = sum(code.values())
    say(f"{total} lines in {len(code)} existing files, and "
        f"{sum(map(sum, changed.values())) - total} in documentation and MAINTAINERS")
    return f"{total} lines are more than {MOST_CHANGED_LINES}" if total > MOST_CHANGED_LINES else ""


# Static analysis, compilers and configs.

def coccinelle_is_silent(what):
    base.work_tree(TREE, WHOLE, what.commits[-1])
    wrong = []
    ours = tuple(what.whole("A"))
    for directory in ("arch/x86/virt/vmx/tdx", KVM_OURS, "virt/kvm"):
        status, output = run("make", "-s", "coccicheck", "MODE=report", f"M={directory}",
                             f"J={os.cpu_count()}", cwd=WHOLE)
        wrong += [line for line in output.splitlines()
                  if (place := re.match(r"(\S*\.[ch]):\d+", line)) and place[1].endswith(ours)
                  or not place and ("ERROR" in line or "WARNING" in line)]
        if status:
            wrong.append(output[-2000:])
    return "\n".join(wrong)


def sphinx_warnings(tree, out):
    """The messages of Sphinx, without the path of the tree."""
    shutil.rmtree(out, ignore_errors=True)
    status, output = run("make", "-s", f"O={out}", "SPHINXDIRS=x86 virt/kvm", "SPHINXOPTS=-q",
                         "htmldocs", cwd=tree)
    said = {line.replace(str(tree), "") for line in output.splitlines()
            if re.search(r"WARNING|ERROR|warning:", line)}
    return said | ({f"make htmldocs failed: {output[-2000:]}"} if status else set())


def documentation_builds_without_new_warnings(_):
    """After each series: a tree may have it without the next one."""
    before = sphinx_warnings(kernel.pristine_tree(), BUILD / "series-docs")
    without_line = {re.sub(r":\d+:", ":", line) for line in before}
    new = []
    for name, _start in series.ranges():
        base.work_tree(TREE, WHOLE, git_tree("rev-parse", series.branch(name)).strip())
        new += [f"{name}: {line}" for line in sorted(sphinx_warnings(WHOLE, BUILD / "series-docs"))
                if re.sub(r":\d+:", ":", line) not in without_line]
    return "\n".join(new)


def clang_builds_it_with_cfi(_):
    status, output = run(sys.executable, "-m", "overlay.build.kernel", "clang", cwd=TOP)
    if status:
        return output[-3000:]
    return warnings(output, OUR_WARNING) or clang_boots()


def clang_boots():
    return output_if_failed(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                            "--kernels", "clang", "test_bringup.py", "-k",
                            "platforms or concurrent or ordinary",
                            cwd=TOP / "tools/testing/tdx/e2e",
                            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})


# allmodconfig, except: GCC_PLUGINS needs headers, WERROR would affect other files.
ALL_CONFIG = {"CONFIG_GCC_PLUGINS": "n", "CONFIG_WERROR": "n", "CONFIG_DEBUG_INFO_NONE": "y",
              "CONFIG_GCOV_KERNEL": "n", "CONFIG_KVM_SW_PROTECTED_VM": "y"}
# KVM, KUnit and TDX host support: each value of each, and private memory without TDX.
VARIANTS = ("myy", "ymy", "mmn")
# Make can build objects of a composite module only with their directory; arch/x86/kvm/ includes
# virt/kvm/. With a directory and an object in it as targets, make may begin with the archive of
# both.
DIRECTORIES = ("arch/x86/virt/", "arch/x86/kvm/", "arch/x86/coco/", "arch/x86/kernel/cpu/mce/")
IN_DIRECTORIES = (*DIRECTORIES, "virt/kvm/")


def build_all(out, options, objects):
    """Builds allmodconfig with these options and the objects; returns warnings and errors."""
    wanted = ALL_CONFIG | options
    out.mkdir(exist_ok=True)
    (out / "all.config").write_text(kernel.config_text(wanted))
    output = build(WHOLE, out, f"KCONFIG_ALLCONFIG={out}/all.config", "allmodconfig")
    lost = kernel.missing(wanted, out / ".config")
    if lost:
        return f"Kconfig does not take {', '.join(lost)}\n{output}"
    output = build(WHOLE, out, *DIRECTORIES,
                   *(path for path in objects if not path.startswith(IN_DIRECTORIES)))
    lost = [path for path in objects if not (out / path).is_file()]
    return f"make built no {', '.join(lost)}\n{output}" if lost else warnings(output)


def modules_and_tests_as_y_m_and_n(what):
    """Builds our directories and all files that the series modifies."""
    base.work_tree(TREE, WHOLE, what.commits[-1])
    modified = [f"{path.removesuffix('.c')}.o" for path in what.whole("M") if path.endswith(".c")]
    said = []
    for kvm, tests, tdx in VARIANTS:
        options = {"CONFIG_KVM": kvm, "CONFIG_KVM_INTEL": kvm, "CONFIG_KUNIT": tests,
                   "CONFIG_INTEL_TDX_HOST": tdx}
        ours = ["arch/x86/virt/vmx/tdx/module.o", f"{KVM_OURS}/main.o"] if tdx == "y" else []
        wrong = build_all(BUILD / "series-all", options,
                          ["arch/x86/kvm/mmu/private.o", *ours, *modified])
        if wrong:
            said.append(f"KVM_INTEL={kvm} KUNIT={tests} INTEL_TDX_HOST={tdx}: {wrong}")
    return "\n".join(said)


def defconfig_and_the_fragment_build(what):
    base.work_tree(TREE, WHOLE, what.commits[-1])
    out = BUILD / "series-defconfig"
    said = build(WHOLE, out, "x86_64_defconfig", "tdx_host.config")
    if kernel.missing({"CONFIG_INTEL_TDX_HOST": "y"}, out / ".config"):
        return f"Kconfig does not take CONFIG_INTEL_TDX_HOST=y\n{said}"
    return warnings(build(WHOLE, out, *DIRECTORIES))


QUICK = [same_bytes_twice, applies_to_the_base, checkpatch_accepts_messages_and_changes,
         every_new_file_has_a_maintainer, few_lines_change, every_patch_uses_what_is_declared]
SLOW = [checkpatch_accepts, applies_to_vanilla, coccinelle_is_silent,
        documentation_builds_without_new_warnings, every_prefix_builds_and_passes,
        clang_builds_it_with_cfi, modules_and_tests_as_y_m_and_n, defconfig_and_the_fragment_build]


def main():
    names = [check.__name__ for check in QUICK + SLOW]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="build no kernel")
    parser.add_argument("checks", nargs="*", help=f"of {', '.join(names)}")
    args = parser.parse_args()
    unknown = set(args.checks) - set(names)
    if unknown:
        parser.error(f"there is no check {', '.join(sorted(unknown))}")
    chosen = [check for check in QUICK + ([] if args.quick else SLOW)
              if not args.checks or check.__name__ in args.checks]
    failed = False
    print(f"TAP version 13\n1..{len(chosen)}", flush=True)
    what = Series()
    for number, check in enumerate(chosen, 1):
        start = time.monotonic()
        said = check(what)
        failed |= bool(said)
        if said:
            say(said)
        say(f"{time.monotonic() - start:.0f} s")
        print(f"{'not ' if said else ''}ok {number} - {check.__name__.replace('_', ' ')}", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    with base.errors_in_words():
        main()
