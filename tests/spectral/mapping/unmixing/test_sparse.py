"""Sparse unmixing against other solvers, in tiles and alone."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import Lasso

from spectral.mapping import sparse_unmix, unmix
from spectral.mapping.unmixing._variation import (
    Penalties,
    _adjoint,
    _differences,
    smooth_shares,
)

from .conftest import as_cube, as_library


def flat(grid):
    return grid.values.reshape(grid.shape[0], -1)


def sunsal(spectra, pixels, l1, steps=4000):
    """Alternating directions for |x - E'a|^2 / 2 + l1 sum(a), a >= 0, as published."""
    mu = 0.1
    inverse = np.linalg.inv(spectra @ spectra.T + mu * np.eye(len(spectra)))
    copy = dual = np.zeros((len(spectra), pixels.shape[1]))
    for _ in range(steps):
        shares = inverse @ (spectra @ pixels + mu * (copy + dual))
        copy = np.maximum(shares - dual - l1 / mu, 0)
        dual = dual - shares + copy
    return copy


def test_one_spectrum_by_hand():
    # derivative a |e|^2 - e'x + l1 = 0
    pure = as_library([[0.3, 0.4]], ["u"], [500.0, 600.0])
    pixel = as_cube([[0.6, 0.03], [0.8, 0.04]], (1, 2), [500.0, 600.0])
    found = sparse_unmix(pixel, pure, l1=0.05)
    np.testing.assert_allclose(
        found["abundance"].values.ravel(), [1.8, 0.0], atol=1e-14
    )
    assert found["n_used"].values.ravel().tolist() == [1, 0]


@pytest.mark.parametrize("l1", [1e-3, 0.02, 0.3])
def test_equals_the_lasso(minerals, l1):
    rng = np.random.default_rng(4)
    waves = minerals["wavelength"].values
    pixels = minerals.values[[3, 30, 50]].T @ rng.dirichlet(np.ones(3), 12).T
    pixels = np.abs(pixels + rng.normal(0, 0.01, pixels.shape))
    found = sparse_unmix(as_cube(pixels, (3, 4), waves), minerals, l1=l1)
    lasso = Lasso(
        l1 / waves.size,
        positive=True,
        fit_intercept=False,
        tol=1e-8,
        max_iter=1_000_000,
    )

    def cost(shares):
        left = pixels - minerals.values.T @ shares
        return 0.5 * (left**2).sum(0) + l1 * shares.sum(0)

    want = np.array([lasso.fit(minerals.values.T, pixel).coef_ for pixel in pixels.T]).T
    ours = cost(flat(found["abundance"]))
    assert (ours <= cost(want) + 1e-12).all()
    np.testing.assert_allclose(ours, cost(want), rtol=1e-5)
    # conditions of the minimum
    shares = flat(found["abundance"])
    slope = minerals.values @ (minerals.values.T @ shares - pixels) + l1
    assert (slope > -1e-9).all()
    assert (np.abs(slope[shares > 0]) < 1e-9).all()
    assert (found["n_used"].values <= waves.size).all()


def test_equals_alternating_directions(scene, smooth):
    found = sparse_unmix(scene, smooth, l1=0.05)
    want = sunsal(smooth.values, flat(scene), 0.05)
    np.testing.assert_allclose(flat(found["abundance"]), want, atol=1e-5)
    none = sparse_unmix(scene, smooth, l1=0.0)
    exact = unmix(scene, smooth, method="nnls")
    np.testing.assert_allclose(none["abundance"], exact["abundance"], atol=1e-12)
    np.testing.assert_allclose(none["residual"], exact["residual"], atol=1e-12)


def small_image():
    rng = np.random.default_rng(0)
    pure = as_library(rng.uniform(0.1, 0.9, (3, 10)), list("abc"))
    values = pure.values.T @ rng.dirichlet(np.ones(3), 20).T
    values += rng.normal(0, 0.05, values.shape)
    return as_cube(values, (4, 5), pure["wavelength"].values), pure


def costs(shares, cube, pure, penalties):
    part = shares.reshape(len(shares), -1)
    left = flat(cube) - pure.values.T @ part
    return (
        0.5 * (left**2).sum()
        + penalties[0] * shares.sum()
        + penalties[1] * np.abs(_differences(shares)).sum()
        + penalties[2] * np.sqrt((part**2).sum(1)).sum()
    )


def reference(cube, pure, penalties):
    """The same minimum as a smooth programme with bounds on the differences."""
    l1, tv, group = penalties
    q, n = 3, 60
    shape = (q, 4, 5)
    rises = np.array([_differences(row.reshape(shape)).ravel() for row in np.eye(n)]).T
    rises = rises[np.abs(rises).sum(1) > 0]
    gram = np.kron(pure.values @ pure.values.T, np.eye(20))
    sides = (pure.values @ flat(cube)).ravel()

    def cost(z):
        a = z[:n]
        lengths = np.sqrt((a.reshape(q, -1) ** 2).sum(1) + 1e-18)
        value = 0.5 * a @ gram @ a - sides @ a + l1 * a.sum() + group * lengths.sum()
        slope = gram @ a - sides + l1
        slope = slope + group * (a.reshape(q, -1) / lengths[:, None]).ravel()
        return value + tv * z[n:].sum(), np.r_[slope, np.full(len(rises), tv)]

    eye = np.eye(len(rises))
    both = np.block([[-rises, eye], [rises, eye]])
    found = minimize(
        cost,
        np.r_[np.full(n, 0.1), np.full(len(rises), 0.1)],
        jac=True,
        method="SLSQP",
        bounds=[(0, None)] * (n + len(rises)),
        constraints=[
            {"type": "ineq", "fun": lambda z: both @ z, "jac": lambda _: both}
        ],
        options={"maxiter": 500, "ftol": 1e-14},
    )
    assert found.success
    return found.x[:n].reshape(shape)


