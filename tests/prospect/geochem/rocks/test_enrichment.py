"""Enrichment factors, reference compositions, normalised patterns."""

import numpy as np
import pandas as pd
import pytest

from prospect.geochem import (
    enrichment_factor,
    normalised_pattern,
    reference_composition,
)
from prospect.geochem.rocks._species import element_of, load_table, split_name

NAMES = list(load_table("geochem_references")["compositions"])


@pytest.mark.parametrize("name", NAMES)
def test_reservoirs_have_units_and_no_element_twice(name):
    found = reference_composition(name)
    parts = [split_name(column) for column in found.index]
    assert all(parts)
    elements = [element_of(symbol) for symbol, _ in parts]
    assert len(set(elements)) == len(elements)
    assert (found > 0).all()
    assert found.attrs["reference"]
    assert found.attrs["title_zh"]


def test_published_ratios():
    """Ratios the papers themselves print or imply."""
    crust, mantle = (
        reference_composition("ucc"),
        reference_composition("primitive_mantle"),
    )
    chondrite = reference_composition("ci_chondrite")
    majors = [c for c in crust.index if c.endswith("_pct")]
    assert crust[majors].sum() == pytest.approx(100, abs=0.5)
    # refractory lithophile elements of the mantle stand at 2.75 times CI
    for element in ("La_ppb", "Yb_ppb", "Sm_ppb", "Hf_ppb", "Th_ppb", "Ti_ppm"):
        assert mantle[element] / chondrite[element] == pytest.approx(2.74, abs=0.03)
    assert mantle["Th_ppb"] / mantle["U_ppb"] == pytest.approx(3.9, abs=0.05)
    assert crust["La_ppm"] / crust["Yb_ppm"] == pytest.approx(15.8, abs=0.1)


def test_background_itself_has_factor_one():
    crust = reference_composition("ucc").to_frame().T
    for reference in ("Al", "Sc", "TiO2", "Zr"):
        found = enrichment_factor(crust, "As_ppm", reference_element=reference)
        assert found.iloc[0] == pytest.approx(1)


def test_by_hand_and_in_other_units():
    table = pd.DataFrame({"Cu_ppb": [560_000.0], "Al_pct": [4.0752]})
    own = {"Cu_ppm": 28.0, "Al2O3_pct": 15.4}
    found = enrichment_factor(table, "Cu_ppb", reference_element="Al", background=own)
    # Al 4.0752 % is Al2O3 7.7 %: half the crust; copper is twenty times as much
    assert found.iloc[0] == pytest.approx(40, rel=1e-4)
    assert found.name == "EF_Cu"


def test_background_of_samples_is_their_median_ratio():
    ground = pd.DataFrame({"Cu_ppm": [10.0, 20, 90], "Sc_ppm": [10.0, 10, 10]})
    found = enrichment_factor(
        ground, "Cu_ppm", reference_element="Sc", background=ground
    )
    assert found.tolist() == [0.5, 1.0, 4.5]
    assert found.attrs["background_ratio"] == 2


def test_censored_are_counted():
    table = pd.DataFrame({"Cu_ppm": [1.0, 5.0], "Sc_ppm": [0.0, 2.0]})
    table["Cu_ppm_censored"] = [True, False]
    found = enrichment_factor(table, "Cu_ppm", reference_element="Sc")
    assert np.isnan(found.iloc[0])
    assert found.attrs["n_censored"] == 1
    assert found.attrs["n_missing"] == 1


@pytest.mark.parametrize(
    ("column", "options", "error", "message"),
    [
        ("Cu", {}, ValueError, "no analyte column 'Cu'"),
        ("Cu_ppm", {"reference_element": "Zr"}, KeyError, "the samples hold no Zr"),
        ("Cu_ppm", {"background": {"Cu_ppm": 1}}, KeyError, "background hold no Al"),
        ("Cu_ppm", {"background": "moon"}, ValueError, "no reference composition"),
        ("Cu_ppm", {"background": 3}, TypeError, "background is a int"),
        ("Cu_ppm", {"censored": "half"}, ValueError, "censored must be"),
        (
            "Cu_ppm",
            {"background": {"Cu_ppm": 0, "Al_ppm": 1}},
            ValueError,
            "background ratio of Cu to Al is 0",
        ),
    ],
)
def test_refusals(column, options, error, message):
    table = pd.DataFrame({"Cu_ppm": [1.0], "Al_ppm": [1e4]})
    with pytest.raises(error, match=message):
        enrichment_factor(table, column, **{"reference_element": "Al"} | options)


def test_pattern_of_the_reservoir_is_one_everywhere():
    chondrite = reference_composition("ci_chondrite").to_frame().T
    found = normalised_pattern(chondrite)
    assert list(found)[:3] == ["La", "Ce", "Pr"]
    np.testing.assert_allclose(found, 1)


def test_pattern_leaves_out_what_is_not_known():
    table = pd.DataFrame({"La_ppm": [10.0, 5], "K2O_pct": [1.0, 2], "Rb_ppm": [3.0, 0]})
    table["La_ppm_censored"] = [True, False]
    found = normalised_pattern(table, elements=["Rb", "K", "La", "Xx"], normalise="ucc")
    assert list(found) == ["Rb", "K", "La"]
    assert found.attrs["absent"] == ["Xx"]
    assert found.attrs["n_censored"] == 1
    assert found.isna().sum().tolist() == [1, 0, 1]
    assert found["K"].tolist() == pytest.approx([1 / 2.8, 2 / 2.8])


def test_pattern_refuses():
    table = pd.DataFrame({"La_ppm": [10.0]})
    with pytest.raises(ValueError, match="only \\['La'\\] are in both"):
        normalised_pattern(table)
    with pytest.raises(ValueError, match="use one of"):
        normalised_pattern(table, elements="rare")
    with pytest.raises(ValueError, match="normalise= is needed"):
        normalised_pattern(table, elements=["La", "Ce"])
