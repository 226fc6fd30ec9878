"""Charts of spectra and maps of minimum wavelength."""

import numpy as np
import pytest
import xarray as xr

from prospect.report import (
    chinese_font,
    figure_minimum_wavelength,
    figure_spectra,
    save_figure,
)
from spectral.mapping import continuum, find_features, remove_continuum

WAVES = np.arange(1500.0, 2501, 10)


def dip(centre, width, depth):
    return 1 - depth * np.exp(-(((WAVES - centre) / width) ** 2))


@pytest.fixture
def library():
    rows = [
        0.5 * dip(2206, 15, 0.4) * dip(2165, 12, 0.2),
        0.7 * dip(2340, 25, 0.3),
        0.3 * dip(1750, 30, 0.1),
    ]
    bad = (WAVES > 1790) & (WAVES < 1960)
    coords = {
        "spectrum": ["kaolinite", "calcite", "gypsum"],
        "wavelength": WAVES,
        "bad_bands": ("wavelength", bad),
        "uncertainty": (("spectrum", "wavelength"), np.full((3, WAVES.size), 0.01)),
    }
    return xr.DataArray(np.array(rows), coords, dims=("spectrum", "wavelength"))


def texts(axes):
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_gaps_names_continuum_and_features(library, lang, tmp_path):
    before = library.copy(deep=True)
    axes = figure_spectra(
        library,
        continuum=continuum(library),
        features=find_features(library),
        labels={"gypsum": "石膏" if lang == "zh" else "gypsum (selenite)"},
        title="SWIR",
        lang=lang,
    ).axes[0]
    xr.testing.assert_identical(library, before)
    first = axes.lines[0]
    inside = (first.get_xdata() > 1790) & (first.get_xdata() < 1960)
    assert np.isnan(first.get_ydata()[inside]).all()
    assert np.isfinite(first.get_ydata()[~inside]).all()
    assert len(axes.lines) == 6  # each with its continuum
    said = texts(axes)
    assert {"kaolinite", "calcite", "2206", "2165", "2340"} <= set(said)
    if lang == "zh" and chinese_font():
        assert axes.get_xlabel() == "波长（nm）"
        assert "石膏" in said
    else:
        assert axes.get_xlabel() == "Wavelength (nm)"
    assert save_figure(axes.figure, tmp_path / "x.png", dpi=50).stat().st_size > 5000


def test_shifted_spectra_stay_apart(library):
    figure = figure_spectra(remove_continuum(library), offset="auto")
    axes = figure.axes[0]
    upper, middle, lower = (line.get_ydata() for line in axes.lines[:3])
    assert np.nanmin(upper - middle) > 0
    assert np.nanmin(middle - lower) > 0
    assert not len(axes.get_yticks())
    assert axes.get_ylabel() == "Continuum-removed reflectance (shifted for clarity)"
    above = figure_spectra(library, continuum=continuum(library), offset="auto").axes[0]
    curves = [line.get_ydata() for line in above.lines[:6]]
    for spectrum, below in ((curves[0], curves[3]), (curves[2], curves[5])):
        assert np.nanmin(spectrum - below) > 0  # a continuum keeps clear as well
    fixed = figure_spectra(library, offset=0.2).axes[0]
    known = np.isfinite(fixed.lines[0].get_ydata())
    shift = library[1].values - fixed.lines[1].get_ydata()
    np.testing.assert_allclose(shift[known], 0.2)


def test_matches_are_drawn_against_a_spectrum(library):
    seen = library[0].drop_vars(["spectrum", "uncertainty"]).rename("pixel")
    axes = figure_spectra(
        seen, matches=library[:2], labels={"kaolinite": "kaolinite 0.97"}
    ).axes[0]
    assert {"pixel", "kaolinite 0.97", "calcite"} <= set(texts(axes))
    widths = [line.get_linewidth() for line in axes.lines]
    assert widths[0] > widths[1] == widths[2]
    colours = {line.get_color() for line in axes.lines}
    assert len(colours) == 3


