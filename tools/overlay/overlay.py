#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Assemble a kernel tree from a Linux 6.1 base and this overlay, and back.

The overlay's rule: NAME.patch is an edit to the kernel's own file NAME, any
other file is new and is laid at the same path.
"""
import argparse
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
TREE = BUILD / "linux"
STATE = BUILD / "linux.state.json"
DEBIAN_TARBALL = pathlib.Path("/usr/src/linux-source-6.1.tar.xz")
WANTED = ("6", "1")

# What in the repository is not part of the kernel tree.
NOT_OVERLAY = ("README.md", "Makefile", ".gitignore", ".ci/", "series/", "tools/overlay/")


class Refusal(Exception):
    """Something that a person has to decide; the message says what."""


def run(*args, cwd=None, text=True, **kwargs):
    return subprocess.run(args, cwd=cwd, check=True, text=text,
                          stdout=subprocess.PIPE, **kwargs).stdout


def git_tree(*args, **kwargs):
    return run("git", *args, cwd=TREE, **kwargs)


def say(text):
    print(text, flush=True)


def sha(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def overlay_files():
    """Paths of the overlay, relative to the top: (new files, patches)."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=TOP).split("\0")
    paths = [p for p in sorted(set(listed))
             if p and not p.startswith(NOT_OVERLAY) and (TOP / p).is_file()]
    return ([p for p in paths if not p.endswith(".patch")],
            [p for p in paths if p.endswith(".patch")])


def makefile_version(text):
    fields = dict(line.split(" = ", 1) for line in text.splitlines()[:6] if " = " in line)
    return fields.get("VERSION"), fields.get("PATCHLEVEL"), fields.get("SUBLEVEL")


def check_version(makefile, base):
    if not makefile.is_file():
        raise Refusal(f"{base}: no Makefile, so this is no kernel tree; "
                      "KSRC= takes a directory or git tree of Linux 6.1.y")
    version = makefile_version(makefile.read_text())
    if version[:2] != WANTED:
        raise Refusal(f"{base} is Linux {'.'.join(str(v) for v in version)}, not 6.1.y; "
                      "give another base with KSRC=, or none to use Debian's linux-source-6.1")
    return ".".join(version)


def unpack_base(ksrc, to):
    """Copy the pristine base; an interrupted run leaves nothing behind."""
    if not ksrc:
        if not DEBIAN_TARBALL.is_file():
            raise Refusal(f"{DEBIAN_TARBALL} is missing: apt-get install linux-source-6.1, "
                          "or give a base with KSRC=")
        say(f"unpacking {DEBIAN_TARBALL}")
        run("tar", "-xf", str(DEBIAN_TARBALL), "--strip-components=1", "-C", str(to))
    elif (ksrc / ".git").exists():
        say(f"exporting {ksrc} at HEAD")
        with subprocess.Popen(["git", "archive", "HEAD"], cwd=ksrc,
                              stdout=subprocess.PIPE) as archive:
            run("tar", "-x", "-C", str(to), stdin=archive.stdout)
        if archive.returncode:
            raise Refusal(f"{ksrc}: git archive failed")
    elif ksrc.is_dir():
        say(f"copying {ksrc}")
        run("cp", "-a", f"{ksrc}/.", str(to))
    else:
        raise Refusal(f"KSRC={ksrc} does not exist")
    return check_version(to / "Makefile", ksrc or DEBIAN_TARBALL)


def commit_base(tree, version):
    """The first commit is the base, so that git diff there shows the edits."""
    say(f"committing Linux {version} as the base of {TREE.relative_to(TOP)}")
    run("git", "init", "-q", "-b", "tdx", cwd=tree)
    # One uncompressed pack instead of 80,000 small files.
    run("git", "-c", "core.bigFileThreshold=1", "-c", "core.compression=0",
        "-c", "core.fsync=none", "add", "-A", "-f", cwd=tree)
    run("git", "-c", "user.name=base", "-c", "user.email=base@localhost",
        "-c", "gc.auto=0", "commit", "-q", "-m", f"Linux {version}", cwd=tree)


