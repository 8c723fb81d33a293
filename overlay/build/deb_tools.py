# SPDX-License-Identifier: GPL-2.0-only
"""Build a Debian package of tdxinfo and tdx_timeline."""
import gzip
import shutil

from overlay.series import series
from overlay.tree import base
from overlay.tree.base import run

CONTROL = """\
Package: tdx-host-tools
Version: {version}-1
Architecture: {architecture}
Maintainer: {name} <{mail}>
Depends: {depends}
Section: admin
Priority: optional
Description: tells whether TDX guests can be created
 tdxinfo says whether this machine can run TDX guests, why not and what to do.
 tdx_timeline draws a trace of what the TDX module does.
"""
COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: the authors of the Linux kernel
License: GPL-2
 On Debian systems the text is in /usr/share/common-licenses/GPL-2.
"""
CHANGELOG = """\
tdx-host-tools ({version}-1) {suite}; urgency=low

  * Programs of the kernel's tools/arch/x86/tdx.

 -- {name} <{mail}>  {date}
"""


def install(source, root):
    run("make", "-s", "-C", str(source / "tools/arch/x86/tdx"), f"OUTPUT={root.parent}/",
        f"DESTDIR={root}", "LDFLAGS=-s", "install")
    for page in (root / "usr/share/man").rglob("*.[1-8]"):
        compress(page, page.read_text())
        page.unlink()


def compress(path, text):
    """Writes a text to a compressed file beside the path."""
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def document(root, version, signer):
    """Writes what Debian requires of each package."""
    folder = root / "usr/share/doc/tdx-host-tools"
    folder.mkdir(parents=True)
    (folder / "copyright").write_text(COPYRIGHT)
    compress(folder / "changelog.Debian", CHANGELOG.format(
        version=version, suite=base.SUITE, date=run("date", "-R").strip(),
        name=signer["GIT_AUTHOR_NAME"], mail=signer["GIT_AUTHOR_EMAIL"]))


def depends(root):
    """The packages of the shared libraries that the programs take."""
    debian = root.parent / "debian"
    debian.mkdir()
    (debian / "control").write_text("Source: tdx-host-tools\n\n"
                                   "Package: tdx-host-tools\nArchitecture: any\n")
    found = run("dpkg-shlibdeps", "-O", *map(str, (root / "usr/sbin").iterdir()), cwd=root.parent)
    return found.strip().removeprefix("shlibs:Depends=")


def build(source, version, out):
    """Builds the package of a kernel's tree and version, in a folder."""
    root = out / "tools/root"
    shutil.rmtree(root.parent, ignore_errors=True)
    root.mkdir(parents=True)
    install(source, root)
    signer, _ = series.identity()
    document(root, version, signer)
    control = CONTROL.format(version=version, depends=depends(root),
                             architecture=run("dpkg", "--print-architecture").strip(),
                             name=signer["GIT_AUTHOR_NAME"], mail=signer["GIT_AUTHOR_EMAIL"])
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/control").write_text(control)
    for old in out.glob("tdx-host-tools_*"):
        old.unlink()
    run("dpkg-deb", "--root-owner-group", "--build", str(root), str(out))
