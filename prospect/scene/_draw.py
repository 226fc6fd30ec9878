"""
Drawing itself: run as a process of its own, with the name of a job folder.

The folder holds `job.json` and `arrays.npz`; `scene.png` and `scene.vtksz` are written
into it. Nothing of the caller is imported here but the libraries that draw.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyvista as pv

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (1800, 1150)
INK = "#222222"
SIDE = "#b8b2a7"
DEPOSIT = "#1e88e5"
MOST_NUMBERS = 12


def main(folder: Path) -> None:
    """Draw the job in `folder`."""
    job = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    with np.load(folder / "arrays.npz") as arrays:
        plotter = build(job, dict(arrays))
    plotter.show(auto_close=False)
    plotter.screenshot(folder / "scene.png")
    export(plotter, folder / "scene.vtksz")
    plotter.close()


def build(job: dict[str, Any], arrays: dict[str, NDArray]) -> pv.Plotter:
    """Plotter with terrain, sides, deposits, targets, ticks and camera."""
    plotter = pv.Plotter(off_screen=True, window_size=SIZE, lighting="light kit")
    plotter.set_background("white")
    points = arrays["points"]
    width, lift = job["width"], job["lift"]
    plotter.add_mesh(
        terrain(points, arrays["colours"]), scalars="colour", rgb=True, lighting=False
    )
    base = float(np.nanmin(points[..., 2])) - 0.025 * width
    sides = skirt(points, base)
    if sides.n_points:
        plotter.add_mesh(sides, color=SIDE, ambient=0.5, diffuse=0.5)
    if len(arrays["deposits"]):
        plotter.add_mesh(pins(arrays["deposits"], width), color=DEPOSIT, ambient=0.3)
    for line in lines(arrays["lines"], arrays["starts"], 0.35 * lift):
        plotter.add_mesh(line, color="black", lighting=False)
    for text in numbers(job["numbers"], 0.026 * width):
        plotter.add_mesh(text, color="black", lighting=False)
    for text in ticks(job, points, base):
        plotter.add_mesh(text, color=INK, lighting=False)
    look(plotter, points)
    return plotter


def terrain(points: NDArray, colours: NDArray) -> pv.PolyData:
    """Surface of the points whose height is known, two triangles a cell."""
    rows, columns = points.shape[:2]
    known = np.isfinite(points[..., 2])
    index = np.arange(rows * columns).reshape(rows, columns)
    corners = [index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]]
    flags = [known[:-1, :-1], known[1:, :-1], known[1:, 1:], known[:-1, 1:]]
    a, b, c, d = (corner[np.logical_and.reduce(flags)] for corner in corners)
    faces = np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])
    flat = np.nan_to_num(points.reshape(-1, 3)).astype(np.float32)
    mesh = pv.PolyData.from_regular_faces(flat, faces)
    mesh.point_data["colour"] = colours.reshape(-1, 3)
    return mesh


def skirt(points: NDArray, base: float) -> pv.PolyData:
    """Upright sides from the edge of the terrain down to `base`."""
    walls = []
    for edge in (points[0], points[-1], points[:, 0], points[:, -1]):
        known = edge[np.isfinite(edge[:, 2])]
        if len(known) < 2:
            continue
        low = np.column_stack([known[:, :2], np.full(len(known), base)])
        i, n = np.arange(len(known) - 1), len(known)
        quads = np.column_stack([i, i + 1, i + 1 + n, i + n])
        walls.append(pv.PolyData.from_regular_faces(np.vstack([known, low]), quads))
    return pv.merge(walls) if walls else pv.PolyData()


def pins(places: NDArray, width: float) -> pv.PolyData:
    """Small balls just above the places."""
    radius = 0.0042 * width
    balls = pv.PolyData(places + np.array([0, 0, 0.9 * radius]))
    ball = pv.Sphere(radius=radius, theta_resolution=10, phi_resolution=8)
    return balls.glyph(geom=ball, scale=False, orient=False)


def lines(points: NDArray, starts: NDArray, radius: float) -> list[pv.PolyData]:
    """One mesh of tubes for all outlines."""
    parts = [part for part in np.split(points, starts[1:]) if len(part) > 1]
    if not parts:
        return []
    tubes = [pv.lines_from_points(p).tube(radius=radius, n_sides=6) for p in parts]
    return [pv.merge(tubes)]


def numbers(places: list, height: float) -> list[pv.PolyData]:
    """Upright figures that face south."""
    up = np.array([0, 0, 0.4 * height])
    return [
        upright(str(text), np.array(place) + up, height)
        for text, place in places[:MOST_NUMBERS]
    ]


def upright(text: str, place: NDArray, height: float) -> pv.PolyData:
    """Text standing on the ground."""
    mesh = pv.Text3D(text, depth=0.05 * height, height=height, center=(0, 0, 0))
    return mesh.rotate_x(90).translate(place + np.array([0, 0, height / 2]))


def ticks(job: dict[str, Any], points: NDArray, base: float) -> list[pv.PolyData]:
    """Kilometres along the southern and the eastern edge, lying on the base plane."""
    width = job["width"]
    x, y = points[0, :, 0], points[:, 0, 1]
    height, gap = 0.02 * width, 0.03 * width
    south, east = y.min() - gap, x.max() + 2.2 * gap
    texts = [(f"{v:g}", (v - job["x0"], south)) for v in job["x_ticks"]]
    texts += [(f"{v:g}", (east, v - job["y0"])) for v in job["y_ticks"]]
    texts.append((job["x_name"], ((x.min() + x.max()) / 2, south - 1.4 * gap)))
    texts.append((job["y_name"], (east + 3.0 * gap, (y.min() + y.max()) / 2)))
    texts.append(("N", (x.max() + gap, y.max() + 1.2 * gap)))
    flat = [
        pv.Text3D(text, depth=0.02 * height, height=height, center=(0, 0, 0)).translate(
            (*place, base)
        )
        for text, place in texts
    ]
    tip = np.array([x.max() + gap, y.max() - 0.2 * gap, base])
    foot = tip - [0, 3 * gap, 0]
    arrow = pv.Arrow(start=foot, direction=(0, 1, 0), scale=3 * gap)
    return [*flat, arrow]


def look(plotter: pv.Plotter, points: NDArray) -> None:
    """Camera in the south-east, above."""
    x, y, z = (points[..., axis] for axis in range(3))
    middle = np.array([x.mean(), y.mean(), np.nanmean(z)])
    away = 2.1 * max(np.ptp(x), np.ptp(y))
    direction = np.array([0.34, -0.80, 0.72])
    plotter.camera_position = [
        tuple(middle + away * direction),
        tuple(middle),
        (0, 0, 1),
    ]
    plotter.reset_camera()
    plotter.camera.zoom(1.45)


def export(plotter: pv.Plotter, path: Path) -> None:
    """Scene as the archive the browser's viewer reads."""
    from trame_vtk.modules.vtk import serializers as trame

    trame.initialize_serializers()
    context = trame.SynchronizationContext()
    context.set_ignore_last_dependencies(True)
    window = plotter.render_window
    scene = trame.serialize(None, window, trame.reference_id(window), context, 1)
    camera = plotter.renderer.GetActiveCamera()
    scene["extra"] = {
        "vtkRefId": trame.reference_id(window),
        "centerOfRotation": camera.GetFocalPoint(),
        "camera": trame.reference_id(camera),
    }
    hashes = {
        entry["hash"]: {
            **entry,
            "content": context.get_cached_data_array(entry["hash"], False),
        }
        for entry in trame.extract_array_hash(scene)
    }
    text = count_objects(json.dumps({"hashes": hashes, "scene": scene}))
    entry = zipfile.ZipInfo("index.json")  # without the time, for equal bytes
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text, zipfile.ZIP_DEFLATED)


def count_objects(text: str) -> str:
    """Text with objects numbered: VTK names them by their address in memory."""
    names: dict[str, str] = {}

    def count(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"{len(names) + 1:016x}")

    return re.sub(r"(?<=[\"{])[0-9a-f]{16}(?=[\"}-])", count, text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
