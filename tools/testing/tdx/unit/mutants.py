# SPDX-License-Identifier: GPL-2.0-only
"""Mutants of a file, each with one wrong line, and the number that its tests detect."""
import collections
import dataclasses
import itertools
import random
import re
import typing

# Userspace tests cover this folder; tests of other files need a kernel.
GEOMETRY = "arch/x86/virt/vmx/tdx/tdmr"

# Patterns and replacements.
CHANGES = [
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "),
    (r" == ", " != "), (r" != ", " == "), (r" && ", " || "), (r" \|\| ", " && "),
    (r" \+ 1\b", ""), (r" - 1\b", ""), (r"\bmin\(", "max("), (r"\bmax\(", "min("),
    (r"\bALIGN\(", "ALIGN_DOWN("), (r"\bALIGN_DOWN\(", "ALIGN("), (r" \+ (?!1\b)", " - "),
    (r" - (?!1\b)", " + "), (r"\+\+", "--"), (r"\btrue\b", "false"), (r"\bfalse\b", "true"),
    (r"\breturn (?!true|false|NULL)(\w+);", "return 0;"),
    (r"DIV_ROUND_UP\((.*?), (\w+)\)", r"(\1) / \2"),
]

# Statements that are removed: calls, assignments and jumps.  They become a comment in an empty
# block, because an if may need a statement.
NO_STATEMENT, NO_LINE = r"\1{ /* \2 */ }", r"\1/* \2 */"
OMISSIONS = [
    (r"^(\t+)((?!if\b|for\b|while\b|switch\b|return\b)\w+\([^;]*\);)$", NO_STATEMENT),
    (r"^(\t+)([\w>.\[\]*-]+ [|&+-]?= [^;]*;)$", NO_STATEMENT),
    (r"^(\t\t+)((?:return\b[^;]*|goto \w+|break|continue);)$", NO_STATEMENT),
    (r"^(\t+)(\.\w+\s*= .*,)$", NO_LINE), (r"^(\t+)(case \w+:)$", NO_LINE),
]

# Changes of conditions, errors and bits, for files outside of the geometry.
MORE_CHANGES = [
    (r"!(?!=)", ""), (r"\bif \((\w[\w>.\[\]-]*(?:\([^()]*\))?)\)(?=$| \{)", r"if (!\1)"),
    (r"-E(?!IO\b)[A-Z]+\b", "-EIO"), (r"-EIO\b", "-EINVAL"),
    (r"\breturn (\w+) \?: .*;$", r"return \1;"),
    (r" \? ([^?:]+) : ([^?:,;)]+)", r" ? \2 : \1"),
    (r" & ", " | "), (r" \| ", " & "), (r" \|= ", " &= "), (r" &= ~", " |= "), (r"~", ""),
    (r" << ", " >> "), (r" >> ", " << "),
]

# Strings and comments are not changed.
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/')

NOTICED, SURVIVED, EQUIVALENT = "noticed", "survived", "equivalent"


class Mutation(typing.NamedTuple):
    """The number of a line, from 0, its text, the wrong text, and the number of lines replaced."""
    file: str
    number: int
    right: str
    wrong: str
    lines: int = 1

    def __str__(self):
        return (f"{self.file}:{self.number + 1}: {self.right.strip()}\n"
                f"{'':>10}-> {self.wrong.strip()}")

    def apply(self, text):
        lines = text.splitlines()
        lines[self.number:self.number + self.lines] = [self.wrong] + [""] * (self.lines - 1)
        return "\n".join(lines) + "\n"


def code_lines(text):
    """Numbers and contents of lines inside functions and initializers."""
    inside = comment = False
    for number, line in enumerate(text.splitlines()):
        comment = comment or line.lstrip().startswith("/*")
        if not comment and inside and line.startswith("\t"):
            yield number, line
        if "*/" in line:
            comment = False
        if line.startswith("{") or re.match(r"\w.*= \{$", line):
            inside = True
        elif line.startswith("}"):
            inside = False


