# SPDX-License-Identifier: GPL-2.0-only
"""tdxinfo on recorded trees: one for each verdict, and kernels that report little."""
import json
import os
import re
import subprocess

import pytest

from test_tools import BUILD, SANITIZER, TOP

SOURCES = TOP / "tools/arch/x86/tdx"
FLAGS = "fpu vme msr vmx sgx movdir64b tdx_host_platform"
HOST = "sys/devices/tdx_host"
KVM = "sys/module/kvm_intel/parameters/tdx"
TDP_MMU = "sys/module/kvm/parameters/tdp_mmu"

# A machine on which TDX was initialized, as this series shows it.
READY = {
    "proc/cpuinfo": "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: INTEL(R) XEON(R)\n"
                    f"flags\t\t: {FLAGS}\n\n",
    "proc/cmdline": "BOOT_IMAGE=/vmlinuz ro kvm_intel.tdx=1\n",
    "proc/version": "Linux version 6.1.192-tdx-host (kernel@host) (gcc 12.2.0) #1 SMP\n",
    "boot/config-6.1.192-tdx-host": "CONFIG_KVM=m\nCONFIG_INTEL_TDX_HOST=y\n",
    "cpuid": "0x7 0x0 0x1 0x4 0x10000000 0x0\n0x80000008 0x0 0x3934 0x0 0x0 0x0\n",
    "msr": "0xfe 0x8d0a\n0x87 0x200000001f\n0x982 0x2600000003\n"
           "0x1400 0x1000008\n0x1401 0xfff00c00\n",
    "kvm": "vm_types 0x20\n",
    "dmesg": "<5>[    0.000000] Linux version 6.1.192\n"
             "<6>[    0.100000] virt/tdx: BIOS enabled: private KeyID range [32, 64)\n"
             "<6>[    9.000000] virt/tdx: module initialized in 143 ms; 24672 KB allocated for "
             "PAMT of 6 TDMRs with 6123 MB of TDX memory\n",
    KVM: "Y\n",
    TDP_MMU: "Y\n",
    f"{HOST}/state": "initialized\n",
    f"{HOST}/reason": "\n",
    f"{HOST}/version": "1.5.06\n",
    f"{HOST}/build_num": "481\n",
    f"{HOST}/build_date": "20240129\n",
    f"{HOST}/features0": "0x140000\n",
    f"{HOST}/keyids_total": "31\n",
    f"{HOST}/keyids_used": "2\n",
    f"{HOST}/keyids_free": "29\n",
    f"{HOST}/memory_bytes": "6420430848\n",
    f"{HOST}/pamt_bytes": "25264128\n",
    f"{HOST}/node0/memory_bytes": "4294967296\n",
    f"{HOST}/node0/pamt_bytes": "16842752\n",
    f"{HOST}/node1/memory_bytes": "2125463552\n",
    f"{HOST}/node1/pamt_bytes": "8421376\n",
    f"{HOST}/cmr/0": "0x247000-0x7ed50fff\n",
    f"{HOST}/cmr/1": "0x100000000-0x1ffffffff\n",
}


def without(tree, *prefixes):
    return {path: text for path, text in tree.items() if not path.startswith(prefixes)}


def state(word, reason="", tree=READY):
    """What this series shows when TDX is not initialized: there is no module to describe."""
    return without(tree, f"{HOST}/") | {f"{HOST}/state": f"{word}\n",
                                        f"{HOST}/reason": f"{reason}\n"}


def log(*lines):
    return "".join(f"[    1.000000] {line}\n" for line in ("Linux version 7.3", *lines))


def msrs(keyids=0x200000001f, base=0x1000008, mask=0xfff00c00, tme=0x2600000003, mtrrcap=0x8d0a):
    return (f"0xfe {mtrrcap:#x}\n0x87 {keyids:#x}\n0x982 {tme:#x}\n0x1400 {base:#x}\n"
            f"0x1401 {mask:#x}\n")


def cpuinfo(old=" tdx_host_platform", new=""):
    return {"proc/cpuinfo": READY["proc/cpuinfo"].replace(old, new)}


