# SPDX-License-Identifier: GPL-2.0-only
"""Run the KUnit suites in stock QEMU, with the kernel of build/host."""
import argparse
import json
import pathlib
import subprocess

from overlay.test import kunit_suites
from overlay.tree import base
from overlay.tree.base import Refusal
from overlay.tree.linux import BUILD, TREE

KUNIT = "tools/testing/kunit/kunit.py"
CONFIG = f"{kunit_suites.TESTS}/.kunitconfig"

# A single thread for all CPUs: with several, QEMU 7.2 can execute a stale INT3 after code was
# patched, and the suites patch a static call.  No CMPXCHG16B: after it, QEMU 7.2 delivers
# interrupts with wrong flags.  No SVM: KVM would configure its MMU, without nested paging, which
# this CPU does not have.  No keyboard: its message may be printed in the middle of a result.  No
# check of the timer: it panics if a busy host does not run QEMU for some ticks.
QEMU = "-smp 4,sockets=2 -accel tcg,thread=single -cpu qemu64,-cx16,-svm"
MACHINE = ("--qemu_args", QEMU,
           "--kernel_args", "i8042.nokbd", "--kernel_args", "i8042.noaux",
           "--kernel_args", "no_timer_check", "--kernel_args", "panic=-1")
SUITES = "tdx_*"
# Some of the failures of SEAMCALLs; with --all there is each of them.
THINNED = ("--kernel_args", "tdx_injection.every=4", "--kernel_args", "tdx_td_injection.every=10")
# In seconds; kunit.py's own limit, 300, is too short on a host with other load.
TIMEOUT = ("--timeout", "1200")


def command(tree, out, what, *args):
    """The command line for kunit.py of a tree."""
    return [str(tree / KUNIT), what, "--arch", "x86_64", "--build_dir", str(out), *args]


def run_in(tree, out, results, *options, log=None):
    """Runs the suites of a kernel of a tree that was built; returns kunit.py's status."""
    run = command(tree, out, "exec", "--kernel_args", "kunit.enable=1", *MACHINE, *TIMEOUT,
                  *options, "--raw_output=kunit", SUITES)
    parse = [str(tree / KUNIT), "parse", f"--json={results}"]
    with subprocess.Popen(run, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                          text=True, errors="replace") as kernel, \
            subprocess.Popen(parse, stdin=subprocess.PIPE, stdout=log, stderr=log,
                             text=True) as parser:
        parser.stdin.writelines(kunit_suites.without_messages_in_headers(kernel.stdout))
    return parser.returncode


def difference(results):
    """Suites that did not run, and suites that have no source."""
    ran = {group["name"] for group in json.loads(results.read_text())["sub_groups"]}
    return ran ^ kunit_suites.expected()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", action="store_true", help="inject every failure")
    parser.add_argument("--json", type=pathlib.Path, required=True, help="where results go")
    args = parser.parse_args()
    if run_in(TREE, BUILD / "host", args.json, *(() if args.all else THINNED)):
        raise Refusal("kunit.py failed")
    if difference(args.json):
        raise Refusal(f"suites that did not run, or are in no source: {difference(args.json)}")


if __name__ == "__main__":
    with base.errors_in_words():
        main()
