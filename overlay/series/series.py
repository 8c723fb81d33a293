# SPDX-License-Identifier: GPL-2.0-only
"""Write the overlay as patch series: build/series/{host,kvm,platform}/*.patch.

Each series applies on the one before.  Every overlay file belongs to exactly one patch.

A line of a kernel Makefile or Kconfig that names a file comes with the patch that
brings the file, so that every prefix of the series builds.
"""
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess

from overlay.series import lists
from overlay.tree import assemble, base, hooks, linux
from overlay.tree.base import BASE, Refusal, say
from overlay.tree.linux import BUILD, File, LAID, TOP, TREE, git_tree

OUT = BUILD / "series"
WIDTH = 75
IDENTITY = {"user.name": "GIT_COMMITTER_NAME", "user.email": "GIT_COMMITTER_EMAIL"}


class Patch:
    """One patch of a series."""

    def __init__(self, series, path):
        self.series = series
        self.name = f"{series}/{path.stem}"
        message, self.patterns = lists.parts(path)
        if self.patterns is None:
            raise Refusal(f"{path.relative_to(TOP)}: no line \"Files:\"")
        self.message = checked_message(path, message)
        self.files = []


def branch(series):
    """The branch of build/linux for a series."""
    return f"series/{series}"


def checked_message(path, text):
    """Checks for a subject, an empty line and a body of lines that are not too long."""
    subject, _, body = text.partition("\n")
    if not subject or not body.startswith("\n") or not body.strip():
        raise Refusal(f"{path.relative_to(TOP)}: wants a subject, an empty line and a message")
    for line in text.splitlines():
        if len(line) > WIDTH and " " in line.strip():
            raise Refusal(f"{path.relative_to(TOP)}: longer than {WIDTH} characters: {line}")
    return f"{subject}\n\n{body.strip()}\n"


def patches_with_files():
    """The patches in order, each with its overlay files; each file belongs to one patch."""
    patches = [Patch(series, path) for series in lists.SERIES for path in lists.patches(series)]
    if not patches:
        raise Refusal("overlay/series/ has no patch")
    files = [file for kind in assemble.overlay_files() for file in kind]
    owner = {}
    for patch in patches:
        for pattern in patch.patterns:
            found = fnmatch.filter(files, pattern)
            if not found:
                raise Refusal(f"{patch.name}.txt: the overlay has no file {pattern}")
            for file in found:
                if file in owner:
                    raise Refusal(f"{file} is in two patches: {owner[file]} and {patch.name}")
                owner[file] = patch.name
                patch.files.append(file)
    lost = sorted(set(files) - set(owner))
    if lost:
        raise Refusal(f"no patch in overlay/series/ brings {', '.join(lost)}")
    return patches


def grown(path, text, present):
    """A Makefile or Kconfig without lines for files that later patches add."""
    directory = pathlib.PurePosixPath(path).parent

    def there(name):
        if name.endswith("/"):
            return f"{directory}/{name}Makefile" in present
        stem = f"{directory}/{name.removesuffix('.o')}"
        return f"{stem}.c" in present or f"{stem}.S" in present

    lines = []
    for line in text.splitlines(keepends=True):
        objects = re.match(r"(obj-.*? [+:]?=) (.*)\n", line)
        source = re.match(r'source "(.*)"\n', line)
        if objects:
            names = [name for name in objects[2].split() if there(name)]
            line = f"{objects[1]} {' '.join(names)}\n" if names else ""
        elif source and source[1] not in present:
            line = ""
        lines.append(line)
    # Removed lines must not leave an empty line at the end.
    return "".join(lines).rstrip("\n") + "\n"


def grows(path):
    return path.startswith("arch/") and pathlib.PurePosixPath(path).name in ("Makefile", "Kconfig")


def identity():
    """The identity for the sign-off: (environment for git, Signed-off-by line)."""
    for key, variable in IDENTITY.items():
        if not os.environ.get(variable) and not git_value("config", key):
            raise Refusal(f"git does not know {key}; the series is signed off with it: "
                          f"git config --global {key} ...")
    ident = git_value("var", "GIT_COMMITTER_IDENT")
    name, email = re.match(r"(.*) <(.*)> ", ident).groups()
    environment = {}
    # The date of the last commit, so that the same series has the same bytes.
    date = git_value("log", "-1", "--format=%cd", "--date=raw") or "946684800 +0000"
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": name, f"GIT_{role}_EMAIL": email,
                        f"GIT_{role}_DATE": date}
    return environment, f"Signed-off-by: {name} <{email}>"


