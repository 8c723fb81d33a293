# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the end-to-end tests."""
import pytest

import machine


def pytest_addoption(parser):
    parser.addoption("--kernels", default="host,debug",
                     help="configs of the kernels to test, separated by commas")


def pytest_generate_tests(metafunc):
    if "kernel" in metafunc.fixturenames:
        metafunc.parametrize("kernel", metafunc.config.getoption("--kernels").split(","))


@pytest.fixture
def boot(kernel):
    """Boots a machine with the kernel under test; no boot may leave a report behind."""

    def run(scenario, **options):
        options.setdefault("timeout", 300 if kernel == "debug" else 60)
        result = machine.Machine(kernel=kernel, **options).run(scenario)
        assert not result.reports(), "\n".join(result.reports())
        if options.get("emulated", True):
            assert "violations 0" in result.log
        return result

    return run
