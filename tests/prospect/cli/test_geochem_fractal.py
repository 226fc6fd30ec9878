import numpy as np
import pandas as pd
import pytest
from odc.geo.xr import wrap_xr
from typer.testing import CliRunner

from prospect.cli._app import app
from prospect.geochem import concentration_number, singularity_index
from survey import make_geobox, open_grid, save_grid

runner = CliRunner()


def run(*words):
    return runner.invoke(app, ["geochem", *map(str, words)])


@pytest.fixture
def soil(tmp_path):
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "sample_id": [f"S{i}" for i in range(300)],
            "x": random.uniform(500_000, 510_000, 300),
            "y": random.uniform(3_400_000, 3_410_000, 300),
            "Cu_ppm": np.exp(random.normal(3, 1, 300)).round(2),
        }
    )
    table.to_csv(tmp_path / "soil.csv", index=False)
    return tmp_path / "soil.csv", table


@pytest.fixture
def field(tmp_path):
    random = np.random.default_rng(1)
    values = np.exp(random.normal(3, 0.5, (60, 70))).astype("float32")
    frame = make_geobox((0, 7000, 0, 6000), crs="EPSG:32650", resolution=100)
    grid = wrap_xr(values, frame).assign_attrs(units="ppm")
    return save_grid(grid, tmp_path / "field.tif")


def test_samples(soil, tmp_path):
    path, table = soil
    given = ["--analyte", "Cu_ppm", "--crs", "EPSG:32650", "--segments", 2]
    given += ["--draws", 10, "--out", tmp_path / "cn"]
    done = run("fractal", path, "--model", "cn", *given)
    assert done.exit_code == 0, done.output
    names = {p.name for p in (tmp_path / "cn").iterdir()}
    assert names == {
        "curve.csv", "intervals.csv", "populations.csv", "choice.csv",
        "concentration_number.png",
    }  # fmt: skip
    model = concentration_number(
        table, "Cu_ppm", n_segments=2, n_bootstrap=10, random_state=0
    )
    written = pd.read_csv(tmp_path / "cn" / "intervals.csv", index_col="name")
    pd.testing.assert_frame_equal(written, model.intervals, check_names=False)
    assert "break_1" in done.output
    area = run("fractal", path, "--analyte", "Cu_ppm", "--crs", "EPSG:32650", "--lang",
               "zh", "--out", tmp_path / "ca", "--draws", 5)  # fmt: skip
    assert area.exit_code == 0, area.output
    assert "泰森多边形" in area.output


def test_grid(field, tmp_path):
    given = ["--model", "sa", "--draws", 5, "--segments", 3]
    done = run("fractal", field, *given, "--out", tmp_path / "sa")
    assert done.exit_code == 0, done.output
    parts = [
        open_grid(tmp_path / "sa" / f"{n}.tif")
        for n in ("anomaly", "background", "noise")
    ]
    np.testing.assert_allclose(sum(parts), open_grid(field), rtol=1e-5)
    done = run("fractal", field, "--direction", "below", "--out", tmp_path / "ca",
               "--draws", 5)  # fmt: skip
    assert done.exit_code == 0, done.output


def test_singularity(field, tmp_path):
    target = tmp_path / "alpha.tif"
    done = run("singularity", field, "--sizes", "3,5,9", "--out", target, "--also",
               "r2", "--ratio", 2, "--azimuth", 30)  # fmt: skip
    assert done.exit_code == 0, done.output
    grid = open_grid(field)
    found = singularity_index(grid, sizes=(3, 5, 9), anisotropy=(2, 30))
    np.testing.assert_array_equal(open_grid(target), found.alpha)
    np.testing.assert_array_equal(open_grid(tmp_path / "alpha_r2.tif"), found.r2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "sa", "--analyte", "Cu_ppm"], "needs a grid"),
        (["--model", "cn"], "name one with --analyte"),
        (["--model", "cn", "--analyte", "Au_ppb"], "no column 'Au_ppb'"),
    ],
)
def test_refused_samples(soil, tmp_path, words, said):
    done = run(
        "fractal", soil[0], "--crs", "EPSG:32650", "--out", tmp_path / "o", *words
    )
    assert done.exit_code == 1
    assert said in done.output
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fractal", "--model", "cn"], "C-N counts samples"),
        (["fractal", "--analyte", "Cu_ppm"], "are for samples"),
        (["fractal", "--model", "sa", "--direction", "below"], "leave --direction out"),
        (["singularity", "--sizes", "3,a,5"], "'a' is not a whole number"),
        (["singularity", "--sizes", "3,4,5"], "odd numbers"),
        (["singularity", "--also", "beta"], "no layer 'beta'"),
    ],
)
def test_refused_grids(field, tmp_path, words, said):
    command, *options = words
    done = run(command, field, "--out", tmp_path / "o.tif", *options)
    assert done.exit_code == 1
    assert said in done.output
    assert not (tmp_path / "o.tif").exists()
