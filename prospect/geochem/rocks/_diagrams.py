"""Diagrams that classify rocks: their definitions, and the field of each sample."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from survey import check_columns

from ..._note import Note
from ..composition._parts import find_parts
from ._expressions import Reading, compute, flags_of
from ._formula import read_formula
from ._species import load_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

MAJORS = (
    *("SiO2", "TiO2", "Al2O3", "FeOT", "MnO"),
    *("MgO", "CaO", "Na2O", "K2O", "P2O5"),
)
AXES = {"binary": ("x", "y"), "ternary": ("top", "left", "right"), "panels": ("x",)}
OUTSIDE = {"en": "outside", "zh": "域外"}


def list_diagrams() -> pd.DataFrame:
    """
    Table of the diagrams known by name.

    Returns
    -------
    DataFrame, index name
        Columns title, title_zh, kind ("binary", "ternary", "panels"), needs (oxides
        and elements), fields (names in English; empty where the diagram has axes and
        minerals only), primary (whether vertices were compared with the paper), note,
        reference.

    Examples
    --------
    >>> print(list_diagrams().loc[["tas", "afm"], ["kind", "needs"]])
             kind                    needs
    name
    tas    binary       [SiO2, Na2O, K2O]
    afm   ternary  [FeOT, Na2O, K2O, MgO]
    """
    rows = {}
    for name, entry in load_table("geochem_diagrams")["diagrams"].items():
        rows[name] = {
            "title": entry["title"]["en"],
            "title_zh": entry["title"]["zh"],
            "kind": entry["kind"],
            "needs": _needs(entry),
            "fields": [field["en"] for field in entry.get("fields", ())],
            "primary": entry["primary"],
            "note": entry["note"]["en"],
            "reference": entry["reference"],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("name")


def read_diagram(name: str) -> dict[str, Any]:
    """
    Definition of a diagram, as the table has it.

    Parameters
    ----------
    name : str
        Name from `list_diagrams`.

    Returns
    -------
    dict
        kind, title, axes (formula, basis, label, limits, log), fields, lines, nodes,
        reference and note.

    Raises
    ------
    ValueError
        If there is no such diagram.

    Examples
    --------
    >>> read_diagram("tas")["x"]["formula"]
    'SiO2'
    """
    known = load_table("geochem_diagrams")["diagrams"]
    if name not in known:
        near = difflib.get_close_matches(str(name).lower(), known, n=3)
        hint = f" Did you mean {near}?" if near else ""
        raise ValueError(
            f"no diagram {name!r}.{hint} See prospect.geochem.list_diagrams()."
        )
    return dict(known[name])


def classify_diagram(
    samples: pd.DataFrame,
    name: str,
    *,
    normalise: bool = True,
    columns: Mapping[str, str] | None = None,
    calcium: str = "mclennan",
    censored: str = "missing",
) -> pd.DataFrame:
    """
    Where each sample plots on a diagram, and the field it falls into.

    Parameters
    ----------
    samples : DataFrame
        Columns such as ``SiO2_pct``, ``Rb_ppm``; an element stands in for its oxide
        and the other way round.
    name : str
        Name from `list_diagrams`.
    normalise : bool
        For diagrams that are defined so, bring the ten major oxides to 100 % without
        volatiles; False plots contents as analysed.
    columns : mapping of str to str, optional
        Column of a species, where several hold it.
    calcium : {"mclennan", "apatite", "carbonate", "sodium", "total"}
        What calcium of silicates is, as in `alteration_index`.
    censored : {"missing", "limit"}
        What becomes of samples below detection that are not imputed.

    Returns
    -------
    DataFrame
        Index of `samples`; ``x``, ``y`` (or ``top``, ``left``, ``right`` in percent),
        ``field`` and ``field_zh``: name of the field, "outside" (域外) where the
        sample plots beyond all, missing where it cannot be plotted or the diagram has
        no fields. A sample on a border belongs to the field listed first. ``attrs``
        carry title, reference, counts (samples by field), n_missing, n_censored,
        censored_share, imputed_share and notes.

    Raises
    ------
    KeyError
        If oxides are missing: with all that are needed.
    ValueError
        If there is no such diagram, or it has several panels.

    Examples
    --------
    >>> rock = {"SiO2_pct": [50.0], "Na2O_pct": [2.5], "K2O_pct": [0.5]}
    >>> found = classify_diagram(pd.DataFrame(rock), "tas", normalise=False)
    >>> print(found[["x", "y", "field", "field_zh"]])
          x    y   field field_zh
    0  50.0  3.0  basalt      玄武岩
    """
    entry = read_diagram(name)
    if entry["kind"] == "panels":
        raise ValueError(
            f"the diagram {name!r} has panels without fields: draw it with "
            "prospect.report.figure_discrimination."
        )
    table = diagram_positions(
        samples,
        name,
        normalise=normalise,
        columns=columns,
        calcium=calcium,
        censored=censored,
    )
    places = table.to_numpy()
    plotted = np.isfinite(places).all(axis=1)
    fields = entry.get("fields", [])
    chosen = _field_of(to_plane(places, entry), fields, entry)
    for column, lang in (("field", "en"), ("field_zh", "zh")):
        names = np.asarray([*(f[lang] for f in fields), OUTSIDE[lang], None], object)
        table[column] = names[np.where(plotted & bool(fields), chosen, len(fields) + 1)]
    table.attrs["counts"] = table["field"].value_counts().to_dict()
    return table


def diagram_positions(
    samples: pd.DataFrame,
    name: str,
    *,
    normalise: bool = True,
    columns: Mapping[str, str] | None = None,
    calcium: str = "mclennan",
    censored: str = "missing",
) -> pd.DataFrame:
    """
    Where each sample plots on a diagram.

    Parameters
    ----------
    samples : DataFrame
        Columns such as ``SiO2_pct``, ``Rb_ppm``.
    name : str
        Name from `list_diagrams`.
    normalise : bool
        For diagrams that are defined so, bring the ten major oxides to 100 % without
        volatiles.
    columns : mapping of str to str, optional
        Column of a species, where several hold it.
    calcium : {"mclennan", "apatite", "carbonate", "sodium", "total"}
        What calcium of silicates is, as in `alteration_index`.
    censored : {"missing", "limit"}
        What becomes of samples below detection that are not imputed.

    Returns
    -------
    DataFrame
        Index of `samples`; ``x``, ``y``, or ``top``, ``left``, ``right`` in percent,
        or ``x`` and an oxide a panel. NaN where a sample cannot be plotted. ``attrs``
        carry title, reference, n_missing, n_censored, censored_share, imputed_share
        and notes.

    Raises
    ------
    KeyError
        If oxides are missing: with all that are needed.
    ValueError
        If there is no such diagram.

    Examples
    --------
    >>> rock = pd.DataFrame({"Y_ppm": [30.0], "Nb_ppm": [10.0], "Rb_ppm": [150.0]})
    >>> diagram_positions(rock, "pearce_rb_ynb").to_dict("list")
    {'x': [40.0], 'y': [150.0]}
    """
    entry = read_diagram(name)
    how = Reading("wt", calcium, censored, columns)
    axes = {axis: entry[axis] for axis in AXES[entry["kind"]]}
    panels = entry.get("panels", ())
    axes |= {panel: {"formula": panel, "basis": "wt"} for panel in panels}
    found = [
        compute(samples, axis["formula"], how._replace(basis=axis["basis"]))
        for axis in axes.values()
    ]
    places = np.column_stack([each.content for each in found])
    if entry["kind"] == "ternary":
        places = shares(places)
    elif entry.get("anhydrous") and normalise:
        places = places * (100 / _sum_of_majors(samples, how))[:, None]
    for column, axis in enumerate(axes.values()):
        if axis.get("log"):
            with np.errstate(invalid="ignore"):
                places[places[:, column] <= 0, column] = np.nan
    notes = list(dict.fromkeys(note for each in found for note in each.notes))
    if entry.get("fields") and not entry["primary"]:
        notes.append(Note("diagram_not_primary"))
    table = pd.DataFrame(places, index=samples.index, columns=list(axes))
    total = max(len(samples), 1)
    n_censored = max(each.n_censored for each in found)
    table.attrs = {
        "title": entry["title"]["en"],
        "reference": entry["reference"],
        "n_missing": int((~np.isfinite(places)).any(axis=1).sum()),
        "n_censored": n_censored,
        "censored_share": n_censored / total,
        "imputed_share": max(each.n_imputed for each in found) / total,
        "notes": notes,
    }
    return table


def ternary_shares(samples: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """
    Three analytes as percent of their sum.

    Parameters
    ----------
    samples : DataFrame
        Contents.
    columns : sequence of str
        Three analytes; their units are brought together.

    Returns
    -------
    DataFrame
        Percent, columns as given; NaN where a content is missing or negative, below
        detection and not imputed, or all are zero. ``attrs`` carry n_censored.

    Raises
    ------
    ValueError
        If there are not three columns of the table or their units cannot be brought
        together.

    Examples
    --------
    >>> table = pd.DataFrame({"Cu_ppm": [50], "Zn_pct": [0.004], "Pb_ppm": [10]})
    >>> ternary_shares(table, ["Cu_ppm", "Zn_pct", "Pb_ppm"]).round(1).to_dict("list")
    {'Cu_ppm': [50.0], 'Zn_pct': [40.0], 'Pb_ppm': [10.0]}
    """
    names = list(columns)
    if len(names) != 3:
        raise ValueError(f"a triangle has three corners; got {names}")
    check_columns(samples, names)
    parts = find_parts(names, samples.attrs.get("units", {}))
    values = np.column_stack(
        [samples[part.column].to_numpy(float) * part.factor for part in parts.parts]
    )
    censored, _ = flags_of(samples, names)
    values[censored] = np.nan
    out = pd.DataFrame(shares(values), index=samples.index, columns=names)
    out.attrs = {"n_censored": int(censored.sum())}
    return out


def shares(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows as percent of their sum; NaN where it is zero or a value negative."""
    total = values.sum(axis=1, keepdims=True)
    bad = ~(total > 0) | (values < 0).any(axis=1, keepdims=True)
    return 100 * values / np.where(bad, np.nan, total)


