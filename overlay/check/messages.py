# SPDX-License-Identifier: GPL-2.0-only
"""Is every message of TDX host support in Documentation/x86/tdx-host.rst?

Prints what is missing there, and what stands there but is said nowhere any more.

A message is any string of the sources: causes and their parts travel through too
many functions to name them all.  The document quotes it as a literal, ``like <n>
this``, with something in angle brackets for each conversion, or for several of
them that touch.  White space does not matter, nor does the prefix of pr_fmt().
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = TOP / "Documentation/x86/tdx-host.rst"
SOURCES = sorted([*TOP.glob("arch/x86/virt/vmx/tdx/*.[ch]"), *TOP.glob("arch/x86/kvm/vmx/tdx/*.[ch]")])

# Macros that are strings.
MACROS = {"HW_ERR": "[Hardware Error]: ", "FW_BUG": "[Firmware Bug]: "}

# What is called with strings that are no messages.  X: names of leaves.
OTHER_CALLS = {"early_param", "module_param_named", "MODULE_PARM_DESC", "X",
               "cpuhp_setup_state_nocalls", "debugfs_create_dir", "debugfs_create_file"}

# Files that are included, and the prefix of all messages.
OTHER_LINES = re.compile(r"^#\s*(include|define pr_fmt)\b.*$", re.M)

TOKEN = re.compile(r"""(?P<comment>/\*.*?\*/|//[^\n]*)
                     |(?P<string>"(?:[^"\\\n]|\\.)*")
                     |'(?:[^'\\]|\\.)+'
                     |(?P<word>\w+)
                     |(?P<other>\S)""", re.S | re.X)

# One or several that touch, and what stands for them in the document.
CONVERSIONS = re.compile(r"(?:%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?[a-zA-Z])+")
PLACEHOLDERS = r"\s*(?:<[^<>]+>\s*)+"
LITERAL = re.compile(r"``(.+?)``", re.S)
# In the document: what begins an entry of the section of messages.
ENTRY = re.compile(r"^\* ((?:``.+?``(?:,\s+|))+)", re.M | re.S)


def strings(source):
    """Each string of a C source: pieces and macros joined, none of OTHER_CALLS."""
    called, last, text = [], "", None
    for token in TOKEN.finditer(OTHER_LINES.sub("", source)):
        if token["comment"]:
            continue
        piece = MACROS.get(token["word"]) or (token["string"] or "")[1:-1]
        if piece:
            text = (text or "") + piece
            continue
        if text is not None and not OTHER_CALLS.intersection(called):
            yield text
        text = None
        if token["other"] == "(":
            called.append(last)
        elif token["other"] == ")":
            called.pop()
        last = token["word"] or ""


def unescape(text):
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": "\t"}.get(match[1], match[1]), text)


def squeeze(text):
    return " ".join(text.split())


def pattern(message):
    """What a literal that quotes the message looks like; None if it has no words."""
    words = [" ".join(part.replace("%%", "%").split()) for part in CONVERSIONS.split(message)]
    if not re.search(r"\w", "".join(words)):
        return None
    return re.compile(PLACEHOLDERS.join(map(re.escape, words)))


def messages():
    """{what a literal has to match: (message, the first file that has it)}"""
    found = {}
    for source in SOURCES:
        for text in strings(source.read_text()):
            message = squeeze(unescape(text))
            wanted = pattern(message)
            if wanted:
                found.setdefault(wanted, (message, source.relative_to(TOP)))
    return found


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    document = DOCUMENT.read_text()
    literals = {squeeze(literal) for literal in LITERAL.findall(document)}
    said = messages()
    wrong = [f"{source}: not in {DOCUMENT.relative_to(TOP)}: {message}"
             for wanted, (message, source) in said.items()
             if not any(map(wanted.fullmatch, literals))]

    entries = [squeeze(literal) for entry in ENTRY.findall(document)
               for literal in LITERAL.findall(entry)]
    wrong += [f"{DOCUMENT.relative_to(TOP)}: nobody says: {entry}" for entry in entries
              if not any(wanted.fullmatch(entry) for wanted in said)]
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
