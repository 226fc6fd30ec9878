"""
What every child process of the spectral benchmark does: load, warm up, time, save.

    SCRIPT TASK FOLDER OPTIONS(JSON)

Needs NumPy only, as the peers' environment has not what ours has. A task is a function
of the scene that gives (work, answers): `work()` is timed, `answers(result)` are saved.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

SAMPLE = 20_000  # pixels whose answers are compared
WARM = 40  # pixels a side of the piece that compiles and fills caches first


class Scene:
    """The cube on disk, whole or in part, and the spectra that belong to it."""

    def __init__(self, folder, name="cube", *, pixels=0, scale=1.0, side=0):
        self.folder, self.name = folder, name
        self.pixels, self.scale, self.side = pixels, scale, side
        with np.load(folder / f"{name}.npz") as file:
            self.wavelength, self.library = file["wavelength"], file["library"]
            self.endmembers, self.names = file["endmembers"], file["names"].tolist()

    def small(self):
        """A piece to warm up on."""
        return Scene(self.folder, self.name, pixels=min(self.pixels, 200), side=WARM)

    def band_first(self):
        """(bands, y, x), one corner of it, or as many copies as the scale says."""
        path = self.folder / f"{self.name}.npy"
        if self.side or self.scale < 1:
            cube = np.load(path, mmap_mode="r")
            side = self.side or round(cube.shape[1] * self.scale**0.5)
            return np.ascontiguousarray(cube[:, :side, :side])
        cube = np.load(path)
        times = round(self.scale**0.5)
        return np.tile(cube, (1, times, times)) if times > 1 else cube

    def pixel_first(self):
        """(y, x, bands), as the peers want it."""
        path = self.folder / f"{self.name}_bip.npy"
        if not self.side:
            return np.load(path)
        part = np.load(path, mmap_mode="r")[: self.side, : self.side]
        return np.ascontiguousarray(part)

    def order(self):
        """All pixels in a shuffled order; parts of the scene are beginnings of it."""
        shape = np.load(self.folder / f"{self.name}.npy", mmap_mode="r").shape
        return np.random.default_rng(5).permutation(shape[1] * shape[2])

    def spectra(self, pixels=0):
        """Spectra (n, bands) of a part of the pixels."""
        cube = np.load(self.folder / f"{self.name}_bip.npy", mmap_mode="r")
        wanted = self.order()[: pixels or self.pixels]
        rising = np.argsort(wanted)
        part = np.empty((wanted.size, cube.shape[2]), cube.dtype)
        part[rising] = cube.reshape(-1, cube.shape[2])[wanted[rising]]
        return part

    def sampled(self, grid):
        """Values (..., y, x) at the pixels that are compared, pixels first."""
        flat = np.asarray(grid).reshape(*np.shape(grid)[:-2], -1)
        if self.side:
            return flat.T
        return flat[..., self.order()[:SAMPLE]].T


def timed(work, *, repeats, seconds):
    """Best of some runs (wall, processor), while there is time; the last result."""
    best, spent = (np.inf, np.inf), 0.0
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = work()
        took = time.perf_counter() - wall, time.process_time() - cpu
        best, spent = min(best, took), spent + took[0]
        if spent > seconds:
            break
    return best, result


def main(tasks):
    name, folder, options = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
    make = tasks[name]
    where = options.get("cube", "cube")
    scene = Scene(
        folder, where, pixels=options.get("pixels", 0), scale=options.get("scale", 1)
    )
    if options.get("warm", True):
        work, answers = make(scene.small())
        answers(work())
    work, answers = make(scene)
    (wall, cpu), result = timed(
        work, repeats=options.get("repeats", 1), seconds=options.get("seconds", 20)
    )
    if "out" in options:
        np.savez(folder / options["out"], **answers(result))
    print(json.dumps({"seconds": wall, "cpu": cpu}))
