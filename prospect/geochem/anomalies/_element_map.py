"""Class limits of element maps, by the standards' intervals."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

FILE = Path(__file__).parents[2] / "data" / "element_map_classes.toml"


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def map_classes(
    values: ArrayLike, *, method: str = "cumulative_frequency"
) -> NDArray[np.float64]:
    """
    Limits between the classes of an element map.

    Parameters
    ----------
    values : array-like
        Contents of the samples, positive; missing values (NaN) are left out. Values
        below detection count at their limit, as in the table: limits of classes below
        the detection limit cannot be told, and ties there join them.
    method : {"cumulative_frequency", "lg_interval", "quantile"}
        Nineteen classes by cumulative frequency; every 0.1 lg C with ends at x.x7, over
        the span of the values; ten classes by percentiles.

    Returns
    -------
    array, shape (n,)
        Ascending limits, in the units of the values: n limits make n + 1 classes, and a
        limit belongs to the class below it. Limits that fall together are joined.

    Raises
    ------
    ValueError
        If the method is unknown, there is no value, or "lg_interval" meets contents
        that are not positive.

    References
    ----------
    DZ/T 0167, regional geochemical survey; Reimann, C. et al. (2008). Statistical Data
    Analysis Explained. Wiley.

    Examples
    --------
    >>> print(map_classes([8.0, 20, 40], method="lg_interval").round(1))
    [ 9.3 11.7 14.8 18.6 23.4 29.5 37.2]
    """
    tables = _tables()
    if method not in tables:
        raise ValueError(f"method must be one of {sorted(tables)}. Got {method!r}.")
    known = np.asarray(values, dtype=float).ravel()
    known = known[np.isfinite(known)]
    if not known.size:
        raise ValueError("there is no value to class: all are missing")
    if method != "lg_interval":
        limits = np.percentile(known, tables[method]["shares"])
        limits = np.unique(limits)
        return limits[(limits > known.min()) & (limits < known.max())]
    if not (known > 0).all():
        raise ValueError(
            f"{int((known <= 0).sum())} of {known.size} values are not positive and "
            "have no logarithm. Settle zeros and negative values first."
        )
    step, offset = tables[method]["step"], tables[method]["offset"]
    low, high = np.log10(known.min()), np.log10(known.max())
    first = np.ceil((low - offset) / step - 1e-9)
    last = np.ceil((high - offset) / step - 1e-9)
    return 10 ** (offset + step * np.arange(first, last))
