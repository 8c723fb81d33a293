# SPDX-License-Identifier: GPL-2.0-only
"""References between object files, as the linker sees them."""
import re
import subprocess


def symbols(path):
    """(kind, name) of each symbol of an object file."""
    output = subprocess.run(["nm", str(path)], check=True, text=True,
                            stdout=subprocess.PIPE).stdout
    return re.findall(r"^(?:[0-9a-f]{16}| {16}) (\w) (\S+)$", output, re.M)


def uses(parts):
    """From {part: its object files}: {part: other parts that it references}."""
    defined, used = {}, {}
    for part, paths in parts.items():
        used[part] = set()
        for kind, symbol in (each for path in paths for each in symbols(path)):
            if kind == "U":
                used[part].add(symbol)
            elif kind.isupper():
                defined[symbol] = part
    return {part: {defined[symbol] for symbol in names if symbol in defined} - {part}
            for part, names in used.items()}
