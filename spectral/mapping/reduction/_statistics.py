"""Mean, covariance and noise of a scene in one pass."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..._check import check_cube, good_bands, same_wavelengths
from ._moments import Moments, merge_moments
from ._noise import block_noise
from ._scene import arranged, sum_scene

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ._tiles import Part

ALONG = {"difference": "x", "difference_xy": "xy"}
NOISES = [*ALONG, "homogeneous", "regression"]


@dataclasses.dataclass(frozen=True, eq=False)
class SceneStatistics:
    """
    What detectors, transforms and endmember searches need to know of a scene.

    Parameters
    ----------
    n : int
        Pixels that count.
    mean : ndarray, shape (n_bands,)
        Float64, in the cube's units.
    covariance : ndarray, shape (n_bands, n_bands)
        Of the sample, divided by n - 1; float64.
    noise_covariance : ndarray, shape (n_bands, n_bands), or None
        Of the noise of one pixel.
    wavelength : ndarray, shape (n_bands,)
        Of the good bands, nm.
    noise : str
        How the noise was estimated; empty without.
    noise_n : int
        Degrees of freedom behind the noise: pairs of neighbours, for differences.
    n_missing, n_zero, n_masked : int
        Pixels left out: not finite in a good band, zero in all, outside the mask.

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.1, 0.3, 0.2]], [[0.2, 0.6, float("nan")]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [660.0, 850.0]},
    ... )
    >>> statistics = scene_statistics(cube, noise=None)
    >>> statistics.n, statistics.n_missing, statistics.mean.round(3).tolist()
    (2, 1, [0.2, 0.4])
    >>> statistics.covariance.round(3).tolist()
    [[0.02, 0.04], [0.04, 0.08]]
    """

    n: int
    mean: np.ndarray
    covariance: np.ndarray
    noise_covariance: np.ndarray | None
    wavelength: np.ndarray
    noise: str = ""
    noise_n: int = 0
    n_missing: int = 0
    n_zero: int = 0
    n_masked: int = 0

    @property
    def second_moment(self) -> np.ndarray:
        """Mean of outer products x xᵀ, not centred: "correlation" in CEM, HySime."""
        scatter = self.covariance * ((self.n - 1) / self.n)
        return scatter + np.outer(self.mean, self.mean)

    @property
    def notes(self) -> list[str]:
        """What was left out, a plain sentence each."""
        told = {
            "lack a value in a good band": self.n_missing,
            "are zero in all bands": self.n_zero,
            "lie outside the mask": self.n_masked,
        }
        return [
            f"{count} pixels {why} and do not count in the scene's statistics."
            for why, count in told.items()
            if count
        ]

    def merge(self, other: SceneStatistics) -> SceneStatistics:
        """
        Statistics of two scenes, or two parts of one, together.

        Parameters
        ----------
        other : SceneStatistics
            Of the same bands, with noise estimated in the same way.

        Returns
        -------
        SceneStatistics
            Means and covariances as if computed at once (Chan et al. 1983). Noise is
            pooled by its degrees of freedom; pairs of pixels across the border of two
            parts are in neither.

        Raises
        ------
        ValueError
            If bands or noise estimates differ.
        """
        if self.wavelength.shape != other.wavelength.shape or not np.allclose(
            self.wavelength, other.wavelength, rtol=1e-6
        ):
            raise ValueError(
                f"statistics of {self.wavelength.size} bands cannot be merged with "
                f"those of {other.wavelength.size} other bands. Take the bands both "
                "have: statistics.subset(bands)"
            )
        if self.noise != other.noise:
            raise ValueError(
                f"noise was estimated by '{self.noise}' here and by '{other.noise}' "
                "there. Compute both with the same noise="
            )
        both = merge_moments(self._moments(), other._moments())
        noise_n = self.noise_n + other.noise_n
        noise = None
        if self.noise_covariance is not None and other.noise_covariance is not None:
            share = other.noise_n / max(1, noise_n)
            noise = (1 - share) * self.noise_covariance + share * other.noise_covariance
        return dataclasses.replace(
            self,
            n=both.n,
            mean=both.mean,
            covariance=both.scatter / max(1, both.n - 1),
            noise_covariance=noise,
            noise_n=noise_n,
            n_missing=self.n_missing + other.n_missing,
            n_zero=self.n_zero + other.n_zero,
            n_masked=self.n_masked + other.n_masked,
        )

    def subset(self, bands: Sequence[int] | Sequence[bool] | slice) -> SceneStatistics:
        """
        Statistics of some of the bands.

        Parameters
        ----------
        bands : sequence of int or bool, or slice
            Places among the good bands, in ascending order, or True for those to keep.

        Returns
        -------
        SceneStatistics
            The pixels that counted stay the same.
        """
        keep = np.arange(self.wavelength.size)[
            bands if isinstance(bands, slice) else np.asarray(bands)
        ]
        noise = self.noise_covariance
        return dataclasses.replace(
            self,
            mean=self.mean[keep],
            covariance=self.covariance[np.ix_(keep, keep)],
            noise_covariance=None if noise is None else noise[np.ix_(keep, keep)],
            wavelength=self.wavelength[keep],
        )

    def _moments(self) -> Moments:
        return Moments(self.n, self.mean, self.covariance * max(0, self.n - 1))


def scene_statistics(
    cube: xr.DataArray,
    *,
    noise: str | xr.DataArray | None = "difference",
    mask: xr.DataArray | None = None,
) -> SceneStatistics:
    """
    Mean, covariance and noise covariance of a scene, in one pass over it.

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not; without noise also a library. Bad bands are
        left out, as are pixels that are not finite in a good band or zero in all:
        both are counted.
    noise : str, DataArray or None
        ``"difference"``: half the covariance of differences of neighbours along x
        (shift difference), in which ground that changes from pixel to pixel counts as
        noise: over small fields of different rocks the noise came out 3 to 20 times
        too large; ``"difference_xy"``: along x and y; ``"homogeneous"``: of
        blocks of 5 x 5 pixels, means taken off, the tenth with the least variance;
        ``"regression"``: of all such blocks, means taken off, what the other bands do
        not explain of each band, uncorrelated (local means and regression; bands must
        overlap in signal and not in noise); a dark-current cube on the same
        wavelengths: its covariance; None: no noise.
    mask : DataArray of bool, optional
        (y, x), True for pixels that count, such as a homogeneous area.

    Returns
    -------
    SceneStatistics
        Computed here, lazy cube or not: block by block, each read once, for blocks of
        5 x 5 pixels once more. Covariances
        are summed in float64; differences of a float32 cube in float32, slab by slab.
        The same to rounding whatever the chunks.

    Raises
    ------
    ValueError
        If no two pixels count, the cube has no rows to difference, or mask or dark
        cube do not fit.

    References
    ----------
    Green, A. A. et al. (1988). A transformation for ordering multispectral data in
    terms of image quality with implications for noise removal. IEEE TGRS 26(1).
    Roger, R. E., Arnold, J. F. (1996). Reliably estimating the noise in AVIRIS
    hyperspectral images. International Journal of Remote Sensing 17(10).
    Gao, B.-C. (1993). An operational method for estimating signal to noise ratios from
    data acquired with imaging spectrometers. Remote Sensing of Environment 43(1).
    Chan, T. F., Golub, G. H., LeVeque, R. J. (1983). Algorithms for computing the
    sample variance. The American Statistician 37(3).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ramp = np.linspace(0.1, 0.6, 200)[:, None] * np.ones((3, 1, 200))
    >>> cube = xr.DataArray(
    ...     ramp + 0.01 * rng.standard_normal((3, 200, 200)),
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [2100.0, 2200.0, 2300.0]},
    ... )
    >>> statistics = scene_statistics(cube)
    >>> np.sqrt(np.diag(statistics.noise_covariance)).round(3).tolist()
    [0.01, 0.01, 0.01]
    """
    check_cube(cube)
    cube = good_bands(cube)
    if isinstance(noise, str) and noise not in NOISES:
        raise ValueError(
            f"noise='{noise}' is not known. Use one of {NOISES}, a dark-current cube, "
            "or None."
        )
    if isinstance(noise, str) and {"y", "x"} - set(cube.dims):
        raise ValueError(
            f"spectra with dimensions {cube.dims} have no neighbours along x and y to "
            "tell noise from. Use noise=None, or a dark-current cube."
        )
    cube, inside = arranged(cube, mask)
    part = sum_scene(
        cube, inside, ALONG.get(noise, "") if isinstance(noise, str) else ""
    )
    _enough(part, cube)
    found = SceneStatistics(
        n=part.pixels.n,
        mean=part.pixels.mean,
        covariance=part.pixels.scatter / (part.pixels.n - 1),
        noise_covariance=None,
        wavelength=np.asarray(cube["wavelength"].values, float),
        n_missing=part.missing,
        n_zero=part.zero,
        n_masked=part.masked,
    )
    if noise is None:
        return found
    if isinstance(noise, xr.DataArray):
        return _with_dark(found, noise, cube)
    if noise not in ALONG:
        covariance, n = block_noise(cube, inside, method=noise)
        return dataclasses.replace(
            found, noise=noise, noise_covariance=covariance, noise_n=n
        )
    if part.pairs.n < 2:
        raise ValueError(
            "no neighbouring pixels count, so there are no differences to tell the "
            "noise from. Widen the mask, or use noise=None."
        )
    return dataclasses.replace(
        found,
        noise=noise,
        noise_n=part.pairs.n,
        noise_covariance=part.pairs.scatter / (2 * (part.pairs.n - 1)),
    )


def _with_dark(
    found: SceneStatistics, dark: xr.DataArray, cube: xr.DataArray
) -> SceneStatistics:
    check_cube(dark)
    if (
        "bad_bands" in cube.coords
        or dark.sizes["wavelength"] != cube.sizes["wavelength"]
    ):
        near = np.isin(dark["wavelength"].values, cube["wavelength"].values)
        dark = dark.isel(wavelength=np.flatnonzero(near))
    dark = dark.drop_vars("bad_bands", errors="ignore")
    if not same_wavelengths(dark, cube):
        raise ValueError(
            f"the dark-current cube has {dark.sizes['wavelength']} of the cube's "
            f"{cube.sizes['wavelength']} good bands. Give one on its wavelengths."
        )
    told = scene_statistics(dark, noise=None)
    return dataclasses.replace(
        found,
        noise="dark",
        noise_covariance=told.covariance,
        noise_n=told.n - 1,
    )


def _enough(part: Part, cube: xr.DataArray) -> None:
    if part.pixels.n > 1:
        return
    name = f"'{cube.name}'" if cube.name is not None else "the cube"
    told = (
        f"{name} has {part.pixels.n} pixels that count, statistics need 2 at least: "
        f"{part.missing} lack a good band, {part.zero} are zero in all, {part.masked} "
        "lie outside the mask."
    )
    if not part.missing + part.zero + part.masked:
        raise ValueError(f"{told} Take a larger part of the scene.")
    raise ValueError(
        f"{told} Mark bands that are missing everywhere as bad (bad_bands), or widen "
        "the mask."
    )


def statistics_on(
    statistics: SceneStatistics, cube: xr.DataArray, *, noise: bool = False
) -> SceneStatistics:
    """
    Statistics given, checked to stand on the good bands of a cube.

    Parameters
    ----------
    statistics : SceneStatistics
        Of this cube or of another with the same wavelengths.
    cube : DataArray
        What they are used with.
    noise : bool
        Whether they must tell the noise.
    """
    wave = np.asarray(good_bands(cube)["wavelength"].values, float)
    if wave.shape != statistics.wavelength.shape or not np.allclose(
        wave, statistics.wavelength, rtol=1e-4
    ):
        raise ValueError(
            f"the statistics are of {statistics.wavelength.size} bands, the cube has "
            f"{wave.size} good ones, or others. Compute them anew: "
            "scene_statistics(cube)"
        )
    if noise and statistics.noise_covariance is None:
        raise ValueError(
            "the statistics tell no noise. Compute them with it: "
            "scene_statistics(cube, noise='difference')"
        )
    return statistics
