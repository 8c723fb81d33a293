# SPDX-License-Identifier: GPL-2.0-only
"""Does each patch of the series use only what it, or one before it, declares in a header?

That takes seconds, and is most of what keeps a prefix from building.  Members of structures and
functions are looked at, by their names: one that the base or the same file has is taken for that.
"""
import re

from overlay.tree.linux import git_tree

NOT_CODE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|^\s*#\s*include[^\n]*', re.S | re.M)
MEMBER = re.compile(r"(?:\.|->)\s*([A-Za-z_]\w*)")
CALL = re.compile(r"\b([A-Za-z_]\w*)\(")
DEFINITION = re.compile(r"^\S.*?\b(\w+)\(", re.M)
WORD = re.compile(r"[A-Za-z_]\w*")
# Headers that files of the series include
HEADERS = ("include", "arch/x86/include", "arch/x86/kvm")


def added_code(commit):
    """{file of the kernel: the code that a commit adds}, without comments and strings."""
    changes = git_tree("diff", "--unified=0", f"{commit}^", commit, "--", "*.c", "*.h", ":!tools")
    return {re.match(r"a/(\S+)", change)[1]:
            NOT_CODE.sub(" ", "\n".join(re.findall(r"^\+(?!\+\+ )(.*)$", change, re.M)))
            for change in re.split(r"^diff --git ", changes, flags=re.M)[1:]}


def needed_names(code):
    """Names that the code uses, and does not itself define."""
    words = set(WORD.findall(MEMBER.sub(" ", code)))
    return (set(MEMBER.findall(code)) - words) | (set(CALL.findall(code)) -
                                                  set(DEFINITION.findall(code)))


def used_too_early(commits):
    """(name, file, number of its commit) where a later commit declares a name first."""
    declared, used = {}, []
    for number, commit in enumerate(commits):
        files = added_code(commit)
        for path, code in files.items():
            if path.endswith(".h"):
                declared |= dict.fromkeys(set(WORD.findall(code)) - declared.keys(), number)
        used += [(name, path, number) for path, code in files.items()
                 for name in needed_names(code)]
    return [use for use in used if declared.get(use[0], -1) > use[2]]


def names_of_the_base(base, names):
    patterns = [argument for name in sorted(names) for argument in ("-e", name)]
    return set(git_tree("grep", "-hwoF", *patterns, base, "--", *HEADERS).split())


def every_patch_uses_what_is_declared(what):
    early = used_too_early(what.commits)
    known = names_of_the_base(what.base, {name for name, *_ in early})
    return "\n".join(f"{path}: {name} is not declared yet in \"{what.subject(what.commits[number])}\""
                     for name, path, number in early if name not in known)
