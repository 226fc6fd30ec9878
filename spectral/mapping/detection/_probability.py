"""Scores as probabilities of a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import expit, ndtr, ndtri

from ._null import check_unsquared, core_of, law_of
from ._order import fold_scores, targets_in

if TYPE_CHECKING:
    from collections.abc import Callable

EDGES = np.concatenate([np.arange(-6, 12.05, 0.1), [14, 18, 25, 50, 100, np.inf]])
CORE = 0.67  # upper quartile: scores below are taken for background
START, STOP = np.searchsorted(
    EDGES, [-2.05, 0.75]
)  # where targets are too rare to tell
BODY, ENOUGH = slice(START, STOP), 2000
LEAST = 5  # marked pixels of either kind


def detection_probability(
    score: xr.DataArray,
    *,
    marked: xr.DataArray | None = None,
    prior: float | None = None,
) -> xr.DataArray:
    """
    Probability that a pixel holds the target, given its score.

    Without marked pixels: one less the local false discovery rate, how much of the
    map's scores at that height background explains, which is normal or follows the law
    that the score says (rx, ace, amsd). With them: logistic regression of the marks on
    the score. Statistics of the whole map are computed here, block by block; the
    probabilities are lazy where the score is.

    Parameters
    ----------
    score : DataArray
        Scores, higher being more like the target; with or without the dimension
        "target", each target for itself.
    marked : DataArray, optional
        On the score's pixels: 1 where the target was seen, 0 where it was seen to be
        absent, NaN elsewhere. For the score of one target.
    prior : float, optional
        With `marked`: share of the map's pixels that hold the target, if it differs
        from the share among the marked ones, which field work seldom meets.

    Returns
    -------
    DataArray
        Probability, 0 to 1, rising with the score, float32; NaN where the score is.
        Attrs say the method and what it assumes.

    Raises
    ------
    ValueError
        If scores have no spread, marks are not 0, 1 or NaN, too few, not on the score's
        pixels, or mark low scores as targets; without marks, if scores are squares
        that say no law (glrt, windowed rx).

    Notes
    -----
    Without marks "target" means only "more such scores than normal background has": a
    mineral with a like spectrum counts too, and a map full of targets passes for
    background.

    References
    ----------
    Efron, B. (2004). Large-scale simultaneous hypothesis testing: the choice of a null
    hypothesis. Journal of the American Statistical Association 99, 96-104.
    Platt, J. (1999). Probabilistic outputs for support vector machines and comparisons
    to regularized likelihood methods. Advances in Large Margin Classifiers, 61-74.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> score = xr.DataArray(rng.standard_normal((100, 100)), dims=("y", "x"))
    >>> score[0] = 5.0
    >>> found = detection_probability(score)
    >>> print(found.values[0, 0].round(2), found.values[50].max().round(1))
    1.0 0.0
    """
    names = targets_in(score)
    if marked is None:
        if prior is not None:
            raise ValueError("a prior is of use with marked pixels only: leave it out.")
        return _from_map(score, names)
    if len(names) > 1:
        raise ValueError(
            f"marks are of one target, the scores of {len(names)}. Choose one: "
            "score.sel(target=...)"
        )
    return _from_marks(score, marked, prior)


def _from_map(score: xr.DataArray, names: list[str]) -> xr.DataArray:
    assumption = "background scores are normal in their middle half and beyond"
    if "background_law" in score.attrs:
        law, title = law_of(score)
        assumption = f"background scores follow {title}, or nearly so"
        score = _applied(
            score, lambda block: _deviates(law.sf(block.astype("float64")))
        )
    check_unsquared(score, "Mark pixels, or use scores of matched_filter.")
    core = core_of(score, names)

    def count(flat: np.ndarray) -> np.ndarray:
        steps = (flat - core.middle[:, None]) / core.spread[:, None]
        return np.array(
            [np.histogram(row[np.isfinite(row)], EDGES)[0] for row in steps]
        )

    tables = np.sum(fold_scores(score, count), axis=0)
    curves = [
        _curve(counts, int(total))
        for counts, total in zip(tables, core.counts, strict=True)
    ]

    def look_up(values: np.ndarray) -> np.ndarray:
        found = np.empty(values.shape, "float32")
        for i in np.ndindex(values.shape[:1]):
            steps = (values[i] - core.middle[i]) / core.spread[i]
            found[i] = np.interp(steps, MIDDLES, curves[i[0]][0])
        return np.where(np.isnan(values), np.float32(np.nan), found)

    shares = [curve[1] for curve in curves]
    return _applied(score, look_up).assign_attrs(
        method="local false discovery rate",
        assumption=assumption,
        background_share=shares,
    )


def _deviates(chance: np.ndarray) -> np.ndarray:
    """Normal deviates that are exceeded with these chances."""
    return np.clip(-ndtri(chance), -EDGES[-2], EDGES[-2])


MIDDLES = np.concatenate([(EDGES[:-2] + EDGES[1:-1]) / 2, [EDGES[-2] * 1.01]])


def _curve(counts: np.ndarray, total: int) -> tuple[np.ndarray, float]:
    """Probability of a target in each bin of scores, and the share of background."""
    from sklearn.isotonic import isotonic_regression

    middle, spread = _background_core(counts)
    masses = np.diff(ndtr((EDGES - middle) / spread))
    share = min(1.0, counts[BODY].sum() / (total * masses[BODY].sum()))
    expected = share * total * masses
    filled = counts > 0
    ratio = np.where(filled, expected / np.maximum(counts, 1), 1)
    local = np.where(MIDDLES < CORE, 0.0, np.clip(1 - ratio, 0, 1))
    local[filled] = isotonic_regression(local[filled], sample_weight=counts[filled])
    # lone high scores: no surer than their number beside what is expected from there up
    above = np.cumsum(counts[::-1])[::-1]
    ratio = np.cumsum(expected[::-1])[::-1] / np.maximum(above, 1)
    local = np.minimum(local, np.clip(1 - ratio, 0, 1))
    rising = np.maximum.accumulate(local[filled])
    return np.interp(MIDDLES, MIDDLES[filled], rising), float(share)


def _background_core(counts: np.ndarray) -> tuple[float, float]:
    """
    Middle and spread of the normal law that the body of the scores was cut from.

    By maximum likelihood on scores from low to a little above the median: targets lie
    above, and widen quartiles.
    """
    from scipy.optimize import minimize

    body = counts[BODY]
    if body.sum() < ENOUGH:
        return 0.0, 1.0

    def misfit(law: np.ndarray) -> float:
        masses = np.diff(ndtr((EDGES[START : STOP + 1] - law[0]) / np.exp(law[1])))
        shares = np.maximum(masses / max(masses.sum(), 1e-300), 1e-300)
        return -float(body @ np.log(shares)) / body.sum()

    found = minimize(misfit, [0.0, 0.0], method="Nelder-Mead", tol=1e-8).x
    return float(found[0]), float(np.exp(found[1]))


def _from_marks(
    score: xr.DataArray, marked: xr.DataArray, prior: float | None
) -> xr.DataArray:
    from sklearn.linear_model import LogisticRegression

    values, marks = _marked_scores(score, marked)
    number = np.bincount(marks.astype(int), minlength=2)
    if number.min() < LEAST:
        raise ValueError(
            f"{number[1]} pixels with a score are marked as target and {number[0]} as "
            f"none: {LEAST} of either are needed."
        )
    middle, spread = values.mean(), values.std() or 1.0
    # Platt's targets: a pixel of either kind more, so that full separation ends
    soft = (number[1] + 1) / (number[1] + 2), 1 / (number[0] + 2)
    share = np.where(marks == 1, *soft)
    table = np.tile((values - middle) / spread, 2)[:, None]
    label = np.repeat([1, 0], values.size)
    weight = np.concatenate([share, 1 - share])
    fit = LogisticRegression(C=1e6, max_iter=1000).fit(table, label, weight)
    slope = float(fit.coef_[0, 0]) / spread
    if slope <= 0:
        raise ValueError(
            "pixels marked as target score lower than the others: look at marks and "
            "score, one of them is of something else."
        )
    offset = float(fit.intercept_[0]) - slope * middle
    if prior is not None:
        if not 0 < prior < 1:
            raise ValueError(f"prior must be above 0, below 1. Got {prior}.")
        offset += np.log(prior / (1 - prior)) - np.log(number[1] / number[0])

    return _applied(
        score, lambda block: expit(slope * block.astype("float64") + offset)
    ).assign_attrs(
        method="logistic regression on marked pixels",
        assumption="marked pixels are like the rest of the map"
        + ("" if prior is None else ", but for the share of targets"),
        slope=slope,
        offset=float(offset),
        marked=number[::-1].tolist(),
        prior=prior if prior is not None else float(number[1] / number.sum()),
    )


def _marked_scores(
    score: xr.DataArray, marked: xr.DataArray
) -> tuple[np.ndarray, np.ndarray]:
    if "target" in score.dims:
        score = score.isel(target=0, drop=True)
    try:
        score, marked = xr.align(score, marked, join="exact", copy=False)
    except ValueError as error:
        raise ValueError(
            f"marks {dict(marked.sizes)} are not on the score's pixels "
            f"{dict(score.sizes)}: bring them there first."
        ) from error
    marks = marked.transpose(*score.dims).values.astype(float)
    odd = np.unique(marks[~np.isnan(marks) & (marks != 0) & (marks != 1)])
    if odd.size:
        raise ValueError(
            f"marks are 1, 0 or NaN. Got {odd[:5].tolist()} too: give 1 to the target "
            "and 0 to where it is absent."
        )
    values = score.where(~np.isnan(marks)).values.astype(float)
    known = ~np.isnan(marks) & np.isfinite(values)
    return values[known], marks[known]


def _applied(
    score: xr.DataArray, function: Callable[[np.ndarray], np.ndarray]
) -> xr.DataArray:
    """Function of (n_targets, ...) over the scores, targets in one block."""
    wide = score if "target" in score.dims else score.expand_dims("target")
    wide = wide.transpose("target", ...)
    if wide.chunks is not None:
        wide = wide.chunk({"target": -1})
    found = xr.apply_ufunc(
        lambda values: function(values).astype("float32"),
        wide,
        dask="parallelized",
        output_dtypes=["float32"],
        keep_attrs=False,
    )
    if "target" not in score.dims:
        found = found.isel(target=0, drop=True)
    return (
        found.transpose(*score.dims)
        .rename("probability")
        .assign_attrs(long_name="probability of a target", units="1", kind="continuous")
    )
