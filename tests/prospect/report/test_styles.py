import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.report import raster_style, target_style


@pytest.mark.parametrize("kind", ["score", "uncertainty", "continuous"])
def test_ramp_runs_from_end_to_end(kind):
    root = ET.fromstring(raster_style(kind, minimum=0.01, maximum=0.05))
    renderer = root.find("pipe/rasterrenderer")
    assert renderer.get("type") == "singlebandpseudocolor"
    items = renderer.findall("rastershader/colorrampshader/item")
    values = [float(item.get("value")) for item in items]
    np.testing.assert_allclose(values, np.linspace(0.01, 0.05, len(values)))
    assert len({item.get("color") for item in items}) == len(items)


def test_classes_are_painted_and_labelled():
    classes = {3: "granite & <dykes>", 1: "schist"}
    style = raster_style("categorical", minimum=0, maximum=9, classes=classes)
    entries = ET.fromstring(style).findall(".//paletteEntry")
    assert [(e.get("value"), e.get("label")) for e in entries] == [
        ("1", "schist"),
        ("3", "granite & <dykes>"),
    ]


def test_classes_without_labels_are_whole_numbers():
    style = raster_style("categorical", minimum=1, maximum=4)
    entries = ET.fromstring(style).findall(".//paletteEntry")
    assert [entry.get("label") for entry in entries] == ["1", "2", "3", "4"]


@given(st.floats(-1e9, 1e9), st.floats(0, 1e9))
def test_any_ends_give_well_formed_xml(low, span):
    style = raster_style("score", minimum=low, maximum=low + span)
    assert style.startswith("<!DOCTYPE qgis")
    assert ET.fromstring(style).tag == "qgis"


def test_targets_are_graduated_by_rank_without_gaps_and_labelled():
    root = ET.fromstring(target_style())
    ranges = root.findall("renderer-v2/ranges/range")
    ends = [(float(r.get("lower")), float(r.get("upper"))) for r in ranges]
    assert all(a[1] == b[0] for a, b in pairwise(ends))
    names = [s.get("name") for s in root.findall("renderer-v2/symbols/symbol")]
    assert names == [r.get("symbol") for r in ranges]
    assert root.find("labeling/settings/text-style").get("fieldName") == "rank"


def test_refusals():
    with pytest.raises(ValueError, match="kind='heat' has no style"):
        raster_style("heat", minimum=0, maximum=1)
    with pytest.raises(ValueError, match="must be numbers, got nan"):
        raster_style("score", minimum=float("nan"), maximum=1)
    with pytest.raises(ValueError, match="maximum=0 is below minimum=1"):
        raster_style("score", minimum=1, maximum=0)
    with pytest.raises(ValueError, match=r"5001 classes .* are too many"):
        raster_style("categorical", minimum=0, maximum=5000)
