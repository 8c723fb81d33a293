# SPDX-License-Identifier: GPL-2.0-only
"""Commands apart from the tests: what they show, and their status, also if something fails."""
import re
import subprocess
import sys

import pytest

import boot
import foreign
import gcov
import machine
import run
import soak

FILE = "layout.c"
LINES = (gcov.machine.TOP / gcov.CORE / FILE).read_text().splitlines()


@pytest.mark.parametrize("log, clean", [
    ("end: power off\nviolations 0\n", True),
    ("violations 1\n", False), ("violations 0\nviolations 3\n", False),
    ("violations 0 of what\n", False), ("", False)])
def test_any_kernel_has_to_end_once_without_a_violation(log, clean):
    assert boot.is_clean(log) == clean


@pytest.mark.parametrize("part, count, unexplained, unused", [
    (LINES[9], 0, 0, 0), (LINES[9], 1, 0, 1), ("in no line", 0, 1, 1)])
def test_reasons_and_lines_that_never_ran_belong_together(monkeypatch, part, count, unexplained,
                                                         unused):
    monkeypatch.setattr(gcov, "REASONS", [(FILE, part, "why")])
    found = gcov.Coverage()
    found.lines[FILE][10] = count
    lost, without_line = gcov.show_missing(found)
    assert (lost, len(without_line)) == (unexplained, unused)


@pytest.mark.parametrize("messages, fault", [
    ("no room\nno room", False), ("no room\nno memory", True), ("CMR: [0x0, 0x1)\nno room", False)])
def test_a_boot_without_tdx_says_why_in_one_message(messages, fault):
    console = "".join(f"virt/tdx: {message}\n" for message in messages.splitlines())
    result = machine.Result(console, "info state failed\n", "", 0)
    assert bool(soak.what_is_wrong(soak.Boot(machine.Machine(), good=False), result)) == fault


OFFLINE = "WARNING: CPU: 2 PID: 2 at native_smp_send_reschedule+0x2f/0x40"
RESTART = "reboot: machine restart"


@pytest.mark.parametrize("lines, reports", [
    ([RESTART, OFFLINE], 0), ([OFFLINE, RESTART], 1), ([RESTART, "WARNING: at f+0x1/0x2"], 1),
    (["kexec_core: Starting new kernel", OFFLINE, "Linux version 6.1", OFFLINE], 1)])
def test_only_a_kernel_that_stops_its_cpus_may_warn_of_offline_ones(lines, reports):
    result = machine.Result("\n".join(["Linux version 6.1", *lines, ""]), "", "", 0)
    assert len(result.reports()) == reports


def shown_by(command, *options):
    """What a command shows, which has to succeed."""
    done = subprocess.run([sys.executable, command.__file__, *map(str, options)], check=False,
                          text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout


def check_td(shown, pages):
    """What make run shows of a TD: also, how much of its memory was measured and accepted."""
    assert "\nLinux in a TD ran\n" in shown
    assert re.search(r"^  console +td tdx_guest 1$", shown, re.M)
    [added] = re.findall(r"^  SEAMCALLs .* (\d+) pages added", shown, re.M)
    [accepted] = re.findall(r"^  memory +(\d+) pages accepted by the guest", shown, re.M)
    assert int(added) + int(accepted) == pages
    assert shown.endswith("MRTD is what a calculation without the module gives; "
                          "0 pages of TDs are left\n")


# With the VMM's first code, 32 KB
PAGES_OF_48_MB, PAGES_OF_512_MB = (size * 256 + 8 for size in (48, 512))


@pytest.mark.parallel
def test_make_run_shows_tdx_and_linux_in_a_td():
    shown = shown_by(run, "--cpus", 2, "--memory", "1G")
    assert "\nTDX is ready " in shown
    assert "CMRs, TDMRs, KeyID and SEAMCALLs equal the emulated platform's own log" in shown
    check_td(shown, PAGES_OF_48_MB)


@pytest.mark.release
@pytest.mark.parallel
def test_make_run_boots_another_kernel_in_a_td(fetch):
    kernel = foreign.bzimage(fetch("6.12"))
    check_td(shown_by(run, "--cpus", 2, "--memory", "2G", "--guest", kernel), PAGES_OF_512_MB)


def test_make_boot_boots_any_kernel_and_shows_the_platforms_report():
    shown = shown_by(boot, machine.Machine().image(), "--initrd", machine.build_initramfs(),
                     "--cpus", 1, "--memory", "1G", "--emulator-options", "keyids=31:16",
                     "--cmdline", "kvm_intel.tdx=1 tdxtest=create-td")
    console, report = shown.split("--- the emulated platform, whole in build/boot.log\n")
    assert "BIOS enabled: private KeyID range [32, 48)" in console
    assert report.startswith("end: power off\n")
    assert "\nseamcall TDH.SYS.CONFIG SUCCESS 1\n" in report
    assert "\nviolations 0\n" in report


@pytest.mark.parametrize("options, message", [
    (["absent"], "absent: there is no such file"),
    ([__file__, "--initrd", "absent"], "absent: there is no such file"),
    ([__file__, "--cpus", "3", "--packages", "2"], "3 CPUs cannot be divided among 2 packages"),
])
def test_make_boot_says_what_is_wrong(monkeypatch, capsys, options, message):
    monkeypatch.setattr(sys, "argv", ["boot.py", *options])
    with pytest.raises(SystemExit) as end:
        boot.main()
    assert end.value.code == 2
    assert capsys.readouterr().err.endswith(f"error: {message}\n")
