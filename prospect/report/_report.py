"""The report: one HTML file with everything in it."""

from __future__ import annotations

import base64
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import write_text

from . import _numbers, _quality, _spoken
from ._fonts import figure_language
from ._words import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent / "data"
KINDS = {
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
}
LISTS = (
    "layers",
    "leakage",
    "notes",
    "models",
    "targets",
    "timings",
    "inputs",
    "skipped",
)
MAPPINGS = ("deposits", "background", "figures", "versions")
SECTIONS = (
    "answer",
    "quality",
    "evidence",
    "labels",
    "weights",
    "targets",
    "limits",
    "provenance",
)
WEIGHT_COLUMNS = {
    "area_km2": "km²",
    "n_deposits": "n",
    "w_plus": "W+",
    "s_w_plus": "s(W+)",
    "w_minus": "W−",
    "s_w_minus": "s(W−)",
    "contrast": "C",
    "s_contrast": "s(C)",
    "studentized_contrast": "C/s(C)",
    "generalized_class": "→",
}
MOST_WEIGHTS = 30
N_TOP = 5


def write_report(
    content: Mapping[str, Any], path: str | Path, *, lang: str = "en"
) -> Path:
    """
    Report of a prospecting job as one HTML file that needs no network.

    Parameters
    ----------
    content : mapping
        Plain values under `district` (needed), `layers`, `deposits`, `background`,
        `leakage`, `notes`, `models`, `best_model`, `targets`, `target_rule`, `figures`,
        `timings`, `versions`, `random_state`, `code_revision`, `inputs`, `skipped`.
        Relative paths of figures start from the folder of `path`. Notes, leakage, what
        was skipped and the target rule are codes and values (see
        `prospect.validation.Validation.to_dict`), which are said in `lang`, or plain
        text.
    path : path
        Name of the report.
    lang : {"en", "zh"}
        Language.

    Returns
    -------
    Path
        `path`. The same content gives the same bytes.

    Raises
    ------
    KeyError
        If `content` has no `district`.
    ValueError
        If `lang` is another language.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/report.html"
    >>> page = write_report({"district": {"name": "Somewhere"}}, path)
    >>> "<title>Somewhere: where to look" in page.read_text(encoding="utf-8")
    True
    """
    words = Words(lang)
    if "district" not in content:
        raise KeyError(
            "content has no 'district': give at least {'district': {'name': …}}"
        )
    path = Path(path)
    page = _environment(words).get_template("report.html.j2")
    return write_text(path, page.render(_view(content, path.parent, words)))


def _environment(words: Words) -> Any:  # noqa: ANN401
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=words, name_of=words.name, lang=words.lang)
    environment.filters["chinese"] = _spoken.is_chinese
    filters = ("number", "percent", "score", "code", "size")
    environment.filters.update({name: getattr(_numbers, name) for name in filters})
    return environment


def _view(content: Mapping[str, Any], folder: Path, words: Words) -> dict[str, Any]:
    view = {name: list(content.get(name) or []) for name in LISTS}
    view |= {name: dict(content.get(name) or {}) for name in MAPPINGS}
    view |= {"district": dict(content["district"]), "css": _css()}
    for name in ("best_model", "target_rule", "random_state", "code_revision"):
        view[name] = content.get(name)
    view["title"] = _own(view["district"], "name", words)
    view["description"] = _own(view["district"], "description", words)
    view["figures"] = {
        name: link if name == "scene_html" else _embed(folder, link)
        for name, link in view["figures"].items()
    }
    view["font_missing"] = figure_language(words.lang) != words.lang
    titles = {layer["name"]: _layer_title(layer, words) for layer in view["layers"]}
    view["layer_titles"] = titles
    view |= _quality_view(view, words) | _target_view(view, words)
    view["dropped"] = {
        words.name("dropped", reason): count
        for reason, count in (view["deposits"].get("dropped") or {}).items()
        if count
    }
    for name in ("leakage", "notes", "skipped"):
        view[name] = _spoken.lines(view[name], words, titles)
    view["target_rule"] = _spoken.rule(view["target_rule"], words, titles)
    view["gaps"] = [
        f"{titles[layer['name']]} "
        f"({_numbers.percent(layer['missing_share'], digits=2)} %)"
        for layer in view["layers"]
        if (layer.get("missing_share") or 0) > 0.005
    ]
    view["weights"] = _weights_view(view["models"])
    shown = {"weights": view["weights"], "targets": view["targets"]}
    view["sections"] = [name for name in SECTIONS if shown.get(name, True)]
    return view


def _css() -> str:
    return (FOLDER / "report.css").read_text(encoding="utf-8")


def _layer_title(layer: Mapping[str, Any], words: Words) -> str:
    return _own(layer, "title", words) or str(layer["name"])


