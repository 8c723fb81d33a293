#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Assemble a kernel tree from a Linux 6.1 base and this overlay, and back.

The overlay's rule: NAME.patch is an edit to the kernel's own file NAME, any
other file is new and is laid at the same path.
"""
import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from overlay.tree import base
from overlay.tree.base import Refusal, run, say

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
TREE = BUILD / "linux"
# Packages of Debian's that no machine needs to have installed.
PACKAGES = BUILD / "packages"
STATE = BUILD / "linux.state.json"

# What in the repository is not part of the kernel tree.
NOT_OVERLAY = ("README.md", "Makefile", ".checkpatch.conf", ".gitignore", ".ci/", "overlay/")


def git_tree(*args, **kwargs):
    return run("git", *args, cwd=TREE, **kwargs)


def checksum(contents):
    return hashlib.sha256(contents).hexdigest()


def sha(path):
    return checksum(path.read_bytes()) if path.is_file() else None


def overlay_files():
    """Paths of the overlay, relative to the top: (new files, patches)."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=TOP).split("\0")
    paths = [p for p in sorted(set(listed))
             if p and not p.startswith(NOT_OVERLAY) and (TOP / p).is_file()]
    return ([p for p in paths if not p.endswith(".patch")],
            [p for p in paths if p.endswith(".patch")])


def refuse_conflicts(tree, new_files):
    """A new file becomes a link, so no file may stand in its place."""
    for path in new_files:
        if (tree / path).is_symlink() or not (tree / path).exists():
            continue
        if base.has(tree, path):
            raise Refusal(f"{path}: the base has a file of that name; an edit of it has to be "
                          f"{path}.patch")
        raise Refusal(f"build/linux/{path} is a file and no link to {path}; if an editor replaced "
                      f"the link, copy what you want to keep to {path} and delete it there")


def patched(tree, patch):
    """The base's file with its patch applied; the tree is left alone."""
    path = patch.removesuffix(".patch")
    if not base.has(tree, path):
        raise Refusal(f"{patch}: the base has no file {path}")
    with tempfile.TemporaryDirectory() as scratch:
        target = pathlib.Path(scratch) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base.text_of(tree, path))
        # git apply skips what is outside of the repository that it finds itself in.
        applied = subprocess.run(["git", "apply", "--whitespace=nowarn", str(TOP / patch)],
                                 cwd=scratch, check=False, capture_output=True, text=True,
                                 env={**os.environ, "GIT_CEILING_DIRECTORIES": scratch})
        if applied.returncode:
            raise Refusal(f"{patch} does not apply to the base:\n{applied.stderr.rstrip()}\n"
                          "edit the patch, or give the base that it was made for with KSRC=")
        return target.read_bytes()


def new_tree(ksrc, new_files, patches):
    """Make the base into build/linux if the overlay fits on it."""
    temporary = BUILD / "linux.new"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        base.commit_base(temporary, base.unpack_base(ksrc, temporary, PACKAGES))
        refuse_conflicts(temporary, new_files)
        for patch in patches:
            patched(temporary, patch)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    temporary.rename(TREE)
    return {"base": str(ksrc or base.PACKAGE), "links": [], "patches": {}}


def load_state():
    return json.loads(STATE.read_text()) if STATE.is_file() else None


def save_state(state):
    temporary = STATE.with_suffix(".new")
    temporary.write_text(json.dumps(state, indent=1))
    temporary.rename(STATE)


def link_new_files(state, new_files):
    for path in sorted(set(state["links"]) - set(new_files)):
        if (TREE / path).is_symlink():
            (TREE / path).unlink()
            say(f"  unlinked {path}")
    for path in new_files:
        link = TREE / path
        if link.is_symlink() and os.readlink(link) == str(TOP / path):
            continue
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(TOP / path)
    state["links"] = new_files


def plan_patches(state, patches):
    """What files of the base have to become: {path: (contents, checksum of the patch)}."""
    plan = {}
    for path, known in state["patches"].items():
        if f"{path}.patch" not in patches:
            if sha(TREE / path) != known["applied"]:
                raise Refusal(f"{path}.patch is gone, but {TREE.relative_to(TOP)}/{path} has "
                              "edits: make refresh keeps them, git checkout there drops them")
            plan[path] = (base.text_of(TREE, path), None)
    for patch in patches:
        path = patch.removesuffix(".patch")
        known = state["patches"].get(path)
        wanted = sha(TOP / patch)
        if known and known["patch"] == wanted:
            continue
        contents = patched(TREE, patch)
        expected = known["applied"] if known else checksum(base.text_of(TREE, path))
        if sha(TREE / path) not in (expected, checksum(contents)):
            raise Refusal(f"{patch} changed, and so did {TREE.relative_to(TOP)}/{path}: "
                          "make refresh keeps the edit, git checkout there drops it")
        plan[path] = (contents, wanted)
    return plan


