# SPDX-License-Identifier: GPL-2.0-only
"""Do the KUnit suites and the end-to-end tests notice when a line of the kernel is wrong?

Changes one line at a time, in our files and in lines that hooks add to others, and builds the host
kernel.  Changes that the KUnit suites do not detect have to be detected by the end-to-end tests of
the file's subject.  A change that no test detects is an error unless ACCEPTED has a reason for it.
Changes that do not compile, or do not change the object, are not counted. unit/mutate.py tests the
geometry.
"""
import argparse
import concurrent.futures
import dataclasses
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from overlay.build import kernel
from overlay.test import mutants, results, suites
from overlay.tree import assemble, base, hooks, linux
from overlay.tree.base import Refusal, say
from overlay.tree.linux import BUILD, TOP, TREE

OUT = BUILD / "wrong"
IMAGE = "arch/x86/boot/bzImage"
E2E = TOP / "tools/testing/tdx/e2e"

# oops=panic, because a case may hang after an oops.
KUNIT_OPTIONS = ("--kernel_args", "tdx_injection.every=10",
                 "--kernel_args", "tdx_td_injection.every=10", "--kernel_args", "oops=panic",
                 "--kernel_args", "panic=-1")
# Timeout in seconds for the unmodified kernel; for others, so many times its run time.
KUNIT_TIMEOUT, PATIENCE = 600, 5

# The share that has to be noticed, in percent.  The geometry has no such limit: many of its
# comparisons make no difference if both sides are equal.
ENOUGH = 95

# Arguments for pytest; faster tests first.
BRINGUP, FAILURES, MEMORY, HOTPLUG = ("test_bringup.py", "test_failures.py", "test_memory.py",
                                      "test_hotplug.py")
