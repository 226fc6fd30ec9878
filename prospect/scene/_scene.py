"""The scene of a prospecting job: terrain, score, deposits, targets."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.colors import to_hex
from matplotlib.ticker import MaxNLocator

from survey import write_text

from .._note import Note
from ..report import Words, area_labels, figure_language
from ._ground import GAP_COLOUR, Ground, drape, make_ground, pin
from ._page import make_page
from ._picture import make_picture
from ._probe import environment, outcome, probe_offscreen

if TYPE_CHECKING:
    import geopandas as gpd
    import xarray as xr

log = logging.getLogger(__name__)

DEPOSIT = "#1e88e5"
SECONDS = 600
MOST_BYTES = 30_000_000
MODULE = f"{__package__}._draw"


class SceneFiles(NamedTuple):
    """
    Files of a scene, None for what was not made, and a message that says why.

    The message is English, empty when there is nothing to say; `message.say("zh")`
    gives it in Chinese.
    """

    png: Path | None
    html: Path | None
    message: str


def render_scene(
    score: xr.DataArray,
    *,
    elevation: xr.DataArray | None = None,
    deposits: gpd.GeoDataFrame | None = None,
    targets: gpd.GeoDataFrame | None = None,
    png: str | Path | None = None,
    html: str | Path | None = None,
    exaggeration: float | str = "auto",
    lang: str = "en",
) -> SceneFiles:
    """
    Score draped over the terrain, as a picture and as a page one can turn.

    Parameters
    ----------
    score : DataArray, dims ("y", "x")
        Grid with a CRS, thinned to at most 300 points a side.
    elevation : DataArray, optional
        Elevation in metres on the same CRS; the ground is flat where not given.
    deposits : GeoDataFrame, optional
        Points, drawn as balls.
    targets : GeoDataFrame, optional
        Polygons with a column `rank`, outlined; the first twelve are numbered.
    png, html : path, optional
        Where the picture and the page go; what is not named is not made.
    exaggeration : float or "auto"
        Factor on heights; "auto" takes a round one that makes relief visible.
    lang : {"en", "zh"}
        Language.

    Returns
    -------
    SceneFiles
        Drawn in a process of its own: where the machine cannot draw, or drawing fails,
        the files are None and the message names the remedy. Nothing is raised for it.

    Raises
    ------
    ValueError
        If `exaggeration` is not positive, a grid has no CRS or no value, or score and
        elevation are on different CRS.
    """
    _check(score, elevation, exaggeration)
    words = Words(lang)
    status = probe_offscreen()
    if not status.ok:
        return _left_out(Note("scene_cannot", why=status.message, remedy=status.remedy))
    ground = make_ground(score, elevation, exaggeration)
    scene = _gather(ground, *(_placed(f, score) for f in (deposits, targets)))
    flat = Note("scene_flat") if elevation is None else None
    line = words("scene_exaggeration", factor=f"{ground.factor:g}")
    notes = [line if flat is None else flat.say(lang)]
    log.info("drawing the scene, %s points", ground.height.size)
    with tempfile.TemporaryDirectory(prefix="scene-") as folder:
        failed = _draw(scene, Path(folder), status.window)
        if failed:
            return _left_out(Note("scene_failed", why=failed))
        made = _write(Path(folder), scene, ground, notes, words, (png, html))
    return made if made.message or flat is None else made._replace(message=flat)


def _left_out(message: Note) -> SceneFiles:
    log.warning(message)
    return SceneFiles(None, None, message)


def _check(
    score: xr.DataArray, elevation: xr.DataArray | None, exaggeration: float | str
) -> None:
    if exaggeration != "auto" and not (
        isinstance(exaggeration, (int, float)) and exaggeration > 0
    ):
        raise ValueError(
            f"exaggeration={exaggeration!r} must be a positive number or 'auto'"
        )
    if score.rio.crs is None:
        raise ValueError("the score grid has no CRS: set one with grid.rio.write_crs")
    if elevation is not None and elevation.rio.crs != score.rio.crs:
        raise ValueError(
            f"elevation is on {elevation.rio.crs}, the score on {score.rio.crs}: align "
            "them with survey.match_grid(elevation, like=score)"
        )
    if not bool(score.notnull().any()):
        raise ValueError("the score grid holds no value at all: nothing to draw")


def _placed(
    features: gpd.GeoDataFrame | None, score: xr.DataArray
) -> gpd.GeoDataFrame | None:
    if features is None or not len(features):
        return None
    if features.crs is None:
        raise ValueError(
            "features without a CRS cannot be placed: set one with set_crs"
        )
    return features.to_crs(score.rio.crs)


def _gather(
    ground: Ground,
    deposits: gpd.GeoDataFrame | None,
    targets: gpd.GeoDataFrame | None,
) -> dict[str, Any]:
    """Arrays and values of the drawing process, moved to a nearby origin."""
    origin = np.array([ground.x.mean(), ground.y.mean(), 0.0])
    x, y = np.meshgrid(ground.x, ground.y)
    lines = drape(targets, ground) if targets is not None else []
    places = pin(deposits, ground) if deposits is not None else np.empty((0, 3))
    first = {}
    for rank, line in lines:
        first.setdefault(rank, line[line[:, 1].argmax()])
    lengths = [len(line) for _, line in lines]
    projected = ground.unit != 1.0
    return {
        "arrays": {
            "points": np.dstack([x, y, ground.height]) - origin,
            "colours": ground.colours,
            "deposits": places - origin,
            "lines": np.vstack([line for _, line in lines] or [np.empty((0, 3))])
            - origin,
            "starts": np.cumsum([0, *lengths])[:-1].astype(int),
        },
        "job": {
            "width": ground.width,
            "lift": ground.lift,
            "numbers": [[str(r), (p - origin).tolist()] for r, p in first.items()],
            "x0": float(origin[0]),
            "y0": float(origin[1]),
            "x_ticks": _round_places(ground.x),
            "y_ticks": _round_places(ground.y),
            "x_name": "E (km)" if projected else "E (deg)",
            "y_name": "N (km)" if projected else "N (deg)",
        },
        "counts": {"deposits": len(places), "targets": len(first)},
    }


def _round_places(values: np.ndarray) -> list[float]:
    places = MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(
        values.min(), values.max()
    )
    return [float(v) for v in places if values.min() <= v <= values.max()]


def _draw(scene: dict[str, Any], folder: Path, window: str | None) -> str:
    """Run the drawing process; return what went wrong, if anything."""
    np.savez(folder / "arrays.npz", **scene["arrays"])
    (folder / "job.json").write_text(json.dumps(scene["job"]), encoding="utf-8")
    variables = environment(window)
    root = str(Path(__file__).parents[2])
    paths = [root, variables.get("PYTHONPATH", "")]
    variables["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    try:
        done = subprocess.run(
            [sys.executable, "-m", MODULE, str(folder)],
            env=variables,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Note("draw_too_long", seconds=SECONDS)
    except OSError as error:
        return Note("draw_not_started", error=str(error))
    log.debug("drawing process: %s", done.stderr)
    failed = outcome(done.returncode)
    last = done.stderr.strip().splitlines()[-1:] if failed else []
    return Note("draw_said", why=failed, last=last[0]) if last else failed


def _write(
    folder: Path,
    scene: dict[str, Any],
    ground: Ground,
    notes: list[str],
    words: Words,
    paths: tuple[str | Path | None, str | Path | None],
) -> SceneFiles:
    png, html = (Path(path) if path is not None else None for path in paths)
    message = ""
    if png is not None:
        drawn = Words(figure_language(words.lang))
        legend = _legend(ground, scene["counts"], drawn)
        lines = notes if drawn.lang == words.lang else []
        make_picture(folder / "scene.png", png, words=drawn, notes=lines, legend=legend)
    if html is not None:
        legend = _legend(ground, scene["counts"], words)
        data = (folder / "scene.vtksz").read_bytes()
        page = make_page(data, words=words, notes=notes, legend=legend)
        if len(page) > MOST_BYTES:
            message = Note("scene_page_large", size_mb=len(page) / 1e6)
            html = None
        else:
            write_text(html, page)
    return SceneFiles(png, html, message)


def _legend(
    ground: Ground, counts: dict[str, int], words: Words
) -> list[dict[str, str]]:
    name, scale = words("map_score"), ground.scale
    if scale.bounds is None:
        ends = [(f"{scale.norm.vmax:.3g}", 1.0), (f"{scale.norm.vmin:.3g}", 0.0)]
        boxes = [{"label": text, "colour": to_hex(scale.cmap(v))} for text, v in ends]
    else:
        labels = [label.replace("\n", ": ") for label in area_labels(scale, words)]
        shades = [to_hex(scale.cmap(number)) for number in range(len(labels))]
        pairs = zip(labels[::-1], shades[::-1], strict=True)
        boxes = [{"label": label, "colour": colour} for label, colour in pairs]
    legend = [{"label": name, "shape": "head"}, *boxes]
    if ground.has_gaps:
        legend.append({"label": words("map_no_data"), "colour": to_hex(GAP_COLOUR)})
    if counts["deposits"]:
        label = words("map_deposits", n=counts["deposits"])
        legend.append({"label": label, "colour": DEPOSIT, "shape": "ball"})
    if counts["targets"]:
        label = words("map_targets", n=counts["targets"])
        legend.append({"label": label, "colour": "#000000", "shape": "line"})
    return legend
