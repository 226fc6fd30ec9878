"""Principal components and minimum noise fraction."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ._algebra import check_regular, eigenvectors
from ._transformer import LinearTransformer, count_components, row_differences

if TYPE_CHECKING:
    import xarray as xr

    from ._statistics import SceneStatistics


class PrincipalComponents(LinearTransformer):
    """
    Principal components of spectra: of arrays, cubes (lazy or not) and libraries.

    Parameters
    ----------
    n_components : int or float, optional
        How many; a share between 0 and 1 of the variance to reach; None for all.
    standardise : bool
        Whether bands count alike: each divided by its standard deviation first.

    Attributes
    ----------
    components_ : ndarray, shape (n_components, n_bands)
        What turns spectra minus `mean_` into scores. Without `standardise` unit
        vectors; the element of largest size is positive.
    explained_variance_, explained_variance_ratio_ : ndarray, shape (n_components,)
        Variance of the scores, falling; its share.
    mean_ : ndarray, shape (n_bands,)
    inverse_ : ndarray, shape (n_bands, n_components)
        The way back.
    wavelength_ : ndarray, shape (n_bands,), or None
        Of the good bands, if fitted on a cube.

    See Also
    --------
    MinimumNoiseFraction : Components by signal-to-noise, not by variance.

    References
    ----------
    Jolliffe, I. T. (2002). Principal Component Analysis, 2nd ed. Springer.

    Examples
    --------
    >>> import xarray as xr
    >>> cube = xr.DataArray(
    ...     [[[0.1, 0.3, 0.2]], [[0.2, 0.6, 0.4]]],
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... )
    >>> pca = PrincipalComponents(n_components=1).fit(cube)
    >>> pca.components_.round(3).tolist()
    [[0.447, 0.894]]
    >>> pca.transform(cube).values.round(3).tolist()
    [[[-0.224, 0.224, 0.0]]]
    """

    long_name = "principal component scores"

    def __init__(
        self, *, n_components: float | None = None, standardise: bool = False
    ) -> None:
        self.n_components = n_components
        self.standardise = standardise

    def _learn(self, statistics: SceneStatistics, X: object) -> None:
        del X
        size = np.ones(statistics.mean.size)
        if self.standardise:
            size = np.sqrt(np.diag(statistics.covariance))
            check_regular(
                np.diag(size**2),
                self.wavelength_,
                role="the diagonal of the covariance",
                n=statistics.n,
            )
        values, vectors = eigenvectors(statistics.covariance / np.outer(size, size))
        values = np.maximum(values, 0)
        shares = values / (values.sum() or 1)
        most = min(len(values), statistics.n)
        k = count_components(self.n_components, shares, most)
        self.components_ = vectors[:k] / size
        self.inverse_ = (vectors[:k] * size).T
        self.explained_variance_ = values[:k]
        self.explained_variance_ratio_ = shares[:k]

    def _along(self) -> dict[str, np.ndarray]:
        return {
            "explained_variance": self.explained_variance_,
            "explained_variance_ratio": self.explained_variance_ratio_,
        }


class MinimumNoiseFraction(LinearTransformer):
    """
    Minimum noise fraction: components by falling signal-to-noise ratio.

    Parameters
    ----------
    n_components : int, optional
        How many; None for all, or for those of `min_snr`.
    noise : str or DataArray
        How `scene_statistics` tells the noise of a cube; in an array, differences of
        consecutive rows.
    min_snr : float, optional
        Keep the components with a greater signal-to-noise ratio (of variances).

    Attributes
    ----------
    components_ : ndarray, shape (n_components, n_bands)
        What turns spectra minus `mean_` into scores with noise of variance 1,
        uncorrelated; the element of largest size is positive.
    eigenvalues_ : ndarray, shape (n_components,)
        Variance of the scores, falling: signal and noise over noise.
    snr_ : ndarray, shape (n_components,)
        Variance of the signal over that of the noise: `eigenvalues_` - 1.
    mean_ : ndarray, shape (n_bands,)
    noise_covariance_ : ndarray, shape (n_bands, n_bands)
    inverse_ : ndarray, shape (n_bands, n_components)
        The way back: ``noise_covariance_ @ components_.T``.
    wavelength_ : ndarray, shape (n_bands,), or None
        Of the good bands, if fitted on a cube.

    Raises
    ------
    ValueError
        If the noise covariance is singular (with the bands), or no component reaches
        `min_snr`.

    References
    ----------
    Green, A. A., Berman, M., Switzer, P., Craig, M. D. (1988). A transformation for
    ordering multispectral data in terms of image quality with implications for noise
    removal. IEEE TGRS 26(1), 65-74.

    Examples
    --------
    >>> import xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> signal = np.repeat(rng.random((1, 40, 1)), 50, axis=2) * [[[1.0]], [[2.0]]]
    >>> cube = xr.DataArray(
    ...     signal + 0.01 * rng.standard_normal((2, 40, 50)),
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [600.0, 800.0]},
    ... )
    >>> mnf = MinimumNoiseFraction(min_snr=1.0).fit(cube)
    >>> mnf.n_components_, bool(mnf.snr_[0] > 1000)
    (1, True)
    """

    long_name = "minimum noise fraction scores"

    def __init__(
        self,
        *,
        n_components: int | None = None,
        noise: str | xr.DataArray = "difference",
        min_snr: float | None = None,
    ) -> None:
        self.n_components = n_components
        self.noise = noise
        self.min_snr = min_snr

    def _noise(self) -> str | xr.DataArray:
        return self.noise

    def _learn(self, statistics: SceneStatistics, X: object) -> None:
        del X
        if self.n_components is not None and self.min_snr is not None:
            raise ValueError(
                "n_components and min_snr both say how many components: give one."
            )
        noise = statistics.noise_covariance
        check_regular(
            noise, self.wavelength_, role="the noise covariance", n=statistics.noise_n
        )
        values, vectors = eigenvectors(statistics.covariance, noise)
        most = min(len(values), statistics.n)
        k = count_components(self.n_components, values / values.sum(), most)
        if self.min_snr is not None:
            k = int((values - 1 > self.min_snr).sum())
            if k == 0:
                raise ValueError(
                    f"no component has a signal-to-noise ratio above {self.min_snr:g}; "
                    f"the best reaches {values[0] - 1:.3g}. Lower min_snr."
                )
        self.noise_covariance_ = noise
        self.components_ = vectors[:k]
        self.inverse_ = noise @ vectors[:k].T
        self.eigenvalues_ = values[:k]
        self.snr_ = values[:k] - 1

    def _of_array(self, X: np.ndarray) -> SceneStatistics:
        return dataclasses.replace(
            super()._of_array(X),
            noise_covariance=row_differences(X),
            noise="difference",
            noise_n=len(X) - 1,
        )

    def _along(self) -> dict[str, np.ndarray]:
        return {"snr": self.snr_}
