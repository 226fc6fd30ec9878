import re

import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral.indices import list_indices, spectral_index
from spectral.indices._table import roles

TABLE = list_indices()


def band(values):
    return xr.DataArray(np.atleast_2d(values), dims=("y", "x"))


def test_printed_values_of_ndvi():
    bands = {"red": band([0.05, 0.3, 0.2]), "nir": band([0.45, 0.3, 0.1])}
    found = spectral_index("NDVI", bands)
    np.testing.assert_allclose(found, [[0.8, 0.0, -1 / 3]])
    assert found.name == "ndvi"
    assert found.attrs["units"] == "1"
    assert found.attrs["kind"] == "continuous"
    assert found.attrs["valid_range"] == [-1, 1]
    assert "Rouse" in found.attrs["reference"]


@pytest.mark.parametrize("name", TABLE.index)
def test_each_entry_is_whole_and_equals_plain_arithmetic(name):
    row = TABLE.loc[name]
    assert re.search(r"\((19|20)\d\d\)", row.reference)
    assert row.title
    assert row.low < row.high
    random = np.random.default_rng(1)
    bands = {role: band(random.uniform(0.02, 0.9, 50)) for role in row.bands}
    found = spectral_index(name, bands).values
    pieces = re.split(r"([A-Za-z_]\w*)", row.formula)
    for i in range(1, len(pieces), 2):
        assert pieces[i] in bands
    expected = xr.Dataset(bands).to_dataframe().eval(row.formula).to_numpy()
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-10)
    assert np.nanmin(found) >= row.low
    assert np.nanmax(found) <= row.high
    assert np.isfinite(found).sum() > 20


def test_table_by_domain_and_sensor():
    assert len(TABLE) >= 95
    assert {"geology", "aster", "hyperspectral", "vegetation"} < set(TABLE.domain)
    assert TABLE.loc["iron_oxide", "landsat8"] == "B4 / B2"
    assert TABLE.loc["iron_oxide", "landsat5"] == "B3 / B1"
    assert TABLE.loc["clay_hydroxyl", "sentinel2"] == "B11 / B12"
    assert TABLE.loc["alunite_kaolinite", "aster"] == "(B04 + B06) / B05"
    assert TABLE.loc["al_oh", "worldview3"] == "(SWIR5 + SWIR7) / SWIR6"
    assert TABLE.isna().loc["alunite_kaolinite", "sentinel2"]
    only = list_indices(domain="aster")
    assert set(only.domain) == {"aster"}
    assert only.aster.notna().all()


def test_each_entry_says_what_it_is():
    assert TABLE.zh.str.contains(r"[\u4e00-\u9fff]").all()
    assert TABLE.title.is_unique
    assert TABLE.zh.is_unique
    assert set(TABLE.direction) == {"high", "low"}
    assert TABLE.loc["nbr", "direction"] == "low"
    hyper = TABLE[TABLE.domain == "hyperspectral"]
    assert hyper.bands.explode().str.fullmatch(r"r\d{3,4}").all()
    others = TABLE.drop(hyper.index)
    assert set(others.bands.explode()) <= set(roles())


def test_by_sensor():
    emit = list_indices(sensor="EMIT")
    assert "sentinel2" not in emit
    assert (emit.domain == "hyperspectral").sum() == 17
    assert "quartz" not in emit.index
    assert emit.loc["depth_2200", "bands_used"].startswith("r2205 = B246 (2204.5 nm), ")
    assert emit.loc["clay_hydroxyl", "bands_used"].startswith("swir1 = mean of 13 ")
    landsat = list_indices(domain="geology", sensor="landsat9")
    assert landsat.loc["ferric_oxides", "bands_used"] == (
        "swir1 = B6 (1608.4 nm), nir_narrow = B5 (864.6 nm)"
    )
    for sensor in ("enmap", "prisma", "gf5", "zy1-02d", "aviris", "hymap"):
        found = list_indices(domain="hyperspectral", sensor=sensor)
        assert {"depth_2200", "depth_2335", "depth_900"} <= set(found.index)
    thermal = list_indices(sensor="aster").loc["mafic_thermal", "bands_used"]
    assert thermal.startswith("tir_9100 = B12 (9079.2 nm)")
    with pytest.raises(ValueError, match="no sensor 'emitt'"):
        list_indices(sensor="emitt")


