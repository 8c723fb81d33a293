# SPDX-License-Identifier: GPL-2.0-only
"""Upgrade a build/linux of an earlier version: one commit, links to new files, and a state file.

It is converted without being unpacked and built again, unless it has edits.
"""
import hashlib
import json

from overlay.tree import linux
from overlay.tree.base import BASE, Refusal, say
from overlay.tree.linux import BUILD, TREE, git_tree

STATE = BUILD / "linux.state.json"


def refuse_edits(state):
    """Refuses edits, because they would be lost."""
    applied = {path: known["applied"] for path, known in state["patches"].items()}
    changed = git_tree("diff", "--name-only", "-z", "HEAD").split("\0")
    new = git_tree("ls-files", "--others", "-z", *linux.EXCLUDED).split("\0")
    edits = [path for path in filter(None, changed) if not (TREE / path).is_file() or
             hashlib.sha256((TREE / path).read_bytes()).hexdigest() != applied.get(path)]
    edits += [path for path in filter(None, new) if not (TREE / path).is_symlink()]
    if edits:
        raise Refusal(f"{linux.described(edits)}.  It was made by an earlier make tree and cannot "
                      "be upgraded with them: keep them elsewhere, then make clean")


def upgrade():
    """Commits the files of the overlay, and removes the links."""
    state = json.loads(STATE.read_text())
    refuse_edits(state)
    version = git_tree("log", "-1", "--format=%s").strip()
    base = git_tree("-c", "user.name=base", "-c", "user.email=base@localhost", "commit-tree",
                    "HEAD^{tree}", "-m", f"{version}\n\n{state['base']}").strip()
    for path in state["links"]:
        if (TREE / path).is_symlink():
            (TREE / path).unlink()
    git_tree("update-ref", f"refs/heads/{BASE}", base)
    linux.commit(BASE, {path: linux.read(path) for path in state["patches"]})
    STATE.unlink()
    say("upgraded build/linux, which has two commits now")
