"""Stacks whose wavelengths stand in descriptions, tags of bands or of the file."""

import numpy as np
import pytest
import rasterio
import rioxarray  # noqa: F401
from affine import Affine

import spectral

WAVES = [490.0, 560.0, 842.0]
VALUES = np.arange(3 * 20 * 30, dtype="float32").reshape(3, 20, 30) / 2000


def write(folder, values=VALUES, *, named=None, tags=None, whole=None, **profile):
    path = folder / "stack.tif"
    options = {
        "driver": "GTiff", "width": values.shape[2], "height": values.shape[1],
        "count": len(values), "dtype": values.dtype, "crs": "EPSG:32650",
        "transform": Affine(10, 0, 5e5, 0, -10, 4e6),
    } | profile  # fmt: skip
    with rasterio.open(path, "w", **options) as dataset:
        dataset.write(values)
        for i in range(len(values)):
            if named:
                dataset.set_band_description(i + 1, named[i])
            for space, entries in (tags or {}).items():
                dataset.update_tags(i + 1, ns=space or None, **entries[i])
        dataset.update_tags(**(whole or {}))
    return path


@pytest.mark.parametrize(
    "told",
    [
        {"named": [f"B{i} reflectance, {w:g} nm" for i, w in enumerate(WAVES)]},
        {"named": [f"{w / 1000:g} micrometers" for w in WAVES]},
        {"named": [f"Band {i} ({w} Nanometers)" for i, w in enumerate(WAVES)]},
        {"named": [f"wavelength={w}" for w in WAVES]},
        {"named": [str(w) for w in WAVES]},
        {"tags": {"": [{"wavelength": str(w)} for w in WAVES]}},
        {"tags": {"": [{"center_wavelength": f"{w} nm"} for w in WAVES]}},
        {
            "tags": {
                "": [
                    {"wavelength": f"{w / 1000}", "wavelength_units": "Micrometers"}
                    for w in WAVES
                ]
            }
        },
        {
            "tags": {
                "IMAGERY": [{"CENTRAL_WAVELENGTH_UM": str(w / 1000)} for w in WAVES]
            }
        },
        {"whole": {"wavelength": "490, 560, 842"}},
        {"whole": {"wavelengths": "{0.49, 0.56, 0.842}"}},
        {"whole": {f"Band_{i}": f"{w} Nanometers" for i, w in enumerate(WAVES, 1)}},
    ],
)
def test_wavelengths_from_everywhere(tmp_path, told):
    cube = spectral.open_cube(write(tmp_path, **told))
    np.testing.assert_allclose(cube["wavelength"], WAVES)
    np.testing.assert_array_equal(cube, VALUES)
    assert cube.rio.crs.to_epsg() == 32650
    assert cube.rio.transform() == Affine(10, 0, 5e5, 0, -10, 4e6)


@pytest.mark.parametrize("named", [None, ["B2", "B3", "B8"], ["1", "2", "3"]])
def test_without_wavelengths(tmp_path, named):
    path = write(tmp_path, named=named)
    with pytest.raises(ValueError, match="says no wavelengths of its 3 bands"):
        spectral.open_cube(path)
    cube = spectral.open_cube(path, wavelength=WAVES, fwhm=[60, 30, 100])
    assert cube["fwhm"].values.tolist() == [60, 30, 100]
    if named and named[0] == "B2":
        by_name = spectral.open_cube(
            path, wavelength={"B8": 842, "B2": 490, "B3": 560, "B4": 665}
        )
        assert by_name["wavelength"].values.tolist() == WAVES
        assert by_name["band"].values.tolist() == named


def test_widths_and_marks(tmp_path):
    tags = [
        {"wavelength": str(w), "fwhm": "20", "bbl": "0" if w == 560 else "1"}
        for w in WAVES
    ]
    cube = spectral.open_cube(write(tmp_path, tags={"": tags}))
    assert cube["fwhm"].values.tolist() == [20, 20, 20]
    assert cube["bad_bands"].values.tolist() == [False, True, False]


