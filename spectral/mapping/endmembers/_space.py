"""The few dimensions endmembers are sought in, and the pixels in them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ..._blocks import Output, map_spectra
from ..._check import check_cube, good_bands
from ..reduction._algebra import check_regular, eigenvectors
from ..reduction._statistics import SceneStatistics, scene_statistics, statistics_on

if TYPE_CHECKING:
    import xarray as xr

REDUCTIONS = ("pca", "mnf")
FLAT = 1e-12  # share of the variance below which a dimension is none


@dataclasses.dataclass(frozen=True, eq=False)
class Space:
    """
    Pixels of a scene in few dimensions.

    Parameters
    ----------
    scores : ndarray, shape (n_dimensions, n_pixels)
        float32, contiguous; pixels that count only.
    pixel : ndarray, shape (n_pixels,), or None
        Place of each among all pixels of the cube, row by row; None if all count.
    back : ndarray, shape (n_bands, n_dimensions)
        Leads to spectra: centre + back @ scores.
    centre : ndarray, shape (n_bands,)
    values : ndarray
        Variance along each dimension.
    statistics : SceneStatistics
    n_missing, n_zero : int
        Pixels left out.
    """

    scores: np.ndarray
    pixel: np.ndarray | None
    back: np.ndarray
    centre: np.ndarray
    values: np.ndarray
    statistics: SceneStatistics
    n_missing: int
    n_zero: int

    @property
    def notes(self) -> list[str]:
        """What was left out, a plain sentence each."""
        told = {
            "lack a value in a good band": self.n_missing,
            "are zero in all bands": self.n_zero,
        }
        return [
            f"{count} pixels {why} and were not searched."
            for why, count in told.items()
            if count
        ]


def affine_space(
    cube: xr.DataArray,
    dimensions: int,
    *,
    reduction: str = "pca",
    statistics: SceneStatistics | None = None,
    fewer: bool = False,
) -> Space:
    """
    Pixels about the mean in leading principal or minimum-noise components.

    A scene that spans fewer dimensions is refused unless `fewer` will do.
    """
    statistics = _statistics(cube, reduction, statistics)
    covariance, noise = statistics.covariance, None
    if reduction == "mnf":
        noise = statistics.noise_covariance
        check_regular(
            noise,
            statistics.wavelength,
            role="the noise covariance",
            n=statistics.noise_n,
        )
    values, vectors = eigenvectors(covariance, noise)
    deep = check_depth(values, 1 if fewer else dimensions)
    dimensions = min(dimensions, deep)
    vectors = vectors[:dimensions]
    back = vectors.T if noise is None else noise @ vectors.T
    return _project(cube, vectors, (back, statistics.mean, values), statistics)


def linear_space(
    cube: xr.DataArray, dimensions: int, *, statistics: SceneStatistics | None = None
) -> Space:
    """Pixels about the origin, in the leading directions of their power."""
    statistics = _statistics(cube, "pca", statistics)
    values, vectors = eigenvectors(statistics.second_moment)
    vectors = vectors[:dimensions]
    centre = np.zeros(vectors.shape[1])
    return _project(cube, vectors, (vectors.T, centre, values), statistics)


def check_number(
    cube: xr.DataArray, n_endmembers: int, *, least: int = 2, beyond: int = 1
) -> int:
    """Refuse a number of endmembers the bands or the pixels cannot bear."""
    check_cube(cube)
    if isinstance(n_endmembers, bool) or int(n_endmembers) != n_endmembers:
        raise ValueError(f"n_endmembers={n_endmembers}: give a whole number.")
    if n_endmembers < least:
        raise ValueError(
            f"n_endmembers={n_endmembers}: give at least {least}; "
            "spectral.mapping.signal_dimension(cube).n tells how many there are."
        )
    good = good_bands(cube)
    bands = good.sizes["wavelength"]
    if n_endmembers > bands + beyond:
        raise ValueError(
            f"{n_endmembers} endmembers cannot be told apart in {bands} good bands: "
            f"at most {bands + beyond}. Ask for fewer."
        )
    pixels = int(np.prod([good.sizes[dim] for dim in good.dims if dim != "wavelength"]))
    if n_endmembers > pixels:
        raise ValueError(
            f"{n_endmembers} endmembers cannot be chosen from {pixels} pixels. Ask for "
            "fewer."
        )
    return int(n_endmembers)


def check_depth(values: np.ndarray, dimensions: int) -> int:
    """Dimensions a scene of these variances spans; refuse fewer than `dimensions`."""
    deep = int((values > FLAT * abs(values[0])).sum())
    if deep < dimensions:
        raise ValueError(
            f"the scene spans {deep} dimensions: at most {deep + 1} endmembers can be "
            f"told apart, {dimensions + 1} were asked for. Ask for fewer."
        )
    return deep


def check_pixels(space: Space, n_endmembers: int) -> None:
    """Refuse a scene with too few pixels that count."""
    if space.scores.shape[1] < n_endmembers:
        raise ValueError(
            f"{n_endmembers} endmembers cannot be chosen from "
            f"{space.scores.shape[1]} pixels that count; {space.n_missing} lack a good "
            f"band, {space.n_zero} are zero in all. Ask for fewer."
        )


def _statistics(
    cube: xr.DataArray, reduction: str, statistics: SceneStatistics | None
) -> SceneStatistics:
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"reduction='{reduction}' is not known. Use one of {REDUCTIONS}."
        )
    if statistics is None:
        noise = "difference" if reduction == "mnf" else None
        return scene_statistics(cube, noise=noise)
    return statistics_on(statistics, cube, noise=reduction == "mnf")


def _project(
    cube: xr.DataArray,
    vectors: np.ndarray,
    back: tuple[np.ndarray, np.ndarray, np.ndarray],
    statistics: SceneStatistics,
) -> Space:
    dtype = np.result_type(cube.dtype, "float32")
    weights, centre = vectors.astype(dtype), back[1].astype(dtype)[:, None]
    moved = bool(centre.any())

    def project(spectra: np.ndarray) -> np.ndarray:
        scores = weights @ (spectra - centre if moved else spectra)
        missing = ~np.isfinite(scores.sum(0))
        if missing.any():
            scores[:, missing] = np.nan
        if not spectra[0].all():
            scores[:, ~spectra.any(0)] = np.inf  # set apart from missing, to count
        return scores

    output = Output("scores", "component", range(len(vectors)))
    (scores,) = map_spectra(project, cube, outputs=[output])
    flat = np.ascontiguousarray(scores.values.reshape(len(vectors), -1))
    ok = np.isfinite(flat[0])
    zero = int(np.isinf(flat[0]).sum())
    missing = int((~ok).sum()) - zero
    return Space(
        flat if ok.all() else flat[:, ok],
        None if ok.all() else np.flatnonzero(ok),
        *back,
        statistics,
        missing,
        zero,
    )
