"""One analyte of a table of samples, as it enters a statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

TREATMENTS = ("limit", "drop", "imputed")
TRANSFORMS = ("log10", None)
MOST_LISTED = 100


class Contents(NamedTuple):
    """
    Values of one analyte, one a sample.

    Parameters
    ----------
    column, unit : str
        Name, and unit ("" where the table tells none).
    value : array of float, shape (n_samples,)
        NaN where the value is not used: missing, left out, below an untold limit.
    censored, imputed, no_limit, over_range, missing : array of bool, shape (n_samples,)
        Below detection (whatever was done with it); imputed; below detection without a
        limit; above the range of the method; not analysed.
    """

    column: str
    unit: str
    value: NDArray[np.float64]
    censored: NDArray[np.bool_]
    imputed: NDArray[np.bool_]
    no_limit: NDArray[np.bool_]
    over_range: NDArray[np.bool_]
    missing: NDArray[np.bool_]

    @property
    def used(self) -> NDArray[np.bool_]:
        """Samples whose value enters."""
        return np.isfinite(self.value)

    @property
    def at_limit(self) -> NDArray[np.bool_]:
        """Samples that enter with their detection limit."""
        return self.used & self.censored & ~self.imputed

    def take(self, rows: NDArray[np.bool_]) -> Contents:
        """Return the values of some samples."""
        return Contents(*self[:2], *(part[rows] for part in self[2:]))


def read_contents(
    samples: pd.DataFrame,
    column: str,
    *,
    censored: str = "limit",
    transform: str | None = None,
) -> Contents:
    """
    Values of an analyte with its flags; what cannot enter is refused, with its row.

    Parameters
    ----------
    samples : DataFrame
        Samples with `column` and, where known, its companions ``_censored``,
        ``_detection_limit``, ``_imputed``, ``_over_range``.
    column : str
        The analyte.
    censored : {"limit", "drop", "imputed"}
        What happens to values below detection: enter with their limit (with the imputed
        value where there is one), are left out, or must all be imputed.
    transform : {"log10", None}
        Contents of 0 or less are refused where their logarithm is to be taken.
    """
    check_choice("censored", censored, TREATMENTS)
    check_choice("transform", transform, TRANSFORMS)
    check_columns(samples, column)
    value = _numbers(samples, column)
    below, imputed, over = (
        _flags(samples, f"{column}_{ending}")
        for ending in ("censored", "imputed", "over_range")
    )
    imputed &= below
    limit = f"{column}_detection_limit"
    if limit in samples:
        untold = below & ~imputed & np.isnan(value)
        value[untold] = _numbers(samples, limit)[untold]
    no_limit, missing = below & np.isnan(value), ~below & np.isnan(value)
    if censored == "imputed" and (below & ~imputed).any():
        raise ValueError(
            f"{column}: {int((below & ~imputed).sum())} of {int(below.sum())} values "
            "below detection are not imputed. Impute them first (impute_censored), or "
            "state censored='limit' or 'drop'."
        )
    if censored == "drop":
        value[below] = np.nan
    if transform == "log10":
        _check_positive(samples, column, value, below)
    unit = str(samples.attrs.get("units", {}).get(column, unit_of(column)))
    return Contents(column, unit, value, below, imputed, no_limit, over, missing)


def forward(value: ArrayLike, transform: str | None) -> NDArray[np.float64]:
    """Values in the space of the statistics."""
    value = np.asarray(value, dtype=float)
    return np.log10(value) if transform == "log10" else value


def backward(value: ArrayLike, transform: str | None) -> NDArray[np.float64]:
    """Values in their own unit."""
    value = np.asarray(value, dtype=float)
    return 10.0**value if transform == "log10" else value


def fit_mask(
    samples: pd.DataFrame, fit_on: ArrayLike | str | None
) -> NDArray[np.bool_]:
    """Samples a threshold may be fitted on: all, or those of a mask or a column."""
    if fit_on is None:
        return np.ones(len(samples), dtype=bool)
    if isinstance(fit_on, str):
        check_columns(samples, fit_on)
        fit_on = samples[fit_on]
    if isinstance(fit_on, pd.Series) and not fit_on.index.equals(samples.index):
        raise ValueError("fit_on has another index than the samples: reindex it first.")
    mask = np.asarray(fit_on)
    if mask.dtype != bool or mask.shape != (len(samples),):
        raise ValueError(
            f"fit_on must hold True or False for each of the {len(samples)} samples; "
            f"got {mask.dtype} of shape {mask.shape}."
        )
    if not mask.any():
        raise ValueError("fit_on is False for every sample: nothing is left to fit.")
    return mask


def check_choice(name: str, value: object, allowed: tuple) -> None:
    """Raise unless an option is one of those allowed."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {allowed}; got {value!r}.")


