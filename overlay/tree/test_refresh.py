# SPDX-License-Identifier: GPL-2.0-only
"""Edits of build/linux, written back into the overlay."""
import shutil

import pytest

from overlay.tree.conftest import BASE_C, PATCH


@pytest.mark.parametrize("edit", [
    lambda path: path.write_bytes(b"\0binary\n"),
    lambda path: path.chmod(0o755),
])
def test_an_edit_that_a_patch_cannot_carry_is_refused(tree, edit):
    patch = (tree.top / "mm/base.c.patch").read_text()
    edit(tree.tree / "mm/base.c")
    assert "mm/base.c" in tree.refuses("refresh")
    assert (tree.top / "mm/base.c.patch").read_text() == patch


def test_an_edit_comes_back_as_a_patch_and_the_second_time_as_the_same(tree):
    edited = tree.patched().replace("line 3\n", "line three\n")
    (tree.tree / "mm/base.c").write_text(edited)
    assert tree.run("refresh").returncode == 0
    patch = (tree.top / "mm/base.c.patch").read_text()
    assert "+line three" in patch and "+hook" in patch and "index" not in patch
    assert tree.git("diff") == tree.run("refresh").stdout == ""
    assert (tree.top / "mm/base.c.patch").read_text() == patch
    shutil.rmtree(tree.top / "build")
    assert tree.make_tree().returncode == 0
    assert tree.patched() == edited


def test_a_new_file_in_the_tree_is_taken_over(tree):
    (tree.tree / "mm/born_here.c").write_text("here\n")
    assert tree.run("refresh").returncode == 0
    assert (tree.top / "mm/born_here.c").read_text() == "here\n"
    assert (tree.tree / "mm/born_here.c").read_text() == "here\n"
    assert tree.git("status", "--porcelain") == ""


def test_a_deleted_file_of_the_base_is_refused(tree):
    (tree.tree / "mm/base.c").unlink()
    assert "lacks mm/base.c" in tree.refuses("refresh")


def test_an_edit_of_a_new_file_comes_back_however_an_editor_writes_it(tree):
    beside = tree.tree / "mm/new.c.swp"
    beside.write_text("newer\n")
    beside.rename(tree.tree / "mm/new.c")
    assert tree.run("refresh").returncode == 0
    assert (tree.top / "mm/new.c").read_text() == "newer\n"
    assert tree.git("status", "--porcelain") == ""


def test_what_an_editor_leaves_behind_is_no_new_file(tree):
    for name in ("new.c~", ".new.c.swp", "new.c.orig", "new.o"):
        (tree.tree / "mm" / name).write_text("left\n")
    assert tree.run("refresh").stdout == ""


def test_edits_on_both_sides_are_merged(tree):
    (tree.top / "mm/new.c").write_text(BASE_C)
    assert tree.run("assemble").returncode == 0
    (tree.top / "mm/new.c").write_text(BASE_C.replace("line 3\n", "line three\n"))
    (tree.top / "mm/base.c.patch").write_text(PATCH.replace("hook", "crook"))
    for name in ("new.c", "base.c"):
        place = tree.tree / "mm" / name
        place.write_text(place.read_text().replace("line 15\n", "line fifteen\n"))
    assert tree.run("refresh").returncode == 0
    merged = BASE_C.replace("line 3\n", "line three\n").replace("line 15\n", "line fifteen\n")
    assert (tree.top / "mm/new.c").read_text() == (tree.tree / "mm/new.c").read_text() == merged
    patch = (tree.top / "mm/base.c.patch").read_text()
    assert "+crook" in patch and "+hook" not in patch and "+line fifteen" in patch
    assert "crook\n" in tree.patched() and tree.git("status", "--porcelain") == ""


@pytest.mark.parametrize("path, change", [
    ("mm/base.c", lambda top: (top / "mm/base.c.patch").write_text(PATCH.replace("hook", "crook"))),
    ("mm/new.c", lambda top: (top / "mm/new.c").write_text("newer\n")),
    ("mm/new.c", lambda top: (top / "mm/new.c").unlink()),
    ("mm/newer.c", lambda top: (top / "mm/newer.c").write_text("newer\n")),
])
def test_edits_that_meet_are_refused_and_kept(tree, path, change):
    (tree.tree / path).write_text("precious\n")
    change(tree.top)
    before = {place: place.read_bytes() for place in (tree.top / "mm").iterdir()}
    assert "undo one of them" in tree.refuses("refresh")
    assert (tree.tree / path).read_text() == "precious\n"
    assert {place: place.read_bytes() for place in (tree.top / "mm").iterdir()} == before


@pytest.mark.parametrize("path", ["mm/base.c", "mm/new.c"])
def test_what_is_gone_in_the_tree_is_not_taken_out_of_the_overlay(tree, path):
    (tree.tree / path).unlink()
    assert f"lacks {path}" in tree.refuses("refresh")
    tree.git("checkout", path)
    assert tree.run("refresh").stdout == ""


def test_a_hook_that_is_reverted_has_no_patch_any_more(tree):
    (tree.tree / "mm/base.c").write_text(BASE_C)
    assert tree.run("refresh").returncode == 0
    assert not (tree.top / "mm/base.c.patch").exists()
    assert tree.git("diff", "base", "HEAD", "--", "mm/base.c") == ""


