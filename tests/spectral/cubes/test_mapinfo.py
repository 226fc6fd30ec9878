"""Where an ENVI image lies, as GDAL has it."""

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401

import spectral

VALUES = np.full((3, 4, 5), 0.3)
WKT = (
    '{PROJCS["UTM_Zone_50N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID['
    '"WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",'
    '0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",'
    '500000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],'
    'PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]}'
)


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ("{UTM, 1, 1, 5e5, 4e6, 30, 20, 11, North, WGS-84, units=Meters}", 32611),
        ("{UTM, 1.0, 1.0, 5e5, 4e6, 30, 30, 11, South, WGS-84}", 32711),
        ("{utm, 1.5, 1.5, 5e5, 4e6, 30, 30, 11, north, North America 1927}", 26711),
        ("{UTM, 3, 2, 5e5, 4e6, 30, 30, 11, North, North America 1983}", 26911),
        ("{Geographic Lat/Lon, 1, 1, -110.5, 35.2, 0.001, 0.001, WGS-84}", 4326),
        ("{Arbitrary, 1, 1, 0, 0, 2, 2, 0, North}", None),
    ],
)
def test_places_as_gdal_has_them(write_envi, tmp_path, info, code):
    path = write_envi(tmp_path, VALUES, map_info=info)
    cube = spectral.open_cube(path)
    with rasterio.open(path) as dataset:
        np.testing.assert_allclose(cube.rio.transform()[:6], dataset.transform[:6])
    assert (cube.rio.crs and cube.rio.crs.to_epsg()) == code
    assert cube.attrs["notes"] == []


def test_esri_text_is_recognised(write_envi, tmp_path):
    info = "{UTM_Zone_50N, 1, 1, 500000, 4000000, 30, 30, units=Meters}"
    path = write_envi(tmp_path, VALUES, map_info=info, coordinate_system_string=WKT)
    assert spectral.open_cube(path).rio.crs.to_epsg() == 32650


def test_rotated_images_have_no_map_coordinates(write_envi, tmp_path):
    info = "{UTM, 1, 1, 500000, 4000000, 30, 30, 11, North, WGS-84, rotation=25.5}"
    cube = spectral.open_cube(write_envi(tmp_path, VALUES, map_info=info))
    assert cube.rio.crs is None
    assert cube["x"].values.tolist() == [0, 1, 2, 3, 4]
    assert "rotated by 25.5 degrees" in cube.attrs["notes"][0]
    for name in ("b.img", "b.tif"):
        saved = spectral.save_cube(cube, tmp_path / name)
        with (
            rasterio.open(saved) as one,
            rasterio.open(tmp_path / "scene.img") as other,
        ):
            np.testing.assert_allclose(one.transform, other.transform)
        again = spectral.open_cube(saved)
        np.testing.assert_allclose(
            again.attrs["map_transform"], cube.attrs["map_transform"]
        )
        assert again.attrs["map_crs"] == "EPSG:32611"


def test_unknown_systems_are_told(write_envi, tmp_path):
    info = "{Albers Conical Equal Area, 1, 1, 500000, 4000000, 30, 30, WGS-84}"
    path = write_envi(tmp_path, VALUES, map_info=info)
    cube = spectral.open_cube(path)
    assert "cannot be told from 'map info' alone: give crs=" in cube.attrs["notes"][0]
    assert cube["x"].values[0] == 500015
    assert spectral.open_cube(path, crs="EPSG:5070").rio.crs.to_epsg() == 5070


def test_contradictions_and_damage(write_envi, tmp_path):
    info = "{UTM, 1, 1, 500000, 4000000, 30, 30, 11, North, WGS-84}"
    path = write_envi(tmp_path, VALUES, map_info=info)
    with pytest.raises(ValueError, match="declares WGS 84 / UTM zone 11N, crs= says"):
        spectral.open_cube(path, crs="EPSG:32650")
    assert spectral.open_cube(path, crs="EPSG:32611").rio.crs.to_epsg() == 32611
    path = write_envi(tmp_path, VALUES, map_info="{UTM, 1, 1, 500000}")
    with pytest.raises(ValueError, match="'map info' needs a projection"):
        spectral.open_cube(path)
    path = write_envi(tmp_path, VALUES, map_info=info, coordinate_system_string="{x}")
    with pytest.raises(ValueError, match="'coordinate system string' cannot be read"):
        spectral.open_cube(path)
    path = write_envi(tmp_path, VALUES)
    with pytest.raises(ValueError, match="has no georeference"):
        spectral.open_cube(path, crs="EPSG:32650")