def git_value(*args):
    return subprocess.run(["git", *args], cwd=TOP, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout.strip()


class Commits:
    """
    Adds commits to build/linux's repository, without its work tree and its branch: all at once,
    as a stream for git fast-import, in which mark :N is the Nth commit.
    """

    def __init__(self, environment):
        self.environment = environment
        self.stream = []
        self.number = 0
        self.present = set()
        self.growing = {}
        stacks = hooks.versions(assemble.overlay_files()[1])
        self.hooked = {patch: file for stack in stacks.values() for patch, file in stack}

    def contents_of(self, patch):
        """The files of a patch: {path: File}."""
        brought = {}
        for file in patch.files:
            if file in self.hooked:
                brought[hooks.split(file)[0]] = self.hooked[file]
                continue
            self.present.add(file)
            if grows(file):
                self.growing[file] = (TOP / file).read_text()
            else:
                brought[file] = linux.read(file, TOP)
        for file, text in self.growing.items():
            brought[file] = File(grown(file, text, self.present).encode())
        return brought

    def person(self, role):
        name, email, date = (self.environment[f"GIT_{role}_{key}"]
                             for key in ("NAME", "EMAIL", "DATE"))
        return f"{role.lower()} {name} <{email}> {date}\n".encode()

    def add(self, patch, signed_off):
        parent = f":{self.number}" if self.number else git_tree("rev-parse", BASE).strip()
        self.number += 1
        self.stream += [f"commit refs/heads/{branch(patch.series)}\n".encode(),
                        f"mark :{self.number}\n".encode(),
                        self.person("AUTHOR"), self.person("COMMITTER"),
                        data(f"{patch.message}\n{signed_off}\n".encode()),
                        f"from {parent}\n".encode()]
        for path, file in self.contents_of(patch).items():
            if file:
                self.stream += [f"M {file.mode} inline {path}\n".encode(), data(file.contents)]
            else:
                self.stream.append(f"D {path}\n".encode())

    def write(self):
        """Makes the commits; returns them in order."""
        for file, text in self.growing.items():
            if grown(file, text, self.present) != text:
                raise Refusal(f"{file} names a file that is not there, or ends with empty lines")
        last = f"get-mark :{self.number}\n".encode()
        made = git_tree("fast-import", "--quiet", "--force", input=b"".join([*self.stream, last]),
                        text=False).decode().strip()
        return git_tree("rev-list", "--reverse", f"{BASE}..{made}").split()


def data(contents):
    return b"data %d\n%s\n" % (len(contents), contents)


def commit_series():
    """Commits all series, each on its branch of build/linux; returns the commits in order."""
    linux.refuse_edits()
    patches = patches_with_files()
    environment, signed_off = identity()
    commits = Commits(environment)
    for patch in patches:
        commits.add(patch, signed_off)
    made = commits.write()
    different = git_tree("diff", "--name-only", LAID, made[-1]).split()
    if different:
        raise Refusal(f"the series and build/linux differ in {', '.join(different)}")
    return made


def ranges():
    """(series, its parent commit) for each series that has patches."""
    start = BASE
    for series in filter(lists.patches, lists.SERIES):
        yield series, start
        start = branch(series)


def write_mails():
    environment, _ = identity()
    shutil.rmtree(OUT, ignore_errors=True)
    mails = []
    for series, start in ranges():
        cover = lists.HERE / series / lists.COVER
        description = checked_message(cover, cover.read_text())
        subprocess.run(["git", "-c", f"branch.{branch(series)}.description={description}",
                        "format-patch", "--quiet", "--output-directory", str(OUT / series),
                        "--numbered", "--cover-letter", "--cover-from-description=subject",
                        "--zero-commit", "--no-signature", "--no-renames",
                        f"{start}..{branch(series)}"], cwd=TREE, check=True,
                       env={**os.environ, **environment})
        mails += sorted((OUT / series).glob("*.patch"))
    return mails


def changed_lines(commits):
    """Lines added and removed in files of the base: {directory or file: (added, removed)}."""
    numbers = git_tree("diff", "--numstat", "--diff-filter=M", BASE, commits[-1])
    rows = [line.split("\t") for line in numbers.splitlines()]
    return {path: (int(added), int(removed)) for added, removed, path in rows}


def report(commits, mails):
    changed = changed_lines(commits)
    code = {path: n for path, n in changed.items()
            if not path.startswith(("Documentation/", "MAINTAINERS"))}
    for series, _ in ranges():
        sizes = [mail.stat().st_size for mail in mails if mail.parent.name == series]
        say(f"build/series/{series}: {len(sizes) - 1} patches and a cover letter, "
            f"{sum(sizes) // 1024} KB")
    say(f"existing files: {len(changed)}, of them code {len(code)} with "
        f"{sum(added for added, _ in code.values())} lines added and "
        f"{sum(removed for _, removed in code.values())} removed")
    say("apply them with: git am --empty=drop "
        + " ".join(f"build/series/{series}/*.patch" for series, _ in ranges()))


def main():
    with linux.alone():
        assemble.assemble()
        commits = commit_series()
        report(commits, write_mails())


if __name__ == "__main__":
    with base.errors_in_words():
        main()
