"""Linear detectors: one row of weights a target, all targets in one pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..._blocks import map_spectra
from ._background import (
    Background,
    background_of,
    check_scale,
    targets_of,
    unlike_mean,
)
from ._products import empty, linear

if TYPE_CHECKING:
    import xarray as xr

    from ..matching._references import References
    from ..reduction._statistics import SceneStatistics


def matched_filter(
    cube: xr.DataArray,
    targets: xr.DataArray,
    *,
    statistics: SceneStatistics | None = None,
    regularisation: float = 0.0,
) -> xr.DataArray:
    """
    Matched filter scores: 1 for the target, 0 on average over the background.

    For a mixture of target and mean background the score is the target's share.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Target spectra on the cube's wavelengths: any number in one pass.
    statistics : SceneStatistics, optional
        Of the scene, or of its background alone: `scene_statistics`. Computed here if
        not given, which reads the scene once more.
    regularisation : float
        From 0 to below 1: the covariance becomes (1 - r) C + r m I, with m the mean
        variance. For scenes with few pixels or dependent bands.

    Returns
    -------
    DataArray, dims ("target", ...)
        Dimensionless, float32, lazy where the cube is; below 0 and above 1 happen. NaN
        for pixels that are NaN in a good band or zero in all. Attrs
        ``background_pixels``, ``regularisation`` and ``spread``: the standard deviation
        of each target's score over the background, below which nothing can be told
        from it.

    Raises
    ------
    ValueError
        If the covariance has no inverse: with the bands that are constant, copies or
        sums of others; if wavelengths differ, or a target is the mean itself.

    See Also
    --------
    detection_threshold : Score that background exceeds at a stated rate.
    mtmf : With a measure of how feasible each score is.

    References
    ----------
    Stocker, A.D., Reed, I.S., Yu, X. (1990). Multidimensional signal processing for
    electro-optical target detection. Proceedings of SPIE 1305, 218-231.
    Boardman, J.W., Kruse, F.A., Green, R.O. (1995). Mapping target signatures via
    partial unmixing of AVIRIS data. Fifth JPL Airborne Earth Science Workshop.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> values = [[[0.2, 0.4, 0.3, 0.3]], [[0.3, 0.3, 0.2, 0.4]]]
    >>> cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    >>> target = xr.DataArray([[0.5, 0.3]], at | {"spectrum": ["clay"]},
    ...                       ("spectrum", "wavelength"))
    >>> print(matched_filter(cube, target).values[0, 0, :2])
    [-0.5  0.5]
    """
    found = targets_of(targets, cube)
    back = background_of(cube, statistics, regularisation)
    apart = unlike_mean(found, back.statistics)
    filters = back.solve(apart)
    filters /= (filters * apart).sum(1, keepdims=True)
    return _scores(cube, found, back, filters, "matched filter")


def cem(
    cube: xr.DataArray,
    targets: xr.DataArray,
    *,
    statistics: SceneStatistics | None = None,
    regularisation: float = 0.0,
) -> xr.DataArray:
    """
    Constrained energy minimisation: 1 for the target, least mean square otherwise.

    As the matched filter, but about zero: of the second moment, not the covariance.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Target spectra on the cube's wavelengths: any number in one pass.
    statistics : SceneStatistics, optional
        Of the scene; computed here if not given.
    regularisation : float
        As in `matched_filter`, of the second moment.

    Returns
    -------
    DataArray, dims ("target", ...)
        As `matched_filter` gives.

    Raises
    ------
    ValueError
        As in `matched_filter`.

    References
    ----------
    Harsanyi, J.C. (1993). Detection and classification of subpixel spectral signatures
    in hyperspectral image sequences. PhD thesis, University of Maryland.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> values = [[[0.2, 0.0, 0.2, 0.4]], [[0.0, 0.2, 0.2, 0.3]]]
    >>> cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    >>> target = xr.DataArray([[0.4, 0.3]], at | {"spectrum": ["clay"]},
    ...                       ("spectrum", "wavelength"))
    >>> print(cem(cube, target).values[0, 0, 3])
    1.0
    """
    found = targets_of(targets, cube)
    back = background_of(cube, statistics, regularisation, centred=False)
    check_scale(found, back.statistics)
    filters = back.solve(found.spectra)
    filters /= (filters * found.spectra).sum(1, keepdims=True)
    return _scores(cube, found, back, filters, "constrained energy", about_zero=True)


def tcimf(
    cube: xr.DataArray,
    targets: xr.DataArray,
    unwanted: xr.DataArray,
    *,
    statistics: SceneStatistics | None = None,
    regularisation: float = 0.0,
) -> xr.DataArray:
    """
    Target-constrained interference-minimised filter: unwanted spectra score 0 exactly.

    Parameters
    ----------
    cube : DataArray
        Scene, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Target spectra, each with a filter of its own that gives it 1.
    unwanted : DataArray, dims ("spectrum", "wavelength")
        Spectra that every filter gives 0, such as a mineral taken for the target.
    statistics : SceneStatistics, optional
        Of the scene; computed here if not given.
    regularisation : float
        As in `matched_filter`, of the second moment.

    Returns
    -------
    DataArray, dims ("target", ...)
        As `matched_filter` gives.

    Raises
    ------
    ValueError
        As in `matched_filter`; if a target is a sum of unwanted spectra, or these are
        sums of one another.

    References
    ----------
    Ren, H., Chang, C.-I. (2000). Target-constrained interference-minimized approach to
    subpixel target detection for hyperspectral images. Optical Engineering 39,
    3138-3145.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0]}
    >>> values = [[[0.2, 0.0, 0.2, 0.4]], [[0.0, 0.2, 0.2, 0.3]]]
    >>> cube = xr.DataArray(values, at, ("wavelength", "y", "x"))
    >>> both = xr.DataArray([[0.4, 0.3], [0.2, 0.2]], at | {"spectrum": ["a", "b"]},
    ...                     ("spectrum", "wavelength"))
    >>> print(tcimf(cube, both[:1], both[1:]).values[0, 0, 2:].round(6))
    [0. 1.]
    """
    found = targets_of(targets, cube)
    others = targets_of(unwanted, cube, role="unwanted spectra")
    back = background_of(cube, statistics, regularisation, centred=False)
    check_scale(found, back.statistics)
    filters = np.array(
        [
            _constrained(back, spectrum, others.spectra, name)
            for name, spectrum in zip(found.names, found.spectra, strict=True)
        ]
    )
    grid = _scores(cube, found, back, filters, "constrained target", about_zero=True)
    return grid.assign_attrs(unwanted=others.names)


def osp(
    cube: xr.DataArray, targets: xr.DataArray, background: xr.DataArray
) -> xr.DataArray:
    """
    Orthogonal subspace projection: what of each pixel no background spectrum explains.

    Parameters
    ----------
    cube : DataArray
        Cube, library or single spectrum, lazy or not.
    targets : DataArray, dims ("spectrum", "wavelength")
        Target spectra on the cube's wavelengths: any number in one pass.
    background : DataArray, dims ("spectrum", "wavelength")
        Spectra whose sums are taken away, such as endmembers.

    Returns
    -------
    DataArray, dims ("target", ...)
        Dimensionless, float32: 1 for the target, 0 for sums of background spectra; for
        a mixture of both, the target's share. NaN for pixels that are NaN in a good
        band or zero in all.

    Raises
    ------
    ValueError
        If a target is a sum of background spectra, if there are as many of these as
        bands, or wavelengths differ.

    References
    ----------
    Harsanyi, J.C., Chang, C.-I. (1994). Hyperspectral image classification and
    dimensionality reduction: an orthogonal subspace projection approach. IEEE
    Transactions on Geoscience and Remote Sensing 32, 779-785.

    Examples
    --------
    >>> import xarray as xr
    >>> at = {"wavelength": [2100.0, 2200.0, 2300.0]}
    >>> soil, clay = [0.3, 0.3, 0.3], [0.4, 0.2, 0.4]
    >>> both = xr.DataArray([soil, clay], at | {"spectrum": ["soil", "clay"]},
    ...                     ("spectrum", "wavelength"))
    >>> pixel = 0.75 * both[0] + 0.25 * both[1]
    >>> print(osp(pixel, both[1:], both[:1]).values)
    [0.25]
    """
    found = targets_of(targets, cube)
    basis = basis_of(targets_of(background, cube, role="background").spectra)
    left = found.spectra - (found.spectra @ basis) @ basis.T
    size = (left**2).sum(1, keepdims=True)
    inside = size[:, 0] <= 1e-16 * (found.spectra**2).sum(1)
    if inside.any():
        same = [name for name, flag in zip(found.names, inside, strict=True) if flag]
        raise ValueError(
            f"targets {same} are sums of background spectra: nothing of them is left. "
            "Take them out of the background."
        )
    filters = left / size

    def project(spectra: np.ndarray) -> np.ndarray:
        # float64: background may be a thousand times what is left
        scores = filters @ spectra.astype("float64")
        known = np.isfinite(scores) & ~empty(spectra)
        return np.where(known, scores, np.nan)

    (grid,) = map_spectra(project, cube, outputs=[found.output("osp")])
    return found.dress(grid, long_name="orthogonal subspace projection", units="1")


def basis_of(spectra: np.ndarray) -> np.ndarray:
    """Orthonormal columns (n_bands, rank) of the rows, refused if they span all."""
    _, size, rows = np.linalg.svd(spectra, full_matrices=False)
    rank = int((size > 1e-10 * size[0]).sum())
    if rank >= spectra.shape[1]:
        raise ValueError(
            f"{len(spectra)} background spectra span all {spectra.shape[1]} good "
            "bands: no direction is left for a target. Give fewer spectra."
        )
    return rows[:rank].T


def _constrained(
    back: Background, target: np.ndarray, unwanted: np.ndarray, name: str
) -> np.ndarray:
    """Weights w with least wᵀ R w, w · target = 1 and w · unwanted = 0."""
    spectra = np.vstack([target, unwanted])
    length = np.sqrt((spectra**2).sum(1))
    size = np.linalg.svd(spectra / length[:, None], compute_uv=False)
    if len(spectra) > spectra.shape[1] or size[-1] <= 1e-8 * size[0]:
        raise ValueError(
            f"target {name!r} cannot score 1 where {len(unwanted)} unwanted spectra "
            "score 0: they are sums of one another. Leave some of the unwanted out."
        )
    inverse = back.solve(spectra)
    wanted = np.zeros(len(spectra))
    wanted[0] = 1
    return np.linalg.solve(inverse @ spectra.T, wanted) @ inverse


def _scores(
    cube: xr.DataArray,
    found: References,
    back: Background,
    filters: np.ndarray,
    title: str,
    *,
    about_zero: bool = False,
) -> xr.DataArray:
    offset = filters @ back.mean if about_zero else 0.0
    out = found.output(title.replace(" ", "_"))
    apply = linear(filters, back.statistics, offset=offset)
    (grid,) = map_spectra(apply, cube, outputs=[out])
    spread = np.sqrt(((filters @ back.statistics.covariance) * filters).sum(1))
    told = {"spread": spread.tolist(), **back.attrs}
    return found.dress(grid, long_name=f"{title} score", units="1", **told)
