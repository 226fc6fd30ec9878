"""Weights of evidence from counts: the arithmetic, without grids or estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Direction = Literal["unique", "categorical", "ascending", "descending"]
DIRECTIONS = ("unique", "categorical", "ascending", "descending")

# What stands for an empty cell of the four-fold table, after the practice of ArcSDM:
# the count is short of one, so the weight is large and its deviation says how unsure.
_ALMOST_ONE = 0.99

_WEIGHTS = ["w_plus", "s_w_plus", "w_minus", "s_w_minus"]
_CONTRASTS = ["contrast", "s_contrast", "studentized_contrast"]


def weigh(
    deposits: ArrayLike, area: ArrayLike, *, n_deposits: float, area_units: float
) -> pd.DataFrame:
    """
    Weights of each pattern, from its deposits and its area in unit cells.

    A pattern without deposits gets zeros. Where no deposit or no ground lies on one
    side of the pattern, 0.99 of one is moved there (never more than half of all).
    """
    n = np.asarray(deposits, dtype=float)
    area = np.asarray(area, dtype=float)
    ground = area_units - n_deposits
    if n_deposits <= 0:
        return pd.DataFrame(0.0, index=range(n.size), columns=_WEIGHTS + _CONTRASTS)
    if ground <= 0:
        raise ValueError(
            f"{n_deposits:g} deposits on {area_units:g} unit cells: weights of "
            "evidence need more cells than deposits. Take a smaller unit_cell_area."
        )
    little = min(_ALMOST_ONE, n_deposits / 2)
    inside = np.where(n >= n_deposits, n_deposits - little, n)
    little = min(_ALMOST_ONE, ground / 2)
    bare = area - inside
    bare_outside = ground - bare
    bare = np.where(bare <= 0, little, bare)
    bare = np.where(bare_outside <= 0, ground - little, bare)
    with np.errstate(divide="ignore", invalid="ignore"):
        table = _four_fold(inside, n_deposits - inside, bare, ground - bare)
    table.loc[n <= 0] = 0.0
    return table


def _four_fold(
    n: NDArray, n_outside: NDArray, bare: NDArray, bare_outside: NDArray
) -> pd.DataFrame:
    n_deposits, ground = n + n_outside, bare + bare_outside
    w_plus = np.log((n / n_deposits) / (bare / ground))
    w_minus = np.log((n_outside / n_deposits) / (bare_outside / ground))
    s_plus = np.sqrt(1 / n + 1 / bare)
    s_minus = np.sqrt(1 / n_outside + 1 / bare_outside)
    contrast, s_contrast = w_plus - w_minus, np.hypot(s_plus, s_minus)
    columns = [w_plus, s_plus, w_minus, s_minus]
    columns += [contrast, s_contrast, contrast / s_contrast]
    return pd.DataFrame(
        dict(zip(_WEIGHTS + _CONTRASTS, columns, strict=True)),
    )


def weigh_classes(
    counts: pd.DataFrame,
    *,
    direction: Direction,
    confidence: float,
    smoothing: float = 0.0,
) -> pd.DataFrame:
    """
    Weights of the classes of one layer, and of the classes joined by contrast.

    `counts` has the columns class, area_units, n_deposits, a row a class in rising
    order. Cumulative directions count from the favourable end on.
    """
    if direction not in DIRECTIONS:
        raise ValueError(
            f"direction {direction!r} is not known: take one of {list(DIRECTIONS)}"
        )
    ordered = direction in {"ascending", "descending"}
    table = counts.iloc[::-1] if direction == "descending" else counts
    table = table.reset_index(drop=True)
    totals = {
        "n_deposits": float(table["n_deposits"].sum()),
        "area_units": float(table["area_units"].sum()),
    }
    if ordered:
        joined = table[["area_units", "n_deposits"]].cumsum()
        table = table.assign(**joined)
    weights = _weigh_smoothed(table, smoothing=smoothing, **totals)
    table = pd.concat([table, weights], axis="columns")
    if ordered:
        return _cut(table, confidence)
    if direction == "categorical" and confidence > 0:
        return _pool(table, confidence, smoothing=smoothing, **totals)
    return table.assign(
        generalized_class=table["class"],
        weight=table["w_plus"],
        s_weight=table["s_w_plus"],
    )


def _weigh_smoothed(
    table: pd.DataFrame, *, smoothing: float, n_deposits: float, area_units: float
) -> pd.DataFrame:
    """Weights with `smoothing` average deposits, and their ground, in each class."""
    n, area = table["n_deposits"].to_numpy(), table["area_units"].to_numpy()
    if smoothing and n_deposits:
        n = n + smoothing
        area = area + smoothing * area_units / n_deposits
        area_units = area_units * (1 + smoothing / n_deposits)
        n_deposits = n_deposits + smoothing
    return weigh(n, area, n_deposits=n_deposits, area_units=area_units)


def _cut(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Two classes, parted where the contrast that can be trusted is largest."""
    trusted = table["contrast"].where(table["studentized_contrast"] >= confidence)
    trusted = trusted.where(table["contrast"] > 0)
    if trusted.isna().all():
        return table.assign(generalized_class=1.0, weight=0.0, s_weight=0.0)
    best = int(trusted.argmax())
    favourable = np.arange(len(table)) <= best
    row = table.iloc[best]
    return table.assign(
        generalized_class=np.where(favourable, 2.0, 1.0),
        weight=np.where(favourable, row["w_plus"], row["w_minus"]),
        s_weight=np.where(favourable, row["s_w_plus"], row["s_w_minus"]),
    )


def _pool(
    table: pd.DataFrame, confidence: float, *, smoothing: float, **totals: float
) -> pd.DataFrame:
    """Classes whose contrast cannot be trusted, joined into one and weighed as one."""
    rest = (table["studentized_contrast"].abs() < confidence).to_numpy()
    table = table.assign(
        generalized_class=table["class"],
        weight=table["w_plus"],
        s_weight=table["s_w_plus"],
    )
    if not rest.any():
        return table
    sums = table.loc[rest, ["area_units", "n_deposits"]].sum().to_frame().T
    pooled = _weigh_smoothed(sums, smoothing=smoothing, **totals).iloc[0]
    largest = table["class"].max()
    name = 99.0 if not (table["class"] == 99).any() else float(np.ceil(largest)) + 1
    table.loc[rest, "generalized_class"] = name
    table.loc[rest, ["weight", "s_weight"]] = [pooled["w_plus"], pooled["s_w_plus"]]
    return table