NOT_ASKED = {"proc/cmdline": "BOOT_IMAGE=/vmlinuz ro\n"}
NO_VM = {"kvm": "vm_types 0x0\n", KVM: "N\n"}
BIOS_OFF = state("bios-disabled", "TDX is not enabled in the BIOS setup") | NO_VM | cpuinfo() | {
    "dmesg": log(), "msr": msrs(keyids=0x3f, base=0, mask=0)}

# Without this series: the kernel reports little.  Mainline has a version in sysfs.
FOREIGN = without(READY, f"{HOST}/") | {
    "dmesg": log("virt/tdx: BIOS enabled: private KeyID range [32, 64)")}
MAINLINE = FOREIGN | {"sys/devices/faux/tdx_host/version": "1.5.06\n"}
MAINLINE_READY = FOREIGN | {"dmesg": log(
    "virt/tdx: BIOS enabled: private KeyID range [32, 64)",
    "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.",
    "virt/tdx: Module version: 1.5.06", "virt/tdx: 4108 KB allocated for PAMT",
    "virt/tdx: TDX-Module initialized")}
# Ubuntu 24.04, as its users reported it.
UBUNTU = FOREIGN | {
    "proc/version": "Linux version 6.8.0-1028-intel (buildd@lcy02) (gcc 13.3.0) #35-Ubuntu SMP\n",
    "proc/cmdline": "BOOT_IMAGE=/boot/vmlinuz-6.8.0-1028-intel ro nohibernate kvm_intel.tdx=on\n",
    "dmesg": log(
        "virt/tdx: BIOS enabled: private KeyID range [32, 64)",
        "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.",
        "virt/tdx: TDX module: attributes 0x0, vendor_id 0x8086, major_version 1, minor_version 5, "
        "build_date 20240725, build_num 784",
        "virt/tdx: CMR: [0x100000, 0x77800000)", "virt/tdx: CMR: [0x100000000, 0x1003e000000)",
        "virt/tdx: 8396820 KB allocated for PAMT", "virt/tdx: module initialized")}
DEBIAN = without(FOREIGN, KVM) | cpuinfo() | {
    "kvm": "vm_types 0x0\n",
    "sys/module/kvm_intel/parameters/ept": "Y\n", "dmesg": log(),
    "boot/config-6.1.192-tdx-host": "CONFIG_KVM=m\nCONFIG_INTEL_TDX_GUEST=y\n"}


def as_user(tree):
    """What is left without root."""
    return without(tree, "msr", "dmesg", f"{HOST}/cmr/") | {"kvm": "error 13\n"}


