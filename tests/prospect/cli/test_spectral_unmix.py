"""`prospect spectral unmix` and `mesma`."""

import numpy as np
import pandas as pd
import pytest
import rasterio
import rioxarray  # noqa: F401
import xarray as xr
from typer.testing import CliRunner

from prospect.cli._app import app
from spectral import save_cube
from spectral.mapping import unmix

WAVES = np.linspace(2005.0, 2395.0, 40)
NAMES = ["calcite", "kaolinite", "muscovite"]


@pytest.fixture
def files(tmp_path):
    """Cube of 6 x 7 pixels and a table of three endmembers on its bands."""
    rng = np.random.default_rng(5)
    walk = np.cumsum(rng.normal(0, 0.03, (3, 40)), axis=1)
    pure = xr.DataArray(
        (0.45 + walk).clip(0.1, 0.9),
        {"spectrum": NAMES, "wavelength": WAVES},
        dims=("spectrum", "wavelength"),
    )
    shares = rng.dirichlet([0.5, 0.5, 0.5], 42).T * rng.uniform(0.5, 1, 42)
    values = pure.to_numpy().T @ shares + rng.normal(0, 0.003, (40, 42))
    cube = xr.DataArray(
        values.reshape(40, 6, 7).astype("float32"),
        {
            "wavelength": WAVES,
            "fwhm": ("wavelength", np.full(40, 10.0)),
            "y": 3_000_000 - 30.0 * np.arange(6),
            "x": 500_000 + 30.0 * np.arange(7),
        },
        dims=("wavelength", "y", "x"),
        attrs={"units": "1", "quantity": "reflectance"},
    ).rio.write_crs("EPSG:32650")
    save_cube(cube, tmp_path / "cube.img")
    table = pd.DataFrame(pure.values, columns=[f"{wave:g}nm" for wave in WAVES])
    table.insert(0, "name", NAMES)
    table.to_csv(tmp_path / "pure.csv", index=False)
    return tmp_path, cube, pure


def run(*arguments):
    return CliRunner().invoke(app, ["spectral", *map(str, arguments)])


def test_shares_are_those_of_the_function(files):
    folder, cube, _ = files
    out = folder / "out"
    done = run(
        "unmix", folder / "cube.img", "--library", folder / "pure.csv", "--out", out,
        "--method", "nnls",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    from spectral.library import load_library

    pure = load_library(folder / "pure.csv", like=cube)
    want = unmix(cube, pure, method="nnls")
    for name in NAMES:
        with rasterio.open(out / f"abundance_{name}.tif") as file:
            np.testing.assert_allclose(
                file.read(1), want["abundance"].sel(endmember=name), atol=1e-5
            )
            assert file.crs.to_epsg() == 32650
    with rasterio.open(out / "residual.tif") as file:
        np.testing.assert_allclose(file.read(1), want["residual"], atol=1e-5)
    for name in ("n_active.tif", "pixel_state.tif", "abundances.png", "report.csv"):
        assert (out / name).stat().st_size > 0
        assert name in done.stdout
    table = pd.read_csv(out / "report.csv")
    assert table.set_index("what").loc["pixels", "value"] == 42
    assert "42 pixels were unmixed" in done.stderr


def test_shade_free_shares_and_chinese(files):
    folder, _, _ = files
    out = folder / "out"
    done = run(
        "unmix", folder / "cube.img", "--library", folder / "pure.csv", "--out", out,
        "--shade", "--lang", "zh", "--spectra", "calcite,muscovite",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    parts = []
    for name in ("calcite", "muscovite"):
        with rasterio.open(out / f"lit_{name}.tif") as file:
            parts.append(file.read(1))
    np.testing.assert_allclose(sum(parts), 1, atol=1e-5)
    assert (out / "abundance_shade.tif").exists()
    assert "方解石" in done.stderr


@pytest.mark.parametrize("tv", [0, 0.001])
def test_sparse(files, tv):
    folder, _, _ = files
    out = folder / "out"
    done = run(
        "unmix", folder / "cube.img", "--library", folder / "pure.csv", "--out", out,
        "--method", "sparse", "--l1", "0.001", "--tv", tv,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    with rasterio.open(out / "n_used.tif") as file:
        assert file.read(1).max() <= 3


def test_mesma_counts_models(files):
    folder, _, _ = files
    out = folder / "out"
    done = run(
        "mesma", folder / "cube.img", "--library", folder / "pure.csv", "--out", out,
        "--min-gain", "0.001",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out / "models.csv")
    assert table["pixels"].sum() == 42
    assert "white_mica" in " ".join(table["model"])
    with rasterio.open(out / "model.tif") as file:
        codes, counts = np.unique(file.read(1), return_counts=True)
    assert dict(zip(codes, counts, strict=True)) == dict(
        zip(table["code"], table["pixels"], strict=True)
    )


def test_what_cannot_be_is_said(files):
    folder, _, _ = files
    common = [
        folder / "cube.img",
        "--library",
        folder / "pure.csv",
        "--out",
        folder / "o",
    ]
    done = run("unmix", *common, "--shade", "--method", "nnls")
    assert done.exit_code == 1
    assert "--shade is of use with --method fcls and scls only" in done.stderr
    done = run("mesma", *common, "--groups", "quarry")
    assert done.exit_code == 1
    assert "3 spectra have no 'quarry'" in done.stderr
    assert not (folder / "o").exists()


def test_a_real_library_with_a_backward_step_and_scaled_values(real_data, tmp_path):
    data = real_data("spectral/emit_10x10")
    cube = data / "emit20250324t221005_jpl_unmix_ex"
    done = run(
        "unmix", cube, "--library", data / "basic_endmember_library.csv",
        "--out", tmp_path,
    )  # fmt: skip
    assert done.exit_code != 0
    assert "divide by 10000" in done.stderr
