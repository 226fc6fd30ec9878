"""Columns to impute as matrices of logarithms, checked; and back into the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem

from ..._note import Note
from ..composition._parts import WHOLE, bad_parts, chosen_columns, find_parts, row_name
from ._limits import Cells, read_cells

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

_EM = {"tolerance": 1e-4, "max_iterations": 500, "robust": False, "reproduce": None}
_REST = {"rest": None}
OPTIONS: dict[str, dict[str, Any]] = {
    "mult_repl": {"fraction": 0.65},
    "mult_lognormal": {},
    "lr_em": _EM | _REST,
    "lr_da": {"burn_in": 200, "draws": 200} | _REST,
    "many": {"burn_in": 200, "apart": 20} | _REST,
}
_MOSTLY = 0.5  # share that the parts must leave if the rest is to be one of its own
LOG_RATIO = ("lr_em", "lr_da", "many")


class Options(NamedTuple):
    """How to impute: method, its options, what of missing values and full columns."""

    method: str
    settings: dict[str, Any]
    missing: str
    highest: float


class CensoredCells(NamedTuple):
    """
    Columns as matrices, a row a sample.

    `logs` of detected values (NaN otherwise), `limits` of censored ones (logarithms,
    NaN elsewhere), both in one unit; `factors` that brought each column there; `rest`
    the logarithm of what the parts leave of each sample, if it is one of the parts;
    `used` rows that log-ratio methods can learn from.
    """

    columns: list[Cells]
    logs: NDArray[np.float64]
    limits: NDArray[np.float64]
    factors: NDArray[np.float64]
    rest: NDArray[np.float64] | None
    used: NDArray[np.bool_]

    @property
    def learned(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Logarithms and limits of the used rows, the rest as last column."""
        logs = self.logs if self.rest is None else np.c_[self.logs, self.rest]
        bounds = np.full(logs.shape, np.inf)
        hidden = np.isfinite(self.limits)
        bounds[:, : hidden.shape[1]][hidden] = self.limits[hidden]
        return logs[self.used], bounds[self.used]

    @property
    def names(self) -> list[str]:
        """Names of the columns."""
        return [cells.column for cells in self.columns]


def settle_options(
    method: str, options: Mapping[str, Any], *, missing: str, highest: float
) -> Options:
    """Check the options of a method and fill in what was left out."""
    methods = [name for name in OPTIONS if name != "many"]
    if method not in OPTIONS:
        raise ValueError(f"method must be one of {methods}; got {method!r}")
    known = {"total": None} | OPTIONS[method]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise ValueError(f"{method} has no option {unknown}; it has {sorted(known)}")
    if missing not in {"keep", "impute"}:
        raise ValueError(f"missing must be 'keep' or 'impute'; got {missing!r}")
    if missing == "impute" and method not in LOG_RATIO:
        raise ValueError(f"{method} cannot impute missing values: use method='lr_em'")
    values = known | dict(options)
    if values.get("reproduce") not in (None, "zCompositions"):
        raise ValueError(f"reproduce={values['reproduce']!r}: only 'zCompositions'")
    fraction = values.get("fraction", 0.5)
    if not (0 < fraction < 1 and 0 < highest <= 1):
        raise ValueError(
            f"fraction ({fraction}) and max_censored ({highest}) are shares of one"
        )
    for name in ("tolerance", "max_iterations", "burn_in", "draws", "apart", "total"):
        if values.get(name) is not None and not values[name] > 0:
            raise ValueError(f"{name}={values[name]}: a positive number")
    return Options(method, values, missing, highest)


