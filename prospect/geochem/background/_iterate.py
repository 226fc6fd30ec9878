"""Background by iteration: drop what lies beyond the mean and three deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..._note import Note
from ._background_notes import joined, notes_of
from ._background_values import backward, fit_mask, forward, read_contents

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

N_SD = 3.0


class IteratedBackground(NamedTuple):
    """
    Background of one analyte by iteration, with every pass.

    Parameters
    ----------
    background_value, threshold : float
        Mean of the values that remain, and mean + k standard deviations, in `unit`;
        the mean is geometric where the statistics were taken in lg. NaN where nothing
        remains but values at one detection limit.
    mean, sd : float
        The same mean, and the standard deviation (n − 1) of the values that remain,
        both in the space of `transform`.
    k : float
        Number of standard deviations of the threshold.
    counts : dict of str to int
        `n` values that entered, of them `n_removed`; `n_censored` below detection (of
        these `n_imputed`, `n_no_limit`), `n_over_range`, `n_missing`, `iterations`
        (passes that removed something).
    kept : Series of bool
        Whether a sample belongs to the background; index of the samples.
    history : DataFrame
        A row a pass: `n`, `mean`, `sd`, `lower`, `upper` (bounds, in `unit`),
        `n_removed_low`, `n_removed_high`.
    unit, transform : str
        Unit of the analyte; "log10" or None.
    note : str
        What was assumed; "" if nothing.
    """

    background_value: float
    threshold: float
    mean: float
    sd: float
    k: float
    counts: dict[str, int]
    kept: pd.Series
    history: pd.DataFrame
    unit: str
    transform: str | None
    note: str


class Trimmed(NamedTuple):
    """Which values remain, and a line (n, mean, sd, removed low, high) a pass."""

    kept: NDArray[np.bool_]
    passes: list[tuple[int, float, float, int, int]]

    @property
    def mean(self) -> float:
        """Mean of the values that remain."""
        return self.passes[-1][1]

    @property
    def sd(self) -> float:
        """Standard deviation of the values that remain."""
        return self.passes[-1][2]


def iterate_background(
    samples: pd.DataFrame,
    column: str,
    *,
    transform: str | None = "log10",
    k: float = 2.0,
    n_sd: float = N_SD,
    censored: str = "limit",
    fit_on: ArrayLike | str | None = None,
) -> IteratedBackground:
    """
    Background and threshold by repeated removal of values beyond mean ± 3 S.

    All values with abs(x − X̄) > `n_sd` S are removed together and mean X̄ and standard
    deviation S are taken again, until none is removed; the threshold is T = X̄ + k S of
    what remains. A value once removed does not come back.

    Parameters
    ----------
    samples : DataFrame
        Samples; points or a plain table.
    column : str
        Analyte, such as ``Cu_ppm``.
    transform : {"log10", None}, default "log10"
        Whether the statistics are taken in lg C or in C.
    k : float, default 2
        Number of standard deviations above the mean, usually 1.5 to 3.
    n_sd : float, default 3
        Standard deviations beyond which values are removed.
    censored : {"limit", "drop", "imputed"}, default "limit"
        Values below detection enter with their limit, or with the imputed value where
        there is one; are left out; or must all be imputed. At the limit the mean is too
        high and S too small, without them the mean is far too high: neither is a cure,
        and the counts say how many there are. Those without a limit are left out.
    fit_on : array-like of bool or str, optional
        Samples to fit on, or the column that tells; the others enter nothing.

    Returns
    -------
    IteratedBackground
        Values, counts, the samples kept and every pass.

    Raises
    ------
    DataProblems
        Naming every row with a content of 0 or less where `transform` is "log10".
    ValueError
        If fewer than two values remain, or an argument is not one of those allowed.
    TypeError
        If the column does not hold numbers.

    See Also
    --------
    background_table : Several analytes, methods and groups at once.

    References
    ----------
    DB63/T 1936-2021 (Qinghai): background by stepwise removal of values beyond the mean
    and three standard deviations.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [20.0, 22, 24, 26, 28, 30] * 4 + [300]})
    >>> found = iterate_background(soil, "Cu_ppm", transform=None, k=2.5)
    >>> found.background_value, round(found.threshold, 2), found.counts["n_removed"]
    (25.0, 33.72, 1)
    """
    _check_factor("k", k)
    _check_factor("n_sd", n_sd)
    contents = read_contents(samples, column, censored=censored, transform=transform)
    mask = fit_mask(samples, fit_on)
    part = contents.take(mask)
    x = forward(part.value[part.used], transform)
    if len(x) < 2:
        raise ValueError(
            f"{column}: {len(x)} values enter; a mean and a deviation need two."
        )
    trimmed = trim(x, n_sd=n_sd)
    hidden = is_hidden(trimmed, part.at_limit[part.used])
    top = np.nan if hidden else trimmed.mean + k * trimmed.sd
    threshold = float(backward(top, transform))
    notes = notes_of(part, threshold, "iterative", censored, trimmed.sd)
    if hidden:
        notes.append(Note("background_centre_hidden"))
    kept = np.zeros(len(samples), dtype=bool)
    kept[np.flatnonzero(mask)[part.used]] = trimmed.kept
    counts = {
        "n": len(x),
        "n_removed": int((~trimmed.kept).sum()),
        "n_censored": int(part.censored.sum()),
        "n_imputed": int(part.imputed.sum()),
        "n_no_limit": int(part.no_limit.sum()),
        "n_over_range": int(part.over_range.sum()),
        "n_missing": int(part.missing.sum()),
        "iterations": len(trimmed.passes) - 1,
    }
    return IteratedBackground(
        background_value=float(backward(np.nan if hidden else trimmed.mean, transform)),
        threshold=threshold,
        mean=trimmed.mean,
        sd=trimmed.sd,
        k=float(k),
        counts=counts,
        kept=pd.Series(kept, index=samples.index, name=f"{column}_background"),
        history=_history(trimmed, n_sd, transform),
        unit=part.unit,
        transform=transform,
        note=joined(notes),
    )


def trim(x: NDArray[np.float64], *, n_sd: float = N_SD) -> Trimmed:
    """Remove values beyond mean ± n_sd S until none is; at least one value."""
    kept = np.ones(len(x), dtype=bool)
    passes = []
    while True:
        inside = x[kept]
        mean = float(inside.mean())
        sd = float(inside.std(ddof=1)) if len(inside) > 1 else 0.0
        low = kept & (x < mean - n_sd * sd)
        high = kept & (x > mean + n_sd * sd)
        if sd == 0:  # equal values: what lies beside their mean is rounding
            low, high = np.zeros_like(kept), np.zeros_like(kept)
        passes.append((len(inside), mean, sd, int(low.sum()), int(high.sum())))
        if not (low.any() or high.any()):
            return Trimmed(kept, passes)
        kept &= ~(low | high)


def is_hidden(trimmed: Trimmed, at_limit: NDArray[np.bool_]) -> bool:
    """Whether what remains is nothing but values at one detection limit."""
    return trimmed.sd == 0 and bool(at_limit[trimmed.kept].any())


def _history(trimmed: Trimmed, n_sd: float, transform: str | None) -> pd.DataFrame:
    table = pd.DataFrame(
        trimmed.passes, columns=["n", "mean", "sd", "n_removed_low", "n_removed_high"]
    )
    low, high = (table["mean"] + sign * n_sd * table["sd"] for sign in (-1, 1))
    table.insert(3, "lower", backward(low, transform))
    table.insert(4, "upper", backward(high, transform))
    table["mean"] = backward(table["mean"], transform)
    table.index = pd.RangeIndex(1, len(table) + 1, name="pass")
    return table


def _check_factor(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a number above 0; got {value!r}.")
