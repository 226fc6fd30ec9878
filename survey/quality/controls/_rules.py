"""Rules by which assays are judged: data, not code."""

from __future__ import annotations

import difflib
import functools
import tomllib
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from ..._headers import parse_header
from ..._problems import DataProblems, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACTIONS = ("note", "warn", "reassay", "reject")
REQUIRED = ("accuracy", "stability", "blank", "precision")
_KINDS = ("field_duplicate", "coarse_duplicate", "pulp_duplicate", "laboratory_check")
_SHARE, _CHANCE, _SIZE, _COUNT = (0, 100), (0, 1), (0, float("inf")), (1, 10**6)
# what each rule is about, and its numbers with the range that makes sense
_RULES: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "1-2s": ("reference material", {"limit": _SIZE}),
    "1-3s": ("reference material", {"limit": _SIZE}),
    "2-2s": ("reference material", {"limit": _SIZE}),
    "R-4s": ("reference material", {"limit": _SIZE}),
    "4-1s": ("reference material", {"limit": _SIZE}),
    "10x": ("reference material", {"limit": _SIZE}),
    "moving_average": ("reference material", {"window": _COUNT, "limit": _SIZE}),
    "delta_log": (
        "reference material",
        {"near_times": _SIZE, "near": _SIZE, "limit": _SIZE, "only_without_sd": (0, 1)},
    ),
    "rsd": (
        "reference material",
        {
            "minimum_n": _COUNT,
            "near_times": _SIZE,
            **dict.fromkeys(("near", "limit", "from_1_pct", "from_5_pct"), _SIZE),
        },
    ),
    "batch_bias": ("reference material", {"limit": _SIZE, "alpha": _CHANCE}),
    "bias": (
        "reference material",
        {"limit": _SIZE, "alpha": _CHANCE, "minimum_n": _COUNT},
    ),
    "drift": ("reference material", {"alpha": _CHANCE, "minimum_n": _COUNT}),
    "most_fail": ("reference material", {"limit": _SHARE, "minimum_n": _COUNT}),
    "blank": ("blank", {"limit": _SIZE}),
    "carry_over": ("blank", {"limit": _SHARE}),
    "hard": (
        "duplicate",
        {
            **dict.fromkeys(_KINDS, _SHARE),
            "near_times": _SIZE,
            "required": _SHARE,
            "alpha": _CHANCE,
        },
    ),
    "re": (
        "duplicate",
        {
            "limit": (0, 200),
            "near_times": _SIZE,
            "required": _SHARE,
            "minimum_n": _COUNT,
        },
    ),
    "target_rsd": ("duplicate", {**dict.fromkeys(_KINDS, _SHARE), "alpha": _CHANCE}),
    "laboratory_bias": ("laboratory check", {"limit": _SIZE, "alpha": _CHANCE}),
}
_COMMON = ("on", "action", "unit", "reference", "primary_read")


class Rule(NamedTuple):
    """One rule: what it is about, whether it is on, and its numbers."""

    code: str
    check: str
    on: bool
    action: str
    numbers: Mapping[str, float]
    exceptions: Mapping[str, float]
    unit: str
    reference: str
    primary_read: bool

    def limit(self, analyte: str) -> float:
        """Limit for an analyte, by its symbol where the rule makes an exception."""
        header = parse_header(analyte)
        symbol = header.symbol if header else analyte.split("_")[0]
        return self.exceptions.get(symbol, self.numbers.get("limit", float("nan")))


