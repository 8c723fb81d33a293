# SPDX-License-Identifier: GPL-2.0-only
"""Commands in the literal blocks of documents, with what is shown as their output."""
import dataclasses
import re
import textwrap

PROMPT = re.compile(r"(?:td)?[$#] ")
# Without a prompt, a line is a command if it begins with one of these.
PROGRAM = re.compile(r"(?:bpftrace|cat|cd|dmesg|echo|git|grep|make|modprobe|perf|sudo|tdxinfo|"
                     r"trace-cmd|qemu-system-x86_64|(?:build|tools|/tmp)/[\w./-]*\w)(?: |$)")
COMMENT = re.compile(r" +# .*$")


@dataclasses.dataclass
class Command:
    """A command, on one line, and the lines that are shown as its output."""
    text: str
    shown: list


def literal_blocks(path):
    """The literal blocks of a document in reStructuredText or Markdown, without indentation."""
    markdown, block, outer = path.suffix == ".md", None, 0
    for line in [*path.read_text().splitlines(), "end"]:
        indentation = len(line) - len(line.lstrip())
        if block is not None and (not line or indentation > outer):
            block.append(line)
            continue
        if block:
            yield textwrap.dedent("\n".join(block)).strip("\n")
        begins = markdown or line.endswith("::") and not line.lstrip().startswith("..")
        block, outer = [] if begins else None, 3 if markdown else indentation


def commands(path):
    """The commands of a document, in order."""
    for block in literal_blocks(path):
        command = None
        for line in re.sub(r"\\\n +", "", block).splitlines():
            prompt = PROMPT.match(line)
            if prompt or PROGRAM.match(line):
                if command:
                    yield command
                text = line[prompt.end():] if prompt else COMMENT.sub("", line)
                command = Command(" ".join(text.split()), [])
            elif command:
                command.shown.append(line)
        if command:
            yield command
