# SPDX-License-Identifier: GPL-2.0-only
"""The overlay's tool on a small tree."""
import pathlib
import shutil
import subprocess

import pytest

from overlay.tree import base, private_apt

TOOLS = pathlib.Path(__file__).resolve().parent
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
        for file in ("assemble.py", "base.py", "private_apt.py"):
            shutil.copy(TOOLS / file, self.top / "overlay/tree")
        (self.top / ".gitignore").write_text("build/\n")
        (self.top / "mm/new.c").write_text("new\n")
        (self.top / "mm/base.c.patch").write_text(PATCH)
        (self.base / "Makefile").write_text(MAKEFILE.format(1))
        (self.base / "mm/base.c").write_text(BASE_C)
        subprocess.run(["git", "init", "-q"], cwd=self.top, check=True)

    def run(self, *args):
        return subprocess.run(["python3", "-m", "overlay.tree.assemble", *args], cwd=self.top,
                              check=False, capture_output=True, text=True)

    def make_tree(self):
        return self.run("tree", "--ksrc", str(self.base))

    def refuses(self, *args):
        done = self.run(*args)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")
        assert "Traceback" not in done.stderr
        return done.stderr

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


def test_new_files_are_links_and_patches_are_applied(tree):
    assert (tree.tree / "mm/new.c").is_symlink()
    assert (tree.tree / "mm/new.c").read_text() == "new\n"
    assert tree.patched() == BASE_C.replace("line 9\n", "line 9\nhook\n")
    assert not (tree.tree / "overlay").exists()


def test_a_file_in_no_folder_can_be_patched(repo):
    (repo.base / "MAINTAINERS").write_text("nobody\n")
    (repo.top / "MAINTAINERS.patch").write_text(
        "--- a/MAINTAINERS\n+++ b/MAINTAINERS\n@@ -1 +1,2 @@\n nobody\n+somebody\n")
    done = repo.make_tree()
    assert done.returncode == 0, done.stderr
    assert (repo.tree / "MAINTAINERS").read_text() == "nobody\nsomebody\n"


def test_the_first_commit_of_the_tree_is_the_base(tree):
    shown = subprocess.run(["git", "show", "HEAD:mm/base.c"], cwd=tree.tree, check=True,
                           capture_output=True, text=True).stdout
    assert shown == BASE_C


def test_another_version_is_refused_and_leaves_nothing(repo):
    (repo.base / "Makefile").write_text(MAKEFILE.format(2))
    assert "is Linux 6.2.99, not 6.1.y" in repo.refuses("tree", "--ksrc", str(repo.base))
    assert list((repo.top / "build").iterdir()) == []


def test_what_is_no_kernel_tree_is_refused(repo):
    (repo.base / "Makefile").unlink()
    assert "no kernel tree" in repo.refuses("tree", "--ksrc", str(repo.base))
    assert "does not exist" in repo.refuses("tree", "--ksrc", str(repo.base / "nowhere"))


def test_without_a_base_ksrc_is_asked_for(tmp_path, monkeypatch):
    def unpack(*_):
        raise private_apt.Unavailable("no network")

    monkeypatch.setattr(private_apt, "unpack", unpack)
    monkeypatch.setattr(base, "PACKAGE", "linux-source-0.0")
    with pytest.raises(base.Refusal, match="no linux-source-0.0; give a base with KSRC=: no net"):
        base.unpack_base(None, tmp_path, tmp_path)


def test_a_patch_that_does_not_apply_is_named_and_changes_nothing(tree):
    before = tree.patched()
    patch = tree.top / "mm/base.c.patch"
    patch.write_text(PATCH.replace("line 9", "line 99"))
    assert "mm/base.c.patch does not apply" in tree.refuses("tree")
    assert tree.patched() == before


def test_a_patch_that_does_not_apply_leaves_no_half_made_tree(repo):
    (repo.top / "mm/later.c.patch").write_text(PATCH.replace("base.c", "later.c"))
    assert "the base has no file mm/later.c" in repo.refuses("tree", "--ksrc", str(repo.base))
    assert list((repo.top / "build").iterdir()) == []


def test_of_two_changed_patches_none_is_applied_when_one_does_not_fit(tree):
    before = tree.patched()
    (tree.top / "mm/base.c.patch").write_text(PATCH.replace("+hook", "+crook"))
    (tree.top / "mm/other.c.patch").write_text(PATCH.replace("base.c", "other.c"))
    tree.refuses("tree")
    assert tree.patched() == before


def test_a_base_that_was_built_in_is_refused(repo):
    (repo.base / ".config").write_text("")
    assert "make mrproper" in repo.refuses("tree", "--ksrc", str(repo.base))


