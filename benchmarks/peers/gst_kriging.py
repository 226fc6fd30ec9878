"""
Ordinary kriging with gstlearn, run by its Python.

`FOLDER SIDE NEIGHBOURS` spreads FOLDER/points.npy (x, y, value) over SIDE × SIDE cells
of 10 m with the exponential variogram of FOLDER/variogram.json; all samples where
NEIGHBOURS is 0.
"""

import json
import sys
import time
from pathlib import Path

import gstlearn as gl
import numpy as np

if __name__ == "__main__":
    folder, side, k = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    told = json.loads((folder / "variogram.json").read_text())
    points = np.load(folder / "points.npy")
    samples = gl.Db()
    for name, column in zip("xyv", points.T, strict=True):
        samples[name] = column
    samples.setLocators(["x", "y"], gl.ELoc.X)
    samples.setLocators(["v"], gl.ELoc.Z)
    grid = gl.DbGrid.create([side, side], [10.0, 10.0], [5.0, 5.0])
    model = gl.Model(1, 2)
    model.addCovFromParam(gl.ECov.NUGGET, sill=told["nugget"])
    reach, sill = told["range"], told["sill"]
    model.addCovFromParam(gl.ECov.EXPONENTIAL, range=reach, sill=sill)
    model.setDriftIRF(0)
    near = gl.NeighMoving.create(False, k) if k else gl.NeighUnique()
    start, cpu = time.perf_counter(), time.process_time()
    gl.kriging(samples, grid, model, near)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    for name in ("estim", "stdev"):
        np.save(folder / f"gst_{name}.npy", grid[f"*.{name}"].reshape(side, side))
    print(json.dumps({"seconds": seconds, "cpu": cpu}))
