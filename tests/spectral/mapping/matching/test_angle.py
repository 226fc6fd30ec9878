"""Angles and correlations: peers' numbers, plain formulas, laws, bad input."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from spectral.mapping import modified_angle, spectral_angle, spectral_correlation
from spectral.mapping.matching import _references

MEASURES = [spectral_angle, spectral_correlation, modified_angle]


def good(scene, library):
    keep = ~scene["bad_bands"].values
    return scene.values[keep].astype(float), library.values[:, keep]


def by_hand(x, y, centred):
    if centred:
        x, y = x - x.mean(), y - y.mean()
    return np.arccos(x @ y / np.sqrt((x @ x) * (y @ y)))


def test_peers_numbers(peers):
    pixel, library = peers
    found = spectral_angle(pixel, library)
    np.testing.assert_allclose(found, [0.195912056028, 0.508800915399], rtol=1e-6)
    found = modified_angle(pixel, library)
    np.testing.assert_allclose(found, [0.636556185368, 0.00074101461], atol=2e-7)
    found = spectral_correlation(pixel, library)
    np.testing.assert_allclose(found, [0.841417014014, 0.00116398276], atol=1e-7)


@pytest.mark.parametrize("pixels", [3, 1024])
@pytest.mark.parametrize("chunks", [None, {"y": 3, "x": 2, "wavelength": 4}])
def test_plain_formulas(scene, library, chunks, pixels, monkeypatch):
    monkeypatch.setattr(_references, "PIXELS", pixels)
    given = scene if chunks is None else scene.chunk(chunks)
    before = scene.copy(deep=True)
    values, spectra = good(scene, library)
    angle = spectral_angle(given, library)
    correlation = spectral_correlation(given, library)
    halved = spectral_correlation(given, library, as_angle=True)
    score = modified_angle(given, library)
    assert (angle.chunks is None) == (chunks is None)
    for k, y, x in np.ndindex(3, 4, 5):
        pixel = values[:, y, x]
        wanted = np.full(4, np.nan)
        if pixel.any() and not np.isnan(pixel).any():
            plain = by_hand(pixel, spectra[k], centred=False)
            centred = by_hand(pixel, spectra[k], centred=True)
            r = np.cos(centred)
            wanted = [plain, r, np.arccos((r + 1) / 2), 1 - centred / (np.pi / 2)]
        told = [float(part[k, y, x]) for part in (angle, correlation, halved, score)]
        np.testing.assert_allclose(told, wanted, rtol=1e-5, atol=1e-6)
    xr.testing.assert_identical(scene, before)


def test_metadata(scene, library):
    angle = spectral_angle(scene, library)
    assert angle.dims == ("target", "y", "x")
    assert list(angle["target"].values) == ["alunite", "calcite", "mica"]
    assert list(angle["group"].values) == ["sulphate", "carbonate", "mica"]
    np.testing.assert_array_equal(angle["x"], scene["x"])
    assert angle.attrs["units"] == "rad"
    assert angle.attrs["kind"] == "continuous"
    assert np.isnan(angle.sel(y=3, x=14)).all(), "all zero: no direction"


def test_small_angles_keep_their_digits(library):
    """float32 cosines err by 3e-4 rad here; SPY's and ours in float64 do not."""
    base = library[0].astype("float64").values
    across = np.zeros(7)
    across[:2] = base[1], -base[0]
    across *= np.sqrt(base @ base / (across @ across))
    tilted = base + np.tan(1e-5) * across
    pixel = xr.DataArray(tilted, {"wavelength": library["wavelength"].values})
    found = spectral_angle(pixel, library[:1])
    np.testing.assert_allclose(found, 1e-5, rtol=1e-5)
    mirror = spectral_angle(-pixel, library[:1])
    np.testing.assert_allclose(mirror, np.pi - 1e-5, rtol=2e-7)


@given(st.floats(1e-3, 1e3), st.permutations(range(7)), st.integers(0, 99))
def test_brightness_and_order_of_bands_do_not_matter(scale, order, seed):
    rng = np.random.default_rng(seed)
    at = {"wavelength": np.linspace(2000, 2300, 7)}
    pixel, other = rng.random((2, 7)) + 0.01
    cube = xr.DataArray(pixel, at, "wavelength")
    library = xr.DataArray([other], at | {"spectrum": ["a"]}, ("spectrum", *at))
    for measure in MEASURES:
        one = measure(cube, library)
        again = measure(
            cube.copy(data=scale * pixel[list(order)]),
            library.copy(data=[other[list(order)]]),
        )
        np.testing.assert_allclose(one, again, atol=2e-6)


def test_a_crop_has_the_same_angles(scene, library):
    part = {"y": slice(1, 3), "x": slice(0, 4)}
    for measure in MEASURES:
        whole = measure(scene, library).isel(part)
        xr.testing.assert_allclose(measure(scene.isel(part), library), whole)


def test_flat_spectra(scene, library):
    flat = library.copy(data=np.full((3, 7), 0.4))
    with pytest.raises(ValueError, match="nothing correlates with them"):
        spectral_correlation(scene, flat)
    with pytest.raises(ValueError, match="nothing correlates with them"):
        modified_angle(scene, flat)
    for kind in ("float32", "float64"):
        pixel = flat[0].astype(kind).drop_vars(["spectrum", "group"])
        assert np.isnan(spectral_correlation(pixel, library)).all()
        assert not np.isnan(spectral_angle(pixel, library)).any()


def test_bad_input(scene, library):
    empty = library.copy()
    empty[1] = 0
    with pytest.raises(ValueError, match=r"\['calcite'\] are zero in all good bands"):
        spectral_angle(scene, empty)
    with pytest.raises(ValueError, match=r"resample\(library, like=cube\)"):
        spectral_angle(scene, library[:, :5])
