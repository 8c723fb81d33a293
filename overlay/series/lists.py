# SPDX-License-Identifier: GPL-2.0-only
"""What the series bring, and in which order.

host, kvm and platform are folders here, each for other people to merge and each applying on the one
before.  A folder has a cover letter and a file for each patch, in the order of their names: the
subject, the message, and behind a line "Files:" the overlay files that the patch brings.
"""
import fnmatch
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
SERIES = ("host", "kvm", "platform")
COVER = "cover-letter.txt"


def patches(series):
    """The files of the patches of a series, in order."""
    return sorted((HERE / series).glob("[0-9]*.txt"))


def parts(path):
    """Message of a patch, and patterns of what it brings; None without a line for them."""
    message, separator, files = path.read_text().partition("\nFiles:\n")
    return message, files.split() if separator else None


def order(files):
    """A key to sort files by when they come; by name those that no patch brings."""
    patterns = [pattern for series in SERIES for path in patches(series)
                for pattern in parts(path)[1] or ()]
    place = {}
    for number, pattern in enumerate(patterns):
        for file in fnmatch.filter(files, pattern):
            place.setdefault(file, number)
    return lambda file: (place.get(file, len(patterns)), file)
