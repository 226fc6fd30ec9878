"""Fractal models of a cumulative curve: what is at or above a threshold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..._note import Note
from ._breaks import Curve, PowerLaw, Rules, check_segments, fit_law, with_intervals
from ._hazard import segment_bic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

DIRECTIONS = ("above", "below")
WEIGHTS = ("equal", "counts")
LEAST = 4
MOST = 4
FINER = 4


@dataclass(frozen=True)
class FractalModel:
    """
    Power laws along the curve of what is at or above (or below) a threshold.

    Parameters
    ----------
    kind : str
        "concentration_area", "concentration_number", "concentration_volume" or
        "spectrum_area".
    variable, units : str
        What was measured, and its units.
    amount_units : str
        Units of the amounts: km², samples, m³ ...
    direction : {"above", "below"}
        Which of the two curves the segments were fitted to.
    table : DataFrame
        A row a threshold, rising: `threshold`, `above` (amount at or above it), `below`
        (the rest), `fitted`, `segment` (from 1), `used` (in the fit: where the curve is
        positive and has stepped).
    law : PowerLaw
        The fit: breaks, slopes, intervals, choice of their number.
    populations : DataFrame
        A row a segment, index `population` from 1: `lower` and `upper` threshold
        (NaN at the open ends), `slope`, `amount` and `share` of the whole.
    notes : tuple of Note
        What was done with censored, missing and other values, and what was resampled.
    """

    kind: str
    variable: str
    units: str
    amount_units: str
    direction: str
    table: pd.DataFrame
    law: PowerLaw
    populations: pd.DataFrame
    notes: tuple[Note, ...] = field(default=())

    @property
    def breaks(self) -> NDArray[np.float64]:
        """Where the exponent changes, rising, in the units of the variable."""
        return self.law.breaks

    @property
    def thresholds(self) -> tuple[float, ...]:
        """Breaks as plain numbers, for classes of a map."""
        return tuple(float(value) for value in self.law.breaks)

    @property
    def slopes(self) -> NDArray[np.float64]:
        """Exponents of the segments, from low values to high."""
        return self.law.slopes

    @property
    def intervals(self) -> pd.DataFrame:
        """Breaks and slopes with the limits of their 95 % intervals."""
        return self.law.intervals

    @property
    def choice(self) -> pd.DataFrame:
        """Squares, criterion and share of resampled curves by number of segments."""
        return self.law.choice


class Amounts(NamedTuple):
    """A curve on fine thresholds, and how to draw it anew."""

    points: NDArray[np.float64]  # fine thresholds, rising
    shown: NDArray[np.bool_]  # those of the table
    above: NDArray[np.float64]
    total: float
    n: float  # samples or cells the total stands for
    inflation: float  # variance of counts beside that of independent ones
    grain: float  # least amount of a sample or cell: less is rounding
    redraw: Callable[[np.random.Generator], tuple[NDArray, float]]


class Naming(NamedTuple):
    """What the curve is of."""

    kind: str
    variable: str
    units: str
    amount_units: str


class Plan(NamedTuple):
    """What the caller wants fitted."""

    direction: str
    n_segments: int | str
    weights: str
    n_bootstrap: int
    random_state: int | np.random.Generator | None


def fine_thresholds(low: float, high: float, n: int) -> tuple[NDArray, NDArray]:
    """Thresholds at equal steps of the logarithm, and which of them the table shows."""
    fine = np.geomspace(low, high, FINER * (n - 1) + 1)
    fine[0], fine[-1] = low, high
    return fine, np.arange(len(fine)) % FINER == 0


def check_plan(plan: Plan, n_thresholds: int) -> None:
    """Raise unless the options are known ones."""
    for name, value, known in (
        ("direction", plan.direction, DIRECTIONS),
        ("weights", plan.weights, WEIGHTS),
    ):
        if value not in known:
            raise ValueError(f"{name} must be one of {known}. Got {value!r} instead.")
    if not 10 <= n_thresholds <= 1000:
        raise ValueError(f"n_thresholds must be from 10 to 1000. Got {n_thresholds}.")
    if plan.n_bootstrap < 0:
        raise ValueError(f"n_bootstrap must not be negative. Got {plan.n_bootstrap}.")
    check_segments(plan.n_segments, MOST, LEAST, n_thresholds)


def make_model(
    amounts: Amounts, naming: Naming, plan: Plan, *, notes: list[Note]
) -> FractalModel:
    """Fit the curve, draw it anew for the intervals, put the model together."""
    curve, used = _curve(amounts, amounts.above, amounts.total, plan)
    most = check_segments(plan.n_segments, MOST, LEAST, len(curve.u))
    rules = Rules(plan.n_segments, most, LEAST)
    law = fit_law(curve, rules)
    if plan.n_bootstrap:
        law = with_intervals(law, _drawn(amounts, plan), rules)
    notes = notes + _said(law, plan)
    return FractalModel(
        *naming,
        direction=plan.direction,
        table=_table(amounts, law, used),
        law=law,
        populations=_populations(amounts, law),
        notes=tuple(notes),
    )


def _curve(
    amounts: Amounts, above: NDArray, total: float, plan: Plan
) -> tuple[Curve, NDArray]:
    """Points to fit and the criterion of the number of segments."""
    fine = above if plan.direction == "above" else _rest(amounts, above, total)
    y, x = fine[amounts.shown], amounts.points[amounts.shown]
    used = _stepping(y, falling=plan.direction == "above")
    u, v = np.log(x[used]), np.log(y[used])
    w = np.ones(len(u)) if plan.weights == "equal" else y[used] / y[used].mean()
    bic = None
    if plan.n_segments == "auto" and len(u) > LEAST:
        bic = _criterion(np.log(amounts.points), fine * (amounts.n / total), amounts,
                         falling=plan.direction == "above")  # fmt: skip
    return Curve(u, v, w, bic), used


def _rest(amounts: Amounts, above: NDArray, total: float) -> NDArray:
    """Amount below each threshold, nothing where it is less than a sample."""
    below = total - above
    return np.where(below < amounts.grain / 2, 0.0, below)


def _criterion(
    u: NDArray, counts: NDArray, amounts: Amounts, *, falling: bool
) -> dict[int, float]:
    if not falling:
        u, counts = -u[::-1], counts[::-1]
    least = min(FINER * LEAST, (len(u) - 1) // 2)
    return segment_bic(
        u, counts, most=MOST, least=max(least, 1), inflation=amounts.inflation
    )


def _stepping(y: NDArray, *, falling: bool) -> NDArray:
    """Points of a curve that are positive and no mere repetition."""
    if falling:  # the last point of a flat stretch is a value of the data
        steps = np.append(np.diff(y) != 0, True)
    else:
        steps = np.concatenate([[True], np.diff(y) != 0])
    return steps & (y > 0)


def _drawn(amounts: Amounts, plan: Plan) -> Iterator[Curve]:
    random = np.random.default_rng(plan.random_state)
    for _ in range(plan.n_bootstrap):
        above, total = amounts.redraw(random)
        if total <= 0:
            continue
        curve, _ = _curve(amounts, above, total, plan)
        if len(curve.u) > LEAST:
            yield curve


def _said(law: PowerLaw, plan: Plan) -> list[Note]:
    notes = []
    if plan.n_segments == "auto" and len(law.slopes) == MOST:
        notes.append(Note("curve_bends", n=MOST))
    if law.n_bootstrap < plan.n_bootstrap:
        notes.append(Note("curve_few_draws", n=law.n_bootstrap, asked=plan.n_bootstrap))
    return notes


def _table(amounts: Amounts, law: PowerLaw, used: NDArray) -> pd.DataFrame:
    x, above = amounts.points[amounts.shown], amounts.above[amounts.shown]
    return pd.DataFrame(
        {
            "threshold": x,
            "above": above,
            "below": _rest(amounts, above, amounts.total),
            "fitted": law.predict(x),
            "segment": np.searchsorted(law.breaks, x, side="right") + 1,
            "used": used,
        }
    )


def _populations(amounts: Amounts, law: PowerLaw) -> pd.DataFrame:
    """Amount between breaks, interpolated between the fine thresholds."""
    at = np.interp(np.log(law.breaks), np.log(amounts.points), amounts.above)
    reached = np.concatenate([[amounts.total], at, [0.0]])
    amount = reached[:-1] - reached[1:]
    limits = np.concatenate([[np.nan], law.breaks, [np.nan]])
    index = pd.RangeIndex(1, len(law.slopes) + 1, name="population")
    return pd.DataFrame(
        {
            "lower": limits[:-1],
            "upper": limits[1:],
            "slope": law.slopes,
            "amount": amount,
            "share": amount / amounts.total,
        },
        index=index,
    )
