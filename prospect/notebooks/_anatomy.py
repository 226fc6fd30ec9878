"""What every curated notebook has; everything that is missing is said at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import DataProblems, Problem

from .._note import Note
from ._anatomy_code import check_code, named_data, parameters_of
from ._notebook import LANGUAGES, LISTS, NUMBERS, header_of
from ._source import language_of, read_source, tags_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROWS = {
    "en": ("For", "You will learn", "Needs", "Data and licence"),
    "zh": ("适用", "内容", "需要", "数据与许可"),
}
SECTIONS = {
    "en": ("Limits", "Exercises with your own data", "References", "Next"),
    "zh": ("局限", "用自己的数据练习", "参考文献", "下一步"),
}
LICENCE = re.compile(
    r"Apache-2|CC[ -]BY|CC0|\bMIT\b|BSD|GPL|[Pp]ublic domain|公有领域|公共领域|"
    r"open data|开放数据|free to use|自由使用"
)
KEYS = ("format", "language", *LISTS, *NUMBERS)
OPTIONAL = ("test_parameters", "needs_version", "lang", "given")
REMEDIES = {
    "name_form": "name_form_remedy",
    "kernel_other": "kernel_other_remedy",
    "header_missing": "header_missing_remedy",
    "header_unknown": "header_unknown_remedy",
    "header_language": "header_language_remedy",
    "header_list": "header_list_remedy",
    "header_number": "header_number_remedy",
    "header_test": "header_test_remedy",
    "title_missing": "title_missing_remedy",
    "row_missing": "row_missing_remedy",
    "needs_differ": "needs_differ_remedy",
    "licence_missing": "licence_missing_remedy",
    "data_unnamed": "data_unnamed_remedy",
    "cell_empty": "cell_empty_remedy",
    "secret": "secret_remedy",
    "link_relative": "link_relative_remedy",
    "why_missing": "why_missing_remedy",
    "output_stored": "output_stored_remedy",
    "section_missing": "section_missing_remedy",
    "data_unknown": "data_unknown_remedy",
    "data_unstated": "data_unstated_remedy",
    "data_unused": "data_unused_remedy",
    "code_syntax": "code_syntax_remedy",
    "name_private": "name_private_remedy",
    "path_absolute": "path_absolute_remedy",
    "helper_long": "helper_long_remedy",
    "figure_hidden": "figure_hidden_remedy",
    "import_unused": "import_unused_remedy",
    "parameters_cell": "parameters_cell_remedy",
    "parameter_bare": "parameter_bare_remedy",
}
SAMPLE = "synthetic_district"
SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|hf_\w{30,}|xox[abp]-[\w-]{10,}|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY|eyJ[\w-]{10,}\.[\w-]{10,}\.|\b[0-9a-f]{40,}\b|"
    r"(?i:token|passw(?:or)?d|secret|api_?key)\s*=\s*[\"'][^\"']{6,}[\"']"
)
LINK = re.compile(r"\]\((?!https?://|#|mailto:|attachment:)([^)]+)\)")
NAME = re.compile(r"[0-9]{2}_[a-z0-9_]+(_(en|zh))?")


def check_notebook(path: str | Path) -> list[Problem]:
    """
    Hold a notebook to the anatomy: header, table, parameters, steps, sections, code.

    Parameters
    ----------
    path : path
        Percent text, or ``.ipynb``.

    Returns
    -------
    list of Problem
        Everything that is wrong, in the order of the notebook; empty if nothing is.

    Raises
    ------
    FileNotFoundError
        If the file is not there.

    See Also
    --------
    new_notebook : A notebook to start from, which passes.

    Examples
    --------
    >>> from prospect.notebooks import new_notebook
    >>> import tempfile
    >>> text = new_notebook(Path(tempfile.mkdtemp()) / "20_gold.py", title="Gold")
    >>> check_notebook(text)
    []
    """
    path = Path(path)
    try:
        content = read_source(path)
    except DataProblems as error:
        return list(error.problems)
    found = list(_check(content, path))
    return [
        Problem(Note(code, **values), Note(REMEDIES[code], **values), file=path.name)
        for code, values in found
    ]


def _check(content: Mapping[str, Any], path: Path) -> Iterator[tuple[str, dict]]:
    header, cells = header_of(content), content["cells"]
    lang = header.get("lang")
    lang = lang if lang in LANGUAGES else language_of(content)
    if not NAME.fullmatch(path.stem):
        yield "name_form", {"name": path.stem}
    kernel = content["metadata"].get("kernelspec", {}).get("name")
    if kernel != "python3":
        yield "kernel_other", {"kernel": kernel or "–"}
    yield from _check_header(header, parameters_of(cells))
    yield from _check_first(cells, lang, header)
    yield from _check_order(cells)
    yield from check_code(cells)
    yield from _check_sections(cells, lang)
    yield from _check_data(cells, header)


def _check_header(
    header: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Iterator[tuple[str, dict]]:
    missing = [key for key in KEYS if key not in header]
    if missing:
        yield "header_missing", {"keys": missing}
    unknown = sorted(header.keys() - {*KEYS, *OPTIONAL})
    if unknown:
        yield "header_unknown", {"keys": unknown, "known": [*KEYS, *OPTIONAL[:2]]}
    if header.get("language", "en") not in LANGUAGES:
        yield "header_language", {"value": str(header["language"])}
    for key in (key for key in LISTS if key in header):
        value = header[key]
        texts = isinstance(value, list) and all(isinstance(v, str) for v in value)
        if not texts or (key == "tasks" and not value):
            yield "header_list", {"key": key, "value": str(value)}
    for key in (key for key in NUMBERS if key in header):
        value = header[key]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value <= 0:
            yield "header_number", {"key": key, "value": str(value)}
    tried = header.get("test_parameters", {})
    if not isinstance(tried, dict) or (tried.keys() - parameters):
        yield "header_test", {"value": str(tried), "known": sorted(parameters)}


def _check_first(
    cells: list[dict], lang: str, header: Mapping[str, Any]
) -> Iterator[tuple[str, dict]]:
    text = cells[0]["source"] if cells else ""
    if not cells or cells[0]["cell_type"] != "markdown" or not text.startswith("# "):
        yield "title_missing", {}
        return
    rows = _rows(text)
    for name in ROWS[lang]:
        if not rows.get(name):
            yield "row_missing", {"name": name, "names": list(ROWS[lang])}
    needs = rows.get(ROWS[lang][2], "")
    if needs:
        for key, unit in (("minutes", r"min|分钟"), ("memory_gb", r"GB|吉字节")):
            said = re.search(rf"(\d+(?:\.\d+)?)\s*(?:{unit})", needs)
            if said is None or float(said[1]) != header.get(key, float(said[1])):
                value = str(header.get(key, "–"))
                yield "needs_differ", {"row": needs, "key": key, "value": value}
    licence = rows.get(ROWS[lang][3], "")
    if licence and not LICENCE.search(licence):
        yield "licence_missing", {"row": licence}
    unnamed = [name for name in _listed(header) if name not in licence]
    if licence and unnamed:
        yield "data_unnamed", {"names": unnamed}


def _check_order(cells: list[dict]) -> Iterator[tuple[str, dict]]:
    """Yield cells without text, and runs of code without a word that says why."""
    run = 0
    for number, cell in enumerate(cells, 1):
        source = cell["source"]
        if not source.strip():
            yield "cell_empty", {"cell": number}
            continue
        if secret := SECRET.search(source):
            yield "secret", {"cell": number, "start": secret[0][:6]}
        if cell["cell_type"] == "markdown":
            run = 0
            for target in LINK.findall(source):
                yield "link_relative", {"cell": number, "target": target}
        elif cell["cell_type"] == "code" and "remove-cell" not in tags_of(cell):
            run += 1
            if run == 3:
                yield "why_missing", {"cell": number}
        if cell.get("outputs") or cell.get("execution_count"):
            yield "output_stored", {"cell": number}


def _check_sections(cells: list[dict], lang: str) -> Iterator[tuple[str, dict]]:
    text = "\n\n".join(c["source"] for c in cells if c["cell_type"] == "markdown")
    parts = re.split(r"^## +(.+?)\s*$", text, flags=re.MULTILINE)[1:]
    found = {name: body.strip() for name, body in zip(parts[::2], parts[1::2])}  # noqa: B905
    missing = [name for name in SECTIONS[lang] if not found.get(name)]
    if missing:
        yield "section_missing", {"names": missing}


def _check_data(
    cells: list[dict], header: Mapping[str, Any]
) -> Iterator[tuple[str, dict]]:
    from .._registry import list_data

    registered = list_data().set_index("name")["licence"]
    stated, used = set(_listed(header)), named_data(cells)
    for name in sorted((stated | used) - {SAMPLE}):
        if not registered.get(name):
            yield "data_unknown", {"name": name}
    if used - stated:
        yield "data_unstated", {"names": sorted(used - stated)}
    if stated - used:
        yield "data_unused", {"names": sorted(stated - used)}


def _listed(header: Mapping[str, Any]) -> list[str]:
    value = header.get("data")
    return [str(each) for each in value] if isinstance(value, list) else []


def _rows(text: str) -> dict[str, str]:
    """Rows of the table of the first cell, by their first column."""
    rows = {}
    for line in text.splitlines():
        parts = [part.strip() for part in line.strip().strip("|").split("|", 1)]
        if line.lstrip().startswith("|") and len(parts) == 2:
            rows[parts[0].strip("* ")] = parts[1]
    return rows
