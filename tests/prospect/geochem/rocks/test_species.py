"""Molar masses, conversion, and finding a species in a table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.geochem import convert_analyte
from prospect.geochem.rocks._species import (
    amount_of,
    mass_ratio,
    split_name,
)
from survey import molar_mass

# factors as printed in laboratory tables
PRINTED = {
    ("Al", "Al2O3"): 1.8895,
    ("Ca", "CaO"): 1.3992,
    ("Fe", "Fe2O3T"): 1.4297,
    ("FeOT", "Fe2O3T"): 1.1113,
    ("K", "K2O"): 1.2046,
    ("Mg", "MgO"): 1.6583,
    ("Na", "Na2O"): 1.3480,
    ("P", "P2O5"): 2.2914,
    ("Si", "SiO2"): 2.1393,
    ("Ti", "TiO2"): 1.6685,
}


@pytest.mark.parametrize(("pair", "factor"), PRINTED.items())
def test_factors_of_oxides(pair, factor):
    assert mass_ratio(*pair) == pytest.approx(factor, abs=1e-4)


def test_molar_masses():
    assert molar_mass("SiO2") == pytest.approx(60.083, abs=0.002)
    assert molar_mass("P2O5") == pytest.approx(141.943, abs=0.002)
    with pytest.raises(ValueError, match="'LOI' is no element or oxide"):
        molar_mass("LOI")


@given(
    st.sampled_from(["Al_ppm", "Al2O3_pct", "Al_pct", "Al2O3_ppb"]),
    st.floats(1e-6, 1e6),
)
def test_there_and_back(target, value):
    values = pd.Series([value], name="Al_permil")
    there = convert_analyte(values, source="Al_permil", target=target)
    back = convert_analyte(there, source=target, target="Al_permil")
    np.testing.assert_allclose(back, values, rtol=1e-12)


def test_conversion_refuses():
    values = pd.Series([1.0])
    with pytest.raises(ValueError, match="'Al' does not say analyte and unit"):
        convert_analyte(values, source="Al", target="Al2O3_pct")
    with pytest.raises(ValueError, match="'Al' cannot be told as 'SiO2'"):
        convert_analyte(values, source="Al_ppm", target="SiO2_pct")


def test_names():
    assert split_name("Cu_ppm_ICP") == ("Cu", "ppm")
    assert split_name("Cu_ppm_censored") is None
    assert split_name("easting") is None


def test_the_species_itself_goes_before_its_element():
    table = pd.DataFrame({"Al_ppm": [1e4], "Al2O3_pct": [12.0]})
    assert amount_of(table, "Al2O3").columns == ["Al2O3_pct"]
    assert amount_of(table, "Al").columns == ["Al_ppm"]


def test_several_columns_are_refused_and_settled_by_name():
    table = pd.DataFrame({"Al_ppm_AR": [1e4], "Al_ppm_XRF": [5e4]})
    with pytest.raises(
        ValueError, match="Al2O3 can be read from Al_ppm_AR, Al_ppm_XRF"
    ):
        amount_of(table, "Al2O3")
    found = amount_of(table, "Al2O3", {"Al2O3": "Al_ppm_XRF"})
    assert found.content[0] == pytest.approx(5 * 1.8895, rel=1e-4)
    with pytest.raises(ValueError, match="there is no such column"):
        amount_of(table, "Al2O3", {"Al2O3": "Al"})


def test_iron_is_added_or_taken_as_total():
    both = pd.DataFrame({"FeO_pct": [2.0], "Fe2O3_pct": [1.0]})
    assert amount_of(both, "FeOT").content[0] == pytest.approx(2 + 1 / 1.1113, rel=1e-4)
    alone = amount_of(both[["Fe2O3_pct"]], "FeOT")
    assert alone.content[0] == pytest.approx(1 / 1.1113, rel=1e-4)
    assert alone.notes == ["Fe2O3_pct is taken as total iron"]
    total = both.assign(TFe2O3_pct=5.0)
    assert amount_of(total, "FeOT").columns == ["TFe2O3_pct"]


def test_carbon_is_not_carbonate():
    with pytest.raises(KeyError, match="CO2"):
        amount_of(pd.DataFrame({"C_pct": [1.0]}), "CO2")


def test_text_and_negative_contents_are_refused():
    with pytest.raises(ValueError, match="'Al2O3_pct' holds text"):
        amount_of(pd.DataFrame({"Al2O3_pct": ["<1"]}), "Al2O3")
    with pytest.raises(ValueError, match=r"1 values of 'Al2O3_pct' are negative.*-3.0"):
        amount_of(pd.DataFrame({"Al2O3_pct": [1.0, -3.0]}), "Al2O3")
