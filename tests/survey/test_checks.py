"""Checks raise with a remedy and let pass what is right."""

import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401
import xarray as xr

from survey import (
    check_columns,
    check_projected,
    check_same_grid,
    make_geobox,
    read_features,
)


def points(longitude, latitude, crs=4326):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(longitude, latitude, crs=crs))


def grid(west=0, north=400, size=100, shape=(4, 4), crs="EPSG:32650"):
    x = west + size * (np.arange(shape[1]) + 0.5)
    y = north - size * (np.arange(shape[0]) + 0.5)
    values = xr.DataArray(np.zeros(shape), coords={"y": y, "x": x}, dims=("y", "x"))
    return values.rio.write_crs(crs)


def test_columns():
    table = pd.DataFrame(columns=["Cu_ppm", "Zn_ppm"])
    check_columns(table, "Cu_ppm")
    check_columns(table, ["Zn_ppm", "Cu_ppm"])
    with pytest.raises(ValueError, match=r"a.csv: no column 'Cu_ppb' .*'Cu_ppm'"):
        check_columns(table, ["Zn_ppm", "Cu_ppb"], where="a.csv")
    with pytest.raises(ValueError, match="columns are: Cu_ppm, Zn_ppm"):
        check_columns(table, "depth")


def test_projected_data_pass_with_their_system():
    assert check_projected("EPSG:32650").to_epsg() == 32650
    assert check_projected(points([5e5], [4e6], crs=32650)).to_epsg() == 32650
    assert check_projected(grid()).to_epsg() == 32650
    box = make_geobox((0, 400, 0, 400), crs="EPSG:32650", resolution=100)
    assert check_projected(box).to_epsg() == 32650


@pytest.mark.parametrize(
    ("place", "crs", "code"),
    [
        ((116.4, 39.9), 4490, "EPSG:4548"),
        ((116.4, 39.9), 4326, "EPSG:32650"),
        ((118.2, -34.3), 4283, "EPSG:28350"),
        ((118.2, -34.3), 7844, "EPSG:7850"),
    ],
)
def test_degrees_are_refused_with_a_system_that_suits(place, crs, code):
    with pytest.raises(ValueError, match=r"distance needs metres.*degrees") as caught:
        check_projected(points([place[0]], [place[1]], crs=crs))
    assert code in str(caught.value)


def test_wide_data_are_not_sent_to_one_zone(real_data):
    folder = real_data("mpm/gawler_vectors")
    faults = read_features(folder / "gairdner_dolerite.shp")
    wide = points([113, 153], [-30, -30], crs=4283)
    with pytest.raises(ValueError, match="40 degrees of longitude"):
        check_projected(wide)
    with pytest.raises(ValueError, match="EPSG:283"):
        check_projected(faults)


def test_other_units_and_no_system_are_refused():
    with pytest.raises(ValueError, match="US survey foot"):
        check_projected("EPSG:2225", what="density_of")
    with pytest.raises(ValueError, match="no CRS is declared"):
        check_projected(points([5e5], [4e6], crs=None))


def test_same_grid_passes():
    check_same_grid()
    check_same_grid(grid(), grid(), grid().rename("other"))
    euref = 'PROJCS["EUREF_FIN_TM35FIN",' + _rest_of_tm35fin()
    check_same_grid(grid(crs="EPSG:25835"), grid(crs=euref))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (grid(size=50, shape=(8, 8)), "cells of 50 × 50 instead of 100 × 100"),
        (grid(shape=(4, 5)), "4 × 5 cells .* instead of 4 × 4"),
        (grid(west=30), r"corner moved by \(30, 0\)"),
        (grid(crs="EPSG:32651"), "EPSG:32651 instead of EPSG:32650"),
    ],
)
def test_other_grids_are_refused_with_the_call_that_helps(other, message):
    before = other.copy(deep=True)
    with pytest.raises(ValueError, match=message) as caught:
        check_same_grid(grid(), grid(), other.rename("Cu"))
    assert "survey.match_grid" in str(caught.value)
    assert "grid 3 ('Cu')" in str(caught.value)
    xr.testing.assert_identical(other, before)


def _rest_of_tm35fin():
    return (
        'GEOGCS["GCS_EUREF_FIN",DATUM["D_ETRS_1989",SPHEROID["GRS_1980",6378137.0,'
        '298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
        'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],'
        'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",27.0],'
        'PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],'
        'UNIT["Meter",1.0]]'
    )


def test_a_grid_tells_its_system_whatever_was_imported_before():
    code = (
        "import numpy as np\n"
        "from odc.geo.geobox import GeoBox\n"
        "from odc.geo.xr import wrap_xr\n"
        "from survey import check_projected\n"
        "box = GeoBox.from_bbox((0, 0, 20, 20), 'EPSG:32650', resolution=10)\n"
        "print(check_projected(wrap_xr(np.zeros((2, 2)), box)).to_epsg())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "32650"