CASES = {
    "ready": (READY, "usable", "KVM offers them"),
    "used with all KeyIDs": (READY | {f"{HOST}/keyids_used": "31\n", f"{HOST}/keyids_free": "0\n"},
                             "keyids-in-use", "shut down a TD"),
    "TDP MMU turned off": (state("available") | {TDP_MMU: "N\n"}, "tdp-mmu-off", "write Y"),
    "not yet used": (state("available"), "usable-on-demand", "for the first one"),
    "being initialized": (state("initializing"), "usable-on-demand", "for the first one"),
    "as a user": (as_user(READY), "usable-by-others", "may open /dev/kvm"),
    "as a user, not yet used": (as_user(state("available")), "usable-by-others",
                                "group of /dev/kvm"),
    "no module": (state("failed", "CPU 0: TDH.SYS.RD: VMfailInvalid 0x8000ff00ffff0000: no TDX "
                        "module answers") | NO_VM, "failed", "no TDX module answers"),
    "failed after it was offered": (state("failed", "no memory"), "failed", "no memory"),
    "no memory for now": (state("available", "no 4096 contiguous KB for the PAMT"),
                          "failed-for-now",
                          "no 4096 contiguous KB"),
    "in a TD": (READY | NO_VM | cpuinfo("vmx", "hypervisor tdx_guest"), "in-td", "on the host"),
    "another vendor": (FOREIGN | NO_VM | cpuinfo("GenuineIntel", "AuthenticAMD"), "not-intel",
                       "not from Intel"),
    "in a virtual machine": (FOREIGN | NO_VM | cpuinfo("vmx", "vmx hypervisor"), "in-guest",
                             "on the host"),
    "turned off": (state("off", "turned off by tdx_host=off") | NO_VM, "turned-off",
                   "tdx_host=off"),
    "VMX turned off": (FOREIGN | NO_VM | cpuinfo(" vmx", ""), "no-vmx", "VMX"),
    "a CPU without TDX": (FOREIGN | NO_VM | {"msr": "0xfe 0xd0a\n"}, "no-seamrr", "Xeon"),
    "a CPU without TDX, as a user": (
        as_user(state("unsupported", "the CPU has no TDX (SEAMRR)") | NO_VM), "unsupported", "SEAMRR"),
    "an instruction turned off": (
        state("unsupported", "the CPU has no MOVDIR64B, which makes TDX memory usable again; boot "
              "without clearcpuid=movdir64b") | NO_VM, "no-movdir64b",
        "What to do: boot without clearcpuid=movdir64b"),
    "46 bits": (BIOS_OFF | {"cpuid": "0x80000008 0x0 0x392e 0x0 0x0 0x0\n"}, "bios-46-bits",
                "Limit CPU PA to 46 bits"),
    "no memory encryption": (BIOS_OFF | {"msr": msrs(keyids=0, mask=0, tme=1)}, "bios-tme",
                             "Total Memory Encryption"),
    "one key": (BIOS_OFF | {"msr": msrs(keyids=0, mask=0, tme=3)}, "bios-tme-mt", "Multikey TME"),
    "no SGX": (BIOS_OFF | {"cpuid": "0x7 0x0 0x1 0x0 0x10000000 0x0\n"}, "bios-sgx", "SGX"),
    "no SEAM loader": (BIOS_OFF | {"msr": msrs(mask=0)}, "bios-seam-loader", "SEAM loader"),
    "SEAMRR not locked": (BIOS_OFF | {"msr": msrs(mask=0xfff00800)}, "bios-seamrr",
                          "update the BIOS"),
    "SEAMRR without address": (BIOS_OFF | {"msr": msrs(base=0)}, "bios-seamrr", "update the BIOS"),
    "no key split": (BIOS_OFF | {"msr": msrs(keyids=0x3f, tme=0x600000003)}, "bios-key-split",
                     "key split"),
    "one KeyID": (BIOS_OFF | {"msr": msrs(keyids=0x10000003e)}, "bios-one-keyid", "more KeyIDs"),
    "a part of TDX, as a user": (as_user(NO_VM | state(
        "bios-disabled", "SEAMRR is enabled, but not locked; update the BIOS", READY | NO_VM)),
        "bios-partly", "not locked"),
    "nothing enabled": (BIOS_OFF, "bios-partly", "TDX is not enabled in the BIOS setup"),
    "nothing enabled, other kernel": (without(BIOS_OFF, f"{HOST}/"), "bios-off",
                                      "Trust Domain Extensions"),
    "Debian": (DEBIAN, "kernel", "CONFIG_INTEL_TDX_HOST"),
    "Debian, as a user": (as_user(DEBIAN), "kernel", "no TDX host support"),
    "Debian, BIOS setup wrong": (DEBIAN | {"msr": msrs(keyids=0x3f, mask=0, base=0)}, "bios-off",
                                 "BIOS setup"),
    "mainline": (MAINLINE, "usable", "KVM offers them"),
    "mainline found nothing": (without(FOREIGN, "msr") | NO_VM | cpuinfo() | {"dmesg": log()},
                               "bios-not-seen", "did not find"),
    "mainline with hibernation": (MAINLINE | NO_VM | {
        "dmesg": log("virt/tdx: initialization failed: Hibernation support is enabled")},
        "hibernation", "nohibernate"),
    "mainline, TDX works": (MAINLINE_READY, "usable", "KVM offers them"),
    "mainline, TDX works, as a user": (without(MAINLINE_READY, "msr") | {"kvm": "error 13\n"},
                                       "usable-by-others", "group of /dev/kvm"),
    "mainline found nothing, as a user": (without(FOREIGN, "msr") | NO_VM | cpuinfo() | {
        "dmesg": log("virt/tdx: TDX not supported by the host platform"), "kvm": "error 13\n"},
        "bios-not-seen", "did not find"),
    "mainline, no SEAM loader, as a user": (without(FOREIGN, "msr") | NO_VM | {
        "kvm": "error 13\n"}, "kvm-no-access", "as root"),
    "mainline, one KeyID, as a user": (without(FOREIGN, "msr") | NO_VM | cpuinfo() | {
        "dmesg": log("virt/tdx: BIOS enabled: private KeyID range [63, 64)",
                     "virt/tdx: initialization failed: too few private KeyIDs available.",
                     "virt/tdx: TDX not supported by the host platform")},
        "logged", "too few private KeyIDs available.\n"),
    "mainline failed": (MAINLINE | NO_VM | {
        "dmesg": log("virt/tdx: module initialization failed (-5)")},
        "logged", "module initialization failed (-5)"),
    "Ubuntu, no module": (FOREIGN | NO_VM | {"dmesg": log(
        "virt/tdx: BIOS enabled: private KeyID range [1, 64)",
        "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.",
        "virt/tdx: module not loaded")}, "no-module", "update the BIOS"),
    "Ubuntu, old BIOS": (FOREIGN | NO_VM | {"dmesg": log(
        "virt/tdx: BIOS enabled: private KeyID range [32, 64)",
        "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.",
        "virt/tdx: SEAMCALL (0x0000000000000021) failed: 0xc000090000000000")},
        "logged", "SEAMCALL (0x0000000000000021) failed"),
    "Ubuntu 23.10": (FOREIGN | NO_VM | {"dmesg": log(
        "tdx: BIOS enabled: private KeyID range [32, 64)", "tdx: not enabled by BIOS.")},
        "logged", "not enabled by BIOS."),
    "Ubuntu 24.04, TDX works": (UBUNTU, "usable", "KVM offers them"),
    "Ubuntu 24.04, TDX works, as a user": (without(UBUNTU, "msr") | {"kvm": "error 13\n"},
                                           "usable-by-others", "group of /dev/kvm"),
    "Ubuntu 24.04, TDX does not work": (UBUNTU | NO_VM | {"dmesg": log(
        "virt/tdx: BIOS enabled: private KeyID range [64, 128)",
        "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.")},
        "unknown", "nothing tells why"),
    "Ubuntu 24.04, module 1.0": (UBUNTU | NO_VM | {"dmesg": log(
        "virt/tdx: TDX module: attributes 0x0, vendor_id 0x8086, major_version 1, minor_version 0, "
        "build_date 20230206, build_num 457",
        "virt/tdx: SEAMCALL (0x0000000000000022) failed: 0xc000050500000000",
        "virt/tdx: RCX 0x0000000000000000 RDX 0x9100000100000008 R08 0x0000000000000000",
        "virt/tdx: module initialization failed (-5)",
        "kvm_intel: Failed to initialize TDX module.")},
        "logged", "module initialization failed (-5)"),
    "Ubuntu, TDX works": (FOREIGN | {"dmesg": log(
        "virt/tdx: BIOS enabled: private KeyID range [64, 128)",
        "virt/tdx: Disable ACPI S3. Turn off TDX in the BIOS to use ACPI S3.",
        "virt/tdx: 1050644 KB allocated for PAMT", "virt/tdx: module initialized")},
        "usable", "KVM offers them"),
    "KVM needs something": (state("available") | NO_VM | {"dmesg": log(
        "kvm_intel: tdx: TDX guests are turned off: they need the TDP MMU (kvm.tdp_mmu=1)")},
        "logged", "they need the TDP MMU"),
    "KVM needs something, as a user": (as_user(state("available") | NO_VM), "kvm-no-access",
                                       "as root"),
    "KVM turned off, as a user": (
        as_user(state("available") | NO_VM | {"proc/cmdline": "ro\n"}), "kvm-turned-off",
        "options kvm_intel tdx=1"),
    "KVM needs another module": (READY | NO_VM | {"dmesg": log(
        "virt/tdx: module initialized in 66 ms; 4108 KB allocated for PAMT of 1 TDMRs with 1017 MB "
        "of TDX memory",
        "kvm_intel: tdx: TDX guests need a TDX module that preserves RBP (NO_RBP_MOD): update the "
        "BIOS")}, "logged", "NO_RBP_MOD"),
    "KVM not loaded": (without(FOREIGN, "sys/module", "kvm"), "kvm-not-loaded",
                       "modprobe kvm_intel tdx=1"),
    "KVM without TDs": (without(FOREIGN, KVM) | {
        "sys/module/kvm_intel/parameters/ept": "Y\n", "kvm": "vm_types 0x1\n"},
        "kvm", "CONFIG_KVM_INTEL_TDX"),
    "KVM turned off": (state("available") | NO_VM | NOT_ASKED, "kvm-turned-off",
                       "options kvm_intel tdx=1"),
    "KVM turned off, a TD was to be created": (state("available") | NO_VM | {"dmesg": log(
        "kvm_intel: tdx: TDX guests are turned off: boot with kvm_intel.tdx=1")},
        "kvm-turned-off", "options kvm_intel tdx=1"),
    "no access": (as_user(FOREIGN), "kvm-no-access", "as root"),
    "little to read": (without(FOREIGN, "msr", "dmesg") | {"kvm": "vm_types 0x1\n"}, "needs-root",
                       "as root"),
    "nothing to tell": (FOREIGN | {"kvm": "vm_types 0x1\n", "dmesg": log(
        "virt/tdx: hibernation loses the TDX module: refused; boot with tdx_host=off",
        "kvm_intel: tdx: TDH.MNG.INIT failed, the TD of process 7 is dead: OPERAND_INVALID",
        "virt/tdx: memory [0x0-0xfff] (kmem) is not added: TDX memory is not usable later",
        "virt/tdx: the BIOS hot-added a CPU: rejected, as something failed")}, "unknown", "report"),
    "nothing to read": ({}, "kvm-not-loaded", "modprobe"),
}
STATUS = {True: 0, False: 1, None: 2}