KEXEC, SLEEP, MACHINE_CHECK = "test_kexec.py", "test_sleep.py", "test_machine_check.py"
OFF = "test_without_tdx.py"
KVM = "test_kvm.py"
PRIVATE, GUESTS, KUNIT = "test_private_memory.py", "test_guests.py", "test_kunit.py"
VMX_ONLINE = "test_kunit.py::test_a_cpu_that_comes_online_while_kvm_is_enabled_is_not_missed"
SUBJECTS = {
    "arch/x86/kernel/cpu/mce/core.c": [MACHINE_CHECK],
    "arch/x86/kernel/cpu/mce/severity.c": [MACHINE_CHECK],
    "arch/x86/kernel/crash.c": [KEXEC],
    "arch/x86/kernel/smpboot.c": [KEXEC, HOTPLUG],
    "arch/x86/coco/core.c": [HOTPLUG, SLEEP],
    "arch/x86/kvm/apic_bus.c": [KVM],
    "arch/x86/kvm/cpuid.c": [KVM],
    "arch/x86/kvm/hyperv.c": [KVM],
    "arch/x86/kvm/lapic.c": [KVM],
    "arch/x86/kvm/mmu/mmu.c": [KUNIT, KVM, GUESTS],
    "arch/x86/kvm/mmu/pre_fault.c": [KVM, GUESTS],
    "arch/x86/kvm/mmu/page_track.c": [KVM, GUESTS],
    "arch/x86/kvm/mmu/private.c": [KVM, GUESTS],
    "arch/x86/kvm/mmu/shared.c": [KUNIT, KVM],
    "arch/x86/kvm/mmu/spte.c": [KUNIT],
    "arch/x86/kvm/mmu/tdp_iter.c": [KUNIT],
    "arch/x86/kvm/mmu/tdp_mmu.c": [KUNIT],
    "arch/x86/kvm/vmx/posted_intr.c": [KVM],
    "arch/x86/kvm/vmx/tdx/bringup.c": [BRINGUP],
    "arch/x86/kvm/vmx/tdx/capabilities.c": [BRINGUP, KVM],
    "arch/x86/kvm/vmx/tdx/debugfs.c": [PRIVATE],
    "arch/x86/kvm/vmx/tdx/exits.c": [KVM],
    "arch/x86/kvm/vmx/tdx/fault_around.c": [KVM],
    "arch/x86/kvm/vmx/tdx/initial.c": [PRIVATE, KVM],
    "arch/x86/kvm/vmx/tdx/ioctl.c": [KVM],
    "arch/x86/kvm/vmx/tdx/irq.c": [KVM],
    "arch/x86/kvm/vmx/tdx/keyid.c": [KVM],
    "arch/x86/kvm/vmx/tdx/lock.c": [KVM],
    "arch/x86/kvm/vmx/tdx/main.c": [BRINGUP, KEXEC, OFF],
    "arch/x86/kvm/vmx/tdx/msr.c": [KVM],
    "arch/x86/kvm/vmx/tdx/ops.c": [KVM],
    "arch/x86/kvm/vmx/tdx/pages.c": [KVM],
    "arch/x86/kvm/vmx/tdx/params.c": [KVM],
    "arch/x86/kvm/vmx/tdx/run.c": [KVM, MACHINE_CHECK],
    "arch/x86/kvm/vmx/tdx/sept.c": [PRIVATE, KVM],
    "arch/x86/kvm/vmx/tdx/shared.c": [KVM],
    "arch/x86/kvm/vmx/tdx/tdvmcall.c": [KVM],
    "arch/x86/kvm/vmx/tdx/vcpu.c": [KVM],
    "arch/x86/kvm/vmx/tdx/vm.c": [KVM],
    "arch/x86/kvm/vmx/vmx.c": [BRINGUP, KVM],
    "arch/x86/kvm/x86.c": [BRINGUP, KVM],
    "arch/x86/virt/vmx/tdx/bringup.c": [BRINGUP, FAILURES, KEXEC],
    "arch/x86/virt/vmx/tdx/cache.c": [KEXEC, HOTPLUG],
    "arch/x86/virt/vmx/tdx/clear.c": [FAILURES, KEXEC],
    "arch/x86/virt/vmx/tdx/config.c": [BRINGUP, FAILURES],
    "arch/x86/virt/vmx/tdx/cpu.c": [BRINGUP, FAILURES, HOTPLUG],
    "arch/x86/virt/vmx/tdx/debugfs.c": [BRINGUP],
    "arch/x86/virt/vmx/tdx/host.c": [BRINGUP, HOTPLUG, OFF],
    "arch/x86/virt/vmx/tdx/hotplug.c": [HOTPLUG, KVM],
    "arch/x86/virt/vmx/tdx/kexec.c": [KEXEC],
    "arch/x86/virt/vmx/tdx/keyid.c": [KVM],
    "arch/x86/virt/vmx/tdx/layout.c": [BRINGUP, MEMORY, FAILURES],
    "arch/x86/virt/vmx/tdx/machine_check.c": [MACHINE_CHECK],
    "arch/x86/virt/vmx/tdx/memory.c": [BRINGUP, HOTPLUG, MEMORY],
    "arch/x86/virt/vmx/tdx/module.c": [BRINGUP, FAILURES, MEMORY, KEXEC],
    "arch/x86/virt/vmx/tdx/owner.c": [KVM, KEXEC, MACHINE_CHECK],
    "arch/x86/virt/vmx/tdx/page.c": [KVM, KEXEC, MACHINE_CHECK],
    "arch/x86/virt/vmx/tdx/pamt.c": [FAILURES, MEMORY, KEXEC],
    "arch/x86/virt/vmx/tdx/platform.c": [BRINGUP, OFF, KEXEC],
    "arch/x86/virt/vmx/tdx/seamcall.c": [FAILURES, BRINGUP],
    "arch/x86/virt/vmx/tdx/sept.c": [KVM],
    "arch/x86/virt/vmx/tdx/sleep.c": [SLEEP],
    "arch/x86/virt/vmx/tdx/stats.c": [BRINGUP],
    "arch/x86/virt/vmx/tdx/failures.c": [BRINGUP],
    "arch/x86/virt/vmx/tdx/sysfs.c": [BRINGUP, OFF, FAILURES, MEMORY, KVM],
    "arch/x86/virt/vmx/tdx/error.c": [FAILURES, BRINGUP],
    "arch/x86/virt/vmx/tdx/sysinfo.c": [BRINGUP],
    "arch/x86/virt/vmx/tdx/td.c": [KVM],
    "arch/x86/virt/vmx/tdx/tdmr_init.c": [MEMORY, FAILURES, KEXEC],
    "arch/x86/virt/vmx/tdx/vcpu.c": [KVM],
    "arch/x86/virt/vmx/tdx/vp_enter.c": [KVM],
    "arch/x86/virt/vmx/tdx/wbcache.c": [KVM],
    "drivers/acpi/acpi_memhotplug.c": [HOTPLUG],
    "drivers/acpi/acpi_processor.c": [HOTPLUG],
    "drivers/acpi/device_sysfs.c": [HOTPLUG],
    "drivers/acpi/scan.c": [HOTPLUG],
    "drivers/ras/cec.c": [MACHINE_CHECK],
    "kernel/cgroup/misc.c": [KVM],
    "kernel/cpu.c": [HOTPLUG, MEMORY],
    "kernel/power/suspend.c": [SLEEP],
    "lib/maple_tree.c": [KVM],
    "mm/memory_hotplug.c": [HOTPLUG],
    "virt/kvm/gmem_pages.c": [GUESTS, PRIVATE, KVM],
    "virt/kvm/guest_memfd.c": [GUESTS, PRIVATE, KVM],
    "virt/kvm/memory_attributes.c": [GUESTS, PRIVATE, KVM],
    "virt/kvm/kvm_main.c": [VMX_ONLINE, BRINGUP, FAILURES, HOTPLUG, KEXEC],
}

