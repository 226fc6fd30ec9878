"""What records may be: every bad row is named, with its remedy."""

import numpy as np
import pandas as pd
import pytest

from spectral.library import RecordProblems, check_records

WAVES = np.array([2150.0, 2200.0, 2250.0, 2300.0])


def records(**changes):
    count = 3
    table = pd.DataFrame(
        {
            "spectrum_id": [f"k{i}" for i in range(count)],
            "name": ["Kaolinite"] * count,
            "wavelength": [WAVES] * count,
            "reflectance": [np.array([0.5, 0.3, 0.5, np.nan])] * count,
        }
    )
    for column, values in changes.items():
        table[column] = pd.Series(values, dtype=object)
    return table


def test_sound_records_pass_and_stay():
    table = records(
        uncertainty=[None, np.full(4, 0.01), np.nan], hole=["DDH1", 2, None]
    )
    before = table.copy(deep=True)
    check_records(table)
    pd.testing.assert_frame_equal(table, before)


def test_all_problems_at_once():
    table = records(
        spectrum_id=["k0", "k0", " "],
        wavelength=[WAVES[::-1], WAVES, np.array([1, np.nan, 3, 4])],
        reflectance=[[0.5] * 4, np.array([55.0, 30, 50, 40]), [0.5] * 4],
    )
    with pytest.raises(RecordProblems) as caught:
        check_records(table)
    found = [(p.row, p.column) for p in caught.value.problems]
    assert found == [
        (1, "wavelength"),
        (2, "spectrum_id"),
        (2, "reflectance"),
        (3, "spectrum_id"),
        (3, "wavelength"),
    ]
    text = str(caught.value)
    assert text.startswith("5 problem(s)")
    assert "2300 nm is followed by 2250 nm" in text
    assert "stands in row 1 already" in text
    assert "percent: divide by 100" in text
    assert "missing in 1 of 4 channels" in text


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("reflectance", np.array([5500.0, 3000, 5000, 4000]), "divide by 10000"),
        ("reflectance", np.array([0.5, -1.23e34, 0.5, 0.4]), "below -1.5 in 1 of 4"),
        ("reflectance", np.array([0.5, 1.7, 0.5, 0.4]), r"2200-2200 nm.*noise"),
        ("reflectance", np.array([0.5, np.inf, 0.5, 0.4]), "infinite in 1 of 4"),
        ("reflectance", np.full(4, np.nan), "missing in all channels"),
        ("reflectance", np.zeros(3), r"shape \(3,\), the wavelengths 4 channels"),
        ("reflectance", "0.5 0.4", "no array of numbers"),
        ("wavelength", WAVES / 1000, "not nm.*micrometres"),
        ("wavelength", None, "no array of numbers"),
        ("fwhm", np.array([10.0, 0, 10, 10]), "fwhm 0.0: must be above zero"),
        ("uncertainty", np.array([0.1, -0.2, 0, 0]), "-0.2: is negative or infinite"),
        ("name", None, "is no text"),
        ("quantity", "albedo", "'albedo': is not known. Use one of reflectance"),
        ("sample_id", 12, "12: is no text"),
        ("spectrum_id", 7, "7: is no name"),
    ],
)
def test_each_problem(column, value, message):
    good = records()
    rest = list(good[column]) if column in good else [None] * 3
    with pytest.raises(RecordProblems, match=f"(?s)row 2.*{message}"):
        check_records(records(**{column: [rest[0], value, rest[2]]}))


def test_radiance_may_be_large():
    check_records(records(quantity=["radiance"] * 3, reflectance=[[500.0] * 4] * 3))


def test_tables_that_are_none():
    with pytest.raises(TypeError, match=r"split_spectra\(library\)"):
        check_records([1, 2])
    with pytest.raises(RecordProblems, match=r"wavelength: is missing\. Name it so"):
        check_records(records().drop(columns="wavelength"))
    with pytest.raises(RecordProblems, match="there are no records"):
        check_records(records().iloc[:0])
    twice = pd.concat([records(), records()[["name"]]], axis=1)
    with pytest.raises(RecordProblems, match="name: stands twice"):
        check_records(twice)


def test_spectra_below_zero_are_no_reflectance():
    good = list(records()["reflectance"])
    low = np.array([-0.3, -0.2, np.nan, 0.1])
    with pytest.raises(
        RecordProblems,
        match=r"row 2 .*reflectance -0\.3: below -0\.05 in 2 of 3 channels.*derivative",
    ):
        check_records(records(reflectance=[good[0], low, good[2]]))
    for fine in ([-0.3, -0.2, 0.1, 0.1], [-0.04, -0.04, -0.03, 0.1]):
        check_records(records(reflectance=[good[0], np.array(fine), good[2]]))
    values = [good[0], low * 100, good[2]]
    check_records(records(quantity=["radiance"] * 3, reflectance=values))
