# SPDX-License-Identifier: GPL-2.0-only
"""build/linux, made from a small base and a small overlay."""
import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest

from overlay.tree import base, private_apt
from overlay.tree.conftest import BASE_C, MAKEFILE, PATCH


def test_new_files_are_copied_and_patches_are_applied(tree):
    assert (tree.tree / "mm/new.c").read_text() == "new\n"
    assert tree.patched() == BASE_C.replace("line 9\n", "line 9\nhook\n")
    assert not (tree.tree / "overlay").exists()


def test_the_tree_has_two_commits_and_no_difference(tree):
    assert tree.git("show", "base:mm/base.c") == BASE_C
    assert tree.git("rev-list", "HEAD").split() == tree.git("rev-parse", "HEAD", "base").split()
    assert tree.git("diff") == tree.git("status", "--porcelain") == ""


def test_every_file_is_found(tree):
    """Including a file that the base's .gitignore excludes: Debian's excludes everything."""
    (tree.tree / ".gitignore").write_text("/*\n")
    assert tree.git("grep", "-l", "-e", "new", "-e", "hook").split() == ["mm/base.c", "mm/new.c"]
    done = subprocess.run(["grep", "-rl", "^new", "mm"], cwd=tree.tree, check=True,
                          capture_output=True, text=True)
    assert done.stdout == "mm/new.c\n"


def test_only_what_changed_is_written(tree):
    (tree.top / "mm/other.c").write_text("other\n")
    places = [tree.tree / "mm" / name for name in ("base.c", "new.c", "other.c")]
    assert tree.run("assemble").returncode == 0
    for place in places:
        os.utime(place, (1, 1))
    (tree.top / "mm/other.c").write_text("another\n")
    os.utime(tree.top / "mm/new.c")
    assert tree.run("assemble").stdout == "  laid mm/other.c\n"
    assert [place.stat().st_mtime == 1 for place in places] == [True, True, False]
    assert tree.git("diff") == ""