def tdxinfo(*options):
    result = subprocess.run([BUILD / "tdxinfo", *options], capture_output=True, text=True,
                            check=False, timeout=60)
    assert result.returncode != SANITIZER, result.stderr
    return result


@pytest.fixture(name="record")
def fixture_record(tmp_path):
    def record(tree):
        for path, text in tree.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return str(tmp_path)
    return record


@pytest.mark.parametrize("tree, verdict, words", CASES.values(), ids=CASES)
def test_each_cause_has_a_verdict_and_advice(record, tree, verdict, words):
    root = record(tree)
    answer = tdxinfo("--json", "--root", root)
    facts = json.loads(answer.stdout)
    assert facts["verdict"] == verdict
    assert answer.returncode == STATUS[facts["usable"]]
    assert (facts["usable"] is True) == verdict.startswith("usable")
    text = tdxinfo("--root", root)
    assert text.returncode == answer.returncode
    said = text.stdout.split("\n\n")[0]
    assert words in said
    for text in (facts["cause"], facts["detail"], facts["advice"]):
        assert (text or "") in said


def test_all_verdicts_are_tested_and_in_the_manual():
    source = (SOURCES / "verdict.c").read_text()
    known = set(re.findall(r'\{ "([\w-]+)", (?:YES|NO|UNKNOWN),', source))
    assert len(known) > 20
    assert known == {verdict for _, verdict, _ in CASES.values()}
    manual = (SOURCES / "tdxinfo.8").read_text()
    table = manual[manual.index(".TS"):manual.index(".TE")].splitlines()[2:]
    assert known == {word for line in table for word in line.split("\t")[0].split(", ")}