@pytest.mark.parametrize(
    "profile",
    [
        {},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "interleave": "pixel"},
        {"tiled": True, "blockxsize": 16, "blockysize": 16, "interleave": "band",
         "compress": "deflate"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("chunks", ["auto", 3, {"y": 6, "x": 7, "wavelength": 1}])
def test_layouts_and_blocks(tmp_path, profile, chunks):
    path = write(tmp_path, whole={"wavelength": "842, 490, 560"}, **profile)
    cube = spectral.open_cube(path, chunks=chunks)
    np.testing.assert_array_equal(cube, VALUES[[1, 2, 0]])
    np.testing.assert_array_equal(
        cube[[2, 0], 3:11:2, ::-4], VALUES[[0, 1], 3:11:2, ::-4]
    )


def test_declared_scale_and_gaps(tmp_path):
    stored = (VALUES * 10000).round().astype("uint16")
    path = write(
        tmp_path,
        stored,
        nodata=0,
        whole={"wavelength": "490, 560, 842", "wavelength_units": "nm"},
    )
    with rasterio.open(path, "r+") as dataset:
        dataset.scales = [0.0001] * 3
    cube = spectral.open_cube(path)
    wanted = (stored / 10000).astype("float32")
    np.testing.assert_array_equal(cube, np.where(stored == 0, np.nan, wanted))
    assert cube.attrs["notes"] == ["values were divided by 10000 (declared: 0.0001)"]
    with rasterio.open(path, "r+") as dataset:
        dataset.offsets = [-0.1] * 3
    cube = spectral.open_cube(path)
    np.testing.assert_allclose(cube.values[1], wanted[1] - 0.1, rtol=1e-5)


def test_rows_from_the_south_are_turned(tmp_path):
    path = write(
        tmp_path, whole={"wavelength": "490, 560, 842"},
        transform=Affine(10, 0, 5e5, 0, 10, 4e6),
    )  # fmt: skip
    cube = spectral.open_cube(path, chunks=7)
    np.testing.assert_array_equal(cube, VALUES[:, ::-1])
    assert cube["y"].values[0] == 4e6 + 195
    assert any("turned round" in note for note in cube.attrs["notes"])


def test_cut_short_and_foreign_files(tmp_path):
    path = write(tmp_path, whole={"wavelength": "490, 560, 842"})
    cube = spectral.open_cube(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match="has changed since it was opened"):
        cube.compute()
    with pytest.raises(ValueError, match="cannot be read"):
        spectral.open_cube(path)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match="is empty"):
        spectral.open_cube(path)
    text = tmp_path / "notes.txt"
    text.write_text("nothing")
    with pytest.raises(ValueError, match=r"is no cube that can be read.*notes\.hdr"):
        spectral.open_cube(text)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        spectral.open_cube(tmp_path / "none.img")
    mixed = write(tmp_path, VALUES.astype("complex64"))
    with pytest.raises(ValueError, match="complex64 values"):
        spectral.open_cube(mixed)


def test_scenes_of_satellites(real_data):
    landsat = real_data("remote_sensing/landsat7_olinda") / "L7_ETMs.tif"
    waves = [483, 560, 662, 835, 1648, 2206]
    with pytest.raises(ValueError, match="uint8 up to 255"):
        spectral.open_cube(landsat, wavelength=waves)
    cube = spectral.open_cube(landsat, wavelength=waves, scale=1)
    with rasterio.open(landsat) as dataset:
        np.testing.assert_array_equal(cube, dataset.read())
    sentinel = real_data("remote_sensing/sentinel2_amazon") / "sen2.tif"
    table = spectral.sensor_bands("sentinel2a").set_index("band")["wavelength"]
    cube = spectral.open_cube(sentinel, wavelength=table)
    assert cube.sizes["wavelength"] == 12
    assert cube["band"].values.tolist()[-1] == "B12"


def test_synthetic_scene():
    cube = spectral.open_cube("data_samples/synthetic_district/imagery/sentinel2.tif")
    assert cube["wavelength"].values.tolist() == [490, 560, 665, 842, 1610, 2190]
    assert cube["band"].values.tolist() == ["B02", "B03", "B04", "B08", "B11", "B12"]
    assert 0 < float(cube.min()) < float(cube.max()) < 1.2