@dataclass(frozen=True)
class QualityRules:
    """
    Rules of quality control, as `read_quality_rules` gives them.

    Parameters
    ----------
    name : str
        Name of the rule file.
    title : str
        What they are, in words.
    required : tuple of str
        What must be tested before a batch is accepted.
    rules : dict
        Rule by code.

    Examples
    --------
    >>> rules = read_quality_rules("international")
    >>> rules["10x"].on, rules.change("10x", on=True)["10x"].on
    (False, True)
    >>> rules.change("blank", limit=10.0)["blank"].numbers["limit"]
    10.0
    """

    name: str
    title: str
    required: tuple[str, ...]
    rules: Mapping[str, Rule]

    def __getitem__(self, code: str) -> Rule:
        """Return the rule of a code."""
        return self.rules[code]

    def change(
        self,
        code: str,
        *,
        on: bool | None = None,
        action: str | None = None,
        **numbers: float,
    ) -> QualityRules:
        """Return the rules with one of them changed, checked as a file is."""
        if code not in self.rules:
            near = _unknown("rule", code, self.rules, self.name)
            raise DataProblems([near])
        old = self.rules[code]
        section = {**old.numbers, "exceptions": dict(old.exceptions), **numbers}
        section |= {key: getattr(old, key) for key in _COMMON}
        section["on"] = old.on if on is None else on
        section["action"] = old.action if action is None else action
        problems: list[Problem] = []
        new = _rule(code, section, self.name, problems)
        if new is None:
            raise DataProblems(problems)
        return replace(self, rules={**self.rules, code: new})

    def table(self) -> pd.DataFrame:
        """Return the rules as a table, one a row, with their sources."""
        rows = []
        for rule in self.rules.values():
            values = dict(rule.numbers)
            if rule.exceptions:
                values["exceptions"] = dict(rule.exceptions)
            rows.append(
                {
                    "code": rule.code,
                    "check": rule.check,
                    "on": rule.on,
                    "action": rule.action,
                    "values": values,
                    "unit": rule.unit,
                    "reference": rule.reference,
                    "primary_read": rule.primary_read,
                }
            )
        return pd.DataFrame(rows)


def read_quality_rules(name_or_path: str | Path) -> QualityRules:
    """
    Rules of quality control from a file, checked.

    Parameters
    ----------
    name_or_path : str or path
        ``"international"`` (also called ``"default"``) or ``"china_1_50k"``, or a TOML
        file. A file that says ``based_on = "international"`` needs to hold only the
        rules that differ.

    Returns
    -------
    QualityRules
        Its ``table()`` lists the rules with unit, source, and whether the text of the
        source was read.

    Raises
    ------
    FileNotFoundError
        If there is neither such a name nor such a file.
    DataProblems
        All at once: unknown rules, unknown, missing or impossible entries.

    References
    ----------
    Each rule names its own.

    Examples
    --------
    >>> rules = read_quality_rules("china_1_50k")
    >>> rules["re"].limit("Cu_ppm"), rules["re"].limit("Au_ppb")
    (30.0, 50.0)
    """
    name = str(name_or_path)
    name = "international" if name == "default" else name
    path = Path(name)
    if name in _supplied():
        text = _folder().joinpath(f"{name}.toml").read_text("utf-8")
    elif path.is_file():
        text = path.read_text("utf-8")
    else:
        raise FileNotFoundError(
            f"no rules {name!r}: give the path of a TOML file, or one of "
            f"{', '.join(_supplied())}"
        )
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        remedy = "correct the TOML; survey/data/quality_rules holds examples"
        raise DataProblems([Problem(str(error), remedy, file=name)]) from error
    return _understood(content, path.stem, name)


def _folder() -> Any:  # noqa: ANN401
    return files(__package__.split(".")[0]).joinpath("data", "quality_rules")


