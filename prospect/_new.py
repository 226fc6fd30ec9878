"""A first district file from a folder of maps and tables: guesses, said as guesses."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import NamedTuple

from survey import write_text

from ._look import DEPOSITS, GRIDS, TABLES, UNDECIDED, VECTORS, Findings, look_at
from ._note import Note

ABOUT = re.compile(r"(read.?me|licen[cs]e|requirements|copying|notice|changes).*", re.I)


class NewDistrict(NamedTuple):
    """Where the district file lies, what was guessed, what a person must decide."""

    path: Path
    guesses: list[str]
    decisions: list[str]


def new_district(
    folder: str | Path, *, out: str | Path | None = None, lang: str = "en"
) -> NewDistrict:
    """
    Write a first district file for a folder of maps, vectors and tables.

    Every grid becomes a layer as it is, lines become distances, polygons categories,
    assay columns interpolated layers; a point file whose name speaks of deposits
    becomes the deposits. What was guessed is said, what a person must decide is
    marked `DECIDE` in the file.

    Parameters
    ----------
    folder : path
        Folder to look at, with its subfolders.
    out : path, optional
        File to write, by default `district.toml` in `folder`. An existing file is not
        overwritten.
    lang : {"en", "zh"}
        Language of the comments in the file.

    Returns
    -------
    NewDistrict
        Path, guesses, decisions: in English, `note.say("zh")` gives each in Chinese.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds nothing that can be read.
    FileExistsError
        If the district file is already there.

    Examples
    --------
    >>> from prospect import new_district
    >>> new = new_district("maps")  # doctest: +SKIP
    >>> new.decisions  # doctest: +SKIP
    ['which column of deposits.gpkg is the deposit type']
    """
    folder = Path(folder)
    target = Path(out) if out else folder / "district.toml"
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}: check the name")
    if target.exists():
        raise FileExistsError(
            f"{target} is already there: move it away or name another file with --out"
        )
    found = Findings()
    for path in _files(folder):
        look_at(path, path.relative_to(folder).as_posix(), found)
    if not found.evidence and not found.deposits:
        kinds = ", ".join(sorted(GRIDS | VECTORS | TABLES))
        tried = "".join(f"; {note}" for note in found.decisions)
        what = f"nothing readable in {folder}; looked for {kinds}{tried}"
        raise FileNotFoundError(what)
    _tell_names_apart(found.evidence)
    start = _way(target.parent, folder)
    write_text(target, _compose(folder.resolve().name, found, lang, start))
    return NewDistrict(target, found.guesses, found.decisions)


def _files(folder: Path) -> list[Path]:
    """Files to look at: not hidden ones, those inside a Zarr store or of a result."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        inside = [folder / parent for parent in name.parents]
        if (
            path.suffix.lower() in GRIDS | VECTORS | TABLES
            and not any(part.startswith(".") for part in name.parts)
            and not any(parent.suffix == ".zarr" for parent in inside)
            and not any((parent / "work" / "steps").exists() for parent in inside)
            and not (path.suffix.lower() == ".txt" and ABOUT.fullmatch(path.name))
        ):
            found.append(path)
    return found


def _way(start: Path, folder: Path) -> Path:
    """Way to a folder from where the district file lies; absolute where they part."""
    start, folder = start.resolve(), folder.resolve()
    if len(start.parents) > 1 and start.parts[:2] != folder.parts[:2]:
        return folder
    return Path(os.path.relpath(folder, start))


def _tell_names_apart(evidence: list[dict]) -> None:
    taken: set[str] = set()
    for entry in evidence:
        name, count = entry["name"], 1
        while entry["name"] in taken:
            count += 1
            entry["name"] = f"{name}_{count}"
        taken.add(entry["name"])


def _choose_crs(found: Findings) -> str:
    from pyproj import CRS

    projected = [c for c in found.crs if CRS(c).is_projected]
    if projected:
        best = max(set(projected), key=projected.count)
        found.guesses.append(Note("new_crs", crs=best))
        return best
    found.decisions.append(Note("new_choose_crs"))
    return UNDECIDED


def _choose_resolution(found: Findings) -> float:
    if found.resolutions:
        finest = min(found.resolutions)
        found.guesses.append(Note("new_resolution", cell=finest))
        return finest
    area = max(found.extents.values(), default=0.0)
    side = math.sqrt(area) * 1000 / 500 if area else 100.0
    rounded = float(10 ** round(math.log10(max(side, 1.0))))
    found.decisions.append(Note("new_choose_resolution", cell=rounded))
    return rounded


def _compose(title: str, found: Findings, lang: str, start: Path) -> str:
    crs, resolution = _choose_crs(found), _choose_resolution(found)
    if not found.deposits:
        found.decisions.append(Note("new_no_deposits"))
        found.deposits.append({"file": UNDECIDED})
    elif len(found.deposits) > 1:
        names = [d["file"] for d in found.deposits]
        found.deposits.sort(key=lambda d: not DEPOSITS.search(d["file"]))
        found.decisions.append(Note("new_many_deposits", files=names))
    widest = max(found.extents, key=found.extents.__getitem__, default=None)
    head = {"name": title, "crs": crs, "resolution": resolution}
    if widest:
        head["region_from"] = widest
        found.guesses.append(Note("new_region", layer=widest))
    lines = [Note("new_file")]
    lines += [Note("new_guessed", note=note) for note in found.guesses]
    lines += [Note("new_decide", note=note) for note in found.decisions]
    parts = [f"# {line.say(lang)}" for line in lines]
    for entry in [*found.evidence, *found.deposits]:
        if entry["file"] != UNDECIDED:
            entry["file"] = (start / entry["file"]).as_posix()
    parts.append(_table("[district]", head))
    parts += [_table("[[evidence]]", entry) for entry in found.evidence]
    parts.append(_table("[deposits]", found.deposits[0]))
    parts.append(_table("[background]", {"method": "random", "n": 10_000}))
    kinds = "weights_of_evidence", "logistic_regression", "random_forest", "lightgbm"
    parts += [_table("[[model]]", {"kind": kind}) for kind in kinds]
    parts.append(_table("[validation]", {"folds": 5}))
    return "\n".join(parts) + "\n"


def _table(header: str, entries: dict) -> str:
    lines = [
        f"{key} = {json.dumps(v, ensure_ascii=False)}" for key, v in entries.items()
    ]
    return "\n".join(["", header, *lines])
