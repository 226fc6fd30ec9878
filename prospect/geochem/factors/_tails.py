"""The upper tail of contents: how heavy it is, whether it clusters on the ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree
from scipy.stats import chi2
from sklearn.utils import check_random_state

from survey import check_projected

from ..._note import Note
from ..composition._parts import chosen_columns
from ..rocks._expressions import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import RandomState
    from numpy.typing import NDArray


class TailStatistics(NamedTuple):
    """
    Upper tails of analytes.

    `table` has a row an analyte; `largest` the samples of the tails, largest first;
    `counts` how many samples exceed each threshold.
    """

    table: pd.DataFrame
    largest: pd.DataFrame
    counts: pd.DataFrame


def tail_statistics(
    samples: pd.DataFrame,
    *,
    columns: Sequence[str] | None = None,
    k: int | None = None,
    thresholds: Mapping[str, Sequence[float]] | None = None,
    level: float = 0.95,
    n_permutations: int = 499,
    random_state: int | RandomState | None = None,
) -> TailStatistics:
    """
    How heavy the upper tail of each analyte is, and whether it clusters on the ground.

    Parameters
    ----------
    samples : DataFrame or GeoDataFrame
        Contents. Places are used where they are points in metres.
    columns : sequence of str, optional
        Analytes; by default all columns named by symbol and unit.
    k : int, optional
        Samples in the tail; by default 5 % of those with a value, at least 10 (or a
        quarter of them).
    thresholds : mapping of str to sequence of float, optional
        Contents to count above, by analyte; by default the quantiles 0.9, 0.95, 0.98
        and 0.99 of each.
    level : float
        Confidence level of the interval of the tail index.
    n_permutations : int
        Random draws of tails of the same size from the same places.
    random_state : int, RandomState or None
        Seed of these draws.

    Returns
    -------
    TailStatistics
        ``table``, by analyte: n, n_missing, n_censored, n_imputed, k, tail_from (the
        smallest content of the tail), largest, tail_index (Hill), tail_low, tail_high,
        tied (whether tail and rest meet in equal contents); with places also
        spacing_m (mean distance between nearest samples of the tail), spacing_ratio
        (to that of random draws; below 1 is clustered), spacing_p (share of draws as
        tight or tighter). ``largest``: analyte, rank, content, row (index of the
        sample), sample_id. ``counts``: analyte, threshold, n_above, share_above.
        ``table.attrs`` carry notes.

    Raises
    ------
    ValueError
        If k leaves no rest, an option is out of range, or places are degrees.

    Notes
    -----
    A tail index below 2 means that the variance, below 1 that the mean is not finite:
    means and standard deviations of such an analyte follow its few largest samples.
    Values below detection count as small, whatever their limit; a limit that reaches
    into the tail is said in the notes.

    References
    ----------
    Hill, B. M. (1975). A simple general approach to inference about the tail of a
    distribution. Annals of Statistics 3, 1163-1174.

    Clark, P. J. & Evans, F. C. (1954). Distance to nearest neighbor as a measure of
    spatial relationships in populations. Ecology 35, 445-453. (The spacing; here
    against random labels, so that the design of the survey does not matter.)

    Examples
    --------
    >>> pareto = pd.DataFrame({"Au_ppb": 1000 / np.arange(1, 201)})
    >>> found = tail_statistics(pareto, k=20)
    >>> print(found.table[["k", "largest", "tail_index"]].round(2))
              k  largest  tail_index
    analyte
    Au_ppb   20   1000.0        1.08
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: give a share between 0 and 1, such as 0.95")
    if n_permutations < 1:
        raise ValueError(f"n_permutations={n_permutations}: draw at least once")
    names = chosen_columns(samples, columns, what="analytes")
    places = _places(samples)
    random = check_random_state(random_state)
    rows, largest, counts, notes = {}, [], [], []
    for name in names:
        tail = _tail(samples, name, k, level)
        rows[name] = tail.row
        largest.append(_largest(samples, name, tail))
        counts.append(_counts(name, tail.contents, (thresholds or {}).get(name)))
        if tail.reached:
            notes.append(Note("tail_limit", analyte=name, n=tail.reached))
        if places is not None:
            rows[name] |= _spacing(places, tail, n_permutations, random)
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("analyte")
    table.attrs = {"notes": notes, "level": level}
    joined = [pd.concat(each, ignore_index=True) for each in (largest, counts)]
    return TailStatistics(table, *joined)


