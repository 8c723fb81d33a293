# SPDX-License-Identifier: GPL-2.0-only
"""build/linux: a base, the overlay on top of it, and edits of the user.

Its repository has two commits: the base, and all files of the overlay.  So git diff shows the edits
that were not written back, and git grep and grep -r find every file.
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
# Debian packages that are unpacked here instead of being installed.
PACKAGES = BUILD / "packages"

# The branch that is checked out, and the commit of the last make tree.
BRANCH = "overlay"
LAID = "refs/overlay/laid"
MESSAGE = "What the overlay adds\n\nmake tree lays it, make refresh writes edits back.\n"
IDENTITY = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER")
            for key, value in (("NAME", "overlay"), ("EMAIL", "overlay@localhost"))}
# Untracked files that do not belong to the overlay, of editors, tools and builds.  Not .gitignore:
# Debian's ignores everything.
EXCLUDED = [f"--exclude={pattern}" for pattern in (
    ".*.sw?", ".#*", "*~", "*.orig", "*.rej", ".checkpatch-camelcase.*", ".*.cmd", ".*.d", "*.o",
    "*.pyc")]


class File(typing.NamedTuple):
    """Contents of a file, and whether it is executable."""
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
        """The entry in git's index: (mode, id)."""
        return self.mode, self.blob


def git_tree(*args, **kwargs):
    return run("git", *args, cwd=TREE, **kwargs)


def check():
    """Refuses a build/linux that was not made by make tree, or that has more commits."""
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
    """{path: (mode, id)} from the output of git ls-tree -z."""
    found = {}
    for line in filter(None, listing.split("\0")):
        facts, path = line.split("\t", 1)
        mode, _, blob = facts.split()
        found[path] = mode, blob
    return found


def base_entries(paths):
    """{path: (mode, id)} of the paths that exist in the base."""
    listing = git_tree("--literal-pathspecs", "ls-tree", "-r", "-z", BASE, "--", *sorted(paths))
    return {path: entry for path, entry in entries(listing).items() if path in paths}


def laid_entries():
    """{path: (mode, id)} of files that the overlay has added or modified."""
    changed = git_tree("diff-tree", "-r", "-z", "--no-renames", BASE, LAID).split("\0")
    return {path: tuple(facts.split()[1:4:2])
            for facts, path in zip(changed[0::2], changed[1::2])}


def file_of(commit, path):
    """The file of a commit; None if it does not exist."""
    listed = entries(git_tree("--literal-pathspecs", "ls-tree", "-z", commit, "--", path))
    if path not in listed:
        return None
    mode, blob = listed[path]
    return File(git_tree("cat-file", "blob", blob, text=False), mode == "100755")


def read(path, folder=None):
    """The file in the work tree, or in another folder; None if it does not exist."""
    place = (folder or TREE) / path
    if place.is_symlink() or place.is_dir():
        raise Refusal(f"{place.relative_to(TOP)} is not a file")
    if not place.exists():
        return None
    return File(place.read_bytes(), os.access(place, os.X_OK))


def write(path, file, folder=None):
    """Writes or removes a file; returns False, and does not touch it, if nothing changed."""
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
    """Removes a folder and its parents if they are empty, as git does not track them."""
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def edited():
    """Paths of files that were edited, removed or added since the last make tree."""
    changed = git_tree("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", LAID)
    new = git_tree("ls-files", "--others", "-z", *EXCLUDED)
    return sorted(set(filter(None, (changed + new).split("\0"))))


def refuse_edits():
    """Called before commands that use the overlay, but not edits of build/linux."""
    check()
    edits = edited()
    if edits:
        raise Refusal(f"{described(edits)}: make refresh writes them back, git checkout there "
                      "drops them")


def described(edits):
    """The edits as one line of text."""
    few = ", ".join(edits[:3]) + (f" and {len(edits) - 3} more" if len(edits) > 3 else "")
    return f"build/linux has edits that the overlay lacks: {few}"


def store(files):
    """Writes contents as objects to the repository."""
    with tempfile.TemporaryDirectory() as scratch:
        places = [pathlib.Path(scratch) / str(number) for number in range(len(files))]
        for place, file in zip(places, files):
            place.write_bytes(file.contents)
        git_tree("hash-object", "-w", "--no-filters", "--stdin-paths",
                 input="".join(f"{place}\n" for place in places))


class Index:
    """Makes commits with an index of its own, without the work tree."""

    def __init__(self, start=None):
        self.place = BUILD / "commits.index"
        self.environment = {**os.environ, "GIT_INDEX_FILE": str(self.place)}
        self.git("read-tree", start or "--empty")

    def git(self, *args, **kwargs):
        return git_tree(*args, env=self.environment, **kwargs).strip()

    def put(self, files):
        """Adds {path: File, or None to remove it}"""
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
    """Commits the overlay on the base: the tree of @start, with the changed files."""
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
    """Holds a lock, so that only one make at a time changes build/linux."""
    BUILD.mkdir(exist_ok=True)
    lock = os.open(BUILD, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)