def to_plane(points: ArrayLike, entry: Mapping[str, Any]) -> NDArray[np.float64]:
    """
    Points of a diagram on paper: logarithms taken, triangles unfolded.

    A ternary point [top, left, right] goes to x = right + top / 2, y = top sqrt(3) / 2
    of the unit triangle.
    """
    points = np.asarray(points, dtype=float)
    if entry["kind"] == "ternary":
        top, right = points[..., 0] / 100, points[..., 2] / 100
        return np.stack([right + top / 2, top * np.sqrt(3) / 2], axis=-1)
    plane = points.copy()
    for column, name in enumerate(("x", "y")):
        if entry[name].get("log"):
            plane[..., column] = np.log10(plane[..., column])
    return plane


def _sum_of_majors(samples: pd.DataFrame, how: Reading) -> NDArray[np.float64]:
    try:
        total = compute(samples, " + ".join(MAJORS), how._replace(basis="wt")).content
    except KeyError as error:
        raise KeyError(
            f"to leave volatiles out, {error.args[0]} Or plot contents as analysed: "
            "normalise=False."
        ) from None
    return np.where(total > 0, total, np.nan)


def _field_of(
    plane: NDArray[np.float64], fields: list[dict], entry: Mapping[str, Any]
) -> NDArray[np.intp]:
    """Position of the first field that holds each point; their number if none."""
    chosen = np.full(len(plane), len(fields))
    for number in reversed(range(len(fields))):
        shape = shapely.polygons(to_plane(fields[number]["points"], entry))
        shapely.prepare(shape)
        chosen[shapely.intersects_xy(shape, plane[:, 0], plane[:, 1])] = number
    return chosen


def _needs(entry: Mapping[str, Any]) -> list[str]:
    formulas = [entry[name]["formula"] for name in AXES[entry["kind"]]]
    formulas += entry.get("panels", [])
    names = [name for text in formulas for name in read_formula(text).names]
    return list(dict.fromkeys(names))
