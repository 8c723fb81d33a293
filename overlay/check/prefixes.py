# SPDX-License-Identifier: GPL-2.0-only
"""Can a kernel be bisected to any patch of the series?

Every prefix is built, with TDX host support on and off, boots and runs its KUnit cases.  One that
passed is checked again when one of its files changes, or what it is checked with: see PASSED.
"""
import concurrent.futures
import hashlib
import os
import pathlib
import re
import time

from overlay.build import kernel
from overlay.check import commits
from overlay.check.commits import KVM_OURS, OURS, OUR_WARNING, build, run, say, warnings
from overlay.test import results, suites
from overlay.tree import base
from overlay.tree.linux import BUILD, TREE, git_tree

PREFIX = BUILD / "series-tree"
PASSED = BUILD / "series-passed"

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
    programs = [pathlib.Path(file).read_text()
                for file in (kernel.__file__, suites.__file__, commits.__file__, __file__)]
    configs = [kernel.config_text(kernel.requested(config))
               for config in ("notdx", "before-private-mem", "host")]
    return "".join([run("gcc", "--version")[1], run("qemu-system-x86_64", "--version")[1],
                    *programs, *configs])


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
