"""The spectral angle mapper as an estimator, and what a class map holds."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import xarray as xr
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..._check import check_samples
from ._angle import angle_of
from ._best import UNCLASSIFIED, classify_angle
from ._references import directions, references


class SpectralAngleMapper(ClassifierMixin, BaseEstimator):
    """
    Classifier by the smallest spectral angle, with scikit-learn's manners.

    Fitted with a library, each spectrum is a class. Fitted with samples and their
    labels, a class is the mean direction of its samples.

    Parameters
    ----------
    max_angle : float, optional
        Radians; samples farther from all classes are "unclassified" (for labels that
        are numbers: -1). None classifies all.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels.
    directions_ : ndarray of shape (n_classes, n_bands)
        Unit vectors of the classes.
    n_features_in_ : int
        Number of bands.
    library_ : DataArray
        The library it was fitted with, if it was.

    See Also
    --------
    classify_angle : The same as a function of a cube, with angle and margin.

    References
    ----------
    Kruse, F.A., et al. (1993). The spectral image processing system (SIPS). Remote
    Sensing of Environment 44, 145-163.

    Examples
    --------
    >>> mapper = SpectralAngleMapper().fit([[1.0, 1.0], [1.0, 0.0]], ["clay", "iron"])
    >>> print(mapper.predict([[0.4, 0.5], [0.2, 0.01]]))
    ['clay' 'iron']
    """

    def __init__(self, *, max_angle: float | None = None) -> None:
        self.max_angle = max_angle

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ANN401
        """Learn the directions of a library's spectra, or of samples with labels."""
        check_samples(X)
        if isinstance(X, xr.DataArray):
            return self._fit_library(X)
        vars(self).pop("library_", None)
        X, y = validate_data(self, X, y, dtype="float64")
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        length = np.sqrt((X**2).sum(1, keepdims=True))
        units = X / np.where(length > 0, length, 1)
        means = np.array([units[y == label].mean(0) for label in self.classes_])
        length = np.sqrt((means**2).sum(1, keepdims=True))
        self.directions_ = means / np.where(length > 0, length, 1)
        return self

    def predict(self, X: Any) -> Any:  # noqa: ANN401
        """Labels of samples; of a cube, the class map as `classify_angle` gives it."""
        check_is_fitted(self)
        check_samples(X)
        if isinstance(X, xr.DataArray):
            limit = np.pi if self.max_angle is None else self.max_angle
            return classify_angle(X, self._as_library(X), max_angle=limit)["class"]
        cosine = self._cosines(X)
        labels = self.classes_[cosine.argmax(1)]
        if self.max_angle is None:
            return labels
        far = ~(angle_of(cosine.max(1)) <= self.max_angle)
        text = labels.dtype.kind in "OUS"
        labels = labels.astype(object if text else np.result_type(labels, "int8"))
        labels[far] = UNCLASSIFIED if text else -1
        return labels

    def decision_function(self, X: Any) -> np.ndarray:  # noqa: ANN401
        """
        Cosines to the classes; of two classes, the second's less the first's.

        Samples that are all zero have no direction: their cosines are 0.
        """
        check_is_fitted(self)
        cosine = self._cosines(X)
        return cosine[:, 1] - cosine[:, 0] if len(self.classes_) == 2 else cosine

    def _cosines(self, X: Any) -> np.ndarray:  # noqa: ANN401
        X = validate_data(self, X, reset=False, dtype="float64")
        length = np.sqrt((X**2).sum(1, keepdims=True))
        cosine = (X @ self.directions_.T) / np.where(length > 0, length, 1)
        return np.clip(cosine, -1, 1)

    def _fit_library(self, library: xr.DataArray) -> Self:
        found = references(library, library)
        self.library_ = library.copy()
        self.classes_ = np.array(found.names)
        self.directions_ = directions(found.spectra)
        self.n_features_in_ = found.spectra.shape[1]
        return self

    def _as_library(self, cube: xr.DataArray) -> xr.DataArray:
        if hasattr(self, "library_"):
            return self.library_
        if cube.sizes.get("wavelength") != self.n_features_in_:
            raise ValueError(
                f"fitted with samples of {self.n_features_in_} bands, the cube has "
                f"{cube.sizes.get('wavelength')}: fit with a library of its bands."
            )
        return xr.DataArray(
            self.directions_,
            {
                "spectrum": [str(label) for label in self.classes_],
                "wavelength": cube["wavelength"].values,
            },
            ("spectrum", "wavelength"),
        )
