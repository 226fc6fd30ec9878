"""Encodings of text files: detected where the bytes prove it, asked for otherwise."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TYPE_CHECKING

from ._problems import DataProblems, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

_BLOCK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_REMEDY = (
    "state the encoding, for example encoding='gb18030' (Chinese), 'cp1252' (Western "
    "Europe), 'cp1251' (Cyrillic) or 'big5'; or save the file as UTF-8"
)


def detect_encoding(source: str | Path | bytes, *, file: str | None = None) -> str:
    """
    Encoding of a text, as far as its bytes prove it.

    A byte-order mark decides; then strict UTF-8 over the whole text; then GB18030, if
    what it decodes to reads like Chinese (nearly all of it in GB 2312, most characters
    of its common first level). Anything else is refused rather than guessed.

    Parameters
    ----------
    source : path or bytes
        A file, or its content.
    file : str, optional
        Name for the message; the path if `source` is one.

    Returns
    -------
    str
        Name of a Python codec: "utf-8", "utf-8-sig", "utf-16", "utf-32" or "gb18030".

    Raises
    ------
    DataProblems
        If the encoding cannot be told; the message shows the first line in question.

    Examples
    --------
    >>> detect_encoding("样品编号,铜(ppm)".encode("gbk"))
    'gb18030'
    >>> detect_encoding(b"sample_id,Cu_ppm")
    'utf-8'
    """
    name = file or (None if isinstance(source, bytes) else str(source))
    head = next(_blocks(source), b"")
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            if not _decodes(source, encoding):
                what = f"the file begins as {encoding} but is not so throughout"
                raise DataProblems([Problem(what, _REMEDY, name)])
            return encoding
    if b"\0" in head:
        what = "not text: the file holds zero bytes (a binary format, or UTF-16)"
        raise DataProblems([Problem(what, _REMEDY, name)])
    if _decodes(source, "utf-8"):
        return "gb18030" if _is_chance_utf8(source) else "utf-8"
    if _reads_chinese(source):
        return "gb18030"
    raise DataProblems([_undecided(source, name)])


def check_encoding(path: Path, encoding: str) -> str:
    """
    Raise unless a whole file reads in an encoding.

    Parameters
    ----------
    path : Path
        A text file.
    encoding : str
        Name of a codec; "gbk" and "gb2312" are widened to GB18030, which holds them.

    Returns
    -------
    str
        Name of the codec to read with.

    Raises
    ------
    DataProblems
        If the codec is unknown or does not fit, with the line where it fails.
    """
    plain = codec_of(encoding, path)
    if plain == "utf-8" and next(_blocks(path), b"").startswith(codecs.BOM_UTF8):
        plain = "utf-8-sig"
    if not _decodes(path, plain):
        line = _bad_line(path, plain)
        what = f"line {line} is not {encoding}"
        raise DataProblems([Problem(what, _REMEDY, str(path))])
    return plain


def codec_of(encoding: str, path: Path) -> str:
    """
    Name of the codec for an encoding.

    Parameters
    ----------
    encoding : str
        As people write it; "gbk" and "gb2312" are widened to GB18030.
    path : Path
        The file it is stated for.

    Returns
    -------
    str

    Raises
    ------
    DataProblems
        If it is unknown.
    """
    try:
        plain = codecs.lookup(encoding).name
    except LookupError:
        what = f"encoding '{encoding}' is unknown"
        raise DataProblems([Problem(what, _REMEDY, str(path))]) from None
    return "gb18030" if plain in {"gbk", "gb2312", "cp936"} else plain


def _blocks(source: str | Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with Path(source).open("rb") as handle:
        while block := handle.read(_BLOCK):
            yield block


def _pieces(source: str | Path | bytes, encoding: str) -> Iterator[str]:
    """Decoded text, block by block; raises UnicodeDecodeError where it does not fit."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for block in _blocks(source):
        yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _decodes(source: str | Path | bytes, encoding: str) -> bool:
    try:
        for _ in _pieces(source, encoding):
            pass
    except UnicodeError:
        return False
    return True


def _reads_chinese(source: str | Path | bytes) -> bool:
    """Whether GB18030 fits and gives mostly everyday characters."""
    wide = plain = common = 0
    try:
        for piece in _pieces(source, "gb18030"):
            if piece.isascii():
                continue
            special = [char for char in piece if char > "\x7f"]
            wide += len(special)
            for char in special:
                code = char.encode("gb2312", errors="ignore")
                plain += bool(code)
                common += bool(code) and code[0] <= 0xD7
    except UnicodeError:
        return False
    return wide > 0 and plain >= 0.9 * wide and common >= 0.7 * wide


def _is_chance_utf8(source: str | Path | bytes) -> bool:
    """
    Whether few Chinese characters in GBK happen to be valid UTF-8.

    They then read as letters of phonetics, combining accents or Armenian, all of two
    bytes; a text in UTF-8 has no reason to hold those alone.
    """
    special = set().union(*(set(piece) for piece in _pieces(source, "utf-8")))
    odd = any("\u0180" <= c <= "\u036f" or "\u0460" <= c <= "\u058f" for c in special)
    return odd and max(special) <= "\u07ff" and _reads_chinese(source)


def _bad_line(source: str | Path | bytes, encoding: str) -> int:
    line = 1
    try:
        for piece in _pieces(source, encoding):
            line += piece.count("\n")
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
    return line


def _undecided(source: str | Path | bytes, name: str | None) -> Problem:
    """Say what is not UTF-8, and how the line would read otherwise."""
    number, raw = next(
        (
            place
            for place in enumerate(_lines(source), 1)
            if not _decodes(place[1], "utf-8")
        ),
        (1, next(_blocks(source))),
    )
    at = next((i for i, byte in enumerate(raw) if byte > 0x7F), 0)
    piece = raw[max(0, at - 10) : at + 20].strip()
    as_read = "; ".join(
        f"{encoding}: {piece.decode(encoding, errors='replace')!r}"
        for encoding in ("gb18030", "cp1252", "big5")
    )
    what = f"line {number} is not UTF-8 and does not read like Chinese in GBK"
    return Problem(f"{what}. It would read {as_read}", _REMEDY, name)


def _lines(source: str | Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from source.splitlines()
        return
    with Path(source).open("rb") as handle:
        yield from handle
