"""What linear transforms of spectra share: arrays and cubes, there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np
import xarray as xr
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from ..._blocks import Output, map_spectra
from ..._check import check_cube, check_samples, good_bands
from ._statistics import SceneStatistics, scene_statistics, statistics_on

if TYPE_CHECKING:
    from collections.abc import Sequence


class LinearTransformer(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """
    Scores = components_ @ (spectrum - mean_), of arrays, cubes and libraries.

    A subclass gives `_learn(statistics, X)`, which sets `components_`, `inverse_` and
    what else it knows, `_noise()`, the estimate it needs, and `_along()`.
    """

    long_name = "component scores"

    def fit(
        self,
        X: np.ndarray | xr.DataArray,
        y: None = None,
        *,
        statistics: SceneStatistics | None = None,
    ) -> Self:
        """
        Learn the components.

        Parameters
        ----------
        X : array, shape (n_samples, n_bands), or DataArray
            Spectra; a cube or library is read once, for its statistics.
        y : None
            Not used.
        statistics : SceneStatistics, optional
            Of the cube, if already computed.

        Returns
        -------
        self
        """
        del y
        check_samples(X)
        if isinstance(X, xr.DataArray):
            self._remember(X)
            given = statistics
            if given is None:
                given = scene_statistics(X, noise=self._noise())
            statistics = statistics_on(given, X, noise=self._noise() is not None)
        else:
            X = validate_data(
                self, X, dtype=["float64", "float32"], ensure_min_samples=2
            )
            self._forget()
            if statistics is None:
                statistics = self._of_array(X)
        self.mean_ = statistics.mean
        self._learn(statistics, X)
        self.n_components_ = len(self.components_)
        return self

    def transform(self, X: np.ndarray | xr.DataArray) -> np.ndarray | xr.DataArray:
        """
        Scores of spectra.

        Parameters
        ----------
        X : array, shape (n_samples, n_bands), or DataArray
            Of the bands fitted.

        Returns
        -------
        array, shape (n_samples, n_components), or DataArray
            A cube gives dims ("component", "y", "x"), lazy if it was; NaN where a good
            band is missing.
        """
        check_is_fitted(self)
        check_samples(X)
        if not isinstance(X, xr.DataArray):
            X = validate_data(self, X, dtype=["float64", "float32"], reset=False)
            return (X - self.mean_) @ self.components_.T
        self._same_bands(X)
        dtype = str(np.result_type(X.dtype, "float32"))
        weights = self.components_.astype(dtype)
        mean = self.mean_.astype(dtype)[:, None]
        labels = np.arange(1, len(weights) + 1)
        (scores,) = map_spectra(
            lambda spectra: weights @ (spectra - mean),
            X,
            outputs=[Output("scores", "component", labels, dtype)],
        )
        return self._dressed(scores)

    def inverse_transform(
        self, X: np.ndarray | xr.DataArray
    ) -> np.ndarray | xr.DataArray:
        """
        Spectra from scores: without the components left out, so with less noise.

        Parameters
        ----------
        X : array, shape (n_samples, n_components), or DataArray
            Scores, as `transform` gives them.

        Returns
        -------
        array, shape (n_samples, n_bands), or DataArray
            On the good bands.
        """
        check_is_fitted(self)
        if not isinstance(X, xr.DataArray):
            return np.asarray(X) @ self.inverse_.T + self.mean_
        if X.sizes.get("component") != self.n_components_:
            raise ValueError(
                f"scores have {X.sizes.get('component')} components, "
                f"{type(self).__name__} has {self.n_components_}. Give all of them; "
                "set those to leave out to zero."
            )
        back = self.inverse_.astype(X.dtype)
        weights = xr.DataArray(back, dims=("wavelength", "component"))
        extra = [name for name in X.coords if "component" in X[name].dims]
        spectra = xr.dot(weights, X.drop_vars(extra), dim="component")
        mean = xr.DataArray(self.mean_.astype(X.dtype), dims="wavelength")
        spectra = (spectra + mean).assign_coords(self.bands_ or {})
        spectra.attrs = dict(self.cube_attrs_)
        return spectra.rename(None)

    @property
    def _n_features_out(self) -> int:
        return len(self.components_)

    def _noise(self) -> str | xr.DataArray | None:
        return None

    def _learn(self, statistics: SceneStatistics, X: np.ndarray | xr.DataArray) -> None:
        raise NotImplementedError

    def _along(self) -> dict[str, np.ndarray]:
        """Coordinates of the scores along component."""
        return {}

    def _of_array(self, X: np.ndarray) -> SceneStatistics:
        return SceneStatistics(
            n=len(X),
            mean=X.mean(0, dtype="float64"),
            covariance=np.atleast_2d(np.cov(X.astype("float64", copy=False).T)),
            noise_covariance=None,
            wavelength=np.arange(X.shape[1], dtype=float),
        )

    def _remember(self, cube: xr.DataArray) -> None:
        check_cube(cube)
        good = good_bands(cube)
        self.wavelength_ = np.asarray(good["wavelength"].values, float)
        self.bands_ = {
            name: ("wavelength", good[name].values)
            for name in good.coords
            if good[name].dims == ("wavelength",) and name != "bad_bands"
        }
        self.cube_attrs_ = dict(cube.attrs)
        self.n_features_in_ = self.wavelength_.size

    def _forget(self) -> None:
        self.wavelength_, self.bands_, self.cube_attrs_ = None, {}, {}

    def _same_bands(self, cube: xr.DataArray) -> None:
        check_cube(cube)
        wave = np.asarray(good_bands(cube)["wavelength"].values, float)
        fits = wave.size == self.n_features_in_ and (
            self.wavelength_ is None or np.allclose(wave, self.wavelength_, rtol=1e-4)
        )
        if not fits:
            raise ValueError(
                f"{type(self).__name__} was fitted on {self.n_features_in_} bands; the "
                f"cube has {wave.size} good ones, or others. Mark the same bands bad, "
                "or fit it on this cube."
            )

    def _dressed(self, scores: xr.DataArray) -> xr.DataArray:
        extra = {name: ("component", values) for name, values in self._along().items()}
        scores = scores.assign_coords(extra)
        scores.attrs = {"long_name": self.long_name, "units": "1", "kind": "continuous"}
        return scores


def count_components(
    wanted: float | None, shares: np.ndarray, most: int, *, name: str = "n_components"
) -> int:
    """How many components: a number, a share of the variance, or all."""
    if wanted is None:
        return most
    if isinstance(wanted, float) and 0 < wanted < 1:
        return int(np.searchsorted(np.cumsum(shares), wanted) + 1)
    if isinstance(wanted, bool) or wanted != int(wanted) or not 1 <= wanted <= most:
        raise ValueError(
            f"{name}={wanted}: give a whole number from 1 to {most}, a share of the "
            "variance between 0 and 1, or None for all."
        )
    return int(wanted)


def row_differences(X: Sequence[Any] | np.ndarray) -> np.ndarray:
    """Noise covariance from differences of consecutive rows (Green et al. 1988)."""
    return np.atleast_2d(np.cov(np.diff(np.asarray(X, float), axis=0).T)) / 2
