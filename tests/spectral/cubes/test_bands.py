"""Wavelengths in one unit and order; what is inferred or mended is said."""

import numpy as np
import pandas as pd
import pytest

from spectral.cubes._bands import bad_bands_of, settle_bands, to_nanometres
from spectral.cubes._raw import RawCube
from spectral.cubes._source import CubeSource


def raw(wavelength, **told):
    count = told.pop("count", None) or len(wavelength)
    source = CubeSource("x", None, "<f4", (count, 2, 2))
    return RawCube(source, "scene", wavelength=wavelength, **told)


@pytest.mark.parametrize(
    ("units", "values", "note"),
    [
        ("Nanometers", [450, 2400], None),
        ("nm", [450, 2400], None),
        ("Micrometers", [0.45, 2.4], None),
        ("µm", [0.45, 2.4], None),
        ("um", [0.45, 2.4], None),
        ("Angstroms", [4500, 24000], None),
        ("Unknown", [0.45, 2.4], "have no unit: read as micrometers"),
        ("", [450, 2400], "have no unit: read as nanometers"),
        ("Index", [450, 2400], "have no unit: read as nanometers"),
        ("furlongs", [450, 2400], "'furlongs' is unknown"),
        ("Nanometers", [0.45, 2.4], "says Nanometers, but values of 0.45 to 2.4 are"),
        ("Micrometers", [450, 2400], "are nanometers: read so"),
        ("Wavenumber", [1e7 / 450, 1e7 / 2400], "from wavenumbers"),
    ],
)
def test_units(units, values, note):
    notes = []
    found, _ = to_nanometres(np.array(values, float), units, notes, name="a")
    np.testing.assert_allclose(found, [450, 2400])
    assert len(notes) == (note is not None)
    if note:
        assert note in notes[0]


def test_thermal_micrometres():
    notes = []
    found, _ = to_nanometres(np.array([8.3, 9.1, 11.3]), "", notes, name="a")
    np.testing.assert_allclose(found, [8300, 9100, 11300])


def test_numbers_that_are_no_wavelengths():
    with pytest.raises(ValueError, match="are the numbers of the bands"):
        to_nanometres(np.arange(1.0, 9), "Unknown", [], name="a")
    with pytest.raises(ValueError, match="no wavelengths of light"):
        to_nanometres(np.array([1e-3, 5.0]), "", [], name="a")


def test_arguments_replace_the_file():
    told = raw([0.4, 0.5, 0.6], band=["a", "b", "c"], good=[1, 1, 0])
    bands = settle_bands(
        told,
        wavelength={"a": 700.0, "b": 500.0, "c": 600.0},
        fwhm=pd.Series([3.0, 1.0, 2.0], index=["a", "b", "c"]),
        bad_bands=[(650, 750)],
    )
    assert bands.wavelength.tolist() == [500, 600, 700]
    assert bands.fwhm.tolist() == [1, 2, 3]
    assert bands.names == ["b", "c", "a"]
    assert bands.bad.tolist() == [False, False, True]
    assert bands.order.tolist() == [1, 2, 0]


def test_descending_bands_are_turned():
    bands = settle_bands(raw([2400.0, 1600.0, 550.0], wavelength_units="nm"))
    assert bands.wavelength.tolist() == [550, 1600, 2400]
    assert bands.notes == ["wavelengths descend: the bands were turned round"]
    assert bands.bad is None


def test_overlapping_detectors_are_sorted_and_half_marked():
    one, other = np.arange(400.0, 1010, 10), np.arange(905.0, 2500, 10)
    bands = settle_bands(raw([*one, *other], wavelength_units="nm"))
    assert (np.diff(bands.wavelength) > 0).all()
    assert bands.wavelength.size == one.size + other.size
    bad = bands.wavelength[bands.bad]
    middle = (905 + 1000) / 2
    assert set(bad) == {w for w in one if w > middle} | {
        w for w in other if w <= middle
    }
    (note,) = bands.notes
    assert "2 detectors overlap" in note
    assert "1000 nm is followed by 905 nm" in note
    assert f"{len(bad)} bands measured twice were marked bad" in note
    good = bands.wavelength[~bands.bad]
    assert np.diff(good).min() >= 5  # no zigzag is left


def test_own_marks_are_kept_in_an_overlap():
    one, other = np.arange(400.0, 1010, 10), np.arange(905.0, 2500, 10)
    bad = np.zeros(one.size + other.size, bool)
    bad[0] = True
    bands = settle_bands(raw([*one, *other], wavelength_units="nm"), bad_bands=bad)
    assert bands.bad.sum() == 1
    assert bands.bad[0]