def new_tree(ksrc):
    temporary = BUILD / "linux.new"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        commit_base(temporary, unpack_base(ksrc, temporary))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    temporary.rename(TREE)
    return {"base": str(ksrc or DEBIAN_TARBALL), "links": [], "patches": {}}


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
        if link.exists() and not link.is_symlink():
            raise Refusal(f"{path}: the base has a file of that name; an edit of it has to be "
                          f"{path}.patch")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(TOP / path)
    state["links"] = new_files


def base_text(path):
    shown = subprocess.run(["git", "show", f"HEAD:{path}"], cwd=TREE, check=False,
                           capture_output=True)
    if shown.returncode:
        raise Refusal(f"{path}.patch: the base has no file {path}")
    return shown.stdout


def apply_patch(patch):
    """Base plus patch, or nothing: the file changes only when the patch fits."""
    path = patch.removesuffix(".patch")
    target = TREE / path
    before = target.read_bytes()
    target.write_bytes(base_text(path))
    applied = subprocess.run(["git", "apply", "--whitespace=nowarn", str(TOP / patch)],
                             cwd=TREE, check=False, capture_output=True, text=True)
    if applied.returncode:
        target.write_bytes(before)
        raise Refusal(f"{patch} does not apply to the base:\n{applied.stderr.rstrip()}\n"
                      "edit the patch, or give the base that it was made for with KSRC=")


def restore_base(path):
    (TREE / path).write_bytes(base_text(path))


def apply_patches(state, patches):
    for path, known in list(state["patches"].items()):
        if f"{path}.patch" not in patches:
            if sha(TREE / path) != known["applied"]:
                raise Refusal(f"{path}.patch is gone, but {TREE.relative_to(TOP)}/{path} has "
                              "edits: make refresh keeps them, git checkout there drops them")
            restore_base(path)
            del state["patches"][path]
            say(f"  reverted {path}")
    for patch in patches:
        path = patch.removesuffix(".patch")
        known = state["patches"].get(path)
        wanted = sha(TOP / patch)
        if known and known["patch"] == wanted:
            continue
        expected = known["applied"] if known else hashlib.sha256(base_text(path)).hexdigest()
        if sha(TREE / path) != expected:
            raise Refusal(f"{patch} changed, and so did {TREE.relative_to(TOP)}/{path}: "
                          "make refresh keeps the edit, git checkout there drops it")
        apply_patch(patch)
        state["patches"][path] = {"patch": wanted, "applied": sha(TREE / path)}
        say(f"  patched {path}")


def assemble(ksrc):
    """Make or update build/linux."""
    state = load_state() if TREE.is_dir() else None
    if state and ksrc and state["base"] != str(ksrc):
        raise Refusal(f"build/linux was made from {state['base']}; make clean first to use {ksrc}")
    if not state:
        if TREE.is_dir():
            raise Refusal("build/linux is there, but not what it was made from; make clean first")
        state = new_tree(ksrc)
        save_state(state)
    new_files, patches = overlay_files()
    try:
        link_new_files(state, new_files)
        apply_patches(state, patches)
    finally:
        save_state(state)


def tree_diff(path):
    """A patch with nothing in it that depends on git's objects."""
    diff = git_tree("diff", "--no-color", "--no-ext-diff", "HEAD", "--", path)
    return "".join(line for line in diff.splitlines(keepends=True)
                   if not line.startswith(("diff --git ", "index ")))


def adopt_new_files(state):
    untracked = git_tree("ls-files", "-o", "--exclude-standard", "-z").split("\0")
    for path in filter(None, untracked):
        if (TREE / path).is_symlink():
            continue
        if (TOP / path).exists():
            raise Refusal(f"build/linux/{path} and {path} are both there and differ: keep one")
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
    for path in changed:
        patch = TOP / f"{path}.patch"
        text = tree_diff(path)
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    tree = commands.add_parser("tree", help="make or update build/linux")
    tree.add_argument("--ksrc", type=pathlib.Path, default=None,
                      help="a directory or git tree of Linux 6.1.y "
                           "(default: Debian's linux-source-6.1)")
    commands.add_parser("refresh", help="write edits of build/linux back into *.patch")
    args = parser.parse_args()
    try:
        if args.command == "tree":
            assemble(args.ksrc.resolve() if args.ksrc else None)
        else:
            refresh()
    except Refusal as refusal:
        sys.exit(f"error: {refusal}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(error.cmd)} failed with status {error.returncode}")


if __name__ == "__main__":
    main()
