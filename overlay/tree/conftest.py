# SPDX-License-Identifier: GPL-2.0-only
"""A small overlay and a small base."""
import pathlib
import shutil
import subprocess

import pytest

from overlay.series import lists

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = ("assemble.py", "base.py", "hooks.py", "linux.py", "private_apt.py", "refresh.py",
         "upgrade.py")
MAKEFILE = "# SPDX\nVERSION = 6\nPATCHLEVEL = {}\nSUBLEVEL = 99\nEXTRAVERSION =\nNAME = x\n"
BASE_C = "".join(f"line {i}\n" for i in range(20))
PATCH = "--- a/mm/base.c\n+++ b/mm/base.c\n@@ -9,3 +9,4 @@\n line 8\n line 9\n+hook\n line 10\n"


class Repository:
    """A repository with one new file and one patch, and a base for it."""

    def __init__(self, path):
        self.top, self.base = path / "repo", path / "base"
        self.tree = self.top / "build/linux"
        for directory in (self.top / "overlay/tree", self.top / "mm", self.base / "mm"):
            directory.mkdir(parents=True)
        for file in TOOLS:
            shutil.copy(HERE / file, self.top / "overlay/tree")
        for series in lists.SERIES:
            (self.top / "overlay/series" / series).mkdir(parents=True)
        shutil.copy(lists.__file__, self.top / "overlay/series")
        (self.top / ".gitignore").write_text("build/\n")
        (self.top / "mm/new.c").write_text("new\n")
        (self.top / "mm/base.c.patch").write_text(PATCH)
        (self.base / "Makefile").write_text(MAKEFILE.format(1))
        (self.base / "mm/base.c").write_text(BASE_C)
        subprocess.run(["git", "init", "-q"], cwd=self.top, check=True)

    def run(self, tool, *args):
        return subprocess.run(["/usr/bin/python3", "-m", f"overlay.tree.{tool}", *args],
                              cwd=self.top, check=False, capture_output=True, text=True)

    def make_tree(self):
        return self.run("assemble", "--ksrc", str(self.base))

    def refuses(self, *args):
        done = self.run(*args)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
        return done.stderr

    def git(self, *args):
        return subprocess.run(["git", *args], cwd=self.tree, check=False, capture_output=True,
                              text=True).stdout

    def patched(self):
        return (self.tree / "mm/base.c").read_text()


@pytest.fixture
def repo(tmp_path):
    return Repository(tmp_path)


@pytest.fixture
def tree(repo):
    done = repo.make_tree()
    assert done.returncode == 0, done.stderr
    return repo
