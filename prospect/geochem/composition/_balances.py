"""Isometric log-ratios and balances."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from ._basis import basis_for, contrasts
from ._nouns import from_ratios, part_names, ratio_columns, to_ratios, total_of
from ._parts import Plan, position, split_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ._nouns import Data
    from ._parts import Parts


def ilr(
    data: Data,
    *,
    basis: pd.DataFrame | NDArray | str | None = None,
    columns: Iterable[str] | None = None,
    missing: str = "refuse",
    dim: str | None = None,
) -> Data:
    """
    Isometric log-ratios: coordinates of a composition on an orthonormal basis.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        As for `clr`.
    basis : DataFrame or array, shape (n_parts - 1, n_parts), or {"helmert", "pivot"}
        Contrasts as `ilr_basis` gives them, with the parts as columns, or the name of a
        basis. Helmert if left out.
    columns : iterable of str, optional
        The parts; those of the basis, else all columns with a unit, if left out.
    missing : {"refuse", "nan"}, default "refuse"
        As for `clr`.
    dim : str, optional
        Dimension of the parts of a stack.

    Returns
    -------
    same type as `data`
        One coordinate fewer than parts, dimensionless, called as the rows of the basis
        (``ilr_1`` and so on). Distances are those between centred log-ratios.

    Raises
    ------
    DataProblems
        As for `clr`.
    ValueError
        If the basis is not orthonormal or has other parts; as for `clr`.

    See Also
    --------
    ilr_basis : Bases, sequential binary partitions.
    ilr_inverse : Back to parts.

    References
    ----------
    Egozcue, J. J., Pawlowsky-Glahn, V., Mateu-Figueras, G. and Barceló-Vidal, C.
    (2003). Isometric logratio transformations for compositional data analysis.
    Mathematical Geology 35, 279-300.

    Examples
    --------
    >>> ilr(np.array([0.1, 0.3, 0.4, 0.2])).round(8)
    array([-0.7768362 , -0.68339802,  0.11704769])
    """
    if isinstance(basis, pd.DataFrame) and columns is None and not _is_array(data):
        columns = [str(name) for name in basis.columns]

    def plan(parts: Parts) -> Plan:
        table = basis_for(parts.columns, basis)
        said = {"ratios": "ilr", "basis": table.to_dict("index")}
        return Plan([str(name) for name in table.index], table.to_numpy(), said)

    return to_ratios(data, plan, columns=columns, missing=missing, dim=dim)


def ilr_inverse(
    data: Data,
    *,
    basis: pd.DataFrame | NDArray | str | None = None,
    columns: Iterable[str] | None = None,
    unit: str | None = None,
    total: float | None = None,
    dim: str | None = None,
) -> Data:
    """
    Parts of a composition from isometric log-ratios.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        As `ilr` gives it.
    basis : DataFrame or array, shape (n_parts - 1, n_parts), or {"helmert", "pivot"}
        The one the coordinates were made on. For tables and grids a DataFrame, whose
        columns name the parts.
    columns : iterable of str, optional
        The coordinates, in the order of the basis; its row names if left out.
    unit, total : optional
        As for `clr_inverse`.
    dim : str, optional
        Dimension of the coordinates of a stack.

    Returns
    -------
    same type as `data`
        Positive parts that sum to `total`.

    Raises
    ------
    ValueError
        If no basis names the parts, or it does not fit; as for `clr_inverse`.

    See Also
    --------
    ilr : There.

    Examples
    --------
    >>> ilr_inverse(ilr(np.array([0.1, 0.3, 0.4, 0.2]))).round(8)
    array([0.1, 0.3, 0.4, 0.2])
    """
    if not _is_array(data):
        if not isinstance(basis, pd.DataFrame):
            raise ValueError(
                "the parts are named by the basis: give basis=ilr_basis(names, ...)"
            )
        columns = list(columns or [str(name) for name in basis.index])
    names = ratio_columns(data, columns, "^ilr_", dim)
    told = basis if isinstance(basis, pd.DataFrame) else None
    labels = [] if told is None else [split_name(str(c))[0] for c in told.columns]
    made = part_names(labels, unit)

    def plan(count: int) -> Plan:
        parts = list(told.columns) if told is not None else count + 1
        table = basis_for(parts, basis)
        if len(table) != count:
            raise ValueError(
                f"{count} coordinates do not fit a basis of {len(table)} rows"
            )
        return Plan(made, table.to_numpy().T, {"unit": unit})

    whole = total_of(unit, total)
    return from_ratios(data, names, plan, total=whole, dim=dim)


def balance(
    data: Data,
    *,
    numerator: str | Iterable[str],
    denominator: str | Iterable[str],
    missing: str = "refuse",
    dim: str | None = None,
) -> pd.Series | xr.DataArray | NDArray[np.float64]:
    """
    Balance of two groups of parts, one isometric log-ratio.

    sqrt(r s / (r + s)) ln(g(numerator) / g(denominator)), with r and s the numbers of
    parts and g their geometric means.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, array, Dataset or DataArray
        As for `clr`; only the parts named are looked at.
    numerator, denominator : str or iterable of str
        Parts of the two groups; their numbers in an array.
    missing : {"refuse", "nan"}, default "refuse"
        As for `clr`.
    dim : str, optional
        Dimension of the parts of a stack.

    Returns
    -------
    Series, DataArray or array
        Dimensionless; called ``Cu_Zn_vs_Al_K``. Lazy if `data` is.

    Raises
    ------
    DataProblems
        As for `clr`.
    ValueError
        If a part is in both groups or a group is empty; as for `clr`.

    See Also
    --------
    ilr_basis : A whole partition.

    References
    ----------
    Egozcue, J. J. and Pawlowsky-Glahn, V. (2005). Groups of parts and their balances in
    compositional data analysis. Mathematical Geology 37, 795-828.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [40.0], "Zn_ppm": [90.0], "Al_ppm": [600.0]})
    >>> balance(soil, numerator=["Cu_ppm", "Zn_ppm"], denominator="Al_ppm").round(4)
    0   -1.8801
    Name: Cu_Zn_vs_Al, dtype: float64
    """
    over, under = (_listed(group) for group in (numerator, denominator))
    both = sorted({str(name) for name in over} & {str(name) for name in under})
    if not over or not under or both:
        raise ValueError(
            f"numerator {over} and denominator {under} must each name a part, and none "
            "together"
        )
    names = [*over, *under]
    columns = None if _is_array(data) else names

    def plan(parts: Parts) -> Plan:
        signs = np.zeros(len(parts.parts))
        for group, sign in ((over, 1), (under, -1)):
            signs[[position(parts, name) for name in group]] = sign
        labels = [[parts.labels[position(parts, n)] for n in g] for g in (over, under)]
        name = "_vs_".join("_".join(group) for group in labels)
        said = {"ratios": "balance", "numerator": over, "denominator": under}
        return Plan([name], contrasts(signs[None]), said)

    found = to_ratios(data, plan, columns=columns, missing=missing, dim=dim)
    if isinstance(found, pd.DataFrame):
        series = pd.Series(found.iloc[:, -1])
        series.attrs = found.attrs
        return series
    if isinstance(found, xr.Dataset):
        only = found[next(iter(found.data_vars))]
        return only.assign_attrs(found.attrs)
    if isinstance(found, xr.DataArray):
        axis = (
            next(d for d in found.dims if d not in {"y", "x"}) if dim is None else dim
        )
        return found.isel({axis: 0}, drop=True)
    return found[..., 0]


def _listed(group: str | int | Iterable[str]) -> list:
    return [group] if isinstance(group, str | int) else list(group)


def _is_array(data: Data) -> bool:
    return not isinstance(data, pd.DataFrame | xr.Dataset | xr.DataArray)
