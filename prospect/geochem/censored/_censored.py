"""Statistics of values below limits of detection, and what they cannot tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._note import Note
from ._censored_estimates import Asked, Estimate, estimate, resample
from ._product_limit import ProductLimit, product_limit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

METHODS = ("km", "ros", "mle")
DISTRIBUTIONS = ("lognormal", "normal")


@dataclass(frozen=True)
class CensoredStatistics:
    """
    Statistics of values some of which are below limits of detection.

    Parameters
    ----------
    method : {"km", "ros", "mle"}
        How they were found.
    n, n_censored, n_missing : int
        Values used, those of them below a limit, and missing ones left out.
    mean, sd : float
        In the unit of the values.
    mean_interval : tuple of float
        Limits of confidence of the mean; NaN where none are defined.
    mean_bounds : tuple of float
        What the mean can be at all, given what is unknown below the lowest detected
        value: where that part of the distribution is all 0, or all at its limit.
    quantiles : DataFrame
        Indexed by probability: `value` (NaN where the data cannot tell), `low` and
        `high` (limits of confidence), `below` (the quantile is known to be below this,
        else NaN) and `text`, which is ``<0.5`` in that case.
    confidence : float
        Level of the intervals.
    notes : tuple of str
        What was left out and what cannot be told, in words.

    See Also
    --------
    censored_statistics : Makes it.

    Examples
    --------
    >>> found = censored_statistics([0.5, 0.5, 0.5, 2, 3], [True, True, True, False,
    ...                                                     False])
    >>> found.share_censored, found.median, found.median_text
    (0.6, nan, '<0.5')
    """

    method: str
    n: int
    n_censored: int
    n_missing: int
    mean: float
    sd: float
    mean_interval: tuple[float, float]
    mean_bounds: tuple[float, float]
    quantiles: pd.DataFrame
    confidence: float
    notes: tuple[str, ...]

    @property
    def share_censored(self) -> float:
        """Share of the values that are below a limit, 0 to 1."""
        return self.n_censored / self.n

    @property
    def median(self) -> float:
        """Median; NaN where the data cannot tell."""
        return float(self.quantiles.loc[0.5, "value"])

    @property
    def median_text(self) -> str:
        """Median as text, ``<0.5`` where it is only known to be below a limit."""
        return str(self.quantiles.loc[0.5, "text"])


def censored_statistics(
    values: ArrayLike,
    censored: ArrayLike | None,
    *,
    method: str = "km",
    distribution: str = "lognormal",
    probabilities: Sequence[float] = (0.25, 0.5, 0.75),
    confidence: float = 0.95,
    bootstrap: int = 0,
    random_state: Any = None,  # noqa: ANN401
) -> CensoredStatistics:
    """
    Mean, standard deviation and quantiles without replacing values below detection.

    Parameters
    ----------
    values : array_like, shape (n,)
        Contents in any one unit; the limit of detection where `censored`. NaN is
        missing and left out with a count.
    censored : array_like of bool, shape (n,), or None
        True where the content is below `values`; None if all are detected.
    method : {"km", "ros", "mle"}, default "km"
        Kaplan-Meier, which assumes no distribution; regression on order statistics,
        where only values below detection follow the lognormal of the others; maximum
        likelihood.
    distribution : {"lognormal", "normal"}, default "lognormal"
        Of "mle".
    probabilities : sequence of float
        Quantiles wanted; the median is always among them.
    confidence : float, default 0.95
        Level of the intervals.
    bootstrap : int, default 0
        Resamplings for percentile intervals. Without it "km" and "mle" give intervals
        from their asymptotic variance and "ros" none.
    random_state : int, Generator or None
        Of the bootstrap.

    Returns
    -------
    CensoredStatistics
        With counts, bounds and notes on what the data cannot tell.

    Raises
    ------
    ValueError
        If lengths differ, nothing is detected, a value or limit is not positive (for
        "ros" and the lognormal), negative or infinite, or too few values are detected.

    See Also
    --------
    censored_table : The same for the analytes of a table.
    compare_censored : Do groups differ?

    Notes
    -----
    Kaplan-Meier on the flipped scale: a value below limit L is in the risk set of every
    detected value >= L. The part of the distribution below all detected values counts
    as the lowest limit in the mean; `mean_bounds` tell how much that matters. The
    standard deviation is the standard error of the mean times sqrt(n); with complete
    data it is the usual one.

    References
    ----------
    Helsel, D. R. (2012). Statistics for Censored Environmental Data using Minitab and
    R. Wiley.
    Helsel, D. R. and Cohn, T. A. (1988). Estimation of descriptive statistics for
    multiply censored water quality data. Water Resources Research 24, 1997-2004.
    Olsen, R. J. (1978). Note on the uniqueness of the maximum likelihood estimator for
    the Tobit model. Econometrica 46, 1211-1215.

    Examples
    --------
    >>> arsenic = [1, 1, 1.7, 1, 1, 2, 3.2, 2, 2, 2.8, 2, 2]
    >>> below = [1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1]
    >>> found = censored_statistics(arsenic, below)
    >>> round(found.mean, 4), found.median_text
    (1.45, '<1')
    """
    asked = _asked(method, distribution, probabilities, confidence)
    data, hidden, missing, notes = _checked(values, censored, asked)
    if bootstrap:
        random = np.random.default_rng(random_state)
        found = resample(data, hidden, asked, random=random, times=bootstrap)
    else:
        found = estimate(data, hidden, asked)
    known = product_limit(data, hidden)
    bounds, said = _unknown(data, known, asked)
    return CensoredStatistics(
        method=method,
        n=len(data),
        n_censored=int(hidden.sum()),
        n_missing=missing,
        mean=found.mean,
        sd=float(found.sd),
        mean_interval=tuple(float(end) for end in found.interval),
        mean_bounds=bounds,
        quantiles=_quantile_table(found, asked, known),
        confidence=confidence,
        notes=(*notes, *said),
    )


def _asked(
    method: str, distribution: str, probabilities: Sequence[float], confidence: float
) -> Asked:
    for name, value, allowed in (
        ("method", method, METHODS),
        ("distribution", distribution, DISTRIBUTIONS),
    ):
        if value not in allowed:
            raise ValueError(f"{name} must be one of {allowed}; got {value!r}")
    levels = sorted({0.5, *(float(level) for level in probabilities)})
    for level in (*levels, confidence):
        if not 0 < level < 1:
            raise ValueError(f"probabilities lie between 0 and 1; got {level!r}")
    return Asked(method, distribution, levels, confidence)


def _checked(
    values: ArrayLike, censored: ArrayLike | None, asked: Asked
) -> tuple[NDArray[np.float64], NDArray[np.bool_], int, list[Note]]:
    """Values and flags that the method can use, count of missing ones, notes."""
    data = np.asarray(values, dtype=float)
    hidden = np.zeros(data.shape, bool)
    if censored is not None:
        hidden = np.asarray(censored).astype(bool)
    if data.ndim != 1 or hidden.shape != data.shape:
        raise ValueError(
            f"values and censored are rows of the same length; got shapes {data.shape} "
            f"and {hidden.shape}"
        )
    untold = hidden & np.isnan(data)
    if untold.any():
        raise ValueError(
            f"{int(untold.sum())} of {int(hidden.sum())} censored values have no limit "
            f"(the first in row {int(np.argmax(untold))}): give it as their value"
        )
    gone = np.isnan(data)
    data, hidden = data[~gone], hidden[~gone]
    _check_numbers(data, hidden, asked)
    notes = [Note("censored_missing", n=int(gone.sum()))] if gone.any() else []
    # no other method can use a limit above all that was detected
    idle = hidden & (data > data[~hidden].max())
    if idle.any() and asked.method == "ros":
        notes.append(Note("censored_above_all", n=int(idle.sum())))
        data, hidden = data[~idle], hidden[~idle]
    return data, hidden, int(gone.sum()), notes


def _check_numbers(data: NDArray, hidden: NDArray[np.bool_], asked: Asked) -> None:
    if hidden.all():
        raise ValueError(
            f"none of {len(data)} values is detected: there is nothing to tell but "
            "that they are below their limits"
        )
    strict = asked.method == "ros" or (
        asked.method == "mle" and asked.distribution == "lognormal"
    )
    free = asked.method == "mle" and not strict
    bad = ~np.isfinite(data) | (data <= 0 if strict else (data < 0) & (not free))
    if bad.any():
        first = int(np.argmax(bad))
        raise ValueError(
            f"{int(bad.sum())} of {len(data)} values or limits are "
            f"{'zero, ' if strict else ''}negative or infinite, the first "
            f"{data[first]:g}: read such codes as values below detection "
            "(survey.read_samples) or correct them"
        )


def _unknown(
    data: NDArray, known: ProductLimit, asked: Asked
) -> tuple[tuple[float, float], list[Note]]:
    """Bounds of the mean, and words on what lies below all detected values."""
    if not np.isfinite(known.floor):
        return (known.mean, known.mean), []
    start = min(float(data.min()), float(known.levels[0]))
    rest = known.mean - known.below * start
    bounds = (float(rest), float(rest + known.below * known.floor))
    if asked.method == "km":
        values = {"share": known.below, "low": bounds[0], "high": bounds[1]}
        return bounds, [Note("censored_low_mass", **values)]
    return bounds, [Note("censored_extrapolated", limit=known.floor)]


def _quantile_table(found: Estimate, asked: Asked, known: ProductLimit) -> pd.DataFrame:
    names = pd.Index(asked.levels, name="probability")
    table = pd.DataFrame(found.quantiles, names, ["value", "low", "high"])
    # of a sample the ranks decide; a fitted distribution has its own quantiles
    ranks = np.asarray(asked.levels) <= known.below + 1e-9
    hidden = table["value"] < known.floor if asked.method == "mle" else ranks
    hidden = np.asarray(hidden) & np.isfinite(known.floor)
    table["below"] = np.where(hidden, known.floor, np.nan)
    table["text"] = [
        f"<{known.floor:.6g}" if unknown else f"{value:.6g}"
        for unknown, value in zip(hidden, table["value"], strict=True)
    ]
    return table
