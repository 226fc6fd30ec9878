"""Factors between campaigns: from medians, quantiles, reference materials."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import stats

from ..._note import Note
from ._thresholds import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

LEVEL = 0.95
HUBER = 1.345
GRID = np.arange(2.5, 100, 2.5) / 100


class Values(NamedTuple):
    """Lg contents of a campaign, with those at their detection limit."""

    lg: NDArray[np.float64]
    at_limit: NDArray[np.bool_]


class Factor(NamedTuple):
    """
    What brings a campaign to the reference, in lg units.

    `shift` with its interval is added to lg C at the campaign's median; `curve` maps
    lg C to levelled lg C where the shift is not the same everywhere.
    """

    shift: float
    low: float
    high: float
    n_standards: int = 0
    slope: float = 1.0
    curve: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    notes: tuple[Note, ...] = ()

    def apply(self, lg: NDArray[np.float64]) -> NDArray[np.float64]:
        """Levelled lg contents; beyond the ends of the curve its last shift."""
        if self.curve is None:
            return lg + self.shift
        x, y = self.curve
        if len(x) < 2:
            return lg + self.shift
        if self.slope != 1.0:
            return y[0] + self.slope * (lg - x[0])
        return lg + np.interp(lg, x, y - x)


SAME = Factor(0.0, 0.0, 0.0)


def unknown(note: Note, **known: int) -> Factor:
    """Factor that cannot be told."""
    return Factor(np.nan, np.nan, np.nan, notes=(note,), **known)


def median_shift(reference: Values, campaign: Values) -> Factor:
    """Difference of medians with the interval of McKean and Schrader."""
    one, two = _median(reference), _median(campaign)
    if one is None or two is None:
        return unknown(Note("level_hidden"))
    shift, half = one[0] - two[0], _z() * np.hypot(one[1], two[1])
    return Factor(shift, shift - half, shift + half)


def shift_within(strata: Sequence[tuple[Values, Values]]) -> Factor:
    """
    Weighted mean of the differences of medians over strata that both have.

    Weights are the inverse variances; where the strata differ by more than these
    explain, the interval grows by Birge's ratio.
    """
    found = [(_median(one), _median(two)) for one, two in strata]
    known = [(a, b) for a, b in found if a and b and a[1] + b[1] > 0]
    if not known:
        return unknown(Note("level_no_stratum"))
    shift = np.array([a[0] - b[0] for a, b in known])
    variance = np.array([a[1] ** 2 + b[1] ** 2 for a, b in known])
    weight = 1 / variance
    mean = float(np.average(shift, weights=weight))
    misfit = float((weight * (shift - mean) ** 2).sum())
    free = len(shift) - 1
    scale, notes = 1.0, []
    if free and stats.chi2.sf(misfit, free) < 1 - LEVEL:
        scale = float(np.sqrt(misfit / free))
        low, high = 10 ** shift.min(), 10 ** shift.max()
        notes.append(Note("level_strata_differ", low=float(low), high=float(high)))
    half = _z() * scale / np.sqrt(weight.sum())
    if len(shift) < len(strata):
        notes.append(Note("level_strata_out", n=len(strata) - len(shift)))
    return Factor(mean, mean - half, mean + half, notes=tuple(notes))


def quantile_curve(reference: Values, campaign: Values) -> Factor:
    """Quantiles of the reference against those of the campaign, the median's shift."""
    middle = median_shift(reference, campaign)
    if np.isnan(middle.shift):
        return middle
    most = min(len(reference.lg), len(campaign.lg))
    kept = GRID[(GRID * most >= 2) & ((1 - GRID) * most >= 2)]
    pairs = [
        (quantile(*campaign, share), quantile(*reference, share)) for share in kept
    ]
    exact = [(x.value, y.value) for x, y in pairs if x.exact and y.exact]
    x, y = (np.array(each) for each in zip(*exact, strict=True)) if exact else ([], [])
    x, first = np.unique(np.asarray(x), return_index=True)
    return middle._replace(curve=(x, np.asarray(y)[first]))


