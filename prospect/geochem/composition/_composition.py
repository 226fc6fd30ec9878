"""Compositions: closure, centred and additive log-ratios, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._nouns import from_ratios, part_names, ratio_columns, to_ratios, total_of
from ._parts import Plan, position, split_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._nouns import Data
    from ._parts import Parts


def clr(
    data: Data,
    *,
    columns: Iterable[str] | None = None,
    missing: str = "refuse",
    dim: str | None = None,
) -> Data:
    """
    Centred log-ratios of a composition.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        Table with a part a column, array of shape (n_samples, n_parts), dataset with a
        grid a part, or stack of grids along `dim`. Parts need not be closed. Units are
        told by the names (``Cu_ppm``, ``SiO2_pct``) or by attrs["units"] and are
        brought to one; parts without any unit are taken as the same.
    columns : iterable of str, optional
        The parts. All columns with a unit if left out (all grids of a dataset).
    missing : {"refuse", "nan"}, default "refuse"
        Rows of a table with a missing part: an error, or a row of NaN. In grids a cell
        with a missing part is always missing.
    dim : str, optional
        Dimension of the parts of a stack; the one that is neither y nor x if left out.

    Returns
    -------
    same type as `data`
        Dimensionless, each sample sums to 0. In a table ``Cu_clr`` and so on take the
        place of the parts, other columns and the index stay; grids are lazy if `data`
        is. attrs["composition"] says parts, unit and which were converted,
        attrs["notes"] the same in words, with the share of imputed values.

    Raises
    ------
    DataProblems
        If values are zero, negative, missing or below detection and not imputed, by
        column with counts; if two columns hold the same element. For lazy grids, zero
        and negative cells are refused when the block is computed.
    ValueError
        If there are fewer than two parts or their units do not go together.

    See Also
    --------
    clr_inverse : Back to parts.
    impute_censored : What to do with values below detection.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman and
    Hall.

    Examples
    --------
    >>> import pandas as pd
    >>> soil = pd.DataFrame({"Cu_ppm": [20.0], "SiO2_pct": [64.0]}, index=["S1"])
    >>> clr(soil).round(3)
        Cu_clr  SiO2_clr
    S1  -5.187     5.187
    >>> clr(np.array([0.1, 0.3, 0.4, 0.2])).round(8)
    array([-0.79451346,  0.30409883,  0.5917809 , -0.10136628])
    """

    def plan(parts: Parts) -> Plan:
        names = [f"{label}_clr" for label in parts.labels]
        return Plan(names, None, {"ratios": "clr"})

    return to_ratios(data, plan, columns=columns, missing=missing, dim=dim)


def clr_inverse(
    data: Data,
    *,
    columns: Iterable[str] | None = None,
    unit: str | None = None,
    total: float | None = None,
    dim: str | None = None,
) -> Data:
    """
    Parts of a composition from centred log-ratios.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        As `clr` gives it.
    columns : iterable of str, optional
        The log-ratios; those whose name ends in ``_clr`` if left out.
    unit : {"ppm", "pct", "permil", "ppb", "ppt"}, optional
        Unit of the parts, which also becomes part of their names. Shares of one, and
        plain symbols, if left out.
    total : float, optional
        What the parts of a sample sum to: the whole in `unit` (1 without) if left out.
        Log-ratios do not know how much of the rock the parts were.
    dim : str, optional
        Dimension of the log-ratios of a stack.

    Returns
    -------
    same type as `data`
        Positive parts that sum to `total`.

    Raises
    ------
    ValueError
        If there are no such columns, or `unit` or `total` cannot be.

    See Also
    --------
    clr : There.

    Examples
    --------
    >>> import pandas as pd
    >>> ratios = clr(pd.DataFrame({"Cu_ppm": [20.0, 1.0], "Zn_ppm": [80.0, 3.0]}))
    >>> clr_inverse(ratios, unit="pct")
       Cu_pct  Zn_pct
    0    20.0    80.0
    1    25.0    75.0
    """
    names = ratio_columns(data, columns, "_clr$", dim)
    made = part_names([name.removesuffix("_clr") for name in names], unit)

    def plan(count: int) -> Plan:
        return Plan(made or [str(i) for i in range(count)], None, {"unit": unit})

    whole = total_of(unit, total)
    return from_ratios(data, names, plan, total=whole, dim=dim)


def alr(
    data: Data,
    *,
    denominator: str | int,
    columns: Iterable[str] | None = None,
    missing: str = "refuse",
    dim: str | None = None,
) -> Data:
    """
    Additive log-ratios of a composition, ln(part / denominator).

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        As for `clr`.
    denominator : str or int
        Column or grid that the others are divided by; its number in an array.
    columns : iterable of str, optional
        The parts, with the denominator or without.
    missing : {"refuse", "nan"}, default "refuse"
        As for `clr`.
    dim : str, optional
        Dimension of the parts of a stack.

    Returns
    -------
    same type as `data`
        ``Cu_alr`` and so on, one fewer than parts, dimensionless; the denominator is
        told in attrs["composition"].

    Raises
    ------
    DataProblems
        As for `clr`.
    ValueError
        If the denominator is not one of the parts; as for `clr`.

    See Also
    --------
    alr_inverse : Back to parts.

    References
    ----------
    Aitchison, J. (1986). The Statistical Analysis of Compositional Data. Chapman and
    Hall.

    Examples
    --------
    >>> alr(np.array([[0.1, 0.3, 0.4, 0.2]]), denominator=0).round(8)
    array([[1.09861229, 1.38629436, 0.69314718]])
    """
    if columns is not None:
        columns = list(columns)
        columns += [] if denominator in columns else [denominator]

    def plan(parts: Parts) -> Plan:
        at = position(parts, denominator)
        others = np.delete(np.arange(len(parts.parts)), at)
        matrix = np.eye(len(parts.parts))[others]
        matrix[:, at] = -1
        names = [f"{parts.labels[i]}_alr" for i in others]
        said = {"ratios": "alr", "denominator": parts.labels[at]}
        return Plan(names, matrix, said)

    return to_ratios(data, plan, columns=columns, missing=missing, dim=dim)


def alr_inverse(
    data: Data,
    *,
    denominator: str | int,
    columns: Iterable[str] | None = None,
    unit: str | None = None,
    total: float | None = None,
    dim: str | None = None,
) -> Data:
    """
    Parts of a composition from additive log-ratios.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        As `alr` gives it.
    denominator : str or int
        Symbol (``Zn``, or ``Zn_ppm``) of the part the others were divided by, which
        comes last; for an array the number it had among the parts.
    columns : iterable of str, optional
        The log-ratios; those whose name ends in ``_alr`` if left out.
    unit, total : optional
        As for `clr_inverse`.
    dim : str, optional
        Dimension of the log-ratios of a stack.

    Returns
    -------
    same type as `data`
        Positive parts that sum to `total`.

    Raises
    ------
    ValueError
        As for `clr_inverse`.

    See Also
    --------
    alr : There.

    Examples
    --------
    >>> ratios = np.array([[1.09861229, 1.38629436, 0.69314718]])
    >>> alr_inverse(ratios, denominator=0).round(4)
    array([[0.1, 0.3, 0.4, 0.2]])
    """
    names = ratio_columns(data, columns, "_alr$", dim)
    numbered = isinstance(denominator, int)
    labels = [name.removesuffix("_alr") for name in names]
    last = [] if numbered else [split_name(denominator)[0]]
    made = part_names([*labels, *last], unit)

    def plan(count: int) -> Plan:
        at = denominator if numbered else count
        matrix = np.insert(np.eye(count), at, 0, axis=0)
        return Plan(made if last else [], matrix, {"unit": unit})

    whole = total_of(unit, total)
    return from_ratios(data, names, plan, total=whole, dim=dim)
