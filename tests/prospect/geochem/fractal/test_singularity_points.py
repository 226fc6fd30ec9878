import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from prospect.geochem import singularity_points
from prospect.geochem.fractal import _singularity_points
from survey import DataProblems, read_samples

RADII = (300.0, 500, 900, 1500)


def samples_of(n=200, seed=0, crs="EPSG:32650"):
    random = np.random.default_rng(seed)
    x, y = random.uniform(0, 6000, (2, n))
    values = np.exp(random.normal(3, 1, n))
    ids = [f"S{i}" for i in range(n)]
    places = gpd.points_from_xy(x, y)
    return gpd.GeoDataFrame(
        {"sample_id": ids, "Cu_ppm": values}, geometry=places, crs=crs
    )


@pytest.mark.parametrize("measure", ["density", "mean"])
@pytest.mark.parametrize("pairs", [2_000_000, 50])
def test_equals_brute_force(measure, pairs, monkeypatch):
    monkeypatch.setattr(_singularity_points, "PAIRS", pairs)
    samples = samples_of()
    xy = samples.get_coordinates().to_numpy()
    v = samples["Cu_ppm"].to_numpy()
    distance = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))
    means = []
    for radius in RADII:
        near = distance <= radius
        area = (
            np.pi * (radius / 1000) ** 2 if measure == "density" else near.sum(axis=1)
        )
        means.append((near * v).sum(axis=1) / area)
    slope, level = np.polyfit(np.log(np.array(RADII) / 1000), np.log(means), 1)
    found = singularity_points(samples, radii=RADII, column="Cu_ppm", measure=measure,
                               min_samples=1)  # fmt: skip
    np.testing.assert_allclose(found["alpha"], 2 + slope)
    np.testing.assert_allclose(found["coefficient"], np.exp(level))
    np.testing.assert_array_equal(found["n_samples"], (distance <= 1500).sum(axis=1))


def test_a_line_and_a_plane_of_points():
    """Points along a line fill circles as r, points on a lattice as r²."""
    along = np.arange(-5000, 5001, 10.0)
    line = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy(along, np.where(along == 0, 1e-6, 0)),
        crs="EPSG:32650",
    )
    found = singularity_points(line, radii=(205, 405, 805, 1605))
    assert found["alpha"].iloc[500] == pytest.approx(1, abs=1e-3)


def test_missing_and_flagged_values_are_told():
    samples = samples_of(50)
    samples.loc[4, "Cu_ppm"] = np.nan
    samples["Cu_ppm_censored"] = samples.index < 3
    samples["Cu_ppm_imputed"] = samples.index == 9
    before = samples.copy(deep=True)
    found = singularity_points(samples, radii=RADII, column="Cu_ppm")
    pd.testing.assert_frame_equal(samples, before)
    assert np.isnan(found.loc[4, "alpha"])
    assert list(found["sample_id"]) == list(samples["sample_id"])
    assert found.crs == samples.crs
    text = " ".join(found.attrs["notes"])
    assert "1 of 50 samples have no value" in text
    assert "3 of 49 samples are below detection" in text
    assert "1 of 49 values are imputed" in text
    assert (found["inside"].dropna() <= 1 + 1e-9).all()


def test_few_neighbours_give_no_index():
    samples = samples_of(30)
    found = singularity_points(samples, radii=(10, 20, 30), min_samples=3)
    assert found["alpha"].isna().sum() == (found["n_samples"] < 3).sum() > 20


def test_refusals():
    samples = samples_of(20)
    with pytest.raises(ValueError, match="needs metres"):
        singularity_points(samples.to_crs("EPSG:4326"), radii=RADII)
    with pytest.raises(ValueError, match="three different positive lengths"):
        singularity_points(samples, radii=(1, 2))
    with pytest.raises(ValueError, match="measure must be one of"):
        singularity_points(samples, radii=RADII, measure="sum")
    with pytest.raises(ValueError, match="min_samples must be"):
        singularity_points(samples, radii=RADII, min_samples=0)
    with pytest.raises(ValueError, match="at least three points"):
        singularity_points(samples.iloc[:2], radii=RADII)
    with pytest.raises(ValueError, match="no column 'Au_ppb'"):
        singularity_points(samples, radii=RADII, column="Au_ppb")
    bad = samples.copy()
    bad.loc[[2, 7], "Cu_ppm"] = [0, np.inf]
    with pytest.raises(
        DataProblems, match=r"(?s)2 problems.*row S2.*'0'.*row S7.*'inf'"
    ):
        singularity_points(bad, radii=RADII, column="Cu_ppm")
    bad["Cu_ppm"] = np.nan
    with pytest.raises(ValueError, match="fewer than three samples have a value"):
        singularity_points(bad, radii=RADII, column="Cu_ppm")


def test_real_kola(real_data):
    path = real_data("geochem/kola") / "chorizon.csv"
    soil = read_samples(path, crs="EPSG:32635", x="XCOO", y="YCOO")
    found = singularity_points(
        soil, radii=(25e3, 40e3, 60e3, 90e3), column="Cu", measure="mean"
    )
    assert found["alpha"].between(0, 4).all()
    # among the richest samples the field falls off, among the poorest it rises
    order = soil["Cu"].rank()
    assert (
        found.loc[order > 575, "alpha"].mean()
        < 2
        < found.loc[order < 30, "alpha"].mean()
    )
