"""Experimental variograms."""

import numpy as np
import pandas as pd
import pytest

from prospect.gridding import (
    Structure,
    VariogramModel,
    _lags,
    cross_variogram,
    experimental_variogram,
    variogram_map,
)
from survey import DataProblems

from .oracle import as_samples

RNG = np.random.default_rng(0)
XY = RNG.uniform(0, 1000, (120, 2))
SOIL = as_samples(XY, Cu_ppm=RNG.lognormal(2, 1, 120), Zn_ppm=RNG.normal(50, 9, 120))


def plain(one, two, lag, n_lags, azimuth=None, tolerance=22.5):
    """Mean of what a pair gives, by class: slow and simple."""
    i, j = np.triu_indices(len(XY), 1)
    apart = XY[j] - XY[i]
    h = np.linalg.norm(apart, axis=1)
    keep = np.ones(len(h), bool)
    if azimuth is not None:
        angle = np.degrees(np.arctan2(apart[:, 0], apart[:, 1])) - azimuth
        keep = np.abs((angle + 90) % 180 - 90) <= tolerance
    for k in range(n_lags):
        here = keep & (h > k * lag) & (h <= (k + 1) * lag)
        yield h[here], one[j[here]] - one[i[here]], two[j[here]] - two[i[here]]


ESTIMATORS = {
    "matheron": lambda d: np.mean(d**2) / 2,
    "cressie": lambda d: np.mean(np.abs(d) ** 0.5) ** 4 / (0.457 + 0.494 / len(d)) / 2,
    "dowd": lambda d: 2.198 * np.median(np.abs(d)) ** 2 / 2,
    "madogram": lambda d: np.mean(np.abs(d)) / 2,
}


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("azimuth", [None, 0, 37.5, 170])
def test_estimators_are_those_of_a_plain_loop(estimator, azimuth):
    found = experimental_variogram(
        SOIL, "Cu_ppm", lag=60, n_lags=8, azimuth=azimuth, estimator=estimator
    )
    z = SOIL["Cu_ppm"].to_numpy()
    for row, (h, d, _) in zip(
        found.itertuples(), plain(z, z, 60, 8, azimuth), strict=True
    ):
        assert row.n_pairs == len(h)
        assert row.lag == pytest.approx(h.mean())
        assert row.gamma == pytest.approx(ESTIMATORS[estimator](d))


def test_cross_variogram_is_that_of_a_plain_loop():
    found = cross_variogram(SOIL, ["Cu_ppm", "Zn_ppm"], lag=60, n_lags=8)
    one, two = (SOIL[name].to_numpy() for name in ("Cu_ppm", "Zn_ppm"))
    for row, (_, d, e) in zip(found.itertuples(), plain(one, two, 60, 8), strict=True):
        assert row.gamma == pytest.approx(np.mean(d * e) / 2)
    assert found.attrs["units"] == "ppm ppm"
    assert found.attrs["correlation"] == pytest.approx(np.corrcoef(one, two)[0, 1])
    # with itself it is the variogram
    own = cross_variogram(SOIL, ["Cu_ppm", "Cu_ppm"], lag=60, n_lags=8)
    pd.testing.assert_frame_equal(
        own, experimental_variogram(SOIL, "Cu_ppm", lag=60, n_lags=8)
    )


def test_several_directions_hold_all_pairs():
    azimuths = [0, 45, 90, 135]
    found = experimental_variogram(SOIL, "Cu_ppm", lag=60, n_lags=8, azimuth=azimuths)
    whole = experimental_variogram(SOIL, "Cu_ppm", lag=60, n_lags=8)
    assert found["azimuth"].unique().tolist() == azimuths
    assert found["n_pairs"].sum() == whole["n_pairs"].sum()


def test_map_is_that_of_the_pairs():
    found = variogram_map(SOIL, "Cu_ppm", lag=100, n_lags=3)
    assert found.dims == ("north", "east")
    assert found["north"][0] == 300
    np.testing.assert_allclose(found, found[::-1, ::-1])
    z, apart = SOIL["Cu_ppm"].to_numpy(), XY[None] - XY[:, None]
    squares = (z[None] - z[:, None]) ** 2 / 2
    here = (np.round(apart / 100) == (2, -1)).all(axis=2)
    cell = found.sel(north=-100, east=200)
    assert float(cell) == pytest.approx(squares[here].mean(), rel=1e-6)
    assert found.attrs["n_pairs"].sum() == found.attrs["n_pairs"][::-1, ::-1].sum()


def test_anisotropy_shows_in_the_map():
    x, y = RNG.uniform(0, 2000, (2, 600))
    samples = as_samples(np.column_stack([x, y]), v=np.sin((x + y) / 200))
    found = variogram_map(samples, "v", lag=100, n_lags=3)
    # alike to the south-east, along azimuth 135
    assert found.sel(north=-200, east=200) < 0.3 * found.sel(north=200, east=200)


