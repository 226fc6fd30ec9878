"""Curves of what is at or above thresholds: of grids by tiles, of samples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns, geobox_of

from ..._note import Note
from ._fractal import Amounts, fine_thresholds
from ._histogram import Tiles, tile_histograms

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray

GROUPS = 8
KM2 = 1e-6


def grid_amounts(
    array: Any,  # noqa: ANN401
    row_amounts: NDArray[np.float64] | float,
    n_thresholds: int,
) -> tuple[Amounts, list[Note]]:
    """Curve of an array, read once, and notes on what has no logarithm."""
    tiles = tile_histograms(array, row_amounts)
    if tiles.n_infinite:
        raise ValueError(
            f"{tiles.n_infinite} cells are infinite: make them missing or mend them "
            "(grid.where(np.isfinite(grid)))"
        )
    check_some(len(tiles.edges), "cells", tiles.n_not_positive)
    places, shown = _edge_thresholds(tiles, n_thresholds)
    points, by_tile = tiles.edges[places], tiles.above(places)
    whole = by_tile[:, 0] + tiles.outside
    n = float(tiles.counts.sum() + tiles.n_not_positive)

    def redraw(random: np.random.Generator) -> tuple[NDArray, float]:
        times = random.multinomial(len(whole), np.full(len(whole), 1 / len(whole)))
        return times @ by_tile, float(times @ whole)

    notes = []
    if tiles.n_not_positive:
        notes.append(Note("curve_not_positive", n=tiles.n_not_positive, total=int(n)))
    notes.append(Note("curve_tiles", n=len(whole)))
    above, total = by_tile.sum(axis=0), float(whole.sum())
    inflation = _inflation(np.log(points), by_tile * (n / total))
    grain = float(np.min(row_amounts))
    return Amounts(points, shown, above, total, n, inflation, grain, redraw), notes


def _edge_thresholds(tiles: Tiles, n_thresholds: int) -> tuple[NDArray, NDArray]:
    """Classes whose lower edges are the thresholds, each once; those shown."""
    fine, shown = fine_thresholds(tiles.least, tiles.largest, n_thresholds)
    place = np.maximum(np.searchsorted(tiles.edges, fine, side="right") - 1, 0)
    kept, first = np.unique(place, return_index=True)
    coarse = np.isin(kept, place[shown])
    return kept, coarse if coarse.any() else shown[first]


def _inflation(u: NDArray, above: NDArray) -> float:
    """
    Variance of the steps of the curve between tiles, beside independent cells.

    Steps are put into a few groups; within each, the tiles' losses are compared with
    what one common rate of loss expects of them.
    """
    n_tiles = len(above)
    if n_tiles < 2 or len(u) < 3:
        return 1.0
    loss = above[:, :-1] - above[:, 1:]
    exposure = (above[:, :-1] + above[:, 1:]) / 2 * np.diff(u)
    reached = np.cumsum(loss.sum(axis=0))
    group = np.minimum((reached / reached[-1] * GROUPS).astype(int), GROUPS - 1)
    ratios = []
    for number in np.unique(group):
        lost = loss[:, group == number].sum(axis=1)
        under = exposure[:, group == number].sum(axis=1)
        if lost.sum() > 0:
            rest = lost - under * (lost.sum() / under.sum())
            scale = n_tiles / (n_tiles - 1)
            ratios.append(scale * float(rest @ rest) / float(lost.sum()))
    return max(1.0, float(np.mean(ratios))) if ratios else 1.0


class _Measured(NamedTuple):
    """Samples with a value, and how each is known."""

    value: NDArray[np.float64]
    censored: NDArray[np.bool_]
    over: NDArray[np.bool_]
    weight: NDArray[np.float64]
    row: NDArray[np.int64]


def sample_amounts(
    samples: pd.DataFrame, column: str, n_thresholds: int, *, area: NDArray | None
) -> tuple[Amounts, list[Note]]:
    """Curve of samples, each standing for an area or for itself."""
    check_columns(samples, column)
    known, notes = _measured(samples, column, area)
    detected = ~known.censored
    positive = detected & (known.value > 0)
    nil = int((detected & ~positive).sum())
    check_some(int(positive.sum()), "samples", nil)
    low = float(known.value[positive].min())
    high = float(known.value[positive].max())
    if known.over.any():
        high = float(known.value[known.over].min())
        notes.append(Note("curve_over_range", n=int(known.over.sum()), high=high))
    points, shown = fine_thresholds(low, high, n_thresholds)
    units = samples.attrs.get("units", {})
    if known.censored.any():
        notes.append(_censored_note(known, low, units.get(column, "")))
    if nil:
        notes.append(Note("curve_not_positive", n=nil, total=len(known.value)))
    notes.append(Note("curve_samples", n=len(known.value)))
    curve = _Exceedance(known, points)

    def redraw(random: np.random.Generator) -> tuple[NDArray, float]:
        n = len(known.value)
        weight = known.weight * random.multinomial(n, np.full(n, 1 / n))
        return curve(weight)

    above, total = curve(known.weight)
    n = float(len(known.value))
    spread = n * float(known.weight @ known.weight) / float(known.weight.sum()) ** 2
    spread, grain = max(1.0, spread), float(known.weight.min())
    return Amounts(points, shown, above, total, n, spread, grain, redraw), notes


class _Exceedance:
    """
    Amount at or above thresholds, Kaplan-Meier where values are below limits.

    A value below a limit L is at risk at every measured value from L up.
    """

    def __init__(self, known: _Measured, points: NDArray) -> None:
        measured = ~known.censored
        self._censored = bool(known.censored.any())
        self._values, place = np.unique(known.value[measured], return_inverse=True)
        self._measured = measured
        self._place = place
        # everything at or below each measured value, limits included
        self._under = np.searchsorted(self._values, known.value, side="left")
        self._points = np.searchsorted(self._values, points, side="left")

    def __call__(self, weight: NDArray) -> tuple[NDArray, float]:
        size = len(self._values)
        total = float(weight.sum())
        at = np.bincount(self._place, weight[self._measured], size)
        if self._censored:
            risk = np.cumsum(np.bincount(self._under, weight, size + 1)[:size])
            factor = 1 - np.divide(at, risk, out=np.zeros(size), where=risk > 0)
            below = np.cumprod(factor[::-1])[::-1]
            above = total * (1 - below)
        else:
            above = np.cumsum(at[::-1])[::-1]
        return np.append(above, 0.0)[self._points], total


def _measured(
    samples: pd.DataFrame, column: str, area: NDArray | None
) -> tuple[_Measured, list[Note]]:
    """Samples that have a value or a limit; the rest counted, or refused."""
    value = pd.to_numeric(samples[column], errors="raise").to_numpy(dtype=float)
    value = value.copy()
    censored = _flag(samples, f"{column}_censored")
    limits = f"{column}_detection_limit"
    if limits in samples:
        untold = censored & np.isnan(value)
        value[untold] = samples[limits].to_numpy(dtype=float)[untold]
    imputed = _flag(samples, f"{column}_imputed")
    censored &= ~imputed
    _refuse(samples, column, value, censored)
    there = ~np.isnan(value)
    weight = np.ones(len(value)) if area is None else np.asarray(area, dtype=float)
    notes = []
    if not there.all():
        n = int((~there).sum())
        notes.append(Note("curve_missing", n=n, total=len(value)))
    if imputed[there].any():
        n = int(imputed[there].sum())
        notes.append(Note("curve_imputed", n=n, total=int(there.sum())))
    over = _flag(samples, f"{column}_over_range")
    rows = np.flatnonzero(there)
    return _Measured(
        value[there], censored[there], over[there], weight[there], rows
    ), notes


def _refuse(
    samples: pd.DataFrame, column: str, value: NDArray, censored: NDArray
) -> None:
    """Raise with all rows that cannot be placed on the curve."""
    ids = (
        samples["sample_id"]
        if "sample_id" in samples
        else pd.Series(range(1, len(value) + 1))
    )
    ids = ids.to_numpy()
    problems = [
        Problem(
            "below detection, but no limit is told: its place is unknown",
            f"state the limit in '{column}_detection_limit', or leave the sample out",
            row=ids[i].item() if hasattr(ids[i], "item") else ids[i],
            column=column,
        )
        for i in np.flatnonzero(censored & ~(value > 0))
    ]
    problems += [
        Problem(
            "an infinite value", "mend the value or make it missing",
            row=ids[i].item() if hasattr(ids[i], "item") else ids[i],
            column=column, value=str(value[i]),
        )
        for i in np.flatnonzero(np.isinf(value))
    ]  # fmt: skip
    if problems:
        raise DataProblems(problems)


def _flag(samples: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    if name not in samples:
        return np.zeros(len(samples), dtype=bool)
    return samples[name].fillna(False).to_numpy(dtype=bool).copy()


def _censored_note(known: _Measured, low: float, units: str) -> Note:
    limits = known.value[known.censored]
    return Note(
        "curve_censored", n=int(known.censored.sum()), total=len(known.value),
        low=float(limits.min()), high=float(limits.max()), start=low, units=units,
    )  # fmt: skip


def check_some(n_positive: int, what: str, n_not_positive: int) -> None:
    """Raise if nothing can be put on a logarithmic axis."""
    if not n_positive:
        rest = f" ({n_not_positive} are zero or negative)" if n_not_positive else ""
        raise ValueError(
            f"no {what} have a positive value{rest}: a power law needs positive "
            "values. Check the units, or shift a field that has negative values."
        )


def cell_amounts(grid: xr.DataArray) -> tuple[NDArray | float, str]:
    """Area of a cell, one number or one a row, and its units."""
    box = geobox_of(grid)
    across, down = abs(box.affine.a), abs(box.affine.e)
    if box.crs is None:
        return across * down, "1"
    if box.crs.geographic:
        return _on_ellipsoid(box), "km²"
    unit = box.crs.proj.axis_info[0]
    factor = unit.unit_conversion_factor or 1.0
    return across * down * factor**2 * KM2, "km²"


def _on_ellipsoid(box: Any) -> NDArray[np.float64]:  # noqa: ANN401
    """Exact area of a cell in each row of a grid in degrees, in km²."""
    shape = box.crs.proj.ellipsoid
    axis, e2 = shape.semi_major_metre, 0.0
    if shape.inverse_flattening:
        flat = 1 / shape.inverse_flattening
        e2 = flat * (2 - flat)
    e = np.sqrt(e2)
    edges = box.affine.f + box.affine.e * np.arange(box.shape[0] + 1)
    s = np.sin(np.radians(np.clip(edges, -90, 90)))
    zone = s / (1 - e2 * s**2) + (np.arctanh(e * s) / e if e else s)
    width = np.radians(abs(box.affine.a))
    return np.abs(np.diff(zone)) * axis**2 * (1 - e2) / 2 * width * KM2


def grid_notes(grid: Any) -> list[Note]:  # noqa: ANN401
    """What the grid says of the samples behind it."""
    attrs = getattr(grid, "attrs", {})
    shares = [
        float(attrs.get(f"{name}_share", 0) or 0) for name in ("censored", "imputed")
    ]
    if not any(shares):
        return []
    return [Note("curve_behind_grid", censored=shares[0], imputed=shares[1])]
