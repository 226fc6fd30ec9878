"""`prospect geochem catchments` on the sample district."""

import geopandas as gpd
import pandas as pd
import pytest
from typer.testing import CliRunner

from prospect.cli._app import app

FOLDER = "data_samples/synthetic_district/"
GBK = [
    FOLDER + "geochemistry/stream_sediments_gbk.csv",
    FOLDER + "terrain/elevation.tif",
    *("--crs", "EPSG:4547", "--min-area", 0.2, "--max-area", 6),
]
ROCKS = [
    *("--geology", FOLDER + "geology/geology.gpkg"),
    *("--layer", "units", "--column", "lithology"),
]


def run(*arguments):
    return CliRunner().invoke(app, ["geochem", "catchments", *map(str, arguments)])


def flat(done):
    return " ".join(done.output.split())


def test_help():
    done = run("-h")
    assert done.exit_code == 0
    assert "--anomalous-area" in done.output


def test_basins_only(tmp_path):
    done = run(*GBK, "--keep-unplaced", "--out", tmp_path / "basins.gpkg")
    assert done.exit_code == 0, done.output
    assert "samples have no catchment" in flat(done)
    basins = gpd.read_file(tmp_path / "basins.gpkg")
    assert len(basins) == 393
    assert basins.crs.to_epsg() == 4547
    assert [path.name for path in tmp_path.iterdir()] == ["basins.gpkg"]


def test_the_whole_chain_in_chinese(tmp_path):
    done = run(
        *GBK, *ROCKS, "--keep-unplaced", "--analyte", "Au_ppb", "--censored", "limit",
        "--anomalous-area", 0.1, "--unmix", "--lang", "zh",
        "--out", tmp_path / "basins.gpkg",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "按检出限计入" in done.output
    basins = gpd.read_file(tmp_path / "basins.gpkg")
    for name in (
        "Au_ppb", "Au_ppb_censored", "Au_ppb_background", "Au_ppb_residual",
        "Au_ppb_productivity", "Au_ppb_source_content", "Au_ppb_source_km2",
        "Au_ppb_unmixed_source", "Au_ppb_unmixed_resolution",
    ):  # fmt: skip
        assert name in basins, name
    productivity = basins["Au_ppb_residual"] * basins["area_km2"]
    pd.testing.assert_series_equal(
        basins["Au_ppb_productivity"], productivity, check_names=False
    )
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [
        "basins.gpkg", "basins.png", "basins_lithologies.csv", "basins_shares.csv",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ([], 3, "unplaced='keep'"),
        (["--keep-unplaced", "--analyte", "Xx_ppm"], 1, "no column 'Xx_ppm'"),
        (["--keep-unplaced", "--unmix"], 1, "need --analyte"),
        (["--keep-unplaced", "--analyte", "Cu_ppm", *ROCKS[:4]], 1, "needs --column"),
        (
            ["--keep-unplaced", "--analyte", "Cu_ppm", "--anomalous-area", 1],
            1,
            "needs --geology",
        ),
        (["--keep-unplaced", "--analyte", "Au_ppb", *ROCKS], 3, "impute_censored"),
    ],
)
def test_refuses_and_writes_nothing(tmp_path, options, code, message):
    done = run(*GBK, *options, "--out", tmp_path / "basins.gpkg")
    assert done.exit_code == code
    assert message in flat(done)
    assert not any(tmp_path.iterdir())
