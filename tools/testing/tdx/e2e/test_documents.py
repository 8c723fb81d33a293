# SPDX-License-Identifier: GPL-2.0-only
"""Commands that the documents show are executed as written, and print what is shown there."""
import functools
import os
import pathlib
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

import documents
import machine
import private_apt
import qemu_guest
import selftests
import td_guest
import td_shell
import tdxinfo
from events import steps
from test_trace import NAME as CREATOR, image_for_bpftrace, programs

DOCUMENTS = ["README.md", "Documentation/x86/tdx-host.rst",
             "Documentation/x86/tdx-host-development.rst",
             "Documentation/virt/kvm/x86/tdx-first-td.rst", "tools/testing/tdx/emulator/README.md",
             "tools/testing/tdx/vmm/README.md"]

# Where a command is executed: here, on the machine, there with tools for tracing or with bpftrace,
# in a TD.
HERE, MACHINE, TRACED, PROBED, TD = "here", "machine", "traced", "probed", "TD"
COMMANDS = {
    "make -s -C tools/arch/x86/tdx": HERE,
    "sudo tools/arch/x86/tdx/tdxinfo": MACHINE,
    "echo options kvm_intel tdx=1 tdx_at_load=1 > /etc/modprobe.d/tdx.conf": MACHINE,
    "echo options kvm_intel tdx=1 > /etc/modprobe.d/tdx.conf": MACHINE,
    "echo tdx 2 > /sys/fs/cgroup/<group>/misc.max": MACHINE,
    "tdxinfo --map memory.svg": MACHINE,
    "grep -E '^(cmr|tdmr|rsvd) ' /sys/kernel/debug/x86/tdx/info > layout": MACHINE,
    "dmesg | grep 'tdx: '": MACHINE,
    "cat /sys/module/kvm_intel/parameters/tdx": MACHINE,
    "trace-cmd record -e tdx:tdx_init_step -e 'tdx:tdx_seamcall' -f 'leaf != 36'": TRACED,
    "echo 1 > events/tdx/enable": TRACED,
    "cat trace_pipe": TRACED,
    "trace-cmd record -e tdx -b 65536 <command that creates a TD>": TRACED,
    "trace-cmd report | tdx_timeline > timeline.svg": TRACED,
    "bpftrace -e 'tracepoint:tdx:tdx_td_exit { @[args->reason] = count(); }' "
    "-c <command that creates a TD>": PROBED,
    "dmesg | grep -i tdx": TD,
    "grep -o -m1 tdx_guest /proc/cpuinfo": TD,
}

# Why a command is not executed; the words end where it differs from others of this kind.
NOT_EXECUTED = {
    "make run": "test_commands.py executes run.py, which it calls",
    "make td": "test_td_shell.py does that, on a terminal",
    "exit": "test_td_shell.py does that, on a terminal",
    "make test": "this test is a part of it",
    "make headers": "\"make vmm\" does that, which these tests need",
    "make -C tools/testing/tdx/vmm ": "\"make vmm\" does that, which these tests need",
    "/tmp/vmm/tdx-vmm ": "test_td_guest.py executes tdx-vmm with such options",
    "make -C tools/testing/tdx/emulator": "\"make emulator\" does that, which these tests need",
    "make -C tools/testing/tdx/unit ": "\"make test-unit\" does that, and takes minutes",
    "tools/testing/kunit/kunit.py run ": "\"make test-kunit\" does that, and takes minutes",
    "tools/testing/tdx/e2e/boot.py ": "test_commands.py executes boot.py",
    "cd linux-6.1.y && git am ": "\"make series-check\" does that",
    "qemu-system-x86_64 -accel tcg ": "each of these tests does that",
    "qemu-system-x86_64 -accel kvm ": "needs hardware or hours; \"make test-qemu\" has its options",
    **dict.fromkeys(["cat server.map", "cat script", "tdx_script ", "build/unit/tdmr_layout ",
                     "build/unit/tdx_judge ", "build/unit/tdmr_map ", "/tmp/unit/tdmr_layout ",
                     "/tmp/unit/tdx_judge ", "/tmp/unit/tdmr_map "],
                    "test_tools.py executes the tools that \"make test-unit\" builds"),
}

