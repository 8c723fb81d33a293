# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the end-to-end tests."""
import fcntl
import functools
import random
import re

import pytest

import foreign
import machine
import private_apt
import stock_qemu
import td_guest

FAILED = machine.BUILD / "e2e" / "failed"
SHOWN = 60
RESULTS = pytest.StashKey[list]()
NO_KERNEL = "no kernel"
OF_MAKE_TEST = ["host"]
# Not built of this tree: only tests that name it.
MAINLINE = "mainline"


def pytest_addoption(parser):
    parser.addoption("--kernels", default=",".join(OF_MAKE_TEST),
                     help="configs of the kernels to test, separated by commas")
    parser.addoption("--threads", choices=("one", "multi"), default="one",
                     help="QEMU's threads: one for all CPUs of a machine, or one for each")
    parser.addoption("--all", action="store_true",
                     help="tests with the mark release, too: they take more kernels or more time")
    parser.addoption("--others", action="store_true", help="only tests that make test leaves out")
    parser.addoption("--show", action="store_true",
                     help="what machines report while they run (with -s)")
    parser.addoption("--qemu", choices=stock_qemu.SUITES,
                     help="Debian's suite of QEMU, if it is not the one that is installed")
    parser.addoption("--shuffle", metavar="SEED", help="another order for each seed")


def pytest_configure(config):
    for mark in ("one_kernel: the kernel's own checks would see nothing that other tests do not "
                 "show them",
                 "kernels(names): only these can find anything",
                 "long: takes a large part of the whole time",
                 "parallel: CPUs have to run at the same time",
                 "release: for make test-all",
                 "one_kernel_until_release: only the first kernel, except in make test-all"):
        config.addinivalue_line("markers", mark)
    if config.getoption("--qemu"):
        machine.QEMU[:] = stock_qemu.command(config.getoption("--qemu"))


def pytest_generate_tests(metafunc):
    if "kernel" not in metafunc.fixturenames:
        return
    kernels = metafunc.config.getoption("--kernels").split(",")
    only = metafunc.definition.get_closest_marker("kernels")
    kernels = [kernel for kernel in kernels
               if (kernel in only.args if only else kernel != MAINLINE)]
    if metafunc.definition.get_closest_marker("one_kernel"):
        del kernels[1:]
    metafunc.parametrize("kernel", kernels or [NO_KERNEL])


def kernel_of(item):
    return item.callspec.params.get("kernel") if hasattr(item, "callspec") else None


def is_for_release(item):
    """Make test leaves it out."""
    first = item.config.getoption("--kernels").split(",")[0]
    kernel = kernel_of(item)
    return (item.get_closest_marker("release") is not None
            or item.get_closest_marker("one_kernel_until_release") is not None and kernel != first)


def pytest_collection_modifyitems(config, items):
    """Leaves out tests that are not asked for, and tests without a kernel."""
    def is_wanted(item):
        if kernel_of(item) is NO_KERNEL:
            return False
        if config.getoption("--others"):
            return is_for_release(item) or kernel_of(item) not in (None, *OF_MAKE_TEST)
        return config.getoption("--all") or not is_for_release(item)

    unwanted = [item for item in items if not is_wanted(item)]
    config.hook.pytest_deselected(items=unwanted)
    # Long ones come first and those that run alone last, so that no job waits for them.
    items[:] = sorted(filter(is_wanted, items), key=lambda item: (
        has_threads(item), item.get_closest_marker("long") is None))
    if config.getoption("--shuffle"):
        random.Random(config.getoption("--shuffle")).shuffle(items)


def has_threads(item):
    return (item.get_closest_marker("parallel") is not None
            or item.config.getoption("--threads") == "multi")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Runs machines with a thread for each CPU alone on the host, and others in parallel."""
    with machine.lock("cores", fcntl.LOCK_EX if has_threads(item) else fcntl.LOCK_SH):
        yield


def keep(name, result):
    """Writes all output of a machine to files; returns their names and last lines, to be shown."""
    FAILED.mkdir(parents=True, exist_ok=True)
    for who, text in result.texts().items():
        path = FAILED / f"{name}.{who}"
        path.write_text(text)
        yield f"end of {path.relative_to(machine.TOP)}", "\n".join(text.splitlines()[-SHOWN:])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """If a test fails, keeps the output of its machines, and shows the end of it."""
    report = (yield).get_result()
    if call.when == "call" and report.failed:
        name = re.sub(r"[^\w.-]+", "_", item.name)[:150]
        for number, result in enumerate(item.stash.get(RESULTS, [])):
            report.sections.extend(keep(f"{name}.{number}", result))


@pytest.fixture
def accel(request):
    """QEMU's accelerator for a machine of this test."""
    return machine.THREADS if has_threads(request.node) else machine.ONE_THREAD


@pytest.fixture
def boot_kernel(request, accel):
    """Boots a machine with a kernel that was built here."""
    results = request.node.stash.setdefault(RESULTS, [])

    def run(kernel, scenario, **options):
        # For hung machines: five times the duration of the longest test.
        options.setdefault("timeout", 600 if kernel in ("debug", "kcsan") else 120)
        options.setdefault("accel", accel)
        options.setdefault("shown", request.config.getoption("--show"))
        # DEBUG_OBJECTS_FREE takes longer to boot with every GB.  Some of 3 GB is above 4 GB.
        if kernel == "debug":
            options.setdefault("memory", "3G")
        try:
            result = machine.Machine(kernel=kernel, **options).run(scenario)
        except machine.MachineError as error:
            if error.result:
                results.append(error.result)
            raise
        results.append(result)
        return result

    return run


@pytest.fixture
def boot(boot_kernel, kernel):
    """Boots a machine with the kernel under test."""
    return functools.partial(boot_kernel, kernel)


@pytest.fixture
def fetch():
    """Fetches a kernel of Debian, and returns its folder."""
    def run(name):
        try:
            return foreign.fetch(name)
        except private_apt.Unavailable as error:
            return pytest.skip(str(error))
    return run


@pytest.fixture(params=foreign.GUESTS)
def debian(request, fetch):
    """A guest of Debian: its kernel, and an initrd with its modules."""
    return foreign.guest(fetch(request.param))


@pytest.fixture
def disk(tmp_path):
    """A disk of the machine, which its guest gets."""
    return td_guest.Disk(tmp_path / "disk")
