"""Power laws that change their exponent: straight segments in log-log space."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ._segments import best_knots, fit_line, polish_knots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike, NDArray

LEVEL = (2.5, 97.5)
MOST_SEGMENTS = 6
NOISE = 1e-6  # residuals below one in a million are rounding, not a misfit


@dataclass(frozen=True)
class PowerLaw:
    """
    A continuous power law in pieces, y proportional to x^slope within each.

    Parameters
    ----------
    breaks : array, shape (n_segments - 1,)
        Where the exponent changes, rising, in units of x.
    slopes : array, shape (n_segments,)
        Exponents d ln y / d ln x, from small x to large.
    intervals : DataFrame
        A row a break and slope (`break_1`, `slope_1` ...): `estimate`, `low`, `high`
        (95 %, NaN without resampling).
    choice : DataFrame
        A row a number of segments: `n_segments`, `sse` of ln y, `bic`, `share` of the
        resampled curves that choose it (NaN without resampling).
    level : float
        Of the first segment: ln y at x = 1.
    r2 : float
        Share of the variance of ln y that is explained.
    n_points : int
        Points fitted.
    n_bootstrap : int
        Resampled curves that could be fitted.
    """

    breaks: NDArray[np.float64]
    slopes: NDArray[np.float64]
    intervals: pd.DataFrame
    choice: pd.DataFrame
    level: float
    r2: float
    n_points: int
    n_bootstrap: int = 0

    def predict(self, x: ArrayLike) -> NDArray[np.float64]:
        """
        Return y at x.

        Parameters
        ----------
        x : array-like
            Positive.

        Returns
        -------
        array
            Of the shape of x.
        """
        u = np.log(np.asarray(x, dtype=float))
        turns = np.diff(self.slopes)
        out = self.level + self.slopes[0] * u
        for knot, turn in zip(np.log(self.breaks), turns, strict=True):
            out = out + turn * np.maximum(u - knot, 0)
        return np.exp(out)


def piecewise_power_law(
    x: ArrayLike,
    y: ArrayLike,
    *,
    n_segments: int | str = "auto",
    max_segments: int = 4,
    min_points: int = 4,
    weights: ArrayLike | None = None,
    n_bootstrap: int = 0,
    random_state: int | np.random.Generator | None = None,
) -> PowerLaw:
    """
    Continuous straight segments through a curve in log-log space.

    Least squares of ln y on ln x. All sets of break-points among the points (thinned to
    120 where there are more) are compared, which is exact on them; the best set is then
    moved between the points until the squares fall no further.

    Parameters
    ----------
    x, y : array-like, shape (n_points,)
        Positive; x distinct, in any order.
    n_segments : int or "auto", default "auto"
        Number of segments; "auto" takes the one with the least Bayesian information
        criterion, with 2 parameters a segment.
    max_segments : int, default 4
        Most segments "auto" tries, at most 6.
    min_points : int, default 4
        Points a segment spans at least.
    weights : array-like, shape (n_points,), optional
        Weights of the squares, positive.
    n_bootstrap : int, default 0
        Resampled curves for the intervals: blocks of neighbouring residuals are drawn
        anew, since neighbours on a curve depend on each other. Where the data behind
        the curve are known, resampling them is better: `concentration_area` and its
        kin do.
    random_state : int or Generator, optional
        For the resampling.

    Returns
    -------
    PowerLaw

    Raises
    ------
    ValueError
        If values are not positive and finite, x repeats, or the points are too few for
        the segments asked for.

    Notes
    -----
    The points of a cumulative curve are not independent and ever more of them can be
    drawn, so that plain BIC would find ever more segments. Its number of points is
    therefore reduced to n (1 - r) / (1 + r), with r the correlation of neighbouring
    residuals around the richest fit (Bayley and Hammersley 1946).

    References
    ----------
    Hudson, D. J. (1966). Fitting segmented curves whose join points have to be
    estimated. Journal of the American Statistical Association 61, 1097-1129.

    Muggeo, V. M. R. (2003). Estimating regression models with unknown break-points.
    Statistics in Medicine 22, 3055-3071.

    Examples
    --------
    >>> x = np.geomspace(1, 1000, 31)
    >>> y = np.where(x < 100, x**-0.8, 100**2.2 * x**-3)
    >>> law = piecewise_power_law(x, y)
    >>> law.breaks.round(3), law.slopes.round(3)
    (array([100.]), array([-0.8, -3. ]))
    """
    u, v, w = _logs(x, y, weights)
    most = check_segments(n_segments, max_segments, min_points, len(u))
    rules = Rules(n_segments, most, min_points)
    law = fit_law(Curve(u, v, w), rules)
    if not n_bootstrap:
        return law
    random = np.random.default_rng(random_state)
    smooth = np.log(law.predict(np.exp(u)))
    drawn = _redrawn(v - smooth, n_bootstrap, random)
    return with_intervals(law, (Curve(u, smooth + each, w) for each in drawn), rules)


class Curve(NamedTuple):
    """Logarithms, weights, and the criterion by number of segments where known."""

    u: NDArray[np.float64]
    v: NDArray[np.float64]
    w: NDArray[np.float64]
    bic: Mapping[int, float] | None = None


class Rules(NamedTuple):
    """How many segments, at most, and the points each spans at least."""

    n_segments: int | str
    most: int
    least: int


def fit_law(curve: Curve, rules: Rules) -> PowerLaw:
    """Law with the number of segments asked for, or the one that BIC prefers."""
    fits = _fit_all(curve, rules)
    choice = _choice(fits, curve)
    best = _chosen(choice, rules)
    knots, sse = fits[best]
    coefficients, _ = fit_line(curve.u, curve.v, curve.w, knots)
    slopes = np.cumsum(coefficients[1:])
    mean = np.average(curve.v, weights=curve.w)
    spread = float((curve.w * (curve.v - mean) ** 2).sum())
    breaks = np.exp(knots)
    return PowerLaw(
        breaks=breaks,
        slopes=slopes,
        intervals=_intervals(breaks, slopes, None),
        choice=choice.reset_index(),
        level=float(coefficients[0]),
        r2=1 - sse / spread if spread > 0 else 1.0,
        n_points=len(curve.u),
    )


def with_intervals(law: PowerLaw, curves: Iterable[Curve], rules: Rules) -> PowerLaw:
    """Law with intervals from curves of resampled data."""
    number = len(law.slopes)
    rows, chosen = [], []
    for curve in curves:
        fits = _fit_all(curve, rules)
        if number not in fits:
            continue
        knots, _ = fits[number]
        coefficients, _ = fit_line(curve.u, curve.v, curve.w, knots)
        rows.append(np.concatenate([np.exp(knots), np.cumsum(coefficients[1:])]))
        chosen.append(_chosen(_choice(fits, curve), rules))
    if not rows:
        return law
    choice = law.choice.copy()
    if rules.n_segments == "auto":
        shares = pd.Series(chosen).value_counts(normalize=True)
        choice["share"] = choice["n_segments"].map(shares).fillna(0.0)
    return replace(
        law,
        intervals=_intervals(law.breaks, law.slopes, np.array(rows)),
        choice=choice,
        n_bootstrap=len(rows),
    )


def _fit_all(curve: Curve, rules: Rules) -> dict[int, tuple[NDArray, float]]:
    """Knots and weighted squares by number of segments, as far as points suffice."""
    u, v, w, _ = curve
    auto = rules.n_segments == "auto"
    found: dict[int, tuple[NDArray, float]] = {}
    for number in range(1, rules.most + 1) if auto else (rules.most,):
        knots = best_knots(u, v, w, n_knots=number - 1, least=rules.least)
        if knots is None:
            break
        found[number] = polish_knots(u, v, w, knots, least=rules.least)
    return found


def _chosen(choice: pd.DataFrame, rules: Rules) -> int:
    if rules.n_segments != "auto":
        return int(rules.n_segments)
    return int(choice["bic"].idxmin())


def check_segments(
    n_segments: int | str, max_segments: int, min_points: int, n_points: int
) -> int:
    """Return the most segments to try, or raise."""
    auto = n_segments == "auto"
    if isinstance(n_segments, str) and not auto:
        raise ValueError(f"n_segments must be 'auto' or a number, not {n_segments!r}")
    most = operator.index(max_segments if auto else n_segments)
    if not 1 <= most <= MOST_SEGMENTS:
        name = "max_segments" if auto else "n_segments"
        raise ValueError(f"{name} must be from 1 to {MOST_SEGMENTS}. Got {most}.")
    if operator.index(min_points) < 2:
        raise ValueError(f"min_points must be at least 2. Got {min_points}.")
    needed = (1 if auto else most) * min_points + 1
    if n_points < needed:
        raise ValueError(
            f"{n_points} points are too few for {1 if auto else most} segments of "
            f"{min_points}: at least {needed} are needed. Take more thresholds, fewer "
            "segments or a smaller min_points."
        )
    return most


def _choice(fits: dict[int, tuple[NDArray, float]], curve: Curve) -> pd.DataFrame:
    """Squares and criterion by number of segments."""
    richest, _ = fits[max(fits)]
    _, residuals = fit_line(curve.u, curve.v, curve.w, richest)
    n, m = _independent(residuals * np.sqrt(curve.w)), len(curve.u)
    rows = {}
    for number, (_, sse) in fits.items():
        bic = n * np.log(max(sse / m, NOISE**2)) + 2 * number * np.log(n)
        if curve.bic is not None:
            bic = curve.bic.get(number, np.inf)
        rows[number] = {"sse": sse, "bic": bic, "share": np.nan}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("n_segments")


def _independent(residuals: NDArray) -> float:
    """Number of points, less for neighbours that err together."""
    n, power = len(residuals), float(residuals @ residuals)
    if power <= n * NOISE**2:
        return float(n)
    r = float(residuals[1:] @ residuals[:-1]) / power
    r = min(max(r, 0.0), 0.99)
    return max(n * (1 - r) / (1 + r), np.e)


def _redrawn(
    residuals: NDArray, count: int, random: np.random.Generator
) -> list[NDArray]:
    """Residuals in blocks of n^(1/3) neighbours, put together anew."""
    n = len(residuals)
    length = max(2, round(n ** (1 / 3)))
    pieces = -(-n // length)
    starts = random.integers(0, n - length + 1, (count, pieces, 1))
    return list(residuals[starts + np.arange(length)].reshape(count, -1)[:, :n])


def _intervals(breaks: NDArray, slopes: NDArray, drawn: NDArray | None) -> pd.DataFrame:
    names = [f"break_{i + 1}" for i in range(len(breaks))]
    names += [f"slope_{i + 1}" for i in range(len(slopes))]
    table = pd.DataFrame({"estimate": [*breaks, *slopes]}, index=names)
    limits = np.percentile(drawn, LEVEL, axis=0) if drawn is not None else (np.nan,) * 2
    table["low"], table["high"] = limits
    return table


def _logs(
    x: ArrayLike, y: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray, NDArray, NDArray]:
    """Logarithms in the order of x, and weights of mean 1."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    w = np.ones(x.shape) if weights is None else np.asarray(weights, dtype=float)
    if x.ndim != 1 or not x.shape == y.shape == w.shape:
        raise ValueError(
            "x, y and weights must be one-dimensional and of one length. Got shapes "
            f"{x.shape}, {y.shape}, {w.shape}."
        )
    for name, values in (("x", x), ("y", y), ("weights", w)):
        bad = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
        if len(bad):
            raise ValueError(
                f"{name} must be positive and finite: {len(bad)} of {len(x)} are not, "
                f"the first at {bad[0]} ({values[bad[0]]:g}). Leave these points out."
            )
    order = np.argsort(x, kind="stable")
    u = np.log(x[order])
    if (np.diff(u) <= 0).any():
        at = float(x[order][int(np.argmin(np.diff(u)))])
        raise ValueError(f"x repeats the value {at:g}: keep one point of each x")
    return u, np.log(y[order]), w[order] / w.mean()