INSTEAD_OF = {"<group>": "tds", "<command that creates a TD>": f"/selftests/{CREATOR}"}
FOLDERS = dict.fromkeys(["echo 1 > events/tdx/enable", "cat trace_pipe"], "/sys/kernel/tracing")
# Ended by Ctrl-C
ENDLESS = ["cat trace_pipe", *(command for command in COMMANDS if command.endswith("leaf != 36'"))]

# Runs a command of the initramfs, with what it needs.
RUN = b"""#!/selftests/busybox sh
/selftests/busybox mkdir -p /bin /tree /etc/modprobe.d /sys/fs/cgroup/tds
/selftests/busybox --install -s /bin
export PATH=/selftests:/bin
echo +misc > /sys/fs/cgroup/cgroup.subtree_control
cd /tree
sh /commands/$1
"""
SUDO = b'#!/selftests/busybox sh\nexec "$@"\n'
# The kernel's release is that of the base.
RELEASE = re.compile(r"\b6\.1\.\d+-tdx-\w+")


def all_commands():
    paths = (machine.TOP / name for name in DOCUMENTS)
    return [command for path in paths if path.is_file() for command in documents.commands(path)]


def commands_for(place):
    return [command for command in all_commands() if COMMANDS.get(command.text) == place]


def test_each_command_is_executed_or_there_is_a_reason():
    texts = {command.text for command in all_commands()}
    others = texts - COMMANDS.keys()
    reasons = {text: [start for start in NOT_EXECUTED if text.startswith(start)] for text in others}
    assert {text for text, starts in reasons.items() if not starts} == set()
    assert COMMANDS.keys() <= texts
    assert {start for starts in reasons.values() for start in starts} == set(NOT_EXECUTED)


def test_a_command_that_a_test_is_said_to_execute_is_known_there():
    said = [re.match(r"(test_\w+\.py) executes (\w+)\.py", why) for why in NOT_EXECUTED.values()]
    for test, command in (found.groups() for found in said if found):
        text = pathlib.Path(__file__).with_name(test).read_text()
        assert f"shown_by({command}, " in text, (test, command)


def test_a_domain_of_libvirt_is_the_td_that_qemu_is_shown_to_run():
    path = machine.TOP / "Documentation/virt/kvm/x86/tdx-first-td.rst"
    [domain] = [ElementTree.fromstring(block) for block in documents.literal_blocks(path)
                if block.startswith("<domain ")]
    [qemu] = [command.text for command in documents.commands(path)
              if command.text.startswith("qemu-system-x86_64 ")]
    assert f" -bios {domain.findtext('os/loader')} " in qemu
    assert f" -smp {domain.findtext('vcpu')} -m {domain.findtext('memory')}G " in qemu
    assert " -cpu host " in qemu and domain.find("cpu").get("mode") == "host-passthrough"
    assert "kernel-irqchip=split" in qemu and domain.find("features/ioapic").get("driver") == "qemu"
    assert domain.find("launchSecurity").get("type") == "tdx"
    assert int(domain.findtext("launchSecurity/policy"), 16) == qemu_guest.SEPT_VE_DISABLE


def script(command):
    """A shell script that fails if a part of the command does, or if it leaves an empty file."""
    text = command.text
    for words, instead in INSTEAD_OF.items():
        text = text.replace(words, instead)
    if command.text in ENDLESS:
        text = f"timeout -s INT 5 {text} || [ $? = 130 ]"
    written = re.search(r" > ([\w./-]+)$", text)
    check = f'[ -n "$(cat {written[1]})" ]' if written else ""
    return f"cd {FOLDERS.get(command.text, '.')}\nset -eo pipefail\n{text}\n{check}\n"


def scripts(commands):
    return {f"commands/{number:02}": script(command) for number, command in enumerate(commands)}


