"""One evidence layer of weights of evidence: values to classes, classes to weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._weights import Direction, weigh_classes

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A coded layer is a plain dictionary of arrays, so that a saved model holds no code:
# "categorical", "breaks" (codes or inner limits), and per class "weight", "s_weight",
# "share" (of the known area), the last entry of each being missing evidence.
Coded = dict[str, Any]


def code_layer(
    values: NDArray,
    deposit: NDArray[np.bool_],
    area: NDArray,
    *,
    direction: Direction,
    categorical: bool,
    n_classes: int,
    confidence: float,
    smoothing: float,
) -> tuple[pd.DataFrame, Coded]:
    """Table of weights of one layer and what is needed to apply it."""
    known = np.isfinite(values)
    values, deposit, area = values[known], deposit[known], area[known]
    breaks = np.unique(values) if categorical else _limits(values, area, n_classes)
    coded: Coded = {"categorical": categorical, "breaks": breaks}
    counts = _counts(find_classes(coded, values), deposit, area, coded)
    table = weigh_classes(
        counts, direction=direction, confidence=confidence, smoothing=smoothing
    )
    order = np.argsort(table["class"].to_numpy(), kind="stable")
    total = counts["area_units"].sum()
    share = counts["area_units"].to_numpy() / total if total else np.zeros(len(counts))
    coded["weight"] = np.append(table["weight"].to_numpy()[order], 0.0)
    coded["s_weight"] = np.append(table["s_weight"].to_numpy()[order], 0.0)
    coded["share"] = np.append(share, 0.0)
    return _describe(table, coded), coded


def find_classes(coded: Coded, values: NDArray) -> NDArray[np.intp]:
    """Index of the class of each value; missing and unseen ones get -1."""
    breaks = coded["breaks"]
    found = np.searchsorted(
        breaks, values, side="left" if coded["categorical"] else "right"
    )
    if coded["categorical"]:
        found[found == breaks.size] = -1
        seen = breaks[found] == values if breaks.size else np.zeros(found.size, bool)
        return np.where(seen, found, -1)
    return np.where(np.isfinite(values), found, -1)


def missing_variance(coded: Coded, logit: NDArray, posterior: NDArray) -> NDArray:
    """Variance of the posterior for not knowing the class of this layer."""
    weight, share = coded["weight"][:-1], coded["share"][:-1]
    different, place = np.unique(weight, return_inverse=True)
    shares = np.bincount(place, weights=share, minlength=different.size)
    variance = np.zeros_like(posterior)
    for w, part in zip(different, shares, strict=True):
        variance += part * (1 / (1 + np.exp(-(logit + w))) - posterior) ** 2
    return variance


def _limits(values: NDArray, area: NDArray, n_classes: int) -> NDArray:
    """Inner limits of classes of equal area; a class a value if those are few."""
    different, place = np.unique(values, return_inverse=True)
    if different.size <= n_classes:
        return different[1:]
    share = np.cumsum(np.bincount(place, weights=area)) / area.sum()
    upper = np.searchsorted(share, np.arange(1, n_classes) / n_classes)
    return np.unique(different[np.clip(upper + 1, 1, different.size - 1)])


def _counts(
    found: NDArray[np.intp], deposit: NDArray[np.bool_], area: NDArray, coded: Coded
) -> pd.DataFrame:
    breaks = coded["breaks"]
    n = breaks.size if coded["categorical"] else breaks.size + 1
    labels = breaks if coded["categorical"] else np.arange(1.0, n + 1)
    return pd.DataFrame(
        {
            "class": labels.astype(float),
            "area_units": np.bincount(found, weights=area, minlength=n),
            "n_deposits": np.bincount(found[deposit], minlength=n).astype(float),
        }
    )


def _describe(table: pd.DataFrame, coded: Coded) -> pd.DataFrame:
    """Add the limits of each class to the table of a continuous layer."""
    if coded["categorical"]:
        return table
    limits = np.concatenate([[-np.inf], coded["breaks"], [np.inf]])
    index = table["class"].to_numpy().astype(int)
    table = table.copy()
    table.insert(1, "from_value", limits[index - 1])
    table.insert(2, "to_value", limits[index])
    return table
