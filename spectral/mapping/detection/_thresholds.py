"""Scores that background exceeds at a stated rate, and what lies above them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from scipy import stats

from ._null import check_unsquared, core_of, law_of
from ._order import fold_scores, order_statistics, targets_in

if TYPE_CHECKING:
    from collections.abc import Sequence

TAIL, MOST = 0.05, 50_000  # share of the scores the tail is fitted to, at most so many
ASSUMED = {
    "normal": "background scores are normal about the median with the spread of the "
    "middle half, and targets are too rare to move these",
    "law": "background spectra are normal, so that scores follow {law}",
    "empirical": "the map holds no target: every pixel is background",
    "tail": "the highest scores are background with a generalised Pareto tail; targets "
    "among them raise the threshold",
}


class Found(NamedTuple):
    """
    Thresholds of each target.

    Parameters
    ----------
    threshold, low, high, counts : ndarray, shape (n_targets,)
        Threshold, ends of its interval, known pixels.
    """

    threshold: np.ndarray
    low: np.ndarray
    high: np.ndarray
    counts: np.ndarray


def detection_threshold(
    score: xr.DataArray,
    *,
    false_alarm_rate: float,
    method: str = "auto",
    confidence: float = 0.95,
) -> xr.Dataset:
    """
    Score that background exceeds at a stated rate, with its interval.

    A statistic of the whole map: computes it, block by block, in memory that does not
    grow with the map.

    Parameters
    ----------
    score : DataArray
        Detector's scores, with or without the dimension "target"; higher is more like
        the target. To leave known targets out: ``score.where(background)``.
    false_alarm_rate : float
        Share of background pixels above the threshold, such as 1e-4.
    method : {"auto", "normal", "law", "empirical", "tail"}
        What background does. ``auto``: ``law`` where the score says one, ``tail``
        where it says that it is a square, which no normal law fits, else ``normal``.
        ``normal``: the middle half of the scores gives a normal law; for matched
        filters. ``law``: the law the score says it follows where spectra are normal
        (rx, ace, amsd). ``empirical``: the share of the map itself,
        if nothing in it is a target. ``tail``: a generalised Pareto law of the highest
        twentieth, which bears tails heavier than normal, and rates below 1 / pixels.
    confidence : float
        Of the interval.

    Returns
    -------
    Dataset, dims ("target",) where the scores have it
        ``threshold``, ``low``, ``high``: the threshold and its confidence interval, in
        units of the score (of no width for ``law``); ``pixels``: known scores. attrs
        name the method, what it assumes and the rate. Intervals take pixels for
        independent; neighbours are not, so that they are somewhat too narrow.

    Raises
    ------
    ValueError
        If no score is known, rate or confidence are no shares, the method is unknown,
        a normal law is to fit squares, or the map is too small for the rate.

    References
    ----------
    Hosking, J.R.M., Wallis, J.R. (1987). Parameter and quantile estimation for the
    generalized Pareto distribution. Technometrics 29, 339-349.
    Manolakis, D., Shaw, G. (2002). Detection algorithms for hyperspectral imaging
    applications. IEEE Signal Processing Magazine 19, 29-43.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = xr.DataArray(rng.standard_normal((100, 100)), dims=("y", "x"))
    >>> found = detection_threshold(score, false_alarm_rate=0.001)
    >>> print(f"{float(found.threshold):.1f}")
    3.1
    """
    _check_shares(false_alarm_rate, confidence)
    methods = {
        "normal": _normal,
        "law": _law,
        "empirical": _empirical,
        "tail": _tail,
    }
    if method == "auto":
        usual = "tail" if score.attrs.get("squared") else "normal"
        method = "law" if "background_law" in score.attrs else usual
    if method not in methods:
        known = ["auto", *sorted(methods)]
        raise ValueError(f"method must be one of {known}. Got {method!r}.")
    names = targets_in(score)
    found = methods[method](score, names, false_alarm_rate, confidence)
    assumed = ASSUMED[method]
    if method == "law":
        assumed = assumed.format(law=law_of(score)[1])
    many = "target" in score.dims
    dims, coords = (("target",), {"target": names}) if many else ((), {})
    data = {
        name: (dims, values if many else values[0])
        for name, values in zip(("threshold", "low", "high"), found[:3], strict=True)
    }
    data["pixels"] = (dims, found.counts if many else found.counts[0])
    attrs = {
        "method": method,
        "assumption": assumed,
        "false_alarm_rate": float(false_alarm_rate),
        "confidence": float(confidence),
    }
    return xr.Dataset(data, coords, attrs)


def target_table(
    score: xr.DataArray,
    *,
    false_alarm_rate: float = 1e-4,
    method: str = "auto",
) -> pd.DataFrame:
    """
    What each target's map holds above its threshold, beside what chance puts there.

    Parameters
    ----------
    score : DataArray
        Detector's scores, with or without the dimension "target".
    false_alarm_rate : float
        As in `detection_threshold`.
    method : str
        As in `detection_threshold`.

    Returns
    -------
    DataFrame
        A row a target: target, threshold, low, high, pixels (known), above (pixels
        above the threshold), expected_false_alarms (of background alone), chance
        (probability that background alone puts so many above), largest (score). A
        chance near 1 says that nothing in the map calls for a target; a small one that
        background alone, as the method assumes it, does not explain the map.

    Raises
    ------
    ValueError
        As in `detection_threshold`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = xr.DataArray(rng.standard_normal((1, 100, 100)),
    ...                      dims=("target", "y", "x"), coords={"target": ["clay"]})
    >>> score[0, 5, :40] = 6.0
    >>> table = target_table(score, false_alarm_rate=0.001)
    >>> print(table[["target", "above"]].to_string(index=False))
    target  above
      clay     45
    """
    found = detection_threshold(score, false_alarm_rate=false_alarm_rate, method=method)
    limits = np.atleast_1d(found["threshold"].values)

    def count(flat: np.ndarray) -> np.ndarray:
        known = np.where(np.isnan(flat), -np.inf, flat)
        # no pixels: no largest
        top = known.max(1, initial=-np.inf)
        return np.array([(known > limits[:, None]).sum(1), top])

    parts = np.array(fold_scores(score, count))
    above = parts[:, 0].sum(0).astype(int)
    pixels = np.atleast_1d(found["pixels"].values)
    return pd.DataFrame(
        {
            "target": targets_in(score),
            "threshold": limits,
            "low": np.atleast_1d(found["low"].values),
            "high": np.atleast_1d(found["high"].values),
            "pixels": pixels,
            "above": above,
            "expected_false_alarms": pixels * false_alarm_rate,
            "chance": stats.binom.sf(above - 1, pixels, false_alarm_rate),
            "largest": parts[:, 1].max(0),
        }
    )


def _check_shares(rate: float, confidence: float) -> None:
    if not 0 < rate < 0.5:
        raise ValueError(f"false_alarm_rate must be above 0, below 0.5. Got {rate}.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be above 0, below 1. Got {confidence}.")


def _normal(
    score: xr.DataArray, names: Sequence[str], rate: float, confidence: float
) -> Found:
    check_unsquared(score, "Use method='law', 'tail' or 'empirical'.")
    core = core_of(score, names)
    away = stats.norm.isf(rate)
    threshold = core.middle + away * core.spread
    # variances of median and quartile range of a normal sample
    wide = np.sqrt((np.pi / 2 + 1.3606 * away**2) / core.counts) * core.spread
    half = stats.norm.isf((1 - confidence) / 2) * wide
    return Found(threshold, threshold - half, threshold + half, core.counts)


def _law(
    score: xr.DataArray, names: Sequence[str], rate: float, confidence: float
) -> Found:
    del confidence  # the law is known: no interval
    _, counts = order_statistics(score, lambda _: [])
    level = np.full(len(names), law_of(score)[0].isf(rate))
    return Found(level, level, level, counts)


def _empirical(
    score: xr.DataArray, names: Sequence[str], rate: float, confidence: float
) -> Found:
    tail = (1 - confidence) / 2

    def ranks(count: int) -> list[int]:
        few = stats.binom.ppf(tail, count, rate)
        many = stats.binom.isf(tail, count, rate)
        above = np.array([np.floor(rate * count), many + 1, few], int)
        return (count - 1 - np.clip(above, 0, count - 1)).tolist()

    values, counts = order_statistics(score, ranks)
    small = [
        f"{name or 'the map'} ({count} pixels)"
        for name, count in zip(names, counts, strict=True)
        if rate * count < 1
    ]
    if small:
        raise ValueError(
            f"a rate of {rate:g} needs {int(np.ceil(1 / rate))} known pixels at least; "
            f"too few in {small}. Use method='tail' or 'normal'."
        )
    return Found(*values.T, counts)


def _tail(
    score: xr.DataArray, names: Sequence[str], rate: float, confidence: float
) -> Found:
    def ranks(count: int) -> list[int]:
        return [count - 1 - min(int(TAIL * count), MOST, count - 1)]

    (start,), counts = (part.T for part in order_statistics(score, ranks))

    def beyond(flat: np.ndarray) -> list[np.ndarray]:
        return [row[row > low] - low for row, low in zip(flat, start, strict=True)]

    parts = fold_scores(score, beyond)
    found = []
    for name, count, *rows in zip(names, counts, *parts, strict=True):
        excess = np.sort(np.concatenate(rows).astype(float))
        found.append(_pareto(excess, int(count), rate, confidence, name or "the map"))
    levels = np.array(found).reshape(-1, 3).T + start
    return Found(*levels, counts)


def _pareto(
    excess: np.ndarray, count: int, rate: float, confidence: float, name: str
) -> tuple[float, float, float]:
    """Quantile of a generalised Pareto law fitted by probability-weighted moments."""
    n, share = excess.size, excess.size / max(count, 1)
    if n < 50 or excess[-1] <= excess[0]:
        raise ValueError(
            f"{name} has {n} scores in its highest {TAIL:.0%}, or all alike: too few "
            "to fit a tail to. Use method='normal'."
        )
    if rate >= share:
        raise ValueError(
            f"a rate of {rate:g} is not in the tail, the highest {share:.2g} of "
            f"{name}. Use method='empirical'."
        )
    mean = excess.mean()
    weighted = (excess * (1 - (np.arange(1, n + 1) - 0.35) / n)).mean()
    shape = mean / (mean - 2 * weighted) - 2  # k of Hosking and Wallis
    scale = 2 * mean * weighted / (mean - 2 * weighted)
    level = _quantile(shape, scale, rate / share)
    step = 1e-5
    slope = np.array(
        [
            (_quantile(shape, scale * (1 + step), rate / share) - level)
            / (scale * step),
            (_quantile(shape + step, scale, rate / share) - level) / step,
        ]
    )
    spread = np.sqrt(max(slope @ _scatter(shape, scale, n) @ slope, 0.0))
    half = stats.norm.isf((1 - confidence) / 2) * spread
    return level, max(level - half, 0.0), level + half


def _quantile(shape: float, scale: float, share: float) -> float:
    if abs(shape) < 1e-9:
        return float(-scale * np.log(share))
    return float(scale / shape * (1 - share**shape))


def _scatter(shape: float, scale: float, n: int) -> np.ndarray:
    """Covariance of scale and shape, Hosking and Wallis (1987), k held above -0.49."""
    k = max(shape, -0.49)
    both = scale * (2 + k) * (2 + 6 * k + 7 * k**2 + 2 * k**3)
    first = scale**2 * (7 + 18 * k + 11 * k**2 + 2 * k**3)
    second = (1 + k) * (2 + k) ** 2 * (1 + k + 2 * k**2)
    table = np.array([[first, both], [both, second]])
    return table / (n * (1 + 2 * k) * (3 + 2 * k))
