"""A cube in the notebook: click a pixel, see its spectrum against a library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ..report import Words
from ._picture import stretched

if TYPE_CHECKING:
    from pathlib import Path

    from spectral.library import SpectralLibrary

    from ._cube_widget import CubeWidget

WIDEST = 800  # pixels of the picture: larger cubes are thinned, spectra never


def view_cube(
    cube: xr.DataArray,
    *,
    library: xr.DataArray | SpectralLibrary | str | Path | None = None,
    n: int = 3,
    lang: str = "en",
) -> CubeWidget:
    """
    Picture of a cube to click in: the spectrum of a pixel and what it looks like.

    A click reads one pixel, so that cubes of any size stay on disk; shift-click keeps
    the spectra shown so far, five at most.

    Parameters
    ----------
    cube : DataArray, dims (wavelength, y, x)
        As `spectral.open_cube` gives it. Bad bands are left out of the plot.
    library : DataArray, dims (spectrum, wavelength), SpectralLibrary or path, optional
        Spectra each pixel is compared with, by spectral angle; brought to the bands of
        the cube where they stand on others. Also what
        `spectral.library.load_library` takes.
    n : int
        Best matches listed.
    lang : {"en", "zh"}
        Language of the widget.

    Returns
    -------
    CubeWidget
        A widget that Jupyter shows; ``click(row, column)`` does what a mouse does, and
        ``spectra`` holds what is drawn.

    Raises
    ------
    ImportError
        If anywidget is not installed: with the extra that brings it.
    ValueError
        If the cube has no wavelengths, or the library does not overlap it.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> cube = xr.DataArray(
    ...     np.full((3, 4, 5), 0.3, "float32"),
    ...     {"wavelength": [2165.0, 2200.0, 2330.0]}, ("wavelength", "y", "x"))
    >>> viewer = view_cube(cube)
    >>> viewer.click(2, 3)
    >>> viewer.spectra[0]["y"]
    [0.3, 0.3, 0.3]
    """
    from spectral import check_cube

    try:
        from ._cube_widget import CubeWidget
    except ImportError as error:
        raise ImportError(
            "the viewer needs anywidget: "
            "python -m pip install 'prospect-workbench[lab]'"
        ) from error

    check_cube(cube)
    cube = cube.transpose("wavelength", "y", "x")
    words = Words(lang)
    reader = _Reader(cube, _at(library, cube), n, words)
    composites = _composites(cube)
    return CubeWidget(
        reader.pixel,
        lambda i: _painted(cube, composites[i]),
        lang=lang,
        shape=[cube.sizes["y"], cube.sizes["x"]],
        composites=[
            words("viewer_composite", red=red, green=green, blue=blue)
            for red, green, blue in composites
        ],
        words={
            "hint": words("viewer_hint"),
            "wavelength": words("viewer_wavelength"),
            "value": words("viewer_value"),
            "removed": words("viewer_removed"),
            "pixel": words("viewer_pixel").replace("<", "{").replace(">", "}"),
            "clear": words("viewer_clear"),
            "continuum": words("viewer_continuum"),
            "picture": words("viewer_picture"),
            "bands": words("viewer_bands"),
            "dashed": words("viewer_dashed"),
        },
    )


class _Reader:
    """Pixels of a cube in the words of the page."""

    def __init__(
        self, cube: xr.DataArray, library: xr.DataArray | None, n: int, words: Words
    ) -> None:
        self.cube, self.library, self.n, self.words = cube, library, n, words
        self._without: xr.DataArray | None = None

    def pixel(self, row: int, column: int, removed: bool) -> dict[str, Any]:
        """Spectrum, label and best matches of a pixel."""
        spectrum = self.cube.isel(y=row, x=column).compute()
        good = _good(self.cube)
        values = spectrum.values
        found = {
            "label": self.words(
                "viewer_place",
                row=row + 1,
                column=column + 1,
                x=_told(spectrum, "x", column),
                y=_told(spectrum, "y", row),
            ),
            "x": self.cube["wavelength"].values.tolist(),
            "matches": [],
            "note": "",
        }
        if not np.isfinite(values[good]).all() or not values[good].any():
            missing = [None] * values.size
            return found | {"y": missing, "note": self.words("viewer_missing")}
        shown = self._removed(spectrum) if removed else spectrum
        matches = [] if self.library is None else self._matches(spectrum, removed)
        return found | {"y": _drawn(shown.values, good), "matches": matches}

    def _matches(self, spectrum: xr.DataArray, removed: bool) -> list[dict[str, Any]]:
        from spectral.mapping import spectral_angle

        library = self.library
        if removed:
            spectrum, library = self._removed(spectrum), self._removed_library()
        angles = spectral_angle(spectrum, library)
        good = _good(self.cube)
        best = np.argsort(angles.values)[: self.n]
        return [
            self._match(
                spectrum, library[i], float(angles[i]), good, scaled=not removed
            )
            for i in best
        ]

    def _match(
        self,
        spectrum: xr.DataArray,
        found: xr.DataArray,
        angle: float,
        good: np.ndarray,
        *,
        scaled: bool,
    ) -> dict[str, Any]:
        """A library spectrum at the brightness of the pixel's, which angles ignore."""
        name = str(found["spectrum"].values)
        pixel, match = spectrum.values[good], found.values[good]
        factor = (pixel @ match) / (match @ match) if scaled else 1.0
        label = self.words("viewer_match", name=name, angle=angle)
        return {"name": name, "label": label, "y": _drawn(factor * found.values, good)}

    def _removed(self, spectra: xr.DataArray) -> xr.DataArray:
        from spectral.mapping import remove_continuum

        if "bad_bands" in self.cube.coords:
            spectra = spectra.assign_coords(bad_bands=self.cube["bad_bands"])
        return remove_continuum(spectra)

    def _removed_library(self) -> xr.DataArray:
        if self._without is None:
            self._without = self._removed(self.library)
        return self._without


