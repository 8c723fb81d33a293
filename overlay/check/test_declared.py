# SPDX-License-Identifier: GPL-2.0-only
"""Test that names are found which a patch uses before they are declared."""
import pytest

from overlay.check import declared

HEADER = "struct td {\n\tint keyid;\n};\nint td_create(struct td *td);\n"


@pytest.mark.parametrize("code, needed", [
    ("static void f(struct td *td)\n{\n\ttd->keyid = td_create(td);\n}\n", {"keyid", "td_create"}),
    ("static struct td td = {\n\t.keyid = 1,\n};\n", {"keyid"}),
    ("int td_create(struct td *td)\n{\n\treturn td_create(td);\n}\n", set()),
    ("struct own { int keyid; };\nstatic int g(struct own *own)\n{\n\treturn own->keyid;\n}\n", set()),
])
def test_members_and_functions_are_needed_unless_the_file_has_them(code, needed):
    assert declared.needed_names(code) == needed


@pytest.mark.parametrize("commits, early", [
    ([{"td.h": HEADER}, {"vm.c": "int f(void)\n{\n\treturn td_create(0);\n}\n"}], []),
    ([{"td.h": HEADER, "vm.c": "int f(void)\n{\n\treturn td_create(0);\n}\n"}], []),
    ([{"vm.c": "int f(void)\n{\n\treturn td_create(0);\n}\n"}, {"td.h": HEADER}],
     [("td_create", "vm.c", 0)]),
    ([{"vm.c": "int f(struct td *td)\n{\n\treturn td->keyid;\n}\n"}, {}, {"td.h": HEADER}],
     [("keyid", "vm.c", 0)]),
])
def test_a_name_is_used_too_early_if_a_later_header_is_the_first_with_it(monkeypatch, commits, early):
    monkeypatch.setattr(declared, "added_code", lambda commit: commit)
    assert declared.used_too_early(commits) == early


def test_comments_strings_and_names_of_headers_are_not_code(monkeypatch):
    change = ('diff --git a/vm.c b/vm.c\n--- /dev/null\n+++ b/vm.c\n+#include <asm/td.h>\n'
              '+/* see td->keyid, and\n+ * td_create() */\n+\ty("td_create()");\n')
    monkeypatch.setattr(declared, "git_tree", lambda *_: change)
    assert declared.needed_names(declared.added_code("commit")["vm.c"]) == {"y"}
