"""Samples held back."""

import numpy as np
import pandas as pd
import pytest

from prospect.gridding import (
    Neighbourhood,
    Structure,
    VariogramModel,
    cross_validate,
)

from .oracle import as_samples, dense

RNG = np.random.default_rng(0)
XY = RNG.uniform(0, 1000, (60, 2))
Z = RNG.normal(10, 2, 60)
SOIL = as_samples(XY, Cu_ppm=Z, sample_id=[f"S{i}" for i in range(60)])
MODEL = VariogramModel(0.5, [Structure("spherical", 3, 400, 0.6, 20)])


def order(found):
    """Rows of the table in the order of the samples."""
    return found.table.set_index("sample_id").loc[SOIL["sample_id"]]


def test_it_is_that_of_dense_systems():
    found = cross_validate(SOIL, "Cu_ppm", variogram=MODEL, block_size=300)
    table = order(found)
    block = np.floor((XY - XY.min(axis=0)) / 300) @ [1, 100]
    for i in range(60):
        for fold, ending in ((np.arange(60), ""), (block, "_blocks")):
            kept = fold != fold[i]
            estimate, variance, _ = dense(XY[kept], Z[kept], MODEL, XY[[i]])
            row = table.iloc[i]
            assert row[f"estimate{ending}"] == pytest.approx(estimate[0])
            assert row[f"variance{ending}"] == pytest.approx(variance[0])
            assert row[f"error{ending}"] == pytest.approx(estimate[0] - Z[i])
            z = (estimate[0] - Z[i]) / variance[0] ** 0.5
            assert row[f"standardised_error{ending}"] == pytest.approx(z)
    assert table["block"].nunique() == len(np.unique(block))


def test_scores_follow_from_the_table():
    found = cross_validate(SOIL, "Cu_ppm", variogram=MODEL)
    table = found.table
    assert found.block_size == 400
    for name, ending in (("leave_one_out", ""), ("spatial_blocks", "_blocks")):
        score, error = found.scores.loc[name], table[f"error{ending}"]
        assert score["n"] == 60
        assert score["mean_error"] == pytest.approx(error.mean())
        assert score["rmse"] == pytest.approx(np.sqrt((error**2).mean()))
        slope = np.polyfit(table[f"estimate{ending}"], table["value"], 1)[0]
        assert score["slope"] == pytest.approx(slope)
        spread = table[f"standardised_error{ending}"]
        assert score["sd_standardised_error"] == pytest.approx(spread.std(ddof=0))


def test_a_true_model_is_calibrated_and_blocks_are_harder():
    from prospect.gridding._spectral import Waves

    structures = [Structure("exponential", 4, 400)]
    xy = RNG.uniform(0, 2000, (800, 2))
    z = Waves(structures, (3, 0)).at(*xy.T) + RNG.normal(0, 0.7, 800)
    model = VariogramModel(0.49, structures)
    scores = cross_validate(as_samples(xy, v=z), "v", variogram=model).scores
    assert scores["sd_standardised_error"].to_numpy() == pytest.approx(1, abs=0.1)
    assert scores.loc["leave_one_out", "slope"] == pytest.approx(1, abs=0.1)
    assert scores["rmse"].iloc[1] > 1.1 * scores["rmse"].iloc[0]


def test_units_come_back_from_a_transform():
    samples = SOIL.assign(Cu_ppm=10 ** (Z / 5))
    for transform in ("log10", "normal_score"):
        found = cross_validate(samples, "Cu_ppm", transform=transform, variogram=(
            VariogramModel(0.1, [Structure("spherical", 0.9, 400)])
        ))  # fmt: skip
        np.testing.assert_allclose(order(found)["value"], samples["Cu_ppm"])
        assert found.table["estimate"].between(1, 2000).all()


def test_measurement_error_counts_in_the_standard_deviation():
    noisy = SOIL.assign(Cu_ppm_error=2.0)
    found = order(cross_validate(noisy, "Cu_ppm", variogram=MODEL))
    z = found["error"] / np.sqrt(found["variance"] + 4)
    np.testing.assert_allclose(found["standardised_error"], z)


def test_drift_and_neighbourhood():
    samples = SOIL.assign(Cu_ppm=Z + XY[:, 1] / 10)
    plain = cross_validate(samples, "Cu_ppm", variogram=MODEL)
    drift = cross_validate(samples, "Cu_ppm", variogram=MODEL, drift="linear")
    assert drift.scores["rmse"].iloc[1] < plain.scores["rmse"].iloc[1]
    few = Neighbourhood(neighbours=5, max_distance=60)
    found = cross_validate(SOIL, "Cu_ppm", variogram=MODEL, neighbourhood=few)
    assert found.scores.loc["leave_one_out", "n"] < 60
    assert found.table["estimate"].isna().any()


def test_metadata_and_input():
    before = SOIL.copy()
    found = cross_validate(SOIL, "Cu_ppm", variogram=MODEL)
    pd.testing.assert_frame_equal(SOIL, before)
    assert found.table.attrs["variogram"] == MODEL.to_dict()
    assert found.table.attrs["censored_share"] == 0


def test_refuses():
    with pytest.raises(ValueError, match="holding one back needs three"):
        cross_validate(SOIL[:2], "Cu_ppm", variogram=MODEL)
    with pytest.raises(ValueError, match="hold all places in one"):
        cross_validate(SOIL, "Cu_ppm", variogram=MODEL, block_size=5000)
    with pytest.raises(ValueError, match="block_size must be positive"):
        cross_validate(SOIL, "Cu_ppm", variogram=MODEL, block_size=-1)