def test_a_program_is_one_in_the_tree_too(tree):
    (tree.top / "mm/new.c").chmod(0o755)
    assert tree.run("assemble").returncode == 0
    assert os.access(tree.tree / "mm/new.c", os.X_OK)
    assert tree.git("status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["mm/base.c", "mm/new.c"])
def test_an_edit_is_all_that_differs_and_is_warned_of(tree, path):
    (tree.tree / path).write_text("precious\n")
    done = tree.run("assemble")
    assert done.returncode == 0
    assert done.stdout.startswith(f"warning: build/linux has edits that the overlay lacks: {path}:")
    assert tree.git("diff", "--name-only").split() == [path]
    assert (tree.tree / path).read_text() == "precious\n"


@pytest.mark.parametrize("path, change", [
    ("mm/base.c", lambda top: (top / "mm/base.c.patch").write_text(PATCH.replace("hook", "crook"))),
    ("mm/base.c", lambda top: (top / "mm/base.c.patch").unlink()),
    ("mm/new.c", lambda top: (top / "mm/new.c").write_text("newer\n")),
    ("mm/new.c", lambda top: (top / "mm/new.c").unlink()),
    ("mm/newer.c", lambda top: (top / "mm/newer.c").write_text("newer\n")),
])
def test_an_edit_is_never_overwritten(tree, path, change):
    (tree.tree / path).write_text("precious\n")
    change(tree.top)
    assert "make refresh" in tree.refuses("assemble")
    assert (tree.tree / path).read_text() == "precious\n"


def test_the_same_edit_on_both_sides_is_none(tree):
    for top in (tree.top, tree.tree):
        (top / "mm/new.c").write_text("newer\n")
    done = tree.run("assemble")
    assert (done.returncode, "warning" in done.stdout) == (0, False)
    assert tree.git("diff") == ""


def test_files_come_and_go(tree):
    (tree.top / "mm/new.c").unlink()
    (tree.top / "mm/newer.c").write_text("newer\n")
    assert tree.run("assemble").returncode == 0
    assert not (tree.tree / "mm/new.c").exists()
    assert (tree.tree / "mm/newer.c").read_text() == "newer\n"
    assert tree.git("status", "--porcelain") == ""


def test_a_folder_that_the_overlay_has_no_more_is_gone(tree):
    (tree.top / "mm/deep/er").mkdir(parents=True)
    (tree.top / "mm/deep/er/new.c").write_text("new\n")
    assert tree.run("assemble").returncode == 0
    shutil.rmtree(tree.top / "mm/deep")
    assert tree.run("assemble").stdout == "  removed mm/deep/er/new.c\n"
    assert not (tree.tree / "mm/deep").exists()
    assert (tree.tree / "mm/base.c").exists()


def test_commits_of_ones_own_are_refused_and_can_become_an_edit(tree):
    (tree.tree / "mm/base.c").write_text(tree.patched() + "precious\n")
    tree.git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qam", "mine")
    said = tree.refuses("assemble")
    tree.git(*re.search("git (reset --soft \\S+)", said)[1].split())
    assert tree.run("refresh").returncode == 0
    assert "precious" in (tree.top / "mm/base.c.patch").read_text()


@pytest.fixture
def old(tree):
    """A tree of an earlier version: one commit, a link, an applied hook, and a state file."""
    applied = tree.patched()
    tree.git("checkout", "-q", "base")
    tree.git("update-ref", "-d", "refs/overlay/laid")
    tree.git("branch", "-m", "base", "tdx")
    (tree.tree / "mm/base.c").write_text(applied)
    (tree.tree / "mm/new.c").symlink_to(tree.top / "mm/new.c")
    (tree.top / "build/linux.state.json").write_text(json.dumps({
        "base": str(tree.base), "links": ["mm/new.c"],
        "patches": {"mm/base.c": {"applied": hashlib.sha256(applied.encode()).hexdigest()}}}))
    return tree


@pytest.mark.parametrize("line", ["hook", "crook"])
def test_a_tree_of_an_earlier_make_is_upgraded(old, line):
    os.utime(old.tree / "mm/base.c", (1, 1))
    (old.top / "mm/base.c.patch").write_text(PATCH.replace("hook", line))
    done = old.make_tree()
    assert done.returncode == 0, done.stderr
    assert not (old.tree / "mm/new.c").is_symlink()
    assert f"{line}\n" in old.patched()
    assert ((old.tree / "mm/base.c").stat().st_mtime == 1) == (line == "hook")
    assert old.git("show", "base:mm/base.c") == BASE_C
    assert old.git("status", "--porcelain") == ""
    assert old.run("assemble").stdout == old.run("refresh").stdout == ""


@pytest.mark.parametrize("path", ["mm/base.c", "mm/newer.c", "Makefile"])
def test_a_tree_of_an_earlier_make_with_edits_is_refused_and_kept(old, path):
    (old.tree / path).write_text("precious\n")
    for _ in range(2):
        said = old.refuses("assemble")
        assert f"lacks: {path}." in said and "make clean" in said
    assert (old.tree / path).read_text() == "precious\n"


def test_a_tree_that_is_not_known_is_refused(tree):
    tree.git("update-ref", "-d", "refs/overlay/laid")
    for tool in ("assemble", "refresh"):
        assert "make clean" in tree.refuses(tool)
    assert tree.patched()


def test_a_file_in_no_folder_can_be_patched(repo):
    (repo.base / "MAINTAINERS").write_text("nobody\n")
    (repo.top / "MAINTAINERS.patch").write_text(
        "--- a/MAINTAINERS\n+++ b/MAINTAINERS\n@@ -1 +1,2 @@\n nobody\n+somebody\n")
    done = repo.make_tree()
    assert done.returncode == 0, done.stderr
    assert (repo.tree / "MAINTAINERS").read_text() == "nobody\nsomebody\n"


def test_another_version_is_refused_and_leaves_nothing(repo):
    (repo.base / "Makefile").write_text(MAKEFILE.format(2))
    assert "is Linux 6.2.99, not 6.1.y" in repo.refuses("assemble", "--ksrc", str(repo.base))
    assert list((repo.top / "build").iterdir()) == []


def test_what_is_no_kernel_tree_is_refused(repo):
    (repo.base / "Makefile").unlink()
    assert "no kernel tree" in repo.refuses("assemble", "--ksrc", str(repo.base))
    assert "does not exist" in repo.refuses("assemble", "--ksrc", str(repo.base / "nowhere"))


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
    assert "mm/base.c.patch does not apply" in tree.refuses("assemble")
    assert tree.patched() == before


def test_a_patch_that_does_not_apply_leaves_no_half_made_tree(repo):
    (repo.top / "mm/later.c.patch").write_text(PATCH.replace("base.c", "later.c"))
    assert "the base has no file mm/later.c" in repo.refuses("assemble", "--ksrc", str(repo.base))
    assert list((repo.top / "build").iterdir()) == []


def test_of_two_changed_patches_none_is_applied_when_one_does_not_fit(tree):
    before = tree.patched()
    (tree.top / "mm/base.c.patch").write_text(PATCH.replace("+hook", "+crook"))
    (tree.top / "mm/other.c.patch").write_text(PATCH.replace("base.c", "other.c"))
    tree.refuses("assemble")
    assert tree.patched() == before


def test_a_base_that_was_built_in_is_refused(repo):
    (repo.base / ".config").write_text("")
    assert "make mrproper" in repo.refuses("assemble", "--ksrc", str(repo.base))


def test_a_patch_of_a_file_that_the_base_lacks_is_named(tree):
    (tree.top / "mm/other.c.patch").write_text(PATCH.replace("base.c", "other.c"))
    assert "the base has no file mm/other.c" in tree.refuses("assemble")


def test_a_new_file_that_the_base_has_is_refused(tree):
    (tree.top / "mm/base.c").write_text("mine\n")
    assert "has to be mm/base.c.patch" in tree.refuses("assemble")


def test_a_changed_patch_is_applied_anew_and_a_removed_one_reverted(tree):
    (tree.top / "mm/base.c.patch").write_text(PATCH.replace("+hook", "+crook"))
    assert tree.run("assemble").returncode == 0
    assert "crook\n" in tree.patched() and "hook\n" not in tree.patched()
    (tree.top / "mm/base.c.patch").unlink()
    assert tree.run("assemble").returncode == 0
    assert tree.patched() == BASE_C


def test_another_base_needs_a_new_tree(tree):
    assert "make clean" in tree.refuses("assemble", "--ksrc", str(tree.top))


def test_what_is_left_of_a_work_tree_is_made_again(tree):
    """Also inside of another repository that has commits."""
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q",
                    "--allow-empty", "-m", "top"], cwd=tree.top, check=True)
    beside = tree.top / "build/beside"
    beside.mkdir()
    (beside / "stale").write_text("of an interrupted run\n")
    base.work_tree(tree.tree, beside, "base")
    assert not (beside / "stale").exists()
    assert (beside / "mm/base.c").read_text() == BASE_C


def test_a_work_tree_keeps_what_was_built_in_it(tree):
    beside = tree.top / "build/beside"
    base.work_tree(tree.tree, beside, "base")
    (beside / "mm/base.c").write_text("edited\n")
    (beside / "mm/base.o").write_text("built\n")
    base.work_tree(tree.tree, beside, "base")
    assert (beside / "mm/base.c").read_text() == BASE_C
    assert (beside / "mm/base.o").read_text() == "built\n"
