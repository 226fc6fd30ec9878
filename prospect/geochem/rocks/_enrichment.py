"""Enrichment against a reference composition or a background of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ._expressions import censored_note, flags_of
from ._species import amount_of, load_table, split_name

if TYPE_CHECKING:
    from numpy.typing import NDArray


def reference_composition(name: str) -> pd.Series:
    """
    Contents of a reference reservoir.

    Parameters
    ----------
    name : {"ucc", "primitive_mantle", "ci_chondrite", "paas"}
        Upper continental crust (Rudnick & Gao 2003), primitive mantle and CI chondrite
        (McDonough & Sun 1995), Post-Archaean Australian shale (Taylor & McLennan
        1985).

    Returns
    -------
    Series
        By analyte and unit; ``attrs`` carry title, title_zh, reference and note.

    Raises
    ------
    ValueError
        If there is no such composition.

    Examples
    --------
    >>> reference_composition("ucc")[["Al2O3_pct", "Cu_ppm"]].to_dict()
    {'Al2O3_pct': 15.4, 'Cu_ppm': 28.0}
    """
    known = load_table("geochem_references")["compositions"]
    if name not in known:
        raise ValueError(
            f"no reference composition {name!r}: use one of {list(known)}, or give "
            "contents of your own, such as {'Cu_ppm': 25, 'Al2O3_pct': 14.8}."
        )
    entry = known[name]
    out = pd.Series(entry["values"], name=name, dtype=float)
    out.attrs = {
        "title": entry["title"]["en"],
        "title_zh": entry["title"]["zh"],
        "reference": entry["reference"],
        "note": entry["note"],
    }
    return out


def enrichment_factor(
    samples: pd.DataFrame,
    column: str,
    *,
    reference_element: str,
    background: str | Mapping[str, float] | pd.Series | pd.DataFrame = "ucc",
    columns: Mapping[str, str] | None = None,
    censored: str = "missing",
) -> pd.Series:
    """
    Enrichment factor: ratio to a conservative element, against a background.

    Parameters
    ----------
    samples : DataFrame
        Analytes by symbol and unit.
    column : str
        Analyte, such as ``Cu_ppm``.
    reference_element : str
        Conservative element or oxide, ``"Al"``, ``"Sc"``, ``"TiO2"``; read from any
        column that holds it.
    background : str, mapping, Series or DataFrame
        Name of a `reference_composition`, contents by analyte and unit, or a table of
        background samples, whose median ratio is taken.
    columns : mapping of str to str, optional
        Column of a species, where several hold it.
    censored : {"missing", "limit"}
        What becomes of samples below detection that are not imputed.

    Returns
    -------
    Series
        (X / reference) of the sample over that of the background; dimensionless.
        ``attrs`` carry units, long_name, reference, background_ratio, n_missing,
        n_censored, censored_share, imputed_share and notes.

    Raises
    ------
    KeyError
        If samples or background lack an element.
    ValueError
        If an option is unknown, or the background ratio is not positive.

    References
    ----------
    Zoller, W. H., Gladney, E. S. & Duce, R. A. (1974). Atmospheric concentrations and
    sources of trace metals at the South Pole. Science 183, 198-200.

    Examples
    --------
    >>> soil = pd.DataFrame({"Cu_ppm": [28.0, 280.0], "Al2O3_pct": [15.4, 7.7]})
    >>> enrichment_factor(soil, "Cu_ppm", reference_element="Al").tolist()
    [1.0, 20.0]
    """
    if censored not in ("missing", "limit"):
        raise ValueError(
            f"censored must be 'missing' or 'limit'. Got {censored!r} instead."
        )
    species = _species(samples, column)
    ours = dict(columns or {}) | {species: column}
    ratio, used = _ratio(samples, species, reference_element, ours, "the samples")
    table, said = _background(background)
    where = "the background"
    below, _ = _ratio(table, species, reference_element, None, where)
    level = float(np.nanmedian(below))
    if not level > 0 or not np.isfinite(level):
        raise ValueError(
            f"the background ratio of {species} to {reference_element} is {level}: "
            "give a background where both are positive."
        )
    masked, imputed = flags_of(samples, used)
    values = ratio / level
    notes = []
    if masked.any():
        analytes = sorted({n for n in used if flags_of(samples, [n])[0].any()})
        notes.append(censored_note(censored, int(masked.sum()), analytes))
    if censored == "missing":
        values[masked] = np.nan
    name = f"EF_{species}"
    out = pd.Series(values, index=samples.index, name=name)
    out.attrs = {
        "units": "1",
        "long_name": f"enrichment factor of {species} against {reference_element}",
        "background": said,
        "background_ratio": level,
        "reference": "Zoller, W.H. et al. (1974). Science 183, 198-200.",
        "n_missing": int(out.isna().sum()),
        "n_censored": int(masked.sum()),
        "censored_share": float(masked.mean()) if len(masked) else 0.0,
        "imputed_share": float(imputed.mean()) if len(imputed) else 0.0,
        "notes": notes,
    }
    return out


def normalised_pattern(
    samples: pd.DataFrame,
    *,
    elements: str | Sequence[str] = "ree",
    normalise: str | Mapping[str, float] | None = None,
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """
    Contents of elements over those of a reservoir, in a given order.

    Parameters
    ----------
    samples : DataFrame
        Contents; any unit and oxides are converted.
    elements : str or sequence of str
        "ree", "multi_element", "crust", or elements in the order wanted.
    normalise : str or mapping, optional
        Name of a `reference_composition` or contents by analyte and unit; by default
        the usual one of the order.
    columns : mapping of str to str, optional
        Column of an element, where several hold it.

    Returns
    -------
    DataFrame
        A column an element that both hold; NaN where a content is missing, not
        positive, or below detection and not imputed. ``attrs`` carry title, title_zh
        and reference of the reservoir, n_censored (values) and absent (elements of
        the order without data).

    Raises
    ------
    ValueError
        If the order or reservoir is unknown or fewer than two elements are there.

    Examples
    --------
    >>> table = pd.DataFrame({"La_ppm": [31.0], "Yb_ppm": [1.96]})
    >>> print(normalised_pattern(table).round(1))
          La    Yb
    0  130.8  12.2
    """
    orders = load_table("geochem_references")["spiders"]
    if isinstance(elements, str):
        if elements not in orders:
            raise ValueError(
                f"elements={elements!r}: use one of {list(orders)}, or name elements."
            )
        normalise = normalise or orders[elements]["normalise"]
        elements = orders[elements]["elements"]
    if normalise is None:
        raise ValueError("normalise= is needed with elements of your own")
    reservoir, said = _background(normalise)
    told = reference_composition(normalise) if isinstance(normalise, str) else None
    out, absent, hidden = {}, [], 0
    for element in elements:
        try:
            ours = amount_of(samples, element, columns)
            level = float(amount_of(reservoir, element).content[0])
        except KeyError:
            absent.append(element)
            continue
        censored, _ = flags_of(samples, ours.columns)
        gone = censored | ~(ours.content > 0)
        hidden += int(censored.sum())
        out[element] = np.where(gone, np.nan, ours.content / level)
    if len(out) < 2:
        raise ValueError(
            f"of {list(elements)} only {list(out)} are in both the samples and the "
            "reservoir: two elements are needed at least."
        )
    table = pd.DataFrame(out, index=samples.index)
    table.attrs = {
        "title": "" if told is None else told.attrs["title"],
        "title_zh": "" if told is None else told.attrs["title_zh"],
        "reference": said,
        "n_censored": hidden,
        "absent": absent,
    }
    return table


def _species(samples: pd.DataFrame, column: str) -> str:
    parts = split_name(column)
    if column not in samples or parts is None:
        raise ValueError(
            f"no analyte column {column!r}: name one with its unit, such as 'Cu_ppm'. "
            f"The columns are: {', '.join(map(str, samples.columns))}."
        )
    return parts[0]


def _background(given: Any) -> tuple[pd.DataFrame, str]:  # noqa: ANN401
    if isinstance(given, str):
        values = reference_composition(given)
        return values.to_frame().T, values.attrs["reference"]
    if isinstance(given, pd.DataFrame):
        return given, f"median of {len(given)} background samples"
    if isinstance(given, (Mapping, pd.Series)):
        return pd.DataFrame([dict(given)], dtype=float), "contents given"
    raise TypeError(
        f"background is a {type(given).__name__}: give the name of a reference "
        "composition, a mapping of analyte to content, or a table of samples."
    )


def _ratio(
    table: pd.DataFrame,
    species: str,
    reference: str,
    columns: Mapping[str, str] | None,
    where: str,
) -> tuple[NDArray[np.float64], list[str]]:
    """Ratio of an analyte to the reference element, and the columns read."""
    amounts = []
    for name in (species, reference):
        try:
            amounts.append(amount_of(table, name, columns))
        except KeyError:
            raise KeyError(
                f"{where} hold no {name}: add a column such as '{name}_ppm', or choose "
                "another reference element or background."
            ) from None
    above, below = amounts
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(below.content > 0, above.content / below.content, np.nan)
    return ratio, [*above.columns, *below.columns]
