#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the userspace tests notice when a line of the geometry is wrong?

Changes one line at a time in a copy of the tdmr*.c files, builds the tests of the geometry
with it and runs them.  A change that all tests survive is an error unless ACCEPTED says why
it may.  What does not compile is not counted.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import queue
import random
import re
import shutil
import subprocess
import sys
import tempfile

UNIT = pathlib.Path(__file__).resolve().parent
TOP = UNIT.parents[3]
TDX = TOP / "arch/x86/virt/vmx/tdx"
FILES = ["tdmr.c", "tdmr_cover.c", "tdmr_place.c", "tdmr_queue.c", "tdmr_ram.c", "tdmr_reserved.c",
         "tdmr_split.c"]
TESTS = ["tdmr_queue_test", "tdmr_exact_test", "tdmr_scarce_test", "tdmr_random_test"]

# Seconds that a test program may take.
TIMEOUT = 60

# What to look for, and what to put there.
CHANGES = [
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" == ", " != "), (r" != ", " == "), (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ 1\b", ""), (r" - 1\b", ""), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\bALIGN\(", "ALIGN_DOWN("), (r"\bALIGN_DOWN\(", "ALIGN("), (r" \+ (?!1\b)", " - "),
    (r" - (?!1\b)", " + "), (r"\+\+", "--"), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\breturn (?!true|false|NULL)(\w+);", "return 0;"), (r"DIV_ROUND_UP\((.*?), (\w+)\)", r"(\1) / \2"),
]

# Survivors: the changed line, and why its behaviour cannot be told from the right one's.
FULLEST = "the last entry is used only if every range and every hole makes a piece"
UNUSED = "one more turn works on room behind the pieces that nobody looks at"
HIGHER = "a search that begins with a higher bound ends with the same"
ACCEPTED = {
    "return (max_pieces(map)) * each;": FULLEST,
    "unsigned int max = max_pieces(cover->layout->map);": FULLEST,
    "for (i = 0; i <= cover->nr; i++, piece++)": UNUSED,
    "for (last = 0; last <= cover->nr; last++) {": UNUSED,
    "for (i = 1; i <= cover->nr; i++)": "the cost of all pieces is computed before it is read",
    "for (i = 1; i <= cover->layout->map->limits.max_tdmrs && best.cost >= 0; i++) {":
        "goes on when nothing better can come",
    "u64 high = (cover->pieces[cover->nr].end - cover->pieces[0].base) / TDMR_BLOCK;": HIGHER,
    "u64 high = (cover->pieces[cover->nr - 1].end + cover->pieces[0].base) / TDMR_BLOCK;": HIGHER,
    "if (failure.error != TDMR_OK && !cover.nr)": "the failure is returned all the same",
    "if (i == map->nr_ram || map->ram[i].base > to)": "finds an empty segment, which nothing fits",
    "return &cover->begins[(nr_tdmrs - 1) * (cover->nr)];":
        "rows share an entry: the first one of a row, for no pieces, which is never read",
}


def code_lines(text):
    """Numbers and contents of lines inside functions."""
    inside = comment = False
    for number, line in enumerate(text.splitlines()):
        comment = comment or line.lstrip().startswith("/*")
        if not comment and inside and line.startswith("\t"):
            yield number, line
        if "*/" in line:
            comment = False
        if line.startswith("{"):
            inside = True
        elif line.startswith("}"):
            inside = False


def mutations():
    """File, line number, right line, wrong line."""
    for name in FILES:
        for number, line in code_lines((TDX / name).read_text()):
            for pattern, replacement in CHANGES:
                for match in re.finditer(pattern, line):
                    wrong = line[:match.start()] + match.expand(replacement) + line[match.end():]
                    if wrong != line:
                        yield name, number, line, wrong


def passes(program, maps):
    """Does a test program pass?  One that hangs does not, nor does its child go on."""
    with subprocess.Popen([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "NR_MAPS": str(maps)},
                          start_new_session=True) as process:
        try:
            return process.wait(timeout=TIMEOUT) == 0
        except subprocess.TimeoutExpired:
            # Its child has a process group of its own, but no session.
            subprocess.run(["pkill", "-KILL", "--session", str(process.pid)], check=False)
            return False


def build_and_test(directory, maps):
    """killed, survived or invalid"""
    unit = directory / "tools/testing/tdx/unit"
    built = subprocess.run(["make", "-s", "-C", unit, f"O={directory}/out",
                            f"KTREE={TOP}/build/linux",
                            *(f"{directory}/out/{test}" for test in TESTS)],
                           capture_output=True, check=False)
    if built.returncode:
        return "invalid"
    survived = all(passes(directory / "out" / test, maps) for test in TESTS)
    return "survived" if survived else "killed"


class Workshop:
    """Copies of the sources, with objects of the files that are not changed."""

    def __init__(self, root, number):
        self.directory = pathlib.Path(root) / str(number)
        for part in ("arch/x86/virt/vmx/tdx", "tools/testing/tdx/include", "tools/testing/tdx/unit"):
            shutil.copytree(TOP / part, self.directory / part)

    def try_one(self, mutation, maps):
        name, number, _, wrong = mutation
        path = self.directory / "arch/x86/virt/vmx/tdx" / name
        right = path.read_text()
        lines = right.splitlines()
        lines[number] = wrong
        path.write_text("\n".join(lines) + "\n")
        outcome = build_and_test(self.directory, maps)
        path.write_text(right)
        return outcome


def describe(mutation):
    name, number, line, wrong = mutation
    return f"{name}:{number + 1}: {line.strip()}\n{'':>10}-> {wrong.strip()}"


def run(todo, jobs, maps):
    """Each mutation with its outcome, as they become known."""
    with tempfile.TemporaryDirectory() as root, \
            concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        idle = queue.Queue()
        for number in range(jobs):
            idle.put(Workshop(root, number))

        def work(mutation):
            workshop = idle.get()
            try:
                return mutation, workshop.try_one(mutation, maps)
            finally:
                idle.put(workshop)

        yield from pool.map(work, todo)


def show_survivor(mutation):
    """Print it; is there a reason?"""
    reason = ACCEPTED.get(mutation[3].strip())
    print(f"{'accepted' if reason else 'SURVIVED'}: {describe(mutation)}", flush=True)
    if reason:
        print(f"{'':>10}{reason}")
    return bool(reason)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, help="only so many, spread over all (default: all)")
    parser.add_argument("--files", nargs="*", default=FILES, help="only these files")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--maps", type=int, default=4000, help="random maps for each (4000)")
    args = parser.parse_args()
    todo = [mutation for mutation in mutations() if mutation[0] in args.files]
    if args.number:
        todo = random.Random(1).sample(todo, min(args.number, len(todo)))

    nothing = (FILES[0], 0, "", (TDX / FILES[0]).read_text().splitlines()[0])
    (_, outcome), *_ = run([nothing], 1, args.maps)
    if outcome != "survived":
        sys.exit("the tests fail without any change")

    counts = collections.Counter()
    for mutation, outcome in run(todo, args.jobs, args.maps):
        if outcome == "survived" and show_survivor(mutation):
            outcome = "accepted"
        counts[outcome] += 1
    print(f"{counts['killed']} killed, {counts['accepted']} accepted, "
          f"{counts['survived']} survived, {counts['invalid']} do not compile")
    sys.exit(1 if counts["survived"] else 0)


if __name__ == "__main__":
    main()
