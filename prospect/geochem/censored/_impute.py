"""Values below detection imputed, with limits cell by cell, flagged and counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..._note import Note
from ._censored_cells import CensoredCells, Options, gather, settle_options, write_back
from ._impute_da import draw_log_ratios
from ._impute_em import fit_log_ratios, start_values
from ._impute_published import fit_as_published
from ._impute_simple import fraction_of_limit, lognormal_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd
    from numpy.typing import NDArray


class _Filled(NamedTuple):
    """Logarithms of the imputed cells (NaN elsewhere), and words about them."""

    logs: NDArray[np.float64]
    said: dict[str, Any]
    notes: list[Note]


def impute_censored(
    samples: pd.DataFrame,
    *,
    columns: Iterable[str] | None = None,
    method: str = "lr_em",
    limits: Mapping[str, Any] | None = None,
    missing: str = "keep",
    max_censored: float = 0.8,
    random_state: Any = None,  # noqa: ANN401
    **options: Any,  # noqa: ANN401
) -> pd.DataFrame:
    """
    Table with values below detection imputed, each below its own limit.

    Parameters
    ----------
    samples : DataFrame or GeoDataFrame
        Table of samples as `survey.read_samples` gives it: ``Cu_ppm_censored`` marks
        values below detection.
    columns : iterable of str, optional
        The analytes that are imputed and that the log-ratio methods learn from. All
        columns with a unit if left out.
    method : {"lr_em", "lr_da", "mult_repl", "mult_lognormal"}, default "lr_em"
        "lr_em": the value expected given the other parts of the sample, by maximum
        likelihood of a normal on log-ratios. "lr_da": mean of draws from the same
        model, with the uncertainty of its parameters. "mult_lognormal": the value
        expected below the limit from the column alone. "mult_repl": a fraction of the
        limit.
    limits : mapping of str to float or array_like, optional
        Limits of detection by column, one number or one a row, where they are not in
        the table: the column ending in ``_detection_limit`` is looked at next, the
        value column last.
    missing : {"keep", "impute"}, default "keep"
        Values that are missing, not below detection: left missing and counted, or
        imputed too (log-ratio methods only).
    max_censored : float, default 0.8
        Columns with a larger share below detection are refused.
    random_state : int, Generator or None
        Of "lr_da".
    **options
        Of the method. All: `total`, for a closed composition, see Notes. "mult_repl":
        `fraction` (0.65) of the limit. "lr_em": `tolerance` (1e-4), `max_iterations`
        (500), `robust` (False; True takes a t distribution with 4 degrees of freedom),
        `reproduce` ("zCompositions", see Notes). "lr_da": `burn_in` (200), `draws`
        (200). Both: `rest`, see Notes.

    Returns
    -------
    same type as `samples`
        Values of the columns complete but for missing ones; detected values are those
        of `samples`, so that their ratios are kept, and every imputed value is below
        its limit. ``Cu_ppm_imputed`` marks the imputed; ``Cu_ppm_censored`` stays, and
        ``Cu_ppm_detection_limit`` holds the limits that the value column held. In
        attrs: ``imputed_share`` by column; ``imputation`` (method, iterations,
        converged, counts); ``notes``.

    Raises
    ------
    DataProblems
        All at once: limits that are untold or not positive, detected values that are
        zero or negative, columns with too many values below detection, and for the
        log-ratio methods the same element in two columns.
    ValueError
        If an option is unknown to the method, a column is not there, there are too few
        samples for the log-ratio methods or their parts depend on each other.

    See Also
    --------
    impute_many : Several tables, for the uncertainty that imputing brings.
    censored_statistics : Statistics that need no imputing.

    Notes
    -----
    The log-ratio model treats all parts alike, so that none has to be complete; a
    sample with several parts below detection is truncated in all of them together, by
    expectation propagation.

    What the parts leave of a sample, the rest, is a part too with ``rest=True``, and by
    default where the parts are less than half of every sample, as trace elements are;
    a note says so. Then contents count and not only ratios. Without it, samples with no
    detected part tell nothing: they get 0.65 of the limit, and a note says how many.

    Detected values are kept as they are. Where samples are closed to a constant sum,
    ``total=100`` keeps them closed: detected values shrink in proportion, as in Martín-
    Fernández et al. (2003).

    ``reproduce="zCompositions"`` gives the numbers that version 1.5.0-4 of that R
    package prints. It takes the regression of a part on others from moments about zero,
    so its results change with the units of the parts; not for new work.

    References
    ----------
    Palarea-Albaladejo, J. and Martín-Fernández, J. A. (2008). A modified EM alr-
    algorithm for replacing rounded zeros in compositional data sets. Computers &
    Geosciences 34, 902-917.
    Martín-Fernández, J. A., Barceló-Vidal, C. and Pawlowsky-Glahn, V. (2003). Dealing
    with zeros and missing values in compositional data sets using nonparametric
    imputation. Mathematical Geology 35, 253-278.
    Cunningham, J. P., Hennig, P. and Lacoste-Julien, S. (2011). Gaussian probabilities
    and expectation propagation. arXiv:1111.6832.

    Examples
    --------
    >>> import pandas as pd
    >>> soil = pd.DataFrame({"As_ppm": [5.0, 9, 2], "As_ppm_censored": [True, 0, 0],
    ...                      "Cu_ppm": [20.0, 40, 10]})
    >>> impute_censored(soil, method="mult_repl").drop(columns="As_ppm_censored")
       As_ppm  Cu_ppm  As_ppm_imputed  As_ppm_detection_limit
    0    3.25    20.0            True                     5.0
    1    9.00    40.0           False                     NaN
    2    2.00    10.0           False                     NaN
    """
    settled = settle_options(method, options, missing=missing, highest=max_censored)
    cells = gather(samples, columns, limits, settled)
    random = np.random.default_rng(random_state)
    filled = _fill(cells, settled, random)
    return write_back(samples, cells, settled, filled.logs, (filled.said, filled.notes))


def impute_many(
    samples: pd.DataFrame,
    *,
    columns: Iterable[str] | None = None,
    count: int = 10,
    limits: Mapping[str, Any] | None = None,
    missing: str = "keep",
    max_censored: float = 0.8,
    random_state: Any = None,  # noqa: ANN401
    **options: Any,  # noqa: ANN401
) -> Iterator[pd.DataFrame]:
    """
    Tables with values below detection drawn anew each time.

    One imputed table hides that its values are guesses. Do the analysis on each of
    several, then bring the results together with `pool_imputations`.

    Parameters
    ----------
    samples : DataFrame or GeoDataFrame
        As for `impute_censored`.
    columns : iterable of str, optional
        As for `impute_censored`.
    count : int, default 10
        How many tables.
    limits, missing, max_censored : optional
        As for `impute_censored`.
    random_state : int, Generator or None
        Equal numbers give equal tables.
    **options
        `burn_in` (200) rounds before the first table, `apart` (20) between two;
        `total` and `rest` as for `impute_censored`.

    Yields
    ------
    same type as `samples`
        As from `impute_censored`; attrs["imputation"]["draw"] counts them from 1.

    Raises
    ------
    DataProblems, ValueError
        As for `impute_censored`, when the first table is asked for.

    See Also
    --------
    pool_imputations : Rubin's rules.

    References
    ----------
    Palarea-Albaladejo, J., Martín-Fernández, J. A. and Olea, R. A. (2014). A bootstrap
    estimation scheme for chemical compositional data with nondetects. Journal of
    Chemometrics 28, 585-599.
    Rubin, D. B. (1987). Multiple Imputation for Nonresponse in Surveys. Wiley.

    Examples
    --------
    >>> import pandas as pd
    >>> random = np.random.default_rng(1)
    >>> values = random.lognormal(size=(40, 3)) + 0.1
    >>> soil = pd.DataFrame(values, columns=["As_ppm", "Cu_ppm", "Zn_ppm"])
    >>> soil["As_ppm_censored"] = soil["As_ppm"] < 0.5
    >>> soil["As_ppm"] = soil["As_ppm"].clip(lower=0.5)
    >>> tables = impute_many(soil, count=5, random_state=1)
    >>> means = [table["As_ppm"].mean() for table in tables]
    >>> len(set(means))
    5
    """
    if count < 1:
        raise ValueError(f"count={count}: one table at least")
    settled = settle_options("many", options, missing=missing, highest=max_censored)
    cells = gather(samples, columns, limits, settled)
    random = np.random.default_rng(random_state)
    chain = _chain(cells, settled, random, settled.settings["apart"])
    for draw, logs in zip(range(1, count + 1), chain, strict=False):
        whole, notes = _with_bare_rows(cells, logs)
        yield write_back(samples, cells, settled, whole, ({"draw": draw}, notes))


def _fill(
    cells: CensoredCells, options: Options, random: np.random.Generator
) -> _Filled:
    values = options.settings
    if options.method == "mult_repl":
        logs = fraction_of_limit(cells.limits, fraction=values["fraction"])
        return _Filled(logs, {}, [])
    if options.method == "mult_lognormal":
        return _Filled(lognormal_below(cells.logs, cells.limits, cells.names), {}, [])
    if options.method == "lr_da":
        chain = _chain(cells, options, random, 1)
        draws = values["draws"]
        total = sum(logs for _, logs in zip(range(draws), chain, strict=False))
        logs, notes = _with_bare_rows(cells, total / draws)
        return _Filled(logs, {"draws": draws}, notes)
    return _by_likelihood(cells, values)


def _by_likelihood(cells: CensoredCells, values: dict[str, Any]) -> _Filled:
    known, limits = cells.learned
    how = {key: values[key] for key in ("tolerance", "max_iterations")}
    if values["reproduce"]:
        start = _closed_start(known, limits, values["total"])
        model = fit_as_published(known, limits, start, **how)
    else:
        model = fit_log_ratios(known, limits, robust=values["robust"], **how)
    logs, notes = _with_bare_rows(cells, model.logs)
    said = {"iterations": model.iterations, "converged": model.converged}
    if not model.converged:
        notes.append(Note("impute_not_converged", n=model.iterations))
    if values["reproduce"]:
        notes.append(Note("impute_reproduced"))
    return _Filled(logs, said, notes)


def _closed_start(
    logs: NDArray[np.float64], limits: NDArray[np.float64], total: float | None
) -> NDArray[np.float64]:
    """Start values; detected ones shrink where the samples are closed."""
    start = start_values(logs, limits)
    if total is None:
        return start
    unknown = np.isnan(logs)
    added = np.where(unknown, np.exp(start), 0).sum(axis=1, keepdims=True)
    return np.where(unknown, start, start + np.log1p(-added / total))


def _chain(
    cells: CensoredCells, options: Options, random: np.random.Generator, apart: int
) -> Iterator[NDArray[np.float64]]:
    known, limits = cells.learned
    return draw_log_ratios(
        known,
        limits,
        random=random,
        burn_in=options.settings["burn_in"],
        apart=apart,
    )


def _with_bare_rows(
    cells: CensoredCells, found: NDArray[np.float64]
) -> tuple[NDArray[np.float64], list[Note]]:
    """Imputed cells of all rows; those without any detected part by their limit."""
    logs = fraction_of_limit(cells.limits, fraction=0.65)
    logs[cells.used] = found[:, : logs.shape[1]]
    bare = ~cells.used & np.isfinite(cells.limits).any(axis=1)
    notes = [Note("impute_bare_rows", n=int(bare.sum()))] if bare.any() else []
    if cells.rest is not None:
        notes.append(Note("impute_rest"))
    return logs, notes
