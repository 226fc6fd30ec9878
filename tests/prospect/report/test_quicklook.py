"""The picture of a cube: its bands, their stretch, its place, in two languages."""

import dask.array as da
import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr

from prospect.report import figure_quicklook

WAVES = [470.0, 550.0, 640.0, 850.0]


@pytest.fixture
def cube():
    values = np.random.default_rng(3).random((4, 40, 60))
    values[:, :4, :4] = np.nan
    made = xr.DataArray(
        values,
        {
            "wavelength": WAVES,
            "band": ("wavelength", ["B2", "B3", "B4", "B8"]),
            "y": 4_000_000 - 30 * np.arange(40.0),
            "x": 500_000 + 30 * np.arange(60.0),
        },
        ("wavelength", "y", "x"),
        name="scene",
    )
    return made.rio.write_crs("EPSG:32650")


def picture(figure):
    return np.asarray(figure.axes[0].images[0].get_array())


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_channels_are_the_bands_stretched(cube):
    before = cube.copy(deep=True)
    figure = figure_quicklook(cube, stretch=(10, 90))
    drawn = picture(figure)
    assert drawn.shape == (40, 60, 4)
    for channel, band in enumerate((2, 1, 0)):
        values = cube.values[band]
        low, high = np.nanpercentile(values, [10, 90])
        wanted = np.clip((values - low) / (high - low), 0, 1)
        np.testing.assert_allclose(drawn[..., channel][~np.isnan(wanted)],
                                   wanted[~np.isnan(wanted)])  # fmt: skip
    np.testing.assert_array_equal(drawn[..., 3] == 0, np.isnan(cube.values[0]))
    assert figure.axes[0].get_title(loc="left") == "Natural colours"
    assert legend(figure)[0].startswith("640 nm (B4): 0.09")
    assert legend(figure)[-1] == "no data"
    xr.testing.assert_identical(cube, before)


@pytest.mark.parametrize(
    ("bands", "shown"),
    [
        ("infrared", ["850 nm", "640 nm", "550 nm"]),
        ([860, 630, 470], ["850 nm", "640 nm", "470 nm"]),
        (["B8", "B2", "B3"], ["850 nm", "470 nm", "550 nm"]),
        ([640], ["640 nm"]),
    ],
)
def test_wanted_bands(cube, bands, shown):
    figure = figure_quicklook(cube, bands=bands)
    for text, wave in zip(legend(figure), shown, strict=False):
        assert text.startswith(wave)
    if len(shown) == 1:
        drawn = picture(figure)
        np.testing.assert_array_equal(drawn[..., 0], drawn[..., 2])


def test_without_coordinates_rows_and_columns(cube):
    bare = cube.drop_vars(["spatial_ref", "x", "y"])
    axes = figure_quicklook(bare, lang="zh").axes[0]
    assert axes.get_ylabel() == "行号"
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert axes.get_title(loc="left") == "天然彩色合成"


def test_south_up_cubes_are_drawn_north_up(cube):
    one = picture(figure_quicklook(cube))
    other = picture(figure_quicklook(cube.isel(y=slice(None, None, -1))))
    np.testing.assert_array_equal(one, other)


def test_lazy_cubes_are_thinned_and_other_bands_not_read(cube):
    read = []

    def watched(block):
        read.append(block.shape)
        return block

    big = da.ones((4, 3000, 10), chunks=(1, 3000, 10)).map_blocks(watched, dtype=float)
    lazy = xr.DataArray(big, {"wavelength": WAVES}, ("wavelength", "y", "x"))
    read.clear()
    drawn = picture(figure_quicklook(lazy + 0.0))
    assert drawn.shape[0] <= 1500
    assert len(read) == 3


def test_digital_numbers_are_shown_without_decimals(cube):
    assert "–" in legend(figure_quicklook(cube * 1000))[0]
    assert "." not in legend(figure_quicklook(cube * 1000))[0]


def test_errors(cube):
    with pytest.raises(ValueError, match="two percentiles in ascending order"):
        figure_quicklook(cube, stretch=(98, 2))
    with pytest.raises(ValueError, match="no good band near 2200 nm"):
        figure_quicklook(cube, bands=[2200, 1650, 850])
    with pytest.raises(ValueError, match=r"no band \['B9'\]; its bands are"):
        figure_quicklook(cube, bands=["B9", "B2", "B3"])
    with pytest.raises(ValueError, match="name one band or three"):
        figure_quicklook(cube, bands=[640, 550])
    with pytest.raises(ValueError, match="nothing to draw"):
        figure_quicklook(cube * np.nan)