class _Tail(NamedTuple):
    """Rows with a value, their contents, positions of the tail, what is known of it."""

    rows: NDArray[np.intp]
    contents: NDArray[np.float64]
    top: NDArray[np.intp]
    row: dict[str, object]
    reached: int


def _tail(samples: pd.DataFrame, name: str, k: int | None, level: float) -> _Tail:
    column = samples[name]
    if not pd.api.types.is_numeric_dtype(column):
        raise ValueError(
            f"column {name!r} holds text: read the table with survey.read_samples, "
            "which turns cells such as '<0.5' into numbers with flags."
        )
    everything = column.to_numpy(dtype=float, na_value=np.nan)
    imputed = flag(samples, f"{name}_imputed")
    censored = flag(samples, f"{name}_censored") & ~imputed
    # below detection is small whatever the limit; a limit untold is no value
    contents = np.where(censored, 0.0, everything)
    rows = np.flatnonzero(np.isfinite(contents))
    values = contents[rows]
    n = len(rows)
    size = k if k is not None else min(max(int(np.ceil(0.05 * n)), 10), n // 4)
    if not 2 <= size < n:
        raise ValueError(
            f"k={size} of {n} values of {name!r}: a tail needs 2 samples at least and "
            "must leave a rest."
        )
    order = np.argsort(-values, kind="stable")
    top, border = order[:size], float(values[order[size]])
    if border <= 0:
        raise ValueError(
            f"the tail of {name!r} reaches values below detection or zero: k={size}, "
            f"but only {int((values > 0).sum())} contents are positive. Take a smaller "
            "k."
        )
    logs = np.log(values[top] / border)
    index = size / logs.sum() if logs.sum() > 0 else np.inf
    low, high = chi2.ppf([(1 - level) / 2, (1 + level) / 2], 2 * size) / (2 * size)
    limits = everything[censored]
    return _Tail(
        rows,
        values,
        top,
        {
            "n": n,
            "n_missing": len(samples) - n,
            "n_censored": int(censored.sum()),
            "n_imputed": int(imputed.sum()),
            "k": size,
            "tail_from": float(values[order[size - 1]]),
            "largest": float(values[order[0]]),
            "tail_index": index,
            "tail_low": index * low,
            "tail_high": index * high,
            "tied": bool(values[order[size - 1]] == border),
        },
        int((limits > values[order[size - 1]]).sum()),
    )


def _largest(samples: pd.DataFrame, name: str, tail: _Tail) -> pd.DataFrame:
    rows = tail.rows[tail.top]
    out = pd.DataFrame(
        {
            "analyte": name,
            "rank": np.arange(1, len(rows) + 1),
            "content": tail.contents[tail.top],
            "row": samples.index[rows],
        }
    )
    if "sample_id" in samples:
        out["sample_id"] = samples["sample_id"].to_numpy()[rows]
    return out


def _counts(
    name: str, values: NDArray[np.float64], limits: Sequence[float] | None
) -> pd.DataFrame:
    if limits is None:
        limits = np.unique(np.quantile(values, [0.9, 0.95, 0.98, 0.99]))
    above = [int((values > limit).sum()) for limit in limits]
    shares = [count / len(values) for count in above]
    columns = {"analyte": name, "threshold": list(limits)}
    return pd.DataFrame(columns | {"n_above": above, "share_above": shares})


def _places(samples: pd.DataFrame) -> NDArray[np.float64] | None:
    geometry = getattr(samples, "geometry", None)
    if geometry is None:
        return None
    if getattr(samples, "crs", None) is not None:
        check_projected(samples, what="spacing of the tail")
    return np.column_stack([geometry.x, geometry.y])


def _spacing(
    places: NDArray[np.float64], tail: _Tail, n: int, random: RandomState
) -> dict[str, float]:
    """Mean distance to the nearest neighbour within the tail, against random tails."""
    here, size = places[tail.rows], len(tail.top)
    seen = _nearest(here[tail.top])
    drawn = [_nearest(here[random.permutation(len(here))[:size]]) for _ in range(n)]
    usual = float(np.mean(drawn))
    return {
        "spacing_m": seen,
        "spacing_ratio": seen / usual if usual > 0 else np.nan,
        "spacing_p": (1 + int(np.sum(np.asarray(drawn) <= seen))) / (n + 1),
    }


def _nearest(points: NDArray[np.float64]) -> float:
    return float(cKDTree(points).query(points, k=2)[0][:, 1].mean())
