"""The report and shares without shade."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import shade_free, unmix, unmixing_report

from .conftest import as_library


def value(report, what, name=""):
    found = report[(report["what"] == what) & (report["endmember"] == name)]
    return found["value"].item()


@pytest.mark.parametrize("method", ["fcls", "nnls", "ucls"])
def test_numbers_of_the_report(scene, smooth, method):
    cube = scene.copy()
    cube[3, 2, 2] = np.nan
    cube[:, 0, 1] = 0
    result = unmix(cube, smooth, method=method)
    report = unmixing_report(result)
    residual = result["residual"].values.ravel()
    residual = residual[~np.isnan(residual)]
    assert value(report, "pixels") == 179
    assert value(report, "missing") == 1
    assert value(report, "zero") == 1
    assert value(report, "unfinished") == 0
    for share in (5, 50, 95, 99):
        want = np.quantile(residual, share / 100)
        assert value(report, f"residual_{share:02d}") == pytest.approx(want, rel=0.05)
    assert value(report, "residual_max") == residual.max()
    shares = result["abundance"].values.reshape(5, -1)
    shares = shares[:, ~np.isnan(shares[0])]
    held = shares < 0 if method == "ucls" else shares == 0
    assert value(report, "outside") == pytest.approx(held.any(0).mean())
    for name, row, part in zip("abcde", held, shares, strict=True):
        assert value(
            report, "below_zero" if method == "ucls" else "at_zero", name
        ) == pytest.approx(row.mean())
        assert value(report, "mean", name) == pytest.approx(part.mean())
    lazy = unmix(cube.chunk({"y": 5, "x": 4}), smooth, method=method)
    again = unmixing_report(lazy)
    assert list(again["what"]) == list(report["what"])
    np.testing.assert_allclose(again["value"], report["value"], rtol=1e-9)


def test_noise_gain_is_the_spread_of_the_shares(smooth):
    rng = np.random.default_rng(0)
    pixel = smooth.mean("spectrum")
    noise = xr.DataArray(rng.normal(0, 0.01, (4000, 40)), dims=("x", "wavelength"))
    for method in ("ucls", "scls"):
        result = unmix(pixel + noise, smooth, method=method)
        report = unmixing_report(result)
        for name in "abcde":
            spread = float(result["abundance"].sel(endmember=name).std())
            gain = value(report, "noise_gain", name)
            assert 0.01 * gain == pytest.approx(spread, rel=0.05)


def test_alike_endmembers_are_named(scene, smooth):
    twin = (smooth[1] + 0.01 * smooth[2]).assign_coords(spectrum="twin")
    report = unmixing_report(unmix(scene, xr.concat([smooth, twin], "spectrum")))
    pair = report[report["what"] == "pair"]
    assert pair[["endmember", "other"]].to_numpy().tolist() == [["b", "twin"]]
    cosine = smooth[1].values @ twin.values / np.linalg.norm(smooth[1].values)
    cosine /= np.linalg.norm(twin.values)
    assert pair["value"].item() == pytest.approx(np.degrees(np.arccos(cosine)))
    assert "b and twin can hardly be told apart" in pair["said"].item()
    assert "enlarged" in report.loc[report["what"] == "condition", "said"].item()


def test_a_scene_without_a_pixel_is_told(scene, smooth):
    report = unmixing_report(unmix(scene * np.nan, smooth))
    assert value(report, "pixels") == 0
    assert np.isnan(value(report, "residual_50"))
    with pytest.raises(ValueError, match=r"needs \['pixel_state', 'residual'\]"):
        unmixing_report(unmix(scene, smooth)[["abundance", "spectra"]])


def test_shade_free_by_hand_and_lazily():
    shares = xr.DataArray(
        [[[0.2, 0.0, 0.02, np.nan]], [[0.3, 0.0, 0.03, 0.5]], [[0.5, 1.0, 0.95, 0.5]]],
        {"endmember": ["mica", "clay", "dark"], "x": np.arange(4.0)},
        dims=("endmember", "y", "x"),
        attrs={"units": "1", "kind": "continuous", "long_name": "share"},
        name="abundance",
    )
    before = shares.copy(deep=True)
    free = shade_free(shares, shade="dark")
    want = [[[0.4, np.nan, 0.4, np.nan]], [[0.6, np.nan, 0.6, np.nan]]]
    np.testing.assert_allclose(free, want)
    assert free.dims == shares.dims
    assert free.attrs["units"] == "1"
    lit = shade_free(shares, shade="dark", max_shade=0.9)
    np.testing.assert_allclose(lit[0, 0], [0.4, np.nan, np.nan, np.nan])
    lazy = shade_free(shares.chunk({"x": 2}), shade=["dark"])
    assert lazy.chunks
    np.testing.assert_allclose(lazy, free)
    xr.testing.assert_identical(shares, before)
    with pytest.raises(ValueError, match=r"no endmember called \['shade'\]"):
        shade_free(shares)
    with pytest.raises(ValueError, match="all endmembers are shade"):
        shade_free(shares, shade=["dark", "mica", "clay"])
    with pytest.raises(ValueError, match="need the dimension 'endmember'"):
        shade_free(shares[0])


def test_one_endmember_alone(scene):
    pure = as_library(np.full((1, 40), 0.5), ["grey"])
    pure = pure.assign_coords(wavelength=scene["wavelength"])
    report = unmixing_report(unmix(scene, pure))
    assert value(report, "noise_gain", "grey") == 0
    assert value(report, "mean", "grey") == 1
