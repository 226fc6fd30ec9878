"""Means of regions against picking the pixels by hand."""

import geopandas as gpd
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from rasterio.features import rasterize
from shapely.geometry import MultiPoint, Point, Polygon, box

import spectral

CRS = "EPSG:32650"


@pytest.fixture
def cube():
    rng = np.random.default_rng(6)
    values = rng.random((5, 30, 40), dtype="float32")
    values[:, 4, 4] = np.nan
    values[2, 5, 5] = np.nan
    made = xr.DataArray(
        values,
        {
            "wavelength": np.arange(5) * 100.0 + 500,
            "fwhm": ("wavelength", np.full(5, 8.0)),
            "bad_bands": ("wavelength", np.arange(5) == 2),
            "y": 4_000_000 - 30 * (np.arange(30) + 0.5),
            "x": 500_000 + 30 * (np.arange(40) + 0.5),
        },
        ("wavelength", "y", "x"),
        name="scene",
        attrs={"units": "1"},
    )
    return made.rio.write_crs(CRS)


def place(row, column):
    return 500_000 + 30 * (column + 0.5), 4_000_000 - 30 * (row + 0.5)


def polygons(cube):
    shapes = [
        box(500_000, 3_999_700, 500_300, 4_000_000),
        Polygon([place(12, 3), place(20, 30), place(28, 8)]),
        box(500_150, 3_999_600, 500_600, 3_999_900),  # overlaps the first
    ]
    return gpd.GeoDataFrame(
        {"rock": ["clay", "lime", "mica"]}, geometry=shapes, crs=CRS
    )


@pytest.mark.parametrize("chunks", [None, {"y": 7, "x": 11, "wavelength": 2}])
def test_polygons_by_hand(cube, chunks):
    regions = polygons(cube)
    before = cube.copy(deep=True)
    given = cube if chunks is None else cube.chunk(chunks)
    found = spectral.mean_spectra(given, regions, column="rock")
    assert found.dims == ("spectrum", "wavelength")
    assert found["spectrum"].values.tolist() == ["clay", "lime", "mica"]
    good = ~np.isnan(np.delete(cube.values, 2, 0)).any(0)
    for name, shape in zip(regions["rock"], regions.geometry, strict=True):
        inside = rasterize([shape], cube.shape[1:], transform=cube.rio.transform()) > 0
        picked = cube.values[:, inside & good].astype(float)
        one = found.sel(spectrum=name)
        np.testing.assert_allclose(one, picked.mean(1))
        np.testing.assert_allclose(one["uncertainty"], picked.std(1, ddof=1))
        assert one["n"] == picked.shape[1]
        assert one["missing"] == (inside & ~good).sum()
    assert found["fwhm"].values.tolist() == [8] * 5
    assert found["bad_bands"].values[2]
    xr.testing.assert_identical(cube, before)
    spectral.check_cube(found)


def test_points_and_other_systems(cube):
    rows = [(0, 0, "a"), (3, 7, "a"), (29, 39, "b")]
    points = gpd.GeoDataFrame(
        {"name": [name for *_, name in rows]},
        geometry=[Point(place(*pair)) for *pair, _ in rows],
        crs=CRS,
    )
    found = spectral.mean_spectra(cube, points, column="name")
    assert found["n"].values.tolist() == [2, 1]
    np.testing.assert_allclose(
        found.sel(spectrum="a"),
        cube.values[:, [0, 3], [0, 7]].astype(float).mean(1),
    )
    assert np.isnan(found["uncertainty"].sel(spectrum="b")).all()
    far = spectral.mean_spectra(cube, points.to_crs(4326), column="name")
    xr.testing.assert_allclose(found, far)
    together = gpd.GeoDataFrame(
        geometry=[MultiPoint([place(0, 0), place(3, 7), place(3, 7)])], crs=CRS
    )
    once = spectral.mean_spectra(cube, together)
    np.testing.assert_allclose(once[0], found.sel(spectrum="a"))
    assert once["spectrum"].values.tolist() == ["0"]


def test_labels_equal_polygons(cube):
    regions = polygons(cube).iloc[:2]
    burnt = rasterize(
        [(shape, i + 1) for i, shape in enumerate(regions.geometry)],
        cube.shape[1:],
        transform=cube.rio.transform(),
    ).astype(float)
    burnt[burnt == 0] = np.nan
    labels = xr.DataArray(
        burnt, {"y": cube.y, "x": cube.x}, ("y", "x"),
        attrs={"classes": {1: "clay", 2: "lime"}},
    )  # fmt: skip
    one = spectral.mean_spectra(cube, labels)
    xr.testing.assert_allclose(one, spectral.mean_spectra(cube, regions, column="rock"))
    assert "left out" in one.attrs["notes"][0]


def test_only_blocks_with_pixels_are_read(cube):
    read = []

    def watched(block, block_info=None):
        read.append(block_info[0]["chunk-location"])
        return block

    lazy = cube.chunk({"y": 10, "x": 10, "wavelength": -1})
    lazy = lazy.copy(
        data=lazy.data.map_blocks(watched, dtype="f4", meta=np.empty(0, "f4"))
    )
    points = gpd.GeoDataFrame(geometry=[Point(place(25, 35))], crs=CRS)
    spectral.mean_spectra(lazy, points)
    assert read == [(0, 2, 3)]


def test_regions_that_hold_nothing(cube):
    shapes = [
        box(0, 0, 1, 1),
        Point(place(4, 4)),
        box(500_001, 3_999_999, 500_002, 4e6),
    ]
    regions = gpd.GeoDataFrame({"n": ["far", "gap", "thin"]}, geometry=shapes, crs=CRS)
    with pytest.raises(
        ValueError,
        match=r"3 of 3 regions hold no spectrum: far \(no pixel\), gap \(1 pixels, all "
        r"with missing values\), thin",
    ):
        spectral.mean_spectra(cube, regions, column="n")
    with pytest.raises(ValueError, match="there are no regions"):
        spectral.mean_spectra(cube, regions.iloc[:0])


def test_regions_that_do_not_fit(cube):
    regions = polygons(cube)
    with pytest.raises(
        ValueError, match=r"no column 'Rock': the regions have \['rock'\]"
    ):
        spectral.mean_spectra(cube, regions, column="Rock")
    with pytest.raises(ValueError, match="the regions have no CRS"):
        spectral.mean_spectra(cube, regions.set_crs(None, allow_override=True))
    with pytest.raises(ValueError, match="the cube has no CRS"):
        spectral.mean_spectra(cube.drop_vars("spatial_ref"), regions)
    with pytest.raises(TypeError, match="GeoDataFrame of polygons or points"):
        spectral.mean_spectra(cube, [1, 2])
    labels = xr.DataArray(np.ones((3, 3)), dims=("y", "x"))
    with pytest.raises(ValueError, match="on other pixels"):
        spectral.mean_spectra(cube, labels)
    half = xr.DataArray(np.full((30, 40), 0.5), dims=("y", "x"))
    with pytest.raises(ValueError, match=r"whole numbers; got 0\.5"):
        spectral.mean_spectra(cube, half)
    with pytest.raises(ValueError, match="dimensions wavelength, y, x"):
        spectral.mean_spectra(cube[:, 0], regions)
