"""The best reference of each pixel, without the scores of all the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ._references import blocks, directions, references

if TYPE_CHECKING:
    from collections.abc import Sequence

UNCLASSIFIED = "unclassified"


def classify_angle(
    cube: xr.DataArray, library: xr.DataArray, *, max_angle: float = 0.1
) -> xr.Dataset:
    """
    Reference with the smallest spectral angle, pixel by pixel.

    One product of matrices in float32 finds the two nearest references; only their
    angles are computed, in float64. The angles to all others are never held.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum, as in `spectral.check_cube`.
    library : DataArray, dims ("spectrum", "wavelength")
        Reference spectra on the cube's wavelengths.
    max_angle : float
        Radians; pixels farther from all references stay unclassified.

    Returns
    -------
    Dataset
        Lazy where the cube is. ``class``: code of the reference, 1 for the first, 0
        where none is within `max_angle`; ``angle`` to the nearest, radians; ``margin``:
        how much farther the second nearest is, radians, NaN with one reference only.
        NaN in all three for pixels with a NaN in a good band and for all-zero pixels.

    Raises
    ------
    ValueError
        If the wavelengths differ, a reference is zero everywhere, or max_angle is not
        between 0 and pi.

    See Also
    --------
    spectral_angle : The angles to all references.
    class_table : Pixels and shares of each class.

    References
    ----------
    Kruse, F.A., et al. (1993). The spectral image processing system (SIPS). Remote
    Sensing of Environment 44, 145-163.

    Examples
    --------
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> cube = xr.DataArray([[[0.3, 0.0]], [[0.3, 0.0]]], at, ("wavelength", "y", "x"))
    >>> library = xr.DataArray([[0.4, 0.4], [0.5, 0.0]], at | {"spectrum": ["a", "b"]},
    ...                        ("spectrum", "wavelength"))
    >>> found = classify_angle(cube, library)
    >>> print(found["class"].values, found["margin"].values)
    [[ 1. nan]] [[0.785   nan]]
    """
    if not 0 < max_angle <= np.pi:
        raise ValueError(
            f"max_angle must be in radians, above 0 and at most pi. Got {max_angle}."
        )
    found = references(library, cube)
    units = directions(found.spectra)
    fast, bands = units.astype("float32"), np.ascontiguousarray(units.T)

    def nearest(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        code, angle, margin = np.full((3, spectra.shape[1]), np.nan, "float32")
        for part, block in blocks(spectra):
            scores = fast @ block.astype("float32", copy=False)
            first, second = _two_best(scores)
            near, far, first = _angles(block, bands, first, second)
            code[part] = np.where(near <= max_angle, first + 1, 0)
            code[part][np.isnan(near)] = np.nan
            angle[part], margin[part] = near, far - near
        return code, angle, margin

    names = ("class", "angle", "margin")
    grids = map_spectra(nearest, cube, outputs=[Output(name) for name in names])
    told = {"max_angle": float(max_angle), "units": "rad", "kind": "continuous"}
    return xr.Dataset(
        {
            "class": as_classes(grids[0], found.names, "nearest spectrum by angle"),
            "angle": grids[1].assign_attrs(long_name="spectral angle", **told),
            "margin": grids[2].assign_attrs(
                long_name="second smallest spectral angle less the smallest", **told
            ),
        }
    )


def classify_best(
    scores: xr.DataArray,
    *,
    threshold: float | xr.DataArray | None = None,
    best: str = "largest",
    dim: str = "target",
) -> xr.Dataset:
    """
    Target with the best score, pixel by pixel.

    Parameters
    ----------
    scores : DataArray
        With the dimension `dim`: of a detector, a matcher, shares of endmembers.
    threshold : float or DataArray along `dim`, optional
        What a score must reach; pixels where none does stay unclassified.
    best : {"largest", "smallest"}
        Which score is best: largest for detectors, smallest for angles and divergences.
    dim : str
        Dimension of the targets.

    Returns
    -------
    Dataset
        Lazy where the scores are. ``class``: 1 for the first target, 0 where no score
        reaches its threshold; ``score``: the best of those that reach it, of all where
        none does; ``margin``: how much better than the second of all targets. NaN where
        all scores are.

    Raises
    ------
    ValueError
        If the dimension is missing, `best` is no choice, or the thresholds do not fit.

    Examples
    --------
    >>> scores = xr.DataArray([[0.2, 0.9], [0.3, 0.4]], {"target": ["a", "b"]},
    ...                       ("target", "x"))
    >>> print(classify_best(scores, threshold=0.5)["class"].values)
    [0. 1.]
    """
    if dim not in scores.dims:
        raise ValueError(f"scores have dimensions {scores.dims}, none called {dim!r}.")
    if best not in {"largest", "smallest"}:
        raise ValueError(f"best must be 'largest' or 'smallest'. Got {best!r} instead.")
    limits = _limits(threshold, scores, dim)
    sign = 1.0 if best == "largest" else -1.0
    if scores.chunks is not None:
        scores = scores.chunk({dim: -1})
    grids = xr.apply_ufunc(
        lambda values: _choose(values, sign, limits),
        scores.drop_vars([n for n in scores.coords if dim in scores[n].dims]),
        input_core_dims=[[dim]],
        output_core_dims=[[], [], []],
        dask="parallelized",
        output_dtypes=["float32"] * 3,
    )
    names = scores[dim].values if dim in scores.coords else range(scores.sizes[dim])
    told = {"units": scores.attrs.get("units", "1"), "kind": "continuous"}
    named = scores.attrs.get("long_name", "score")
    return xr.Dataset(
        {
            "class": as_classes(grids[0], [str(n) for n in names], f"best {named}"),
            "score": grids[1].assign_attrs(long_name=f"best {named}", **told),
            "margin": grids[2].assign_attrs(
                long_name=f"best {named} over the second", **told
            ),
        }
    )


def as_classes(grid: xr.DataArray, names: Sequence[str], title: str) -> xr.DataArray:
    """Codes dressed as a class map: 0 unclassified, then the names in their order."""
    labels = {0: UNCLASSIFIED} | dict(enumerate(names, 1))
    return grid.rename("class").assign_attrs(
        long_name=title, units="1", kind="categorical", classes=labels
    )


def _limits(
    threshold: float | xr.DataArray | None, scores: xr.DataArray, dim: str
) -> np.ndarray | None:
    if threshold is None:
        return None
    if isinstance(threshold, xr.DataArray) and threshold.ndim:
        if threshold.dims != (dim,) or threshold.sizes[dim] != scores.sizes[dim]:
            raise ValueError(
                f"thresholds run along {dict(threshold.sizes)}, scores along "
                f"{dim!r} with {scores.sizes[dim]}: give one a target."
            )
        if dim in threshold.coords and dim in scores.coords:
            threshold = threshold.sel({dim: scores[dim].values})
        return threshold.values.astype(float)
    return np.full(scores.sizes[dim], float(threshold))


def _choose(
    values: np.ndarray, sign: float, limits: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Code, score and margin of values (..., n_targets)."""
    unknown = np.isnan(values).all(-1)
    signed = np.where(np.isnan(values), -np.inf, sign * values)
    passed = signed >= sign * limits if limits is not None else signed > -np.inf
    chosen = np.where(passed.any(-1, keepdims=True) & ~passed, -np.inf, signed)
    first = chosen.argmax(-1)
    top = np.take_along_axis(signed, first[..., None], -1)[..., 0]
    rest = signed.copy()
    np.put_along_axis(rest, first[..., None], -np.inf, -1)
    second = rest.max(-1)
    code = np.where(passed.any(-1), first + 1.0, 0.0)
    margin = top - np.where(np.isfinite(second), second, np.nan)
    hidden = [np.where(unknown, np.nan, part) for part in (code, sign * top, margin)]
    return tuple(part.astype("float32") for part in hidden)