@functools.cache
def _supplied() -> tuple[str, ...]:
    names = (item.name for item in _folder().iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


def _understood(content: dict[str, Any], stem: str, file: str) -> QualityRules:
    """Rules from the content of a file, or all that is wrong with it."""
    problems: list[Problem] = []
    known = {"title", "based_on", "required", "rules"}
    strange = [key for key in content if key not in known]
    problems += [_unknown("entry", key, known, file) for key in strange]
    found: dict[str, Rule] = {}
    required = tuple(REQUIRED[:1])
    base = content.get("based_on")
    if base is not None and base not in _supplied():
        what = "there are no rules of this name to start from"
        problems.append(
            Problem(
                what, f"name one of {', '.join(_supplied())}", file, value=str(base)
            )
        )
    elif base is not None:
        parent = read_quality_rules(base)
        found, required = dict(parent.rules), parent.required
    required = _required(content.get("required", required), file, problems)
    sections = content.get("rules", {})
    for code in sections:
        if code not in _RULES:
            problems.append(_unknown("rule", code, _RULES, file))
            continue
        rule = _rule(code, sections[code], file, problems)
        if rule is not None:
            found[code] = rule
    absent = [code for code in _RULES if code not in found and code not in sections]
    problems += [
        Problem(
            "a rule is missing",
            'add it, on = false if unwanted, or start from based_on = "international"',
            file,
            column=f"rules.{code}",
        )
        for code in absent
    ]
    if problems:
        raise DataProblems(problems)
    ordered = {code: found[code] for code in _RULES}
    return QualityRules(stem, str(content.get("title", stem)), required, ordered)


def _required(value: Any, file: str, problems: list[Problem]) -> tuple[str, ...]:  # noqa: ANN401
    items = tuple(value) if isinstance(value, list | tuple) else (value,)
    bad = [item for item in items if item not in REQUIRED]
    for item in bad:
        what = "not a kind of test"
        remedy = f"list any of {', '.join(REQUIRED)}"
        problems.append(Problem(what, remedy, file, column="required", value=str(item)))
    return items


def _rule(
    code: str,
    section: Any,  # noqa: ANN401
    file: str,
    problems: list[Problem],
) -> Rule | None:
    """One rule, or None with the reasons added to `problems`."""
    place = f"rules.{code}"
    if not isinstance(section, dict):
        remedy = f"write [{place}] with its entries below"
        problems.append(
            Problem("not a table", remedy, file, column=place, value=str(section))
        )
        return None
    check, ranges = _RULES[code]
    before = len(problems)
    allowed = {*_COMMON, *ranges, "exceptions"}
    problems += [
        _unknown("entry", key, allowed, file, place) for key in section.keys() - allowed
    ]
    problems += [
        Problem("an entry is missing", f"add {key} = …", file, column=f"{place}.{key}")
        for key in (*_COMMON, *ranges)
        if key not in section
    ]
    types = {"on": bool, "primary_read": bool, "unit": str, "reference": str}
    for key, kind in types.items():
        if key in section and not isinstance(section[key], kind):
            remedy = "write true or false" if kind is bool else "write it in quotes"
            problems.append(_bad(file, place, key, section[key], remedy))
    if section.get("action", "note") not in ACTIONS:
        remedy = f"write one of {', '.join(ACTIONS)}"
        problems.append(_bad(file, place, "action", section["action"], remedy))
    values = {key: section[key] for key in ranges if key in section}
    for key, value in values.items():
        problems += _out_of_range(value, ranges[key], file, place, key)
    exceptions = section.get("exceptions", {})
    for key, value in exceptions.items():
        problems += _out_of_range(value, _SIZE, file, place, f"exceptions.{key}")
    if len(problems) > before:
        return None
    told = {key: section[key] for key in _COMMON}
    return Rule(code=code, check=check, numbers=values, exceptions=exceptions, **told)


def _out_of_range(
    value: Any,  # noqa: ANN401
    allowed: tuple[float, float],
    file: str,
    place: str,
    key: str,
) -> list[Problem]:
    low, high = allowed
    if isinstance(value, int | float) and low <= value <= high:
        return []
    remedy = f"write a number from {low:g} to {high:g}"
    return [_bad(file, place, key, value, remedy)]


def _bad(file: str, place: str, key: str, value: Any, remedy: str) -> Problem:  # noqa: ANN401
    what = "an entry makes no sense"
    return Problem(what, remedy, file, column=f"{place}.{key}", value=str(value))


def _unknown(
    thing: str,
    name: str,
    known: Iterable[str],
    file: str,
    place: str = "",
) -> Problem:
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"did you mean {near[0]!r}?" if near else "remove it"
    remedy = f"{hint} Known are {', '.join(sorted(known))}"
    column = f"{place}.{name}" if place else name
    return Problem(f"unknown {thing}", remedy.rstrip("."), file, column=column)
