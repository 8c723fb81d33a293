# SPDX-License-Identifier: GPL-2.0-only
"""Make or update build/linux: a Linux 6.1 base, and this overlay on it.

NAME.patch and NAME@TOPIC.patch modify the kernel's file NAME. Any other overlay file is a new file
with the same path in the kernel tree.
"""
import argparse
import pathlib
import shutil

from overlay.tree import base, hooks, linux, upgrade
from overlay.tree.base import BASE, Refusal, run, say
from overlay.tree.linux import BUILD, LAID, TOP, TREE

# Files of the repository that are not part of the kernel tree.
NOT_OVERLAY = ("README.md", "Makefile", ".checkpatch.conf", ".gitignore", ".ci/", "overlay/")


def overlay_files():
    """Paths of the overlay, relative to the top: (new files, patches)."""
    listed = run("git", "ls-files", "-co", "--exclude-standard", "-z", cwd=TOP).split("\0")
    paths = [p for p in sorted(set(listed))
             if p and not p.startswith(NOT_OVERLAY) and (TOP / p).is_file()]
    return ([p for p in paths if not p.endswith(".patch")],
            [p for p in paths if p.endswith(".patch")])


def wanted():
    """{path: File} of all files that the overlay adds to the base or modifies."""
    new_files, patches = overlay_files()
    for path in linux.base_entries(set(new_files)):
        raise Refusal(f"{path}: the base has a file of that name; an edit of it has to be "
                      f"{path}.patch")
    files = {path: linux.read(path, TOP) for path in new_files}
    return files | {path: made[-1][1] for path, made in hooks.versions(patches).items()}


def difference(laid):
    """{path: File, or None if removed} of files that differ from what was laid."""
    files = wanted()
    for path in linux.base_entries(laid.keys() - files.keys()):
        files[path] = linux.file_of(BASE, path)
    return {path: files.get(path) for path in sorted(laid.keys() | files.keys())
            if path not in files or files[path].entry != laid.get(path)}


def refuse_conflicts(laid, changed):
    """Refuses to overwrite a file of the work tree that was edited."""
    known = linux.base_entries(set(changed)) | laid
    for path, file in changed.items():
        here = linux.read(path)
        if here != file and (here and here.entry) != known.get(path):
            raise Refusal(f"{path} changed in the overlay, and so did build/linux/{path}: "
                          "make refresh merges them, git checkout there drops the edit")


def lay(start):
    """Updates the work tree from the base, or from the last update, to the current overlay."""
    laid = linux.laid_entries() if start == LAID else {}
    changed = difference(laid)
    refuse_conflicts(laid, changed)
    for path, file in changed.items():
        if linux.write(path, file) and start == LAID:
            say(f"  {'laid' if file else 'removed'} {path}")
    if changed or start == BASE:
        linux.commit(start, changed)


def new_tree(ksrc):
    """Make the base into build/linux if the overlay fits on it."""
    temporary = BUILD / "linux.new"
    for directory in (temporary, TREE):
        shutil.rmtree(directory, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        version = base.unpack_base(ksrc, temporary, linux.PACKAGES)
        base.commit_base(temporary, version, origin(ksrc))
        temporary.rename(TREE)
        lay(BASE)
    except BaseException:
        for directory in (temporary, TREE):
            shutil.rmtree(directory, ignore_errors=True)
        raise


def origin(ksrc):
    return str(ksrc or base.PACKAGE)


def assemble(ksrc=None):
    """Make or update build/linux."""
    if not TREE.is_dir():
        new_tree(ksrc)
        return
    if upgrade.STATE.is_file():
        upgrade.upgrade()
    linux.check()
    made_from = linux.git_tree("log", "-1", "--format=%b", BASE).strip()
    if ksrc and made_from != origin(ksrc):
        raise Refusal(f"build/linux was made from {made_from}; make clean first to use {ksrc}")
    lay(LAID)
    edits = linux.edited()
    if edits:
        say(f"warning: {linux.described(edits)}: make refresh writes them back")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ksrc", type=pathlib.Path, default=None,
                        help="a directory or git tree of Linux 6.1.y "
                             f"(default: Debian's {base.PACKAGE})")
    args = parser.parse_args()
    with linux.alone():
        assemble(args.ksrc.resolve() if args.ksrc else None)


if __name__ == "__main__":
    with base.errors_in_words():
        main()
