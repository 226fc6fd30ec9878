"""Estimators say what they take: two dimensions, or a cube."""

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import (
    IndependentComponents,
    LinearUnmixing,
    MinimumNoiseFraction,
    PrincipalComponents,
    SpectralAngleMapper,
)

RNG = np.random.default_rng(5)
TABLE = RNG.uniform(0.1, 0.6, (30, 4))
ESTIMATORS = [
    IndependentComponents(n_components=2),
    LinearUnmixing(collinear="allow"),
    MinimumNoiseFraction(n_components=2),
    PrincipalComponents(n_components=2),
    SpectralAngleMapper(),
]
WRONG = {
    "Dataset. Choose one of .'b8'": xr.Dataset({"b8": ("x", TABLE[:, 0])}),
    r"shape \(2, 3, 4\). Give a cube as a DataArray": TABLE[:6].reshape(2, 3, 4),
}


@pytest.mark.parametrize("model", ESTIMATORS, ids=lambda model: type(model).__name__)
@pytest.mark.parametrize("message", WRONG)
def test_other_shapes_are_refused(model, message):
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(WRONG[message], [0, 1])
    fitted = model.fit(TABLE, np.arange(30) % 2)
    use = fitted.predict if hasattr(fitted, "predict") else fitted.transform
    with pytest.raises((TypeError, ValueError), match=message):
        use(WRONG[message])
