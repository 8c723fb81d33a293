# SPDX-License-Identifier: GPL-2.0-only
"""Changes of make mutate, their order, and when it succeeds."""
import pytest

from overlay.test import mutants
from overlay.test.mutants import Mutation, Tally

CODE = """#include <linux/x.h>
/* A comment. */
static int a = 1;
static struct block block = {
	.call = f,
};

int f(int x)
{
	/* if (x == 1) */
	if (x == 1 &&
	    !g(x))
		return -EINVAL;
	pr_err("x < 1: %d\\n",
	       x);
	return 0;
}
"""
LINES = dict(mutants.code_lines(CODE))
PATCH = """--- a/x.c
+++ b/x.c
@@ -1,3 +1,4 @@
 one
+two
 three
 four
@@ -10,4 +11,4 @@ f
 eleven
-gone
+twelve

 fourteen
"""
KERNEL = mutants.CHANGES + mutants.MORE_CHANGES


def test_only_functions_and_initializers_are_changed():
    assert [line.strip() for line in LINES.values()] == [
        ".call = f,", "if (x == 1 &&", "!g(x))", "return -EINVAL;", 'pr_err("x < 1: %d\\n",', "x);",
        "return 0;"]


@pytest.mark.parametrize("right, wrong", [
    ("\tif (a < b)", ["\tif (a <= b)"]),
    ("\tif (!a)", ["\tif (a)"]),
    ("\tif (a->b)", ["\tif (!a->b)"]),
    ("\tif (f(a)) {", ["\tif (!f(a)) {"]),
    ("\treturn -EINVAL;", ["\treturn -EIO;"]),
    ("\treturn -EIO;", ["\treturn -EINVAL;"]),
    ("\treturn a ?: f(b);", ["\treturn a;"]),
    ("\ta = b ? c : d;", ["\ta = b ? d : c;"]),
    ("\ta |= b;", ["\ta &= b;"]),
    ("\ta &= ~b;", ["\ta |= b;", "\ta &= b;"]),
    ("\ta = b << c;", ["\ta = b >> c;"]),
    ("\tf(a, min(b, c));", ["\tf(a, max(b, c));"]),
    ('\tpr_err("a < b: %d\\n", c + 1);', ['\tpr_err("a < b: %d\\n", c);']),
    ("\tf(a);\t/* not a - b */", []),
])
def test_a_line_becomes_wrong_in_each_way_once(right, wrong):
    assert mutants.wrong_lines(right, KERNEL) == wrong


@pytest.mark.parametrize("right", [
    "\tf(a, g(b));", "\ta = f(b);", "\t*a = b;", "\ta->b[c] = d;", "\ta |= b;", "\t\treturn -EIO;",
    "\t\tgoto out;", "\t\tbreak;", "\t.a = b,", "\tcase A:"])
def test_a_whole_statement_can_be_left_out(right):
    wrong, = mutants.wrong_lines(right, mutants.OMISSIONS)
    assert right.strip() in wrong
    assert not mutants.TEXT.sub("", wrong).strip("\t{} ")


@pytest.mark.parametrize("right", [
    "\treturn -EIO;", "\tint a = f(b);", "\tif (f(a))", "\twhile (f(a));", "\tf(a, b,",
    "\tdefault:"])
def test_other_lines_cannot_be_left_out(right):
    assert not mutants.wrong_lines(right, mutants.OMISSIONS)


def test_a_statement_of_several_lines_is_left_out_as_a_whole():
    omitted = mutants.omitted("x.c", LINES)
    assert [mutation.lines for mutation in omitted] == [1, 1, 2]
    text = omitted[-1].apply(CODE)
    assert text.count("\n") == CODE.count("\n")
    before, after = CODE.split("\tpr_err")
    assert text.startswith(before + "\t{ /* pr_err(")
    assert text.endswith("\n" + after[after.index("\treturn 0;"):])


def test_lines_that_a_patch_adds_have_numbers_of_the_file_that_it_makes():
    assert list(mutants.added_lines(PATCH)) == [1, 11]


def some(file, number):
    return [Mutation(file, line, "right", f"wrong {line}") for line in range(number)]


def test_a_sample_is_spread_evenly_over_files():
    todo = some("a.c", 50) + some("b.c", 2) + some("c.c", 9)
    order = mutants.in_turn(todo, 1)
    assert sorted(order) == sorted(todo)
    assert [mutation.file for mutation in order[:6]].count("a.c") == 2
    assert sorted({mutation.file for mutation in order[:3]}) == ["a.c", "b.c", "c.c"]
    assert order == mutants.in_turn(todo, 1) != mutants.in_turn(todo, 2)


def test_a_reason_for_what_is_no_change_is_found():
    accepted = {"a.c": {"wrong 1": "why", "wrong 2": "why"}, "b.c": {"wrong 0": "why"}}
    assert mutants.unfounded(accepted, some("a.c", 2)) == ["a.c: wrong 2", "b.c: wrong 0"]


def fault(noticed, survivors, accepted):
    tally = Tally({"a.c": {f"wrong {line}": "why" for line in range(accepted)}})
    for mutation in some("b.c", noticed):
        tally.add(mutation, False)
    for mutation in some("a.c", survivors):
        tally.add(mutation, True)
    return tally.fault(95)


def test_survivors_need_a_reason_and_must_be_few():
    assert fault(19, 0, 0) is None
    assert fault(19, 1, 1) is None
    assert fault(19, 2, 2) == "less than 95 % were noticed"
    assert fault(99, 1, 0) == "1 survived without a reason"
    assert fault(0, 0, 0) == "nothing was tried"


def test_the_table_has_every_file_and_all():
    tally = Tally({})
    for mutation in some("a.c", 3) + some("b.c", 1):
        tally.add(mutation, mutation == some("a.c", 1)[0])
    assert [line.split() for line in tally.table()][1:] == [
        ["2", "1", "0", "66.7", "%", "a.c"], ["1", "0", "0", "100.0", "%", "b.c"],
        ["3", "1", "0", "75.0", "%", "all"]]