def test_multispectral_order_is_only_sorted():
    waves = [490.0, 560, 665, 842, 705, 740, 783, 865, 1610, 2190]
    bands = settle_bands(raw(waves, wavelength_units="nm"))
    assert bands.wavelength.tolist() == sorted(waves)
    assert bands.bad is None
    assert bands.notes == [
        "bands were sorted by wavelength (band 5: 842 nm is followed by 705 nm)"
    ]


def test_equal_wavelengths_are_parted_and_marked():
    bands = settle_bands(raw([560.0, 660, 810, 810, 1650], wavelength_units="nm"))
    assert bands.wavelength.tolist() == [560, 660, 810, 810.001, 1650]
    assert bands.bad.tolist() == [False, False, False, True, False]
    assert "1 bands repeat the wavelength of another" in bands.notes[-1]
    with pytest.raises(ValueError, match="9 of 10 bands repeat"):
        settle_bands(raw([500.0] * 10, wavelength_units="nm"))


def test_widths():
    waves = [450.0, 550.0, 650.0]
    same = settle_bands(raw(waves, wavelength_units="nm", fwhm=[10.0, 11, 12]))
    assert same.fwhm.tolist() == [10, 11, 12]
    micro = settle_bands(raw([0.45, 0.55], wavelength_units="um", fwhm=[0.01, 0.01]))
    np.testing.assert_allclose(micro.fwhm, [10, 10])
    mixed = settle_bands(raw([0.45, 0.55], wavelength_units="um", fwhm=[10.0, 10]))
    np.testing.assert_allclose(mixed.fwhm, [10, 10])
    assert mixed.notes == ["fwhm is in nanometers, unlike the wavelengths: converted"]
    small = settle_bands(raw(waves, wavelength_units="nm", fwhm=[0.01, 0.01, 0.01]))
    np.testing.assert_allclose(small.fwhm, 10)
    zero = settle_bands(raw(waves, wavelength_units="nm", fwhm=[0.0, 10, 0]))
    assert zero.fwhm is None
    assert "not above zero in 2 bands (1, 3)" in zero.notes[0]
    short = settle_bands(raw(waves, wavelength_units="nm", fwhm=[10.0]))
    assert "1 for 3 bands" in short.notes[0]
    with pytest.raises(ValueError, match="fwhm= must be above zero"):
        settle_bands(raw(waves), fwhm=[1, 0, 2])


def test_bad_band_lists():
    waves = [450.0, 550.0, 650.0]
    bands = settle_bands(raw(waves, wavelength_units="nm", good=[1.0, 0.0, 2.0]))
    assert bands.bad.tolist() == [False, True, False]
    assert "1 items of the bad-band list are neither 0 nor 1 ([2.0])" in bands.notes[0]
    with pytest.raises(ValueError, match="has 2 items for 3 bands"):
        settle_bands(raw(waves, good=[1, 0]))
    with pytest.raises(ValueError, match="one True or False a band"):
        bad_bands_of([0, 1, 1], np.array(waves))
    with pytest.raises(ValueError, match="one True or False a band"):
        bad_bands_of([True], np.array(waves))


def test_wavelengths_that_do_not_fit():
    with pytest.raises(ValueError, match="says no wavelengths of its 3 bands"):
        settle_bands(raw(None, count=3))
    with pytest.raises(ValueError, match="has 3 bands but 2 wavelengths"):
        settle_bands(raw([450.0, 550.0], count=3))
    with pytest.raises(ValueError, match="wavelength of band 2 is 0"):
        settle_bands(raw([450.0, 0.0, 550.0]))
    with pytest.raises(ValueError, match="wavelength= is in nm"):
        settle_bands(raw(None, count=2), wavelength=[0.45, 0.55])
    with pytest.raises(ValueError, match="has 3 values for the 2 bands"):
        settle_bands(raw(None, count=2), wavelength=[450, 550, 650])
    with pytest.raises(ValueError, match=r"no \['b'\]"):
        settle_bands(raw(None, count=2, band=["a", "b"]), wavelength={"a": 450})
    with pytest.raises(ValueError, match="bands of the file have no names"):
        settle_bands(raw(None, count=2), wavelength={"a": 450})


def test_doubled_names_are_left_out():
    bands = settle_bands(raw([450.0, 550.0], wavelength_units="nm", band=["a", "a"]))
    assert bands.names is None
    assert bands.notes == ["band names stand more than once: they were left out"]
