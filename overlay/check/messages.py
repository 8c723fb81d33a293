# SPDX-License-Identifier: GPL-2.0-only
"""Is every message of TDX host support in Documentation/x86/tdx-host.rst?

Prints messages that are missing there, and entries for messages that do not exist.

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
# Events are not messages.
SOURCES = sorted(path for folder in ("virt/vmx/tdx", "kvm/vmx/tdx")
                 for path in TOP.glob(f"arch/x86/{folder}/*.[ch]") if path.name != "trace.h")

# Macros that are strings.
MACROS = {"HW_ERR": "[Hardware Error]: ", "FW_BUG": "[Firmware Bug]: "}

# Functions and macros whose strings are not messages.  X: names of leaves; volatile: asm.
OTHER_CALLS = {"early_param", "module_param_named", "MODULE_PARM_DESC", "X", "volatile",
               "cpuhp_setup_state_nocalls", "debugfs_create_dir", "debugfs_create_file",
               "debugfs_create_u16", "root_device_register", "trace_tdx_sept"}

# Lines with strings that are not messages: #include, and the prefix of all messages.
OTHER_LINES = re.compile(r"^#\s*(include|define pr_fmt)\b.*$", re.M)

TOKEN = re.compile(r"""(?P<comment>/\*.*?\*/|//[^\n]*)
                     |(?P<string>"(?:[^"\\\n]|\\.)*")
                     |'(?:[^'\\]|\\.)+'
                     |(?P<word>\w+)
                     |(?P<other>\S)""", re.S | re.X)

# One or more adjacent conversions, and the pattern of their placeholders in the document.
CONVERSIONS = re.compile(r"(?:%[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z)?[a-zA-Z])+")
PLACEHOLDERS = r"\s*(?:<[^<>]+>\s*)+"
LITERAL = re.compile(r"``(.+?)``", re.S)
# The beginning of an entry in the document's section of messages.
ENTRY = re.compile(r"^\* ((?:``.+?``(?:,\s+|))+)", re.M | re.S)


def strings(source):
    """Each string of a C source, with adjacent strings and macros joined, without OTHER_CALLS."""
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
    """A pattern that matches literals with the message; None if the message has no words."""
    words = [" ".join(part.replace("%%", "%").split()) for part in CONVERSIONS.split(message)]
    if not re.search(r"\w", "".join(words)):
        return None
    return re.compile(PLACEHOLDERS.join(map(re.escape, words)))


def messages():
    """{pattern for literals: (message, the first file that contains it)}"""
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
    wrong += [f"{DOCUMENT.relative_to(TOP)}: no such message: {entry}" for entry in entries
              if not any(wanted.fullmatch(entry) for wanted in said)]
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
