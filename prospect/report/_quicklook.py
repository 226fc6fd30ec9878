"""A cube at a glance: three of its bands as red, green and blue."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.patches import Patch

from ._canvas import (
    draw_frame,
    draw_north,
    draw_pixels,
    draw_scale_bar,
    frame_of,
    gap_handle,
    thin,
)
from ._figure import INK, finish, new_figure
from ._fonts import figure_language, legible
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ._figure import Picture

CHANNELS = ("#d62728", "#2ca02c", "#1f77b4")
TITLES = {
    "natural": "quicklook_natural",
    "infrared": "quicklook_infrared",
    "geology": "quicklook_geology",
    "swir": "quicklook_swir",
    "thermal": "quicklook_thermal",
    "spread": "quicklook_spread",
    "own": "quicklook_own",
}


def figure_quicklook(
    cube: xr.DataArray,
    *,
    bands: str | Sequence[float] | Sequence[str] | None = None,
    stretch: tuple[float, float] = (2.0, 98.0),
    title: str | None = None,
    lang: str = "en",
) -> Picture:
    """
    Picture of a cube: three bands, each stretched between two percentiles.

    Parameters
    ----------
    cube : DataArray, dims ("wavelength", "y", "x")
        Lazy cubes are read in three bands and at no more than 1500 pixels a side.
    bands : str, sequence of float or of str, optional
        A composite as in `spectral.quick_bands` ("natural", "swir" …), three
        wavelengths in nm (the nearest good bands are taken) or three names of bands,
        for red, green, blue; one for a grey picture. Left out, `spectral.quick_bands`
        chooses.
    stretch : (float, float)
        Percentiles shown darkest and brightest, of each band.
    title : str, optional
        Title; the name of the composite when not given.
    lang : {"en", "zh"}
        Language of the labels.

    Returns
    -------
    Figure
        Pixels without a value in one of the bands are hatched. Axes as on a map, rows
        and columns where the cube has no coordinate system.

    Raises
    ------
    ValueError
        If bands cannot be found, the percentiles are out of order, or there is no value
        to show.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> values = np.random.default_rng(1).random((3, 20, 30))
    >>> cube = xr.DataArray(values, dims=("wavelength", "y", "x"),
    ...                     coords={"wavelength": [470.0, 550.0, 640.0]})
    >>> figure_quicklook(cube).axes[0].get_title(loc="left")
    'Natural colours'
    """
    low, high = stretch
    if not 0 <= low < high <= 100:
        raise ValueError(
            f"stretch= is two percentiles in ascending order, not {stretch}"
        )
    words = Words(figure_language(lang))
    name, waves = _choose(cube, bands)
    small = _thinned(cube, waves)
    picture, limits = _stretched(small, low, high)
    import rioxarray  # noqa: F401  (gives grids their .rio)

    placed = "spatial_ref" in cube.coords and cube.rio.crs is not None
    figure = new_figure(*_size(picture.shape))
    axes = figure.add_subplot()
    (_draw_map if placed else _draw_image)(axes, picture, small, words)
    text = legible(title, str(cube.name or "")) if title else words(TITLES[name])
    axes.set_title(text, loc="left", fontsize=11.5, fontweight="bold", color=INK)
    entries = _entries(small, limits, words)
    if (picture[..., 3] == 0).any():
        entries.append(gap_handle(words))
    figure.legend(
        handles=entries, loc="outside lower center", ncols=2 if len(entries) > 3 else 3,
        fontsize=8.5, frameon=False, handlelength=1.4, labelcolor=INK,
    )  # fmt: skip
    return finish(figure)


def _choose(
    cube: xr.DataArray, bands: str | Sequence[float] | Sequence[str] | None
) -> tuple[str, tuple[float, ...]]:
    from spectral import check_cube, quick_bands

    if bands is None or isinstance(bands, str):
        return quick_bands(cube, composite=bands)
    check_cube(cube)
    if len(bands) not in (1, 3):
        raise ValueError(f"name one band or three, for red, green, blue; got {bands}")
    waves = np.asarray(cube["wavelength"].values, float)
    if all(isinstance(band, str) for band in bands):
        names = cube["band"].to_numpy().tolist() if "band" in cube.coords else []
        unknown = [band for band in bands if band not in names]
        if unknown:
            known = (
                f"its bands are {names[:12]}" if names else "its bands have no names"
            )
            raise ValueError(
                f"the cube has no band {unknown}; {known}. Give wavelengths in nm"
            )
        return "own", tuple(float(waves[names.index(band)]) for band in bands)
    good = waves
    if "bad_bands" in cube.coords:
        good = waves[~np.asarray(cube["bad_bands"].values, bool)]
    found = [float(good[np.abs(good - float(band)).argmin()]) for band in bands]
    reach = 1.5 * np.diff(waves).max() if len(waves) > 1 else np.inf
    for band, near in zip(bands, found, strict=True):
        if abs(float(band) - near) > max(reach, 100.0):
            raise ValueError(
                f"there is no good band near {float(band):g} nm: the nearest is "
                f"{near:g} nm. The cube has {waves[0]:.0f} to {waves[-1]:.0f} nm"
            )
    return "own", tuple(found)


def _thinned(cube: xr.DataArray, waves: tuple[float, ...]) -> xr.DataArray:
    """Wanted bands of some pixels; band by band, or Dask would read all of them."""
    known = cube["wavelength"].to_numpy().tolist()
    places = [known.index(wave) for wave in waves]
    parts = [thin(cube.isel(wavelength=slice(at, at + 1))) for at in places]
    whole = xr.concat(parts, "wavelength") if len(parts) > 1 else parts[0]
    return whole.transpose("wavelength", "y", "x")


def _stretched(
    small: xr.DataArray, low: float, high: float
) -> tuple[NDArray, list[tuple[float, float]]]:
    """Red, green, blue, alpha from 0 to 1, and the values shown as 0 and 1."""
    values = small.to_numpy().astype(float)
    known = np.isfinite(values).all(axis=0)
    if not known.any():
        raise ValueError(
            "no pixel has a value in these bands: there is nothing to draw"
        )
    picture = np.zeros((*known.shape, 4))
    limits = []
    for channel, band in enumerate(values):
        dark, bright = np.percentile(band[known], [low, high])
        limits.append((float(dark), float(bright)))
        spread = bright - dark if bright > dark else 1.0
        picture[..., channel] = np.clip((band - dark) / spread, 0, 1)
    for channel in range(len(values), 3):
        picture[..., channel] = picture[..., 0]
    picture[..., 3] = known
    picture[~known, :3] = 0
    return picture, limits


def _draw_map(axes: Axes, picture: NDArray, small: xr.DataArray, words: Words) -> None:
    frame = frame_of(small)
    draw_frame(axes, frame, words)
    if small.sizes["y"] > 1 and small["y"][0] < small["y"][-1]:
        picture = picture[::-1]
    axes.imshow(picture, extent=frame.extent, zorder=2, interpolation="nearest")
    draw_scale_bar(axes, frame)
    draw_north(axes, words)


def _draw_image(
    axes: Axes, picture: NDArray, small: xr.DataArray, words: Words
) -> None:
    """Rows and columns, the first row on top."""
    extent = draw_pixels(axes, small, words)
    axes.imshow(picture, extent=extent, interpolation="nearest", zorder=2)


def _entries(
    small: xr.DataArray, limits: list[tuple[float, float]], words: Words
) -> list[Patch]:
    """Legend: wavelength, name and shown range of each channel."""
    entries = []
    colours = CHANNELS if len(limits) == 3 else ("#777777",)
    for i, (colour, (dark, bright)) in enumerate(zip(colours, limits, strict=True)):
        wave = float(small["wavelength"].values[i])
        shown = f"{wave:.0f} nm" if wave < 3000 else f"{wave / 1000:.2f} µm"
        name = ""
        if "band" in small.coords:
            called = legible(str(small["band"].values[i]), "")
            name = f" ({called})" if called and len(called) <= 8 else ""
        digits = max(0, 2 - math.floor(math.log10(max(abs(bright), 1e-6))))
        spread = f"{dark:.{digits}f}–{bright:.{digits}f}"
        text = words("quicklook_channel", wave=shown + name, spread=spread)
        entries.append(Patch(color=colour, label=text))
    return entries


def _size(shape: tuple[int, ...]) -> tuple[float, float]:
    tall = shape[0] / shape[1]
    if tall > 1:
        return max(6.6 / tall, 3.4) + 0.9, 7.6
    return 7.2, max(6.2 * tall, 1.6) + 1.3
