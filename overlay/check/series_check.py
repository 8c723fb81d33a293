# SPDX-License-Identifier: GPL-2.0-only
"""Can a maintainer apply the patch series?

Each check is a test, in TAP. With --quick, only checks that take a minute and build no kernel.
Without it, every prefix of the series is built, with TDX host support on and off, boots and runs
its KUnit cases; then compilers and configs are checked that make test does not use.  A prefix that
passed is checked again when one of its files changes, or what it is checked with: see PASSED.
"""
import argparse
import concurrent.futures
import fnmatch
import hashlib
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from overlay.build import kernel
from overlay.series import series
from overlay.test import results, suites
from overlay.tree import assemble, base, linux, private_apt
from overlay.tree.base import Refusal
from overlay.tree.linux import BUILD, TOP, TREE, git_tree

PREFIX = BUILD / "series-tree"
PASSED = BUILD / "series-passed"
WHOLE = BUILD / "series-whole"
VANILLA = BUILD / "vanilla"
JOBS = f"-j{os.cpu_count()}"
# 90 of them make functions of VMX global, those that a vCPU of a TD must not reach among them;
# about 180 are of series/host, and 70 build and ignore selftests.
MOST_CHANGED_LINES = 878
ENTRY = "INTEL TDX HOST SUPPORT"

OURS = "arch/x86/virt/"
KVM_OURS = "arch/x86/kvm/vmx/tdx"
# Compiler messages for our files.
OUR_WARNING = re.compile(r"(arch/x86/virt/|kvm/vmx/tdx/|kvm/mmu/(pr|shared)|kvm/apic_bus|"
                         r"kvm/(guest_memfd|gmem|memory_attributes|private_mem)|asm/tdx_|cc_events)"
                         r".*(warning|error):.*")
# Errors of make itself begin with three asterisks.
ANY_WARNING = re.compile(r"^.*(?:warning:|WARNING:|error:|: \*\*\* ).*$", re.M)

# Options for checkpatch, in addition to .checkpatch.conf: some programs are not in the kernel.
EXCEPTIONS = "PREFER_DEFINED_ATTRIBUTE_MACRO,EMBEDDED_FUNCTION_NAME"


def run(*args, **kwargs):
    """Runs a command; returns its status and output."""
    done = subprocess.run([str(arg) for arg in args], check=False, text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          **{"input": "", **kwargs})
    return done.returncode, done.stdout


def output_if_failed(*args, **kwargs):
    status, output = run(*args, **kwargs)
    return (output.strip() or f"{args[0]} failed") if status else ""


def side_by_side(function, items):
    """The results, in order: for programs that use one CPU."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def say(text):
    """Prints a comment in TAP."""
    print("\n".join(f"# {line}" for line in text.splitlines()), flush=True)


def build(tree, out, *args):
    """Runs make; returns its output."""
    status, output = run(*kernel.make_command(tree, out, "-s", JOBS, *args))
    return f"{output}\nmake failed with status {status}: error:" if status else output


class Series:
    """The commits of the series, and the mails made from them."""

    def __init__(self):
        # These mails are checked, but never sent.
        if not series.git_value("config", "user.email"):
            os.environ |= {"GIT_COMMITTER_NAME": "nobody",
                           "GIT_COMMITTER_EMAIL": "nobody@localhost"}
        with linux.alone():
            assemble.assemble()
            self.commits = series.commit_series()
            self.mails = series.write_mails()
        self.base = git_tree("rev-parse", base.BASE).strip()

    def subject(self, commit):
        return git_tree("log", "-1", "--format=%s", commit).strip()

    def files(self, commit):
        return git_tree("diff", "--name-only", f"{commit}^", commit).split()

    def whole(self, only):
        """Files that the whole series adds (A) or modifies (M)."""
        return git_tree("diff", "--name-only", f"--diff-filter={only}", self.base,
                        self.commits[-1]).split()


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


# Checks of every prefix of the series.

# Few of the failures of SEAMCALLs: make test takes more of the whole series, and it does not matter
# for whether the prefix can be built and used.
VERY_THIN = ("--kernel_args", "tdx_injection.every=40",
             "--kernel_args", "tdx_td_injection.every=100")


# It selects what guest_memfd selects, too, which changes a header that almost all files include.
XARRAY_MULTI = ("--kconfig_add", "CONFIG_ZONE_DEVICE=y")


def of_the_kernel(files):
    return any(not file.startswith(("Documentation/", "tools/", "MAINTAINERS")) for file in files)


def without_the_option(files):
    """Whether some are compiled with TDX host support off, too: headers of KVM are."""
    return any(not file.startswith("arch/x86/virt/vmx/tdx/")
               and not (file.startswith(f"{KVM_OURS}/") and file.endswith(".c"))
               for file in files)


def kunit(what, *args):
    return run(*suites.command(PREFIX, BUILD / "series-kunit", what, *args))


def kunit_cases():
    """Runs this prefix's KUnit cases; returns the output of a failure, and the number of cases."""
    found = BUILD / "series-kunit/results.json"
    found.unlink(missing_ok=True)
    with found.with_suffix(".log").open("w+") as log:
        status = suites.run_in(PREFIX, found.parent, found, *VERY_THIN, log=log)
        log.seek(0)
        output = log.read()
    cases = list(results.from_kunit(found)) if found.is_file() else []
    if status or not cases or any(case.outcome != "passed" for case in cases):
        return output[-3000:], 0
    return "", len(cases)