def test_division_by_zero_and_missing_are_missing():
    bands = {"red": band([0.0, np.nan, 0.2]), "nir": band([0.0, 0.5, -0.2])}
    assert np.isnan(spectral_index("ndvi", bands)).all()
    assert np.isnan(spectral_index("nir / 0", bands)).all()


def test_integers_do_not_wrap():
    bands = {"red": band(np.uint8([200])), "nir": band(np.uint8([100]))}
    found = spectral_index("ndvi", bands)
    assert found.item() == pytest.approx(-1 / 3)
    assert found.dtype == "float32"


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(0.1, 1000), seed=st.integers(0, 100))
def test_ratios_do_not_know_the_scale(factor, seed):
    random = np.random.default_rng(seed)
    bands = {role: band(random.uniform(0.1, 1, 9)) for role in ("red", "nir", "swir1")}
    scaled = {role: values * factor for role, values in bands.items()}
    for name in ("ndvi", "gossan", "ferrous_minerals"):
        one, two = spectral_index(name, bands), spectral_index(name, scaled)
        np.testing.assert_allclose(one, two, rtol=1e-9)


def test_lazy_stays_lazy_and_input_unchanged():
    random = np.random.default_rng(0)
    bands = {role: band(random.uniform(0, 1, (20, 30))) for role in ("red", "nir")}
    lazy = {role: values.chunk(y=7) for role, values in bands.items()}
    before = {role: values.copy(deep=True) for role, values in bands.items()}
    found = spectral_index("ndvi", lazy)
    assert found.chunks is not None
    xr.testing.assert_identical(found.compute(), spectral_index("ndvi", bands))
    for role in bands:
        xr.testing.assert_identical(bands[role], before[role])


def test_errors():
    bands = {"red": band([0.1]), "nir": band([0.2])}
    with pytest.raises(ValueError, match=r"no index 'ndv'. Did you mean \['ndvi'"):
        spectral_index("ndv", bands)
    missing = r"needs the bands \['swir1', 'swir2'\].*sentinel2: swir1 = B11"
    with pytest.raises(KeyError, match=missing):
        spectral_index("clay_hydroxyl", bands)
    with pytest.raises(ValueError, match="names no band"):
        spectral_index("1 + 2", bands)
    with pytest.raises(ValueError, match="is not allowed in the formula"):
        spectral_index("open('x')", bands)
    with pytest.raises(ValueError, match="not on one grid"):
        spectral_index("ndvi", {"red": band([0.1]), "nir": band([0.2, 0.3])})
    with pytest.raises(ValueError, match=r"domain must be one of.*'rocks'"):
        list_indices(domain="rocks")


def read(path, number=1):
    with rasterio.open(path) as file:
        values = file.read(number, masked=True).astype("float32")
    return band(values.filled(np.nan))


def test_forest_and_water_of_para(real_data):
    folder = real_data("remote_sensing/landsat5_para")
    red, nir, swir1 = (
        read(folder / f"LT52240631988227CUB02_B{n}.TIF") for n in (3, 4, 5)
    )
    bands = {"red": red, "nir": nir, "swir1": swir1}
    ndvi = spectral_index("ndvi", bands)
    assert float(ndvi.min()) >= -1
    assert float(ndvi.max()) <= 1
    dark = (nir < 25) & (swir1 < 20)
    assert float(ndvi.where(dark).mean()) < 0.2 < float(ndvi.where(~dark).mean())


def test_offset_of_the_amazon_chip_lowers_the_ratio(real_data):
    """The processing offset left in this image pulls ratios towards 1."""
    path = real_data("remote_sensing/sentinel2_amazon") / "sen2.tif"
    bands = {"red": read(path, 4), "nir": read(path, 8)}
    raw = spectral_index("ndvi", bands)
    mended = spectral_index("ndvi", {k: v - 0.1 for k, v in bands.items()})
    assert float(raw.median()) < float(mended.median())