def gather(
    samples: pd.DataFrame,
    columns: Iterable[str] | None,
    limits: Mapping[str, Any] | None,
    options: Options,
) -> CensoredCells:
    """Values and limits of the columns, or all that is wrong with them."""
    names = chosen_columns(samples, columns, what="analytes")
    unknown = sorted(set(limits or ()) - set(names))
    if unknown:
        raise ValueError(f"limits for {unknown}, which are not among {names}")
    factors, whole = np.ones(len(names)), None
    if options.method in LOG_RATIO or options.settings["total"] is not None:
        parts = find_parts(names, samples.attrs.get("units", {}))
        factors, whole = np.exp(parts.shifts), WHOLE.get(parts.unit)
    cells = [read_cells(samples, name, limits) for name in names]
    problems = [problem for each in cells for problem in each.problems]
    found = (each.numbers for each in cells)
    problems += bad_parts(found, names, samples.index, missing=False)
    problems += [*_empty(cells), *_too_full(cells, options.highest)]
    if problems:
        raise DataProblems(problems)
    logs = np.log(np.column_stack([each.numbers for each in cells]) * factors)
    below = np.log(np.column_stack([each.limits for each in cells]) * factors)
    rest = _rest(logs, whole, options)
    told = logs if rest is None else np.fmax(logs, below)
    used = ~np.isnan(told).all(axis=1)
    if options.method in LOG_RATIO and used.sum() <= len(names):
        raise ValueError(
            f"{int(used.sum())} samples have detected values: log-ratios of "
            f"{len(names)} parts need more samples than parts. Choose fewer columns, "
            "or method='mult_repl'"
        )
    if options.settings["total"] is not None:
        _check_closed(samples.index, logs, options.settings["total"])
    return CensoredCells(cells, logs, below, factors, rest, used)


def _rest(
    logs: NDArray[np.float64], whole: float | None, options: Options
) -> NDArray[np.float64] | None:
    """
    Logarithm of what the parts leave of a sample, where it counts as a part.

    With it contents matter and not their ratios alone: a sample need not have more of
    one trace element because it has more of all others.
    """
    wanted = options.settings.get("rest", False)
    closed = options.settings["total"] is not None or options.settings.get("reproduce")
    if wanted is False or (wanted is None and (closed or whole is None)):
        return None
    if whole is None:
        raise ValueError("rest=True needs units: name columns by symbol and unit")
    left = 1 - np.nansum(np.exp(logs), axis=1) / whole
    if wanted is None and left.min() < _MOSTLY:
        return None
    if left.min() <= 0:
        first = int(np.argmin(left))
        raise ValueError(
            f"rest=True: the parts of row {first} sum to {1 - left[first]:.1%} of the "
            "sample and leave nothing"
        )
    return np.log(left * whole)


def _empty(cells: Sequence[Cells]) -> list[Problem]:
    """Columns without any value, detected or not."""
    what, remedy = Note("impute_no_values"), Note("impute_no_values_remedy")
    bare = (each.column for each in cells if each.missing.all())
    return [Problem(what, remedy, column=column) for column in bare]


def _too_full(cells: Sequence[Cells], highest: float) -> list[Problem]:
    problems = []
    for each in cells:
        hidden, there = int(each.censored.sum()), int((~each.missing).sum())
        if hidden and hidden > highest * there:
            what = Note("impute_too_full", n=hidden, total=there, highest=highest)
            remedy = Note("impute_too_full_remedy")
            problems.append(Problem(what, remedy, column=each.column))
    return problems


def _check_closed(index: pd.Index, logs: NDArray, total: float) -> None:
    sums = np.nansum(np.exp(logs), axis=1)
    off = np.abs(sums / total - 1) > 1e-2
    if off.any():
        first = int(np.argmax(off))
        what = Note("impute_not_closed", n=int(off.sum()), rows=len(sums), total=total)
        remedy = Note("impute_not_closed_remedy")
        row, value = row_name(index[first]), f"{sums[first]:g}"
        raise DataProblems([Problem(what, remedy, row=row, value=value)])