# What drives hardware that no machine here has, and is in none of the kernels.
NOT_BUILT = {"drivers/edac/skx_common.c"}

# Accepted survivors: file, changed line, and why the change cannot be detected by a test.
NO_POSTING = "needs IPI virtualization or posting by an IOMMU, which the platform does not have"
NO_ERROR = "of errors in memory, the platform has only those that a guest or the host reads"
TWO_ERRORS = "needs a second error before the task returns to user space"
ACCEPTED = {
    "arch/x86/coco/core.c": {
        "/* case CC_ATTR_CPU_HOTPLUG_DISABLED: */": "what TDX guests ask, and none is there",
    },
    "arch/x86/kernel/cpu/mce/core.c": {
        "pfn = mce_phys_addr(mce) << PAGE_SHIFT;": NO_ERROR,
        "{ /* pfn = mce_phys_addr(mce) >> PAGE_SHIFT; */ }": NO_ERROR,
        "if (count > 1 && (current->mce_addr >> PAGE_SHIFT) == (mce_phys_addr(m) >> PAGE_SHIFT))":
            TWO_ERRORS,
        "if (count > 1 && (current->mce_addr << PAGE_SHIFT) != (mce_phys_addr(m) >> PAGE_SHIFT))":
            TWO_ERRORS,
        "if (count > 1 && (current->mce_addr >> PAGE_SHIFT) != (mce_phys_addr(m) << PAGE_SHIFT))":
            TWO_ERRORS,
    },
    "arch/x86/kvm/vmx/posted_intr.c": {
        "vmx_interrupt_blocked(vcpu)))": NO_POSTING,
    },
    "arch/x86/virt/vmx/tdx/cache.c": {
        "__this_cpu_write(may_be_dirty, true);": "caches are written back once more than necessary",
    },
    "drivers/ras/cec.c": {
        "if (cec_add_elem(mce_phys_addr(m) >> PAGE_SHIFT)) {": NO_ERROR,
        "if (!cec_add_elem(mce_phys_addr(m) << PAGE_SHIFT)) {": NO_ERROR,
    },
}


def files():
    """{our file that needs a kernel: None; file with hooks: numbers of the lines they add}"""
    new, patches = assemble.overlay_files()
    ours = {path: None for path in new
            if path.startswith(("arch/", "virt/")) and path.endswith(".c")
            and "/tests/" not in path and "/model/" not in path and not path.endswith("_test.c")
            and not path.startswith(f"{mutants.GEOMETRY}/")}
    hooked = sorted({hooks.split(patch)[0] for patch in patches})
    return ours | {path: hook_lines(path) for path in hooked
                   if path.endswith(".c") and path not in NOT_BUILT}


def hook_lines(path):
    """Numbers of the lines that all hooks add to a file."""
    return set(mutants.added_lines(linux.git_tree("diff-index", "-p", base.BASE, "--", path)))


def mutations_of(path, numbers):
    lines = {number: line for number, line in mutants.code_lines((TREE / path).read_text())
             if numbers is None or number in numbers}
    return (mutants.changed(path, lines, mutants.CHANGES + mutants.MORE_CHANGES)
            + mutants.omitted(path, lines))


def all_mutations():
    return [mutation for path, numbers in files().items()
            for mutation in mutations_of(path, numbers)]


def object_of(path):
    return (OUT / path).with_suffix(".o")


def contents(path):
    """An object file without debug information."""
    with tempfile.NamedTemporaryFile() as stripped:
        base.run("objcopy", "--strip-debug", str(object_of(path)), stripped.name)
        return pathlib.Path(stripped.name).read_bytes()


class Workshop:
    """A source tree in which one file at a time is modified and a kernel is built."""

    def __init__(self, paths, images):
        self.images = images
        # A run leaves objects of modified files, which are newer than the files of the new tree.
        for path in SUBJECTS:
            object_of(path).unlink(missing_ok=True)
        kernel.build({"wrong": ["bzImage"]})
        self.right = {path: contents(path) for path in paths}
        self.keep("right")

    def keep(self, name):
        """Copies the image and its config to where the end-to-end tests expect them."""
        folder = self.images / name / "host"
        for file in IMAGE, ".config":
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(OUT / file, folder / file)
        return self.images / name

    def built(self, mutation):
        """True if the file compiles and the object differs."""
        return not kernel.make(kernel.WRONG, OUT, "-s", f"-j{os.cpu_count()}", "bzImage",
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) \
            and contents(mutation.file) != self.right[mutation.file]

    def build(self, number, mutation):
        """The folder with the modified kernel; None if it is not counted."""
        source = kernel.WRONG / mutation.file
        right = source.read_text()
        source.unlink()
        source.write_text(mutation.apply(right))
        try:
            return self.keep(str(number)) if self.built(mutation) else None
        finally:
            source.write_text(right)


