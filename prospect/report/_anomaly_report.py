"""The report of rated anomalies: one HTML file with register, maps and sheets."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from survey import write_text

from .._note import say
from ._canvas import shares_said
from ._element_maps import figure_anomaly_sheet, figure_element_map
from ._figure import STRIPPED, TIGHT
from ._numbers import number
from ._report import _css, _environment
from ._words import Words

if TYPE_CHECKING:
    import geopandas as gpd

    from ..geochem import AnomalySurvey
    from ._figure import Picture

N_TOP = 6
BACKGROUND = [
    "analyte", "method", "n", "n_censored", "n_missing", "n_removed",
    "background_value", "threshold", "unit", "transform", "k",
]  # fmt: skip
# columns that the tables of the report leave to the register in full
LEFT_OUT = [
    "main_analyte", "n_analytes", "n_anomalies", "overlap_km2", "max_overlap",
    "members", "unit", "threshold", "n_cells", "n_centres",
]  # fmt: skip
# and those of single elements, which have the place of the maximum to show
LEFT_OUT_OF_SINGLE = ["n_samples", "clarity"]
# columns shown only where a row says other than the usual
USUAL = {"n_unclear": 0, "mean_of": "samples", "open": False}


def write_anomaly_report(
    survey: AnomalySurvey,
    path: str | Path,
    *,
    samples: gpd.GeoDataFrame | None = None,
    name: str = "",
    n_sheets: int = 10,
    lang: str = "en",
) -> Path:
    """
    Report of rated anomalies as one HTML file that needs no network.

    Parameters
    ----------
    survey : AnomalySurvey
        Result of `prospect.geochem.map_anomalies`.
    path : path
        Name of the report.
    samples : GeoDataFrame of points, optional
        Samples, drawn on the maps; they also give the classes of the element maps.
    name : str, optional
        Name of the survey.
    n_sheets : int, default 10
        Anomalies, by rank, that get a sheet of their own.
    lang : {"en", "zh"}
        Language.

    Returns
    -------
    Path
        `path`. The same content gives the same bytes.

    Raises
    ------
    ValueError
        If `lang` is another language.
    """
    words = Words(lang)
    path = Path(path)
    view = _view(survey, samples, n_sheets, words)
    view["name"] = name or path.stem
    page = _environment(words).get_template("anomaly_report.html.j2")
    return write_text(path, page.render(view))


def _view(
    survey: AnomalySurvey, samples: gpd.GeoDataFrame | None, n_sheets: int, words: Words
) -> dict[str, Any]:
    composites = survey.composites
    figures = _figures(survey, samples, n_sheets, words)
    sections = [
        ("answer", words("anomaly_answer")),
        ("register_heading", words("anomaly_register_heading")),
        ("sheets_heading", words("anomaly_sheets_heading")),
        ("maps_heading", words("anomaly_maps_heading")),
        ("background_heading", words("anomaly_background_heading")),
        ("single_heading", words("anomaly_single_heading")),
        ("limits_heading", words("anomaly_limits_heading")),
    ]
    main = _symbol_of(composites["main_analyte"].iloc[0])
    return {
        "css": _css(),
        "figures": figures,
        "sections": sections,
        "lead": _lead(survey, words),
        "composites_caption": words("anomaly_map_caption", analyte=main),
        "top": [_top(row, words) for _, row in composites.head(N_TOP).iterrows()],
        "composites": _brief(composites, words),
        "single": _brief(_singles(survey), words),
        "sheets": [
            _sheet(row, survey, words)
            for _, row in composites.head(n_sheets).iterrows()
        ],
        "maps": [
            {"name": f"map_{analyte}", "caption": _caption(analyte, survey, words)}
            for analyte in survey.maps
        ],
        "background": _background(survey.background, words),
        "limits": _limits(survey, words),
    }


def _figures(
    survey: AnomalySurvey, samples: gpd.GeoDataFrame | None, n_sheets: int, words: Words
) -> dict[str, str]:
    """Every figure as a data address, by name."""
    lang, composites = words.lang, survey.composites
    zones = {name: found.zones for name, found in survey.maps.items()}
    main = composites["main_analyte"].iloc[0]
    limits = {name: _limits_of(samples, name) for name in survey.grids}
    figures = {
        "composites": figure_element_map(
            survey.grids[main],
            limits=limits[main],
            composites=composites,
            lang=lang,
        )
    }
    for name in survey.maps:
        figures[f"map_{name}"] = figure_element_map(
            survey.grids[name],
            limits=limits[name],
            zones=zones[name],
            samples=samples,
            title=name,
            lang=lang,
        )
    for k in range(min(n_sheets, len(composites))):
        row = composites.iloc[[k]]
        shown = _shown(row.iloc[0], survey)
        figures[f"sheet_{row['composite_id'].iloc[0]}"] = figure_anomaly_sheet(
            row,
            {name: survey.grids[name] for name in shown},
            zones={name: zones[name] for name in shown},
            samples=samples,
            lang=lang,
        )
    return {name: _address(figure) for name, figure in figures.items()}


def _shown(row: pd.Series, survey: AnomalySurvey) -> list[str]:
    """Analytes of a composite, the strongest first, at most six."""
    symbols = row["analytes"].split("-")
    by_symbol = {_symbol_of(name): name for name in survey.maps}
    return [by_symbol[symbol] for symbol in symbols if symbol in by_symbol][:6]


def _limits_of(samples: gpd.GeoDataFrame | None, name: str) -> Any:  # noqa: ANN401
    from ..geochem import map_classes

    if samples is None or name not in samples:
        return None
    return map_classes(samples[name], method="quantile")


def _lead(survey: AnomalySurvey, words: Words) -> str:
    rating = survey.composites.attrs.get("rating", {})
    zh = rating.get("name_zh") if words.lang == "zh" else None
    return words(
        "anomaly_answer_lead",
        n=len(survey.composites),
        n_analytes=len(survey.maps),
        area=number(float(survey.composites["area_km2"].sum())),
        rules=zh or rating.get("name", ""),
        version=rating.get("version", ""),
    )


def _top(row: pd.Series, words: Words) -> dict[str, Any]:
    text = words(
        "anomaly_top",
        analytes=row["analytes"],
        area=number(row["area_km2"]),
        nap=number(row["nap"]),
        contrast=number(row["contrast"]),
    )
    opened = bool(row.get("open", False))
    return {
        "rank": row["rank"],
        "id": row["composite_id"],
        "text": text,
        "open": opened,
    }


def _sheet(row: pd.Series, survey: AnomalySurvey, words: Words) -> dict[str, Any]:
    single = _singles(survey)
    members = single[single["anomaly_id"].isin(row["members"].split(", "))]
    title = words(
        "anomaly_sheet_caption", id=row["composite_id"], analytes=row["analytes"]
    )
    return {
        "name": f"sheet_{row['composite_id']}",
        "title": title,
        "members": _brief(members, words),
    }


def _singles(survey: AnomalySurvey) -> pd.DataFrame:
    """Anomalies of all analytes in one table, without their outlines."""
    tables = []
    for found in survey.maps.values():
        table = pd.DataFrame(found.anomalies.drop(columns="geometry"))
        table.attrs = {}
        if len(table):
            tables.append(table)
    return pd.concat(tables, ignore_index=True).drop(columns=LEFT_OUT_OF_SINGLE)


def _brief(table: pd.DataFrame, words: Words) -> dict[str, Any]:
    """Register without what a page has no room for."""
    from ..geochem import anomaly_register

    usual = [name for name in USUAL if name in table]
    idle = [name for name in usual if (table[name] == USUAL[name]).all()]
    left_out = [name for name in LEFT_OUT if name in table]
    return _listing(
        anomaly_register(table.drop(columns=left_out + idle), lang=words.lang)
    )


def _caption(analyte: str, survey: AnomalySurvey, words: Words) -> str:
    said = shares_said(survey.grids[analyte], words)
    said = said + words("stop") if said else ""
    return words("anomaly_element_caption", analyte=analyte, share=said).strip()


def _background(table: pd.DataFrame, words: Words) -> dict[str, Any]:
    shown = table[[name for name in BACKGROUND if name in table]].copy()
    for name in ("method", "transform"):
        if name in shown:
            shown[name] = [words.name(name, v) if v else "–" for v in shown[name]]
    for name in ("background_value", "threshold"):
        shown[name] = [float(f"{v:.4g}") for v in shown[name]]
    titles = {name: words.name("column", name) for name in shown}
    return _listing(shown.rename(columns=titles))


def _limits(survey: AnomalySurvey, words: Words) -> list[str]:
    composites = survey.composites
    judged = composites["class"].notna().sum() if "class" in composites else 0
    lines = [
        words("anomaly_limits_threshold"),
        words(
            "anomaly_limits_classes",
            n=len(composites),
            unjudged=len(composites) - int(judged),
        ),
    ]
    small = [found.anomalies.attrs for found in survey.maps.values()]
    left_out = sum(each.get("n_small", 0) for each in small)
    if left_out:
        area = number(small[0]["min_area_km2"])
        lines.append(words("anomaly_limits_small", n=left_out, area=area))
    grid = next(iter(survey.grids.values()))
    method = grid.attrs.get("method")
    if method:
        name = words.name("method", method)
        lines.append(words("anomaly_limits_gridding", method=name))
    return lines + [say(note, words.lang) for note in survey.notes]


def _listing(table: pd.DataFrame) -> dict[str, Any]:
    """Columns, which of them hold numbers, and the cells as text."""
    numeric = [name for name in table if is_numeric_dtype(table[name])]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    return {"columns": list(table.columns), "numeric": numeric, "rows": rows}


def _cell(value: object) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
    return str(value)


def _symbol_of(analyte: str) -> str:
    return analyte.split("_", maxsplit=1)[0]


def _address(figure: Picture) -> str:
    """Figure as an address that holds the picture itself."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110, **TIGHT, metadata=STRIPPED[".png"])
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"
