"""Making the district again gives what is committed."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import rasterio

GRIDS = [
    "geophysics/magnetics.tif",
    "geophysics/gravity.tif",
    "terrain/elevation.tif",
    "imagery/sentinel2.tif",
    "imagery/swir_strip.img",
    "other/soil_ph.tif",
    "other/rainfall.tif",
    "truth/prospectivity.tif",
    "truth/alteration.tif",
    "truth/mineral_cover.tif",
]
BY_HAND = {"README.md", "district.toml", "geochemistry.toml"}


def files_of(folder):
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    return {name for name in found if not name.startswith("result")}


def test_same_files(folder, rebuilt):
    assert files_of(rebuilt) | BY_HAND == files_of(folder)


@pytest.mark.parametrize("name", GRIDS)
def test_same_grids(name, folder, rebuilt):
    with rasterio.open(folder / name) as old, rasterio.open(rebuilt / name) as new:
        assert (old.crs, old.transform, old.dtypes) == (
            new.crs,
            new.transform,
            new.dtypes,
        )
        before, after = old.read().astype(float), new.read().astype(float)
    # rounding may fall to the other side on another processor
    np.testing.assert_allclose(after, before, atol=1.01 * np.ptp(before) / 500)
    assert np.mean(after == before) > 0.999


def test_same_tables(folder, rebuilt):
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.csv"))
    assert len(names) == 10
    for name in names:
        encoding = "gbk" if "gbk" in name.name else "utf-8"
        old = pd.read_csv(folder / name, encoding=encoding)
        new = pd.read_csv(rebuilt / name, encoding=encoding)
        pd.testing.assert_frame_equal(new, old, rtol=1e-3, obj=str(name))


def test_same_geology(folder, rebuilt):
    path = "geology/geology.gpkg"
    layers = [name for name, _ in pyogrio.list_layers(folder / path)]
    assert layers == ["units", "faults", "alteration", "roads", "rivers"]
    for layer in layers:
        old = gpd.read_file(folder / path, layer=layer)
        new = gpd.read_file(rebuilt / path, layer=layer)
        assert new.crs == old.crs
        pd.testing.assert_frame_equal(
            new.drop(columns="geometry"), old.drop(columns="geometry")
        )
        assert new.geometry.geom_equals_exact(old.geometry, 0.01).all()


def test_small_enough(folder):
    files = [path for path in folder.parent.rglob("*") if path.is_file()]
    assert (
        sum(path.stat().st_size for path in files if "__pycache__" not in str(path))
        < 8e6
    )
