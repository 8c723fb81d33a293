# SPDX-License-Identifier: GPL-2.0-only
"""Pictures of layouts: what a person who sees one for the first time needs."""
import itertools
import re
import xml.etree.ElementTree

import pytest

from test_tools import CASES, SERVER, TOP, run

SVG = "{http://www.w3.org/2000/svg}"
# Of DejaVu Sans Mono and Liberation Mono, in units of the font's size.
WIDTH, ASCENT, DESCENT = 0.602, 0.76, 0.24
MAPS = {path.stem: path.read_text() for path in sorted(CASES.glob("*.map"))}


def picture_of(layout):
    drawn = run("tdmr_map", layout)
    assert drawn.returncode == 0, drawn.stderr
    return xml.etree.ElementTree.fromstring(drawn.stdout)


def texts(picture):
    """(left, right, top, bottom, text) of each text."""
    for text in picture.iter(f"{SVG}text"):
        x, y, size = (float(text.get(name)) for name in ("x", "y", "font-size"))
        yield (x, x + WIDTH * size * len(text.text), y - ASCENT * size, y + DESCENT * size,
               text.text)


def overlapping(picture):
    boxes = sorted(texts(picture), key=lambda box: box[2])
    for number, (left, right, _, bottom, text) in enumerate(boxes):
        for other in itertools.takewhile(lambda box: box[2] < bottom, boxes[number + 1:]):
            if left < other[1] and other[0] < right:
                yield text, other[4]


def ranges(layout):
    """(name, first, last) of each area of a layout."""
    number = -1
    for words in map(str.split, layout.splitlines()):
        if words[:1] == ["ram"]:
            yield f"RAM of node {words[4]}", words[1], words[2]
        elif words[:1] == ["cmr"]:
            yield "CMR", words[1], words[2]
        elif words[:1] == ["tdmr"]:
            number += 1
            base = int(words[1], 0)
            yield f"TDMR {number}", words[1], words[2]
            pamt = sorted((int(words[at], 0), int(words[at + 1], 0)) for at in (4, 7, 10))
            yield f"PAMT {number}", hex(pamt[0][0]), hex(sum(size for _, size in pamt))
        elif words[:1] == ["rsvd"]:
            yield f"reserved in TDMR {number}", hex(base + int(words[1], 0)), words[2]


@pytest.fixture(name="layout", scope="module", params=["server", *MAPS])
def fixture_layout(request):
    text = SERVER if request.param == "server" else MAPS[request.param]
    layout = run("tdmr_layout", text, "--cpus", "8" if request.param == "server" else "64")
    return layout.stdout or text


def test_no_two_texts_overlap(layout):
    picture = picture_of(layout)
    assert not list(overlapping(picture))
    width, height = float(picture.get("width")), float(picture.get("height"))
    for left, right, top, bottom, text in texts(picture):
        assert left >= 0 and right <= width and top >= 0 and bottom <= height, text


def test_each_area_is_named_with_its_addresses(layout):
    lines = [text for *_, text in texts(picture_of(layout)) if "-0x" in text]
    for name, base, size in ranges(layout):
        first, last = int(base, 0), int(base, 0) + int(size, 0) - 1
        assert any(f"0x{first:012x}-0x{last:012x}" in line and name in line for line in lines), name


def test_each_tdmr_and_pamt_has_its_name_in_the_picture(layout):
    named = {re.sub(":.*", "", text) for *_, text in texts(picture_of(layout)) if "-0x" not in text}
    names = {name for name, *_ in ranges(layout) if name.startswith(("TDMR", "PAMT"))}
    missing = {name for name in names - named if name.replace("TDMR ", "") not in named}
    # A strip with room for 30 names has 90 areas here.
    assert len(missing) <= (100 if layout.count("ram ") == 130 else 0), missing


def test_there_is_a_legend_and_a_scale():
    picture = picture_of(run("tdmr_layout", SERVER, "--cpus", "8").stdout)
    shown = [text for *_, text in texts(picture)]
    assert shown[0] == "TDX memory: 128 GB of RAM in 4 ranges, 9 TDMRs, 513 MB of PAMTs"
    for name in ("RAM of NUMA node 0", "RAM of NUMA node 1", "CMR: ", "TDMR: ", "PAMT of a TDMR: ",
                 "hole: "):
        assert any(text.startswith(name) for text in shown), name
    for address in ("0", "4 GB", "6 GB", "128 GB"):
        assert address in shown, address
    assert "without" in shown and "2 GB" in shown       # from 2 GB to 4 GB
    assert not any("drawn larger" in text for text in shown)
    fills = {rect.get("fill") for rect in picture.iter(f"{SVG}rect")}
    assert len(fills) == 7                              # each of the legend, and the background


def test_nodes_that_are_neighbours_have_different_colors():
    layout = run("tdmr_layout", MAPS["v01-gnr-8s-24tb-snc3"], "--cpus", "64").stdout
    colors = {}
    for rect in picture_of(layout).iter(f"{SVG}rect"):
        title = rect.find(f"{SVG}title")
        if title is not None and title.text.startswith("RAM of node "):
            colors[int(title.text.split()[3])] = rect.get("fill")
    assert len(colors) == 24
    assert all(colors[node] != colors[node + 1] for node in range(23))


def test_the_picture_of_the_documentation_is_what_the_tool_draws():
    drawn = run("tdmr_map", run("tdmr_layout", SERVER, "--cpus", "8").stdout).stdout
    kept = (TOP / "Documentation/x86/tdx-host-memory.svg").read_text()
    assert kept == "<!-- SPDX-License-Identifier: GPL-2.0 -->\n" + drawn
