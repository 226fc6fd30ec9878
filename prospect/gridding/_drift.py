"""What the mean is taken to be: known, constant, a surface, or like other grids."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from survey import check_same_grid

from .._note import Note
from .._stream import cells_of, read_cells
from ._solve import CONSTANT, PLANE, QUADRATIC, SIMPLE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._samples import Places

CODES = {None: CONSTANT, "linear": PLANE, "quadratic": QUADRATIC}


class Drift(NamedTuple):
    """
    Code of the drift, known mean, external grids and their middle and spread.

    External drifts enter as (grid - middle) / spread; `known` (n, grids) are those at
    the samples.
    """

    code: int
    mean: float
    grids: tuple[xr.DataArray, ...]
    middle: NDArray
    spread: NDArray
    known: NDArray

    def at(self, xy: NDArray, geobox: GeoBox | None) -> NDArray:
        """External drifts (n, grids) at coordinates (n, 2), NaN off the grids."""
        out = np.full((len(xy), len(self.grids)), np.nan)
        if not self.grids:
            return out
        row, col, inside = cells_of(geobox.affine, geobox.shape, xy[:, 0], xy[:, 1])
        out[inside] = read_cells(self.grids, row[inside], col[inside])
        return out

    def scaled(self, values: NDArray) -> NDArray:
        """External drifts about their middle, in spreads; layers first."""
        across = (slice(None), *([None] * (values.ndim - 1)))
        return (values - self.middle[across]) / self.spread[across]


def read_drift(drift: Any, *, transform: str | None) -> Drift:  # noqa: ANN401
    """Drift as the user states it."""
    none = np.zeros(0)
    if isinstance(drift, (xr.DataArray, xr.Dataset)):
        grids = tuple(drift[n] for n in drift) if isinstance(drift, xr.Dataset) else (
            drift,
        )  # fmt: skip
        middle, spread = np.zeros(len(grids)), np.ones(len(grids))
        return Drift(CONSTANT, 0.0, grids, middle, spread, np.zeros((0, len(grids))))
    if drift is None and transform == "normal_score":
        return Drift(SIMPLE, 0.0, (), none, none, np.zeros((0, 0)))
    if drift is None or isinstance(drift, str):
        if drift not in CODES:
            raise ValueError(
                f"drift must be None, 'linear', 'quadratic', a number (the known mean) "
                f"or grids. Got {drift!r} instead."
            )
        return Drift(CODES[drift], 0.0, (), none, none, np.zeros((0, 0)))
    try:
        mean = float(drift)
    except (TypeError, ValueError):
        mean = np.nan
    if not np.isfinite(mean):
        raise ValueError(
            "drift must be None, 'linear', 'quadratic', a number (the known mean) or "
            f"grids. Got {drift!r} instead."
        )
    return Drift(SIMPLE, mean, (), none, none, np.zeros((0, 0)))


def settle_drift(
    drift: Drift, places: Places, geobox: GeoBox | None
) -> tuple[Drift, Places]:
    """Drift with its scale and values at samples, and the samples on its grids."""
    if not drift.grids:
        return drift._replace(known=np.zeros((len(places.x), 0))), places
    check_same_grid(geobox, *drift.grids)
    xy = np.column_stack([places.x, places.y]) + places.origin
    values = drift.at(xy, geobox)
    known = np.isfinite(values).all(axis=1)
    if not known.any():
        raise ValueError(
            "no sample lies on a cell where the drift has a value: check that samples "
            "and grids cover the same ground."
        )
    values = values[known]
    notes = list(places.notes)
    if lost := int((~known).sum()):
        notes.append(Note("gridding_off_drift", n=lost, total=len(known)))
    spread = values.std(axis=0)
    names = [
        grid.name for grid, s in zip(drift.grids, spread, strict=True) if not s > 0
    ]
    if names:
        raise ValueError(
            f"the drift {names} has one value at all samples: leave it out."
        )
    places = replace(places.pick(known), notes=notes)
    drift = drift._replace(middle=values.mean(axis=0), spread=spread)
    return drift._replace(known=drift.scaled(values.T).T.copy()), places


def trend_design(drift: Drift, places: Places) -> NDArray:
    """Functions of the drift at the places (n, p), for residuals."""
    if drift.code == SIMPLE:
        return np.zeros((len(places.x), 0))
    span = max(np.abs(places.x).max(), np.abs(places.y).max(), 1.0)
    x, y = places.x / span, places.y / span
    columns = [np.ones(len(x))]
    if drift.code >= PLANE:
        columns += [x, y]
    if drift.code == QUADRATIC:
        columns += [x * x, y * y, x * y]
    return np.column_stack([*columns, drift.known])