def unit_of(column: str) -> str:
    """Unit a column's name ends in, "" where it ends in none."""
    ending = column.rpartition("_")[2]
    return ending if ending in {"ppm", "ppb", "ppt", "pct"} else ""


def rows_told(samples: pd.DataFrame, at: NDArray[np.intp]) -> list[str]:
    """Ids of samples, or row numbers counted from 1 where there is no id."""
    if "sample_id" in samples:
        return [str(name) for name in samples["sample_id"].iloc[at]]
    return [str(i + 1) for i in at]


def ranges_told(at: NDArray[np.intp]) -> str:
    """
    Row numbers counted from 1, runs joined.

    Examples
    --------
    >>> ranges_told(np.array([0, 1, 2, 6]))
    '1-3, 7'
    """
    runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1)
    return ", ".join(
        f"{run[0] + 1}" if len(run) == 1 else f"{run[0] + 1}-{run[-1] + 1}"
        for run in runs
    )


def _numbers(samples: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Column as numbers; text and infinity are refused."""
    found = samples[column]
    if isinstance(found, pd.DataFrame):
        raise ValueError(f"column {column!r} stands twice: rename one.")  # noqa: TRY004
    if pd.api.types.is_bool_dtype(found) or not pd.api.types.is_numeric_dtype(found):
        raise TypeError(
            f"column {column!r} holds {found.dtype}, not numbers: read the table with "
            "survey.read_samples, which takes '<0.5' apart into value and flag."
        )
    value = found.to_numpy(dtype=float, na_value=np.nan).copy()
    infinite = np.flatnonzero(np.isinf(value))
    if len(infinite):
        what, remedy = "an infinite content", "write a number, or leave the cell empty"
        raise DataProblems(_each(samples, column, infinite, value, what, remedy))
    return value


def _flags(samples: pd.DataFrame, column: str) -> NDArray[np.bool_]:
    """Companion column of flags, False where there is none."""
    if column not in samples:
        return np.zeros(len(samples), dtype=bool)
    found = samples[column]
    numeric = pd.api.types.is_numeric_dtype(found)
    if not (pd.api.types.is_bool_dtype(found) or numeric or found.isna().all()):
        kinds = {type(v) for v in found.dropna().unique()}
        if kinds - {bool, np.bool_}:
            raise TypeError(
                f"column {column!r} must hold True or False; it holds {found.dtype}."
            )
    return found.astype("boolean").fillna(False).to_numpy(dtype=bool).copy()


def _check_positive(
    samples: pd.DataFrame,
    column: str,
    value: NDArray[np.float64],
    below: NDArray[np.bool_],
) -> None:
    bad = np.flatnonzero(value <= 0)
    if not len(bad):
        return
    what = "a content of 0 or less has no logarithm"
    if below[bad].all():
        what = "a detection limit of 0 or less has no logarithm"
    remedy = (
        f"mark it as below detection ({column}_censored, the limit as its value), "
        "leave the cell empty, or state transform=None"
    )
    raise DataProblems(_each(samples, column, bad, value, what, remedy))


def _each(
    samples: pd.DataFrame,
    column: str,
    at: NDArray[np.intp],
    value: NDArray[np.float64],
    what: str,
    remedy: str,
) -> list[Problem]:
    """One problem a row; one for all rows where they are many."""
    if len(at) > MOST_LISTED:
        text = f"{len(at)} times: {what}"
        return [Problem(text, remedy, row=ranges_told(at), column=column)]
    return [
        Problem(what, remedy, row=row, column=column, value=f"{value[i]:g}")
        for row, i in zip(rows_told(samples, at), at, strict=True)
    ]