def test_facts_are_what_was_recorded(record):
    facts = json.loads(tdxinfo("--json", "--root", record(READY)).stdout)
    assert facts | {
        "cpu_model": "INTEL(R) XEON(R)", "cpu_physical_bits": 52, "sgx": True, "in_guest": False,
        "msr_keyid_partitioning": 0x200000001f, "kernel_release": "6.1.192-tdx-host",
        "kernel_config_tdx_host": True, "tdx_host_platform": True, "state": "initialized",
        "reason": None, "module_version": "1.5.06", "module_build_num": "481",
        "module_build_date": "20240129", "module_features0": "0x140000", "keyids_total": 31,
        "keyids_used": 2, "keyids_free": 29, "memory_bytes": 6420430848, "pamt_bytes": 25264128,
        "kvm_intel_tdx": True, "kvm_tdp_mmu": True, "kvm_vm_types": 0x20,
        "kernel_cmdline": "BOOT_IMAGE=/vmlinuz ro kvm_intel.tdx=1",
        "nodes": [{"node": 0, "memory_bytes": 4294967296, "pamt_bytes": 16842752},
                  {"node": 1, "memory_bytes": 2125463552, "pamt_bytes": 8421376}],
        "cmrs": ["0x247000-0x7ed50fff", "0x100000000-0x1ffffffff"]} == facts
    assert facts["log"][0] == "virt/tdx: BIOS enabled: private KeyID range [32, 64)"
    assert all(fact in (None, [], False) for name, fact in
               json.loads(tdxinfo("--json", "--root", record({}) + "/none").stdout).items()
               if name not in ("verdict", "cause", "advice"))


