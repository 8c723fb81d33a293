#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write the overlay as a patch series: build/series/*.patch.

overlay/series/ has a cover letter and a file for each patch, in the order of their names:
the subject, the message, and behind a line "Files:" the overlay files that the
patch brings.  Every overlay file belongs to exactly one patch.

A line of a kernel Makefile or Kconfig that names a file comes with the patch that
brings the file, so that every prefix of the series builds.
"""
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess

from overlay.tree import assemble, base
from overlay.tree.assemble import TOP, TREE
from overlay.tree.base import Refusal, say

SERIES = pathlib.Path(__file__).resolve().parent
COVER = SERIES / "cover-letter.txt"
OUT = TOP / "build/series"
BRANCH = "tdx-host"
WIDTH = 75
IDENTITY = {"user.name": "GIT_COMMITTER_NAME", "user.email": "GIT_COMMITTER_EMAIL"}


class Patch:
    """One file of series/."""

    def __init__(self, path):
        self.name = path.stem
        message, separator, files = path.read_text().partition("\nFiles:\n")
        if not separator:
            raise Refusal(f"{path.relative_to(TOP)}: no line \"Files:\"")
        self.message = checked_message(path, message)
        self.patterns = files.split()


def checked_message(path, text):
    """A subject, an empty line and a body that a mail can hold."""
    subject, _, body = text.partition("\n")
    if not subject or not body.startswith("\n") or not body.strip():
        raise Refusal(f"{path.relative_to(TOP)}: wants a subject, an empty line and a message")
    for line in text.splitlines():
        if len(line) > WIDTH and " " in line.strip():
            raise Refusal(f"{path.relative_to(TOP)}: longer than {WIDTH} characters: {line}")
    return f"{subject}\n\n{body.strip()}\n"


def patches_with_files():
    """The patches in order, each with its overlay files; every file in exactly one."""
    patches = [Patch(path) for path in sorted(SERIES.glob("[0-9]*.txt"))]
    if not patches:
        raise Refusal("overlay/series/ has no patch")
    new_files, hooks = assemble.overlay_files()
    owner = {}
    for patch in patches:
        patch.files = []
        for pattern in patch.patterns:
            found = fnmatch.filter(new_files + hooks, pattern)
            if not found:
                raise Refusal(f"{patch.name}.txt: the overlay has no file {pattern}")
            for file in found:
                if file in owner:
                    raise Refusal(f"{file} is in two patches: {owner[file]} and {patch.name}")
                owner[file] = patch.name
                patch.files.append(file)
    lost = sorted(set(new_files + hooks) - set(owner))
    if lost:
        raise Refusal(f"no patch in overlay/series/ brings {', '.join(lost)}")
    return patches


def grown(path, text, present):
    """A Makefile or Kconfig without what is not there yet."""
    directory = pathlib.PurePosixPath(path).parent

    def there(name):
        if name.endswith("/"):
            return f"{directory}/{name}Makefile" in present
        stem = f"{directory}/{name.removesuffix('.o')}"
        return f"{stem}.c" in present or f"{stem}.S" in present

    lines = []
    for line in text.splitlines(keepends=True):
        objects = re.match(r"(obj-\S+ [+:]?=) (.*)\n", line)
        source = re.match(r'source "(.*)"\n', line)
        if objects:
            names = [name for name in objects[2].split() if there(name)]
            line = f"{objects[1]} {' '.join(names)}\n" if names else ""
        elif source and source[1] not in present:
            line = ""
        lines.append(line)
    # No empty line at the end where lines are missing.
    return "".join(lines).rstrip("\n") + "\n"


def grows(path):
    return path.startswith("arch/") and pathlib.PurePosixPath(path).name in ("Makefile", "Kconfig")


def identity():
    """Who signs off: (environment for git, the line)."""
    environment = dict(os.environ)
    for key, variable in IDENTITY.items():
        if not os.environ.get(variable) and not git_value("config", key):
            raise Refusal(f"git does not know {key}; the series is signed off with it: "
                          f"git config --global {key} ...")
    ident = git_value("var", "GIT_COMMITTER_IDENT")
    name, email = re.match(r"(.*) <(.*)> ", ident).groups()
    # The same series has the same bytes whenever it is made.
    date = git_value("log", "-1", "--format=%cI") or "2000-01-01T00:00:00+0000"
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email,
                        f"GIT_{role}_DATE": date}
    return environment, f"Signed-off-by: {name} <{email}>"


def git_value(*args):
    return subprocess.run(["git", *args], cwd=TOP, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.strip()


class Commits:
    """Commits in build/linux's repository, beside its work tree and its branch."""

    def __init__(self, environment):
        self.index = OUT.parent / "series.index"
        self.index.unlink(missing_ok=True)
        self.environment = environment | {"GIT_INDEX_FILE": str(self.index)}
        self.parent = self.git("rev-parse", "HEAD")
        self.present = set()
        self.growing = {}
        self.git("read-tree", "HEAD")

    def git(self, *args, data=None):
        done = subprocess.run(["git", *args], cwd=TREE, check=True, input=data,
                              env=self.environment, stdout=subprocess.PIPE)
        return done.stdout.decode().strip()

    def blob(self, contents):
        return self.git("hash-object", "-w", "--stdin", data=contents)

    def contents_of(self, patch):
        """What the patch brings: {path: (contents, executable)}."""
        brought = {}
        for file in patch.files:
            if file.endswith(".patch"):
                path = file.removesuffix(".patch")
                brought[path] = assemble.patched(TREE, file), False
                continue
            self.present.add(file)
            if grows(file):
                self.growing[file] = (TOP / file).read_text()
            else:
                brought[file] = (TOP / file).read_bytes(), os.access(TOP / file, os.X_OK)
        for file, text in self.growing.items():
            brought[file] = grown(file, text, self.present).encode(), False
        return brought

    def add(self, patch, signed_off):
        entries = [f"{100755 if executable else 100644} {self.blob(contents)}\t{path}\n"
                   for path, (contents, executable) in self.contents_of(patch).items()]
        self.git("update-index", "--index-info", data="".join(entries).encode())
        tree = self.git("write-tree")
        self.parent = self.git("commit-tree", tree, "-p", self.parent,
                               data=f"{patch.message}\n{signed_off}\n".encode())
        return self.parent

    def finish(self):
        for file, text in self.growing.items():
            if grown(file, text, self.present) != text:
                raise Refusal(f"{file} names a file that is not there, or ends with empty lines")
        self.index.unlink()
        self.git("update-ref", f"refs/heads/{BRANCH}", self.parent)


