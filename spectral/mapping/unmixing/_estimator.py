"""Unmixing as a scikit-learn transformer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ..._check import check_samples
from ._unmix import METHODS, make_problem, solver, unmix

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike


class _Named(BaseEstimator):
    def get_feature_names_out(self, input_features: ArrayLike = None) -> np.ndarray:  # noqa: ARG002
        """Names of the endmembers, one a column."""
        check_is_fitted(self)
        return np.asarray(self.names_, dtype=object)


class LinearUnmixing(TransformerMixin, _Named):
    """
    Shares of the endmembers given to `fit`, for pipelines.

    Parameters
    ----------
    method : {"fcls", "nnls", "scls", "ucls"}
        As of `unmix`.
    collinear : {"refuse", "allow"}
        What to do with a cube's endmembers that are more than bands or mixtures of
        others. Arrays are allowed anything, with any one of the equally good answers.

    Attributes
    ----------
    endmembers_ : ndarray, shape (n_endmembers, n_bands)
        Spectra of the endmembers.
    names_ : list of str
        Their names.
    n_features_in_ : int
        Number of bands.

    See Also
    --------
    unmix : The same with residual, constraints and state of each pixel.

    Examples
    --------
    >>> model = LinearUnmixing(method="nnls").fit([[0.1, 0.6], [0.5, 0.2]])
    >>> model.transform([[0.3, 0.4], [0.5, 0.2]]).round(6)
    array([[0.5, 0.5],
           [0. , 1. ]])
    """

    def __init__(self, *, method: str = "fcls", collinear: str = "refuse") -> None:
        self.method = method
        self.collinear = collinear

    def fit(self, X: ArrayLike | xr.DataArray, y: None = None) -> Self:  # noqa: ARG002
        """
        Keep the endmembers.

        Parameters
        ----------
        X : array, shape (n_endmembers, n_bands), or library
            Spectra of the pure materials.
        y : None
            Not used.

        Returns
        -------
        LinearUnmixing
            Itself.
        """
        if self.method not in METHODS:
            raise ValueError(
                f"method {self.method!r} is not known. Use one of {list(METHODS)}."
            )
        check_samples(X)
        if isinstance(X, xr.DataArray):
            library = X.transpose("spectrum", "wavelength")
            # bands that the cube marks bad may be missing here
            values = validate_data(
                self, library.values, dtype="float64", ensure_all_finite=False
            )
            self.library_ = library
            self.names_ = [str(name) for name in library["spectrum"].values]
        else:
            values = validate_data(self, X, dtype="float64")
            self.library_ = None
            self.names_ = [f"endmember{i}" for i in range(len(values))]
        self.endmembers_ = values
        self._n_features_out = len(values)
        return self

    def transform(self, X: ArrayLike | xr.DataArray) -> np.ndarray | xr.DataArray:
        """
        Shares of the endmembers.

        Parameters
        ----------
        X : array, shape (n_samples, n_bands), or cube
            Spectra. A cube must stand on the wavelengths of a library given to `fit`.

        Returns
        -------
        ndarray, shape (n_samples, n_endmembers), or DataArray
            Shares; of a cube ("endmember", y, x), lazy where it is.
        """
        check_is_fitted(self)
        check_samples(X)
        if isinstance(X, xr.DataArray):
            if self.library_ is None:
                raise ValueError(
                    "fit was given an array, which has no wavelengths to compare with "
                    "the cube's. Fit a library, or transform an array."
                )
            found = unmix(
                X, self.library_, method=self.method, collinear=self.collinear
            )
            return found["abundance"]
        values = validate_data(
            self, X, reset=False, dtype=("float64", "float32"), order="C"
        )
        solve = solver(make_problem(self.endmembers_, self.method))
        return solve(values.T)[0].T.astype(values.dtype)

    def __sklearn_tags__(self):  # noqa: ANN204
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
