"""Independent components, found among the leading principal components."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._blocks import Output, map_spectra
from ._components import PrincipalComponents
from ._statistics import SceneStatistics
from ._transformer import LinearTransformer


class IndependentComponents(LinearTransformer):
    """
    Independent components of spectra, by FastICA on leading principal components.

    Parameters
    ----------
    n_components : int, optional
        How many; None for all.
    max_pixels : int
        FastICA looks at a random sample of at most so many.
    max_iter : int
        Of FastICA.
    tol : float
        Of FastICA.
    random_state : int
        Of the sample and of FastICA's start.

    Attributes
    ----------
    components_ : ndarray, shape (n_components, n_bands)
        What turns spectra minus `mean_` into scores of variance 1.
    kurtosis_ : ndarray, shape (n_components,)
        Excess kurtosis of the scores of the sample. Components stand by its falling
        size, the rare and bright first, and have positive skewness.
    mean_ : ndarray, shape (n_bands,)
    inverse_ : ndarray, shape (n_bands, n_components)
        The way back: the mixing matrix.
    n_iter_ : int
        Iterations FastICA needed.
    n_sampled_ : int
        Pixels FastICA looked at.
    wavelength_ : ndarray, shape (n_bands,), or None
        Of the good bands, if fitted on a cube.

    Notes
    -----
    A cube is read twice: for its statistics, and for the scores of its pixels, of
    which (n_components, n_pixels) are in memory.

    References
    ----------
    Hyvärinen, A. (1999). Fast and robust fixed-point algorithms for independent
    component analysis. IEEE Transactions on Neural Networks 10(3), 626-634.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sources = rng.uniform(-1, 1, (2000, 2)) ** 3
    >>> ica = IndependentComponents(random_state=0).fit(sources @ [[1, 2], [1, 1]])
    >>> found = np.corrcoef(ica.transform(sources @ [[1, 2], [1, 1]]).T, sources.T)
    >>> np.abs(found[:2, 2:]).max(axis=0).round(2).tolist()
    [1.0, 1.0]
    """

    long_name = "independent component scores"

    def __init__(
        self,
        *,
        n_components: int | None = None,
        max_pixels: int = 200_000,
        max_iter: int = 500,
        tol: float = 1e-4,
        random_state: int = 0,
    ) -> None:
        self.n_components = n_components
        self.max_pixels = max_pixels
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state

    def _learn(self, statistics: SceneStatistics, X: np.ndarray | xr.DataArray) -> None:
        from sklearn.decomposition import FastICA

        pca = PrincipalComponents(n_components=self.n_components)
        pca.wavelength_ = self.wavelength_
        pca._learn(statistics, X)
        strong = pca.explained_variance_ > 1e-12 * pca.explained_variance_[0]
        size = np.sqrt(pca.explained_variance_[strong])
        white = pca.components_[strong] / size[:, None]
        scores = self._sample(white, X)
        ica = FastICA(
            whiten="unit-variance",
            max_iter=self.max_iter,
            tol=self.tol,
            random_state=self.random_state,
        ).fit(scores)
        found = (scores - ica.mean_) @ ica.components_.T
        kurtosis = (found**4).mean(0) - 3
        order = np.argsort(-np.abs(kurtosis), kind="stable")
        turn = np.where((found**3).mean(0) < 0, -1.0, 1.0)[order][:, None]
        rotation = turn * ica.components_[order]
        self.components_ = rotation @ white
        self.inverse_ = (pca.inverse_[:, strong] * size) @ np.linalg.pinv(rotation)
        self.kurtosis_ = kurtosis[order]
        self.n_iter_ = int(ica.n_iter_)
        self.n_sampled_ = len(scores)

    def _sample(self, white: np.ndarray, X: np.ndarray | xr.DataArray) -> np.ndarray:
        if isinstance(X, xr.DataArray):
            labels = range(len(white))
            (scores,) = map_spectra(
                lambda spectra: white @ (spectra - self.mean_[:, None]),
                X,
                outputs=[Output("scores", "component", labels)],
            )
            scores = scores.values.reshape(len(white), -1).T
            scores = scores[np.isfinite(scores[:, 0])]
        else:
            scores = (X - self.mean_) @ white.T
        if len(scores) > self.max_pixels:
            rng = np.random.default_rng(self.random_state)
            chosen = rng.choice(len(scores), self.max_pixels, replace=False)
            scores = scores[np.sort(chosen)]
        return scores.astype("float64")

    def _along(self) -> dict[str, np.ndarray]:
        return {"kurtosis": self.kurtosis_}
