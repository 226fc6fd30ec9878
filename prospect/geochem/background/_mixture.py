"""Populations of an analyte and the thresholds between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..._note import Note
from ._background import counts_of, share_above
from ._background_notes import joined, notes_of
from ._background_values import (
    backward,
    check_choice,
    fit_mask,
    forward,
    read_contents,
)
from ._mixture_fit import Points, Populations, fit_populations, improve, least_sd

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ._background_values import Contents

MOST = 4
INTERVAL = 0.95
N_SD = 2.0
N_RESAMPLED = 1024  # classes of the resamples


@dataclass(frozen=True)
class Mixture:
    """
    Populations of an analyte, thresholds, and what they rest on.

    Parameters
    ----------
    column, unit : str
        Analyte and its unit.
    transform : {"log10", None}
        Space in which the populations are normal.
    populations : DataFrame, index 1 to n
        By rising mean: `share` (0 to 1), `mean` (in `unit`, geometric for "log10"),
        `sd` (in `unit`, in lg for "log10"), each with `_low` and `_high` of its 95 %
        bootstrap interval, and `n_expected`, the samples it stands for.
    thresholds : DataFrame
        `kind` ("lower", "upper": mean ∓ 2 sd of a population; "equal_density": where
        two neighbouring populations are as likely), `population` (the lower one of
        two), `value` in `unit` (NaN where two densities do not cross between their
        means), `low`, `high` of the 95 % interval, `share_above` of the samples.
    bic : Series, index number of populations
        Bayesian information criterion, smaller is better; NaN where no such number of
        populations can be told apart.
    log_likelihood : float
        Of the mixture, in the space of `transform`.
    counts : dict of str to int
        `n` values that entered, `n_censored` (of these `n_imputed`, `n_no_limit`),
        `n_over_range`, `n_missing`, `n_resamples` that the intervals rest on.
    value : array, shape (n,)
        Values that entered, in `unit`; the limit where below detection.
    censored : array of bool, shape (n,)
        Below detection.
    note : str
        What was assumed; "" if nothing.
    """

    column: str
    unit: str
    transform: str | None
    populations: pd.DataFrame
    thresholds: pd.DataFrame
    bic: pd.Series
    log_likelihood: float
    counts: dict[str, int]
    value: NDArray[np.float64]
    censored: NDArray[np.bool_]
    note: str

    def density(self, value: ArrayLike) -> pd.DataFrame:
        """
        Share times density of each population.

        Parameters
        ----------
        value : array-like, shape (n,)
            Contents in `unit`.

        Returns
        -------
        DataFrame, shape (n, n_populations)
            Per unit of C, or of lg C where `transform` is "log10".
        """
        x = forward(value, self.transform)
        return self._frame(np.exp(self._fitted().log_densities(x)))

    def cumulative(self, value: ArrayLike) -> pd.DataFrame:
        """
        Share of all samples that is of each population and at or below a value.

        Parameters
        ----------
        value : array-like, shape (n,)
            Contents in `unit`.

        Returns
        -------
        DataFrame, shape (n, n_populations)
            The columns sum to the distribution function of the mixture.
        """
        return self._frame(self._fitted().cumulative(forward(value, self.transform)))

    def membership(self, value: ArrayLike) -> pd.DataFrame:
        """
        Probability that a value belongs to each population.

        Parameters
        ----------
        value : array-like, shape (n,)
            Contents in `unit`.

        Returns
        -------
        DataFrame, shape (n, n_populations)
            0 to 1, rows sum to 1.
        """
        level = self._fitted().log_densities(forward(value, self.transform))
        level -= level.max(axis=1, keepdims=True)
        share = np.exp(level)
        return self._frame(share / share.sum(axis=1, keepdims=True))

    def _fitted(self) -> Populations:
        table = self.populations
        mean = forward(table["mean"], self.transform)
        share, sd = table["share"].to_numpy(), table["sd"].to_numpy()
        return Populations(share, mean, sd, self.log_likelihood, converged=True)

    def _frame(self, values: NDArray[np.float64]) -> pd.DataFrame:
        return pd.DataFrame(values, columns=self.populations.index)


def threshold_mixture(
    samples: pd.DataFrame,
    column: str,
    *,
    random_state: int,
    n_populations: int | None = None,
    transform: str | None = "log10",
    n_bootstrap: int = 200,
    fit_on: ArrayLike | str | None = None,
) -> Mixture:
    """
    Populations of an analyte by a mixture of (log)normal distributions.

    What Sinclair does by hand on a probability plot, by maximum likelihood (EM from
    several starts). A value below detection enters as what it is, known to lie below
    its limit, one above range likewise: nothing is put in its place. The number of
    populations is the one with the smallest BIC among 1 to 4. A population must
    stand for five samples and have 5 % of the standard deviation of all values at
    least, so that a rounded value does not become one.

    Parameters
    ----------
    samples : DataFrame
        Samples; points or a plain table.
    column : str
        Analyte, such as ``Cu_ppm``.
    random_state : int
        Seed of starts and bootstrap.
    n_populations : int, optional
        Number of populations, 1 to 4, where it is known.
    transform : {"log10", None}, default "log10"
        Lognormal or normal populations.
    n_bootstrap : int, default 200
        Resamples for the intervals; 0 for none. Samples are drawn one by one, so that
        neighbours which resemble each other make the intervals too narrow.
    fit_on : array-like of bool or str, optional
        Samples to fit on, or the column that tells.

    Returns
    -------
    Mixture
        Populations, thresholds with intervals, BIC of each number of populations.

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less where `transform` is "log10".
    ValueError
        If the values are too few or too much alike for so many populations.
    TypeError
        If the column does not hold numbers.

    Notes
    -----
    Imputed values (``_imputed``) enter with their limit where ``_detection_limit``
    tells it, and with the imputed value otherwise. More than 4096 distinct values are
    joined in as many classes, each with its mean, more than 1024 for the resamples;
    this moves a deviation by less than a ten-thousandth part of the range.

    References
    ----------
    Sinclair, A. J. (1974). Selection of threshold values in geochemical data using
    probability graphs. Journal of Geochemical Exploration 3, 129-149.
    Dempster, A. P., Laird, N. M. and Rubin, D. B. (1977). Maximum likelihood from
    incomplete data via the EM algorithm. Journal of the Royal Statistical Society B 39,
    1-38.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> lg = np.concatenate([rng.normal(1.3, 0.15, 450), rng.normal(2.2, 0.2, 50)])
    >>> soil = pd.DataFrame({"Cu_ppm": 10**lg})
    >>> found = threshold_mixture(soil, "Cu_ppm", random_state=1, n_bootstrap=0)
    >>> print(found.populations[["share", "mean", "sd"]].round(2))
                share    mean    sd
    population
    1             0.9   19.53  0.14
    2             0.1  173.22  0.17
    """
    if n_populations is not None:
        check_choice("n_populations", n_populations, tuple(range(1, MOST + 1)))
    if n_bootstrap < 0:
        raise ValueError(f"n_bootstrap must be 0 or more; got {n_bootstrap}.")
    contents = read_contents(samples, column, transform=transform)
    part = _at_limits(samples, contents).take(fit_mask(samples, fit_on))
    used = part.used
    below, above = part.at_limit[used], part.over_range[used]
    points = Points.of(forward(part.value[used], transform), below, above)
    rng = np.random.default_rng(random_state)
    numbers = [n_populations] if n_populations else range(1, MOST + 1)
    fits = {g: fit_populations(points, g, random_state=rng) for g in numbers}
    n = int(used.sum())
    bic = pd.Series({g: fit.bic(n) if fit else np.nan for g, fit in fits.items()})
    if bic.isna().all():
        raise ValueError(
            f"{column}: {n} values do not tell {n_populations or 'any'} populations "
            "apart: they are too few, or too much alike. Take fewer populations or "
            "another method (background_table)."
        )
    best = improve(points, fits[bic.idxmin()], floor=least_sd(points)).sorted()
    again = _resample(points, best, n_bootstrap, rng)
    thresholds = _thresholds(best, again, part, transform)
    counts = {"n": n, **counts_of(part), "n_resamples": len(again)}
    return Mixture(
        column=column,
        unit=part.unit,
        transform=transform,
        populations=_populations(best, again, n, transform),
        thresholds=thresholds,
        bic=bic.rename_axis("n_populations").rename("bic"),
        log_likelihood=best.log_likelihood,
        counts=counts,
        value=part.value[used],
        censored=below,
        note=joined(_notes(part, best, len(again), n_bootstrap)),
    )


def _at_limits(samples: pd.DataFrame, contents: Contents) -> Contents:
    """Contents with imputed values back at their limits, where these are told."""
    limit = f"{contents.column}_detection_limit"
    if limit not in samples or not contents.imputed.any():
        return contents
    told = samples[limit].to_numpy(dtype=float, na_value=np.nan)
    known = contents.imputed & (told > 0)
    value = np.where(known, told, contents.value)
    return contents._replace(value=value, imputed=contents.imputed & ~known)


def _resample(
    points: Points, best: Populations, n_bootstrap: int, rng: np.random.Generator
) -> list[Populations]:
    """Fits to samples drawn with replacement, from the best fit on."""
    points = points.joined(N_RESAMPLED)
    counts = points.counts
    n = int(counts.sum())
    floor = least_sd(points)
    found = []
    for _ in range(n_bootstrap):
        drawn = points.with_counts(rng.multinomial(n, counts / n).astype(float))
        fit = improve(drawn, best, floor=floor, tolerance=1e-7, most=500)
        if (fit.sd > floor).all():
            found.append(fit.sorted())
    return found


def _thresholds(
    best: Populations,
    again: list[Populations],
    part: Contents,
    transform: str | None,
) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    places = backward(_places(best), transform)
    drawn = backward([_places(fit) for fit in again], transform) if again else None
    for at, (kind, population) in enumerate(_kinds(len(best.share))):
        value = float(places[at])
        low, high = _interval(drawn[:, at] if drawn is not None else [])
        row = {"kind": kind, "population": population, "value": value}
        row |= {"low": low, "high": high, "share_above": share_above(part, value)}
        rows.append(row)
    return pd.DataFrame(rows)


def _kinds(n_populations: int) -> list[tuple[str, int]]:
    numbers = range(1, n_populations + 1)
    ends = [(kind, number) for number in numbers for kind in ("lower", "upper")]
    return ends + [("equal_density", number) for number in numbers[:-1]]


def _places(fit: Populations) -> NDArray[np.float64]:
    """Thresholds of a fit in the order of `_kinds`."""
    ends = [
        mean + sign * N_SD * sd
        for mean, sd in zip(fit.mean, fit.sd, strict=True)
        for sign in (-1, 1)
    ]
    pairs = range(len(fit.share) - 1)
    return np.array([*ends, *(equal_density(fit, j) for j in pairs)])


def equal_density(fit: Populations, j: int) -> float:
    """Where populations j and j + 1 are as likely, between their means; NaN if not."""
    one, two = slice(j, j + 1), slice(j + 1, j + 2)
    (m1, m2), (s1, s2) = fit.mean[j : j + 2], fit.sd[j : j + 2]
    a = 0.5 / s2**2 - 0.5 / s1**2
    b = m1 / s1**2 - m2 / s2**2
    c = 0.5 * (m2 / s2) ** 2 - 0.5 * (m1 / s1) ** 2
    c += float(np.log(fit.share[one] / fit.share[two] * fit.sd[two] / fit.sd[one])[0])
    roots = np.roots([a, b, c]) if abs(a) > 1e-12 else np.array([-c / b])
    real = np.real(roots[np.abs(np.imag(roots)) < 1e-9])
    inside = real[(real >= m1) & (real <= m2)]
    return float(inside[0]) if len(inside) else float("nan")


def _populations(
    best: Populations, again: list[Populations], n: int, transform: str | None
) -> pd.DataFrame:
    index = pd.RangeIndex(1, len(best.share) + 1, name="population")
    table = pd.DataFrame(index=index)
    for name in ("share", "mean", "sd"):
        back = transform if name == "mean" else None
        table[name] = backward(getattr(best, name), back)
        drawn = [backward(getattr(fit, name), back) for fit in again]
        ends = [_interval([fit[j] for fit in drawn]) for j in range(len(index))]
        table[f"{name}_low"], table[f"{name}_high"] = zip(*ends, strict=True)
    table["n_expected"] = n * table["share"]
    return table


def _interval(drawn: ArrayLike) -> tuple[float, float]:
    """95 % interval of resampled values; NaN where half of them or more fail."""
    drawn = np.asarray(drawn, dtype=float)
    known = drawn[~np.isnan(drawn)]
    if len(known) < 20 or len(known) <= len(drawn) / 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - INTERVAL) / 2, (1 + INTERVAL) / 2])
    return float(low), float(high)


def _notes(
    part: Contents, best: Populations, n_again: int, n_bootstrap: int
) -> list[Note]:
    notes = notes_of(part, np.inf, "mixture", "likelihood", 1.0)
    if part.imputed.any():
        notes.append(Note("mixture_imputed", n=int(part.imputed.sum())))
    if not best.converged:
        notes.append(Note("mixture_not_converged"))
    if n_again < n_bootstrap:
        told = {"n": n_bootstrap - n_again, "total": n_bootstrap}
        notes.append(Note("mixture_resamples", **told))
    return notes