def commit_series():
    """The commits of the series, in order, on the branch tdx-host of build/linux."""
    patches = patches_with_files()
    environment, signed_off = identity()
    commits = Commits(environment)
    made = [commits.add(patch, signed_off) for patch in patches]
    commits.finish()
    return made


def write_mails():
    environment, _ = identity()
    shutil.rmtree(OUT, ignore_errors=True)
    cover = checked_message(COVER, COVER.read_text())
    subprocess.run(["git", "-c", f"branch.{BRANCH}.description={cover}", "format-patch", "--quiet",
                    "--output-directory", str(OUT), "--numbered", "--cover-letter",
                    "--cover-from-description=subject", "--zero-commit", "--no-signature",
                    "--no-renames", f"HEAD..{BRANCH}"], cwd=TREE, check=True, env=environment)
    return sorted(OUT.glob("*.patch"))


def changed_lines(commits):
    """Lines added and removed in files of the base: {directory or file: (added, removed)}."""
    numbers = assemble.git_tree("diff", "--numstat", "--diff-filter=M", "HEAD", commits[-1])
    rows = [line.split("\t") for line in numbers.splitlines()]
    return {path: (int(added), int(removed)) for added, removed, path in rows}


def report(commits, mails):
    changed = changed_lines(commits)
    code = {path: n for path, n in changed.items()
            if not path.startswith(("Documentation/", "MAINTAINERS"))}
    say(f"build/series: {len(commits)} patches and a cover letter, "
        f"{sum(mail.stat().st_size for mail in mails) // 1024} KB")
    say(f"existing files: {len(changed)}, of them code {len(code)} with "
        f"{sum(added for added, _ in code.values())} lines added and "
        f"{sum(removed for _, removed in code.values())} removed")
    say("apply them with: git am --empty=drop build/series/*.patch")


def main():
    assemble.assemble(None)
    commits = commit_series()
    report(commits, write_mails())


if __name__ == "__main__":
    with base.errors_in_words():
        main()
