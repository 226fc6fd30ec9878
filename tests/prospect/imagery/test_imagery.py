"""Evidence from images: by minerals of fine bands, by ratios of broad ones."""

import numpy as np
import pytest
import xarray as xr

from prospect.imagery import alteration_evidence, list_zones, mineral_evidence
from prospect.imagery._mineral import rules_of
from spectral import open_cube, sensor_bands
from spectral.indices import spectral_index
from spectral.mapping import alteration_zones, identify_minerals, read_mineral_rules

FINE = np.arange(2000.0, 2500.0, 8.0)


def dip(centre, depth, width=16):
    return 1 - depth * np.exp(-(((FINE - centre) / width) ** 2))


@pytest.fixture(scope="module")
def fine():
    """Rows: plain ground, deepening muscovite, calcite; one pixel missing."""
    values = np.full((FINE.size, 3, 8), 0.4)
    for i in range(8):
        values[:, 1, i] *= dip(2208, 0.04 * i) * dip(2350, 0.015 * i, 20)
        values[:, 2, i] *= dip(2338, 0.2, 20) * dip(2300, 0.05, 30)
    values[:, 0, 0] = np.nan
    return xr.DataArray(
        values.astype("float32"),
        dims=("wavelength", "y", "x"),
        coords={"wavelength": FINE, "fwhm": ("wavelength", np.full(FINE.size, 9.0))},
    )


@pytest.fixture(scope="module")
def broad():
    """An ASTER scene: clay in a corner, leaves in another, water along an edge."""
    rng = np.random.default_rng(6)
    table = sensor_bands("aster")
    table = table[table["wavelength"] < 3000].sort_values("wavelength")
    names = [name for name in table["band"] if name != "B3B"]
    table = table.set_index("band").loc[names]
    values = 0.3 + rng.normal(0, 0.004, (len(names), 40, 50))
    place = {name: i for i, name in enumerate(names)}
    values[place["B05"], :10, :10] *= 0.8
    values[place["B06"], :10, :10] *= 0.85
    values[place["B3N"], 30:, :20] = 0.5
    values[place["B02"], 30:, :20] = 0.05
    values[:, :, 45:] = 0.02
    values[place["B01"], :, 45:] = 0.06
    values[:, 20, 20] = np.nan
    return xr.DataArray(
        values.astype("float32"),
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": table["wavelength"].to_numpy(),
            "fwhm": ("wavelength", table["fwhm"].to_numpy()),
            "band": ("wavelength", names),
        },
        attrs={"sensor": "aster"},
    )


def test_mineral_is_fit_times_depth_of_its_strongest_rule(fine):
    before = fine.copy(deep=True)
    grid = mineral_evidence(fine, "muscovite")
    found = identify_minerals(fine, read_mineral_rules(), scores=True)
    rules = rules_of(found["mineral"].attrs, "muscovite")
    part = found.sel(rule=rules)
    expected = (part["rule_fit"] * part["rule_depth"]).max("rule").values
    np.testing.assert_allclose(grid.values[1:], np.nan_to_num(expected)[1:], rtol=1e-6)
    assert np.isnan(grid.values[0, 0])
    assert (grid.values[0, 1:] == 0).all(), "plain ground shows nothing"
    strong = grid.values[1, 2:]
    assert (np.diff(strong) > 0).all(), "it grows with the band depth"
    assert grid.attrs["kind"] == "continuous"
    xr.testing.assert_identical(fine, before)


def test_chunked_equals_in_memory(fine):
    whole = mineral_evidence(fine, "calcite")
    parts = mineral_evidence(fine.chunk({"x": 3, "y": 2}), "calcite")
    assert parts.chunks is not None
    np.testing.assert_array_equal(parts, whole)


def test_names_of_minerals_groups_and_rules(fine):
    found = identify_minerals(fine, read_mineral_rules())["mineral"].attrs
    assert rules_of(found, "Calcite") == ["calcite"]
    assert {"calcite", "dolomite"} <= set(rules_of(found, "carbonate"))
    assert rules_of(found, "white_mica_low_al") == ["white_mica_low_al"]
    with pytest.raises(KeyError, match=r"no rule is of 'calcit'.*Near it: calcite"):
        rules_of(found, "calcit")
    with pytest.raises(ValueError, match="cannot show hematite"):
        mineral_evidence(fine, "hematite")


