"""Cokriging and coregionalisation."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from odc.geo.xr import wrap_xr

from prospect.gridding import (
    Coregionalization,
    Neighbourhood,
    Structure,
    VariogramModel,
    cokrige,
    fit_coregionalization,
    krige,
)
from prospect.gridding._spectral import Waves
from survey import make_geobox

from .oracle import CRS, as_samples, between, centres, dense

RNG = np.random.default_rng(0)
XY = RNG.uniform(0, 400, (70, 2))
SHAPES = [Structure("spherical", 1, 150), Structure("exponential", 1, 400)]
MODEL = Coregionalization(
    ["Ni", "Co"],
    [[2, 0.5], [0.5, 1]],
    SHAPES,
    [[[8, 3], [3, 2]], [[4, -1], [-1, 0.5]]],
)
LIKE = make_geobox((0, 400, 0, 300), crs=CRS, resolution=20)
ALL = Neighbourhood(neighbours=70)


def samples(every=3):
    ni, co = RNG.normal(30, 5, 70), RNG.normal(10, 2, 70)
    ni[np.arange(70) % every != 0] = np.nan
    return as_samples(XY, Ni=ni, Co=co)


def sill_matrix(i, j, one, two):
    """Covariance of variables i and j between places."""
    out = np.zeros((len(one), len(two)))
    apart = np.linalg.norm(one[:, None] - two[None], axis=2)
    out += MODEL.nugget[i, j] * (apart < 1e-6)
    for shape, sill in zip(SHAPES, MODEL.sills, strict=True):
        unit = VariogramModel(0, [shape])
        out += sill[i, j] * between(unit, one, two)
    return out


def test_it_is_that_of_the_dense_system():
    soil = samples()
    known = soil["Ni"].notna().to_numpy()
    places = [XY[known], XY]
    z = np.concatenate([soil["Ni"][known], soil["Co"]])
    n = [len(p) for p in places]
    left = np.zeros((sum(n) + 2, sum(n) + 2))
    left[:-2, :-2] = np.block(
        [[sill_matrix(i, j, places[i], places[j]) for j in (0, 1)] for i in (0, 1)]
    )
    left[: n[0], -2] = left[-2, : n[0]] = 1
    left[n[0] : -2, -1] = left[-1, n[0] : -2] = 1
    at = centres(LIKE)
    right = np.vstack(
        [sill_matrix(i, 0, places[i], at) for i in (0, 1)]
        + [np.ones((1, len(at))), np.zeros((1, len(at)))]
    )
    weights = np.linalg.solve(left, right)
    found = cokrige(
        soil, "Ni", secondary=["Co"], like=LIKE, variogram=MODEL, neighbourhood=ALL
    )
    np.testing.assert_allclose(
        found["estimate"].to_numpy().ravel(), z @ weights[:-2], rtol=3e-6
    )
    variance = MODEL.stacked()[:, 0, 0].sum() - (weights * right).sum(axis=0)
    np.testing.assert_allclose(
        found["variance"].to_numpy().ravel(), variance, rtol=1e-5
    )


def test_without_correlation_it_is_kriging():
    alone = Coregionalization(
        ["Ni", "Co"], np.diag([2.0, 1]), SHAPES[:1], [np.diag([8.0, 2])]
    )
    soil = samples()
    found = cokrige(
        soil, "Ni", secondary="Co", like=LIKE, variogram=alone, neighbourhood=ALL
    )
    plain = krige(soil, "Ni", like=LIKE, variogram=alone.model("Ni", "Ni"))
    np.testing.assert_allclose(found["estimate"], plain["estimate"], rtol=3e-6)


def test_chunks_do_not_matter():
    lazy = wrap_xr(np.zeros(LIKE.shape, "float32"), LIKE).chunk({"y": 4, "x": 9})
    soil = samples()
    options = {"secondary": "Co", "variogram": MODEL}
    whole = cokrige(soil, "Ni", like=LIKE, **options).compute()
    xr.testing.assert_identical(
        cokrige(soil, "Ni", like=lazy, **options).compute(), whole
    )
    grid = wrap_xr(centres(LIKE)[:, 0].reshape(LIKE.shape) + 0.0, LIKE)
    options = {"secondary": grid, "variogram": MODEL.model("Ni", "Ni")}
    whole = cokrige(soil, "Ni", like=LIKE, **options).compute()
    xr.testing.assert_identical(
        cokrige(soil, "Ni", like=lazy, **options).compute(), whole
    )


def test_collocated_is_simple_kriging_with_one_more_sample():
    """The cell's own value of the grid as a datum, as the Markov model has it."""
    model = VariogramModel(0.1, [Structure("spherical", 0.9, 150)])
    at = centres(LIKE)
    height = np.sin(at[:, 0] / 60) + 0.3 * np.cos(at[:, 1] / 40)
    grid = wrap_xr(height.reshape(LIKE.shape), LIKE).rename("height")
    xy = XY[XY[:, 1] < 300]
    row, col = ((300 - xy[:, 1]) // 20).astype(int), (xy[:, 0] // 20).astype(int)
    known = grid.to_numpy()[row, col]
    z = 2 * known + RNG.normal(0, 0.5, len(xy))
    z /= z.std()
    found = cokrige(
        as_samples(xy, Ni=z), "Ni", secondary=grid, like=LIKE, variogram=model
    )
    rho = np.corrcoef(known, z)[0, 1]
    assert found.attrs["correlation"] == pytest.approx(rho)
    assert (
        "the grid 'height' has the correlation" in found["estimate"].attrs["notes"][0]
    )
    n = len(z)
    left = np.ones((n + 1, n + 1))
    left[:n, :n] = between(model, xy, xy)
    for k in (0, 77, 200):
        own = between(model, xy, at[[k]])[:, 0]
        left[:n, n] = left[n, :n] = rho * own
        right = np.append(own, rho)
        weights = np.linalg.solve(left, right)
        y = np.append(z - z.mean(), (height[k] - known.mean()) / known.std())
        assert found["estimate"].to_numpy().ravel()[k] == pytest.approx(
            z.mean() + weights @ y, rel=1e-5
        )
        assert found["variance"].to_numpy().ravel()[k] == pytest.approx(
            1 - weights @ right, rel=1e-5
        )


def test_fit_finds_the_matrices_of_simulated_fields():
    xy = RNG.uniform(0, 6000, (1500, 2))
    shape = Structure("spherical", 1, 600)
    fields = [Waves([shape], (5, i)).at(*xy.T) for i in (0, 1)]
    noise = RNG.normal(size=(2, 1500))
    ni = 3 * fields[0] + noise[0]
    co = 0.02 * (2 * fields[0] + fields[1] + 0.5 * noise[1])
    found = fit_coregionalization(
        as_samples(xy, Ni=ni, Co=co),
        ["Ni", "Co"],
        structures=[shape],
        lag=60,
        n_lags=20,
    )
    scale = np.outer([1, 0.02], [1, 0.02])
    np.testing.assert_allclose(found.sills[0] / scale, [[9, 6], [6, 5]], rtol=0.25)
    np.testing.assert_allclose(found.nugget / scale, [[1, 0], [0, 0.25]], atol=0.35)
    for matrix in found.stacked():
        assert np.linalg.eigvalsh(matrix).min() > -1e-12


def test_fit_of_anisotropic_shapes_finds_no_nugget_that_is_not_there():
    shape, xy = Structure("spherical", 1, 600, 0.2, 30), RNG.uniform(0, 4000, (900, 2))
    nuggets = []
    for seed in range(6):
        one, two = (Waves([shape], (seed, i)).at(*xy.T) for i in (1, 2))
        soil = as_samples(xy, Ni=one, Co=0.6 * one + 0.8 * two)
        found = fit_coregionalization(soil, ["Ni", "Co"], structures=[shape], lag=60)
        nuggets.append(found.nugget[0, 0])
    assert np.mean(nuggets) < 0.15


def test_variables_on_ground_of_different_size_share_their_classes():
    rng = np.random.default_rng(0)
    xy = rng.uniform(0, 1000, (400, 2))
    wave = np.sin(xy[:, 0] / 150) + np.cos(xy[:, 1] / 120)
    soil = as_samples(xy, Ni=wave, Co=np.where(xy[:, 0] < 700, 2 * wave, np.nan))
    shape = [Structure("gaussian", 1, 400)]
    found = fit_coregionalization(soil, ["Ni", "Co"], structures=shape).sills[0]
    np.testing.assert_allclose(found / found[0, 0], [[1, 2], [2, 4]], rtol=0.15)


def test_auto_runs():
    xy = RNG.uniform(0, 400, (300, 2))
    wave = np.sin(xy[:, 0] / 60) * np.cos(xy[:, 1] / 50)
    ni = np.where(np.arange(300) % 2, 20 + 5 * wave, np.nan)
    soil = as_samples(xy, Ni=ni, Co=8 + wave + RNG.normal(0, 0.1, 300))
    found = cokrige(soil, "Ni", secondary="Co", like=LIKE)
    truth = 20 + 5 * np.sin(centres(LIKE)[:, 0] / 60) * np.cos(centres(LIKE)[:, 1] / 50)
    error = found["estimate"].to_numpy().ravel() - truth
    assert np.sqrt((error**2).mean()) < 1


def test_transform_and_metadata():
    soil = samples()
    before = soil.copy()
    small = Coregionalization(
        ["Ni", "Co"], 0.01 * MODEL.nugget, SHAPES, 0.01 * MODEL.sills
    )
    found = cokrige(
        soil, "Ni", secondary="Co", like=LIKE, variogram=small, transform="log10"
    )
    pd.testing.assert_frame_equal(soil, before)
    assert float(found["estimate"].min()) > 0
    assert found.attrs["variogram"] == small.model("Ni", "Ni").to_dict()
    assert "46 of 70 samples have no value" in found["estimate"].attrs["notes"][0]
    scores = Coregionalization(
        ["Ni", "Co"], np.eye(2) * 0.2, SHAPES[:1], [[[0.8, 0.4], [0.4, 0.8]]]
    )
    found = cokrige(
        soil, "Ni", secondary="Co", like=LIKE, variogram=scores,
        transform="normal_score",
    )  # fmt: skip
    assert float(found["estimate"].max()) <= soil["Ni"].max()


def test_refuses():
    soil = samples()
    with pytest.raises(ValueError, match="give it with these columns in this order"):
        cokrige(soil, "Co", secondary="Ni", like=LIKE, variogram=MODEL)
    with pytest.raises(ValueError, match="needs a Coregionalization or 'auto'"):
        cokrige(soil, "Ni", secondary="Co", like=LIKE, variogram=VariogramModel(1))
    with pytest.raises(TypeError, match="that of the variable alone"):
        cokrige(
            soil, "Ni", secondary=wrap_xr(np.ones(LIKE.shape), LIKE), like=LIKE,
            variogram=MODEL,
        )  # fmt: skip
    with pytest.raises(ValueError, match="negative eigenvalue"):
        Coregionalization(["a", "b"], [[1, 2], [2, 1]], [], np.zeros((0, 2, 2)))
    with pytest.raises(ValueError, match="must be symmetric"):
        Coregionalization(["a", "b"], [[1, 0], [0.5, 1]], [], np.zeros((0, 2, 2)))
    with pytest.raises(ValueError, match="must be finite and have the shape"):
        Coregionalization(["a", "b"], [[1]], [], [])
    with pytest.raises(ValueError, match="linear structure has no sill"):
        Coregionalization(["a"], [[1]], [Structure("linear", 1, 9)], [[[1]]])
    with pytest.raises(ValueError, match="one value only"):
        fit_coregionalization(soil.assign(Co=1.0), ["Ni", "Co"], structures=SHAPES[:1])
    with pytest.raises(ValueError, match=r"classes of distance have 30 pairs"):
        fit_coregionalization(soil, ["Ni", "Co"], structures=SHAPES[:1], n_lags=40)


def test_dense_oracle_agrees_with_itself():
    """A variable cokriged with a copy that has no nugget is exact where it is known."""
    z = RNG.normal(size=70)
    model = VariogramModel(0, SHAPES[:1])
    estimate, _, _ = dense(XY, z, model, XY)
    np.testing.assert_allclose(estimate, z, atol=1e-9)