def is_shown(shown, printed):
    """Whether lines that a document shows, up to its "...", were printed in this order."""
    wanted = shown[:shown.index("...")] if "..." in shown else shown
    rest = iter([RELEASE.sub("RELEASE", line) for line in printed])
    return all(RELEASE.sub("RELEASE", line) in rest for line in wanted if line)


def check_outputs(commands, lines):
    """Checks what each command printed, up to the line with its exit status."""
    printed, number = [], 0
    for key, text in lines:
        if key == "output":
            printed.append(text)
            continue
        assert text.endswith(" 0"), (commands[number].text, text, printed)
        assert is_shown(commands[number].shown, printed), (commands[number], printed)
        printed, number = [], number + 1
    assert number == len(commands) > 0


@pytest.fixture(name="busybox")
def fixture_busybox():
    try:
        return td_shell.busybox().read_bytes()
    except private_apt.Unavailable as error:
        pytest.skip(str(error))


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    """A directory with the tools that HERE builds, as static programs: the machine has no libc."""
    folder = "tools/arch/x86/tdx"
    shutil.copytree(machine.TOP / folder, tmp_path / folder)
    for command in commands_for(HERE):
        subprocess.run(command.text, shell=True, check=True, cwd=tmp_path,
                       env={**os.environ, "LDFLAGS": "-static"})
    return tmp_path / folder


def run(boot, commands, files, *before, base=None, **options):
    """Boots a machine that executes the commands, and checks what they print."""
    contents = {**files, "selftests/document": RUN, "selftests/sudo": SUDO,
                **{path: text.encode() for path, text in scripts(commands).items()}}
    base = base or selftests.initramfs(CREATOR)
    result = boot(steps(*before, *(f"selftest,document,{number:02}"
                                   for number in range(len(commands)))),
                  initramfs=tdxinfo.initramfs(base, contents), **options)
    check_outputs(commands, re.findall(r"^(output|selftest) (.*?)\r?$", result.report, re.M))


@pytest.mark.one_kernel
def test_commands_for_a_machine_print_what_the_documents_show(boot, busybox, tree):
    program = (tree / "tdxinfo").read_bytes()
    run(boot, commands_for(MACHINE),
        {"selftests/busybox": busybox, "tree/tools/arch/x86/tdx/tdxinfo": program}, "create-td",
        memory="3G")


@pytest.mark.release
@pytest.mark.kernels("debug")
def test_commands_for_tracing_can_be_executed(boot, busybox, tree):
    run(boot, commands_for(TRACED), {"selftests/busybox": busybox,
                                     "selftests/tdx_timeline": (tree / "tdx_timeline").read_bytes(),
                                     **programs("trace-cmd")})


@pytest.mark.release
def test_the_command_for_bpftrace_can_be_executed(boot_kernel, busybox, tmp_path):
    run(functools.partial(boot_kernel, "modular"), commands_for(PROBED),
        {"selftests/busybox": busybox}, "load-modules,tdx=1", base=image_for_bpftrace(tmp_path),
        cpus=1, packages=1, memory="3G", timeout=600)


@pytest.mark.release
@pytest.mark.one_kernel
@pytest.mark.usefixtures("busybox")
def test_commands_for_a_td_print_what_the_documents_show(boot, tmp_path):
    commands = commands_for(TD)
    init = pathlib.Path(td_shell.INIT).with_name("commands.sh")
    guest = td_guest.TdGuest(tmp_path, td_guest.Run(memory=td_shell.MEMORY,
                                                    cmdline=f"{td_guest.CMDLINE} quiet"),
                             initrd=functools.partial(td_shell.build_initrd, init=init,
                                                      files=scripts(commands)))
    result = boot(guest.steps(), cpus=2, packages=1, memory="2G", timeout=300,
                  initramfs=guest.initramfs())
    lines = [("selftest", line) if line.startswith("selftest ") else ("output", line)
             for line in td_guest.console(result)]
    check_outputs(commands, lines)
