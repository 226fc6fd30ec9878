"""Catalogues of translation: gettext files beside the notebooks they translate."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from survey import DataProblems, Problem, atomic_path

from .._note import Note
from ._messages import messages_of
from ._source import other_language, read_source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from babel.messages import Catalog

LINE = re.compile(
    r'#.*|((msgctxt|msgid|msgid_plural|msgstr(\[\d\])?)\s+)?"([^"\\]|\\.)*"|'
)
HEADER = "# Paragraphs of a notebook. Leave what stands in `backticks` as it is."
# times would change the file although nothing that is said has changed
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class Counts(NamedTuple):
    """
    How far a notebook is translated.

    Attributes
    ----------
    path : Path
        The catalogue.
    messages : int
        Paragraphs, cells of tables, comments and titles of figures.
    missing, fuzzy : int
        Without translation; with one of an earlier wording.
    obsolete : int
        Kept although the notebook does not say them any more.
    """

    path: Path
    messages: int
    missing: int
    fuzzy: int
    obsolete: int


def update_catalogue(path: str | Path) -> Counts:
    """
    Bring the catalogue of a notebook up to date with its text; nothing is lost.

    A paragraph that changed keeps the translation of its earlier wording, marked as
    fuzzy; what is no longer said is kept at the end and comes back with the paragraph.

    Parameters
    ----------
    path : path
        Text of the notebook, ``notebooks/NN_name.py``. The catalogue is
        ``notebooks/zh/NN_name.po`` for one that was written in English, and
        ``notebooks/en/NN_name.po`` for one that was written in Chinese.

    Returns
    -------
    Counts

    Raises
    ------
    DataProblems
        If the notebook or the catalogue cannot be read.

    Examples
    --------
    >>> from prospect.notebooks import new_notebook
    >>> import tempfile
    >>> text = new_notebook(Path(tempfile.mkdtemp()) / "20_gold.py", title="Gold")
    >>> counts = update_catalogue(text)
    >>> counts.path.name, counts.missing == counts.messages
    ('20_gold.po', True)
    """
    path = Path(path)
    content = read_source(path)
    target = catalogue_path(path, content)
    old = read_catalogue(target, lang=other_language(content))
    catalog = _merged(old, _template(content))
    _write(target, catalog)
    return count(target, catalog)


def catalogue_path(path: Path, content: Mapping[str, Any]) -> Path:
    """Return where the catalogue of a notebook is."""
    return path.parent / other_language(content) / f"{path.stem}.po"


def read_catalogue(path: Path, *, lang: str) -> Catalog:
    """Read a catalogue; an empty one where there is none."""
    from babel.messages import Catalog
    from babel.messages.pofile import PoFileError, read_po

    if not path.exists():
        return Catalog(
            locale=lang,
            header_comment=HEADER,
            project="prospect-workbench",
            creation_date=EPOCH,
            revision_date=EPOCH,
            fuzzy=False,
        )
    try:
        _check_lines(path.read_text(encoding="utf-8"))
        return read_po(io.BytesIO(path.read_bytes()), abort_invalid=True, locale=lang)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        what = Note("catalogue_unreadable", error=str(error))
        remedy = Note("catalogue_unreadable_remedy")
        raise DataProblems([Problem(what, remedy, file=str(path))]) from None


def count(path: Path, catalog: Catalog) -> Counts:
    """Count what is translated."""
    messages = [message for message in catalog if message.id]
    missing = sum(not message.string for message in messages)
    fuzzy = sum(bool(message.string) and message.fuzzy for message in messages)
    return Counts(path, len(messages), missing, fuzzy, len(catalog.obsolete))


def _template(content: Mapping[str, Any]) -> Catalog:
    from babel.messages import Catalog

    template = Catalog(creation_date=EPOCH)
    for cell in content["cells"]:
        for piece in messages_of(cell):
            template.add(piece.message, auto_comments=[piece.kind])
    return template


def _merged(old: Catalog, template: Catalog) -> Catalog:
    """Catalogue with the messages of the template and all translations there were."""
    for message in list(old.obsolete.values()):
        if message.id in template and message.id not in old:
            old[message.id] = message  # said again: the translation comes back
            del old.obsolete[message.id]
    before = {message.id: message for message in old if message.id}
    old.update(template, update_creation_date=False)
    gone = {n: m for n, m in before.items() if n not in template} | dict(old.obsolete)
    old.obsolete = {name: message for name, message in gone.items() if message.string}
    earlier = {message.string: [name] for name, message in old.obsolete.items()}
    for message in old:
        if message.id and message.fuzzy:  # the wording it was translated from
            message.previous_id = earlier.get(message.string, message.previous_id)
    return old


def _check_lines(text: str) -> None:
    """Refuse what reading would skip in silence: marks of a merge, open quotes."""
    for number, line in enumerate(text.splitlines(), 1):
        if not LINE.fullmatch(line.strip()):
            raise ValueError(f"line {number}: {line.strip()[:60]}")


def _write(path: Path, catalog: Catalog) -> None:
    from babel.messages.pofile import write_po

    buffer = io.BytesIO()
    write_po(buffer, catalog, width=88, no_location=True, include_previous=True)
    if path.exists() and path.read_bytes() == buffer.getvalue():
        return
    with atomic_path(path) as part:
        part.write_bytes(buffer.getvalue())