def first_failure(tests, folder):
    """The first end-to-end test that fails with a kernel; None if all pass."""
    found = folder / "e2e.xml"
    pytest = subprocess.run(
        ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-x",
         "--kernels", "host", f"--junitxml={found}", *tests], cwd=E2E, check=False,
        env={**os.environ, "TDX_KERNELS": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if pytest.returncode not in (0, 1):
        raise Refusal(f"pytest cannot run {' '.join(tests)}:\n{pytest.stdout}")
    failed = [case.name for case in results.from_junit(found) if case.outcome == "failed"]
    return "{}.py::{}".format(*failed[0].split(".", 1)) if failed else None


@dataclasses.dataclass
class Judge:
    """Tests modified kernels.  Tests that fail with the unmodified kernel, too, are rejected."""
    right: pathlib.Path
    timeout: int = KUNIT_TIMEOUT
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def __post_init__(self):
        start = time.monotonic()
        case = self.failing_case(self.right)
        if case:
            raise Refusal(f"KUnit: {case} fails without any change")
        self.timeout = int(PATIENCE * (time.monotonic() - start)) + 1
        self.is_fit = functools.lru_cache(None)(self.passes_when_right)

    def failing_case(self, folder):
        """A KUnit case that fails with a kernel; None if all pass."""
        found = folder / "kunit.json"
        with (folder / "kunit.log").open("w") as log:
            status = suites.run_in(TREE, folder / "host", found, *KUNIT_OPTIONS,
                                   "--timeout", str(self.timeout), log=log)
        failed = [case.name for case in results.from_kunit(found) if case.outcome == "failed"]
        return next(iter([*failed, *suites.difference(found), *["all"] * bool(status)]), None)

    def passes_when_right(self, test):
        return first_failure([test], self.right) is None

    def noticed_by(self, mutation, folder):
        case = self.failing_case(folder)
        if case:
            return f"KUnit: {case}"
        test = first_failure(SUBJECTS[mutation.file], folder)
        if test:
            with self.lock:
                if not self.is_fit(test):
                    raise Refusal(f"{test} fails without any change")
        return test

    def judge(self, mutation, folder):
        test = self.noticed_by(mutation, folder)
        shutil.rmtree(folder)
        return mutation, test


def run(todo, number, jobs):
    """
    Yields @number counted mutations, each with the test that noticed it.  Builds and tests run in
    parallel.
    """
    with tempfile.TemporaryDirectory() as images, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        workshop = Workshop({mutation.file for mutation in todo}, pathlib.Path(images))
        judge = Judge(pathlib.Path(images) / "right")
        pending, counted = set(), 0
        for each, mutation in enumerate(todo):
            if counted == number:
                break
            folder = workshop.build(each, mutation)
            if folder:
                counted += 1
                pending.add(pool.submit(judge.judge, mutation, folder))
            # Limits the number of kernels that were built but not tested.
            done, pending = concurrent.futures.wait(
                pending, 0 if len(pending) <= 2 * jobs else None,
                concurrent.futures.FIRST_COMPLETED)
            yield from (future.result() for future in done)
        yield from (future.result() for future in concurrent.futures.as_completed(pending))


def chosen(args):
    """The mutations to try, in order."""
    todo = all_mutations()
    for wrong in mutants.unfounded(ACCEPTED, todo):
        raise Refusal(f"ACCEPTED has what is no change of any line: {wrong}")
    unknown = set(args.files) - set(SUBJECTS)
    if unknown:
        raise Refusal(f"SUBJECTS does not have {', '.join(sorted(unknown))}")
    return [mutation for mutation in mutants.in_turn(todo, args.seed)
            if mutation.file in (args.files or SUBJECTS)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=20, help="so many, evenly over files (20)")
    parser.add_argument("--all", action="store_true", help="all of them (days)")
    parser.add_argument("--seed", type=int, default=1, help="decides which (1)")
    parser.add_argument("--files", nargs="*", default=[], help="only these files")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="machines at a time")
    args = parser.parse_args()
    todo = chosen(args)
    tally = mutants.Tally(ACCEPTED)
    for mutation, test in run(todo, len(todo) if args.all else args.sample, args.jobs):
        tally.add(mutation, not test)
        if test:
            say(f"{mutants.NOTICED} by {test}: {mutation}")
    print(*tally.table(), sep="\n")
    sys.exit(tally.fault(ENOUGH))


if __name__ == "__main__":
    with base.errors_in_words():
        main()
