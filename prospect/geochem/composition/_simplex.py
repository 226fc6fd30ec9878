"""The simplex: closure, perturbation and power, variation of log-ratios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._composition import clr, clr_inverse
from ._nouns import as_matrix, numbered
from ._parts import refuse, split_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    import xarray as xr
    from numpy.typing import ArrayLike, NDArray


def close(
    data: pd.DataFrame | np.ndarray | xr.Dataset,
    *,
    columns: Iterable[str] | None = None,
    unit: str | None = None,
    total: float | None = None,
    missing: str = "refuse",
) -> pd.DataFrame | np.ndarray | xr.Dataset:
    """
    Parts scaled so that those of a sample sum to a total.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array or Dataset
        As for `clr`.
    columns : iterable of str, optional
        The parts. All columns with a unit if left out.
    unit : {"ppm", "pct", "permil", "ppb", "ppt"}, optional
        Unit of the result: that of the parts if they share one, else ppm.
    total : float, optional
        What the parts sum to: the whole in that unit if left out (1 without units).
    missing : {"refuse", "nan"}, default "refuse"
        As for `clr`.

    Returns
    -------
    same type as `data`
        Ratios between parts are those of `data`; the names tell the unit.

    Raises
    ------
    DataProblems
        As for `clr`.
    ValueError
        As for `clr`; if `total` is not positive.

    See Also
    --------
    clr : Log-ratios, which do not depend on closure.

    Examples
    --------
    >>> close(pd.DataFrame({"Cu_ppm": [20.0], "SiO2_pct": [0.006]}), unit="pct")
       Cu_pct  SiO2_pct
    0    25.0      75.0
    """
    ratios = clr(data, columns=columns, missing=missing)
    if isinstance(data, np.ndarray | list | tuple):
        return clr_inverse(ratios, unit=unit, total=total)
    said = ratios.attrs["composition"]
    made = [f"{split_name(name)[0]}_clr" for name in said["parts"]]
    return clr_inverse(ratios, columns=made, unit=unit or said["unit"], total=total)


def perturb(data: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """
    Product of two compositions part by part, closed to 1: their addition.

    Parameters
    ----------
    data, other : array, shape (n_samples, n_parts) or (n_parts,)
        Positive parts.

    Returns
    -------
    array, shape of the larger
        Parts that sum to 1.

    Raises
    ------
    DataProblems
        If values are zero, negative or missing.

    See Also
    --------
    power : Multiplication by a number.

    Examples
    --------
    >>> perturb([0.1, 0.3, 0.4, 0.2], [1 / 6, 1 / 6, 1 / 3, 1 / 3])
    array([0.0625, 0.1875, 0.5   , 0.25  ])
    """
    first, second = (_positive(each) for each in (data, other))
    return clr_inverse(np.log(first) + np.log(second))


def power(data: ArrayLike, exponent: float) -> NDArray[np.float64]:
    """
    Parts raised to a power, closed to 1: a composition times a number.

    Parameters
    ----------
    data : array, shape (n_samples, n_parts) or (n_parts,)
        Positive parts.
    exponent : float
        Any number; -1 gives the inverse.

    Returns
    -------
    array, shape of `data`
        Parts that sum to 1.

    Raises
    ------
    DataProblems
        If values are zero, negative or missing.

    See Also
    --------
    perturb : Addition.

    Examples
    --------
    >>> power([0.1, 0.3, 0.4, 0.2], 0.1).round(8)
    array([0.23059566, 0.25737316, 0.26488486, 0.24714631])
    """
    return clr_inverse(np.log(_positive(data)) * exponent)


def variation_matrix(
    samples: pd.DataFrame | NDArray[np.float64],
    *,
    columns: Iterable[str] | None = None,
    missing: str = "refuse",
) -> pd.DataFrame:
    """
    Variance of the log-ratio of each two parts.

    Parameters
    ----------
    samples : DataFrame, GeoDataFrame or array, shape (n_samples, n_parts)
        As for `clr`.
    columns : iterable of str, optional
        The parts. All columns with a unit if left out.
    missing : {"refuse", "nan"}, default "refuse"
        As for `clr`; "nan" leaves out the rows with a missing part.

    Returns
    -------
    DataFrame, shape (n_parts, n_parts)
        Variances (n - 1 in the denominator), dimensionless; near 0 for parts that keep
        their proportion. attrs["total_variance"] is the sum of the variances of the
        centred log-ratios, attrs["clr_variance"] each part's, attrs["n"] the samples.

    Raises
    ------
    DataProblems
        As for `clr`.
    ValueError
        As for `clr`; if fewer than two samples are complete.

    See Also
    --------
    clr : The centred log-ratios.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman and
    Hall.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [1.0, 2, 3], "Zn_ppm": [2.0, 4, 6],
    ...                      "As_ppm": [1.0, 1, 1]})
    >>> variation_matrix(soil).round(3)
           Cu     Zn     As
    Cu  0.000  0.000  0.309
    Zn  0.000  0.000  0.309
    As  0.309  0.309  0.000
    """
    ratios = clr(samples, columns=columns, missing=missing)
    if isinstance(ratios, pd.DataFrame):
        labels = [split_name(c)[0] for c in ratios.attrs["composition"]["parts"]]
        values = ratios[[f"{label}_clr" for label in labels]].to_numpy()
    else:
        labels, values = list(range(ratios.shape[1])), ratios
    values = values[np.isfinite(values).all(axis=1)]
    if len(values) < 2:
        raise ValueError(
            f"{len(values)} samples are complete: a variance needs two. Leave out "
            "parts that were seldom analysed."
        )
    covariance = np.cov(values.T)
    own = np.diag(covariance)
    found = own[:, None] + own[None, :] - 2 * covariance
    np.fill_diagonal(found, 0)
    table = pd.DataFrame(np.maximum(found, 0), index=labels, columns=labels)
    table.attrs = {
        "total_variance": float(own.sum()),
        "clr_variance": dict(zip(labels, own.tolist(), strict=True)),
        "n": len(values),
    }
    return table


def _positive(data: ArrayLike) -> NDArray[np.float64]:
    values = as_matrix(data, None)
    if not (np.isfinite(values) & (values > 0)).all():
        names, index = numbered(values.shape[1]).columns, pd.RangeIndex(len(values))
        refuse(values.T, names, index, "refuse", values.T.copy())
    return np.asarray(data, dtype=float)
