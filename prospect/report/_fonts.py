"""Fonts that can write Chinese, found rather than assumed."""

from __future__ import annotations

import logging
from functools import cache

log = logging.getLogger(__name__)

KNOWN = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "SimSun",
    "Noto Sans CJK JP",
    "Noto Serif CJK SC",
    "Heiti TC",
    "Arial Unicode MS",
    "Droid Sans Fallback",
    "AR PL UMing CN",
    "AR PL UKai CN",
)


@cache
def chinese_font() -> str | None:
    """
    Name of an installed font that can write Chinese.

    Returns
    -------
    str or None
        Family name, or None when this machine has none. Looked up once a process.
    """
    from matplotlib import font_manager

    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    found = next((name for name in KNOWN if name in installed), None)
    return found or next((n for n in sorted(installed) if "CJK" in n), None)


def figure_language(lang: str) -> str:
    """
    Language the labels of a figure can be written in on this machine.

    Parameters
    ----------
    lang : {"en", "zh"}
        Language asked for.

    Returns
    -------
    str
        `lang`, or "en" when Chinese is asked for and no font can write it.

    Examples
    --------
    >>> figure_language("en")
    'en'
    """
    if lang == "zh" and chinese_font() is None:
        log.warning("no Chinese font is installed: labels of figures are in English")
        return "en"
    return lang


def legible(text: str, fallback: str) -> str:
    """Text that the fonts of this machine can draw, else `fallback`, else as ASCII."""
    if chinese_font() or not _needs_cjk(text):
        return text
    if not _needs_cjk(fallback):
        return fallback
    return "".join(c for c in fallback if not _needs_cjk(c)).strip(" _-,;()") or "?"


def shortened(text: str, *, most: int) -> str:
    """
    Text of at most `most` narrow letters, Chinese counted twice.

    Examples
    --------
    >>> shortened("Distance to faults", most=12), shortened("到断裂的距离", most=8)
    ('Distance to…', '到断裂…')
    """
    room, kept = most, 0
    for character in text:
        room -= 2 if _needs_cjk(character) else 1
        kept += room >= 0
    if kept == len(text):
        return text
    room, kept = most - 1, 0
    for character in text:
        room -= 2 if _needs_cjk(character) else 1
        kept += room >= 0
    return f"{text[:kept].rstrip()}…"


def families() -> list[str]:
    """Font families to ask for, glyph by glyph."""
    return [name for name in ("DejaVu Sans", chinese_font()) if name]


def _needs_cjk(text: str) -> bool:
    return any(ord(character) > 0x2E7F for character in text)
