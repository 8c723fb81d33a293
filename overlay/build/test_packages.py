# SPDX-License-Identifier: GPL-2.0-only
"""The lists of Debian packages."""
import pathlib

import pytest

from overlay.tree import private_apt

LISTS = sorted(pathlib.Path(__file__).resolve().parent.glob("packages*.txt"))


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_a_fresh_system_of_each_release_can_install_them(suite):
    names = [line for path in LISTS for line in path.read_text().splitlines()
             if not line.startswith("#")]
    assert len(names) > len(LISTS)
    with private_apt.private_apt(suite) as apt:
        apt("apt-get", "--simulate", "install", "--no-install-recommends", *names)