def carry_out(state, plan):
    for path, (contents, patch) in plan.items():
        (TREE / path).write_bytes(contents)
        if patch:
            state["patches"][path] = {"patch": patch, "applied": checksum(contents)}
        else:
            del state["patches"][path]
        say(f"  {'patched' if patch else 'reverted'} {path}")


def assemble(ksrc):
    """Make or update build/linux."""
    state = load_state() if TREE.is_dir() else None
    if state and ksrc and state["base"] != str(ksrc):
        raise Refusal(f"build/linux was made from {state['base']}; make clean first to use {ksrc}")
    new_files, patches = overlay_files()
    if not state:
        if TREE.is_dir():
            raise Refusal("build/linux is there, but not what it was made from; make clean first")
        state = new_tree(ksrc, new_files, patches)
        save_state(state)
    refuse_conflicts(TREE, new_files)
    plan = plan_patches(state, patches)
    try:
        link_new_files(state, new_files)
        carry_out(state, plan)
    finally:
        save_state(state)


def tree_diff(path):
    """A patch with nothing in it that depends on git's objects."""
    diff = git_tree("diff", "--no-color", "--no-ext-diff", "HEAD", "--", path)
    if re.search(r"^(old mode|Binary files) ", diff, re.M):
        raise Refusal(f"build/linux/{path} has another mode or is not text any more: "
                      "a patch cannot say that")
    return "".join(line for line in diff.splitlines(keepends=True)
                   if not line.startswith(("diff --git ", "index ")))


def adopt_new_files(state):
    untracked = git_tree("ls-files", "-o", "--exclude-standard", "-z").split("\0")
    for path in filter(None, untracked):
        if (TREE / path).is_symlink():
            continue
        if (TOP / path).exists():
            refuse_conflicts(TREE, [path])
        (TOP / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(TREE / path, TOP / path)
        (TREE / path).symlink_to(TOP / path)
        state["links"].append(path)
        say(f"  new: {path}")


def refresh():
    """Write edits of build/linux back into *.patch."""
    state = load_state()
    if not state or not TREE.is_dir():
        raise Refusal("there is no build/linux: make tree")
    deleted = git_tree("diff", "--name-only", "--diff-filter=D", "HEAD").split()
    if deleted:
        raise Refusal(f"build/linux lacks {deleted[0]}; a patch cannot say that: "
                      "git checkout it there")
    for path, known in state["patches"].items():
        if sha(TOP / f"{path}.patch") != known["patch"] and sha(TREE / path) != known["applied"]:
            raise Refusal(f"{path}.patch and build/linux/{path} were both edited: "
                          "undo one of them")
    adopt_new_files(state)
    changed = git_tree("diff", "--name-only", "HEAD").split()
    for path, text in {path: tree_diff(path) for path in changed}.items():
        patch = TOP / f"{path}.patch"
        if not patch.is_file() or patch.read_text() != text:
            patch.parent.mkdir(parents=True, exist_ok=True)
            patch.write_text(text)
            say(f"  wrote {path}.patch")
        state["patches"][path] = {"patch": sha(patch), "applied": sha(TREE / path)}
    for path in [p for p in state["patches"] if p not in changed]:
        (TOP / f"{path}.patch").unlink(missing_ok=True)
        del state["patches"][path]
        say(f"  removed {path}.patch: nothing differs any more")
    save_state(state)


@contextlib.contextmanager
def alone():
    """Two makes at once take turns."""
    BUILD.mkdir(exist_ok=True)
    lock = os.open(BUILD, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    tree = commands.add_parser("tree", help="make or update build/linux")
    tree.add_argument("--ksrc", type=pathlib.Path, default=None,
                      help="a directory or git tree of Linux 6.1.y "
                           f"(default: Debian's {base.PACKAGE})")
    commands.add_parser("refresh", help="write edits of build/linux back into *.patch")
    args = parser.parse_args()
    with alone():
        if args.command == "tree":
            assemble(args.ksrc.resolve() if args.ksrc else None)
        else:
            refresh()


if __name__ == "__main__":
    with base.errors_in_words():
        main()
