# SPDX-License-Identifier: GPL-2.0-only
"""Shows on the terminal what a machine writes to a file while it runs."""
import contextlib
import re
import threading

# Firmware clears the screen, moves the cursor and sets colors.
CONTROL = re.compile(r"\x1b\[[0-9;=?]*[A-Za-z]|[^\x20-\x7e\n]")
SECONDS = 0.5


def print_new_lines(file, over):
    line, ended = "", False
    while not ended:
        ended = over.wait(SECONDS)
        *lines, line = (line + file.read()).split("\n")
        for text in lines:
            text = CONTROL.sub("", text).strip()
            if text:
                print(f"    {text}", flush=True)


@contextlib.contextmanager
def lines_of(path):
    """Shows each new line of a file, until the end of the block."""
    path.touch()
    over = threading.Event()
    with path.open(errors="replace") as file:
        thread = threading.Thread(target=print_new_lines, args=(file, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
