import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey import atoms_in, molar_mass
from survey._headers import Analyte, load_words
from survey.quality import convert_unit
from survey.quality.results._units import conversion_factor

UNITS = ("pct", "permil", "ppm", "ppb", "ppt")


def wide():
    table = pd.DataFrame(
        {
            "sample_id": ["S1", "S2"],
            "Cu_ppm": [0.5, 1234.5],
            "Cu_ppm_censored": [True, False],
            "Cu_ppm_detection_limit": [0.5, 0.5],
            "Cu_ppm_method": ["ICP", "ICP"],
        }
    )
    table.attrs = {"units": {"Cu_ppm": "ppm"}, "censored": {"Cu_ppm": 1}}
    return table


def test_wide_with_its_companions_and_attrs():
    samples = wide()
    before = samples.copy()
    out = convert_unit(samples, "Cu_ppm", "mg/kg")
    assert out.equals(samples)
    out = convert_unit(samples, "Cu_ppm", "%")
    assert list(out) == [name.replace("ppm", "pct") for name in samples]
    np.testing.assert_array_equal(out["Cu_pct"], [0.00005, 0.12345])
    np.testing.assert_array_equal(out["Cu_pct_detection_limit"], [0.00005, 0.00005])
    assert out.attrs["units"] == {"Cu_pct": "pct"}
    assert out.attrs["censored"] == {"Cu_pct": 1}
    assert out.attrs["converted"] == {"Cu_pct": 1e-4}
    pd.testing.assert_frame_equal(samples, before)
    assert samples.attrs == before.attrs


def test_long():
    assays = pd.DataFrame(
        {
            "sample_id": ["S1", "S1"],
            "analyte": pd.Categorical(["Au_ppb", "Cu_ppm"]),
            "value": [1500.0, 3.0],
            "detection_limit": [1.0, 0.5],
            "unit": pd.Categorical(["ppb", "ppm"]),
        }
    )
    out = convert_unit(assays, "Au_ppb", "g/t")
    assert list(out["analyte"]) == ["Au_ppm", "Cu_ppm"]
    assert list(out["value"]) == [1.5, 3.0]
    assert list(out["detection_limit"]) == [0.001, 0.5]
    assert list(out["unit"]) == ["ppm", "ppm"]
    assert list(assays["analyte"]) == ["Au_ppb", "Cu_ppm"]


@pytest.mark.parametrize(
    ("element", "oxide", "factor"),
    # element to oxide, as tables of geochemistry print them
    [("Si", "SiO2", 2.1393), ("Al", "Al2O3", 1.8895), ("Fe", "Fe2O3", 1.4297),
     ("Fe", "FeO", 1.2865), ("Mg", "MgO", 1.6582), ("Ca", "CaO", 1.3992),
     ("Na", "Na2O", 1.3480), ("K", "K2O", 1.2046), ("Ti", "TiO2", 1.6685),
     ("P", "P2O5", 2.2914), ("Mn", "MnO", 1.2912), ("W", "WO3", 1.2611),
     ("U", "U3O8", 1.1792)],
)  # fmt: skip
def test_oxides_against_printed_factors(element, oxide, factor):
    found = conversion_factor(Analyte(element, "pct"), Analyte(oxide, "pct"))
    assert found == pytest.approx(factor, abs=1.5e-4)
    total = conversion_factor(Analyte("Fe", "pct"), Analyte("TFe2O3", "ppm"))
    assert total == pytest.approx(14297, abs=1)


@given(
    st.sampled_from(UNITS), st.sampled_from(UNITS), st.floats(1e-6, 1e6)
)  # fmt: skip
def test_there_and_back(one, two, value):
    table = pd.DataFrame({f"Cu_{one}": [value]})
    back = convert_unit(convert_unit(table, f"Cu_{one}", two), f"Cu_{two}", one)
    assert back[f"Cu_{one}"].iloc[0] == pytest.approx(value, rel=1e-12)


def test_every_weight_names_an_element():
    words = load_words("atomic_weights")
    assert set(words["weights"]) <= set(load_words("elements")["elements"])
    assert all(molar_mass(name) > 0 for name in words["formulas"])
    assert atoms_in("CaCO3") == {"Ca": 1, "C": 1, "O": 3}


@pytest.mark.parametrize(
    ("column", "to", "match"),
    [
        ("Cu_ppm", "furlong", "neither a unit"),
        ("Cu_ppm", "ZnO_ppm", "one element other"),
        ("Cu_ppb", "ppm", "did you mean 'Cu_ppm'"),
        ("sample_id", "ppm", "tells no element and unit"),
        ("Cu_ppm", "ug/L", "not a mass fraction"),
        ("LOI_pct", "ppm", "already"),
        ("LOI_pct", "CO2_pct", "no element or oxide"),
    ],
)
def test_refusals(column, to, match):
    table = wide().assign(LOI_pct=[1.0, 2.0], LOI_ppm=[1.0, 2.0])
    with pytest.raises(ValueError, match=match):
        convert_unit(table, column, to)
