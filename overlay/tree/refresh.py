# SPDX-License-Identifier: GPL-2.0-only
"""Write edits of build/linux back into the overlay.

A new file is copied.  An edit of the base's file goes into its patch; if it has several, into the
one whose lines it changes or touches, or the one that --topic names.  What changed on both sides
since make tree is merged.  Nothing is written before all of it is known to work.
"""
import argparse
import pathlib
import subprocess
import tempfile

from overlay.tree import assemble, base, hooks, linux
from overlay.tree.base import BASE, Refusal, say
from overlay.tree.linux import LAID, TOP, File


def merged(path, here, before, wanted):
    """Both edits of what was laid before."""
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
    """What a file that was edited becomes on both sides; None if neither has it."""
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
    """What has to be written, for files of build/linux: {path in the overlay: File or None}."""
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
    """Write edits of build/linux back."""
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
