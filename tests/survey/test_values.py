"""Cells as numbers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey._values import (
    ABOVE,
    BAD,
    BELOW,
    MISSING,
    NUMBER,
    find_decimal,
    is_sentinel,
    plain_column,
    read_angles,
    read_numbers,
)


@pytest.mark.parametrize(
    ("text", "value", "state"),
    [
        ("12.5", 12.5, NUMBER),
        (" 1.2E-3 ", 0.0012, NUMBER),
        ("１２．５", 12.5, NUMBER),
        ("−0.5", -0.5, NUMBER),
        ("1,234.5", 1234.5, NUMBER),
        ("1 234", 1234, NUMBER),
        ("", np.nan, MISSING),
        ("N/A", np.nan, MISSING),
        ("未分析", np.nan, MISSING),
        ("—", np.nan, MISSING),
        ("<0.5", 0.5, BELOW),
        ("＜0.5", 0.5, BELOW),
        ("< 0.5", 0.5, BELOW),
        ("≤0.5", 0.5, BELOW),
        ("小于0.5", 0.5, BELOW),
        ("0.5L", 0.5, BELOW),
        ("nd", np.nan, BELOW),
        ("N.D.", np.nan, BELOW),
        ("未检出", np.nan, BELOW),
        ("<LOD", np.nan, BELOW),
        ("bdl", np.nan, BELOW),
        ("低于检出限", np.nan, BELOW),
        ("<0", np.nan, BELOW),
        (">1000", 1000, ABOVE),
        ("≥1000", 1000, ABOVE),
        ("12,5x", np.nan, BAD),
        ("12..5", np.nan, BAD),
        ("about 5", np.nan, BAD),
        ("inf", np.nan, BAD),
        ("1e999", np.nan, BAD),
        ("<-0.5", np.nan, BAD),
        ("<<5", np.nan, BAD),
        ("0x10", np.nan, BAD),
        ("5 6", np.nan, BAD),
        ("#DIV/0!", np.nan, BAD),
    ],
)
def test_cells(text, value, state):
    found = read_numbers(pd.Series([text]))
    assert found.state[0] == state
    np.testing.assert_equal(found.value[0], value)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("12,5", "comma", 12.5),
        ("1.234,5", "comma", 1234.5),
        ("1,234", "comma", 1.234),
        ("1,234", "dot", 1234),
        ("1,234", "unknown", np.nan),
        ("1,234", "mixed", np.nan),
        ("12.5", "comma", 12.5),
        ("1.234", "comma", np.nan),
        ("12,5", "dot", np.nan),
        ("0,125", "comma", 0.125),
        ("0,125", "mixed", 0.125),
        ("0,125", "dot", np.nan),
        ("0.125,5", "comma", np.nan),
        ("1,234,567", "comma", 1234567),
        ("<0,05", "comma", 0.05),
    ],
)
def test_commas(text, decimal, value):
    found = read_numbers(pd.Series([text]), decimal=decimal)
    np.testing.assert_equal(found.value[0], value)


@pytest.mark.parametrize(
    ("texts", "delimiter", "decimal"),
    [
        (["12,5", "name"], ";", "comma"),
        (["<0,5"], ";", "comma"),
        (["1.5"], ",", "dot"),
        (["1,234", "2.5"], ",", "dot"),
        (["1,234"], ",", "dot"),
        (["1,234"], ";", "comma"),
        (["1,234"], None, "unknown"),
        (["1,5", "2.5"], "\t", "mixed"),
        (["Au, Ag"], ",", "dot"),
        (["1.234,5"], "\t", "comma"),
        (["0,125"], "\t", "comma"),
    ],
)
def test_decimal_sign_of_a_table(texts, delimiter, decimal):
    assert find_decimal([pd.Series(texts)], delimiter=delimiter) == decimal


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_every_number_python_writes_is_read_back(numbers):
    text = pd.Series([repr(number) for number in numbers])
    found = read_numbers(text)
    np.testing.assert_array_equal(found.value, numbers)
    commas = read_numbers(text.str.replace(".", ","), decimal="comma")
    np.testing.assert_array_equal(commas.value, numbers)


def test_equal_to_pandas_on_the_western_australian_survey(real_data):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    text = pd.read_csv(path, dtype=str, usecols=range(6, 30))
    for name in text:
        found = read_numbers(text[name])
        np.testing.assert_array_equal(found.value, pd.to_numeric(text[name]))


def test_input_stays_and_empty_columns_pass():
    cells = pd.Series(["<0.5", None], index=["a", "b"], name="Cu")
    before = cells.copy()
    assert read_numbers(cells).state.tolist() == [BELOW, MISSING]
    pd.testing.assert_series_equal(cells, before)
    assert read_numbers(pd.Series([], dtype="str")).value.shape == (0,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("118°30′15″E", 118.50416666666667),
        ("118度30分15秒", 118.50416666666667),
        ("33°30'S", -33.5),
        ("W 33.5°", -33.5),
        ("-33°30'00\"", -33.5),
        ("512345.6", 512345.6),
        ("118°75′", np.nan),
        ("118.5x", np.nan),
        ("<5", np.nan),
    ],
)
def test_angles(text, value):
    found = read_angles(pd.Series([text]))
    np.testing.assert_allclose(found.value[0], value)
    assert found.state[0] == (BAD if np.isnan(value) else NUMBER)


def test_sentinels():
    values = np.array([-9999.0, -999.25, 1e30, -9.0, 9999.0, 0.0, np.nan])
    assert is_sentinel(values).tolist() == [True] * 3 + [False] * 4


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2"], "int64"),
        (["1", ""], "float64"),
        (["1.5", "2"], "float64"),
        (["True", "FALSE"], "bool"),
        (["01", "2"], "str"),
        (["1234567890123456"], "str"),
        (["2019-05-01"], "str"),
        (["a", "1"], "str"),
        (["", ""], "str"),
    ],
)
def test_plain_columns(texts, kind):
    column = plain_column(pd.Series(texts, name="a", index=range(5, 5 + len(texts))))
    assert column.dtype == kind
    assert column.name == "a"
    assert column.index[0] == 5
