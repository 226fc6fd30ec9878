"""The picture of a notebook in the gallery, taken from a run of it."""

from __future__ import annotations

import base64
import io
import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from survey import atomic_path

from ._gallery import THUMBNAILS
from ._source import tags_of

if TYPE_CHECKING:
    from PIL.Image import Image

    from ._run import NotebookRun

WIDTHS = (640, 560, 480, 400, 320, 240)
COLOURS = (256, 64)
MOST_BYTES = 80_000


def make_thumbnail(run: NotebookRun, *, folder: str | Path) -> Path:
    """
    Write the best picture of a run as a thumbnail: 640 pixels wide, 80 kB at most.

    The picture is that of the cell with the tag ``thumbnail``; if there is none, the
    largest of all.

    Parameters
    ----------
    run : NotebookRun
        From `run_notebook`.
    folder : path
        Folder of the notebooks; the picture is written to its ``thumbnails``.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the notebook shows no picture.

    Examples
    --------
    >>> from prospect.notebooks import run_notebook
    >>> run = run_notebook("notebooks/06_geochemistry.py", out="out")  # doctest: +SKIP
    >>> make_thumbnail(run, folder="notebooks").name  # doctest: +SKIP
    '06_geochemistry.png'
    """
    cells = json.loads(run.path.read_text(encoding="utf-8"))["cells"]
    tagged = [cell for cell in cells if "thumbnail" in tags_of(cell)]
    pictures = _pictures(tagged) or _pictures(cells)
    if not pictures:
        raise ValueError(
            f"{run.path.name} shows no picture: end a cell with a figure, and tag it "
            "thumbnail"
        )
    best = max(pictures, key=lambda picture: picture.width * picture.height)
    target = Path(folder) / THUMBNAILS / f"{run.path.stem}.png"
    with atomic_path(target) as part:
        part.write_bytes(_small(best))
    return target


def _pictures(cells: list[dict[str, Any]]) -> list[Image]:
    from PIL import Image

    found = []
    for output in (output for cell in cells for output in cell.get("outputs", ())):
        data = output.get("data", {}).get("image/png")
        if data:
            raw = base64.b64decode(data if isinstance(data, str) else "".join(data))
            found.append(Image.open(io.BytesIO(raw)).convert("RGB"))
    return found


def _small(picture: Image) -> bytes:
    """PNG of few colours, as wide as the limit allows."""
    from PIL.Image import Dither

    data = b""
    for width, colours in itertools.product(WIDTHS, COLOURS):
        scale = min(1.0, width / picture.width)
        size = (round(picture.width * scale), round(picture.height * scale))
        buffer = io.BytesIO()
        small = picture.resize(size).quantize(colours, dither=Dither.NONE)
        small.save(buffer, "PNG", optimize=True)
        data = buffer.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data
