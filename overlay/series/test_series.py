# SPDX-License-Identifier: GPL-2.0-only
"""The two patch series of a small overlay."""
import os
import shutil
import subprocess

import pytest

from overlay.series import series
from overlay.tree.conftest import PATCH, Repository

MESSAGE = "mm: {}\n\nThe reason.\n\nFiles:\n{}\n"
MAKEFILE = ("# SPDX\n\nobj-y += one.o two.o sub/\nobj-$(CONFIG_X) += two.o\n"
            "obj-$(and $(filter y,$(CONFIG_X)),$(CONFIG_Y)) += sub/\n")
# A patch on top of the first hook.
SECOND = PATCH.replace("@@ -9,3 +9,4 @@\n line 8\n line 9\n+hook",
                       "@@ -10,3 +10,4 @@\n line 9\n hook\n+second")
IDENTITY = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


class Overlay(Repository):
    """An overlay with one file of the base that two series modify, each for its own reason."""

    def __init__(self, path):
        super().__init__(path)
        shutil.copy(series.__file__, self.top / "overlay/series")
        for name in ("host", "kvm"):
            (self.top / f"overlay/series/{name}/cover-letter.txt").write_text(
                f"The {name}\n\nWhat it is for.\n")
        (self.top / "mm/base.c@second.patch").write_text(SECOND)
        self.write("host/01-new", "Add", "mm/new.c")
        self.write("host/02-hook", "Hook", "mm/base.c.patch")
        self.write("kvm/01-second", "Hook again", "mm/base.c@second.patch")
        for key, value in (("user.name", "Some Body"), ("user.email", "some@body")):
            subprocess.run(["git", "config", key, value], cwd=self.top, check=True)
        self.environment = {**os.environ, **IDENTITY}
        assert self.make_tree().returncode == 0

    def write(self, name, subject, *files):
        (self.top / f"overlay/series/{name}.txt").write_text(
            MESSAGE.format(subject, "\n".join(files)))

    def series(self):
        return subprocess.run(["python3", "-m", "overlay.series.series"], cwd=self.top, check=False,
                              capture_output=True, text=True, env=self.environment)

    def refuses_series(self):
        done = self.series()
        assert done.returncode == 1
        assert done.stderr.startswith("error: ") and "Traceback" not in done.stderr
        return done.stderr

    def mails(self):
        done = self.series()
        assert done.returncode == 0, done.stderr
        place = self.top / "build/series"
        return {str(mail.relative_to(place)): mail.read_bytes() for mail in place.glob("*/*")}


@pytest.fixture
def overlay(tmp_path):
    return Overlay(tmp_path)


def test_the_mails_apply_and_give_the_assembled_tree(overlay):
    mails = overlay.mails()
    assert sorted(mails) == [
        "host/0000-cover-letter.patch", "host/0001-mm-Add.patch", "host/0002-mm-Hook.patch",
        "kvm/0000-cover-letter.patch", "kvm/0001-mm-Hook-again.patch"]
    assert b"\n+hook\n" in mails["host/0002-mm-Hook.patch"]
    assert b"\n+second\n" in mails["kvm/0001-mm-Hook-again.patch"]
    assert b"The kvm" in mails["kvm/0000-cover-letter.patch"]
    for command in (["init", "-q"], ["add", "-A"],
                    ["-c", "user.name=b", "-c", "user.email=b@b", "commit", "-qm", "base"],
                    ["-c", "user.name=b", "-c", "user.email=b@b", "am", "-q", "--empty=drop",
                     *(str(overlay.top / "build/series" / name) for name in sorted(mails))]):
        subprocess.run(["git", *command], cwd=overlay.base, check=True)
    assert (overlay.base / "mm/base.c").read_text() == overlay.patched()
    assert overlay.patched().count("hook\n") == overlay.patched().count("second\n") == 1
    assert (overlay.base / "mm/new.c").read_text() == "new\n"


def test_each_series_ends_on_a_branch_and_the_last_is_the_assembled_tree(overlay):
    overlay.mails()
    assert overlay.git("log", "--format=%s", "base..series/kvm").splitlines() == [
        "mm: Hook again", "mm: Hook", "mm: Add"]
    assert overlay.git("log", "-1", "--format=%s", "series/host") == "mm: Hook\n"
    assert overlay.git("diff", "series/kvm", "overlay") == overlay.git("diff") == ""


@pytest.mark.parametrize("path", ["mm/base.c", "mm/new.c", "mm/newer.c", "mm/.kunitconfig"])
def test_an_edit_that_the_overlay_lacks_is_refused(overlay, path):
    (overlay.tree / path).write_text("precious\n")
    assert f"lacks: {path}: make refresh" in overlay.refuses_series()


def test_the_same_series_has_the_same_bytes(overlay):
    assert overlay.mails() == overlay.mails()


def test_a_mail_is_signed_off_by_gits_identity(overlay):
    assert b"\nSigned-off-by: Some Body <some@body>\n" in overlay.mails()[
        "host/0001-mm-Add.patch"]


def test_without_an_identity_there_is_no_series(overlay):
    subprocess.run(["git", "config", "--unset", "user.email"], cwd=overlay.top, check=True)
    assert "user.email" in overlay.refuses_series()


def test_a_file_without_a_patch_is_named(overlay):
    (overlay.top / "mm/lost.c").write_text("lost\n")
    assert "mm/lost.c" in overlay.refuses_series()


def test_a_file_in_two_patches_is_named_with_both(overlay):
    overlay.write("kvm/01-second", "Hook again", "mm/base.c@second.patch", "mm/new.c")
    said = overlay.refuses_series()
    assert "mm/new.c" in said and "host/01-new" in said and "kvm/01-second" in said


def test_a_patch_of_a_file_that_is_not_there_is_refused(overlay):
    overlay.write("host/02-hook", "Hook", "mm/base.c.patch", "mm/gone.c")
    assert "mm/gone.c" in overlay.refuses_series()


@pytest.mark.parametrize("text, words", [
    ("mm: Add\n\nThe reason.\n", "Files:"),
    ("mm: Add\n\nFiles:\nmm/new.c\n", "message"),
    ("mm: Add\nThe reason.\n\nFiles:\nmm/new.c\n", "empty line"),
    (f"mm: Add\n\n{'word ' * 20}\n\nFiles:\nmm/new.c\n", "longer than"),
])
def test_a_message_that_is_none_is_refused(overlay, text, words):
    (overlay.top / "overlay/series/host/01-new.txt").write_text(text)
    assert words in overlay.refuses_series()


@pytest.mark.parametrize("present, text", [
    (set(), "# SPDX\n"),
    ({"arch/one.c"}, "# SPDX\n\nobj-y += one.o\n"),
    ({"arch/one.c", "arch/two.S"}, "# SPDX\n\nobj-y += one.o two.o\nobj-$(CONFIG_X) += two.o\n"),
    ({"arch/one.c", "arch/two.c", "arch/sub/Makefile"}, MAKEFILE),
])
def test_a_makefile_names_only_what_is_there(present, text):
    assert series.grown("arch/Makefile", MAKEFILE, present) == text


def test_a_kconfig_sources_only_what_is_there():
    text = 'config A\n\tbool\n\nsource "arch/sub/Kconfig"\n'
    assert series.grown("arch/Kconfig", text, {"arch/sub/Kconfig"}) == text
    assert series.grown("arch/Kconfig", text, set()) == "config A\n\tbool\n"
