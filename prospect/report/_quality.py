"""What the scores say, in a plain sentence and in rows to draw."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from ._numbers import number, score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ._words import Words

FOLDS = ("blocks", "buffered", "random")
METRICS = ("auc", "average_precision", "capture_efficiency")


class Dot(NamedTuple):
    """One row of the chart of scores; places are per cent of its width."""

    name: str
    folds: str
    null: bool
    best: bool
    text: str
    pooled: float | None
    mean: float | None
    low: float | None
    high: float | None


class Row(NamedTuple):
    """One row of the table of scores."""

    name: str
    row: Mapping[str, Any]
    null: bool
    best: bool


class Group(NamedTuple):
    """Rows of one measure in one kind of folds."""

    metric: str
    folds: str
    rows: list[Row]


class Verdict(NamedTuple):
    """Whether a model beats the null model: `level` is good, doubt, bad or unknown."""

    level: str
    sentences: list[str]


def is_null(row: Mapping[str, Any]) -> bool:
    """Whether a row of scores is that of the null model."""
    name = str(row.get("model", "")).lower()
    return "null" in name or "nearest" in name


def model_name(model: Mapping[str, Any], words: Words) -> str:
    """Display name: the kind in words where the key says no more than the kind."""
    key, kind = str(model.get("key", "")), str(model.get("kind", ""))
    return words.name("kind", kind) if key in ("", kind) else key.replace("_", " ")


def row_name(row: Mapping[str, Any], model: Mapping[str, Any], words: Words) -> str:
    """Display name of a row of scores."""
    if is_null(row):
        return words("null_row")
    own = row.get("model") in (None, "model", model.get("key"), model.get("kind"))
    return model_name(model, words) if own else str(row["model"])


def main_metric(scores: Sequence[Mapping[str, Any]]) -> str | None:
    """Measure the verdict is given in."""
    found = [row.get("score") for row in scores]
    return next((m for m in METRICS if m in found), found[0] if found else None)


def main_row(model: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Row to believe: the model's, in spatial blocks, else in buffered ones."""
    rows = {row["folds"]: row for row in _of_metric(model) if not is_null(row)}
    spatial = [f for f in ("blocks", "buffered") if f in rows]
    spatial += [folds for folds in rows if folds not in FOLDS]
    return rows[spatial[0]] if spatial else None


def verdict(model: Mapping[str, Any], words: Words) -> Verdict:
    """
    Sentences that say whether a model beats the null model, and what random folds add.

    The model beats it when the low end of the interval of their difference
    (`model["difference"]`, AUC on blocks) is positive; where that is not given, when
    the low end of its own interval lies above the null model's pooled score in the same
    folds.
    """
    mine, name = main_row(model), model_name(model, words)
    null = mine and next(
        (r for r in _of_metric(model) if is_null(r) and r["folds"] == mine["folds"]),
        None,
    )
    value, chance = _value(mine), _value(null)
    if mine is None or value is None or chance is None:
        return Verdict("unknown", [words("verdict_unknown", model=name)])
    low, high = mine.get("low"), mine.get("high")
    apart = _difference(model, mine).get("low")
    if not _known(apart) and _known(low):
        apart = low - chance
    level, key = _judge(value - chance, apart, _known(low) and _known(high))
    sentence = words(
        key,
        folds=words.name("fold", mine["folds"]),
        model=name,
        value=score(value),
        low=score(low),
        high=score(high),
        null=score(chance),
        null_model=words("null_model"),
    )
    gained = _gain(_difference(model, mine), words)
    return Verdict(level, [sentence, *gained, *_flattery(model, value, words)])


def _difference(
    model: Mapping[str, Any], row: Mapping[str, Any]
) -> Mapping[str, float]:
    """Return what the model gains on the null model, where it is known of this row."""
    same = row.get("score") == "auc" and row["folds"] == "blocks"
    return (model.get("difference") or {}) if same else {}


def _judge(difference: float, apart: float | None, interval: bool) -> tuple[str, str]:
    if difference <= 0:
        return "bad", "verdict_worse"
    if not _known(apart) or not interval:
        return "doubt", "verdict_higher"
    return ("good", "verdict_better") if apart > 0 else ("doubt", "verdict_perhaps")