def shifts_of_materials(
    results: pd.DataFrame, campaigns: Sequence[str], reference: str | None
) -> dict[str, Factor]:
    """
    Shifts from reference materials, by least squares over materials and campaigns.

    Parameters
    ----------
    results : DataFrame
        `material`, `campaign`, `lg` and, where known, `target` (lg of the certified
        value).
    campaigns : sequence of str
        Campaigns to level.
    reference : str or None
        Campaign all are brought to; None for the certified values.
    """
    counts = results["campaign"].value_counts()
    names = sorted(results["campaign"].unique())
    free = [name for name in names if name != reference]
    materials = sorted(results["material"].unique()) if reference is not None else []
    design = np.zeros((len(results), len(free) + len(materials)))
    for j, name in enumerate(free):
        design[:, j] = results["campaign"] == name
    for j, name in enumerate(materials, len(free)):
        design[:, j] = results["material"] == name
    y = results["lg"].to_numpy(dtype=float)
    if reference is None:
        y = y - results["target"].to_numpy(dtype=float)
    inverse = np.linalg.pinv(design)
    solution = inverse @ y
    known = np.isclose(np.diag(inverse @ design), 1)  # can be told from these results
    degrees = len(y) - np.linalg.matrix_rank(design)
    spread = np.nan
    if degrees > 0:
        spread = np.sqrt(((y - design @ solution) ** 2).sum() / degrees)
    error = spread * np.sqrt((inverse**2).sum(axis=1))
    half = stats.t.ppf((1 + LEVEL) / 2, max(degrees, 1)) * error
    found = {}
    for name in campaigns:
        n = int(counts.get(name, 0))
        if name == reference:
            found[name] = SAME._replace(n_standards=n)
        elif name not in free or not known[free.index(name)]:
            found[name] = unknown(Note("level_no_standards"), n_standards=n)
        else:
            j = free.index(name)
            shift = -float(solution[j])
            found[name] = Factor(shift, shift - half[j], shift + half[j], n)
    return found


def huber_line(x: NDArray[np.float64], y: NDArray[np.float64], at: float) -> Factor:
    """
    Robust line of targets on measured values, and its shift at one place.

    Huber's M-estimator by reweighting, tuning constant 1.345, scale by the MAD.
    """
    design = np.column_stack([np.ones(len(x)), x - x.mean()])
    weight = np.ones(len(x))
    beta = np.zeros(2)
    for _ in range(200):
        root = np.sqrt(weight)
        new = np.linalg.lstsq(design * root[:, None], y * root, rcond=None)[0]
        away = y - design @ new
        scale = np.median(np.abs(away)) / stats.norm.ppf(0.75)
        with np.errstate(divide="ignore"):
            weight = np.minimum(1, HUBER * scale / np.maximum(np.abs(away), 1e-300))
        done = np.allclose(new, beta, rtol=0, atol=1e-12)
        beta = new
        if done or scale < 1e-12:
            break
    inverse = np.linalg.inv(design.T @ design)
    place = np.array([1.0, at - x.mean()])
    half = stats.t.ppf((1 + LEVEL) / 2, len(x) - 2) * np.sqrt(
        _huber_variance(away, scale) * (place @ inverse @ place)
    )
    middle = float(place @ beta)
    ends = np.array([x.min(), x.max()])
    line = beta[0] + beta[1] * (ends - x.mean())
    shift = middle - at
    return Factor(
        shift, shift - half, shift + half, len(x), float(beta[1]), (ends, line)
    )


def _huber_variance(away: NDArray[np.float64], scale: float) -> float:
    """Residual variance of a Huber fit (Huber's proposal 1, two parameters)."""
    if scale < 1e-12:
        return 0.0
    n, p = len(away), 2
    bounded = np.clip(away / scale, -HUBER, HUBER)
    inside = (np.abs(away / scale) <= HUBER).mean()
    stretch = 1 + p / n * (1 - inside) / max(inside, 1e-12)
    total = (bounded**2).sum() * scale**2 / (n - p)
    return float(stretch**2 * total / max(inside, 1e-12) ** 2)


def _median(values: Values) -> tuple[float, float] | None:
    """Median and its standard error from order statistics; None where it is hidden."""
    n = len(values.lg)
    if n < 5:
        return None
    middle = quantile(*values, 0.5)
    if not middle.exact:
        return None
    away = int(max(np.floor((n + 1) / 2 - _z() * np.sqrt(n / 4)), 1))
    ordered = np.sort(values.lg)
    error = (ordered[n - away] - ordered[away - 1]) / (2 * _z())
    return middle.value, float(error)


def _z() -> float:
    return float(stats.norm.ppf((1 + LEVEL) / 2))
