"""What the columns of a laboratory table hold, told by their headers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from ..._checks import check_columns
from ..._headers import even_header, load_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# One text a sample, or one a result in a table with one result a row.
TEXTS = ("method", "lab_batch", "laboratory")
CONTROL = ("qc_type", "original_id", "material")
CELLS = ("analyte", "value", "qualifier", "unit", "detection_limit")
ROLES = ("sample_id", *CELLS, *TEXTS, *CONTROL)


def plain(text: object) -> str:
    """Header as it is compared with the words: lower case, no colon at the end."""
    return even_header(str(text)).lower().rstrip(":： ").replace("：", ":")


@functools.cache
def role_words() -> dict[str, str]:
    """Role by header, for every header known."""
    words = {
        plain(word): role
        for role, every in load_words("assay_words")["roles"].items()
        for word in every
    }
    identity = load_words("words")["identity"]["sample"]
    return words | {plain(word): "sample_id" for word in identity if word != "sample"}


@functools.cache
def header_words() -> dict[str, str]:
    """What a row of a header of several rows holds, by its first cell."""
    return {
        plain(word): kind
        for kind, every in load_words("assay_words")["header"].items()
        for word in every
    }


def find_roles(
    names: Iterable[str],
    stated: Mapping[str, str] | None = None,
    *,
    where: str = "",
    wanted: Iterable[str] = ROLES,
) -> dict[str, str]:
    """
    Column of each role: as stated, else the first column with a known header.

    Parameters
    ----------
    names : iterable of str
        Columns of the table.
    stated : mapping of str to str, optional
        Column by role; a role that is not known is a column to carry along.
    where : str
        File, for the message.
    wanted : iterable of str
        Roles to look for.

    Returns
    -------
    dict of str to str
        Roles that were found.

    Raises
    ------
    ValueError
        If a stated column is not there.
    """
    import pandas as pd

    names = [str(name) for name in names]
    stated = dict(stated or {})
    if stated:
        table = pd.DataFrame(columns=pd.Index(names, dtype="str"))
        check_columns(table, [str(name) for name in stated.values()], where=where)
    found = {role: str(name) for role, name in stated.items()}
    order = list(role_words())
    known = sorted(
        (order.index(plain(name)), name) for name in names if plain(name) in order
    )
    taken = set(found.values())
    for _, name in known:
        role = role_words()[plain(name)]
        if role in wanted and role not in found and name not in taken:
            found[role] = name
            taken.add(name)
    if "sample_id" in wanted and "sample_id" not in found:
        last = next((name for name in names if plain(name) == "sample"), None)
        if last and last not in taken:
            found["sample_id"] = last
    return found
