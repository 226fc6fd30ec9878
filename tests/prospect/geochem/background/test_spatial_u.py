"""Spatial U: brute force, Gi*, permutations, bounded memory."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from prospect.geochem import spatial_u
from prospect.geochem.background import _spatial_u
from prospect.geochem.background._spatial_u import discovery_rate


@pytest.fixture(scope="module")
def soil():
    rng = np.random.default_rng(7)
    xy = rng.uniform(0, 5000, (300, 2))
    lg = rng.normal(1, 0.2, 300) + 0.6 * np.exp(-(((xy - 2000) / 600) ** 2).sum(axis=1))
    points = gpd.points_from_xy(*xy.T)
    return gpd.GeoDataFrame({"Cu_ppm": 10**lg}, geometry=points, crs=32650)


def brute(samples, radii, weights):
    """U by its formula, sample by sample."""
    x = np.log10(samples["Cu_ppm"].to_numpy())
    xy = samples.geometry.get_coordinates().to_numpy()
    best = np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x), dtype=int)
    for i in range(len(x)):
        away = np.hypot(*(xy - xy[i]).T)
        for radius in sorted(radii):
            near = away <= radius
            w = np.ones(near.sum())
            if weights == "inverse_distance":
                w = 1 / (away[near] + min(radii))
            w = w / w.sum()
            u = ((w * x[near]).sum() - x.mean()) / (
                x.std(ddof=1) * np.sqrt((w**2).sum())
            )
            if abs(u) > abs(best[0][i]):
                best[0][i], best[1][i], best[2][i] = u, radius, near.sum()
    return best


@pytest.mark.parametrize("weights", ["uniform", "inverse_distance"])
def test_against_brute_force(soil, weights, monkeypatch):
    radii = [800, 200, 400]
    u, radius, n = brute(soil, radii, weights)
    monkeypatch.setattr(_spatial_u, "CHUNK_PAIRS", 1000)  # many parts
    found = spatial_u(soil, "Cu_ppm", radii=radii, weights=weights)
    np.testing.assert_allclose(found["Cu_ppm_u"], u, atol=1e-9)
    np.testing.assert_array_equal(found["Cu_ppm_u_radius"], radius)
    np.testing.assert_array_equal(found["Cu_ppm_u_n"], n)


def test_is_gi_star_but_for_the_finite_number(soil):
    x = np.log10(soil["Cu_ppm"].to_numpy())
    xy = soil.geometry.get_coordinates().to_numpy()
    near = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1)) <= 500
    n, w = len(x), near.sum(axis=1)
    gi = (near @ x - x.mean() * w) / (x.std() * np.sqrt((n * w - w**2) / (n - 1)))
    found = spatial_u(soil, "Cu_ppm", radii=[500])["Cu_ppm_u"]
    np.testing.assert_allclose(found, gi * np.sqrt(1 - w / n), atol=1e-9)


def test_chunks_do_not_matter(soil, monkeypatch):
    how = {"radii": [300, 600], "n_permutations": 50, "random_state": 1}
    whole = spatial_u(soil, "Cu_ppm", **how)
    monkeypatch.setattr(_spatial_u, "CHUNK_PAIRS", 500)
    pd.testing.assert_frame_equal(spatial_u(soil, "Cu_ppm", **how), whole)


def test_permutations_find_the_anomaly_and_little_else(soil):
    found = spatial_u(
        soil, "Cu_ppm", radii=[300, 600], n_permutations=4999, random_state=1
    )
    away = found.geometry.distance(gpd.points_from_xy([2000], [2000])[0])
    sure = found["Cu_ppm_u_q"] < 0.05
    assert sure[away < 300].all()
    assert not sure[(away > 1800) & (found["Cu_ppm_u"] > 0)].any()
    assert found["Cu_ppm_u_p"].min() == pytest.approx(1 / 5000)


def test_strewn_values_are_as_often_significant_as_said():
    rng = np.random.default_rng(3)
    points = gpd.points_from_xy(*rng.uniform(0, 10000, (2, 800)))
    samples = gpd.GeoDataFrame({"x": rng.normal(size=800)}, geometry=points, crs=32650)
    found = spatial_u(
        samples, "x", radii=[500], transform=None, n_permutations=99, random_state=1
    )
    assert (found["x_u_p"] <= 0.1).mean() == pytest.approx(0.1, abs=0.04)
    assert (found["x_u_q"] < 0.05).mean() < 0.01


def test_a_map_of_signs(soil):
    """Turning the values over turns U over; moving the map does nothing."""
    turned = soil.assign(Cu_ppm=100 / soil["Cu_ppm"])
    moved = soil.set_geometry(soil.translate(1e5, -1e5))
    here, there, off = (
        spatial_u(s, "Cu_ppm", radii=[400])["Cu_ppm_u"] for s in (soil, turned, moved)
    )
    np.testing.assert_allclose(there, -here, atol=1e-9)
    np.testing.assert_allclose(off, here, atol=1e-6)


def test_missing_values_enter_no_window_and_nothing_is_lost(soil):
    gaps = soil.copy()
    gaps.index = gaps.index[::-1]
    gaps.loc[:9, "Cu_ppm"] = np.nan
    gaps.attrs["units"] = {"Cu_ppm": "ppm"}
    before = gaps.copy()
    found = spatial_u(gaps, "Cu_ppm", radii=[400])
    pd.testing.assert_frame_equal(gaps, before)
    assert found.index.equals(gaps.index)
    assert found.crs == gaps.crs
    assert found.attrs == gaps.attrs
    hole = gaps["Cu_ppm"].isna()
    assert found.loc[hole, "Cu_ppm_u"].isna().all()
    assert found.loc[hole, "Cu_ppm_u_n"].eq(0).all()
    alone = spatial_u(gaps[~hole], "Cu_ppm", radii=[400])
    pd.testing.assert_series_equal(found.loc[~hole, "Cu_ppm_u"], alone["Cu_ppm_u"])


def test_false_discovery_rate_by_hand():
    # 3 p-values times 3 / rank, from the largest down
    assert discovery_rate(np.array([0.02, 0.01, 0.9])).tolist() == pytest.approx(
        [0.03, 0.03, 0.9]
    )


def test_errors(soil):
    with pytest.raises(TypeError, match="needs points"):
        spatial_u(pd.DataFrame(soil.drop(columns="geometry")), "Cu_ppm", radii=[1])
    with pytest.raises(ValueError, match="needs metres"):
        spatial_u(soil.set_crs(4326, allow_override=True), "Cu_ppm", radii=[1])
    with pytest.raises(ValueError, match="radii must be metres above 0"):
        spatial_u(soil, "Cu_ppm", radii=[])
    with pytest.raises(ValueError, match="radii must be metres above 0"):
        spatial_u(soil, "Cu_ppm", radii=[100, -1])
    with pytest.raises(ValueError, match="weights must be one of"):
        spatial_u(soil, "Cu_ppm", radii=[100], weights="linear")
    with pytest.raises(ValueError, match="random_state= a seed"):
        spatial_u(soil, "Cu_ppm", radii=[100], n_permutations=9)
    with pytest.raises(ValueError, match="do not differ"):
        spatial_u(soil.assign(Cu_ppm=5.0), "Cu_ppm", radii=[100])
    lost = soil.set_geometry([None, *soil.geometry[1:]], crs=soil.crs)
    with pytest.raises(ValueError, match="1 samples are no points"):
        spatial_u(lost, "Cu_ppm", radii=[100])
