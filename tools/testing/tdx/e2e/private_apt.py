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
UNSTABLE = "sid"        # has no security updates of its own

# From the host's configuration, only settings to reach a mirror are used.  Pattern-Only: the name
# of a missing package must not be taken for a regular expression, which may match another package.
OPTIONS = ("-q", "-o", "APT::Sandbox::User=root", "-o", "APT::Cmd::Pattern-Only=true",
           "-o", "Acquire::Retries=5", "-o", "APT::Update::Error-Mode=any",
           "-o", "Dir::State::status=/dev/null", "-o", "Dir::Etc::sourceparts=/dev/null",
           "-o", "Dir::Etc::preferences=/dev/null",
           "-o", "Dir::Etc::preferencesparts=/dev/null")


class Unavailable(Exception):
    """apt cannot provide the package."""


def release_of(suite):
    """The release that a suite of backports is for; another suite itself."""
    return suite.removesuffix("-backports")


def sources(suite, kind):
    """apt sources of a suite; of backports, those of their release, too, on which they depend."""
    release = release_of(suite)
    places = [(MIRROR, name) for name in dict.fromkeys((release, suite))]
    if release != UNSTABLE:
        places.append((f"{MIRROR}-security", f"{release}-security"))
    return "".join(f"{kind} [signed-by={KEYRING}] {mirror} {name} main\n"
                   for mirror, name in places)


def preferred(suite):
    """Options with which backports are taken where there are some."""
    return () if suite == release_of(suite) else ("-o", f"APT::Default-Release={suite}")


@contextlib.contextmanager
def private_apt(suite, kind="deb"):
    """A function that runs an apt command with this suite only."""
    with tempfile.TemporaryDirectory() as directory:
        folder = pathlib.Path(directory)
        for name in ("lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "sources.list").write_text(sources(suite, kind))

        def apt(command, *args, cwd=None):
            done = subprocess.run([command, *OPTIONS, *preferred(suite),
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


def dependencies(apt, package, wanted):
    """The packages, of those with such a name, that a package depends on."""
    found = re.findall(rf"Depends: ({wanted})$", apt("apt-cache", "depends", package), re.M)
    if not found:
        raise Unavailable(f"apt knows no {wanted} for {package}")
    return found


def with_dependencies(apt, package):
    """The package and all that it depends on, as NAME=VERSION, for a system that has nothing."""
    plan = apt("apt-get", "--simulate", "install", "--no-install-recommends", package)
    return ["=".join(found) for found in re.findall(r"^Inst (\S+) \((\S+) ", plan, re.M)]


def follow(apt, package, patterns):
    """The packages that it depends on, or that the only one of these depends on, and so on."""
    packages = [package]
    for pattern in patterns:
        [package] = packages
        packages = dependencies(apt, package, pattern)
    return packages


def unpack_chosen(suite, root, choose):
    """Unpacks the packages that choose(apt) names into a folder, unless that was done before."""
    if (root / "complete").is_file():
        return root
    shutil.rmtree(root, ignore_errors=True)     # rest of an interrupted run
    root.mkdir(parents=True)
    with private_apt(suite) as apt, tempfile.TemporaryDirectory() as directory:
        apt("apt-get", "download", *choose(apt), cwd=directory)
        for file in sorted(pathlib.Path(directory).glob("*.deb")):
            subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    (root / "complete").touch()
    return root


def unpack(package, suite, root, depends=()):
    """
    Unpacks a package; or with depends=[PATTERN, ...], the packages that it depends on, or that the
    only one of these depends on, and so on.
    """
    return unpack_chosen(suite, root, lambda apt: follow(apt, package, depends))


def unpack_all(package, suite, root):
    """Unpacks a package and all that it depends on."""
    return unpack_chosen(suite, root, lambda apt: with_dependencies(apt, package))
