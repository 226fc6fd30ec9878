"""Hawkes' formula: its printed arithmetic, its inverse, its refusals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prospect.geochem import correct_dilution
from survey import DataProblems


def test_worked_number():
    found = correct_dilution(180, 60, 12, anomalous_area_km2=0.5)
    assert found["source_content"][0] == 2940
    assert found["productivity"][0] == 1440
    assert found["dilution"][0] == 24


@given(
    st.floats(1, 1e4), st.floats(0.1, 1e3), st.floats(0.01, 50), st.floats(1e-3, 0.999)
)
def test_mixing_the_source_back_gives_the_sample(excess, base, area, share):
    source = area * share
    found = correct_dilution(base + excess, base, area, anomalous_area_km2=source)
    mixed = share * found["source_content"][0] + (1 - share) * base
    assert mixed == pytest.approx(base + excess, rel=1e-9)
    # how large the source was thought to be does not change the metal
    other = correct_dilution(base + excess, base, area, anomalous_area_km2=source / 2)
    assert other["productivity"][0] == found["productivity"][0]


def test_samples_below_background_have_no_source_and_are_counted():
    content = pd.Series([50.0, 80.0, np.nan, 60.0], index=list("abcd"))
    found = correct_dilution(content, 60, [2, 2, 2, 2], anomalous_area_km2=1)
    assert found.index.tolist() == list("abcd")
    assert found["source_content"].isna().tolist() == [True, False, True, True]
    assert found["productivity"].tolist()[:2] == [-20, 40]
    assert found.attrs["notes"][0].startswith("2 of 4 samples do not exceed")
    assert found.attrs["anomalous_area_km2"] == [1.0]


def test_missing_areas_stay_missing():
    found = correct_dilution([90, 90], 60, [np.nan, 3], anomalous_area_km2=1)
    assert found["productivity"].isna().tolist() == [True, False]


def test_areas_that_cannot_be_are_listed():
    with pytest.raises(DataProblems) as caught:
        correct_dilution([9, 9, 9], 6, [0, 2, 2], anomalous_area_km2=[1, 3, np.nan])
    text = str(caught.value)
    assert "row 1, column 'area_km2'" in text
    assert "row 2, column 'anomalous_area_km2', value '3': the source is larger" in text
    assert "row 3" in text
    with pytest.raises(ValueError, match="3 are expected"):
        correct_dilution([9, 9, 9], [6, 6], 2, anomalous_area_km2=1)
