"""Mixture-tuned matched filtering: how much target, and whether that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba as nb
import numpy as np
import xarray as xr

from ..._blocks import map_spectra
from ..reduction._algebra import check_regular, eigenvectors
from ..reduction._statistics import scene_statistics, statistics_on
from ._background import targets_of, unlike_mean
from ._products import centred, precision

if TYPE_CHECKING:
    from ..reduction._statistics import SceneStatistics


def mtmf(
    cube: xr.DataArray,
    targets: xr.DataArray,
    *,
    statistics: SceneStatistics | None = None,
    n_components: int | None = None,
) -> xr.Dataset:
    """
    Mixture-tuned matched filtering: share of the target and infeasibility of that.

    The scene is brought to minimum noise fraction components, in which noise has unit
    variance and the background the variances lambda. The matched filter score a is the
    target's share. A mixture of a parts target with background must then lie near a
    times the target: with the background's spread where a is 0, with that of the noise
    where a is 1, and between them in between. How many of these spreads the rest of the
    pixel is away is its infeasibility; false alarms of the matched filter have a high
    one.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Pure target spectra on the cube's wavelengths: any number in one pass.
    statistics : SceneStatistics, optional
        Of the scene, with noise: ``scene_statistics(cube, noise="difference")``, which
        is what is computed here if not given.
    n_components : int, optional
        Components with the most signal that are used; all by default. Those that hold
        noise only dilute the infeasibility.

    Returns
    -------
    Dataset
        Each (target, ...), float32, lazy where the cube is. ``score``: matched filter,
        1 for the target, 0 on average. ``infeasibility``: in standard deviations, root
        mean square over the components less one; about 1 for mixtures with the target,
        much above for others. NaN for pixels that are NaN in a good band or zero in
        all.

    Raises
    ------
    ValueError
        If the statistics tell no noise, if the noise or the scene has no variance in a
        band, or n_components is not from 2 to the number of good bands.

    Notes
    -----
    The spread is interpolated in standard deviations, (1 - a) sqrt(lambda) + a, with a
    held between 0 and 1, after the papers' description; ENVI's own scaling of its
    infeasibility image is not published in detail and may differ by a factor.

    References
    ----------
    Boardman, J.W. (1998). Leveraging the high dimensionality of AVIRIS data for
    improved sub-pixel target unmixing and rejection of false positives: mixture tuned
    matched filtering. Seventh JPL Airborne Geoscience Workshop, 55-56.
    Boardman, J.W., Kruse, F.A. (2011). Analysis of imaging spectrometer data using
    N-dimensional geometry and a mixture-tuned matched filtering approach. IEEE
    Transactions on Geoscience and Remote Sensing 49, 4138-4152.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> at = {"wavelength": [2100.0, 2200.0, 2300.0, 2400.0]}
    >>> light = 0.3 + 0.1 * rng.standard_normal((1, 30, 30)).cumsum(2) / 5
    >>> values = light * np.array([1.0, 1.1, 1.2, 1.3])[:, None, None]
    >>> values += 0.001 * rng.standard_normal(values.shape)
    >>> target = xr.DataArray([[0.5, 0.2, 0.5, 0.5]], at | {"spectrum": ["clay"]},
    ...                       ("spectrum", "wavelength"))
    >>> values[:, 5, 5] = 0.6 * values[:, 5, 5] + 0.4 * target.values[0]
    >>> found = mtmf(xr.DataArray(values, at, ("wavelength", "y", "x")), target)
    >>> round(float(found.score[0, 5, 5]), 1), bool(found.infeasibility[0, 5, 5] < 3)
    (0.4, True)
    """
    found = targets_of(targets, cube)
    if statistics is None:
        statistics = scene_statistics(cube)
    statistics = statistics_on(statistics, cube, noise=True)
    values, vectors = _components(statistics, n_components)
    apart = unlike_mean(found, statistics) @ vectors.T
    filters = apart / values
    filters /= (filters * apart).sum(1, keepdims=True)
    spread = np.sqrt(values)
    kind = precision(vectors, statistics)
    rotate, weights = vectors.astype(kind), filters.astype(kind)

    def tune(spectra: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        score = np.empty((len(apart), spectra.shape[1]), "float32")
        far = np.empty_like(score)
        for part, block in centred(spectra, statistics.mean, kind):
            with np.errstate(invalid="ignore"):  # infinities
                white = rotate @ block
                share = weights @ white
            share[~np.isfinite(share)] = np.nan
            score[:, part] = share
            far[:, part] = _infeasibility(white, share, apart, spread)
        return score, far

    outputs = [found.output("score"), found.output("infeasibility")]
    score, far = map_spectra(tune, cube, outputs=outputs)
    told = {
        "background_pixels": statistics.n,
        "components": len(values),
        "noise": statistics.noise,
        "notes": list(statistics.notes),
    }
    own = np.sqrt((filters**2 * values).sum(1)).tolist()
    return xr.Dataset(
        {
            "score": found.dress(
                score, long_name="matched filter score", units="1", spread=own, **told
            ),
            "infeasibility": found.dress(
                far, long_name="infeasibility in standard deviations", units="1", **told
            ),
        }
    )


def _components(
    statistics: SceneStatistics, count: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Variances over noise, falling, and the rows that give these components."""
    bands = len(statistics.mean)
    if count is not None and not 2 <= count <= bands:
        raise ValueError(
            f"n_components must be from 2 to the {bands} good bands. Got {count}."
        )
    if bands < 2:
        raise ValueError("one good band has no shape to compare. Use more bands.")
    wave, noise = statistics.wavelength, statistics.noise_covariance
    check_regular(noise, wave, role="the noise covariance", n=statistics.noise_n)
    check_regular(statistics.covariance, wave, role="the covariance", n=statistics.n)
    values, vectors = eigenvectors(statistics.covariance, noise)
    keep = slice(count)
    return np.ascontiguousarray(values[keep]), np.ascontiguousarray(vectors[keep])


@nb.njit(nogil=True, cache=True)
def _infeasibility(white, share, apart, spread):  # noqa: ANN001, ANN202
    """Root mean square of what the share of the target leaves, in mixed spreads."""
    targets, pixels = share.shape
    components = white.shape[0]
    found = np.zeros((targets, pixels))
    mixed = np.empty(pixels)
    for target in range(targets):
        total = found[target]
        for pixel in range(pixels):
            mixed[pixel] = min(max(share[target, pixel], 0.0), 1.0)
        for component in range(components):
            level, wide = apart[target, component], spread[component]
            for pixel in range(pixels):
                left = white[component, pixel] - share[target, pixel] * level
                left /= wide + mixed[pixel] * (1.0 - wide)
                total[pixel] += left * left
        for pixel in range(pixels):
            total[pixel] = np.sqrt(total[pixel] / (components - 1))
    return found
