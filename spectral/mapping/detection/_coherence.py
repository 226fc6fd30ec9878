"""Detectors by the angle to a target in the space where the background is white."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._blocks import Output, map_spectra
from ..._check import good_bands
from ..matching._references import blocks
from ._background import background_of, targets_of, unlike_mean
from ._filters import basis_of
from ._products import centred, precision

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

    from ..reduction._statistics import SceneStatistics


def ace(
    cube: xr.DataArray,
    targets: xr.DataArray,
    *,
    statistics: SceneStatistics | None = None,
    regularisation: float = 0.0,
    signed: bool = False,
) -> xr.DataArray:
    """
    Adaptive coherence estimator: squared cosine to the target in whitened space.

    Blind to how far a pixel is from the mean, so that bright and dark pixels need no
    thresholds of their own.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Target spectra on the cube's wavelengths: any number, one whitening for all.
    statistics : SceneStatistics, optional
        Of the scene, or of its background alone; computed here if not given.
    regularisation : float
        As in `matched_filter`.
    signed : bool
        Whether pixels opposite to the target get a negative score. The estimator has no
        sign; where targets only add to the background, such pixels are false alarms.

    Returns
    -------
    DataArray, dims ("target", ...)
        From 0 to 1 (-1 to 1 where signed), float32, lazy where the cube is. NaN for
        pixels that are NaN in a good band or zero in all, and for those equal to the
        mean. Without regularisation, which bends it, it says what law it follows over
        normal background known from ten or more pixels a band,
        ``attrs["background_law"]``.

    Raises
    ------
    ValueError
        As in `matched_filter`.

    References
    ----------
    Kraut, S., Scharf, L.L. (1999). The CFAR adaptive subspace detector is a
    scale-invariant GLRT. IEEE Transactions on Signal Processing 47, 2538-2541.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> values = [[[0.2, 0.4, 0.3, 0.3]], [[0.3, 0.3, 0.2, 0.4]]]
    >>> cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    >>> target = xr.DataArray([[0.5, 0.3]], at | {"spectrum": ["clay"]},
    ...                       ("spectrum", "wavelength"))
    >>> print(ace(cube, target, signed=True).values[0, 0, :2])
    [-1. 1.]
    """
    coherence = _coherence(cube, targets, statistics, regularisation)

    def score(along: np.ndarray, total: np.ndarray, _: int) -> np.ndarray:
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.minimum(along**2 / total, 1)
        return np.copysign(share, along) if signed else share

    told: dict[str, object] = {"long_name": "adaptive coherence", "signed": signed}
    told["squared"] = True
    if regularisation == 0:
        bands = good_bands(cube).sizes["wavelength"]
        law = "signed_beta" if signed else "beta"
        told["background_law"] = [law, 0.5, (bands - 1) / 2]
    return coherence("ace", score, **told)


def glrt(
    cube: xr.DataArray,
    targets: xr.DataArray,
    *,
    statistics: SceneStatistics | None = None,
    regularisation: float = 0.0,
) -> xr.DataArray:
    """
    Kelly's generalised likelihood ratio: between matched filter and coherence.

    With a background known from few pixels it is careful as `ace` is; known from many,
    it ranks pixels as the squared matched filter does.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Target spectra on the cube's wavelengths: any number, one whitening for all.
    statistics : SceneStatistics, optional
        Of the scene, or of its background alone; computed here if not given.
    regularisation : float
        As in `matched_filter`.

    Returns
    -------
    DataArray, dims ("target", ...)
        From 0 to 1, float32, lazy where the cube is; NaN for pixels that are NaN
        in a good band or zero in all.

    Raises
    ------
    ValueError
        As in `matched_filter`.

    References
    ----------
    Kelly, E.J. (1986). An adaptive detection algorithm. IEEE Transactions on Aerospace
    and Electronic Systems 22, 115-127.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> values = [[[0.2, 0.4, 0.3, 0.3]], [[0.3, 0.3, 0.2, 0.4]]]
    >>> cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    >>> target = xr.DataArray([[0.5, 0.3]], at | {"spectrum": ["clay"]},
    ...                       ("spectrum", "wavelength"))
    >>> print(glrt(cube, target).values[0, 0, :2])
    [0.273 0.273]
    """
    coherence = _coherence(cube, targets, statistics, regularisation)
    return coherence(
        "glrt",
        lambda along, total, n: along**2 / (n + total),
        long_name="generalised likelihood ratio",
        squared=True,
    )


def amsd(
    cube: xr.DataArray, target_subspace: xr.DataArray, background_subspace: xr.DataArray
) -> xr.DataArray:
    """
    Adaptive matched subspace detector: what target spectra explain of the remainder.

    An F ratio: energy that the target spectra explain beyond the background spectra,
    over the energy that neither explains, each by its degrees of freedom.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum, lazy or not.
    target_subspace : DataArray, dims ("spectrum", "wavelength")
        Spectra whose sums are the target, such as one mineral at several grain sizes.
    background_subspace : DataArray, dims ("spectrum", "wavelength")
        Spectra whose sums are the background, such as endmembers.

    Returns
    -------
    DataArray
        F, from 0 up, float32, in the cube's dimensions but the spectral one. Where the
        noise is white and no target is there it follows the F distribution with
        ``attrs["degrees_of_freedom"]``. NaN for pixels that are NaN in a good band or
        zero in all.

    Raises
    ------
    ValueError
        If the target's spectra are sums of background spectra, if both span all bands,
        or wavelengths differ.

    References
    ----------
    Manolakis, D., Siracusa, C., Shaw, G. (2001). Hyperspectral subpixel target
    detection using the linear mixing model. IEEE Transactions on Geoscience and Remote
    Sensing 39, 1392-1409.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0, 2300.0]}
    >>> both = xr.DataArray([[0.3, 0.3, 0.3], [0.4, 0.2, 0.4]],
    ...                     at | {"spectrum": ["soil", "clay"]},
    ...                     ("spectrum", "wavelength"))
    >>> pixel = xr.DataArray([0.35, 0.25, 0.34], at, "wavelength")
    >>> found = amsd(pixel, both[1:], both[:1])
    >>> print(found.values.round(), found.attrs["degrees_of_freedom"])
    120.0 (1, 1)
    """
    target = targets_of(target_subspace, cube, role="target_subspace")
    ground = targets_of(background_subspace, cube, role="background_subspace")
    base = basis_of(ground.spectra)
    both = basis_of(np.vstack([ground.spectra, target.spectra]))
    more = both.shape[1] - base.shape[1]
    left = both.shape[0] - both.shape[1]
    if more < 1:
        raise ValueError(
            "the target's spectra are sums of background spectra: nothing tells them "
            "apart. Take the target out of the background."
        )

    def ratio(spectra: np.ndarray) -> np.ndarray:
        found = np.empty(spectra.shape[1], "float32")
        for part, block in blocks(spectra):
            values = block.astype("float64")
            with np.errstate(invalid="ignore", divide="ignore"):
                energy = [
                    ((values - basis @ (basis.T @ values)) ** 2).sum(0)
                    for basis in (base, both)
                ]
                found[part] = (energy[0] - energy[1]) / more / (energy[1] / left)
        return np.where(np.isfinite(found), np.maximum(found, 0), np.nan)

    (grid,) = map_spectra(ratio, cube, outputs=[Output("amsd")])
    return grid.assign_attrs(
        long_name="adaptive matched subspace ratio",
        units="1",
        kind="continuous",
        degrees_of_freedom=(more, left),
        background_law=["f", more, left],
        squared=True,
        target=target.names,
        background=ground.names,
    )


def _coherence(
    cube: xr.DataArray,
    targets: xr.DataArray,
    statistics: SceneStatistics | None,
    regularisation: float,
) -> Callable[..., xr.DataArray]:
    """Maker of a score from components along the targets and whitened energy."""
    found = targets_of(targets, cube)
    back = background_of(cube, statistics, regularisation)
    whitener = back.whitener()
    along = unlike_mean(found, back.statistics) @ whitener.T
    along /= np.sqrt((along**2).sum(1, keepdims=True))
    kind = precision(whitener, back.statistics)
    whiten, units = whitener.astype(kind), along.astype(kind)
    n = back.statistics.n

    def make(name: str, score: Callable[..., np.ndarray], **told: object):  # noqa: ANN202
        def over(spectra: np.ndarray) -> np.ndarray:
            scores = np.empty((len(units), spectra.shape[1]), "float32")
            for part, block in centred(spectra, back.mean, kind):
                with np.errstate(invalid="ignore"):  # infinities
                    white = whiten @ block
                    total = np.einsum("ij,ij->j", white, white)
                    scores[:, part] = score(units @ white, total, n)
            scores[~np.isfinite(scores)] = np.nan
            return scores

        (grid,) = map_spectra(over, cube, outputs=[found.output(name)])
        return found.dress(grid, units="1", **told, **back.attrs)

    return make