def warnings(output, pattern=ANY_WARNING):
    return "\n".join(match[0] for match in pattern.finditer(output))


def boot(out):
    """Boots; returns errors before the kernel fails to mount a root file system, as expected."""
    console = run("timeout", "120", "qemu-system-x86_64", *suites.QEMU.split(), "-m", "1G",
                  "-kernel", out / "arch/x86/boot/bzImage",
                  "-append", "console=ttyS0 panic=-1 no_timer_check",
                  "-nodefaults", "-nographic", "-serial", "stdio", "-no-reboot")[1]
    start, wants_root, _ = console.partition("VFS: Unable to mount root fs")
    if not wants_root:
        return f"it does not boot:\n{console[-3000:]}"
    return "\n".join(re.findall(r".*(?:WARNING|BUG|Call Trace).*", start))


def host_config(tree):
    """The config with all that a prefix has."""
    kconfig = (tree / "arch/x86/kvm/Kconfig").read_text()
    return "host" if "config KVM_SW_PROTECTED_VM" in kconfig else "before-private-mem"


def check_off():
    out = BUILD / "series-off"
    kernel.configure("notdx", PREFIX, out)
    return warnings(build(PREFIX, out, "bzImage")) or boot(out)


# Until a patch selects the option, headers have stubs for what these define.
OF_PRIVATE_MEM = re.compile(r"^kvm-\$\(CONFIG_KVM_PRIVATE_MEM\)\s*\+=(.*)$", re.M)


def left_out():
    """The names of objects that make does not build for any config of this prefix."""
    if host_config(PREFIX) == "host":
        return set()
    makefiles = "".join((PREFIX / name).read_text()
                        for name in ("arch/x86/kvm/Makefile", "virt/kvm/Makefile.kvm"))
    return {os.path.basename(name) for line in OF_PRIVATE_MEM.findall(makefiles)
            for name in line.split()}


def new_objects_of_kvm(what):
    """Those of the files in this prefix; arch/x86/kvm/ includes virt/kvm/."""
    without = left_out()
    return [f"{'arch/x86/kvm/../../../' * path.startswith('virt/')}{path.removesuffix('.c')}.o"
            for path in what.whole("A") if path.startswith(("arch/x86/kvm/", "virt/kvm/"))
            and path.endswith(".c") and (PREFIX / path).is_file()
            and f"{pathlib.Path(path).stem}.o" not in without]


def check_on(what):
    """Returns errors, and the number of KUnit cases, 0 for preparatory patches."""
    if not (PREFIX / suites.CONFIG).is_file():
        return "", 0
    out = BUILD / "series-w1"
    kernel.configure(host_config(PREFIX), PREFIX, out)
    said = warnings(build(PREFIX, out, "W=1", OURS, *new_objects_of_kvm(what)), OUR_WARNING)
    status, output = kunit("build", "--kunitconfig", suites.CONFIG, *XARRAY_MULTI, "--jobs",
                           os.cpu_count())
    said += warnings(output)
    if status:
        return f"{said}\n{output[-3000:]}", 0
    failed, cases = kunit_cases()
    return (said + failed).strip(), cases


def check_prefix(what, commit, files):
    """The same for a prefix.  While one kernel is linked or boots, another is compiled."""
    base.work_tree(TREE, PREFIX, commit)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        off = pool.submit(check_off) if without_the_option(files) else None
        said, cases = check_on(what)
        return (off.result() if off else "") + said, cases


def checked_with():
    """The programs and configs that decide how a prefix is checked."""
    programs = [pathlib.Path(module.__file__).read_text() for module in (kernel, suites)]
    this = re.sub("^MOST_CHANGED_LINES =.*", "", pathlib.Path(__file__).read_text(), flags=re.M)
    configs = [kernel.config_text(kernel.requested(config))
               for config in ("notdx", "before-private-mem", "host")]
    return "".join([run("gcc", "--version")[1], run("qemu-system-x86_64", "--version")[1],
                    this, *programs, *configs])


def fingerprint(what, commit, tools):
    """A checksum of all that the result for a prefix depends on."""
    changed = git_tree("diff-tree", "-r", what.base, commit).splitlines()
    files = [line for line in changed if of_the_kernel([line.split("\t")[1]])]
    return hashlib.sha256("\n".join([what.base, *files, tools]).encode()).hexdigest()


def passed_before():
    """{fingerprint: number of KUnit cases} of prefixes that passed."""
    lines = PASSED.read_text().splitlines() if PASSED.is_file() else []
    return {key: int(cases) for key, cases in map(str.split, lines)}


def every_prefix_builds_and_passes(what):
    wrong, tools, passed = [], checked_with(), passed_before()
    for number, commit in enumerate(what.commits, 1):
        subject, files = what.subject(commit), what.files(commit)
        if number > 1 and not of_the_kernel(files):
            continue
        key = fingerprint(what, commit, tools)
        if key in passed:
            say(f"pass {number:2} {passed[key]:4} KUnit cases before  {subject}")
            continue
        start = time.monotonic()
        said, cases = check_prefix(what, commit, files)
        say(f"{'FAIL' if said else 'pass'} {number:2} {cases:4} KUnit cases "
            f"{time.monotonic() - start:4.0f} s  {subject}")
        if said:
            say(said)
            wrong.append(subject)
        else:
            with PASSED.open("a") as file:
                file.write(f"{key} {cases}\n")
    return "\n".join(wrong)


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
         every_new_file_has_a_maintainer, few_lines_change]
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
