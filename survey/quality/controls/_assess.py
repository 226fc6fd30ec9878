"""Quality of assays: all controls, judged together, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from . import _columns as columns
from ._assessment import QualityAssessment
from ._batches import KEYS
from ._blanks import judge_blanks, summarise_blanks
from ._controls import (
    PAIRED,
    REFERENCE,
    as_results,
    limits_above,
    on_one_scale,
    read_controls,
    refuse,
    tell_methods,
)
from ._duplicates import judge_pairs
from ._laboratories import compare_laboratories
from ._materials import as_certified, without_certificate
from ._notes import gather_notes
from ._precision import duplicate_precision
from ._reference import as_rules, judge_references
from ._summary import reference_summary
from ._verdict import Tables, give_verdicts

if TYPE_CHECKING:
    from pathlib import Path

    from ..._problems import Problem
    from ._rules import QualityRules


def assess_quality(
    assays: pd.DataFrame | None,
    controls: pd.DataFrame,
    *,
    certified: pd.DataFrame | None = None,
    rules: str | Path | QualityRules = "default",
    method: str = "theil_sen",
    confidence: float = 0.95,
) -> QualityAssessment:
    """
    Quality of assays from their control samples, with a verdict for every batch.

    A batch and analyte is to be "reassay"ed or "reject"ed if a rule with that action
    is broken; it is "untested" if what the rules require was not tested; otherwise
    "accept"ed. Every verdict carries its reasons as codes with values. Many results
    are tested: ``notes`` give the failures to be expected by chance beside those
    found, tests of bias and drift are adjusted for their number by Holm's rule, and
    ``detectable_bias_pct`` tells what the controls of a batch could have shown.

    Parameters
    ----------
    assays : DataFrame or None
        Results of samples: long (`read_assays`) or wide (`survey.read_samples`). None
        judges the controls alone.
    controls : DataFrame
        Results of control samples, likewise, with ``qc_type`` (reference material,
        blank, field duplicate, coarse duplicate, pulp duplicate, laboratory check, or
        a usual name of these)``, material, original_id, lab_batch`` and perhaps
        ``laboratory``. Rows are in order of analysis, unless there is a column
        ``sequence``. An analyte determined by several methods is judged by method.
    certified : DataFrame, optional
        Certified values; see `check_reference_materials`.
    rules : str, path or QualityRules, default "default"
        See `read_quality_rules`.
    method : {"theil_sen", "rma", "deming"}, default "theil_sen"
        Line between laboratories; see `compare_laboratories`.
    confidence : float, default 0.95
        Of all intervals.

    Returns
    -------
    QualityAssessment
        Its ``problems`` list reference materials without certificate and duplicates
        whose original is missing: they are kept, and judged as far as possible.

    Raises
    ------
    DataProblems
        All at once: unknown kinds of control, duplicates of themselves, controls
        without batch, material or original, limits above values, cells that are not
        numbers, impossible or contradicting certificates.
    ValueError
        If a table lacks a column.

    References
    ----------
    Abzalov, M. 2008. Quality control of assay data: a review of procedures for
    measuring and monitoring precision and accuracy. Exploration and Mining Geology
    17:131-144. The rules name their sources.

    Examples
    --------
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2"], "qc_type": "reference material",
    ...     "material": "RM-1", "lab_batch": ["B1", "B2"], "Cu_ppm": [21.3, 27.0]})
    >>> certified = pd.DataFrame(
    ...     {"material": ["RM-1"], "Cu_ppm": [21.0], "Cu_ppm_sd": [1.0]})
    >>> found = assess_quality(None, controls, certified=certified)
    >>> print(found.verdicts[["lab_batch", "analyte", "verdict"]])
      lab_batch analyte  verdict
    0        B1  Cu_ppm   accept
    1        B2  Cu_ppm  reassay
    >>> found.verdicts["reasons"][1][0]["code"]
    '1-3s'
    """
    settled = as_rules(rules)
    samples, results, certificates, problems = _read(assays, controls, certified)
    references = judge_references(results, certificates, settled)
    pairs = judge_pairs(samples, results, settled)
    tables = Tables(
        references=references,
        summary=reference_summary(references, rules=settled, confidence=confidence),
        blanks=judge_blanks(results, samples, settled),
        pairs=pairs,
        laboratories=compare_laboratories(
            pairs, method=method, confidence=confidence, rules=settled
        ),
    )
    verdicts = give_verdicts(_counted(samples), tables, settled, confidence)
    lost = int(results["qc_type"].isin(PAIRED).sum()) - len(pairs)
    apart = samples is not None and not on_one_scale(results, samples)
    notes = gather_notes(tables, settled, lost=lost, apart=apart)
    return QualityAssessment(
        references=tables.references,
        reference_summary=tables.summary,
        blanks=tables.blanks,
        blank_summary=summarise_blanks(tables.blanks),
        duplicates=pairs,
        precision=duplicate_precision(pairs, rules=settled, confidence=confidence),
        laboratories=tables.laboratories,
        verdicts=verdicts,
        rules=settled.table(),
        notes=columns.as_table(notes, columns.NOTES),
        problems=columns.as_table(map(_as_row, problems), columns.PROBLEMS),
    )


def _read(
    assays: pd.DataFrame | None,
    controls: pd.DataFrame,
    certified: pd.DataFrame | None,
) -> tuple[pd.DataFrame | None, pd.DataFrame, pd.DataFrame, list[Problem]]:
    """Tables made alike; raises with all errors, gives warnings back."""
    samples = None if assays is None else as_results(assays, what="assays")
    known = None if samples is None else samples["sample_id"].unique()
    results, problems = read_controls(controls, known=known)
    certificates, more = as_certified(certified)
    problems = [*problems, *more]
    if samples is not None:
        problems += limits_above(samples, "assays")
    references = results[results["qc_type"].eq(REFERENCE)]
    problems += without_certificate(references, certificates)
    refuse(problems)
    tell_methods(results, samples)
    _fill_laboratory(results, samples)
    return samples, results, certificates, problems


def _fill_laboratory(*tables: pd.DataFrame | None) -> None:
    """Name the laboratory of a batch wherever only one table tells it."""
    there = [table for table in tables if table is not None]
    both = pd.concat([table[["lab_batch", "laboratory"]] for table in there])
    both = both[both["laboratory"].ne("") & both["lab_batch"].ne("")].drop_duplicates()
    alone = both.drop_duplicates("lab_batch", keep=False)
    named = alone.set_index("lab_batch")["laboratory"]
    for table in there:
        empty = table["laboratory"].eq("") & table["lab_batch"].isin(named.index)
        table.loc[empty, "laboratory"] = table.loc[empty, "lab_batch"].map(named)


def _counted(samples: pd.DataFrame | None) -> pd.DataFrame:
    if samples is None:
        return pd.DataFrame(columns=[*KEYS, "n_samples"])
    return samples.groupby(KEYS, sort=True).size().rename("n_samples").reset_index()


def _as_row(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in columns.PROBLEMS}