def test_names_do_not_overlap(library):
    many = xr.concat([library[:1] * (1 + i / 1000) for i in range(9)], "spectrum")
    many = many.assign_coords(spectrum=[f"copy {i}" for i in range(9)])
    axes = figure_spectra(many).axes[0]
    places = sorted(text.xyann[1] for text in axes.texts)
    low, high = axes.get_ylim()
    assert np.diff(places).min() > 0.03 * (high - low)
    assert places[-1] < high


def test_steps_in_wavelength_are_gaps_and_few_bands_are_points(library):
    cut = library.isel(wavelength=(WAVES < 1800) | (WAVES > 1950)).drop_vars(
        "bad_bands"
    )
    line = figure_spectra(cut).axes[0].lines[0]
    assert np.isnan(line.get_ydata()).sum() == 1
    few = library.drop_vars("bad_bands").isel(wavelength=[0, 16, 60, 70, 80])
    line = figure_spectra(few).axes[0].lines[0]
    assert np.isfinite(line.get_ydata()).all()
    assert line.get_marker() == "o"


def test_spectra_that_cannot_be_drawn(library):
    with pytest.raises(ValueError, match="a chart takes a library or one spectrum"):
        figure_spectra(library.rename(spectrum="y").expand_dims(x=2))
    with pytest.raises(ValueError, match="24 spectra at most"):
        figure_spectra(xr.concat([library] * 9, "spectrum"))
    with pytest.raises(ValueError, match="no value at all"):
        figure_spectra(library * np.nan)


@pytest.fixture
def minimum(make_grid):
    rng = np.random.default_rng(1)
    place = make_grid(rng.uniform(2195, 2215, (30, 40)), name="position", units="nm")
    depth = make_grid(rng.uniform(0, 0.3, (30, 40)), name="depth")
    place = place.where(depth >= 0.05)
    gap = np.zeros((30, 40), bool)
    gap[:4, :5] = True
    return xr.Dataset({"position": place.where(~gap), "depth": depth.where(~gap)})


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_minimum_wavelength_map(minimum, lang, tmp_path):
    before = minimum.copy(deep=True)
    figure = figure_minimum_wavelength(minimum.chunk(y=7), title="Al-OH", lang=lang)
    xr.testing.assert_identical(minimum, before)
    axes, box = figure.axes[0], figure.axes[0].child_axes[0]
    image = axes.images[0].get_array()
    assert (image[:4, :5, 3] == 0).all()
    dark = minimum["position"].isnull().values & minimum["depth"].notnull().values
    np.testing.assert_allclose(image[dark][:, :3], 0.13)
    # of two pixels alike in place, the deeper one is brighter
    assert image[..., :3][~dark].max() <= 1
    assert len(figure.legends[0].get_texts()) == 2
    assert len(box.images) == 1
    assert save_figure(figure, tmp_path / "x.png", dpi=50).stat().st_size > 5000


def test_brightness_is_depth_and_hue_is_place():
    grid = {"y": [20.0, 10.0], "x": [10.0, 20.0]}
    made = xr.Dataset(
        {
            "position": (("y", "x"), [[2200.0, 2200.0], [2210.0, 2190.0]]),
            "depth": (("y", "x"), [[0.1, 0.3], [0.3, 0.3]]),
        },
        grid,
    )
    figure = figure_minimum_wavelength(made, limits=(2190, 2210), depths=(0, 0.3))
    image = figure.axes[0].images[0].get_array()
    share = image[0, 0, :3] / image[0, 1, :3]
    np.testing.assert_allclose(share, 0.18 + 0.82 / 3, rtol=1e-6)
    red, blue = image[1, 0], image[1, 1]
    assert red[0] > red[2]
    assert blue[2] > blue[0]


def test_minimum_maps_that_cannot_be_drawn(minimum):
    with pytest.raises(KeyError, match=r"lacks \['depth'\]"):
        figure_minimum_wavelength(minimum[["position"]])
    with pytest.raises(ValueError, match="no pixel has a position"):
        figure_minimum_wavelength(minimum * np.nan)
    with pytest.raises(ValueError, match="limits ascend"):
        figure_minimum_wavelength(minimum, limits=(2210, 2190))
