#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Do the userspace tests notice when a line of the geometry is wrong?

Changes one line at a time in a copy of the files in tdmr/, builds the tests of the geometry
with it and runs them.  A change that all tests survive is an error unless ACCEPTED says why
it may.  What does not compile is not counted.
"""
import argparse
import concurrent.futures
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile

import mutants

UNIT = pathlib.Path(__file__).resolve().parent
TOP = UNIT.parents[3]
FILES = sorted(path.name for path in (TOP / mutants.GEOMETRY).glob("*.c"))
TESTS = ["tdmr_parts_test", "tdmr_queue_test", "tdmr_exact_test", "tdmr_scarce_test",
         "tdmr_random_test"]

# Seconds that a test program may take, and CPU time of each of its tests: five times what the
# longest takes.
TIMEOUT, CPU_TIME = 60, 10

# Survivors: file, the changed line, and why its behaviour cannot be told from the right one's.
FULLEST = "the last entry is used only if every range and every hole makes a piece"
UNUSED = "one more turn works on room behind the pieces that is not used"
IN_ONE = "finds more segments, which are in one TDMR and were refused before"
HIGHER = "a search that begins with a higher bound ends with the same"
ACCEPTED = {
    "cover.c": {
        "return (max_pieces(map)) * each;": FULLEST,
        "unsigned int max = max_pieces(cover->layout->map);": FULLEST,
        "for (i = 0; i <= cover->nr; i++, piece++)": UNUSED,
        "for (last = 0; last <= cover->nr; last++) {": UNUSED,
        "for (i = 1; i <= cover->nr; i++)": "the cost of all pieces is computed before it is read",
        "for (i = 1; i <= cover->layout->map->limits.max_tdmrs && best.cost >= 0; i++) {":
            "goes on when nothing better can come",
        "while (first <= last && !expressible(cover, first, last))":
            "a single block is expressible, or there is no layout",
        "u64 high = (cover->pieces[cover->nr].end - cover->pieces[0].base) / TDMR_BLOCK;": HIGHER,
        "u64 high = (cover->pieces[cover->nr - 1].end + cover->pieces[0].base) / TDMR_BLOCK;":
            HIGHER,
        "if (failure.error != TDMR_OK && !cover.nr)": "the failure is returned all the same",
        "return &cover->begins[(nr_tdmrs - 1) * (cover->nr)];":
            "rows share an entry: the first one of a row, for no pieces, which is never read",
    },
    "place.c": {
        "if (i == map->nr_ram || map->ram[i].base > to)":
            "finds an empty segment, which nothing fits",
        "for (; next_segment(p->layout, from, to, &segment) && segment.start <= first->end;":
            IN_ONE,
        "u64 from = max(first->end - max(first->end, bytes), first->base);": IN_ONE,
        "u64 from = min(first->end - min(first->end, bytes), first->base);": IN_ONE,
    },
    "queue.c": {
        "return bytes_left(a) >= bytes_left(b);": "they differ",
        "return a->calls <= b->calls;": "of two that are alike either may come first",
    },
    "reserved.c": {
        "if (span->start > end)": "what begins at the end is cut to nothing",
        "while (++span < behind && span->start <= end &&":
            "what is left up to the end has no RAM then, and may be reserved as well",
    },
    "ram.c": {
        "for (; ram < &map->ram[map->nr_ram] && ram->base <= end; ram++) {":
            "a range that begins at the end has no bytes before it",
    },
    "split.c": {
        "(nr_blocks(tdmr)) / parts * TDMR_BLOCK);": "the same parts in another order",
    },
}


def all_mutations():
    return [mutation for name in FILES for mutation in mutants.changed(
        name, dict(mutants.code_lines((TOP / mutants.GEOMETRY / name).read_text())), mutants.CHANGES)]


def passes(program, maps):
    """Does a test program pass?  One that hangs does not, nor does its child go on."""
    with subprocess.Popen(["prlimit", f"--cpu={CPU_TIME}", program],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          env={**os.environ, "NR_MAPS": str(maps)},
                          start_new_session=True) as process:
        try:
            return process.wait(timeout=TIMEOUT) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            # A child has a process group of its own, but no session.  One killed before its
            # parent may have a successor.
            for _ in range(2):
                subprocess.run(["pkill", "-KILL", "--session", str(process.pid)], check=False)


def build_and_test(directory, maps):
    """killed, survived or invalid; a program is built when those before it have passed"""
    unit, out = directory / "tools/testing/tdx/unit", directory / "out"
    for test in TESTS:
        built = subprocess.run(["make", "-s", "-C", unit, f"O={out}", f"KTREE={TOP}/build/linux",
                                out / test], capture_output=True, check=False)
        if built.returncode:
            return "invalid"
        if not passes(out / test, maps):
            return "killed"
    return "survived"


class Workshop:
    """Copies of the sources, with objects of the files that are not changed."""

    def __init__(self, root, number):
        self.directory = pathlib.Path(root) / str(number)
        for part in ("arch/x86/virt/vmx/tdx", "tools/testing/tdx/include", "tools/testing/tdx/unit"):
            shutil.copytree(TOP / part, self.directory / part)

    def try_one(self, mutation, maps):
        path = self.directory / mutants.GEOMETRY / mutation.file
        right = path.read_text()
        path.write_text(mutation.apply(right))
        outcome = build_and_test(self.directory, maps)
        path.write_text(right)
        return outcome


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


def nothing():
    name = FILES[0]
    line = (TOP / mutants.GEOMETRY / name).read_text().splitlines()[0]
    return mutants.Mutation(name, 0, line, line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, help="only so many, evenly over files (all)")
    parser.add_argument("--seed", type=int, default=1, help="decides which (1)")
    parser.add_argument("--files", nargs="*", default=FILES, help="only these files")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--maps", type=int, default=4000, help="random maps for each (4000)")
    args = parser.parse_args()
    todo = all_mutations()
    for wrong in mutants.unfounded(ACCEPTED, todo):
        sys.exit(f"ACCEPTED has what is no change of any line: {wrong}")
    todo = [mutation for mutation in mutants.in_turn(todo, args.seed)
            if mutation.file in args.files][:args.sample]

    (_, outcome), *_ = run([nothing()], 1, args.maps)
    if outcome != "survived":
        sys.exit("the tests fail without any change")

    tally = mutants.Tally(ACCEPTED)
    for mutation, outcome in run(todo, args.jobs, args.maps):
        if outcome != "invalid":
            tally.add(mutation, outcome == "survived")
    print(*tally.table(), sep="\n")
    sys.exit(tally.fault())


if __name__ == "__main__":
    main()
