# SPDX-License-Identifier: GPL-2.0-only
"""Edits of the base's files: PATH.patch, or PATH@TOPIC.patch for each topic.

Patches of one file are applied in the order of the series.  An edit of the patched file belongs to
the topic whose lines it changes or touches.
"""
import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile

from overlay.series import lists
from overlay.tree import linux
from overlay.tree.base import BASE, Refusal
from overlay.tree.linux import File, TOP

TOPIC = re.compile(r"(.+)@([a-z0-9-]+)")
HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.M)
LINE = re.compile(rb"[^\n]*\n|[^\n]+")


def split(patch):
    """PATH and TOPIC of a patch; the topic may be empty."""
    name = patch.removesuffix(".patch")
    with_topic = TOPIC.fullmatch(name)
    return with_topic.groups() if with_topic else (name, "")


def name_of(path, topic):
    return f"{path}@{topic}.patch" if topic else f"{path}.patch"


def by_file(patches):
    """{path: its patches, in the order of the series}"""
    found = {}
    for patch in sorted(patches, key=lists.order(patches)):
        found.setdefault(split(patch)[0], []).append(patch)
    return found


def apply(patch, scratch):
    # Without this, git apply ignores files outside of the repository that contains scratch.
    applied = subprocess.run(["git", "apply", "--whitespace=nowarn", str(TOP / patch)],
                             cwd=scratch, check=False, capture_output=True, text=True,
                             env={**os.environ, "GIT_CEILING_DIRECTORIES": scratch})
    if applied.returncode:
        raise Refusal(f"{patch} does not apply to the base:\n{applied.stderr.rstrip()}\n"
                      "edit the patch, or give the base that it was made for with KSRC=")


def versions(patches):
    """{path: [(patch, File after the patch), ...]}, beginning with (None, File of the base)."""
    stacks = by_file(patches)
    based = linux.base_entries(set(stacks))
    for path, stack in stacks.items():
        if path not in based:
            raise Refusal(f"{stack[0]}: the base has no file {path}")
    made = {}
    with tempfile.TemporaryDirectory() as scratch:
        for path, stack in stacks.items():
            made[path] = [(None, linux.file_of(BASE, path))]
            place = pathlib.Path(scratch) / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(made[path][0][1].contents)
            for patch in stack:
                apply(patch, scratch)
                made[path].append((patch, File(place.read_bytes(), made[path][0][1].executable)))
    return made


def diff(old, new, *options, path="file"):
    """git's diff of two contents at a path, which determines the language."""
    trees = []
    for contents in (old, new):
        index = linux.Index()
        index.put({path: File(contents)})
        trees.append(index.tree())
    return linux.git_tree("diff-tree", "-p", "--src-prefix=a/", "--dst-prefix=b/", *options, *trees,
                          text=False)


def text_of(path, old, new):
    """A patch without data that depends on git's objects."""
    return b"".join(line for line in LINE.findall(diff(old, new, path=path))
                    if not line.startswith((b"diff --git ", b"index ")))


@dataclasses.dataclass(eq=False)
class Line:
    """A line, and numbers of the patches that add and remove it; 0 is the base."""
    text: bytes
    born: int
    died: int | None = None

    def is_in(self, version):
        return self.born <= version and (self.died is None or self.died > version)

    def touched_by(self):
        return {self.born, self.died} - {0, None}


def hunks(old, new):
    """Hunks, last one first: (start, end) of the old lines, (start, end) of the new lines."""
    found = []
    for hunk in HUNK.finditer(diff(old, new, "-U0")):
        spans = []
        for start, length in (hunk.group(1, 2), hunk.group(3, 4)):
            length = 1 if length is None else int(length)
            first = int(start) - (length > 0)
            spans.append((first, first + length))
        found.append(spans)
    return reversed(found)


class Weave:
    """All versions of a file in a single list of lines."""

    def __init__(self, path, stack):
        self.path = path
        self.topics = [split(patch)[1] if patch else None for patch, _ in stack]
        self.lines = [Line(text, 0) for text in LINE.findall(stack[0][1].contents)]
        self.last = 0
        for number, (_, file) in enumerate(stack[1:], 1):
            self.last = number
            self.become(file.contents, lambda *_, number=number: number)

    def version(self, number):
        return b"".join(line.text for line in self.lines if line.is_in(number))

    def become(self, contents, owner):
        """Adds a new last version; owner() returns the patch to which a hunk belongs."""
        new = LINE.findall(contents)
        for (start, end), (new_start, new_end) in hunks(self.version(self.last), contents):
            visible = [line for line in self.lines if line.is_in(self.last)]
            number = owner(visible, start, end)
            place = self.lines.index(visible[end - 1]) + 1 if end else 0
            self.lines[place:place] = [Line(text, number) for text in new[new_start:new_end]]
            for line in visible[start:end]:
                self.remove(line, number)

    def remove(self, line, number):
        if line.born == number:
            self.lines.remove(line)
        elif line.born < number:
            line.died = number
        else:
            raise Refusal(f"{self.path}: {self.topics[number]} cannot remove a line that "
                          f"{self.topics[line.born]} adds later: {line.text.decode().strip()}")

    def owner(self, visible, start, end):
        """The patch to which a hunk belongs: it adds lines that change, or adjacent lines."""
        if self.last == 1:
            return 1
        added = {line.born for line in visible[start:end]} - {0}
        if not added:
            first = self.lines.index(visible[start - 1]) if start else 0
            last = self.lines.index(visible[end]) if end < len(visible) else len(self.lines)
            added = set().union(*(line.touched_by() for line in self.lines[first:last + 1]))
        if len(added) != 1:
            raise Refusal(f"build/linux/{self.path}: which of its patches does the edit at line "
                          f"{start + 1} belong to?  make refresh TOPIC=... says it, of "
                          f"{', '.join(filter(None, self.topics))}, or a new one")
        return added.pop()


def written_back(path, stack, edited, topic):
    """Changes of a file's patches: {patch: text, or None if it is not needed any more}."""
    names = [patch for patch, _ in stack]
    if topic or len(stack) == 1:
        chosen = name_of(path, topic)
        if chosen not in names:
            names.append(chosen)
            stack = [*stack, (chosen, stack[-1][1])]
    weave = Weave(path, stack)
    weave.become(edited, (lambda *_: names.index(chosen)) if topic else weave.owner)
    made = [weave.version(number) for number in range(len(stack))]
    old = [file.contents for _, file in stack]
    return {names[number]: text_of(path, made[number - 1], made[number]) or None
            for number in range(1, len(stack))
            if made[number - 1:number + 1] != old[number - 1:number + 1]}