@pytest.mark.parametrize("tree, module, shown", [
    (MAINLINE_READY, ("1.5.06", None, None), "version 1.5.06\n"),
    (UBUNTU, ("1.5", "784", "20240725"), "version 1.5, build 784 of 20240725\n")])
def test_the_module_is_known_from_the_log_of_other_kernels(record, tree, module, shown):
    root = record(tree)
    facts = json.loads(tdxinfo("--json", "--root", root).stdout)
    assert tuple(facts[f"module_{key}"] for key in ("version", "build_num", "build_date")) == module
    assert shown in tdxinfo("--root", root).stdout


def test_a_person_sees_the_facts(record):
    shown = tdxinfo("--root", record(READY)).stdout
    for words in ("TDX guests (TDs) can be created: KVM offers them.", "KeyIDs 32 to 63 for TDX",
                  "version 1.5.06, build 481 of 20240129", "31 for TDs, 2 in use, 29 free",
                  "6.0 GB for TDs, of which PAMTs take 24.1 MB", "node 1", "0x247000-0x7ed50fff"):
        assert words in shown, words


def test_a_cause_that_the_kernel_says_too_is_said_once(record):
    cause = "there is only one TDX KeyID, and the TDX module itself needs it"
    shown = tdxinfo("--root", record(state("bios-disabled", f"{cause}; assign more in the BIOS "
                                           "setup") | NO_VM | {"msr": msrs(keyids=0x10000003e)}))
    assert shown.stdout.count(cause) == 1


def test_keyids_that_were_lost_are_told(record):
    lost = {f"{HOST}/keyids_used": "2\n", f"{HOST}/keyids_free": "28\n"}
    assert ("31 for TDs, 2 in use, 28 free, 1 lost until the machine is reset"
            in tdxinfo("--root", record(READY | lost)).stdout)
    assert "lost" not in tdxinfo("--root", record(READY)).stdout


def test_odd_texts_stay_valid_json(record, tmp_path):
    root = record(state("failed") | {"proc/cmdline": "x" * 10000})
    (tmp_path / HOST / "reason").write_bytes(b'a "quoted" \\ line \x01 \xe4')
    facts = json.loads(tdxinfo("--json", "--root", root).stdout)
    assert facts["reason"].startswith('a "quoted" \\ line \x01 ')
    assert len(facts["kernel_cmdline"]) == 4095


def test_a_long_log_shows_its_end(record):
    lines = [f"virt/tdx: line {number} {'x' * 600}" for number in range(100)]
    facts = json.loads(tdxinfo("--json", "--root", record(READY | {"dmesg": log(*lines)})).stdout)
    assert len(facts["log"]) == 48
    assert facts["log"][-1].startswith("virt/tdx: line 99 ")


def test_many_nodes_and_cmrs_are_limited(record):
    tree = READY | {f"{HOST}/node{node}/memory_bytes": "4096\n" for node in range(100)} | \
        {f"{HOST}/cmr/{number}": "0x0-0xfff\n" for number in range(40)}
    facts = json.loads(tdxinfo("--json", "--root", record(tree)).stdout)
    assert len(facts["nodes"]) == 64 and len(facts["cmrs"]) == 32


def test_what_is_no_file_is_not_waited_for(record, tmp_path):
    root = record(without(READY, f"{HOST}/state", "dmesg"))
    os.mkfifo(tmp_path / HOST / "state")
    os.mkfifo(tmp_path / "dmesg")
    facts = json.loads(tdxinfo("--json", "--root", root).stdout)
    assert facts["state"] is None and facts["log"] == []


def test_this_machine_is_read_without_error():
    answer = tdxinfo("--json")
    assert answer.returncode in (0, 1, 2)
    assert not answer.stderr
    assert json.loads(answer.stdout)["verdict"]


