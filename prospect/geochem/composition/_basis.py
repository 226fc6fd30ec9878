"""Orthonormal bases of compositions; sequential binary partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

METHODS = ("helmert", "pivot")


def ilr_basis(
    parts: Sequence[str] | int,
    *,
    method: str = "helmert",
    partition: pd.DataFrame | NDArray | Sequence[Sequence[int]] | None = None,
) -> pd.DataFrame:
    """
    Orthonormal basis for isometric log-ratios.

    Parameters
    ----------
    parts : sequence of str or int
        Names of the parts, as the columns are called, or how many there are.
    method : {"helmert", "pivot"}, default "helmert"
        Helmert: coordinate i sets the first i parts against part i + 1, as scikit-bio
        does. Pivot: coordinate 1 sets the first part against all others, coordinate 2
        the second against those after it, and so on.
    partition : DataFrame or array, shape (n_parts - 1, n_parts), optional
        Sequential binary partition, used instead of `method`: each row a balance, 1 for
        the parts in its numerator, -1 in its denominator, 0 for the others. Names of
        the rows become names of the coordinates.

    Returns
    -------
    DataFrame, shape (n_parts - 1, n_parts)
        Contrasts: rows of length 1, orthogonal, each summing to 0.

    Raises
    ------
    ValueError
        If the partition is not one: wrong shape or codes, a row without numerator or
        denominator, rows that are not orthogonal.

    See Also
    --------
    ilr : Coordinates on a basis.
    balance : One coordinate.

    References
    ----------
    Egozcue, J. J., Pawlowsky-Glahn, V., Mateu-Figueras, G. and Barceló-Vidal, C.
    (2003). Isometric logratio transformations for compositional data analysis.
    Mathematical Geology 35, 279-300.
    Egozcue, J. J. and Pawlowsky-Glahn, V. (2005). Groups of parts and their balances in
    compositional data analysis. Mathematical Geology 37, 795-828.

    Examples
    --------
    >>> ilr_basis(["Cu_ppm", "Zn_ppm", "As_ppm"]).round(3)
           Cu_ppm  Zn_ppm  As_ppm
    ilr_1   0.707  -0.707   0.000
    ilr_2   0.408   0.408  -0.816
    """
    names = [str(i) for i in range(parts)] if isinstance(parts, int) else list(parts)
    count = len(names)
    if count < 2:
        raise ValueError(f"a basis needs two parts or more; got {names}")
    if partition is not None:
        return _from_partition(names, partition)
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}; got {method!r}")
    signs = np.tril(np.ones((count - 1, count)))
    signs[np.arange(count - 1), np.arange(1, count)] = -1
    # seen from the other end, a pivot is a Helmert contrast with its sign changed
    signs = -signs[::-1, ::-1] if method == "pivot" else signs
    rows = [f"ilr_{i}" for i in range(1, count)]
    return pd.DataFrame(contrasts(signs), index=rows, columns=names)


def contrasts(signs: NDArray) -> NDArray[np.float64]:
    above = (signs > 0).sum(axis=1, keepdims=True)
    below = (signs < 0).sum(axis=1, keepdims=True)
    size = np.sqrt(above * below / (above + below))
    return np.where(signs > 0, size / above, np.where(signs < 0, -size / below, 0.0))


def _from_partition(names: list[str], partition: object) -> pd.DataFrame:
    count = len(names)
    rows = [f"ilr_{i}" for i in range(1, count)]
    if isinstance(partition, pd.DataFrame):
        rows = [str(name) for name in partition.index]
        if sorted(partition.columns) != sorted(names):
            raise ValueError(
                f"the partition has the parts {list(partition.columns)}, not {names}"
            )
        partition = partition[names]
    signs = np.asarray(partition)
    if signs.shape != (count - 1, count) or not np.isin(signs, (-1, 0, 1)).all():
        raise ValueError(
            f"a partition of {count} parts is a table of {count - 1} rows and {count} "
            f"columns with 1, -1 and 0; got shape {signs.shape}"
        )
    empty = ~((signs > 0).any(axis=1) & (signs < 0).any(axis=1))
    if empty.any():
        raise ValueError(
            f"row {rows[int(np.argmax(empty))]!r} of the partition has no numerator or "
            "no denominator"
        )
    basis = pd.DataFrame(contrasts(signs), index=rows, columns=names)
    _check_orthonormal(basis)
    return basis


def _check_orthonormal(basis: pd.DataFrame) -> None:
    values = basis.to_numpy(float)
    product = values @ values.T
    off = np.abs(product - np.eye(len(values)))
    if off.max() > 1e-8:
        one, two = np.unravel_index(int(np.argmax(off)), off.shape)
        raise ValueError(
            f"rows {basis.index[one]!r} and {basis.index[two]!r} of the basis are not "
            f"orthonormal (product {product[one, two]:.4g}): each balance must split "
            "one group of an earlier one"
        )
    if np.abs(values.sum(axis=1)).max() > 1e-8:
        raise ValueError("each row of a basis sums to 0: make it with ilr_basis")


def basis_for(
    parts: Sequence[str] | int, basis: pd.DataFrame | NDArray | str | None
) -> pd.DataFrame:
    """Basis with the parts as columns, in their order."""
    if basis is None or isinstance(basis, str):
        return ilr_basis(parts, method=basis or "helmert")
    names = [str(i) for i in range(parts)] if isinstance(parts, int) else list(parts)
    values = basis.to_numpy() if isinstance(basis, pd.DataFrame) else np.asarray(basis)
    if values.shape != (len(names) - 1, len(names)):
        raise ValueError(
            f"a basis for {len(names)} parts has {len(names) - 1} rows and "
            f"{len(names)} columns; got {values.shape}"
        )
    if not isinstance(basis, pd.DataFrame):
        basis = pd.DataFrame(
            values, [f"ilr_{i}" for i in range(1, len(names))], columns=names
        )
    elif isinstance(parts, int) or all(name.isdigit() for name in names):
        basis = basis.set_axis(names, axis="columns")
    elif sorted(map(str, basis.columns)) != sorted(names):
        raise ValueError(f"the basis has the parts {list(basis.columns)}, not {names}")
    table = basis[names]
    _check_orthonormal(table)
    return table
