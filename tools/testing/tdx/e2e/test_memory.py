# SPDX-License-Identifier: GPL-2.0-only
"""TDMRs, PAMTs and their initialization on machines with complex memory maps."""
import collections
import errno
import re
import signal

import pytest

import layout
import sysfs
from outcome import check_cpus_toggled
from test_bringup import ready

MB = 1 << 20
GB = 1 << 30
NODES = 4


def pamt_chunk(tdmr):
    """The contiguous range of all levels of a TDMR's PAMT."""
    start = min(level.base for level in tdmr.pamt)
    end = max(level.end for level in tdmr.pamt)
    assert end - start == tdmr.pamt_bytes, "the levels do not follow each other"
    return layout.Range(start, end - start)


def nodes_of(result):
    """NUMA nodes by address, from the kernel's log."""
    found = re.findall(r"SRAT: Node (\d+) PXM \d+ \[mem (0x\w+)-(0x\w+)\]", result.console)
    return [(int(node), int(first, 16), int(last, 16) + 1) for node, first, last in found]


def numa(count, memory):
    """QEMU's options for nodes of equal size with two CPUs each."""
    options = []
    for node in range(count):
        options += ["-object", f"memory-backend-ram,id=ram{node},size={memory // count}M",
                    "-numa", f"node,nodeid={node},memdev=ram{node},cpus={2 * node}-{2 * node + 1}"]
    return tuple(options)


@pytest.mark.one_kernel_until_release
def test_tdmrs_and_their_pamts_stay_on_their_node(boot):
    result = boot("create-td", cpus=2 * NODES, packages=NODES, memory="6G",
                  qemu_options=numa(NODES, 6144))
    nodes, pamt = nodes_of(result), collections.Counter()
    assert {node for node, *_ in nodes} == set(range(NODES))
    for tdmr in ready(result).tdmrs:
        last = tdmr.end - GB
        holders = [node for node, start, end in nodes if start < tdmr.end and tdmr.base < end]
        alone = [node for node in holders
                 if any(n == node and s < tdmr.base + GB and last < e for n, s, e in nodes)]
        assert len(set(holders)) == 1 or alone, "a TDMR spans nodes where no block does"
        chunk = pamt_chunk(tdmr)
        [node] = {node for node, start, end in nodes
                  if start <= chunk.base and chunk.end <= end and node in holders}
        pamt[node] += chunk.size
    check_files_of_nodes(sysfs.files(result), nodes, pamt)


def check_files_of_nodes(files, nodes, pamt):
    """All memory is TDX memory, but what the firmware and the emulated platform have of it."""
    for node in range(NODES):
        size = sum(end - start for of, start, end in nodes if of == node)
        assert size - 32 * MB < int(files[f"node{node}/memory_bytes"].text) <= size, node
        assert int(files[f"node{node}/pamt_bytes"].text) == pamt[node], node
    assert f"node{NODES}/memory_bytes" not in files


def with_holes(holes, ram):
    """Options that remove 1 MB for each hole from Linux's memory and from the CMRs."""
    cmrs, start = [], ram[0][0]
    for hole in holes:
        cmrs.append((start, hole - start))
        start = hole + MB
    cmrs += [(start, ram[0][1] - start), (ram[1][0], ram[1][1] - ram[1][0])]
    return {
        "cmdline": " ".join(f"memmap=1M${hole:#x}" for hole in holes),
        "emulator_options": "cmrs=" + ",".join(f"{base:#x}+{size:#x}" for base, size in cmrs),
    }


# RAM of a machine with 6 GB.
RAM = [(MB, 2 * GB - 128 * 1024), (4 * GB, 8 * GB)]


@pytest.mark.one_kernel_until_release
def test_holes_for_which_one_tdmr_has_no_room(boot):
    """Low memory has 22 holes outside the CMRs, and a TDMR has 16 reserved areas."""
    holes = [256 * MB + i * 64 * MB for i in range(20)]
    result = boot("create-td", cpus=1, packages=1, **with_holes(holes, RAM))
    low = [tdmr for tdmr in ready(result).tdmrs if tdmr.base < 2 * GB]
    assert all(len(tdmr.reserved) <= 16 for tdmr in low)
    areas = [(tdmr.base + area.base, tdmr.base + area.end)
             for tdmr in low for area in tdmr.reserved]
    assert len(areas) >= 22
    assert all(any(start <= hole and hole + MB <= end for start, end in areas)
               for hole in holes)