@pytest.mark.parametrize(
    "penalties",
    [(0.01, 0.02, 0.0), (0.0, 0.05, 0.0), (0.02, 0.0, 0.3), (0.01, 0.02, 0.1)],
)
def test_neighbours_and_groups_equal_a_general_solver(penalties):
    cube, pure = small_image()
    l1, tv, group = penalties
    found = sparse_unmix(
        cube, pure, l1=l1, tv=tv, collaborative=group, tile=8, overlap=2, tolerance=1e-7
    )
    want = reference(cube, pure, penalties)
    np.testing.assert_allclose(found["abundance"], want, atol=1e-5)
    least = costs(want, cube, pure, penalties)
    assert costs(found["abundance"].values, cube, pure, penalties) < least * (1 + 1e-6)
    assert (found["pixel_state"] == 0).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_adjoint_is_the_transpose(seed):
    rng = np.random.default_rng(seed)
    values, slopes = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 2, 4, 3))
    slopes[0, :, -1] = slopes[1, :, :, -1] = 0
    one = np.vdot(_differences(values), slopes)
    assert one == pytest.approx(np.vdot(values, _adjoint(slopes)), abs=1e-12)


def test_neighbours_help_where_there_is_noise():
    rng = np.random.default_rng(1)
    pure = as_library(rng.uniform(0.1, 0.9, (6, 15)), list("abcdef"))
    truth = np.zeros((6, 24, 24))
    truth[1, :, :12], truth[4, :, 12:] = 0.8, 0.6
    values = np.einsum("kb,kyx->byx", pure.values, truth)
    values += rng.normal(0, 0.1, values.shape)
    cube = as_cube(values, (24, 24), pure["wavelength"].values)
    alone = sparse_unmix(cube, pure, l1=0.01)["abundance"]
    helped = sparse_unmix(cube, pure, l1=0.01, tv=0.1, tile=12, overlap=6)["abundance"]
    errors = [
        float(np.sqrt(((found - truth) ** 2).mean())) for found in (alone, helped)
    ]
    assert errors[1] < 0.3 * errors[0]


@pytest.mark.parametrize("tv", [0.0, 0.03])
def test_chunks_gaps_and_metadata(scene, smooth, tv):
    cube = scene.astype("float32").copy()
    cube[4, 3, 2] = np.nan
    before = cube.copy(deep=True)
    options = {"l1": 0.01, "tv": tv, "tile": 8, "overlap": 2}
    found = sparse_unmix(cube, smooth, **options)
    lazy = sparse_unmix(
        cube.chunk({"y": 5, "x": 7, "wavelength": 9}), smooth, **options
    )
    assert lazy["abundance"].chunks
    xr.testing.assert_identical(lazy.compute(), found)
    xr.testing.assert_identical(cube, before)
    assert found["abundance"].dims == ("endmember", "y", "x")
    assert found["abundance"].dtype == "float32"
    for name in ("residual", "n_used", "pixel_state"):
        assert int(found[name].isnull().sum()) == 1
        assert np.isnan(found[name].values[3, 2])
        np.testing.assert_array_equal(found[name]["x"], cube["x"])
    assert found["pixel_state"].attrs["kind"] == "categorical"
    assert float(found["abundance"].min()) == 0


def test_tiles_agree_where_they_reach_far_enough(scene, smooth):
    options = {"l1": 0.01, "tv": 0.01, "tolerance": 1e-6}
    whole = sparse_unmix(scene, smooth, tile=40, overlap=2, **options)
    tiles = sparse_unmix(scene, smooth, tile=8, overlap=7, **options)
    np.testing.assert_allclose(tiles["abundance"], whole["abundance"], atol=0.02)


def test_steps_that_run_out_are_told(monkeypatch):
    monkeypatch.setattr("spectral.mapping.unmixing._variation.MOST_STEPS", 3)
    cube, pure = small_image()
    found = sparse_unmix(cube, pure, tv=0.01)
    assert (found["pixel_state"] == 3).all()
    shares, done = smooth_shares(
        np.eye(2), np.zeros((2, 3, 3)), Penalties(0, 1, 0, 0.1)
    )
    assert done
    assert (shares == 0).all()


def test_errors_say_what_to_do(scene, smooth):
    with pytest.raises(ValueError, match=r"l1 must be above zero.*got -1"):
        sparse_unmix(scene, smooth, l1=-1)
    with pytest.raises(ValueError, match="tolerance must be above zero"):
        sparse_unmix(scene, smooth, tolerance=0)
    with pytest.raises(ValueError, match="tile must be at least 8"):
        sparse_unmix(scene, smooth, tv=1, tile=4)
    with pytest.raises(ValueError, match="neighbours need an image"):
        sparse_unmix(scene.isel(y=0), smooth, tv=0.1)


@pytest.mark.parametrize("lazy", [False, True])
def test_no_rows_give_no_rows(smooth, scene, lazy):
    none = scene.isel(y=slice(0, 0))
    found = sparse_unmix(none.chunk() if lazy else none, smooth, tv=1e-3)
    assert dict(found["abundance"].sizes) == {"endmember": 5, "y": 0, "x": 15}
    assert found["residual"].compute().shape == (0, 15)
