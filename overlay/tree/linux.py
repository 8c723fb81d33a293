# SPDX-License-Identifier: GPL-2.0-only
"""build/linux: a base, the overlay on top of it, and edits of the user.

Its repository has two commits: the base, and on it all that the overlay adds.  So git diff there is
what was edited and not written back, and git grep and grep -r find every file.
"""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import subprocess
import tempfile
import typing

from overlay.tree.base import BASE, Refusal, run

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
TREE = BUILD / "linux"
# Packages of Debian's that no machine needs to have installed.
PACKAGES = BUILD / "packages"

# The branch that is checked out, and where make tree left it.
BRANCH = "overlay"
LAID = "refs/overlay/laid"
MESSAGE = "What the overlay adds\n\nmake tree lays it, make refresh writes edits back.\n"
IDENTITY = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "overlay"), ("EMAIL", "overlay@localhost"))}
# Untracked files that are no new files of the overlay.  Debian's .gitignore has everything.
EXCLUDED = [f"--exclude={pattern}" for pattern in (".*", "*~", "*.orig", "*.rej", "*.o", "*.pyc")]


class File(typing.NamedTuple):
    """A file's contents, and whether it is a program."""
    contents: bytes
    executable: bool = False

    @property
    def mode(self):
        return "100755" if self.executable else "100644"

    @property
    def blob(self):
        header = f"blob {len(self.contents)}\0".encode()
        return hashlib.sha1(header + self.contents).hexdigest()

    @property
    def entry(self):
        """As git knows it: (mode, id)."""
        return self.mode, self.blob


def git_tree(*args, **kwargs):
    return run("git", *args, cwd=TREE, **kwargs)


def check():
    """Refuse a build/linux that was not made here, or that has further commits."""
    if not TREE.is_dir():
        raise Refusal("there is no build/linux: make tree")
    laid, head = (subprocess.run(["git", "rev-parse", "--verify", "--quiet", name], cwd=TREE,
                                 check=False, stdout=subprocess.PIPE).stdout
                  for name in (LAID, "HEAD"))
    if not laid:
        raise Refusal("build/linux was made by an earlier make tree, or by one that was "
                      "interrupted: keep what git diff there shows and no *.patch has, then "
                      "make clean")
    if laid != head:
        raise Refusal(f"HEAD of build/linux is not the overlay's commit: git reset --soft {LAID} "
                      "there makes commits an edit that make refresh can write back")


def entries(listing):
    """{path: (mode, id)} of git ls-tree -z."""
    found = {}
    for line in filter(None, listing.split("\0")):
        facts, path = line.split("\t", 1)
        mode, _, blob = facts.split()
        found[path] = mode, blob
    return found


def base_entries(paths):
    """{path: (mode, id)} of those that the base has."""
    listing = git_tree("--literal-pathspecs", "ls-tree", "-r", "-z", BASE, "--", *sorted(paths))
    return {path: entry for path, entry in entries(listing).items() if path in paths}


def laid_entries():
    """{path: (mode, id)} of what the overlay has added or changed."""
    changed = git_tree("diff-tree", "-r", "-z", "--no-renames", BASE, LAID).split("\0")
    return {path: tuple(facts.split()[1:4:2])
            for facts, path in zip(changed[0::2], changed[1::2])}


def file_of(commit, path):
    """A file of a commit; None if it has none."""
    listed = entries(git_tree("--literal-pathspecs", "ls-tree", "-z", commit, "--", path))
    if path not in listed:
        return None
    mode, blob = listed[path]
    return File(git_tree("cat-file", "blob", blob, text=False), mode == "100755")


def read(path, folder=None):
    """A file of the work tree, or of another folder; None if there is none."""
    place = (folder or TREE) / path
    if place.is_symlink() or place.is_dir():
        raise Refusal(f"{place.relative_to(TOP)} is not a file")
    if not place.exists():
        return None
    return File(place.read_bytes(), os.access(place, os.X_OK))


def write(path, file, folder=None):
    """Put the file, or nothing, at a path; False if that is there already, and not touched."""
    place = (folder or TREE) / path
    if file == read(path, folder):
        return False
    if not file:
        place.unlink()
        remove_empty(place.parent)
        return True
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(file.contents)
    place.chmod(0o755 if file.executable else 0o644)
    return True


def remove_empty(folder):
    """A folder without files, and those that it leaves empty: git knows none."""
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def edited():
    """Paths whose file is not as it was laid: edited, gone, or new."""
    changed = git_tree("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", LAID)
    new = git_tree("ls-files", "--others", "-z", *EXCLUDED)
    return sorted(set(filter(None, (changed + new).split("\0"))))


def refuse_edits():
    """Before what takes the overlay and not build/linux."""
    check()
    edits = edited()
    if edits:
        raise Refusal(f"{described(edits)}: make refresh writes them back, git checkout there "
                      "drops them")


def described(edits):
    """A line of words."""
    few = ", ".join(edits[:3]) + (f" and {len(edits) - 3} more" if len(edits) > 3 else "")
    return f"build/linux has edits that the overlay lacks: {few}"


def store(files):
    """Make the contents objects of the repository."""
    with tempfile.TemporaryDirectory() as scratch:
        places = [pathlib.Path(scratch) / str(number) for number in range(len(files))]
        for place, file in zip(places, files):
            place.write_bytes(file.contents)
        git_tree("hash-object", "-w", "--no-filters", "--stdin-paths",
                 input="".join(f"{place}\n" for place in places))


class Index:
    """Commits beside the work tree and its own index."""

    def __init__(self, start=None):
        self.place = BUILD / "commits.index"
        self.environment = {**os.environ, "GIT_INDEX_FILE": str(self.place)}
        self.git("read-tree", start or "--empty")

    def git(self, *args, **kwargs):
        return git_tree(*args, env=self.environment, **kwargs).strip()

    def put(self, files):
        """{path: File, or None for no file any more}"""
        store([file for file in files.values() if file])
        lines = [f"{file.mode} {file.blob}\t{path}" if file else f"0 {'0' * 40}\t{path}"
                 for path, file in files.items()]
        self.git("update-index", "-z", "--index-info", input="".join(f"{l}\0" for l in lines))

    def tree(self):
        return self.git("write-tree")

    def commit(self, parent, message, **environment):
        return git_tree("commit-tree", self.tree(), "-p", parent, input=message,
                        env=self.environment | environment).strip()


def commit(start, changed):
    """Make what is laid the one commit on the base: start, and what has changed since."""
    index = Index(start)
    index.put(changed)
    made = index.commit(BASE, MESSAGE, **IDENTITY)
    git_tree("update-ref", f"refs/heads/{BRANCH}", made)
    git_tree("update-ref", LAID, made)
    git_tree("symbolic-ref", "HEAD", f"refs/heads/{BRANCH}")
    git_tree("--literal-pathspecs", "reset", "--quiet", "--pathspec-from-file=-",
             "--pathspec-file-nul", input="\0".join(changed))


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
