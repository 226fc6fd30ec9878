"""Factors of all campaigns, from their own values or from reference materials."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns

from ..._note import Note
from ._background_values import read_contents
from ._groups import group_labels
from ._level_factors import (
    SAME,
    Factor,
    Values,
    huber_line,
    median_shift,
    quantile_curve,
    shift_within,
    shifts_of_materials,
    unknown,
)

if TYPE_CHECKING:
    from ._background_values import Contents

CERTIFIED = "certified_value"
FEWEST_RESULTS = 5


class Campaigns(NamedTuple):
    """What factors are found from."""

    contents: Contents
    labels: pd.Series
    names: list[str]
    reference: str | None
    strata: pd.Series | None
    fewest: int

    def values(self, name: str, stratum: str | None = None) -> Values:
        """Lg contents of a campaign, in a stratum where one is given."""
        rows = (self.labels == name).to_numpy() & self.contents.used
        if stratum is not None:
            rows &= (self.strata == stratum).to_numpy()
        return Values(np.log10(self.contents.value[rows]), self.contents.at_limit[rows])


def from_medians(campaigns: Campaigns, method: str) -> dict[str, Factor]:
    """Return factors by comparing the campaigns' own values with the reference's."""
    reference, fewest = campaigns.reference, campaigns.fewest
    base = campaigns.values(str(reference))
    found = {}
    for name in campaigns.names:
        mine = campaigns.values(name)
        if name == reference:
            found[name] = SAME
        elif min(len(mine.lg), len(base.lg)) < fewest:
            found[name] = unknown(
                Note("background_few", n=min(len(mine.lg), len(base.lg)))
            )
        elif campaigns.strata is not None:
            found[name] = _by_stratum(campaigns, name)
        elif method == "quantile":
            found[name] = quantile_curve(base, mine)
        else:
            found[name] = median_shift(base, mine)
    return found


def _by_stratum(campaigns: Campaigns, name: str) -> Factor:
    pairs = []
    for stratum in sorted(set(campaigns.strata.dropna())):
        pair = tuple(
            campaigns.values(each, stratum) for each in (campaigns.reference, name)
        )
        if min(len(values.lg) for values in pair) >= campaigns.fewest:
            pairs.append(pair)
    factor = shift_within(pairs) if pairs else unknown(Note("level_no_stratum"))
    return factor._replace(notes=(*factor.notes, Note("level_strata", n=len(pairs))))


def from_standards(
    campaigns: Campaigns, standards: pd.DataFrame, by: str, method: str
) -> dict[str, Factor]:
    """Return factors from results on materials measured in several campaigns."""
    results, left_out = _results(standards, campaigns, by)
    if method == "standards":
        found = shifts_of_materials(results, campaigns.names, campaigns.reference)
    else:
        found = _by_lines(campaigns, results)
    for name, n in left_out.items():
        if name in found and n:
            note = Note("level_standards_censored", n=int(n))
            found[name] = found[name]._replace(notes=(*found[name].notes, note))
    return found


def _one_a_row(standards: pd.DataFrame, column: str, by: str) -> pd.DataFrame:
    """Results on one analyte, also from a long table of assays; blanks left out."""
    if {"analyte", "value"} <= set(standards):
        batch = by if by in standards else "lab_batch"
        check_columns(standards, [batch], where="standards")
        names = {"value": column, "censored": f"{column}_censored", batch: by}
        standards = standards[standards["analyte"].astype(object) == column]
        standards = standards.rename(columns=names)
    if "qc_type" in standards:
        standards = standards[standards["qc_type"].astype(object) != "blank"]
    return standards


def _by_lines(campaigns: Campaigns, results: pd.DataFrame) -> dict[str, Factor]:
    target = results["target"]
    if campaigns.reference is not None:
        base = results[results["campaign"] == campaigns.reference]
        target = results["material"].map(base.groupby("material")["lg"].median())
    results = results.assign(target=target).dropna(subset="target")
    found = {}
    for name in campaigns.names:
        mine = results[results["campaign"] == name]
        n = len(mine)
        values = campaigns.values(name)
        if name == campaigns.reference:
            found[name] = SAME._replace(n_standards=n)
        elif n < FEWEST_RESULTS or mine["target"].nunique() < 2 or not len(values.lg):
            found[name] = unknown(Note("level_few_standards", n=n), n_standards=n)
        else:
            x, y = mine["lg"].to_numpy(), mine["target"].to_numpy()
            line = huber_line(x, y, float(np.median(values.lg)))
            outside = int(((values.lg < x.min()) | (values.lg > x.max())).sum())
            notes = (Note("level_outside", n=outside),) if outside else ()
            found[name] = line._replace(notes=notes)
    return found


def _results(
    standards: pd.DataFrame, campaigns: Campaigns, by: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Results on materials in lg, and how many a campaign were below detection."""
    column = campaigns.contents.column
    standards = _one_a_row(standards, column, by)
    check_columns(standards, ["material", by, column], where="standards")
    found = read_contents(standards, column, transform="log10")
    table = pd.DataFrame(
        {
            "material": standards["material"].astype(object).replace("", None),
            "campaign": group_labels(standards, by),
            "lg": np.log10(found.value),
        }
    )
    if CERTIFIED in standards:
        target = pd.to_numeric(standards[CERTIFIED]).to_numpy(dtype=float)
        bad = np.flatnonzero(target <= 0)
        if len(bad):
            remedy = "write a value above 0 in the unit of the results, or none"
            raise DataProblems(
                Problem("a certified value of 0 or less", remedy, row=int(i) + 1,
                        column=CERTIFIED, value=f"{target[i]:g}")
                for i in bad
            )  # fmt: skip
        table["target"] = np.log10(target)
    else:
        table["target"] = np.nan
    told = table["material"].notna() & table["campaign"].notna()
    left_out = table.loc[found.censored & told, "campaign"].value_counts()
    if campaigns.reference is None:
        told &= table["target"].notna()
    table = table[told & found.used & ~found.censored]
    if table.empty:
        raise ValueError(
            f"standards hold no result for {column} that can be used: material, {by} "
            "and a value above detection are needed."
        )
    return table, left_out
