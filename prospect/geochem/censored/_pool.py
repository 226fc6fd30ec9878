"""Results of several imputed tables brought together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import stdtrit

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def pool_imputations(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """
    One result from those of several imputed tables, by Rubin's rules.

    Parameters
    ----------
    estimates : array_like, shape (n_tables,) or (n_tables, n_results)
        What was estimated on each table, such as a mean.
    variances : array_like, same shape
        Squared standard error of each.
    confidence : float, default 0.95
        Level of the interval.

    Returns
    -------
    DataFrame
        A row a result: `estimate`, `standard_error`, `low`, `high`, `within` and
        `between` (variances), `degrees_of_freedom`, and `missing_information`, the
        share of the variance that is due to imputing.

    Raises
    ------
    ValueError
        If there are fewer than two tables, shapes differ or a variance is negative.

    See Also
    --------
    impute_many : Makes the tables.

    References
    ----------
    Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley.

    Examples
    --------
    >>> found = pool_imputations([10.0, 11.0, 12.0], [1.0, 1.0, 1.0])
    >>> found[["estimate", "within", "between", "standard_error"]].round(3)
       estimate  within  between  standard_error
    0      11.0     1.0      1.0           1.528
    """
    values, spread = np.asarray(estimates, float), np.asarray(variances, float)
    if values.shape != spread.shape or values.ndim not in {1, 2} or len(values) < 2:
        raise ValueError(
            "estimates and variances of two tables or more, of one shape; got "
            f"{values.shape} and {spread.shape}"
        )
    if not (spread >= 0).all():
        raise ValueError("a variance is negative or missing: give squared errors")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence={confidence!r} lies between 0 and 1")
    values, spread = values.reshape(len(values), -1), spread.reshape(len(values), -1)
    count = len(values)
    within, between = spread.mean(axis=0), values.var(axis=0, ddof=1)
    extra = between * (1 + 1 / count)
    total = within + extra
    with np.errstate(divide="ignore", invalid="ignore"):
        freedom = (count - 1) * np.square(np.where(extra > 0, total / extra, np.inf))
    reach = np.sqrt(total) * stdtrit(np.minimum(freedom, 1e9), 0.5 + confidence / 2)
    middle = values.mean(axis=0)
    return pd.DataFrame(
        {
            "estimate": middle,
            "standard_error": np.sqrt(total),
            "low": middle - reach,
            "high": middle + reach,
            "within": within,
            "between": between,
            "degrees_of_freedom": freedom,
            "missing_information": np.where(total > 0, extra / total, 0.0),
        }
    )
