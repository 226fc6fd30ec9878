"""Indices of cubes: which bands are taken, by name and by wavelength."""

import dask.array
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from spectral import resample, sensor_bands
from spectral.indices import list_indices, spectral_index
from spectral.indices._pick import plain_name


def made_cube(sensor=None, *, wavelength=None, dtype="float32", seed=0):
    rng = np.random.default_rng(seed)
    coords = {}
    if sensor is not None:
        table = sensor_bands(sensor).sort_values("wavelength")
        wavelength = table["wavelength"].to_numpy()
        coords["band"] = ("wavelength", table["band"].to_numpy(object).astype(str))
    values = rng.uniform(0.05, 0.6, (len(wavelength), 4, 5)).astype(dtype)
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={"wavelength": wavelength, "y": np.arange(4.0), "spatial_ref": 0}
        | coords,
        name="scene",
    )


@pytest.mark.parametrize("sensor", ["sentinel2a", "landsat8", "aster", "worldview3"])
def test_by_name_is_the_formula_in_the_bands(sensor):
    cube = made_cube(sensor)
    table = list_indices(sensor=sensor)
    assert len(table) > 15
    family = {"sentinel2a": "sentinel2"}.get(sensor, sensor)
    texts = list_indices()[family].dropna()
    assert set(texts.index) <= set(table.index)
    for name, text in texts.items():
        found = spectral_index(name, cube, sensor=sensor)
        values = {
            str(band): cube[i].to_numpy() for i, band in enumerate(cube.band.to_numpy())
        }
        expected = pd.eval(text, local_dict={k: v.ravel() for k, v in values.items()})
        np.testing.assert_allclose(found.to_numpy().ravel(), expected, rtol=2e-4)
        assert found.dims == ("y", "x")
        assert found.dtype == "float32"


def test_sensor_from_the_attrs_and_spelling_of_bands():
    cube = made_cube("sentinel2b").assign_attrs(sensor="Sentinel-2B MSI")
    found = spectral_index("ndvi", cube)
    assert found.attrs["bands_used"] == "nir = B08 (832.9 nm), red = B04 (664.9 nm)"
    names = [
        name.replace("B0", "Band ").replace("B", "band")
        for name in cube.band.to_numpy()
    ]
    other = cube.assign_coords(band=("wavelength", names))
    np.testing.assert_array_equal(found, spectral_index("ndvi", other))
    strange = cube.assign_attrs(sensor="unheard of")
    np.testing.assert_array_equal(found, spectral_index("ndvi", strange))


@pytest.mark.parametrize(
    ("one", "other"),
    [("B08", "band_8"), ("B8A", "8a"), ("SWIR5", "swir 5"), ("B", "b")],
)
def test_plain_names(one, other):
    assert plain_name(one) == plain_name(other)


def test_bands_called_by_their_role():
    cube = made_cube(wavelength=[620.0, 800.0, 900.0])
    cube = cube.assign_coords(band=("wavelength", ["red", "other", "nir"]))
    found = spectral_index("ndvi", cube)
    np.testing.assert_allclose(found, (cube[2] - cube[0]) / (cube[2] + cube[0]))


def test_by_wavelength_nearest_and_mean():
    wavelength = np.arange(400.0, 2500.0, 8)
    cube = made_cube(wavelength=wavelength, dtype="float64")
    at = [int(np.abs(wavelength - nm).argmin()) for nm in (2125, 2205, 2245)]
    low, centre, high = cube.to_numpy()[at]
    share = (2245 - 2205) / (2245 - 2125)
    expected = 1 - centre / (share * low + (1 - share) * high)
    found = spectral_index("depth_2200", cube)
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert found.attrs["bands_used"] == (
        "r2205 = 2208.0 nm, r2125 = 2128.0 nm, r2245 = 2248.0 nm"
    )
    broad = spectral_index("clay_hydroxyl", cube)
    one = cube.sel(wavelength=slice(1595, 1685)).mean("wavelength")
    two = cube.sel(wavelength=slice(2110, 2290)).mean("wavelength")
    np.testing.assert_allclose(broad, one / two, rtol=1e-12)
    assert "swir2 = mean of 23 channels, 2112-2288 nm" in broad.attrs["bands_used"]


def test_depth_of_a_made_feature_is_its_depth():
    x = np.arange(2000.0, 2450.0, 1)
    continuum = 0.2 + 1e-4 * (x - 2000)
    feature = 1 - 0.3 * np.exp(-0.5 * ((x - 2205) / 8) ** 2)
    spectrum = xr.DataArray(
        continuum * feature, dims="wavelength", coords={"wavelength": x}
    )
    assert spectral_index("depth_2200", spectrum).item() == pytest.approx(0.3, abs=1e-3)
    plain = spectrum.copy(data=continuum)
    assert spectral_index("depth_2200", plain).item() == pytest.approx(0, abs=1e-4)


def test_lazy_equals_in_memory_and_input_unchanged():
    cube = made_cube(wavelength=np.arange(400.0, 2500.0, 8))
    cube[30, 1, 1] = np.nan
    before = cube.copy(deep=True)
    for name in ("ndvi", "depth_2335", "clay_hydroxyl", "al_oh"):
        whole = spectral_index(name, cube)
        lazy = spectral_index(name, cube.chunk({"wavelength": 50, "y": 3}))
        assert isinstance(lazy.data, dask.array.Array)
        xr.testing.assert_identical(lazy.compute(), whole)
        assert "spatial_ref" in whole.coords
        assert "wavelength" not in whole.coords
    xr.testing.assert_identical(cube, before)
    assert spectral_index("ndvi", cube).isnull().sum() == 1  # noqa: PD003