@pytest.mark.parametrize("options", [["--no-such-option"], ["word"], ["--map"]])
def test_wrong_options_have_a_status_of_their_own(options):
    result = tdxinfo(*options)
    assert result.returncode == 3
    assert "usage: tdxinfo" in result.stderr
    assert tdxinfo("--help").returncode == 0


INFO = """state ready
keyids 32 32
cmr 0x100000 0x7ff00000
cmr 0x100000000 0x80000000
pamt_bytes 123
tdmr 0x0 0x80000000 pamt1g 0x80a000 0x1000 pamt2m 0x808000 0x2000 pamt4k 0x100000 0x708000
rsvd 0x0 0x80b000
tdmr 0x100000000 0x80000000 pamt1g 0x17fa00000 0x1000 pamt2m 0x17f9fe000 0x2000 \
pamt4k 0x17f200000 0x7fe000
rsvd 0x7f200000 0x801000
seamcalls 4711
"""
MAP = {
    "sys/kernel/debug/x86/tdx/info": INFO,
    "proc/iomem": "00000000-00000fff : Reserved\n00100000-7fffffff : System RAM\n"
                  "  01000000-01ffffff : Kernel code\n100000000-17fffffff : System RAM\n",
    "sys/devices/system/memory/block_size_bytes": "8000000\n",
    **{f"sys/devices/system/node/node{int(block >= 40)}/memory{block}/x": ""
       for block in (*range(16), *range(32, 48))},
}


def texts(svg):
    return re.findall(r"<text [^>]*>([^<]*)</text>", svg)


def test_the_map_of_a_machine_shows_nodes_tdmrs_and_pamts(record, tmp_path):
    picture = tmp_path / "map.svg"
    result = tdxinfo("--map", str(picture), "--root", record(MAP))
    assert result.returncode == 0, result.stderr
    shown = [re.sub(" +", " ", text) for text in texts(picture.read_text())]
    for line in ("RAM of node 0 0x000000100000-0x00007fffffff 2.0 GB",
                 "RAM of node 0 0x000100000000-0x00013fffffff 1 GB",
                 "RAM of node 1 0x000140000000-0x00017fffffff 1 GB",
                 "CMR 1 0x000100000000-0x00017fffffff 2 GB",
                 "TDMR 1 0x000100000000-0x00017fffffff 2 GB",
                 "PAMT 0 0x000000100000-0x00000080afff 7.0 MB",
                 "reserved in TDMR 0: hole, PAMT 0 0x000000000000-0x00000080afff 8.0 MB",
                 "PAMT 1, reserved in TDMR 1 0x00017f200000-0x00017fa00fff 8.0 MB"):
        assert line in shown, line


@pytest.mark.parametrize("tree, message", [
    (without(MAP, "proc/iomem"), "as root"),
    (MAP | {"proc/iomem": "00000000-00000000 : System RAM\n"}, "as root"),
    (without(MAP, "sys/kernel"), "shows no CMRs"),
    (MAP | {"sys/kernel/debug/x86/tdx/info": "state unknown\n"}, "shows no CMRs"),
    (MAP | {"sys/kernel/debug/x86/tdx/info": "cmr 0x0 0x0\n"}, "without size"),
])
def test_a_map_that_cannot_be_drawn_has_a_reason(record, tmp_path, tree, message):
    result = tdxinfo("--map", str(tmp_path / "map.svg"), "--root", record(tree))
    assert result.returncode == 3
    assert message in result.stderr
    assert not (tmp_path / "map.svg").exists()


def test_a_map_that_cannot_be_written_is_an_error(record):
    result = tdxinfo("--map", "/dev/full", "--root", record(MAP))
    assert result.returncode == 3 and "/dev/full" in result.stderr


def test_the_tools_own_makefile_builds_and_installs_it(tmp_path):
    subprocess.run(["make", "-s", "-C", SOURCES, f"OUTPUT={tmp_path}/", f"DESTDIR={tmp_path}/root",
                    "CFLAGS=-Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers "
                    "-Wno-sign-compare", "install"], check=True)
    program = tmp_path / "root/usr/sbin/tdxinfo"
    assert subprocess.run([program, "--help"], check=False, capture_output=True).returncode == 0
    assert (tmp_path / "root/usr/share/man/man8/tdxinfo.8").is_file()