@nb.njit(nogil=True, cache=True)
def _two_best(scores):  # noqa: ANN001, ANN202
    """Rows of the two largest of each column; the second is -1 where there is none."""
    rows, pixels = scores.shape
    best = np.full(pixels, -np.inf, np.float32)
    next_best = np.full(pixels, -np.inf, np.float32)
    first = np.zeros(pixels, np.int32)
    second = np.full(pixels, -1, np.int32)
    for row in range(rows):
        for pixel in range(pixels):
            score = scores[row, pixel]
            if score > best[pixel]:
                next_best[pixel] = best[pixel]
                second[pixel] = first[pixel] if row > 0 else -1
                best[pixel] = score
                first[pixel] = row
            elif score > next_best[pixel]:
                next_best[pixel] = score
                second[pixel] = row
    return first, second


@nb.njit(nogil=True, cache=True)
def _angles(block, bands, first, second):  # noqa: ANN001, ANN202
    """
    Angles to two references in float64, the smaller first, and whose it is.

    By the chord between unit vectors, which keeps its digits where arccos loses them.
    """
    n_bands, pixels = block.shape
    length = np.zeros(pixels)
    for band in range(n_bands):
        for pixel in range(pixels):
            value = np.float64(block[band, pixel])
            length[pixel] += value * value
    for pixel in range(pixels):
        known = length[pixel] > 0 and np.isfinite(length[pixel])
        length[pixel] = 1 / np.sqrt(length[pixel]) if known else np.nan
    near, far = np.zeros(pixels), np.zeros(pixels)
    for band in range(n_bands):
        row = bands[band]
        for pixel in range(pixels):
            value = block[band, pixel] * length[pixel]
            gap = value - row[first[pixel]]
            near[pixel] += gap * gap
            gap = value - row[max(second[pixel], 0)]
            far[pixel] += gap * gap
    winner = first.copy()
    for pixel in range(pixels):
        near[pixel] = 2 * np.arcsin(min(np.sqrt(near[pixel]) / 2, 1.0))
        far[pixel] = 2 * np.arcsin(min(np.sqrt(far[pixel]) / 2, 1.0))
        if np.isnan(length[pixel]):
            near[pixel] = np.nan
        if second[pixel] < 0 or np.isnan(length[pixel]):
            far[pixel] = np.nan
        elif far[pixel] < near[pixel]:
            near[pixel], far[pixel] = far[pixel], near[pixel]
            winner[pixel] = second[pixel]
    return near, far, winner