def write_back(
    samples: pd.DataFrame,
    cells: CensoredCells,
    options: Options,
    logs: NDArray[np.float64],
    said: tuple[dict[str, Any], list[Note]],
) -> pd.DataFrame:
    """Table with the imputed values, flags and limits; counts and notes in attrs."""
    hidden = np.column_stack([each.censored for each in cells.columns])
    gone = np.column_stack([each.missing for each in cells.columns])
    new = hidden | (gone & np.isfinite(logs) if options.missing == "impute" else False)
    values = np.where(new, np.exp(logs), np.exp(cells.logs))
    if options.settings["total"] is not None:
        values = _closed(values, new, options)
    values /= cells.factors
    put: dict[str, Any] = {}
    for number, each in enumerate(cells.columns):
        flags = new[:, number]
        fixed = values[:, number]
        if options.settings["total"] is None:
            fixed = np.where(flags, fixed, each.numbers)
        # rounding must not lift a value to its limit
        below = np.nextafter(each.limits, 0)
        put[each.column] = np.where(each.censored, np.fmin(fixed, below), fixed)
        if flags.any():
            put[f"{each.column}_imputed"] = flags
        if each.censored.any():
            put[f"{each.column}_detection_limit"] = _limits_of(samples, each)
    made = _with_columns(samples, put)
    made.attrs = dict(samples.attrs) | _account(samples, cells, options, new, said)
    return made


def _with_columns(samples: pd.DataFrame, put: dict[str, Any]) -> pd.DataFrame:
    """Columns set, new ones all at once: one by one they would fragment wide tables."""
    made = samples.assign(**{name: put[name] for name in put if name in samples})
    new = {name: put[name] for name in put if name not in samples}
    return pd.concat([made, pd.DataFrame(new, index=samples.index)], axis=1)


def _limits_of(samples: pd.DataFrame, cells: Cells) -> NDArray[np.float64]:
    """Limits that are known: those used, and those the table had for other cells."""
    name = f"{cells.column}_detection_limit"
    if name not in samples:
        return cells.limits
    had = samples[name].to_numpy(float, na_value=np.nan)
    return np.where(cells.censored, cells.limits, had)


def _closed(
    values: NDArray[np.float64], new: NDArray[np.bool_], options: Options
) -> NDArray[np.float64]:
    total = options.settings["total"]
    if options.method == "mult_repl":
        added = np.where(new, values, 0).sum(axis=1, keepdims=True)
        seen = np.nansum(np.where(new, 0, values), axis=1, keepdims=True)
        return np.where(new, values, values * (total - added) / seen)
    return values * total / np.nansum(values, axis=1, keepdims=True)


def _account(
    samples: pd.DataFrame,
    cells: CensoredCells,
    options: Options,
    new: NDArray[np.bool_],
    said: tuple[dict[str, Any], list[Note]],
) -> dict[str, Any]:
    facts, notes = said
    there = [int((~each.missing).sum()) for each in cells.columns]
    counts = dict(zip(cells.names, new.sum(axis=0).tolist(), strict=True))
    shares = {
        name: counts[name] / max(1, number)
        for name, number in zip(cells.names, there, strict=True)
    }
    kept = {
        each.column: int(each.missing.sum())
        for each in cells.columns
        if options.missing == "keep" and each.missing.any()
    }
    words = [note for each in cells.columns for note in each.notes]
    if any(counts.values()):
        method = "lr_da" if options.method == "many" else options.method
        total = sum(counts.values())
        words.append(
            Note("impute_done", n=total, share=total / sum(there), method=method)
        )
    if kept:
        number = sum(kept.values())
        words.append(Note("impute_missing_kept", n=number, columns=list(kept)))
    record = {"method": options.method, **options.settings, **facts}
    record |= {"imputed": counts, "missing": kept}
    units = samples.attrs.get("units", {})
    limits = {
        f"{each.column}_detection_limit": units[each.column]
        for each in cells.columns
        if each.censored.any() and each.column in units
    }
    return {
        "imputation": record,
        "imputed_share": {**samples.attrs.get("imputed_share", {}), **shares},
        "notes": [*samples.attrs.get("notes", ()), *words, *notes],
        "units": units | limits,
    }
