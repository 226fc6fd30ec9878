"""All wording of report, figures and scene, in English and Chinese."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .._wording import read_wording

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "zh")
FOLDER = Path(__file__).parent / "data"


class Words:
    """
    Wording in one language.

    Parameters
    ----------
    lang : {"en", "zh"}
        Language.

    Raises
    ------
    ValueError
        If `lang` is another language.

    Examples
    --------
    >>> Words("en")("map_targets", n=3)
    'targets (3)'
    >>> Words("zh")("map_targets", n=3)
    '靶区（3）'
    """

    def __init__(self, lang: str) -> None:
        if lang not in LANGUAGES:
            raise ValueError(
                f"lang={lang!r} is not a language of the report: use one of {LANGUAGES}"
            )
        self.lang = lang

    def __repr__(self) -> str:
        return f"Words({self.lang!r})"

    def __call__(self, key: str, **values: object) -> str:
        """Return the wording under `key`, with `values` filled in."""
        text = table()[key][self.lang]
        return text.format(**values) if values else text

    def name(self, prefix: str, value: object) -> str:
        """Return the wording under `prefix_value`, or `value` where there is none."""
        entry = table().get(f"{prefix}_{value}")
        return entry[self.lang] if entry else str(value).replace("_", " ")


@cache
def table() -> Mapping[str, Mapping[str, str]]:
    """Wording by key and language, of all files `words*.toml`."""
    return read_wording(FOLDER, "words")