def test_a_link_that_an_editor_replaced_is_named_and_kept(tree):
    link = tree.tree / "mm/new.c"
    link.unlink()
    link.write_text("precious\n")
    assert "an editor replaced the link" in tree.refuses("tree")
    assert "an editor replaced the link" in tree.refuses("refresh")
    assert link.read_text() == "precious\n"


@pytest.mark.parametrize("edit", [
    lambda path: path.write_bytes(b"\0binary\n"),
    lambda path: path.chmod(0o755),
])
def test_an_edit_that_a_patch_cannot_carry_is_refused(tree, edit):
    patch = (tree.top / "mm/base.c.patch").read_text()
    edit(tree.tree / "mm/base.c")
    assert "mm/base.c" in tree.refuses("refresh")
    assert (tree.top / "mm/base.c.patch").read_text() == patch


def test_a_patch_of_a_file_that_the_base_lacks_is_named(tree):
    (tree.top / "mm/other.c.patch").write_text(PATCH.replace("base.c", "other.c"))
    assert "the base has no file mm/other.c" in tree.refuses("tree")


def test_a_new_file_that_the_base_has_is_refused(tree):
    (tree.top / "mm/base.c").write_text("mine\n")
    assert "has to be mm/base.c.patch" in tree.refuses("tree")


def test_an_edit_comes_back_as_a_patch_and_the_second_time_as_the_same(tree):
    edited = tree.patched().replace("line 3\n", "line three\n")
    (tree.tree / "mm/base.c").write_text(edited)
    assert tree.run("refresh").returncode == 0
    patch = (tree.top / "mm/base.c.patch").read_text()
    assert "+line three" in patch and "+hook" in patch and "index" not in patch
    assert tree.run("refresh").stdout == ""
    assert (tree.top / "mm/base.c.patch").read_text() == patch
    shutil.rmtree(tree.top / "build")
    assert tree.make_tree().returncode == 0
    assert tree.patched() == edited


def test_an_edit_that_was_not_refreshed_is_never_overwritten(tree):
    edited = tree.patched() + "precious\n"
    (tree.tree / "mm/base.c").write_text(edited)
    assert tree.run("tree").returncode == 0
    (tree.top / "mm/base.c.patch").write_text(PATCH.replace("+hook", "+crook"))
    assert "make refresh" in tree.refuses("tree")
    assert "both edited" in tree.refuses("refresh")
    (tree.top / "mm/base.c.patch").unlink()
    assert "make refresh" in tree.refuses("tree")
    assert tree.patched() == edited


def test_a_changed_patch_is_applied_anew_and_a_removed_one_reverted(tree):
    (tree.top / "mm/base.c.patch").write_text(PATCH.replace("+hook", "+crook"))
    assert tree.run("tree").returncode == 0
    assert "crook\n" in tree.patched() and "hook\n" not in tree.patched()
    (tree.top / "mm/base.c.patch").unlink()
    assert tree.run("tree").returncode == 0
    assert tree.patched() == BASE_C


def test_files_come_and_go(tree):
    (tree.top / "mm/new.c").unlink()
    (tree.top / "mm/newer.c").write_text("newer\n")
    assert tree.run("tree").returncode == 0
    assert not (tree.tree / "mm/new.c").is_symlink()
    assert (tree.tree / "mm/newer.c").is_symlink()


def test_a_new_file_in_the_tree_is_taken_over(tree):
    (tree.tree / "mm/born_here.c").write_text("here\n")
    assert tree.run("refresh").returncode == 0
    assert (tree.top / "mm/born_here.c").read_text() == "here\n"
    assert (tree.tree / "mm/born_here.c").is_symlink()


def test_a_deleted_file_of_the_base_is_refused(tree):
    (tree.tree / "mm/base.c").unlink()
    assert "lacks mm/base.c" in tree.refuses("refresh")


def test_another_base_needs_a_new_tree(tree):
    assert "make clean" in tree.refuses("tree", "--ksrc", str(tree.top))


def test_what_is_left_of_a_work_tree_is_made_again(tree):
    """Also inside of a repository that has commits of its own."""
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q",
                    "--allow-empty", "-m", "top"], cwd=tree.top, check=True)
    beside = tree.top / "build/beside"
    beside.mkdir()
    (beside / "stale").write_text("of an interrupted run\n")
    base.work_tree(tree.tree, beside, "HEAD")
    assert not (beside / "stale").exists()
    assert (beside / "mm/base.c").read_text() == BASE_C


def test_a_work_tree_keeps_what_was_built_in_it(tree):
    beside = tree.top / "build/beside"
    base.work_tree(tree.tree, beside, "HEAD")
    (beside / "mm/base.c").write_text("edited\n")
    (beside / "mm/base.o").write_text("built\n")
    base.work_tree(tree.tree, beside, "HEAD")
    assert (beside / "mm/base.c").read_text() == BASE_C
    assert (beside / "mm/base.o").read_text() == "built\n"