def _at(
    library: xr.DataArray | SpectralLibrary | str | Path | None, cube: xr.DataArray
) -> xr.DataArray | None:
    """Library on the bands of the cube, without spectra that lack some of them."""
    if library is None:
        return None
    if not isinstance(library, xr.DataArray):
        from spectral.library import load_library

        library = load_library(library, like=cube)
    if not np.array_equal(library["wavelength"].values, cube["wavelength"].values):
        from spectral import resample

        library = resample(library, like=cube)
    values = library.transpose("spectrum", "wavelength").values[:, _good(cube)]
    whole = np.isfinite(values).all(1)
    if not whole.any():
        raise ValueError(
            "no spectrum of the library covers the good bands of the cube: "
            f"{float(cube['wavelength'][0]):.0f} to {float(cube['wavelength'][-1]):.0f}"
            " nm. Choose spectra of that range."
        )
    return library.transpose("spectrum", "wavelength").isel(spectrum=whole)


def _told(spectrum: xr.DataArray, axis: str, otherwise: int) -> str:
    """Coordinate in metres or degrees, as fine as a pixel needs."""
    value = float(spectrum[axis]) if axis in spectrum.coords else float(otherwise)
    return f"{value:.1f}" if abs(value) > 360 else f"{value:.5f}"


def _good(cube: xr.DataArray) -> np.ndarray:
    if "bad_bands" not in cube.coords:
        return np.ones(cube.sizes["wavelength"], bool)
    return ~np.asarray(cube["bad_bands"].values, bool)


def _drawn(values: np.ndarray, good: np.ndarray) -> list[float | None]:
    """Values as the page takes them: none where a band is bad or missing."""
    shown = good & np.isfinite(values)
    pairs = zip(values.tolist(), shown, strict=True)
    return [round(value, 6) if ok else None for value, ok in pairs]


def _composites(cube: xr.DataArray) -> list[tuple[float, float, float]]:
    """Wavelengths of red, green and blue: the usual ones the cube has, and a spread."""
    waves = cube["wavelength"].values[_good(cube)]
    usual = [(640, 550, 460), (860, 650, 550), (2200, 860, 650), (2330, 2250, 2165)]
    spread = tuple(np.quantile(waves, (0.85, 0.5, 0.15)))
    found = []
    for wanted in [*usual, spread]:
        nearest = tuple(float(waves[np.abs(waves - at).argmin()]) for at in wanted)
        near = all(abs(a - b) <= 40 for a, b in zip(nearest, wanted, strict=True))
        if nearest not in found and (near or wanted is spread):
            found.append(nearest)
    return found


def _painted(cube: xr.DataArray, composite: tuple[float, float, float]) -> np.ndarray:
    """Picture of three bands, stretched over their 2nd to 98th percentile."""
    step = -(-max(cube.sizes["y"], cube.sizes["x"]) // WIDEST)
    thin = cube.isel(y=slice(None, None, step), x=slice(None, None, step))
    bands = thin.sel(wavelength=list(composite), method="nearest").compute().values
    return stretched(bands)
