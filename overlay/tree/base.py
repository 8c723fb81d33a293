# SPDX-License-Identifier: GPL-2.0-only
"""The Linux 6.1 tree that the overlay is laid over."""
import contextlib
import pathlib
import shutil
import subprocess
import sys

from overlay.tree import private_apt

# Debian's package, independent of the host's release.
PACKAGE = "linux-source-6.1"
SUITE = "bookworm"
WANTED = ("6", "1")

# The branch whose only commit is the base.
BASE = "base"


class Refusal(Exception):
    """An error that the user has to resolve; the message describes it."""


@contextlib.contextmanager
def errors_in_words():
    """Exits with a message of one line after an error."""
    try:
        yield
    except Refusal as refusal:
        sys.exit(f"error: {refusal}")
    except private_apt.Unavailable as unavailable:
        sys.exit(f"error: {unavailable}")
    except subprocess.CalledProcessError as error:
        sys.exit(f"error: {' '.join(error.cmd)} failed with status {error.returncode}")


def run(*args, cwd=None, text=True, **kwargs):
    return subprocess.run(args, cwd=cwd, check=True, text=text,
                          stdout=subprocess.PIPE, **kwargs).stdout


def say(text):
    print(text, flush=True)


def makefile_version(text):
    fields = dict(line.split(" = ", 1) for line in text.splitlines()[:6] if " = " in line)
    return fields.get("VERSION"), fields.get("PATCHLEVEL"), fields.get("SUBLEVEL")


def check_version(makefile, base):
    if not makefile.is_file():
        raise Refusal(f"{base}: no Makefile, so this is no kernel tree; "
                      "KSRC= takes a directory or git tree of Linux 6.1.y")
    version = makefile_version(makefile.read_text())
    if version[:2] != WANTED:
        raise Refusal(f"{base} is Linux {'.'.join(str(v) for v in version)}, not 6.1.y; "
                      f"give another base with KSRC=, or none to use Debian's {PACKAGE}")
    return ".".join(version)


def debian_source(package, suite, packages):
    """The tarball of a linux-source package; it is fetched if it is not installed."""
    tarball = pathlib.Path(f"/usr/src/{package}.tar.xz")
    if tarball.is_file():
        return tarball
    say(f"fetching {package} of Debian {suite}")
    root = private_apt.unpack(package, suite, packages / package)
    return root / tarball.relative_to("/")


def unpack_tarball(tarball, to):
    say(f"unpacking {tarball}")
    run("tar", "-xf", str(tarball), "--strip-components=1", "-C", str(to))


def unpack_base(ksrc, to, packages):
    """Copy the pristine base; an interrupted run leaves nothing behind."""
    if not ksrc:
        try:
            tarball = debian_source(PACKAGE, SUITE, packages)
        except private_apt.Unavailable as unavailable:
            raise Refusal(f"no {PACKAGE}; give a base with KSRC=: {unavailable}") from unavailable
        unpack_tarball(tarball, to)
    elif (ksrc / ".git").exists():
        say(f"exporting {ksrc} at HEAD")
        with subprocess.Popen(["git", "archive", "HEAD"], cwd=ksrc,
                              stdout=subprocess.PIPE) as archive:
            run("tar", "-x", "-C", str(to), stdin=archive.stdout)
        if archive.returncode:
            raise Refusal(f"{ksrc}: git archive failed")
    elif ksrc.is_dir():
        say(f"copying {ksrc}")
        run("cp", "-a", f"{ksrc}/.", str(to))
    else:
        raise Refusal(f"KSRC={ksrc} does not exist")
    # The kernel's Makefile checks for these: O= needs a source tree that was not built in.
    for built in (".config", "include/config", "arch/x86/include/generated"):
        if (to / built).exists():
            raise Refusal(f"{ksrc} has been built in ({built} is there), so it cannot be a base: "
                          "make mrproper there")
    return check_version(to / "Makefile", ksrc or PACKAGE)


def commit_base(tree, version, origin):
    """Commits the base, with its origin in the message."""
    say(f"committing Linux {version} as the base")
    run("git", "init", "-q", "-b", BASE, cwd=tree)
    # One uncompressed pack instead of 80,000 small files.
    run("git", "-c", "core.bigFileThreshold=1", "-c", "core.compression=0",
        "-c", "core.fsync=none", "add", "-A", "-f", cwd=tree)
    run("git", "-c", "user.name=base", "-c", "user.email=base@localhost",
        "-c", "gc.auto=0", "commit", "-q", "-m", f"Linux {version}\n\n{origin}", cwd=tree)


def work_tree(tree, path, commit):
    """Checks a commit out in a work tree, and keeps files that were built there."""
    def git(*args, cwd=tree):
        return subprocess.run(["git", *args], cwd=cwd, check=False, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode

    if (path / ".git").is_file() and not git("rev-parse", "HEAD", cwd=path):
        run("git", "checkout", "--quiet", "--force", "--detach", commit, cwd=path)
        return
    shutil.rmtree(path, ignore_errors=True)
    git("worktree", "prune")
    run("git", "worktree", "add", "--quiet", "--detach", str(path), commit, cwd=tree)
