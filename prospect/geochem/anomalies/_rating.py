"""Anomalies ranked by a rule file, and the class an expert gives them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_columns

if TYPE_CHECKING:
    import geopandas as gpd

DEFAULT = Path(__file__).parents[2] / "data" / "anomaly_rating.toml"
SCALES = ("rank", "log", "linear")
RECORD = ["class", "reason", "person"]


def read_rating_rules(*, rules: str | Path = "default") -> dict[str, Any]:
    """
    Rules by which anomalies are rated.

    Parameters
    ----------
    rules : path or "default"
        TOML file with `version`, `rank_by`, `criteria` (column, weight, scale) and
        `classes`; "default" is the one that comes with the workbench, to be copied and
        edited.

    Returns
    -------
    dict
        Content of the file.

    Raises
    ------
    DataProblems
        All that is wrong with the file at once.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> [rule["column"] for rule in read_rating_rules()["criteria"]][:2]
    ['nap', 'contrast']
    """
    path = DEFAULT if str(rules) == "default" else Path(rules)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        remedy = "mend the line named; strings need quotes, tables [brackets]"
        raise DataProblems([Problem(f"not TOML: {error}", remedy, path.name)]) from None
    problems = [
        Problem(f"'{key}' is missing", "add it, as in the default rules", path.name)
        for key in ("version", "rank_by", "criteria", "classes")
        if not content.get(key)
    ]
    for number, rule in enumerate(content.get("criteria", []), 1):
        problems += _faults(rule, number, path.name)
    if problems:
        raise DataProblems(problems)
    return content


def _faults(rule: dict[str, Any], number: int, file: str) -> list[Problem]:
    where = {"file": file, "row": f"criteria {number}"}
    found = []
    if not isinstance(rule.get("column"), str):
        found.append(Problem("the column is missing", "name it", **where))
    weight = rule.get("weight")
    if not isinstance(weight, int | float) or not weight > 0:
        what, remedy = "the weight is not positive", "write a number such as 1.5"
        found.append(Problem(what, remedy, value=str(weight), **where))
    if rule.get("scale") not in SCALES:
        what, remedy = "the scale is unknown", f"use one of {SCALES}"
        found.append(Problem(what, remedy, value=str(rule.get("scale")), **where))
    return found


def rate_anomalies(
    anomalies: gpd.GeoDataFrame, *, rules: str | Path = "default"
) -> gpd.GeoDataFrame:
    """
    Anomalies with score and rank by the rules of a file.

    Each criterion is scaled to 0-1 over the anomalies rated together; the score is
    their weighted mean. It orders the anomalies of one survey and means nothing beside
    those of another.

    Parameters
    ----------
    anomalies : GeoDataFrame
        Of `delineate_anomalies` (one analyte or several joined) or `combine_anomalies`.
        A column `geology_score` (any scale, higher is better) takes part where it is.
    rules : path or "default"
        See `read_rating_rules`.

    Returns
    -------
    GeoDataFrame
        The same rows by rank, with `rank` (from 1) first and `score` (0 to 1) beside
        it. ``attrs["rating"]`` holds name and version of the rules, criteria used with
        their weights, and those left out because the table has no such column.

    Raises
    ------
    ValueError
        If there is no anomaly or none of the criteria is in the table.
    DataProblems
        If a criterion is missing or not a number for some anomaly.

    Examples
    --------
    >>> import geopandas as gpd
    >>> table = gpd.GeoDataFrame(
    ...     {"nap": [4.6, 33.3, 17.8], "contrast": [2.1, 2.7, 4.4]},
    ...     geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]), crs="EPSG:32654")
    >>> rated = rate_anomalies(table)
    >>> print(rated[["rank", "score", "nap"]].round(2).to_string())
       rank  score   nap
    0     1   0.89  33.3
    1     2   0.78  17.8
    2     3   0.33   4.6
    """
    if not len(anomalies):
        raise ValueError("there is no anomaly to rate")
    plan = read_rating_rules(rules=rules)
    used = [rule for rule in plan["criteria"] if rule["column"] in anomalies]
    absent = [r["column"] for r in plan["criteria"] if r["column"] not in anomalies]
    if not used:
        raise ValueError(
            f"none of the criteria {absent} is a column of the anomalies. Rate the "
            "table of delineate_anomalies or combine_anomalies."
        )
    _check_numbers(anomalies, used)
    weights = np.array([float(rule["weight"]) for rule in used])
    parts = [_scaled(anomalies[rule["column"]], rule["scale"]) for rule in used]
    score = np.round(
        (weights[:, None] * np.array(parts)).sum(axis=0) / weights.sum(), 9
    )
    rated = anomalies.copy()
    rated["score"] = score
    keys = [name for name in plan["rank_by"] if name in rated]
    rated = rated.sort_values(keys, ascending=False, kind="stable")
    rated = rated.reset_index(drop=True)
    front = ["rank", "score"]
    rated["rank"] = np.arange(1, len(rated) + 1)
    rated = rated[[*front, *(name for name in rated if name not in front)]]
    rated.attrs = anomalies.attrs | {
        "rating": {
            "name": plan.get("name", ""),
            "name_zh": plan.get("name_zh", ""),
            "version": plan["version"],
            "criteria": {rule["column"]: float(rule["weight"]) for rule in used},
            "absent": absent,
        }
    }
    return rated


def _check_numbers(anomalies: gpd.GeoDataFrame, used: list[dict]) -> None:
    ids = anomalies.get("composite_id", anomalies.get("anomaly_id"))
    problems = []
    for rule in used:
        column = anomalies[rule["column"]]
        numbers = pd.to_numeric(column, errors="coerce")
        bad = ~np.isfinite(numbers.to_numpy(dtype=float, na_value=np.nan))
        if rule["scale"] == "log":
            bad |= ~(numbers.to_numpy(dtype=float, na_value=np.nan) > 0)
        problems += [
            Problem(
                "the criterion has no usable value",
                "give every anomaly a number (positive for scale 'log'), or remove the "
                "criterion from the rules",
                row=int(i) + 1 if ids is None else str(ids.iloc[i]),
                column=rule["column"],
                value=str(column.iloc[i]),
            )
            for i in np.flatnonzero(bad)
        ]
    if problems:
        raise DataProblems(problems)


def _scaled(column: pd.Series, scale: str) -> np.ndarray:
    values = column.to_numpy(dtype=float)
    if scale == "rank":
        order = np.sort(values)
        return np.searchsorted(order, values, side="right") / len(values)
    values = np.log(values) if scale == "log" else values
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.ones(len(values))


def record_classes(
    anomalies: gpd.GeoDataFrame,
    judgements: pd.DataFrame,
    *,
    rules: str | Path = "default",
) -> gpd.GeoDataFrame:
    """
    Anomalies with the class an expert gave them, who and why.

    Classes 甲, 乙, 丙 (A, B, C) are judgements of people, not of a formula: they are
    recorded with their reason and author and never computed.

    Parameters
    ----------
    anomalies : GeoDataFrame
        With `composite_id` or `anomaly_id`.
    judgements : DataFrame
        That id, `class` (a class of the rules in Chinese or Latin letters, with or
        without a number, such as 甲1 or B2), `reason`, `person`, and `date` if known.
    rules : path or "default"
        File that names the classes.

    Returns
    -------
    GeoDataFrame
        The same rows with `class` (the Chinese letter and its number), `class_reason`,
        `class_person`, `class_date`; missing where nobody judged.
        ``attrs["unjudged"]`` counts those.

    Raises
    ------
    ValueError
        If ids or columns are missing.
    DataProblems
        All at once: unknown classes, unknown ids, two judgements of one anomaly, no
        reason or person.

    Examples
    --------
    >>> import geopandas as gpd
    >>> found = gpd.GeoDataFrame({"anomaly_id": ["Cu-1", "Cu-2"]},
    ...     geometry=gpd.points_from_xy([0, 1], [0, 0]), crs="EPSG:32654")
    >>> said = pd.DataFrame({"anomaly_id": ["Cu-1"], "class": ["A1"],
    ...     "reason": ["above the Baishan deposit"], "person": ["Li"]})
    >>> record_classes(found, said)["class"].tolist()
    ['甲1', nan]
    """
    key = "composite_id" if "composite_id" in anomalies else "anomaly_id"
    check_columns(anomalies, key, where="anomalies")
    check_columns(judgements, [key, *RECORD], where="judgements")
    classes = read_rating_rules(rules=rules)["classes"]
    letters = {each[n]: each["name"] for each in classes for n in ("name", "latin")}
    told = judgements.reset_index(drop=True)
    parsed = [_class_of(text, letters) for text in told["class"]]
    problems = _misjudged(told, key, parsed, set(anomalies[key]), sorted(letters))
    if problems:
        raise DataProblems(problems)
    told = told.assign(**{"class": parsed}).set_index(key)
    out = anomalies.copy()
    out["class"] = out[key].map(told["class"])
    for name in ("reason", "person", "date"):
        if name in told:
            out[f"class_{name}"] = out[key].map(told[name])
    out.attrs = anomalies.attrs | {"unjudged": int(out["class"].isna().sum())}
    return out


def _class_of(text: object, letters: dict[str, str]) -> str | None:
    """Class in Chinese letters with its number; None if it is none."""
    found = re.fullmatch(r"\s*(\D+?)\s*(\d*)\s*类?\s*", str(text))
    if not found or found[1].upper() not in letters:
        return None
    return letters[found[1].upper()] + found[2]


def _misjudged(
    told: pd.DataFrame,
    key: str,
    parsed: list[str | None],
    known: set[str],
    letters: list[str],
) -> list[Problem]:
    """Everything that is wrong with judgements, row by row."""
    twice = told[key].duplicated(keep=False)
    say_it = "say it: a class is a judgement"
    checks = [
        (key, ~told[key].isin(known), "there is no such anomaly", "mend the id"),
        (key, twice, "the anomaly is judged twice", "keep one judgement"),
        (
            "class",
            pd.Series([each is None for each in parsed], dtype=bool),
            "the class is unknown",
            f"use one of {letters}, such as 甲1",
        ),
        ("reason", _void(told["reason"]), "no reason is given", say_it),
        ("person", _void(told["person"]), "no person is given", say_it),
    ]
    return [
        Problem(what, remedy, row=i + 1, column=name, value=str(told[name].iloc[i]))
        for name, bad, what, remedy in checks
        for i in np.flatnonzero(bad)
    ]


def _void(column: pd.Series) -> pd.Series:
    return column.isna() | (column.astype(str).str.strip() == "")
