"""The scene one can turn, in the page of a notebook."""

from __future__ import annotations

import base64
import gzip
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..report import Words
from ..scene import render_scene

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

# A page that unpacks another one and becomes it: the viewer and the scene are text
# that shrinks to a fifth, and a notebook keeps them.
LOADER = """<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{wait}<script>
(async () => {{
  const packed = Uint8Array.from(atob("{data}"), (c) => c.charCodeAt(0));
  const unpack = new DecompressionStream("gzip");
  const stream = new Blob([packed]).stream().pipeThrough(unpack);
  const text = await new Response(stream).text();
  document.open(); document.write(text); document.close();
}})();
</script></body></html>"""


class SceneView:
    """
    A scene in the page of a notebook.

    Parameters
    ----------
    page : str
        Standalone page one can turn; empty where there is none.
    picture : bytes
        PNG of the scene; empty where there is none.
    message : str
        What was left out and why, with the remedy.
    words : Words
        Language.
    height : int
        Height in pixels of the page.
    """

    def __init__(
        self, page: str, picture: bytes, message: str, *, words: Words, height: int
    ) -> None:
        self.page, self.picture, self.message = page, picture, message
        self._words, self._height = words, height

    def __repr__(self) -> str:
        return self.message or self._words("scene_title")

    def _repr_mimebundle_(self, **_kwargs: Any) -> dict[str, str]:  # noqa: ANN401
        bundle = {"text/plain": repr(self)}
        if self.picture:
            bundle["image/png"] = base64.b64encode(self.picture).decode()
        if self.page:
            bundle["text/html"] = self._frame()
        else:
            bundle["text/html"] = self._said()
        return bundle

    def _frame(self) -> str:
        packed = gzip.compress(self.page.encode(), mtime=0)
        loader = LOADER.format(
            data=base64.b64encode(packed).decode(), wait=self._words("view_scene_wait")
        )
        note = self._words("view_scene_size", size=f"{len(loader) / 1e6:.1f}")
        return (
            f'<iframe srcdoc="{escape(loader)}" sandbox="allow-scripts" '
            f'title="{escape(self._words("scene_title"))}" style="width:100%;'
            f'height:{self._height}px;border:1px solid #9a9a9a"></iframe>'
            f'<div style="color:#5c636b;font-size:12px">{escape(note)}</div>'
        )

    def _said(self) -> str:
        """The picture, where there is one, and why nothing can be turned."""
        parts = []
        if self.picture:
            data = base64.b64encode(self.picture).decode()
            title = escape(self._words("scene_title"))
            parts.append(
                f'<img alt="{title}" style="max-width:100%" '
                f'src="data:image/png;base64,{data}">'
            )
        if self.message:
            parts.append(f"<p>{escape(self.message)}</p>")
        return "".join(parts)


def view_scene(
    score: xr.DataArray,
    *,
    elevation: xr.DataArray | None = None,
    deposits: gpd.GeoDataFrame | None = None,
    targets: gpd.GeoDataFrame | None = None,
    exaggeration: float | str = "auto",
    lang: str = "en",
    height: int = 560,
) -> SceneView:
    """
    Score draped over the terrain, to turn in the page of the notebook.

    The scene is `prospect.scene.render_scene`'s, thinned to at most 300 points a side,
    as a page of its own in a frame: no server, no network. It stays in the notebook and
    can be turned in exported pages too. Drawing runs in a process of its own; where the
    machine lacks OpenGL, Python goes on and the message names the remedy.

    Parameters
    ----------
    score : DataArray, dims ("y", "x")
        Grid with a CRS.
    elevation : DataArray, optional
        Elevation in metres on the same CRS; the ground is flat where not given.
    deposits : GeoDataFrame, optional
        Points, drawn as balls.
    targets : GeoDataFrame, optional
        Polygons with a column `rank`, outlined; the first twelve are numbered.
    exaggeration : float or "auto"
        Factor on heights; "auto" takes a round one that makes relief visible.
    lang : {"en", "zh"}
        Language.
    height : int
        Height of the frame in pixels of the page.

    Returns
    -------
    SceneView
        Shows itself; `picture` is its PNG, `page` the page, `message` says what was
        left out and why. A page above 30 MB is left out for the still picture.

    Raises
    ------
    ValueError
        If `exaggeration` is not positive, a grid has no CRS or no value, or score and
        elevation are on different CRS.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> coords = {"y": 50.0 - 100 * np.arange(20), "x": 50.0 + 100 * np.arange(30)}
    >>> score = xr.DataArray(np.random.rand(20, 30), coords, ("y", "x"), "score")
    >>> view_scene(score.rio.write_crs("EPSG:4547"))  # doctest: +SKIP
    Prospectivity over the terrain
    """
    words = Words(lang)
    with tempfile.TemporaryDirectory(prefix="view-") as folder:
        files = render_scene(
            score,
            elevation=elevation,
            deposits=deposits,
            targets=targets,
            png=Path(folder) / "scene.png",
            html=Path(folder) / "scene.html",
            exaggeration=exaggeration,
            lang=lang,
        )
        page = files.html.read_text(encoding="utf-8") if files.html else ""
        picture = files.png.read_bytes() if files.png else b""
    said = getattr(files.message, "say", None)
    message = said(lang) if said is not None else str(files.message)
    return SceneView(page, picture, message, words=words, height=height)
