# SPDX-License-Identifier: GPL-2.0-only
"""Are kernel-doc comments complete, and are they and documents well-formed reStructuredText?

Prints what is wrong in C files, headers and .rst files.  Sphinx would say the same, but needs the
whole documentation and minutes.
"""
import io
import pathlib
import re
import subprocess
import sys

import docutils.core

from overlay.tree.linux import TREE

# Directives and roles of Sphinx, which docutils does not know.
OF_SPHINX = re.compile(r"Unknown (directive type|interpreted text role)")
MESSAGE = re.compile(r"^<string>:(?P<line>\d+): \((?:WARNING|ERROR|SEVERE)/\d\) (?P<text>.*)", re.M)
# Of kernel-doc, in its output.
LINE = re.compile(r"^\.\. LINENO (\d+)$")
# A function that other files call.  Assembly is nothing for kernel-doc.
DECLARED = re.compile(r"^(?!asmlinkage|static|typedef)[a-z][\w *]*?\b([a-z_]\w*)"
                      r"\([^;{}]*\)[^;{}]*;", re.M)
DESCRIBED = re.compile(r"^/\*\*\n \* (\w+)(?:\(\))? - ", re.M)
# What such a function does is known from where it is called: an operation, or an entry of a table.
OPERATION = re.compile(r"^KVM_X86_OP\w*\((\w+)\)", re.M)
OPERATIONS = TREE / "arch/x86/include/asm/kvm-x86-ops.h"
ENTRY = re.compile(r"(?:\.\w+\s*= |\bTHEN\(.*, )([a-z_]\w*)\b(?!\()")


def kernel_doc(*args):
    return subprocess.run(["perl", TREE / "scripts/kernel-doc", *args], check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)


def messages(text):
    """What docutils says of a text: lines, and messages."""
    said = io.StringIO()
    docutils.core.publish_doctree(text, settings_overrides={"warning_stream": said,
                                                            "report_level": 2})
    return [(int(message["line"]), message["text"]) for message in MESSAGE.finditer(said.getvalue())
            if not OF_SPHINX.match(message["text"])]


def rest(file):
    """The comments of a file as reST: its lines, and for each the line of the file."""
    number, lines = 1, []
    # Else it asks Sphinx for its version, which takes a second.
    for line in kernel_doc("-sphinx-version", "5.3.0", "-rst", "-enable-lineno",
                           file).stdout.splitlines():
        found = LINE.match(line)
        if found:
            number = int(found[1])
        else:
            lines.append((number, line))
    return lines


def wrong_markup(file):
    lines = rest(file)
    for number, message in messages("\n".join(line for _, line in lines)):
        yield f"{file}:{lines[min(number, len(lines)) - 1][0]}: {message}"


def operations():
    names = OPERATION.findall(OPERATIONS.read_text())
    return {f"{who}_{name}" for who in ("tdx", "vmx") for name in names}


def undescribed(files):
    """Functions of these headers that no comment of these files describes."""
    texts = {file: pathlib.Path(file).read_text() for file in files}
    described = operations().union(*(name for pattern in (DESCRIBED, ENTRY)
                                     for name in map(pattern.findall, texts.values())))
    for file, text in texts.items():
        for name in DECLARED.findall(text) if file.endswith(".h") else ():
            if name not in described:
                yield f"{file}: {name}() has no kernel-doc comment"


def main():
    documents = [file for file in sys.argv[1:] if file.endswith(".rst")]
    files = [file for file in sys.argv[1:] if file not in documents
             and "/**\n" in pathlib.Path(file).read_text()]
    print(kernel_doc("-none", *files).stderr, end="")
    for file in files:
        for message in wrong_markup(file):
            print(message)
    for message in undescribed([file for file in sys.argv[1:] if file not in documents]):
        print(message)
    for document in documents:
        for line, message in messages(pathlib.Path(document).read_text()):
            print(f"{document}:{line}: {message}")


if __name__ == "__main__":
    main()