def test_in_blocks_is_the_same(monkeypatch):
    from spectral.indices import _compute

    cube = made_cube(wavelength=np.arange(400.0, 2500.0, 8))
    expected = [spectral_index(name, cube) for name in ("evi", "clay_hydroxyl")]
    monkeypatch.setattr(_compute, "BLOCK", 3)
    for each, name in zip(expected, ("evi", "clay_hydroxyl"), strict=True):
        xr.testing.assert_identical(spectral_index(name, cube), each)
    turned = spectral_index("evi", cube.transpose("x", "y", "wavelength"))
    xr.testing.assert_allclose(turned.transpose("y", "x"), expected[0])


def test_library_and_formulas_of_channels_and_bands():
    cube = made_cube("aster")
    library = cube.isel(y=0, drop=True).rename(x="spectrum").transpose()
    found = spectral_index("B04 / B06", library)
    assert found.dims == ("spectrum",)
    np.testing.assert_allclose(found, cube[3, 0] / cube[5, 0], rtol=1e-6)
    ratio = spectral_index("r2165 / r2205", library)
    np.testing.assert_allclose(ratio, cube[4, 0] / cube[5, 0], rtol=1e-6)


def test_bad_bands_are_not_taken():
    wavelength = np.arange(400.0, 2500.0, 8)
    bad = (wavelength > 2190) & (wavelength < 2210)
    cube = made_cube(wavelength=wavelength).assign_coords(bad_bands=("wavelength", bad))
    found = spectral_index("r2185 / r2215", cube)
    assert found.attrs["bands_used"] == "r2185 = 2184.0 nm, r2215 = 2216.0 nm"
    with pytest.raises(KeyError, match=r"r2200 \(2190-2210 nm; nearest good band 2"):
        spectral_index("r2200 / r2250", cube)
    named = made_cube("sentinel2a").assign_coords(
        bad_bands=("wavelength", [name == "B04" for name in sensor_bands("s2").band])
    )
    with pytest.raises(KeyError, match="red: band B04 is marked bad"):
        spectral_index("ndvi", named, sensor="sentinel2a")


def test_mapping_by_own_names_of_bands():
    cube = made_cube("sentinel2a")
    bands = {
        str(b.to_numpy()): cube[i].drop_vars("band") for i, b in enumerate(cube.band)
    }
    bands = {name: band.drop_vars("wavelength") for name, band in bands.items()}
    found = spectral_index("ndvi", bands, sensor="Sentinel-2A")
    np.testing.assert_array_equal(
        found, spectral_index("ndvi", cube, sensor="sentinel2a")
    )


def test_errors():
    short = made_cube(wavelength=np.arange(400.0, 1000.0, 8))
    lacking = r"lacks \(400-992 nm\): r2205 \(2195-2215 nm; nearest good band 992 nm\)"
    with pytest.raises(KeyError, match=lacking):
        spectral_index("depth_2200", short)
    with pytest.raises(KeyError, match=r"foo \(no role, no channel such as r2200\)"):
        spectral_index("foo / red", short)
    with pytest.raises(ValueError, match="no sensor 'sentinel'"):
        spectral_index("ndvi", short, sensor="sentinel")
    with pytest.raises(TypeError, match="holds int16"):
        spectral_index("ndvi", (short * 1e4).astype("int16"))


def test_minerals_of_splib07_stand_out(real_data):
    """Each depth is deepest in the minerals it is named after."""
    folder = real_data("spectral/usgs_splib07_1nm_rules")
    table = pd.read_csv(folder / "splib07_77_reference_spectra_1nm.csv")
    x = np.array([float(name[:-2]) for name in table.columns[2:]])
    library = xr.DataArray(
        table.iloc[:, 2:].to_numpy(float),
        dims=("spectrum", "wavelength"),
        coords={
            "wavelength": x,
            "spectrum": table["splib07_record"].to_numpy(object).astype(str),
        },
    )
    others = ("Melting", "Engel", "Lodge", "Grass", "Rangeland", "Seawater", "Water")
    minerals = [not name.startswith(others) for name in library["spectrum"].to_numpy()]
    emit = resample(library[minerals], sensor="emit")
    first = {
        "depth_gypsum": "Gypsum",
        "depth_ammonium": "Buddingtonite",
        "depth_2165": "Pyrophyllite",
        "depth_2200": ("Halloysite", "Dickite", "Kaolinite"),
        "depth_2250": ("Epidote", "Clinochlore"),
        "depth_jarosite": "Jarosite",
        "depth_2310": "Talc",
        "depth_2335": ("Epidote", "Calcite"),
    }
    for name, minerals in first.items():
        found = spectral_index(name, emit).to_series().dropna()
        assert found.idxmax().startswith(minerals), (name, found.idxmax())


def test_emit_image(real_data):
    file = real_data("spectral/emit_10x10") / "emit20250324t221005_jpl_unmix_ex"
    values = np.fromfile(file, "<f4").reshape(10, 285, 10).transpose(1, 0, 2)
    cube = xr.DataArray(
        np.where(values < -9, np.nan, values),
        dims=("wavelength", "y", "x"),
        coords={"wavelength": sensor_bands("emit")["wavelength"].to_numpy()},
    )
    ndvi = spectral_index("ndvi", cube)
    red = cube.sel(wavelength=slice(640, 680)).mean("wavelength")
    nir = cube.sel(wavelength=slice(790, 890)).mean("wavelength")
    np.testing.assert_allclose(ndvi, (nir - red) / (nir + red), rtol=1e-4)
    assert 0 < float(ndvi.median()) < 0.8
