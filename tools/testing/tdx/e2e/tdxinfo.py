# SPDX-License-Identifier: GPL-2.0-only
"""tdxinfo in the machine under test."""
import hashlib
import json
import pathlib
import subprocess
import tempfile

import machine
import td_guest
import td_shell

SOURCES = machine.TOP / "tools/arch/x86/tdx"
BUILT = machine.BUILD / "tdxinfo"

# Steps of the guest program: as root, and as a user to whom nothing is open but what is to all.
STEP = "selftest,tdxinfo,--json"
USER_STEP = "selftest,as-user,--json"

AS_USER = b"""#!/selftests/busybox sh
/selftests/busybox chmod 755 /
exec /selftests/busybox su -s /selftests/tdxinfo user -- "$@"
"""
PASSWD = b"root:x:0:0::/:/selftests/busybox\nuser:x:1000:1000::/:/selftests/busybox\n"


def build():
    """Builds a static program."""
    BUILT.mkdir(exist_ok=True)
    subprocess.run(["make", "-s", "-C", SOURCES, f"OUTPUT={BUILT}/", "LDFLAGS=-static"], check=True)
    return BUILT / "tdxinfo"


def initramfs(base=None, files=()):
    """The initramfs of the guest program, with tdxinfo and other files: (path there, contents)."""
    base = base or machine.build_initramfs()
    with machine.lock("files"):
        whole = base.read_bytes() + archive({"selftests/tdxinfo": build().read_bytes(),
                                             **dict(files)})
        # Tests with other files run at the same time.
        kind = hashlib.sha256(whole).hexdigest()[:8]
        image = base.with_name(f"{base.stem}-tdxinfo-{kind}.cpio")
        if not image.is_file():
            machine.write_whole(image, whole)
    return image


def user_files():
    """The files that the step of a user needs."""
    return {"selftests/busybox": td_shell.busybox().read_bytes(), "selftests/as-user": AS_USER,
            "etc/passwd": PASSWD}


def archive(contents):
    """The archive of files: (path, contents)."""
    with tempfile.TemporaryDirectory() as directory:
        for path, text in contents.items():
            file = pathlib.Path(directory) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text)
            file.chmod(0o755)
        return td_guest.archive(directory)


def answers(result):
    """(facts, exit status) of each run."""
    statuses = [int(value.split()[1]) for value in result.values("selftest")]
    text, decoder = "\n".join(result.values("output")), json.JSONDecoder()
    for status in statuses:
        facts, end = decoder.raw_decode(text)
        text = text[end:].lstrip()
        yield facts, status
