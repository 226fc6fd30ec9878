"""The tables of sensors, against measured curves and the agencies' own lists."""

import numpy as np
import pandas as pd
import pytest

from spectral import list_sensors, read_responses, sensor_bands

CURVES = {
    "sentinel2a": "Sentinel-2A/MSI",
    "sentinel2b": "Sentinel-2B/MSI",
    "landsat5": "Landsat-5/TM",
    "landsat7": "Landsat-7/ETM+",
    "landsat8": "Landsat-8/OLI_TIRS",
    "landsat9": "Landsat-9/OLI_TIRS",
    "aster": "Terra/ASTER",
}


def plain(band):
    letters = band.lstrip("B").lstrip("0")
    return {"6H": "6"}.get(letters, letters)


def test_list():
    table = list_sensors()
    assert len(table) >= 18
    assert set(table["kind"]) == {"multispectral", "hyperspectral"}
    assert (table["reference"].str.len() > 20).all()
    assert table.loc["emit", "bands"] == 285
    assert table.loc["gf5_ahsi", "bands"] == 330
    assert table.loc["zy1_ahsi", "bands"] == 166
    assert table.loc["hymap", "bands"] == 126
    imaging = table[table["kind"] == "hyperspectral"]
    assert imaging["note"].str.contains("files carry").all()


@pytest.mark.parametrize("sensor", list_sensors().index)
def test_bands_are_whole(sensor):
    table = sensor_bands(sensor)
    assert table["band"].is_unique
    assert table["wavelength"].between(350, 13_000).all()
    assert (table["fwhm"] > 1).all()
    assert table["wavelength"].is_unique


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("Sentinel-2A", "sentinel2a"),
        ("sentinel2", "sentinel2a"),
        ("S2C", "sentinel2c"),
        ("Landsat 8 OLI", "landsat8"),
        ("WV3", "worldview3"),
        ("GF-5", "gf5_ahsi"),
        ("ZY1-02D", "zy1_ahsi"),
        ("EnMAP", "enmap"),
    ],
)
def test_aliases(alias, name):
    pd.testing.assert_frame_equal(sensor_bands(alias), sensor_bands(name))


def test_aliases_mean_one_sensor_each():
    names = []
    for name, row in list_sensors().iterrows():
        each = {name, *row["aliases"]}
        names += {"".join(c for c in alias.lower() if c.isalnum()) for alias in each}
    assert len(names) == len(set(names))


def test_unknown_sensor():
    with pytest.raises(ValueError, match=r"no sensor 'landsat88'.*'landsat8'"):
        sensor_bands("landsat88")
    with pytest.raises(ValueError, match=r"no sensor '\?'\. Known: \['sentinel2a'"):
        sensor_bands("?")


@pytest.mark.parametrize("sensor", CURVES)
def test_multispectral_bands_are_those_of_the_curves(sensor, real_data):
    folder = real_data("spectral/sensor_responses") / "pyrsr" / CURVES[sensor]
    curves = read_responses(folder)
    measured = pd.DataFrame(
        {"centre": curves["centre"], "fwhm": curves["width"]},
        index=[plain(band) for band in curves["band"].to_numpy()],
    )
    table = sensor_bands(sensor)
    table.index = [plain(band) for band in table["band"]]
    assert set(table.index) == set(measured.index) - {"3B", "6L"}
    both = table.join(measured, suffixes=("", "_measured"))
    assert (both["wavelength"] - both["centre"]).abs().max() <= 0.0512
    assert (both["fwhm"] - both["fwhm_measured"]).abs().max() <= 0.0512


@pytest.mark.parametrize("sensor", ["emit", "enmap", "prisma", "desis"])
def test_imaging_spectrometers_are_near_the_published_centres(sensor, real_data):
    folder = real_data("spectral/sensor_responses") / "hyperspectral_centres"
    published = pd.read_csv(folder / f"{sensor}.csv")
    table = sensor_bands(sensor)
    assert len(table) == len(published)
    assert np.abs(table["wavelength"] - published["wavelength"]).max() < 0.1
    assert np.abs(table["fwhm"] - published["fwhm"]).max() < 0.11


def test_aviris_of_splib07(real_data):
    file = real_data("spectral/usgs_splib07_aviris95") / "s07_AV95_envi.sli"
    rows = np.fromfile(file, "<f4", count=448).reshape(2, 224) * 1000
    table = sensor_bands("aviris")
    np.testing.assert_allclose(table["wavelength"], rows[0], atol=0.051)
    np.testing.assert_allclose(table["fwhm"], rows[1], atol=0.051)
