"""Test of the assumption weights of evidence rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ._wofe import WeightsOfEvidence


class IndependenceTest(NamedTuple):
    """
    Result of the test of conditional independence.

    Parameters
    ----------
    expected : float
        Deposits expected by the model, T: sum of posteriors over the unit cells.
    observed : float
        Deposits the model was trained with, n.
    s_expected : float
        Standard deviation s(T).
    statistic : float
        (T - n) / s(T).
    p_value : float
        Chance of so large a statistic if layers are independent given deposits; one
        side.
    n_conditions : int
        Unique conditions: different combinations of classes.
    """

    expected: float
    observed: float
    s_expected: float
    statistic: float
    p_value: float
    n_conditions: int


def conditional_independence_test(
    model: WeightsOfEvidence, X: pd.DataFrame, weight: ArrayLike | None = None
) -> IndependenceTest:
    """
    Test of Agterberg and Cheng for conditional independence of the layers.

    Dependent layers count the same evidence twice, so that more deposits are expected
    than there are.

    Parameters
    ----------
    model : WeightsOfEvidence
        Fitted.
    X : DataFrame, shape (n_rows, n_layers)
        Cells of the map, or rows that stand for all of it.
    weight : array, shape (n_rows,), optional
        Area in unit cells of each row; 1 by default.

    Returns
    -------
    IndependenceTest

    Raises
    ------
    ValueError
        If the weights are not one a row.

    Notes
    -----
    s²(T) is the sum over unique conditions of (N s)², N their area in unit cells and s
    the standard deviation of their posterior: cells of one condition err together, so
    neither a sum over single cells nor the root of a sum of deviations will do.

    References
    ----------
    Agterberg, F. P. & Cheng, Q. (2002). Conditional independence test for
    weights-of-evidence modeling. Natural Resources Research 11, 249-255.

    Examples
    --------
    >>> from prospect.models import WeightsOfEvidence
    >>> X = pd.DataFrame({"a": [1.0, 1, 1, 1, 2, 2, 2, 2],
    ...                   "b": [1.0, 1, 1, 2, 2, 2, 2, 2]})
    >>> model = WeightsOfEvidence(smoothing=0).fit(X, [1, 1, 0, 0, 1, 0, 0, 0])
    >>> result = conditional_independence_test(model, X)
    >>> round(result.expected, 2), result.observed, result.n_conditions
    (3.09, 3.0, 3)
    """
    area = np.ones(len(X)) if weight is None else np.asarray(weight, dtype=float)
    if area.shape != (len(X),):
        raise ValueError(f"weight: one value a row, {len(X)}, is due; got {area.shape}")
    condition = _conditions(model, X)
    posterior, std = model.predict_with_std(X)
    units = np.bincount(condition, weights=area)
    first = np.unique(condition, return_index=True)[1]
    expected = float(units @ posterior[first])
    s_expected = float(np.sqrt(np.sum((units * std[first]) ** 2)))
    statistic = (expected - model.n_deposits_) / s_expected
    return IndependenceTest(
        expected=expected,
        observed=model.n_deposits_,
        s_expected=s_expected,
        statistic=statistic,
        p_value=float(norm.sf(statistic)),
        n_conditions=units.size,
    )


def _conditions(model: WeightsOfEvidence, X: pd.DataFrame) -> np.ndarray:
    """Number of the unique condition of each row; joined classes are one."""
    key = np.zeros(len(X), dtype=np.int64)
    missing = model.missing(X)
    for name, weights in model.contributions(X).items():
        codes, different = pd.factorize(weights.mask(missing[name]))
        key = pd.factorize(key * (len(different) + 1) + codes + 1)[0]
    return key
