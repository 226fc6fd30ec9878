"""Tables of features: made doublets, real minerals, gaps and darkness told."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import feature_parameters, find_features

from .made import dip, read_rule_spectra, spectra_of

WAVES = np.arange(1900, 2500, 5.0)


@pytest.fixture
def library():
    rows = [
        0.5 * dip(WAVES, 2206, 30, 0.36) * dip(WAVES, 2165, 22, 0.2),
        0.4 * dip(WAVES, 2340, 40, 0.3),
        0.4 + 0 * WAVES,
        (0.3 + 1e-4 * WAVES) * dip(WAVES, 2000, 50, 0.15) * dip(WAVES, 2340, 40, 0.3),
    ]
    names = ["kaolinite", "calcite", "grey", "both"]
    made = spectra_of(np.array(rows), WAVES, dims=("spectrum", "wavelength"))
    return made.assign_coords(spectrum=names)


def test_made_features_come_back(library):
    before = library.copy(deep=True)
    table = find_features(library)
    xr.testing.assert_identical(library, before)
    assert table["spectrum"].tolist() == ["kaolinite"] * 2 + ["calcite"] + ["both"] * 2
    assert table["order"].tolist() == [1, 2, 1, 1, 2]
    assert table["level"].tolist() == [1, 2, 1, 1, 1]
    places = [2206, 2165, 2340, 2340, 2000]
    np.testing.assert_allclose(table["position"], places, atol=0.6)
    depths = table["depth"].to_numpy()
    np.testing.assert_allclose(depths[[0, 2, 3, 4]], [0.36, 0.3, 0.3, 0.15], atol=6e-3)
    assert 0.12 < depths[1] < 0.2
    np.testing.assert_allclose(table["width"][2:], [40, 40, 50], atol=0.5)
    assert (table["left"] < table["position"]).all()
    assert (table["right"] > table["position"]).all()
    assert table.attrs["notes"] == []


def test_level_one_is_what_feature_parameters_says(library):
    table = find_features(library.sel(spectrum="calcite"), window=(2200, 2450))
    known = feature_parameters(library.sel(spectrum="calcite"), (2200, 2450))
    assert len(table) == 1
    assert "spectrum" not in table
    for name in known:
        assert table[name][0] == pytest.approx(float(known[name])), name


def test_brightness_changes_nothing(library):
    one, other = find_features(library), find_features(library * 0.31)
    columns = one.columns.drop("spectrum")
    np.testing.assert_allclose(one[columns], other[columns], rtol=1e-6, atol=1e-9)


def test_depth_threshold_and_noise(library):
    assert find_features(library, min_depth=0.25)["position"].round(-1).tolist() == [
        2210, 2340, 2340,
    ]  # fmt: skip
    noisy = library + np.random.default_rng(1).normal(0, 0.001, library.shape)
    table = find_features(noisy, min_depth=0.05)
    assert len(table) == 5
    assert (np.diff(table.groupby("spectrum")["order"].max().to_numpy()) <= 1).all()


def test_gaps_are_left_out_and_counted(library):
    holed = library.where((WAVES < 2196) | (WAVES > 2214))
    holed[1] = np.nan
    holed[2] = 0
    bad = WAVES == 2340
    table = find_features(holed.assign_coords(bad_bands=("wavelength", bad)))
    first = table.iloc[0]
    assert first["missing"] == 3
    assert table.loc[table["spectrum"] == "both", "missing"].tolist() == [1, 0]
    assert table.attrs["notes"] == [
        "1 spectra have fewer than three values and were left out: calcite",
        "1 spectra have no continuum above zero and were left out: grey",
    ]


def test_cubes_give_places(library):
    cube = library.expand_dims(y=[10.0]).rename(spectrum="x").transpose(
        "wavelength", "y", "x"
    ).assign_coords(x=[0.0, 30, 60, 90])  # fmt: skip
    table = find_features(cube)
    assert table["x"].tolist() == [0, 0, 30, 90, 90]
    assert set(table["y"]) == {10.0}
    again = find_features(cube.chunk(x=1))
    assert again.equals(table)


def test_nothing_found_is_an_empty_table(library):
    table = find_features(library.sel(spectrum=["grey"]))
    assert len(table) == 0
    assert list(table.columns)[:4] == ["spectrum", "order", "position", "depth"]


def test_what_is_refused(library):
    with pytest.raises(ValueError, match="min_depth lies between"):
        find_features(library, min_depth=0)
    with pytest.raises(ValueError, match="hull finds its own"):
        find_features(library, window=(2100, 2110, 2200, 2210))
    with pytest.raises(ValueError, match="3 good ones are needed"):
        find_features(library, window=(2501, 2600))


def test_minerals_show_their_published_bands(real_data):
    library = read_rule_spectra(real_data("spectral/usgs_splib07_1nm_rules"))
    table = find_features(library)
    assert table["spectrum"].nunique() == 77
    known = {
        "kaolinite_wxl": (2208, 2162, 1415, 2384),
        "calcite": (2335, 1995, 1875, 2155),
        "muscovite_medhighAl": (2197, 2347, 2435),
        "clinochlore": (2250, 2339),
        "jarosite_K": (2263,),
        "gypsum": (1446, 1490, 1533, 1749, 1942, 2216),
    }
    for name, places in known.items():
        found = table.loc[table["spectrum"] == name, "position"].to_numpy()
        for place in places:
            assert np.abs(found - place).min() < 3, (name, place)
