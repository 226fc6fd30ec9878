"""Remedies that the library says as Python, said as options of a command."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

READING = (
    (
        r"open_cube\(path, wavelength=\[\.\.\.\]\), or by name of band: wavelength=\S+",
        "--wavelengths 490,560,665, or by name of band, --sensor sentinel2a "
        "(prospect spectral convert writes them into a file)",
    ),
    (
        r"open_cube\(path, wavelength=\[\.\.\.\]\)",
        "--wavelengths 490,560,665 or --sensor sentinel2a "
        "(prospect spectral convert writes them into a file)",
    ),
    (r", or say which are bad: open_cube\(path, bad_bands=\[\.\.\.\]\)", ""),
    (r"open it with spectral\.open_cube", "leave --part out"),
    (r"spectral\.library\.read_envi_library\(path\)", "prospect library add"),
    (r"\bscale= ", "--scale "),
    (r"\bscale=([\d.]+)", r"--scale \1"),
    (r"\bwavelength= ", "--wavelengths "),
    (r"\bcrs= ", "--crs "),
    (r"\bgive crs=", "give --crs EPSG:32650"),
)
WRITING = (
    (r"save_cube\(cube, path, dtype='int16', scale=10000\)",
     "--dtype int16 --times 10000"),
    (r", or set them to zero or NaN first", ""),
    (r"dtype='(\w+)'", r"--dtype \1"),
    (r"\bdtype= ", "--dtype "),
    (r"\bscale= ", "--times "),
    (r"another scale\b", "other --times"),
)  # fmt: skip
LIBRARY = (
    (
        r"open_library\(folder, create=True\)",
        "prospect library add FOLDER FILE --create",
    ),
    (r"Its history lists them\.", "They are listed by --versions."),
)


@contextlib.contextmanager
def said_as_options(phrases: tuple[tuple[str, str], ...]) -> Iterator[None]:
    """
    Messages of plain errors of the library in the words of the command line.

    Parameters
    ----------
    phrases : tuple of (str, str)
        Patterns and what stands for them, in their order: `READING` …
    """
    try:
        yield
    except (ValueError, FileNotFoundError) as error:
        if type(error) not in (ValueError, FileNotFoundError) or len(error.args) != 1:
            raise
        text = str(error)
        for pattern, said in phrases:
            text = re.sub(pattern, said, text)
        raise type(error)(text) from error
