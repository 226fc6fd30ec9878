"""Folds of a validation: sizes taken from the data, and what had to give way."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._note import Note
from ._folds import BlockKFold, BufferedKFold, places_of
from ._variogram import Autocorrelation, autocorrelation_range, ranges_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import NDArray

    from .._labels import Training

    Pairs = list[tuple[NDArray[np.intp], NDArray[np.intp]]]

SMALLEST_SHARE = 1 / 3
MOST_ROWS = 2000


class Plan(NamedTuple):
    """Row numbers of every fold, and the sizes behind them."""

    pairs: dict[str, Pairs]
    block_size: float
    buffer: float
    reach: float
    range_table: pd.DataFrame | None
    notes: list[Note]


def make_plan(
    training: Training,
    *,
    folds: int,
    block_size: float | str,
    buffer: float | str,
    stack: xr.Dataset | None,
    random_state: int,
) -> Plan:
    """Return the folds of each kind; sizes that are "auto" give way until they fit."""
    from sklearn.model_selection import StratifiedKFold

    found, notes = None, []
    if "auto" in (block_size, buffer):
        found = _ranges(training, stack, random_state)
    reach = found.block_size if found else float(block_size)
    options = {"n_splits": folds, "random_state": random_state}
    size = reach if block_size == "auto" else float(block_size)
    blocks, size = _fit_blocks(
        training, size, options, notes if block_size == "auto" else None
    )
    width = reach if buffer == "auto" else float(buffer)
    buffered, width = _fit_buffer(
        training, size, width, options, notes if buffer == "auto" else None
    )
    shuffled = StratifiedKFold(folds, shuffle=True, random_state=random_state)
    random = list(shuffled.split(training.X, training.y))
    pairs = {"blocks": blocks, "buffered": buffered, "random": random}
    table = found.table if found else None
    if table is not None and table["capped"].any():
        layers = [str(name) for name in table.index[table["capped"]]]
        limit_km = float(found.limit) / 1000
        notes.append(Note("range_capped", layers=layers, limit_km=limit_km))
    return Plan(pairs, size, width, reach, table, notes)


def _ranges(
    training: Training, stack: xr.Dataset | None, random_state: int
) -> Autocorrelation:
    if stack is not None:
        return autocorrelation_range(stack, random_state=random_state)
    background = np.flatnonzero(training.y == 0)
    if len(background) > MOST_ROWS:
        rng = np.random.default_rng(random_state)
        background = np.sort(rng.choice(background, MOST_ROWS, replace=False))
    places = places_of(training.points, None)
    limit = np.ptp(places, axis=0).min() / 2
    kinds = training.X.attrs.get("kinds", {})
    values = training.X.iloc[background]
    return ranges_of(values, places[background], kinds=kinds, limit=limit)


def _fit_blocks(
    training: Training, size: float, options: dict, notes: list[Note] | None
) -> tuple[Pairs, float]:
    """Return folds; with `notes` the size is halved until deposits fill them."""
    wanted = size
    while True:
        splitter = BlockKFold(size, **options)
        try:
            pairs = list(splitter.split(training.X, training.y, points=training.points))
        except ValueError:
            if notes is None or size < wanted / 1000:
                raise
            size /= 2
        else:
            break
    if size < wanted:
        notes.append(Note("blocks_halved", **_sizes(wanted, size)))
    return pairs, size


def _fit_buffer(
    training: Training,
    size: float,
    width: float,
    options: dict,
    notes: list[Note] | None,
) -> tuple[Pairs, float]:
    """Return buffered folds; the buffer is halved until a third of the rows stay."""
    wanted, y = width, training.y
    while True:
        splitter = BufferedKFold(size, width, **options)
        pairs = list(splitter.split(training.X, y, points=training.points))
        left = [_shares_left(y, *pair) for pair in pairs]
        worst = np.min(left, axis=0)
        if notes is None or worst.min() >= SMALLEST_SHARE or width < wanted / 1000:
            break
        width /= 2
    for fold, ((train, _), share) in enumerate(zip(pairs, left, strict=True)):
        if min(share) == 0:
            lost = "deposit" if share[1] == 0 else "background row"
            raise ValueError(
                f"a buffer of {width:.0f} m leaves no {lost} to learn from in fold "
                f"{fold + 1} ({len(train)} rows): take a smaller buffer"
            )
    if width < wanted:
        notes.append(Note("buffer_halved", **_sizes(wanted, width)))
    return pairs, width


def _sizes(wanted: float, used: float) -> dict[str, float]:
    return {"wanted_km": float(wanted) / 1000, "used_km": float(used) / 1000}


def _shares_left(
    y: NDArray, train: NDArray[np.intp], test: NDArray[np.intp]
) -> tuple[float, float]:
    """Return shares of background and of deposits outside the test fold still there."""
    outside = np.delete(y, test)
    return tuple(
        np.count_nonzero(y[train] == label) / max(np.count_nonzero(outside == label), 1)
        for label in (0, 1)
    )
