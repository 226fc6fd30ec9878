"""The background of a scene: its inverse covariance, or which bands prevent one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.linalg

from ..._reflectance import APART, WHOLE, check_quantity
from ..._threads import one_blas_thread
from ..matching._references import References, references
from ..reduction._algebra import dependent_bands
from ..reduction._statistics import scene_statistics, statistics_on

if TYPE_CHECKING:
    import xarray as xr

    from ..reduction._statistics import SceneStatistics

COPY = 1 - 1e-9  # correlation of bands that are the same
FEW = 2  # pixels a band, below which half the detection power is lost


class Background(NamedTuple):
    """
    Mean and Cholesky factor of a scene's covariance or second moment.

    Parameters
    ----------
    statistics : SceneStatistics
        What it was made of.
    matrix : ndarray, shape (n_bands, n_bands)
        Regularised.
    lower : ndarray, shape (n_bands, n_bands)
        Its Cholesky factor.
    regularisation : float
        Share of the mean variance mixed in.
    """

    statistics: SceneStatistics
    matrix: np.ndarray
    lower: np.ndarray
    regularisation: float

    @property
    def mean(self) -> np.ndarray:
        """Mean spectrum, float64."""
        return self.statistics.mean

    def solve(self, spectra: np.ndarray) -> np.ndarray:
        """Rows times the inverse matrix."""
        with one_blas_thread():
            return scipy.linalg.cho_solve((self.lower, True), spectra.T).T

    def whitener(self) -> np.ndarray:
        """Matrix that gives the background unit covariance."""
        with one_blas_thread():
            unit = np.eye(len(self.lower))
            return scipy.linalg.solve_triangular(self.lower, unit, lower=True)

    @property
    def attrs(self) -> dict[str, object]:
        """What results say of their background."""
        bands = len(self.matrix)
        notes = list(self.statistics.notes)
        if self.statistics.n < FEW * bands:
            notes.append(
                f"The background is known from {self.statistics.n} pixels in {bands} "
                f"bands: fewer than {FEW} a band, scores are loose."
            )
        return {
            "background_pixels": int(self.statistics.n),
            "regularisation": self.regularisation,
            "notes": notes,
        }


def background_of(
    cube: xr.DataArray,
    statistics: SceneStatistics | None,
    regularisation: float,
    *,
    centred: bool = True,
) -> Background:
    """
    Background of a cube from its statistics, computed where they are not given.

    Parameters
    ----------
    cube : DataArray
        The scene.
    statistics : SceneStatistics, optional
        Of this scene, or of its background alone.
    regularisation : float
        From 0 to 1: share of the mean variance mixed into the matrix.
    centred : bool
        Whether the covariance is wanted, or the second moment about zero.
    """
    if not 0 <= regularisation < 1:
        raise ValueError(
            f"regularisation must be from 0 to below 1. Got {regularisation}."
        )
    if statistics is None:
        statistics = scene_statistics(cube, noise=None)
    else:
        statistics = statistics_on(statistics, cube)
    if regularisation == 0:
        _check_regular(statistics)
    matrix = statistics.covariance if centred else statistics.second_moment
    level = np.trace(matrix) / len(matrix)
    shrunk = (1 - regularisation) * matrix
    shrunk = shrunk + regularisation * level * np.eye(len(matrix))
    try:
        with one_blas_thread():
            lower = np.linalg.cholesky(shrunk)
    except np.linalg.LinAlgError:
        raise ValueError(
            f"with regularisation={regularisation:g} the covariance is singular still. "
            "Raise it, to 1e-6 or so, or mark the bands bad that are constant."
        ) from None
    return Background(statistics, shrunk, lower, float(regularisation))


def targets_of(
    targets: xr.DataArray, cube: xr.DataArray, *, role: str = "targets"
) -> References:
    """Target spectra on the good bands of a cube."""
    found = references(targets, cube, role=role)
    check_quantity(cube, library=targets, use=f"reflectance of the {role}")
    return found


def unlike_mean(found: References, statistics: SceneStatistics) -> np.ndarray:
    """Targets less the background's mean; refused where nothing is left."""
    check_scale(found, statistics)
    apart = found.spectra - statistics.mean
    size = np.abs(apart).max(1) <= 1e-9 * np.abs(found.spectra).max(1)
    if size.any():
        same = [name for name, flag in zip(found.names, size, strict=True) if flag]
        raise ValueError(
            f"targets {same} are the background's mean itself: nothing tells them from "
            "it. Leave them out."
        )
    return apart


def check_scale(found: References, statistics: SceneStatistics) -> None:
    """Refuse targets from 0 to 1 for a scene times 10000, and the other way round."""
    size = np.abs(found.spectra).mean(1)
    level = float(np.abs(statistics.mean).mean())
    for name, mean in zip(found.names, size, strict=True):
        if min(mean, level) <= WHOLE < max(mean, level) / APART:
            raise ValueError(
                f"target {name!r} has values of {mean:.3g} on average, the scene of "
                f"{level:.3g}: one of them is not reflectance from 0 to 1. Divide it "
                "by its scale, cube / 10000, or open it with spectral.open_cube(path, "
                "scale=10000)."
            )


def _check_regular(statistics: SceneStatistics) -> None:
    covariance, bands = statistics.covariance, len(statistics.mean)
    dependent = dependent_bands(covariance)
    if dependent.size == 0:
        return
    ways = "Give regularisation=, such as 1e-6, or fewer bands."
    if statistics.n <= bands:
        raise ValueError(
            f"the covariance of {bands} bands comes from {statistics.n} pixels and has "
            f"no inverse: {bands + 1} are needed at least, {FEW * bands} advisable. "
            f"Take a larger scene. {ways}"
        )
    told = "; ".join(_blame(statistics, dependent))
    raise ValueError(
        f"the covariance of {bands} bands has no inverse: {told}. Mark them bad, "
        f"cube.assign_coords(bad_bands=('wavelength', [...])). {ways}"
    )


def _blame(statistics: SceneStatistics, dependent: np.ndarray) -> list[str]:
    """What is wrong with the bands that the others leave nothing of."""
    covariance, wave = statistics.covariance, statistics.wavelength
    size = np.sqrt(np.maximum(np.diag(covariance), 0))
    constant = [int(band) for band in dependent if size[band] <= 1e-9 * size.max()]
    copies, rest = [], []
    for band in sorted(set(dependent.tolist()) - set(constant)):
        with np.errstate(invalid="ignore", divide="ignore"):
            alike = np.abs(covariance[band]) / (size * size[band])
        alike[[band, *constant]] = 0
        other = int(np.nanargmax(alike))
        if alike[other] > COPY:
            copies.append(f"{wave[band]:g} nm is a copy of {wave[other]:g} nm")
        else:
            rest.append(band)
    told = []
    if constant:
        told.append(f"constant: {_nm(wave, constant)}")
    if copies:
        more = f" and {len(copies) - 10} more" if len(copies) > 10 else ""
        told.append("; ".join(copies[:10]) + more)
    if rest:
        told.append(f"sums of other bands: {_nm(wave, rest)}")
    return told


def _nm(wave: np.ndarray, bands: list[int]) -> str:
    more = f" and {len(bands) - 10} more" if len(bands) > 10 else ""
    return ", ".join(f"{wave[band]:g}" for band in bands[:10]) + f" nm{more}"