def test_default_lags_end_at_a_third_of_the_diagonal():
    found = experimental_variogram(SOIL, "Cu_ppm")
    diagonal = np.hypot(*np.ptp(XY, axis=0))
    assert found.attrs["lag_width"] == pytest.approx(diagonal / 45)
    assert found["lag"].max() < diagonal / 3


def test_transforms():
    logs = experimental_variogram(SOIL, "Cu_ppm", transform="log10")
    made = experimental_variogram(
        SOIL.assign(Cu_ppm=np.log10(SOIL["Cu_ppm"])), "Cu_ppm"
    )
    np.testing.assert_allclose(logs["gamma"], made["gamma"])
    assert logs.attrs["units"] == "log10(ppm)"
    scores = experimental_variogram(SOIL, "Cu_ppm", transform="normal_score")
    assert scores.attrs["variance"] == pytest.approx(1, abs=0.05)
    power = SOIL.assign(Cu_ppm=SOIL["Cu_ppm"] ** 3)
    again = experimental_variogram(power, "Cu_ppm", transform="normal_score")
    np.testing.assert_allclose(scores["gamma"], again["gamma"])


def test_a_part_of_the_pairs_is_said_and_is_the_same_each_time(monkeypatch):
    whole = experimental_variogram(SOIL, "Zn_ppm")
    assert whole.attrs["pairs_share"] == 1
    monkeypatch.setattr(_lags, "MOST_PAIRS", 120 * 20)
    part = experimental_variogram(SOIL, "Zn_ppm")
    assert part.attrs["pairs_share"] == pytest.approx(1 / 3)
    assert part["n_pairs"].sum() == pytest.approx(whole["n_pairs"].sum() / 3, rel=0.1)
    pd.testing.assert_frame_equal(part, experimental_variogram(SOIL, "Zn_ppm"))


def test_two_of_four_places_are_counted_once():
    square = as_samples(
        np.array([(0, 0), (0, 10), (10, 0), (10, 10)], float), v=[1.0, 2, 3, 4]
    )
    found = experimental_variogram(square, "v", lag=12, n_lags=2)
    assert found["n_pairs"].tolist() == [4, 2]
    np.testing.assert_allclose(found["lag"], [10, 200**0.5])
    np.testing.assert_allclose(found["gamma"], [(1 + 1 + 4 + 4) / 8, (9 + 1) / 4])


def test_notes_and_input():
    samples = pd.concat([SOIL, SOIL[:1], SOIL[:1].assign(Cu_ppm=np.nan)])
    samples["Cu_ppm_censored"] = [True] + [False] * 121
    before = samples.copy()
    found = experimental_variogram(samples, "Cu_ppm")
    pd.testing.assert_frame_equal(samples, before)
    assert found.attrs["notes"] == [
        "1 of 122 samples have no value or no place and are left out",
        "1 of 122 samples are below detection: taken as anywhere between zero and the "
        "limit, with that uncertainty",
        "1 of 122 samples share a place with another: averaged",
    ]
    assert found.attrs["censored_share"] == pytest.approx(1 / 121)
    assert found.attrs["notes"][0].say("zh").startswith("122 个样品中有 1 个缺值")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"estimator": "mean"}, "estimator must be one of"),
        ({"lag": 0}, "lag must be positive"),
        ({"n_lags": 0}, "n_lags must be a whole number"),
        ({"azimuth": 30, "tolerance": 0}, "tolerance must be degrees"),
        ({"azimuth": np.nan}, "azimuth must be degrees"),
        ({"transform": "sqrt"}, "transform must be one of"),
    ],
)
def test_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        experimental_variogram(SOIL, "Cu_ppm", **options)


def test_refuses_bad_tables():
    with pytest.raises(ValueError, match="values at 1 place"):
        experimental_variogram(SOIL[:1], "Cu_ppm")
    with pytest.raises(ValueError, match="experimental_variogram needs metres"):
        experimental_variogram(SOIL.to_crs("EPSG:4326"), "Cu_ppm")
    with pytest.raises(ValueError, match="columns must be two"):
        cross_variogram(SOIL, ["Cu_ppm"])
    with pytest.raises(DataProblems, match="no logarithm"):
        experimental_variogram(SOIL.assign(Cu_ppm=0.0), "Cu_ppm", transform="log10")


def test_theory_and_experiment_meet():
    """The variogram of a simulated field is the model's."""
    from prospect.gridding._spectral import Waves

    model = VariogramModel(0, [Structure("spherical", 1, 60, 0.5, 120)])
    xy = RNG.uniform(0, 1000, (3000, 2))
    field = np.mean(
        [
            experimental_variogram(
                as_samples(xy, v=Waves(model.structures, (1, r)).at(*xy.T)), "v",
                lag=10, n_lags=8, azimuth=[30, 120], tolerance=10,
            )["gamma"]
            for r in range(8)
        ],
        axis=0,
    )  # fmt: skip
    lags = np.arange(8) * 10 + 5.5
    expected = np.concatenate([model(lags, azimuth=a) for a in (30, 120)])
    np.testing.assert_allclose(field, expected, atol=0.09)
