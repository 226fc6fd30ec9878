"""Diagrams: definitions that hold together, rocks whose field is known."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import shapely

from prospect.geochem import (
    alteration_index,
    classify_diagram,
    diagram_positions,
    list_diagrams,
    read_diagram,
    ternary_shares,
)
from prospect.geochem.rocks._diagrams import to_plane
from prospect.geochem.rocks._formula import read_formula

NAMES = list(list_diagrams().index)
# near the averages of Le Maitre (1976), rounded; the tephrite is made up
ROCKS = pd.DataFrame(
    {
        "SiO2_pct": [49.97, 58.70, 66.36, 74.00, 62.61, 57.49, 48.32],
        "TiO2_pct": [1.87, 0.88, 0.58, 0.28, 0.71, 0.63, 1.65],
        "Al2O3_pct": [15.99, 17.24, 16.12, 13.53, 17.26, 19.47, 16.48],
        "FeOT_pct": [10.4, 6.7, 4.4, 2.5, 5.2, 4.5, 10.9],
        "MnO_pct": [0.20, 0.15, 0.09, 0.06, 0.14, 0.19, 0.19],
        "MgO_pct": [6.84, 3.37, 1.74, 0.41, 0.95, 1.13, 5.1],
        "CaO_pct": [9.62, 6.88, 4.29, 1.16, 2.34, 2.80, 8.25],
        "Na2O_pct": [2.96, 3.53, 3.89, 3.62, 5.57, 7.98, 4.60],
        "K2O_pct": [1.12, 1.64, 2.20, 4.38, 5.08, 5.36, 2.70],
        "P2O5_pct": [0.35, 0.21, 0.15, 0.07, 0.21, 0.18, 0.6],
    },
    index=[
        "basalt",
        "andesite",
        "dacite",
        "rhyolite",
        "trachyte",
        "phonolite",
        "tephrite",
    ],
)


@pytest.mark.parametrize("name", NAMES)
def test_definitions(name):
    entry = read_diagram(name)
    assert set(entry["title"]) == {"en", "zh"}
    assert entry["reference"]
    shapes = []
    for field in entry.get("fields", ()):
        assert field["en"].isascii()
        assert any(c >= "\u4e00" for c in field["zh"])
        shapes.append(shapely.polygons(to_plane(field["points"], entry)))
        if "label_at" in field:
            at = to_plane(field["label_at"], entry)
            assert shapes[-1].contains(shapely.points(at)), field["key"]
    assert all(shape.is_valid for shape in shapes)
    for one, other in combinations(shapes, 2):
        least = min(one.area, other.area)
        assert one.intersection(other).area < 1e-9 * least
    for axis in (entry.get(side) for side in ("x", "y", "top", "left", "right")):
        if axis:
            read_formula(axis["formula"])
    if entry["kind"] == "ternary":
        for item in [*entry.get("fields", ()), *entry.get("nodes", ())]:
            points = np.atleast_2d(item.get("points", item.get("at")))
            np.testing.assert_allclose(points.sum(axis=1), 100, atol=0.011)


def test_average_rocks_on_tas():
    """Rocks named by petrographers, not by TAS, fall into the field of their name."""
    found = classify_diagram(ROCKS, "tas")
    assert found["field"].tolist() == [
        "basalt", "andesite", "dacite", "rhyolite", "trachyte, trachydacite",
        "phonolite", "tephrite, basanite",
    ]  # fmt: skip
    assert found.loc["rhyolite", "field_zh"] == "流纹岩"
    assert found.attrs["counts"]["basalt"] == 1
    assert "not the first paper" in found.attrs["notes"][-1]


def test_volatiles_are_left_out_unless_told_otherwise():
    wet = ROCKS * 0.9
    pd.testing.assert_frame_equal(
        classify_diagram(wet, "tas"), classify_diagram(ROCKS, "tas")
    )
    raw = classify_diagram(wet, "tas", normalise=False)
    assert raw["x"].tolist() == pytest.approx((ROCKS["SiO2_pct"] * 0.9).tolist())
    short = ROCKS.drop(columns="MnO_pct")
    with pytest.raises(KeyError, match=r"MnO not found.*normalise=False"):
        classify_diagram(short, "tas")
    assert classify_diagram(short, "tas", normalise=False)["field"].notna().all()


@pytest.mark.parametrize(
    ("name", "contents", "field"),
    [
        ("pearce_rb_ynb", {"Rb_ppm": 60, "Y_ppm": 18, "Nb_ppm": 7}, "volcanic arc"),
        ("pearce_rb_ynb", {"Rb_ppm": 400, "Y_ppm": 20, "Nb_ppm": 15}, "syn-collision"),
        ("pearce_rb_ynb", {"Rb_ppm": 200, "Y_ppm": 80, "Nb_ppm": 60}, "within plate"),
        ("pearce_rb_ynb", {"Rb_ppm": 4, "Y_ppm": 80, "Nb_ppm": 8}, "ocean ridge"),
        ("pearce_rb_ynb", {"Rb_ppm": 5000, "Y_ppm": 80, "Nb_ppm": 8}, "outside"),
        ("pearce_rb_ynb", {"Rb_ppm": 0, "Y_ppm": 80, "Nb_ppm": 8}, None),
        ("shervais", {"Ti_ppm": 8000, "V_ppm": 260}, "ocean floor (20-50)"),
        ("shervais", {"TiO2_pct": 0.8, "V_ppm": 330}, "arc (Ti/V 10-20)"),
        ("k2o_sio2", {"SiO2_pct": 56, "K2O_pct": 1.2}, "calc-alkaline series"),
        ("k2o_sio2", {"SiO2_pct": 56, "K2O_pct": 3.3}, "shoshonite series"),
        ("k2o_sio2", {"SiO2_pct": 40, "K2O_pct": 1.2}, "outside"),
    ],
)
def test_known_fields(name, contents, field):
    found = classify_diagram(pd.DataFrame([contents]), name)["field"][0]
    assert found == field if field else pd.isna(found)


def test_indices_and_diagrams_agree():
    shand = classify_diagram(ROCKS, "shand")
    a_cnk = alteration_index(ROCKS, "a_cnk")
    assert ((a_cnk > 1) == (shand["field"] == "peraluminous")).all()
    box = diagram_positions(ROCKS, "alteration_box")
    np.testing.assert_allclose(box["x"], alteration_index(ROCKS, "ishikawa"))
    np.testing.assert_allclose(box["y"], alteration_index(ROCKS, "ccpi"))
    silica = ROCKS["SiO2_pct"]
    line = 0.1562 * silica - 6.685
    tholeiitic = ROCKS["FeOT_pct"] / ROCKS["MgO_pct"] > line
    found = classify_diagram(ROCKS, "miyashiro")["field"]
    assert ((found == "tholeiitic") == tholeiitic).all()
    mali = classify_diagram(ROCKS[silica.between(50, 80)], "frost_mali")["field"]
    # -45.36 + 1.0043 * 58.7 - 0.00427 * 58.7 ** 2 = -1.12; the andesite has -1.71
    assert mali["andesite"] == "calcic"
    assert mali["phonolite"] == "alkalic"


def test_ternary_cia_is_the_height_of_a_cn_k():
    """CIA is the share of Al2O3 in A, CN, K (Nesbitt & Young 1984)."""
    found = diagram_positions(ROCKS, "a_cn_k")
    np.testing.assert_allclose(found["top"], alteration_index(ROCKS, "cia"))
    np.testing.assert_allclose(found.sum(axis=1), 100)
    assert classify_diagram(ROCKS, "a_cn_k")["field"].isna().all()
    afm = classify_diagram(ROCKS, "afm")["field"]
    assert afm["andesite"] == "calc-alkaline"
    iron_rich = pd.DataFrame(
        {"FeOT_pct": [14.0], "MgO_pct": [5.0], "Na2O_pct": [2.0], "K2O_pct": [0.5]}
    )
    assert classify_diagram(iron_rich, "afm")["field"][0] == "tholeiitic"


def test_vertex_belongs_to_the_field_listed_first():
    corner = pd.DataFrame({"SiO2_pct": [52.0], "Na2O_pct": [5.0], "K2O_pct": [0.0]})
    assert classify_diagram(corner, "tas", normalise=False)["field"][0] == "basalt"


def test_input_unchanged_and_censored_counted():
    table = ROCKS.assign(K2O_pct_censored=[True] + [False] * 6)
    before = table.copy()
    found = classify_diagram(table, "k2o_sio2")
    pd.testing.assert_frame_equal(table, before)
    assert found.index.equals(table.index)
    assert pd.isna(found["field"].iloc[0])
    assert found.attrs["n_censored"] == found.attrs["n_missing"] == 1
    kept = classify_diagram(table, "k2o_sio2", censored="limit")
    assert pd.notna(kept["field"].iloc[0])


def test_shares_of_three():
    table = pd.DataFrame(
        {"Cu_ppm": [50.0, 0], "Zn_pct": [0.004, 0], "Pb_ppm": [10.0, 0]}
    )
    found = ternary_shares(table, ["Cu_ppm", "Zn_pct", "Pb_ppm"])
    assert found.iloc[0].tolist() == pytest.approx([50, 40, 10])
    assert found.iloc[1].isna().all()
    with pytest.raises(ValueError, match="three corners"):
        ternary_shares(table, ["Cu_ppm"])
    with pytest.raises(ValueError, match="no column 'Xx'"):
        ternary_shares(table, ["Cu_ppm", "Zn_pct", "Xx"])


def test_refusals():
    with pytest.raises(ValueError, match=r"no diagram 'taz'. Did you mean \['tas'"):
        classify_diagram(ROCKS, "taz")
    with pytest.raises(ValueError, match="has panels without fields"):
        classify_diagram(ROCKS, "harker")
    with pytest.raises(KeyError, match="needs Rb; Rb not found"):
        classify_diagram(ROCKS.assign(Y_ppm=1.0, Nb_ppm=1.0), "pearce_rb_ynb")


def test_granites_of_ogrady(real_data):
    """The O'Grady batholith is a hornblende granite pluton, metaluminous."""
    folder = real_data("geochem/rgr_small_surveys")
    table = pd.read_csv(folder / "ogrady.csv")
    majors = ["Si", "Al", "Fe", "Mg", "Ca", "Na", "K"]
    table = table.rename(columns={name: f"{name}_pct" for name in majors})
    found = classify_diagram(table, "shand")
    main = table["Lith"] == "GRDR"
    assert (found.loc[main, "field"] == "metaluminous").mean() > 0.95
    assert found.loc[table["Lith"] == "ALSK", "field"].isin(["peraluminous"]).all()
