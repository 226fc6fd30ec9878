"""Quality of assays: all controls, judged together, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from . import _columns as columns
from ._assessment import QualityAssessment

if TYPE_CHECKING:
    from pathlib import Path


def assess_quality(
    assays: pd.DataFrame | None,
    controls: pd.DataFrame,
    *,
    certified: pd.DataFrame | None = None,
    rules: str | Path = "default",
) -> QualityAssessment:
    """Skeleton: the tables of a quality assessment, empty as yet."""
    empty = pd.DataFrame()
    return QualityAssessment(
        references=columns.as_table(empty, columns.REFERENCES),
        reference_summary=columns.as_table(empty, columns.REFERENCE_SUMMARY),
        blanks=columns.as_table(empty, columns.BLANKS),
        blank_summary=columns.as_table(empty, columns.BLANK_SUMMARY),
        duplicates=columns.as_table(empty, columns.DUPLICATES),
        precision=columns.as_table(empty, columns.PRECISION),
        laboratories=columns.as_table(empty, columns.LABORATORIES),
        verdicts=columns.as_table(empty, columns.VERDICTS),
        rules=empty,
        notes=columns.as_table(empty, columns.NOTES),
        problems=columns.as_table(empty, columns.PROBLEMS),
    )
