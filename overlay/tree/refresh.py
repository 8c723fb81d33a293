# SPDX-License-Identifier: GPL-2.0-only
"""Write edits of build/linux back into the overlay.

New files are copied.  An edit of a base's file is written to its patch; if it has several patches,
to the one whose lines are changed or touched, or to the topic of --topic.  Edits on both sides
since make tree are merged.  Nothing is written unless all edits can be.
"""
import argparse
import pathlib
import subprocess
import tempfile

from overlay.tree import assemble, base, hooks, linux
from overlay.tree.base import BASE, Refusal, say
from overlay.tree.linux import LAID, TOP, File


def merged(path, here, before, wanted):
    """Merges the edits of both sides."""
    with tempfile.TemporaryDirectory() as scratch:
        places = [pathlib.Path(scratch) / name for name in ("edited", "laid", "overlay")]
        for place, file in zip(places, (here, before, wanted)):
            place.write_bytes(file.contents)
        done = subprocess.run(["git", "merge-file", "--quiet", "--stdout", *places], check=False,
                              stdout=subprocess.PIPE)
    if done.returncode:
        raise Refusal(f"{path} and build/linux/{path} were both edited, in the same lines: "
                      "undo one of them")
    changed = here if here.executable != before.executable else wanted
    return File(done.stdout, changed.executable)


def result(path, wanted):
    """The file after merging the edits of both sides; None if it was removed."""
    here, before = linux.read(path), linux.file_of(LAID, path)
    if wanted == before or wanted == here:
        after = here
    elif here and before and wanted:
        after = merged(path, here, before, wanted)
    else:
        raise Refusal(f"{path}: the overlay and build/linux do not agree whether it is there: "
                      "undo one of them")
    if not after and wanted:
        raise Refusal(f"build/linux lacks {path}: git checkout it there, or remove it in the "
                      "overlay")
    return after


def refuse_what_no_patch_says(path, file, original):
    if file.executable != original.executable or b"\0" in file.contents:
        raise Refusal(f"build/linux/{path} has another mode or is not text any more: "
                      "a patch cannot say that")


def overlay_changes(files, topic):
    """Files of the overlay to write, for files of build/linux: {path: File or None}."""
    versions = hooks.versions(assemble.overlay_files()[1])
    changes = {}
    for path in files:
        original = linux.file_of(BASE, path)
        if not original:
            changes[path] = files[path]
            continue
        refuse_what_no_patch_says(path, files[path], original)
        patches = hooks.written_back(path, versions.get(path, [(None, original)]),
                                     files[path].contents, topic)
        changes |= {patch: text and File(text) for patch, text in patches.items()}
    return changes


def refresh(topic=""):
    """Writes edits of build/linux back."""
    linux.check()
    wanted = assemble.wanted()
    results = {path: result(path, wanted.get(path) or linux.file_of(BASE, path))
               for path in linux.edited()}
    files = {path: file for path, file in results.items() if file}
    changes = overlay_changes(files, topic)
    for path, file in changes.items():
        if linux.write(path, file, TOP):
            say(f"  {'wrote' if file else 'removed'} {path}")
    for path, file in files.items():
        linux.write(path, file)
    assemble.assemble()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topic", default="", help="PATH@TOPIC.patch gets the edits")
    args = parser.parse_args()
    if args.topic and not hooks.TOPIC.fullmatch(f"file@{args.topic}"):
        raise Refusal(f"TOPIC={args.topic}: small letters, digits and hyphens")
    with linux.alone():
        refresh(args.topic)


if __name__ == "__main__":
    with base.errors_in_words():
        main()