def _own(texts: Mapping[str, Any], name: str, words: Words) -> str:
    """Text in the language of the report where there is one."""
    chinese = texts.get(f"{name}_zh") if words.lang == "zh" else None
    return str(chinese or texts.get(name) or "")


def _quality_view(view: Mapping[str, Any], words: Words) -> dict[str, Any]:
    models, best = view["models"], view["best_model"]
    chosen = next((m for m in models if m.get("key") == best), None)
    chosen = chosen or (models[0] if models else None)
    scores = [row for model in models for row in model.get("scores") or []]
    return {
        "best": chosen,
        "best_name": _quality.model_name(chosen, words) if chosen else "",
        "verdict": _quality.verdict(chosen, words) if chosen else None,
        "best_row": _quality.main_row(chosen) if chosen else None,
        "metric": _quality.main_metric(scores),
        "dots": _quality.dots(models, chosen and chosen.get("key"), words),
        "ticks": _quality.chart_ticks(models),
        "model_name": partial(_quality.model_name, words=words),
        "scores": _quality.score_groups(models, chosen and chosen.get("key"), words),
        "plans": _plans(models, words),
        "model_notes": _model_notes(models, words, view["layer_titles"]),
        "crossings": _crossings(models, words),
    }


def _crossings(
    models: list[Mapping[str, Any]], words: Words
) -> list[tuple[str, Mapping[str, Any]]]:
    """Where each model's prediction-area curves cross, as far as they do."""
    found = []
    for model in models:
        area = model.get("prediction_area") or {}
        crossing = area.get("crossing") or area
        if isinstance(crossing.get("captured"), (int, float)):
            found.append((_quality.model_name(model, words), crossing))
    return found


def _model_notes(
    models: list[Mapping[str, Any]], words: Words, titles: Mapping[str, str]
) -> _spoken.Lines:
    """Notes on the validation, each once, with the models it holds for."""
    notes: dict[str, list[str]] = {}
    for model in models:
        found = [_spoken.said(n, words, titles) for n in model.get("notes") or []]
        for note in dict.fromkeys(found):
            notes.setdefault(note, []).append(_quality.model_name(model, words))
    everyone = len(models) if len(models) > 1 else 0
    plain = _spoken.sorted_out(notes, words)
    named = {
        note: note
        if len(names) == everyone
        else words("comma").join(names) + words("colon") + note
        for note, names in notes.items()
    }
    return _spoken.Lines(*([named[note] for note in part] for part in plain))


def _plans(models: list[Mapping[str, Any]], words: Words) -> list[str]:
    """Block size and buffer, one line for all models that share them."""
    plans: dict[tuple, list[str]] = {}
    for model in models:
        plan = (model.get("block_size"), model.get("buffer"))
        if plan[0] is not None:
            plans.setdefault(plan, []).append(_quality.model_name(model, words))
    return [
        words(
            "block_line",
            block=_numbers.number(block),
            buffer=_numbers.number(buffer),
            models=words("comma").join(names),
        )
        for (block, buffer), names in plans.items()
    ]


def _target_view(view: Mapping[str, Any], words: Words) -> dict[str, Any]:
    targets = sorted(view["targets"], key=lambda target: target.get("rank") or 0)
    reasons = partial(_spoken.reasons, words=words, titles=view["layer_titles"])
    for_it, against = "evidence_for", "evidence_against"
    targets = [
        {**t, **{name: reasons(t.get(name)) for name in (for_it, against)}}
        for t in targets
    ]
    total = sum(target.get("area_km2") or 0 for target in targets)
    mapped = view["district"].get("area_km2") or 0
    return {
        "targets": targets,
        "top": targets[:N_TOP],
        "target_area": total,
        "target_share": total / mapped if mapped else None,
        "reasons": any(t[for_it] or t[against] for t in targets),
    }


def _weights_view(models: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    weighed = next((model["weights"] for model in models if model.get("weights")), {})
    return {
        layer: {
            "columns": [c for c in WEIGHT_COLUMNS if any(c in row for row in rows)],
            "heads": WEIGHT_COLUMNS,
            "rows": _strongest(rows),
            "more": max(0, len(rows) - MOST_WEIGHTS),
        }
        for layer, rows in weighed.items()
        if rows
    }


def _strongest(rows: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Rows with the largest contrasts, in the order they came in."""

    def strength(row: Mapping[str, Any]) -> float:
        value = row.get("studentized_contrast")
        return abs(value) if isinstance(value, (int, float)) else 0.0

    kept = sorted(range(len(rows)), key=lambda i: -strength(rows[i]))[:MOST_WEIGHTS]
    return [rows[i] for i in sorted(kept)]


def _embed(folder: Path, link: str | Path | None) -> str | None:
    """Picture as a data URI; None, and a line in the log, when it is not there."""
    if not link:
        return None
    path = folder / link
    kind = KINDS.get(path.suffix.lower())
    if kind is None or not path.is_file():
        log.warning("figure %s is left out of the report: not a picture file", path)
        return None
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