@pytest.mark.one_kernel
def test_a_block_with_too_many_holes_is_named(boot):
    holes = [256 * MB + i * 32 * MB for i in range(20)]
    result = boot("create-td", **with_holes(holes, RAM))
    assert int(result.value("create_td")) == errno.ENOSPC
    assert [m for m in result.tdx_messages()
            if "[0x0-0x3fffffff] needs 21 reserved areas, a TDMR takes 16" in m]


@pytest.mark.one_kernel
def test_a_tdmr_spans_islands_if_there_is_only_one(boot):
    """RAM of 3 islands, but a module with one TDMR."""
    result = boot("create-td", emulator_options="max_tdmrs=1")
    assert [(tdmr.base, tdmr.size) for tdmr in ready(result).tdmrs] == [(0, 8 * GB)]


@pytest.mark.one_kernel
@pytest.mark.parallel
def test_all_cpus_initialize_tdmrs(boot):
    result = boot("create-td", cpus=8, packages=2, emulator_options="log=2 delay=2000")
    info = ready(result)
    calls = re.findall(r"^\[cpu (\d+)\] TDH\.SYS\.TDMR\.INIT", result.log, re.M)
    total = sum(tdmr.size for tdmr in info.tdmrs) // GB * 256
    assert len(calls) == total
    busiest = max(calls.count(cpu) for cpu in set(calls))
    assert len(set(calls)) >= 4 and busiest <= total // 2, f"{busiest} of {total} on one CPU"


@pytest.mark.parallel
def test_a_tdmr_is_never_entered_twice_at_once(boot):
    result = boot("create-td", cpus=8, packages=2)
    ready(result)
    assert layout.EmulatorLog(result.log).count("TDH.SYS.TDMR.INIT", "OPERAND_BUSY") == 0


@pytest.mark.one_kernel
@pytest.mark.release
def test_fragmented_memory_gets_smaller_tdmrs(boot):
    """
    There is free contiguous memory for PAMTs of 1 GB, but rarely for those of 2 GB. Only with the
    host kernel: it takes others minutes to fill and pin memory.
    """
    result = boot("create-td-in-fragmented-memory,7", cpus=1, packages=1,
                  timeout=600)
    assert int(result.value("pinned")) > 5000
    tdmrs = ready(result).tdmrs
    assert len(tdmrs) > 2
    assert any(tdmr.size == GB for tdmr in tdmrs)


@pytest.mark.one_kernel_until_release
def test_memory_without_contiguous_chunks_is_named_and_nothing_is_lost(boot, kernel):
    result = boot("create-td-without-contiguous-memory", memory="1G", timeout=300)
    assert int(result.value("pinned")) > 32
    assert int(result.value("create_td")) == errno.ENOMEM
    assert [m for m in result.tdx_messages() if "no 4108 contiguous KB for the PAMT" in m]
    # Less than a PAMT: the rest of the system allocates memory, and KASAN and kmemleak more of it.
    assert int(result.value("lost_kb")) < 4108 or kernel == "debug"


@pytest.mark.parallel
def test_a_killed_creator_does_not_cost_the_module(boot):
    result = boot("start-td;wait-seamcalls,100;end-td,kill;create-td",
                  emulator_options="log=2 delay=5000")
    assert int(result.value("seamcalls_reached")) == 1
    assert result.value("end_td") == f"signal {int(signal.SIGKILL)}"
    assert int(result.value("create_td")) == 0
    assert layout.EmulatorLog(result.log).count("TDH.SYS.CONFIG") == 1
    ready(result)


@pytest.mark.parallel
def test_cpus_that_come_and_go_do_not_disturb(boot):
    """A creator fails if a CPU is offline, and the next one succeeds."""
    result = boot("create-td-while-cpu-toggles,3", emulator_options="delay=500")
    check_cpus_toggled(result)
    assert int(result.value("create_td")) == 0
    ready(result)


@pytest.mark.one_kernel
def test_a_long_initialization_says_once_how_far_it_is(boot):
    result = boot("create-td", cpus=1, packages=1, memory="1G",
                  emulator_options="delay=30000")
    ready(result)
    messages = [m for m in result.tdx_messages() if "initializing TDMRs" in m]
    assert messages == ["initializing TDMRs: 0 of 1 GB after 5 s"]
