# SPDX-License-Identifier: GPL-2.0-only
"""The commits of the three series, to be checked, and how they are built."""
import concurrent.futures
import os
import re
import subprocess

from overlay.build import kernel
from overlay.series import series
from overlay.tree import assemble, base, linux
from overlay.tree.linux import git_tree

JOBS = f"-j{os.cpu_count()}"
OURS = "arch/x86/virt/"
KVM_OURS = "arch/x86/kvm/vmx/tdx"
# Compiler messages for our files.
OUR_WARNING = re.compile(r"(arch/x86/virt/|kvm/vmx/tdx/|kvm/mmu/(pr|shared)|kvm/apic_bus|"
                         r"kvm/(guest_memfd|gmem|memory_attributes|private_mem)|asm/tdx_|cc_events)"
                         r".*(warning|error):.*")
# Errors of make itself begin with three asterisks.
ANY_WARNING = re.compile(r"^.*(?:warning:|WARNING:|error:|: \*\*\* ).*$", re.M)


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


def warnings(output, pattern=ANY_WARNING):
    return "\n".join(match[0] for match in pattern.finditer(output))
