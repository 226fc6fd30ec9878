"""Continuum: equal to brute force, lazy as in memory, blind to bad bands."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral import _blocks
from spectral.mapping import continuum, remove_continuum

from .made import brute_hull, dip, spectra_of

WAVES = np.sort(np.random.default_rng(1).uniform(400, 2500, 45))


@pytest.fixture
def cube():
    rng = np.random.default_rng(2)
    values = rng.random((45, 7, 6), dtype="float32") * 0.6 + 0.02
    bad = np.isin(np.arange(45), [0, 20, 21])
    values[20] = 5.0
    values[21, 1, 1] = np.nan
    values[9, 2, 3] = np.nan
    values[:, 0, 0] = 0
    return spectra_of(values, WAVES, bad=bad, notes=["scale 10000 undone"])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_hull_is_the_brute_force_hull(cube, dtype):
    good = ~cube["bad_bands"].values
    found = remove_continuum(cube.astype(dtype))
    drawn = continuum(cube.astype(dtype))
    assert found.dtype == drawn.dtype == dtype
    for row, column in [(0, 1), (1, 1), (3, 4), (6, 5)]:
        y = cube.values[good, row, column].astype(float)
        hull = brute_hull(y, WAVES[good])
        one = {"y": row, "x": column}
        np.testing.assert_allclose(found[one][good], y / hull, atol=2e-7)
        np.testing.assert_allclose(drawn[one][good], hull, rtol=2e-7)


def test_by_hand():
    spectrum = xr.DataArray(
        [0.4, 0.5, 0.3, 0.5, 0.6], {"wavelength": [2000.0, 2010, 2020, 2040, 2050]}
    )
    # hull 2000-2010-2050: 0.4, 0.5, 0.525, 0.575, 0.6
    hull = [0.4, 0.5, 0.525, 0.575, 0.6]
    np.testing.assert_allclose(continuum(spectrum), hull)
    np.testing.assert_allclose(remove_continuum(spectrum), spectrum.values / hull)
    # shoulders 2000-2010 (0.45 at 2005) and 2040-2050 (0.55 at 2045): 0.0025 a nm
    ends = (2000, 2010, 2040, 2050)
    line = [0.4375, 0.4625, 0.4875, 0.5375, 0.5625]
    given = continuum(spectrum, window=ends, method="shoulders")
    np.testing.assert_allclose(given, line)
    two = continuum(spectrum, window=(2005, 2050), method="shoulders")
    np.testing.assert_allclose(two, [0.5, 0.525, 0.575, 0.6])
    assert two["wavelength"].values.tolist() == [2010, 2020, 2040, 2050]


@pytest.mark.parametrize("slab", [1, 1 << 21])
@pytest.mark.parametrize("chunks", [None, {"y": 3, "x": 4, "wavelength": 9}])
def test_blocks_change_nothing_and_metadata_stay(cube, slab, chunks, monkeypatch):
    cube = cube.assign_coords(fwhm=("wavelength", np.full(45, 9.0)))
    whole = remove_continuum(cube, window=(500, 2300))
    monkeypatch.setattr(_blocks, "SLAB", slab)
    before = cube.copy(deep=True)
    given = cube if chunks is None else cube.chunk(chunks)
    found = remove_continuum(given, window=(500, 2300))
    assert (found.chunks is None) == (chunks is None)
    xr.testing.assert_identical(found.compute(), whole)
    xr.testing.assert_identical(cube, before)
    part = cube.sel(wavelength=slice(500, 2300))
    assert found.dims == cube.dims
    for name in part.coords:
        xr.testing.assert_identical(found[name], part[name])
    assert found.attrs["units"] == "1"
    assert found.attrs["notes"] == ["scale 10000 undone"]
    assert found.name == "scene"


def test_missing_bad_and_dark(cube):
    found = remove_continuum(cube)
    bad = cube["bad_bands"].values
    assert np.isnan(found.values[bad]).all()
    assert np.isnan(found.values[:, 2, 3]).all()
    assert np.isfinite(found.values[~bad][:, 1, 1]).all()  # its gap is in a bad band
    assert np.isnan(found.values[:, 0, 0]).all()  # no light, no shape
    assert (continuum(cube).values[~bad][:, 0, 0] == 0).all()
    hot = cube.copy(deep=True)
    hot[30, 1, 1] = np.inf  # saturated: not a number to draw a hull over
    assert np.isnan(remove_continuum(hot)[:, 1, 1]).all()
    one = spectra_of([-0.1, 0.2, -0.05, 0.3], [1000, 1100, 1200, 1300])
    np.testing.assert_allclose(remove_continuum(one), [np.nan, 1, -0.2, 1])


def test_cube_library_and_spectrum_alike(cube):
    row = remove_continuum(cube).isel(y=4)
    library = cube.isel(y=4).rename(x="spectrum").transpose("spectrum", "wavelength")
    np.testing.assert_array_equal(remove_continuum(library), row.transpose())
    assert remove_continuum(library).dims == ("spectrum", "wavelength")
    np.testing.assert_array_equal(remove_continuum(library[2]), row[:, 2])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.01, 1.0), min_size=3, max_size=60),
    st.floats(0.1, 20),
    st.integers(0, 10_000),
)
def test_laws(values, factor, seed):
    steps = np.random.default_rng(seed).uniform(1, 30, len(values))
    spectrum = spectra_of(values, 400 + steps.cumsum())
    found, hull = remove_continuum(spectrum), continuum(spectrum)
    assert (hull >= spectrum - 1e-12).all()
    assert ((found > 0) & (found <= 1)).all()
    assert found[0] == found[-1] == 1
    bend = np.diff(hull) / steps[1:]
    assert (np.diff(bend) < 1e-9).all()
    np.testing.assert_allclose(remove_continuum(factor * spectrum), found, rtol=1e-9)
    np.testing.assert_allclose(remove_continuum(found), found, atol=1e-9)


def test_shoulders_of_a_made_feature():
    waves = np.arange(2000, 2400, 5.0)
    shape = dip(waves, 2205, 30, 0.3)
    spectrum = spectra_of((0.3 + 1e-4 * (waves - 2000)) * shape, waves)
    window = (2100, 2120, 2280, 2300)
    found = remove_continuum(spectrum, window=window, method="shoulders")
    np.testing.assert_allclose(found, shape[20:61], atol=1e-6)


def test_what_is_refused(cube):
    with pytest.raises(ValueError, match=r"method must be one of .* Got 'lower'"):
        remove_continuum(cube, method="lower")
    with pytest.raises(
        ValueError, match=r"holds 0 bands \(none\).*from 4\d\d\.?\d* to"
    ):
        remove_continuum(cube, window=(3000, 3100))
    x = cube["wavelength"].values
    with pytest.raises(ValueError, match="2 of them bad"):
        remove_continuum(cube, window=(x[19], x[22]))
    for wrong in [(2300, 2100), (2100,), 2100, ("a", "b"), (2100, 2100), (1, 3, 2, 4)]:
        with pytest.raises(ValueError, match="window"):
            remove_continuum(cube, window=wrong, method="shoulders")
    with pytest.raises(ValueError, match="hull finds its own shoulders"):
        remove_continuum(cube, window=(500, 600, 900, 1000))
    gap = (x[4] + 1e-3, x[5] - 1e-3, x[9], x[10])
    with pytest.raises(ValueError, match="in the left shoulder"):
        remove_continuum(cube, window=gap, method="shoulders")


def test_real_scene_equals_scipys_hull(real_data):
    from scipy.spatial import ConvexHull

    from spectral import open_cube

    cube = open_cube(
        real_data("spectral/emit_10x10") / "emit20250324t221005_jpl_unmix_ex"
    )
    found = remove_continuum(cube)
    assert found.chunks
    found = found.compute()
    good = ~cube["bad_bands"].to_numpy()
    assert 0 < good.sum() < good.size
    x = cube["wavelength"].to_numpy()[good]
    assert np.isnan(found.to_numpy()[~good]).all()
    for row, column in [(0, 0), (3, 4), (9, 9), (5, 2)]:
        y = cube[:, row, column].to_numpy()[good].astype(float)
        low = np.array([[x[0], y.min() - 1], [x[-1], y.min() - 1]])
        points = np.concatenate([np.stack([x, y], 1), low])
        corners = [k for k in sorted(ConvexHull(points).vertices) if k < x.size]
        hull = np.interp(x, x[corners], y[corners])
        np.testing.assert_allclose(
            found.to_numpy()[good][:, row, column], y / hull, atol=2e-7
        )
