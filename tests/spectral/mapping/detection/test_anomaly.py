"""RX: the whole scene's and a window's background, by brute force and by a peer."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from spectral.mapping import rx, scene_statistics
from spectral.mapping.detection import _windows


def brute(table, known, shape, window, covariance=None):
    """Distance a pixel, window by window; `covariance` None: the window's own."""
    cube = np.full((known.size, table.shape[1]), np.nan)
    cube[known] = table
    cube = cube.reshape(*shape, -1)
    guard, outer = (size // 2 for size in window)
    found = np.full(shape, np.nan)
    for y, x in np.ndindex(shape):
        if np.isnan(cube[y, x]).any():
            continue
        rows = slice(max(y - outer, 0), y + outer + 1)
        columns = slice(max(x - outer, 0), x + outer + 1)
        ring = cube.copy()
        ring[max(y - guard, 0) : y + guard + 1, max(x - guard, 0) : x + guard + 1] = (
            np.nan
        )
        pixels = ring[rows, columns].reshape(-1, table.shape[1])
        pixels = pixels[~np.isnan(pixels).any(1)]
        gap = cube[y, x] - pixels.mean(0)
        own = np.cov(pixels.T) if covariance is None else covariance
        found[y, x] = gap @ np.linalg.solve(own, gap)
    return found


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 8}])
def test_whole_scene(scene, plain, chunks):
    table, known, _ = plain
    found = rx(scene if chunks is None else scene.chunk(chunks))
    gap = table - table.mean(0)
    wanted = np.einsum("ni,ij,nj->n", gap, np.linalg.inv(np.cov(table.T)), gap)
    np.testing.assert_allclose(found.values.ravel()[known], wanted, rtol=1e-4)
    assert np.isnan(found.values.ravel()[~known]).all()
    assert found.attrs["degrees_of_freedom"] == 9


def test_follows_chi_square_over_normal_background():
    rng = np.random.default_rng(4)
    at = {"wavelength": np.linspace(2000, 2070, 8)}
    values = 0.4 + np.einsum(
        "ij,jyx->iyx", 0.02 * rng.random((8, 8)), rng.standard_normal((8, 80, 80))
    )
    found = rx(xr.DataArray(values, at, ("wavelength", "y", "x")))
    law = stats.chi2(found.attrs["degrees_of_freedom"])
    assert stats.kstest(found.values.ravel(), law.cdf).pvalue > 0.01


def test_says_no_law_where_regularisation_bends_it(scene):
    assert "background_law" in rx(scene).attrs
    assert not {"background_law", "degrees_of_freedom"} & set(
        rx(scene, regularisation=0.01).attrs
    )


@pytest.mark.parametrize("rows", [5, 64])
@pytest.mark.parametrize("chunks", [None, {"y": 9, "x": 11}])
def test_local_mean(scene, plain, chunks, rows, monkeypatch):
    monkeypatch.setattr(_windows, "ROWS", rows)
    table, known, _ = plain
    before = scene.copy(deep=True)
    found = rx(scene if chunks is None else scene.chunk(chunks), window=(3, 7))
    assert (found.chunks is None) == (chunks is None)
    wanted = brute(table, known, (24, 31), (3, 7), np.cov(table.T))
    np.testing.assert_allclose(found, wanted, rtol=2e-4, atol=1e-4)
    np.testing.assert_array_equal(found["x"], scene["x"])
    xr.testing.assert_identical(scene, before)


@pytest.mark.parametrize("chunks", [None, {"y": 9, "x": 11}])
def test_local_covariance(scene, plain, chunks):
    """All nine components: then the space they are in does not matter."""
    table, known, _ = plain
    given = scene if chunks is None else scene.chunk(chunks)
    found = rx(given, window=(3, 11), covariance="local")
    wanted = brute(table, known, (24, 31), (3, 11))
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=1e-3)
    assert found.attrs["components"] == 9


def test_peers_numbers():
    """Spectral Python 0.25 on 12 x 12 pixels, at a pixel away from the edge."""
    rng = np.random.default_rng(11)
    rng.random((4, 5, 6)), rng.random((2, 6))
    values = np.round(0.2 + 0.6 * rng.random((12, 12, 3)), 3)
    np.testing.assert_array_equal(values[5, 6], [0.431, 0.39, 0.432])
    at = {"wavelength": [2000.0, 2100.0, 2200.0]}
    cube = xr.DataArray(values.transpose(2, 0, 1), at, ("wavelength", "y", "x"))
    own = rx(cube, window=(3, 7), covariance="local")
    assert float(own[5, 6]) == pytest.approx(1.217448, rel=1e-5)
    shared = rx(cube, window=(3, 7))
    assert float(shared[5, 6]) == pytest.approx(1.0624325, rel=1e-5)


def test_window_larger_than_the_scene(scene):
    part = scene[:, :4]
    lazy = rx(part.chunk({"y": 2, "x": 9}), window=(1, 21))
    xr.testing.assert_allclose(lazy.compute(), rx(part, window=(1, 21)), rtol=1e-4)


def test_unknown_surroundings_are_unknown(scene):
    holed = scene.copy()
    holed[:, 8:16, 8:16] = np.nan
    holed[:, 12, 12] = scene[:, 12, 12]
    found = rx(holed, window=(1, 5), statistics=scene_statistics(scene))
    assert np.isnan(found[12, 12])
    assert np.isfinite(found[7, 7])


def test_leading_components(scene):
    known = scene_statistics(scene)
    few = rx(scene, n_components=3, statistics=known)
    assert few.attrs["ordered_by"] == "signal over noise"
    assert few.attrs["degrees_of_freedom"] == 3
    assert (few.fillna(0) <= rx(scene, statistics=known).fillna(0) * 1.001 + 1e-4).all()
    assert float(few.mean()) == pytest.approx(3, rel=0.01), "trace of unit covariance"
    quiet = scene_statistics(scene, noise=None)
    other = rx(scene, n_components=3, statistics=quiet)
    assert other.attrs["ordered_by"] == "variance"


def test_bad_input(scene):
    with pytest.raises(ValueError, match="two odd widths"):
        rx(scene, window=(2, 7))
    with pytest.raises(ValueError, match="two odd widths"):
        rx(scene, window=(9, 7))
    with pytest.raises(ValueError, match="'global' or 'local'"):
        rx(scene, covariance="own")
    with pytest.raises(ValueError, match="needs a window"):
        rx(scene, covariance="local")
    with pytest.raises(ValueError, match="16 background pixels for 10 components"):
        rx(scene, window=(3, 5), covariance="local")
    with pytest.raises(ValueError, match="n_components must be from 1 to 9"):
        rx(scene, n_components=10)
    with pytest.raises(ValueError, match="windows need the dimensions"):
        rx(scene[:, 0], window=(3, 7))
    flat = scene.copy()
    flat[1] = 0.5
    with pytest.raises(ValueError, match="constant: 2050 nm"):
        rx(flat)


def test_windows_no_pixel_could_fill_are_refused(scene):
    size = max(scene.sizes["y"], scene.sizes["x"])
    outer = size + 1 + size % 2
    with pytest.raises(ValueError, match=rf"\(3, {outer}\) is larger than the scene"):
        rx(scene, window=(3, outer))
    strip = scene.isel(y=slice(0, 2))
    with pytest.raises(ValueError, match="larger than the scene of 2 x"):
        rx(strip, window=(5, 21), regularisation=0.1)
