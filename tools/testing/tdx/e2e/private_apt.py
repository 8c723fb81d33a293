# SPDX-License-Identifier: GPL-2.0-only
"""Packages of any Debian suite, independent of the host's release and of installed packages."""
import contextlib
import pathlib
import re
import shutil
import subprocess
import tempfile

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRROR = "http://deb.debian.org/debian"

# From the host's configuration, only settings to reach a mirror are used.  Pattern-Only: the name
# of a missing package must not be taken for a regular expression, which may match another package.
OPTIONS = ("-q", "-o", "APT::Sandbox::User=root", "-o", "APT::Cmd::Pattern-Only=true",
           "-o", "Acquire::Retries=3", "-o", "Dir::State::status=/dev/null",
           "-o", "Dir::Etc::sourceparts=/dev/null", "-o", "Dir::Etc::preferences=/dev/null",
           "-o", "Dir::Etc::preferencesparts=/dev/null")


class Unavailable(Exception):
    """apt cannot provide the package."""


def sources(suite, kind):
    """apt sources of a suite and its security updates; backports have none of their own."""
    places = [(MIRROR, suite)]
    if "-" not in suite:
        places.append((f"{MIRROR}-security", f"{suite}-security"))
    return "".join(f"{kind} [signed-by={KEYRING}] {mirror} {name} main\n"
                   for mirror, name in places)


@contextlib.contextmanager
def private_apt(suite, kind="deb"):
    """A function that runs an apt command with this suite only."""
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
    """The package, of those with such a name, that a package depends on."""
    found = re.search(rf"Depends: ({wanted})", apt("apt-cache", "depends", meta))
    if not found:
        raise Unavailable(f"apt knows no {meta}")
    return found[1]


def unpack(package, suite, root, depends=()):
    """
    Unpacks a package into a folder, unless that was done before.  With depends=[PATTERN, ...],
    unpacks the package that it depends on, or that this depends on, and so on.
    """
    if (root / "complete").is_file():
        return root
    shutil.rmtree(root, ignore_errors=True)     # rest of an interrupted run
    root.mkdir(parents=True)
    with private_apt(suite) as apt, tempfile.TemporaryDirectory() as directory:
        for pattern in depends:
            package = newest(apt, package, pattern)
        apt("apt-get", "download", package, cwd=directory)
        [file] = pathlib.Path(directory).glob("*.deb")
        subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    (root / "complete").touch()
    return root