def topic(name, number, line="", context=3):
    """A patch that adds a line after a line of the base; the line defaults to the name."""
    text = "".join(f" line {n}\n" for n in range(number - context + 1, number + 1))
    after = "".join(f" line {n}\n" for n in range(number + 1, number + context + 1))
    return (f"--- a/mm/base.c\n+++ b/mm/base.c\n@@ -{number - context + 2},{2 * context} "
            f"+{number - context + 2},{2 * context + 1} @@\n{text}+{line or name}\n{after}")


@pytest.fixture
def topics(repo):
    """Three hooks in one file; their order in the series is not that of their names."""
    (repo.top / "mm/base.c.patch").unlink()
    for name, number in (("late", 5), ("early", 9), ("middle", 13)):
        (repo.top / f"mm/base.c@{name}.patch").write_text(topic(name, number))
    for number, name in enumerate(("early", "middle", "late"), 1):
        (repo.top / f"overlay/series/host/{number}-{name}.txt").write_text(
            f"mm: Add\n\nWhy.\n\nFiles:\nmm/base.c@{name}.patch\n")
    done = repo.make_tree()
    assert done.returncode == 0, done.stderr
    return repo


def patches(repo):
    """Lines that the patches of mm/base.c add and remove: {topic: lines}"""
    return {place.name.removeprefix("base.c@").removesuffix(".patch"):
            [line for line in place.read_text().splitlines()[2:] if line[0] in "+-"]
            for place in (repo.top / "mm").glob("base.c@*.patch")}


def edit(repo, old, new):
    assert old in repo.patched()
    (repo.tree / "mm/base.c").write_text(repo.patched().replace(old, new))


def test_several_patches_of_a_file_apply_in_the_order_of_the_series(topics):
    assert [line for line in topics.patched().splitlines() if "line" not in line] == [
        "late", "early", "middle"]
    (topics.top / "mm/base.c@late.patch").write_text(
        topic("late", 5).replace("+late", "-line 6\n+late").replace(" line 6\n", "", 1)
        .replace("+4,7", "+4,6"))
    assert topics.run("assemble").returncode == 0
    assert "line 6\n" not in topics.patched()


@pytest.mark.parametrize("old, new, changed", [
    ("early\n", "early\nmore\n", {"early": ["+early", "+more"]}),
    ("line 9\nearly\n", "early, line 9\n", {"early": ["-line 9", "+early, line 9"]}),
    ("middle\n", "muddle\n", {"middle": ["+muddle"]}),
    ("late\nline 6\n", "late\nlater\nline 6\n", {"late": ["+late", "+later"]}),
    ("early\n", "", {"early": None}),
])
def test_an_edit_goes_to_the_topic_whose_lines_it_touches(topics, old, new, changed):
    expected = {key: value for key, value in (patches(topics) | changed).items() if value}
    edit(topics, old, new)
    edited = topics.patched()
    done = topics.run("refresh")
    assert done.returncode == 0, done.stderr
    assert patches(topics) == expected
    assert topics.patched() == edited and topics.git("diff") == ""
    assert topics.run("refresh").stdout == ""


def test_edits_of_several_topics_are_divided(topics):
    edit(topics, "early\n", "earlier\n")
    edit(topics, "late\n", "later\n")
    assert topics.run("refresh").returncode == 0
    assert patches(topics) == {"early": ["+earlier"], "middle": ["+middle"], "late": ["+later"]}


def test_lines_of_topics_that_touch_stay_with_their_topics(topics):
    (topics.top / "mm/base.c@late.patch").write_text(
        topic("late", 9).replace(" line 10\n", " early\n line 10\n", 1).replace("+late\n early\n",
        " early\n+late\n").replace("-8,6 +8,7", "-8,7 +8,8"))
    assert topics.run("assemble").returncode == 0
    assert "early\nlate\n" in topics.patched()
    edit(topics, "early\nlate\n", "earlier\nlate\n")
    edit(topics, "late\n", "later\n")
    said = topics.refuses("refresh")
    assert "make refresh TOPIC=" in said and "early, middle, late" in said
    edit(topics, "later\n", "late\n")
    assert topics.run("refresh").returncode == 0
    assert patches(topics)["early"] == ["+earlier"]
    assert patches(topics)["late"] == ["+late"]


@pytest.mark.parametrize("chosen", ["early", "middle", "late", "new"])
def test_an_edit_that_touches_no_topic_goes_where_the_user_says(topics, chosen):
    before = patches(topics)
    edit(topics, "line 18\n", "line eighteen\n")
    edited = topics.patched()
    assert "TOPIC=" in topics.refuses("refresh")
    assert patches(topics) == before and topics.patched() == edited
    assert topics.run("refresh", "--topic", chosen).returncode == 0
    before[chosen] = before.get(chosen, []) + ["-line 18", "+line eighteen"]
    assert patches(topics) == before
    assert topics.patched() == edited and topics.git("diff") == ""


def test_a_topic_cannot_remove_what_another_adds_later(topics):
    edit(topics, "late\n", "")
    assert "early cannot remove a line that late adds later: late" in topics.refuses(
        "refresh", "--topic", "early")
    assert "late\n" not in topics.patched()
    assert "TOPIC=No/name" in topics.refuses("refresh", "--topic", "No/name")
