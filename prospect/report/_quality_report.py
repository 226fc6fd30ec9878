"""The report on the quality of assays: which batches can be used, and why."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from survey import write_text

from . import _quality_tables as tables
from ._blank_chart import figure_blanks
from ._control_charts import figure_control_chart
from ._control_words import KINDS, VERDICTS, notes_said, said
from ._duplicate_charts import figure_duplicates, figure_thompson_howarth
from ._figure import STRIPPED, TIGHT
from ._fonts import figure_language
from ._report import _css, _environment
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from survey.quality import QualityAssessment

    from ._figure import Picture

DPI = 110
MOST_CHARTS = 60


def write_quality_report(
    assessment: QualityAssessment,
    path: str | Path,
    *,
    name: str = "",
    rules: str = "",
    sources: Iterable[str] = (),
    remarks: Iterable[str] = (),
    lang: str = "en",
) -> Path:
    """
    Report on the quality of assays as one HTML file that needs no network.

    Parameters
    ----------
    assessment : QualityAssessment
        Result of `survey.quality.assess_quality`.
    path : path
        Name of the report.
    name : str, optional
        Name of the survey, for the title.
    rules : str, optional
        Name of the rules.
    sources : iterable of str, optional
        Files the tables were read from.
    remarks : iterable of str, optional
        What was noted or found wrong while the tables were read.
    lang : {"en", "zh"}
        Language.

    Returns
    -------
    Path
        `path`. The same assessment gives the same bytes.

    Raises
    ------
    ValueError
        If `lang` is another language.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from survey.quality import assess_quality
    >>> controls = pd.DataFrame({
    ...     "sample_id": ["Q1", "Q2"], "qc_type": "reference material",
    ...     "material": "RM-1", "lab_batch": ["B1", "B2"], "Cu_ppm": [21.3, 27.0]})
    >>> certified = pd.DataFrame(
    ...     {"material": ["RM-1"], "Cu_ppm": [21.0], "Cu_ppm_sd": [1.0]})
    >>> found = assess_quality(None, controls, certified=certified)
    >>> page = write_quality_report(found, tempfile.mkdtemp() + "/report.html")
    >>> "Which batches can be used" in page.read_text(encoding="utf-8")
    True
    """
    words = Words(lang)
    path = Path(path)
    view = _view(assessment, words)
    view |= {
        "name": name,
        "rules_name": rules,
        "sources": [str(source) for source in sources],
        "remarks": [*map(str, remarks), *tables.problems(assessment.problems)],
    }
    page = _environment(words).get_template("quality_report.html.j2")
    return write_text(path, page.render(view))


def _view(found: QualityAssessment, words: Words) -> dict[str, Any]:
    verdicts = found.verdicts
    counts = {v: int((verdicts["verdict"] == v).sum()) for v in VERDICTS}
    worst = _worst_first(found)
    return {
        "css": _css()
        + (Path(__file__).parent / "data" / "quality.css").read_text("utf-8"),
        "sections": _sections(found, words),
        "counts": counts,
        "n_batches": verdicts[["lab_batch", "laboratory"]].drop_duplicates().shape[0],
        "n_analytes": verdicts["analyte"].nunique(),
        "lead": _lead(verdicts, counts, words),
        "chance": notes_said(_by_chance(found), words),
        "matrix": tables.matrix(verdicts, words),
        "actions": tables.reasons(verdicts, ("reject", "reassay"), words),
        "warned": tables.warnings(verdicts, words),
        "untested": tables.reasons(verdicts, ("untested",), words),
        "references": tables.references(found.reference_summary, words),
        "charts": [_control(found, analyte, words) for analyte in worst["reference"]],
        "blanks": tables.blanks(found.blank_summary, words),
        "blanks_lead": _blanks_lead(found.blanks, words),
        "blank_charts": _blank_charts(found.blanks, words),
        "precision": tables.precision(found.precision, words),
        "pairs": [_pairs(found, analyte, words) for analyte in worst["duplicate"]],
        "laboratories": tables.laboratories(found.laboratories, words),
        "detectable": tables.detectable(verdicts),
        "notes": notes_said(found.notes.to_dict("records"), words),
        "rules": tables.rules(found.rules, words),
        "font_missing": figure_language(words.lang) != words.lang,
    }


def _by_chance(found: QualityAssessment) -> list[dict[str, Any]]:
    """Note on how many failures chance alone would bring."""
    notes = found.notes
    return notes[notes["code"] == "expected_false"].to_dict("records")


def _sections(found: QualityAssessment, words: Words) -> list[tuple[str, str]]:
    sections = [
        ("answer", words("qc_answer")),
        ("references", words("qc_references")),
        ("blanks", words("qc_blanks")),
        ("duplicates", words("qc_duplicates")),
        ("laboratories", words("qc_laboratories")),
        ("limits", words("qc_limits")),
        ("rules", words("qc_rules")),
    ]
    there = len(found.laboratories) > 0
    return [s for s in sections if s[0] != "laboratories" or there]


def _lead(verdicts: pd.DataFrame, counts: dict[str, int], words: Words) -> str:
    n = len(verdicts)
    if not n:
        return words("qc_nothing")
    if counts["accept"] == n:
        return words("qc_all_accepted", n=n)
    return words("qc_lead", n=n, **counts)


def _worst_first(found: QualityAssessment) -> dict[str, list[str]]:
    """Analytes in the order of their charts: most failures first."""
    out = {}
    for name, table in (
        ("reference", found.references),
        ("duplicate", found.duplicates),
    ):
        fails = (table["status"] == "fail").groupby(table["analyte"], sort=True).sum()
        fails = fails.sort_values(ascending=False, kind="stable")
        out[name] = [str(analyte) for analyte in fails.index[:MOST_CHARTS]]
    return out


def _control(found: QualityAssessment, analyte: str, words: Words) -> dict[str, Any]:
    rows = found.references[found.references["analyte"] == analyte]
    count = rows["status"].value_counts()
    counts = {s: int(count.get(s, 0)) for s in ("warn", "fail", "untested")}
    caption = words("qc_chart_caption", analyte=analyte, n=len(rows), **counts)
    figure = figure_control_chart(rows, analyte, lang=words.lang)
    figures = [{"caption": caption, "address": _address(figure)}]
    if len(set(rows["material"])) > 1 and counts["fail"]:
        figure = figure_control_chart(rows, analyte, measure="value", lang=words.lang)
        told = words("qc_values_caption", analyte=analyte)
        figures.append({"caption": told, "address": _address(figure)})
    return {"analyte": analyte, "open": counts["fail"] > 0, "figures": figures}


def _blanks_lead(blanks: pd.DataFrame, words: Words) -> str:
    if blanks.empty:
        return words("qc_no_blanks")
    fail = int(blanks["status"].isin(["fail", "warn"]).sum())
    return words("qc_blanks_lead", n=len(blanks), fail=fail)


def _blank_charts(blanks: pd.DataFrame, words: Words) -> list[dict[str, Any]]:
    known = blanks[blanks["detection_limit"].notna()]
    if known.empty:
        return []
    first = figure_blanks(known, lang=words.lang)
    charts = [{"caption": words("qc_blanks_caption"), "address": _address(first)}]
    dirty = known.loc[known["status"].isin(["fail", "warn"]), "analyte"]
    for analyte in sorted(set(dirty)):
        figure = figure_blanks(known, analyte=analyte, lang=words.lang)
        caption = words("qc_blank_caption", analyte=analyte)
        charts.append({"caption": caption, "address": _address(figure)})
    return charts


def _pairs(found: QualityAssessment, analyte: str, words: Words) -> dict[str, Any]:
    pairs = found.duplicates[found.duplicates["analyte"] == analyte]
    precision = found.precision[found.precision["analyte"] == analyte]
    measures = set(precision["measure"])
    measure = "RE" if measures == {"RE"} else "HARD"
    figures = []
    if pairs["mean"].gt(0).any():
        chart = figure_duplicates(pairs, analyte, measure=measure, lang=words.lang)
        caption = words("qc_duplicates_caption", analyte=analyte, measure=measure)
        figures.append({"caption": caption, "address": _address(chart)})
    for kind, part in pairs.groupby("kind", sort=True):
        if not part["mean"].gt(0).any():
            continue
        target = precision.loc[precision["kind"] == kind, "target_rsd_pct"]
        aim = float(target.iloc[0]) if target.notna().any() else 10.0
        chart = figure_thompson_howarth(part, analyte, target_rsd=aim, lang=words.lang)
        told = {"analyte": analyte, "kind": said(KINDS, kind, words)}
        caption = words("qc_thompson_caption", **told)
        figures.append({"caption": caption, "address": _address(chart)})
    bad = bool((precision["status"] == "fail").any())
    return {"analyte": analyte, "open": bad, "figures": figures}


def _address(figure: Picture) -> str:
    """Picture as a data address."""
    stream = io.BytesIO()
    look = {"dpi": DPI, **TIGHT, "metadata": STRIPPED[".png"]}
    figure.savefig(stream, format="png", **look)
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
