# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the end-to-end tests."""
import functools
import re

import pytest

import machine

FAILED = machine.BUILD / "e2e" / "failed"
SHOWN = 60
RESULTS = pytest.StashKey[list]()


def pytest_addoption(parser):
    parser.addoption("--kernels", default="host,debug",
                     help="configs of the kernels to test, separated by commas")


def pytest_configure(config):
    config.addinivalue_line("markers", "one_kernel: the kernel's own checks would see nothing "
                                       "that other tests do not show them")


def pytest_generate_tests(metafunc):
    if "kernel" in metafunc.fixturenames:
        kernels = metafunc.config.getoption("--kernels").split(",")
        if metafunc.definition.get_closest_marker("one_kernel"):
            del kernels[1:]
        metafunc.parametrize("kernel", kernels)


def keep(name, result):
    """Files with all that a machine said; their names and their ends, to be shown."""
    FAILED.mkdir(parents=True, exist_ok=True)
    for who, text in result.texts().items():
        path = FAILED / f"{name}.{who}"
        path.write_text(text)
        yield f"end of {path.relative_to(machine.TOP)}", "\n".join(text.splitlines()[-SHOWN:])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """When a test fails, what its machines said is kept, and the end of it shown."""
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        name = re.sub(r"[^\w.-]+", "_", item.name)[:150]
        for number, result in enumerate(item.stash.get(RESULTS, [])):
            report.sections.extend(keep(f"{name}.{number}", result))


@pytest.fixture
def boot_kernel(request):
    """Boots a machine with a kernel that was built here; no boot may leave a report behind."""
    results = request.node.stash.setdefault(RESULTS, [])

    def run(kernel, scenario, **options):
        # Five times what the longest take: for machines that hang.
        options.setdefault("timeout", 600 if kernel == "debug" else 120)
        try:
            result = machine.Machine(kernel=kernel, **options).run(scenario)
        except machine.MachineError as error:
            if error.result:
                results.append(error.result)
            raise
        results.append(result)
        assert not result.reports(), "\n".join(result.reports())
        if options.get("emulated", True):
            assert "violations 0" in result.log
        return result

    return run


@pytest.fixture
def boot(boot_kernel, kernel):
    """The same with the kernel under test."""
    return functools.partial(boot_kernel, kernel)
