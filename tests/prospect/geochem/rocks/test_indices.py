"""Indices against minerals, hand-worked numbers and published averages."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.geochem import (
    alteration_index,
    list_alteration_indices,
    reference_composition,
)
from prospect.geochem.rocks._formula import read_formula
from prospect.geochem.rocks._species import load_table
from survey import molar_mass

OXIDES = ("SiO2", "TiO2", "Al2O3", "FeO", "MgO", "CaO", "Na2O", "K2O", "P2O5", "CO2")
MINERALS = {  # moles of each oxide in the formula
    "albite": {"SiO2": 6, "Al2O3": 1, "Na2O": 1},
    "orthoclase": {"SiO2": 6, "Al2O3": 1, "K2O": 1},
    "anorthite": {"SiO2": 2, "Al2O3": 1, "CaO": 1},
    "muscovite": {"SiO2": 6, "Al2O3": 3, "K2O": 1},
    "kaolinite": {"SiO2": 2, "Al2O3": 1},
    "clinochlore": {"SiO2": 3, "Al2O3": 1, "MgO": 5},
}


def rock(**moles):
    columns = {name: [moles.get(name, 0) * molar_mass(name)] for name in OXIDES}
    return pd.DataFrame(columns).add_suffix("_pct")


def index(name, table, **options):
    return alteration_index(table, name, **options).iloc[0]


@pytest.mark.parametrize(
    ("mineral", "cia", "k_al", "feldspar_al"),
    [
        ("albite", 50, 0, 1),
        ("orthoclase", 50, 1, 1),
        ("anorthite", 50, 0, 1),
        ("muscovite", 75, 1 / 3, 1 / 3),
        ("kaolinite", 100, 0, 0),
        ("clinochlore", 100, 0, 0),
    ],
)
def test_minerals(mineral, cia, k_al, feldspar_al):
    table = rock(**MINERALS[mineral])
    assert index("cia", table, calcium="total") == pytest.approx(cia)
    assert index("k_al", table) == pytest.approx(k_al)
    assert index("feldspar_al", table) == pytest.approx(feldspar_al)


def test_alteration_box_corners():
    assert index("ishikawa", rock(**MINERALS["albite"])) == 0
    assert index("ishikawa", rock(**MINERALS["muscovite"])) == pytest.approx(100)
    assert index("ccpi", rock(**MINERALS["muscovite"])) == 0
    assert index("ccpi", rock(**MINERALS["clinochlore"])) == pytest.approx(100)


def test_upper_crust_by_hand():
    """CIA of the average upper crust (Rudnick & Gao 2003), worked by hand.

    Moles in 100 g: Al2O3 15.40/101.961 = 0.151038, Na2O 3.27/61.979 = 0.052760, K2O
    2.80/94.195 = 0.029725, CaO 3.59/56.077 = 0.064019, P2O5 0.15/141.943 = 0.0010568.
    CaO less apatite is 0.060496; it is more than Na2O, so CaO* = 0.052760.
    """
    crust = reference_composition("ucc").to_frame().T
    assert index("cia", crust) == pytest.approx(
        100 * 0.151038 / (0.151038 + 2 * 0.052760 + 0.029725), rel=1e-4
    )
    assert index("cia", crust) == pytest.approx(52.76, abs=0.01)
    apatite = 0.151038 / (0.151038 + 0.060496 + 0.052760 + 0.029725)
    assert index("cia", crust, calcium="apatite") == pytest.approx(
        100 * apatite, rel=1e-4
    )
    assert index("mg_number", crust) == pytest.approx(46.7, abs=0.1)
    assert index("sar", crust) == pytest.approx(66.62 / 15.40)
    wip = 2 * 0.05276 / 0.35 + 0.061533 / 0.9 + 2 * 0.029725 / 0.25 + 0.05276 / 0.7
    assert index("wip", crust) == pytest.approx(100 * wip, rel=1e-3)


def test_paas_is_more_weathered_than_the_crust():
    shale = reference_composition("paas").to_frame().T
    assert 69 < index("cia", shale) < 72  # 70-75 in the literature
    assert index("icv", shale) < 1


def test_elements_give_what_oxides_give():
    table = rock(SiO2=6, Al2O3=2, Na2O=0.4, K2O=0.5, CaO=0.3, MgO=1, FeO=0.7, P2O5=0.01)
    elements = pd.DataFrame(
        {
            "Al_ppm": table["Al2O3_pct"] * 1e4 * 2 * 26.982 / molar_mass("Al2O3"),
            "Na_pct": table["Na2O_pct"] * 2 * 22.990 / molar_mass("Na2O"),
            "K_ppm": table["K2O_pct"] * 1e4 * 2 * 39.098 / molar_mass("K2O"),
            "Ca_permil": table["CaO_pct"] * 10 * 40.078 / molar_mass("CaO"),
            "P_ppb": table["P2O5_pct"] * 1e7 * 2 * 30.974 / molar_mass("P2O5"),
        }
    )
    assert index("cia", elements) == pytest.approx(index("cia", table))


@given(st.floats(0.01, 100))
def test_indices_do_not_change_with_closure(factor):
    table = rock(SiO2=6, Al2O3=2, Na2O=0.4, K2O=0.5, CaO=0.3, MgO=1, FeO=0.7, P2O5=0.01)
    for name in ("cia", "ciw", "pia", "ishikawa", "ccpi", "sericite", "k_al", "a_cnk"):
        assert index(name, table * factor) == pytest.approx(index(name, table))


@pytest.mark.parametrize("name", list_alteration_indices().index)
def test_every_index_keeps_to_its_range(name):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.lognormal(0, 1, (500, 10)), columns=OXIDES)
    table = table.add_suffix("_pct").assign(MnO_pct=0.1, Zr_ppm=150.0)
    entry = list_alteration_indices().loc[name]
    found = alteration_index(table, name)
    assert found.notna().all()
    assert found.between(entry["low"], entry["high"]).all()
    assert found.attrs["reference"] == entry["reference"]
    assert entry["title"].isascii()
    assert entry["title_zh"]


def test_every_calcium_has_both_languages_and_a_formula():
    table = load_table("geochem_indices")["calcium"]
    for entry in table.values():
        read_formula(entry["formula"])
        assert set(entry) == {"formula", "en", "zh", "reference"}


def test_metadata_kept_and_input_unchanged():
    table = rock(**MINERALS["albite"]).set_axis(["S7"])
    before = table.copy()
    found = alteration_index(table, "cia")
    pd.testing.assert_frame_equal(table, before)
    assert found.index.tolist() == ["S7"]
    assert found.name == "cia"
    assert found.attrs["basis"] == "molar"
    assert found.attrs["calcium"] == "mclennan"
    assert found.attrs["columns"]["Al2O3"] == "Al2O3_pct"


def test_censored_values_are_counted_not_used():
    table = pd.concat([rock(**MINERALS["albite"])] * 4, ignore_index=True)
    table["K2O_pct"] = 0.1
    table["K2O_pct_censored"] = [True, True, False, False]
    table["K2O_pct_imputed"] = [True, False, False, False]
    found = alteration_index(table, "cia")
    assert found.isna().tolist() == [False, True, False, False]
    assert found.attrs["n_censored"] == 1
    assert found.attrs["censored_share"] == found.attrs["imputed_share"] == 0.25
    assert found.attrs["notes"] == [
        "1 samples have no value, because K2O_pct is below detection and not imputed"
    ]
    limit = alteration_index(table, "cia", censored="limit")
    assert limit.notna().all()
    assert "rest on a detection limit" in limit.attrs["notes"][0]


def test_formula_of_ones_own():
    table = pd.DataFrame({"Rb_ppm": [100.0], "K2O_pct": [2.0]})
    found = alteration_index(table, "Rb / K2O", basis="wt")
    assert found.iloc[0] == 50
    zero = alteration_index(table.assign(K2O_pct=0.0), "Rb / K2O", basis="wt")
    assert np.isnan(zero.iloc[0])


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("cja", {}, ValueError, r"no index 'cja'. Did you mean .*'cia'"),
        ("K2O / Na2O", {}, ValueError, "formula such as"),
        ("cia", {"basis": "wt"}, ValueError, "is for formulas"),
        ("cia", {"calcium": "all"}, ValueError, "calcium must be one of"),
        ("cia", {"censored": "half"}, ValueError, "censored must be one of"),
        ("__import__('os')", {"basis": "wt"}, ValueError, "is not allowed"),
        ("K2O % 2", {"basis": "wt"}, ValueError, "is not allowed"),
        ("K2O +", {"basis": "wt"}, ValueError, "cannot be read"),
        ("icv", {}, KeyError, "MnO not found"),
    ],
)
def test_refusals(name, options, error, message):
    with pytest.raises(error, match=message):
        alteration_index(rock(**MINERALS["albite"]), name, **options)


def test_missing_phosphorus_names_the_way_out():
    table = rock(**MINERALS["albite"]).drop(columns="P2O5_pct")
    with pytest.raises(KeyError, match=r"P2O5 not found.*calcium='sodium'"):
        alteration_index(table, "cia")
    assert index("cia", table, calcium="sodium") == pytest.approx(50)


def test_domain():
    assert set(list_alteration_indices(domain="igneous")["domain"]) == {"igneous"}
    with pytest.raises(ValueError, match="domain must be one of"):
        list_alteration_indices(domain="magic")


def test_formula_reader():
    formula = read_formula("min(a, -b) / (c - 1) + max(a, 2 * b)")
    assert formula.names == ("a", "b", "c")
    assert formula({"a": 3.0, "b": 1.0, "c": 3.0}) == -0.5 + 3