def dots(models: Iterable[Mapping[str, Any]], best: str | None, words: Words) -> list:
    """
    Rows of the chart: every model in every kind of folds, the null model once a kind.

    Places run from 0 at the left end, which is 0.5 or the lowest score, to 100 at 1.
    """
    rows = _one_null(
        (model, row)
        for model in models
        for row in sorted(_of_metric(model), key=_fold_order)
    )
    start = _axis_start(row for _, row in rows)
    return [
        Dot(
            row_name(row, model, words),
            words.name("fold", row["folds"]),
            is_null(row),
            not is_null(row) and model.get("key") == best,
            score(_value(row)),
            *(_place(row.get(c), start) for c in ("pooled", "mean_of_folds")),
            *(_place(row.get(c), start) for c in ("low", "high")),
        )
        for model, row in rows
    ]


def chart_ticks(models: Iterable[Mapping[str, Any]]) -> list[tuple[float, str]]:
    """Places and labels of the chart's axis."""
    start = _axis_start(row for model in models for row in _of_metric(model))
    step = 0.1 if start >= 0.3 else 0.2
    count = round((1 - start) / step)
    values = [start + i * step for i in range(count + 1)]
    return [(_place(value, start), f"{value:.1f}") for value in values]


def score_groups(
    models: Iterable[Mapping[str, Any]], best: str | None, words: Words
) -> list[Group]:
    """Rows of the table of scores, by measure and folds, the null model last."""
    groups: dict[tuple, list[Row]] = {}
    for model in models:
        for row in model.get("scores") or []:
            group = groups.setdefault((row.get("score"), row["folds"]), [])
            if not (is_null(row) and any(other.null for other in group)):
                null = is_null(row)
                mark = not null and model.get("key") == best
                group.append(Row(row_name(row, model, words), row, null, mark))
    measures = list(dict.fromkeys(measure for measure, _ in groups))
    order = sorted(groups, key=lambda g: (measures.index(g[0]), _place_of_folds(g[1])))
    return [
        Group(*group, sorted(groups[group], key=lambda row: row.null))
        for group in order
    ]


def _of_metric(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    scores = model.get("scores") or []
    metric = main_metric(scores)
    return [row for row in scores if row.get("score") == metric]


def _gain(difference: Mapping[str, float], words: Words) -> list[str]:
    if not all(_known(difference.get(name)) for name in ("value", "low", "high")):
        return []
    ends = {k: f"{v:+.3f}".replace("-", "−") for k, v in difference.items()}
    return [words("gain_line", **ends)]


def _flattery(model: Mapping[str, Any], value: float, words: Words) -> list[str]:
    rows = [r for r in _of_metric(model) if r["folds"] == "random" and not is_null(r)]
    flattering = _value(rows[0]) if rows else None
    if flattering is None:
        return []
    by = flattering - value
    key = "flatter_more" if by >= 0.005 else "flatter_not"
    return [words(key, random=score(flattering), by=number(by, digits=2))]


def _one_null(rows: Iterable) -> list:
    """Keep the null model's row once for each kind of folds, after the models."""
    seen, models, nulls = set(), [], []
    for model, row in rows:
        if not is_null(row):
            models.append((model, row))
        elif row["folds"] not in seen:
            seen.add(row["folds"])
            nulls.append((model, row))
    return models + nulls


def _fold_order(row: Mapping[str, Any]) -> tuple:
    return (is_null(row), *_place_of_folds(row["folds"]))


def _place_of_folds(folds: object) -> tuple:
    return (FOLDS.index(folds) if folds in FOLDS else -1, str(folds))


def _value(row: Mapping[str, Any] | None) -> float | None:
    found = [row.get(name) for name in ("pooled", "mean_of_folds")] if row else []
    return next((value for value in found if _known(value)), None)


def _known(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _axis_start(rows: Iterable[Mapping[str, Any]]) -> float:
    names = ("pooled", "mean_of_folds", "low")
    values = [row[n] for row in rows for n in names if _known(row.get(n))]
    return math.floor(10 * min([0.5, *values]) + 1e-9) / 10


def _place(value: object, start: float) -> float | None:
    if not _known(value):
        return None
    return round(min(max(100 * (float(value) - start) / (1 - start), 0), 100), 2)
