# SPDX-License-Identifier: GPL-2.0-only
"""Packages of any suite of Debian's, whatever release the machine has and what is installed."""
import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"

# Of the machine's configuration only how to reach a mirror.  Pattern-Only: a name that is not there
# is no regular expression, which may match another package.
OPTIONS = ("-q", "-o", "APT::Sandbox::User=root", "-o", "APT::Cmd::Pattern-Only=true",
           "-o", "Acquire::Retries=3", "-o", "Dir::State::status=/dev/null",
           "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "Dir::Etc::preferences=/dev/null",
           "-o", "Dir::Etc::preferencesparts=/dev/null")


class Unavailable(Exception):
    """apt cannot give us the package."""


def sources(suite, kind):
    """A suite, and what fixes its holes: of backports these are backports, too."""
    places = [(MIRROR, suite)]
    if "-" not in suite:
        places.append((f"{MIRROR}-security", f"{suite}-security"))
    return "".join(f"{kind} [signed-by={KEYRING}] {mirror} {name} main\n"
                   for mirror, name in places)


@contextlib.contextmanager
def private_apt(suite, kind="deb"):
    """A function that runs an apt command, which knows nothing but the suite."""
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "sources.list").write_text(sources(suite, kind))

        def apt(command, *args, cwd=None):
            done = subprocess.run([command, *OPTIONS,
                                   "-o", f"Dir::Etc::sourcelist={folder / 'sources.list'}",
                                   "-o", f"Dir::State::lists={folder / 'lists'}",
                                   "-o", f"Dir::Cache={folder / 'cache'}", *args], cwd=cwd,
                                  check=False, text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                raise Unavailable(f"{command} {' '.join(args)}, Debian {suite}: "
                                  f"{done.stdout.strip()[-400:]}")
            return done.stdout

        apt("apt-get", "update")
        yield apt


def newest(apt, meta, wanted):
    """The package that a meta package depends on."""
    found = re.search(rf"Depends: ({wanted})", apt("apt-cache", "depends", meta))
    if not found:
        raise Unavailable(f"apt knows no {meta}")
    return found[1]


def unpack(package, suite, root, depends=""):
    """
    The files of a package in a folder, where they stay; with depends=PATTERN those of the
    package that it depends on.
    """
    if (root / "complete").is_file():
        return root
    shutil.rmtree(root, ignore_errors=True)     # what an interrupted run left
    root.mkdir(parents=True)
    with private_apt(suite) as apt, tempfile.TemporaryDirectory() as directory:
        name = newest(apt, package, depends) if depends else package
        apt("apt-get", "download", name, cwd=directory)
        [file] = pathlib.Path(directory).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    (root / "complete").touch()
    return root