def test_zone_of_fine_bands_is_that_of_the_minerals(fine):
    grid = alteration_evidence(fine, "carbonate")
    found = identify_minerals(fine, read_mineral_rules(), scores=True)
    np.testing.assert_array_equal(grid, alteration_zones(found)["carbonate"])
    assert (grid.values[2] > 0.5).all()
    assert grid.attrs["units"] == "1"
    with pytest.raises(ValueError, match="cannot show the zone 'hydroxyl'"):
        alteration_evidence(fine, "hydroxyl")


def test_zone_of_broad_bands_by_hand(broad):
    grid = alteration_evidence(broad, "advanced_argillic")
    ratio = spectral_index("alunite_kaolinite", broad).values.copy()
    ndvi = spectral_index("ndvi", broad).values
    ratio[ndvi > 0.35] = np.nan
    wet = spectral_index("mndwi", broad).values
    ratio[wet > 0] = np.nan
    known = np.sort(ratio[np.isfinite(ratio)])[::-1]
    low, high = (known[round((1 - q) * known.size) - 1] for q in (0.5, 0.98))
    np.testing.assert_allclose(
        grid, np.clip((ratio - low) / (high - low), 0, 1), rtol=1e-5, atol=1e-6
    )
    assert np.nanmean(grid.values[:10, :10]) > 0.9
    assert np.isnan(grid.values[30:, :20]).all(), "leaves hide the ground"
    assert np.isnan(grid.values[:, 45:]).all(), "so does water"
    told = " | ".join(grid.attrs["notes"])
    assert "relative to this image" in told
    assert "10.0% of the pixels with data are unknown: ndvi above 0.35" in told
    assert grid.attrs["notes"][0].say("zh").startswith("按本景裸露地面")
    lazy = alteration_evidence(broad.chunk({"y": 11, "x": 13}), "advanced_argillic")
    assert lazy.chunks is not None
    np.testing.assert_array_equal(lazy, grid)


def test_broad_bands_show_fewer_zones(broad):
    two = broad.isel(wavelength=[0, 1, 2, 3, 5])
    with pytest.raises(ValueError, match="cannot show the zone 'phyllic'"):
        alteration_evidence(two, "phyllic")
    flat = xr.full_like(broad, 0.3)
    with pytest.raises(ValueError, match="over the whole scene"):
        alteration_evidence(flat, "phyllic")
    green = broad.copy()
    green.loc[{"wavelength": broad["wavelength"][2]}] = 0.9
    with pytest.raises(ValueError, match="no pixel is left"):
        alteration_evidence(green, "phyllic")
    with pytest.raises(KeyError, match=r"no zone 'argilic'.*'argillic'"):
        alteration_evidence(broad, "argilic")


def test_what_cannot_be_masked_is_said(broad):
    names = broad["band"].values.tolist()
    swir = broad.isel(wavelength=[i for i, name in enumerate(names) if i > 2])
    grid = alteration_evidence(swir, "phyllic")
    assert "ndvi cannot be computed" in " ".join(grid.attrs["notes"])


def test_zones_are_listed():
    table = list_zones()
    assert {"phyllic", "hydroxyl", "iron_oxides"} <= set(table.index)
    assert table.loc["phyllic", "minerals"]
    assert not table.loc["hydroxyl", "minerals"]


def test_real_landsat_scene(real_data):
    folder = real_data("remote_sensing/landsat7_olinda")
    (path, *_) = sorted(folder.glob("*.tif"))
    bands = sensor_bands("landsat7").set_index("band")
    names = ["B1", "B2", "B3", "B4", "B5", "B7"]
    cube = open_cube(
        path, wavelength=bands.loc[names, "wavelength"].tolist(), scale=255
    ).isel(y=slice(0, 120), x=slice(0, 120))
    cube = cube.assign_coords(band=("wavelength", names))
    grid = alteration_evidence(cube, "hydroxyl", sensor="landsat7")
    values = grid.values
    assert np.nanmin(values) == 0
    assert np.nanmax(values) == 1
    assert 0.02 < np.isnan(values).mean() < 1, "sea and trees are unknown"
