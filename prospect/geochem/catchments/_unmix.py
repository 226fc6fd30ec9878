"""Sources of nested stream samples: what the own area of each must shed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns

from ..._note import Note
from ._mixing import Observed, mix, ratio_misfit, resolution, solve
from ._tree import tree_of

if TYPE_CHECKING:
    from ._tree import Tree

SMOOTHINGS = tuple(float(10**p) for p in np.arange(-4, 1.01, 0.5))
FOLDS = 5
QUANTILES = (0.05, 0.95)


class Unmixing(NamedTuple):
    """
    Result of `unmix_catchments`.

    Attributes
    ----------
    samples : DataFrame
        A row a row of `catchments`; columns see `unmix_catchments`.
    smoothing : float
        Weight of the departure from the reference that was used.
    curve : DataFrame
        A row a smoothing tried: `smoothing`, `misfit`, `departure` (both as in the
        objective) and `error`: root mean square of ln(predicted/observed) at samples
        left out, NaN without cross-validation.
    notes : list of str
        What was bounded, missing or left out, with counts.
    """

    samples: pd.DataFrame
    smoothing: float
    curve: pd.DataFrame
    notes: list[str]


def unmix_catchments(
    samples: pd.DataFrame,
    catchments: pd.DataFrame,
    column: str,
    *,
    smoothing: float | str = "cross_validation",
    reference: float | None = None,
    error: float = 0.1,
    n_draws: int = 100,
    random_state: int | np.random.Generator | None = None,
) -> Unmixing:
    r"""
    Contents of the own areas of nested catchments, from the samples below them.

    Parameters
    ----------
    samples : DataFrame
        Samples with `sample_id` and the analyte.
    catchments : DataFrame
        The whole table of `delineate_catchments`.
    column : str
        Analyte. Censored values are upper bounds, over-range values lower bounds:
        they count as misfit only when the prediction lies beyond. Imputed values
        count as measured.
    smoothing : float, "cross_validation" or "l_curve"
        Weight λ of the departure from the reference, or how to choose it between
        0.0001 and 10: by the error at samples left out in five parts, or at the corner
        of the curve of departure against misfit.
    reference : float, optional
        Content the sources are drawn to; the geometric mean of the measured values if
        left out.
    error : float, default 0.1
        Relative standard deviation of sampling and analysis together.
    n_draws : int, default 100
        Draws of the measured values for the uncertainty; 0 for none.
    random_state : int or Generator, optional
        Seed of folds and draws.

    Returns
    -------
    Unmixing
        ``samples`` holds `sample_id`, `observed`, `predicted` with `predicted_low` and
        `predicted_high`, `log_misfit` (ln predicted/observed), `source` (content of
        the own area) with `source_low` and `source_high`, and `resolution`. Low and
        high are the 5 and 95 % quantiles over the draws: the spread that errors of
        measurement make, not that of the reference. Resolution is 1 where the source
        rests on the data and 0 where on the reference: read them together. Samples of
        one outlet share its source. NaN without a catchment.

    Raises
    ------
    ValueError
        If an option is unknown or out of range, or nothing is measured.
    DataProblems
        Listing values of zero or below, samples that have no catchment row, and
        catchments whose sample downstream is not in the table.
    RuntimeError
        If the optimisation does not converge.

    Notes
    -----
    A sample is taken as the mean of its catchment weighted by area, that is, erosion
    is even and the analyte travels with the grains. With sources :math:`c`,

    .. math::
        \min_c \sum_k g(\hat y_k / y_k) + \lambda \sum_i g(c_i / c_0), \quad
        \hat y_k = \sum_{i \uparrow k} a_i c_i / \sum_{i \uparrow k} a_i, \quad
        g(x) = \tfrac12 (x + 1/x) - 1

    The relative misfit is that of Barnes and Lipp (2024), who take g(x) = max(x, 1/x);
    ours is its smooth counterpart (a parabola of ln x near 1, the same growth far from
    it). It is convex in c, so there is one minimum; Newton's method finds it in the
    fluxes through the outlets, where its matrix is as sparse as the tree.

    References
    ----------
    Lipp, A. G., de Caritat, P. and Roberts, G. G. (2023). Geochemical mapping by
    unmixing alluvial sediments: an example from northern Australia. Journal of
    Geochemical Exploration.

    Barnes, R. and Lipp, A. G. (2024). Using convex optimization to efficiently
    apportion tracer and pollutant sources from point concentration observations. Water
    Resources Research 60, e2023WR036159.

    Examples
    --------
    Below a clean half and a rich half of 1 km² each the river carries their mean:

    >>> samples = pd.DataFrame({"sample_id": ["up", "down"], "Cu_ppm": [20.0, 60.0]})
    >>> tree = {"area_km2": [1.0, 2.0], "own_area_km2": [1.0, 1.0]}
    >>> tree |= {"downstream_id": ["down", None], "outlet_cell": [3, 8]}
    >>> catchments = samples[["sample_id"]].assign(**tree)
    >>> found = unmix_catchments(samples, catchments, "Cu_ppm", smoothing=1e-6)
    >>> found.samples[["sample_id", "observed", "source"]].round(1)
      sample_id  observed  source
    0        up      20.0    20.0
    1      down      60.0   100.0
    """
    _check(smoothing, reference, error, n_draws)
    check_columns(samples, ["sample_id", column], where="samples")
    tree = tree_of(catchments)
    notes: list[str] = []
    table = _joined(samples, catchments, column)
    observed, rows = _observed(table, tree, column, notes)
    measured = observed.log[observed.kind == 0]
    if reference is None and not measured.size:
        raise ValueError(
            f"column {column!r} holds no measured value at an outlet: state reference="
        )
    prior = float(reference or np.exp(measured.mean()))
    random = np.random.default_rng(random_state)
    weight, curve = _choose(tree, observed, prior, smoothing, random)
    notes += _at_the_end(weight, smoothing)
    best = solve(tree, observed, prior, weight)
    draws = _draws(tree, observed, prior, weight, best, error, n_draws, random)
    known = resolution(best, tree, observed, prior, weight)
    result = _table(table, tree, rows, observed, best, draws, known, column)
    return Unmixing(result, weight, curve, notes)


def _check(
    smoothing: float | str,
    reference: float | None,
    error: float,
    n_draws: int,
) -> None:
    if isinstance(smoothing, str):
        if smoothing not in ("cross_validation", "l_curve"):
            raise ValueError(
                f"smoothing={smoothing!r} is unknown: use a number, "
                "'cross_validation' or 'l_curve'"
            )
    elif not smoothing > 0:
        raise ValueError(
            f"smoothing={smoothing} is not above 0: without it sources with little "
            "area of their own are not determined"
        )
    if reference is not None and not reference > 0:
        raise ValueError(f"reference={reference} is not a content above 0")
    if not (error >= 0 and n_draws >= 0):
        raise ValueError(f"error={error} and n_draws={n_draws} must not be negative")


def _joined(
    samples: pd.DataFrame, catchments: pd.DataFrame, column: str
) -> pd.DataFrame:
    """Values and flags of the samples on the rows of the catchments."""
    ids = samples["sample_id"].astype(str)
    there = ids.isin(catchments["sample_id"].astype(str))
    y = samples[column].to_numpy("float64", na_value=np.nan)
    problems = [
        Problem(what, remedy, row=int(row) + 1, column=name, value=str(value[row]))
        for bad, name, value, what, remedy in (
            (~there.to_numpy(), "sample_id", ids.to_numpy(),
             "the sample has no catchment row",
             "delineate the catchments of the same samples; unplaced='keep' keeps "
             "all rows"),
            (y <= 0, column, y, "a content is not above 0",
             "mend it, or mark it as censored at its detection limit"),
        )
        for row in np.flatnonzero(bad)
    ]  # fmt: skip
    if problems:
        raise DataProblems(problems)
    names = [column, *(f"{column}_{flag}" for flag in ("censored", "over_range"))]
    kept = samples[[name for name in names if name in samples]].set_axis(ids)
    if f"{column}_imputed" in samples and f"{column}_censored" in kept:
        imputed = samples[f"{column}_imputed"].fillna(False).to_numpy(bool)
        kept[f"{column}_censored"] &= ~imputed
    return kept.reindex(catchments["sample_id"].astype(str))


def _observed(
    table: pd.DataFrame, tree: Tree, column: str, notes: list[str]
) -> tuple[Observed, np.ndarray]:
    """Values at outlets, and their rows in the table of catchments."""
    y = table[column].to_numpy("float64", na_value=np.nan)
    kind = np.zeros(len(y), dtype=np.intp)
    for flag, sign in (("censored", -1), ("over_range", 1)):
        name = f"{column}_{flag}"
        if name in table:
            kind[table[name].fillna(False).to_numpy(bool)] = sign
    placed = tree.node >= 0
    used = placed & np.isfinite(y)
    counts: dict[str, int] = {
        "unmix_censored": int((used & (kind < 0)).sum()),
        "unmix_over_range": int((used & (kind > 0)).sum()),
        "unmix_missing": int((placed & ~used).sum()),
        "unmix_unplaced": int((~placed).sum()),
    }
    notes += [Note(code, n=count) for code, count in counts.items() if count]
    rows = np.flatnonzero(used)
    return Observed(tree.node[rows], np.log(y[rows]), kind[rows]), rows


def _choose(
    tree: Tree,
    observed: Observed,
    prior: float,
    smoothing: float | str,
    random: np.random.Generator,
) -> tuple[float, pd.DataFrame]:
    """Smoothing to use, and what each of those tried gives."""
    by_hand = not isinstance(smoothing, str)
    if smoothing == "cross_validation" and len(observed.node) < 2:
        raise ValueError(
            "one outlet only has a value: none can be held back to choose the "
            "smoothing. State smoothing=, or give more samples."
        )
    tried = [smoothing] if by_hand else list(SMOOTHINGS[::-1])
    folds = random.permutation(len(observed.node)) % FOLDS
    lines: list[dict[str, Any]] = []
    start = None
    for weight in tried:
        start = solve(tree, observed, prior, weight, start=start)
        ratio = mix(start, tree)[observed.node] / np.exp(observed.log)
        line = {"smoothing": weight, "misfit": ratio_misfit(ratio, observed.kind).sum()}
        line["departure"] = ratio_misfit(start / prior).sum()
        line["error"] = np.nan
        if smoothing == "cross_validation":
            line["error"] = _left_out(tree, observed, prior, weight, folds, start)
        lines.append(line)
    curve = pd.DataFrame(lines).iloc[::-1].reset_index(drop=True)
    if by_hand:
        return float(smoothing), curve
    best = curve["error"].argmin() if smoothing != "l_curve" else _corner(curve)
    return float(curve["smoothing"].iloc[best]), curve


def _left_out(
    tree: Tree,
    observed: Observed,
    prior: float,
    weight: float,
    folds: np.ndarray,
    start: np.ndarray,
) -> float:
    """Root mean square of ln(predicted/observed) at values left out."""
    squares = []
    for fold in range(FOLDS):
        out = folds == fold
        if not out.any() or out.all():
            continue
        found = solve(tree, observed.part(~out), prior, weight, start=start)
        test = observed.part(out)
        off = np.log(mix(found, tree)[test.node]) - test.log
        squares.append((off[(test.kind == 0) | (test.kind * off < 0)]) ** 2)
    joined = np.concatenate(squares) if squares else np.array([np.nan])
    return float(np.sqrt(joined.mean()))


def _corner(curve: pd.DataFrame) -> int:
    """Point of the L-curve farthest below the line between its ends."""
    x = np.log(np.maximum(curve["misfit"].to_numpy(), 1e-300))
    y = np.log(np.maximum(curve["departure"].to_numpy(), 1e-300))
    x, y = ((v - v.min()) / max(np.ptp(v), 1e-300) for v in (x, y))
    return int(np.argmin(x + y))


def _at_the_end(weight: float, smoothing: float | str) -> list[str]:
    if not isinstance(smoothing, str):
        return []
    ends = {
        SMOOTHINGS[0]: Note("unmix_lowest"),
        SMOOTHINGS[-1]: Note("unmix_highest"),
    }
    if weight not in ends:
        return []
    return [Note("unmix_edge", smoothing=weight, end=ends[weight])]


def _draws(
    tree: Tree,
    observed: Observed,
    prior: float,
    weight: float,
    best: np.ndarray,
    error: float,
    n_draws: int,
    random: np.random.Generator,
) -> np.ndarray:
    """Sources of measured values drawn anew within their error, (n_draws, n)."""
    spread = np.sqrt(np.log1p(error**2))
    found = np.empty((n_draws, len(best)))
    for i in range(n_draws):
        shift = spread * random.standard_normal(len(observed.log))
        moved = observed._replace(log=observed.log + shift)
        found[i] = solve(tree, moved, prior, weight, start=best)
    return found


def _table(
    table: pd.DataFrame,
    tree: Tree,
    rows: np.ndarray,
    observed: Observed,
    best: np.ndarray,
    draws: np.ndarray,
    known: np.ndarray,
    column: str,
) -> pd.DataFrame:
    mixed = np.array([mix(draw, tree) for draw in draws]).reshape(draws.shape)
    per_node = {"predicted": mix(best, tree), "source": best}
    for name, drawn in (("predicted", mixed), ("source", draws)):
        ends = np.full((2, len(best)), np.nan)
        if len(draws):
            ends = np.quantile(drawn, QUANTILES, axis=0)
        per_node[f"{name}_low"], per_node[f"{name}_high"] = ends
    per_node["resolution"] = known
    spread = {"sample_id": table.index.to_numpy(), "observed": table[column].to_numpy()}
    placed = tree.node >= 0
    for name in (
        "predicted", "predicted_low", "predicted_high",
        "source", "source_low", "source_high", "resolution",
    ):  # fmt: skip
        spread[name] = np.full(len(table), np.nan)
        spread[name][placed] = per_node[name][tree.node[placed]]
    result = pd.DataFrame(spread)
    off = np.full(len(table), np.nan)
    off[rows] = np.log(result["predicted"].to_numpy()[rows]) - observed.log
    result.insert(5, "log_misfit", off)
    return result