def added_lines(patch):
    """Numbers, from 0, of the lines that the patch of one file adds to the patched file."""
    number = None
    for line in patch.splitlines():
        hunk = re.match(r"@@ -\S+ \+(\d+)", line)
        if hunk:
            number = int(hunk[1]) - 1
        elif number is not None and line.startswith(("+", " ")):
            if line.startswith("+"):
                yield number
            number += 1


def wrong_lines(line, changes):
    """The line after each possible change; duplicates are removed."""
    texts = [match.span() for match in TEXT.finditer(line)]
    found = {}
    for pattern, replacement in changes:
        for match in re.finditer(pattern, line):
            if not any(start <= match.start() < end for start, end in texts):
                wrong = line[:match.start()] + match.expand(replacement) + line[match.end():]
                found[wrong] = True
    found.pop(line, None)
    return list(found)


def goes_on(text):
    """True if the statement, initializer or condition continues on the next line."""
    code = TEXT.sub("", text)
    return code.count("(") > code.count(")") or code.endswith(("=", "?", "||", "&&"))


def statements(lines):
    """For each code line: the statement that begins there, as one line, and its number of lines."""
    for number in lines:
        text, taken = lines[number], 1
        while goes_on(text) and number + taken in lines:
            text += " " + lines[number + taken].strip()
            taken += 1
        yield number, text, taken


def changed(file, lines, changes):
    return [Mutation(file, number, line, wrong) for number, line in lines.items()
            for wrong in wrong_lines(line, changes)]


def omitted(file, lines):
    return [Mutation(file, number, text, wrong, taken) for number, text, taken in statements(lines)
            for wrong in wrong_lines(text, OMISSIONS)]


def in_turn(todo, seed):
    """All of them in random order: one of each file, then the next one of each file."""
    chance = random.Random(seed)
    by_file = collections.defaultdict(list)
    for mutation in todo:
        by_file[mutation.file].append(mutation)
    files = list(by_file.values())
    chance.shuffle(files)
    for each in files:
        chance.shuffle(each)
    return [mutation for each in itertools.zip_longest(*files) for mutation in each if mutation]


def unfounded(accepted, todo):
    """Accepted survivors that no mutation can produce."""
    possible = {(mutation.file, mutation.wrong.strip()) for mutation in todo}
    return [f"{file}: {wrong}" for file, reasons in accepted.items() for wrong in reasons
            if (file, wrong) not in possible]


@dataclasses.dataclass
class Tally:
    """Results of mutations, by file.  An accepted survivor has a reason."""
    accepted: dict
    outcomes: dict = dataclasses.field(
        default_factory=lambda: collections.defaultdict(collections.Counter))

    def add(self, mutation, survived):
        """Count the result; print survivors."""
        reason = self.accepted.get(mutation.file, {}).get(mutation.wrong.strip())
        outcome = (EQUIVALENT if reason else SURVIVED) if survived else NOTICED
        self.outcomes[mutation.file][outcome] += 1
        if survived:
            print(f"{EQUIVALENT if reason else 'SURVIVED'}: {mutation}", flush=True)
        if survived and reason:
            print(f"{'':>10}{reason}", flush=True)

    def all(self):
        return sum(self.outcomes.values(), collections.Counter())

    def table(self):
        rows = [*sorted(self.outcomes.items()), ("all", self.all())]
        yield f"{NOTICED:>8} {SURVIVED:>8} {EQUIVALENT:>10}"
        for name, counts in rows:
            yield (f"{counts[NOTICED]:>8} {counts[SURVIVED]:>8} {counts[EQUIVALENT]:>10} "
                   f"{percent(counts):>5.1f} %  {name}")

    def fault(self, enough=0):
        """The reason why the tests are not good enough; None if they are.  @enough is in percent."""
        counts = self.all()
        if not counts:
            return "nothing was tried"
        if counts[SURVIVED]:
            return f"{counts[SURVIVED]} survived without a reason"
        return None if percent(counts) >= enough else f"less than {enough} % were noticed"


def percent(counts):
    return 100 * counts[NOTICED] / (sum(counts.values()) or 1)
