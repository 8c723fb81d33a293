# SPDX-License-Identifier: GPL-2.0-only
"""Contents and order of the patch series.

host, kvm and platform are folders here.  Different maintainers merge them, and each applies on the
previous one.  A folder has a cover letter and a file for each patch, in the order of their names:
subject, message, and after a line "Files:" the overlay files of the patch.
"""
import fnmatch
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
SERIES = ("host", "kvm", "platform")
COVER = "cover-letter.txt"


def patches(series):
    """The files of a series' patches, in order."""
    return sorted((HERE / series).glob("[0-9]*.txt"))


def parts(path):
    """The message of a patch, and the patterns of its files; None if there is no line "Files:"."""
    message, separator, files = path.read_text().partition("\nFiles:\n")
    return message, files.split() if separator else None


def order(files):
    """A sort key: order of files in the series; files without a patch come last, by name."""
    patterns = [pattern for series in SERIES for path in patches(series)
                for pattern in parts(path)[1] or ()]
    place = {}
    for number, pattern in enumerate(patterns):
        for file in fnmatch.filter(files, pattern):
            place.setdefault(file, number)
    return lambda file: (place.get(file, len(patterns)), file)
