"""
Distance to features: ours, GDAL's proximity and SciPy's distance transform.

Run `python benchmarks/bench_distance.py`. GDAL's Python bindings are taken from the
system's interpreter (`apt-get install python3-gdal`; another one in GDAL_PYTHON).
Without them that peer is left out, and the output says so. Every measurement is a
process of its own, the sides alternate; medians of the wall clock and of the processor
time of all threads, ratios and peak memory are printed.

Ours is timed from the geometries to the array; the peers get the burnt mask for nothing
and are timed from mask to array. All features lie inside the map, so that the peers can
see them. `ours to file` writes the grid block by block: its memory is the blocks'.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GDAL_PYTHON = os.environ.get("GDAL_PYTHON", "/usr/bin/python3")
GDAL_CHILD = """
import json, resource, sys, time
import numpy as np
from osgeo import gdal
gdal.UseExceptions()
mask = np.load(sys.argv[1])
driver = gdal.GetDriverByName("MEM")
source = driver.Create("", mask.shape[1], mask.shape[0], 1, gdal.GDT_Byte)
source.GetRasterBand(1).WriteArray(mask)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start, used = time.perf_counter(), time.process_time()
target = driver.Create("", mask.shape[1], mask.shape[0], 1, gdal.GDT_Float32)
gdal.ComputeProximity(
    source.GetRasterBand(1), target.GetRasterBand(1), ["VALUES=1", "DISTUNITS=PIXEL"]
)
seconds = time.perf_counter() - start
used = time.process_time() - used
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
np.save(sys.argv[2], target.GetRasterBand(1).ReadAsArray())
said = {"peak": peak / 1024, "input": before / 1024}
print(json.dumps(said | {"seconds": seconds, "used": used}))
"""


def features_of(size):
    """Fault-like lines of 40 points inside a map of size × size cells of 100 m."""
    import geopandas as gpd
    import numpy as np
    import shapely

    random = np.random.default_rng(7)
    count = max(1, round(3000 * (size / 5000) ** 2))
    starts = random.uniform(0, size * 100, (count, 1, 2))
    ends = starts + random.normal(0, 800, (count, 40, 2)).cumsum(axis=1)
    lines = shapely.linestrings(np.clip(ends, 1, size * 100 - 1))
    return gpd.GeoDataFrame(geometry=lines, crs="EPSG:32633")


def run_ours(size, folder, *, to_file):
    import dask

    from prospect.evidence import distance_to
    from survey import make_geobox, save_grid

    geobox = make_geobox(
        (0, size * 100, 0, size * 100), crs="EPSG:32633", resolution=100
    )
    features = features_of(size)
    distance_to(features.iloc[:1], like=make_geobox(
        (0, 5000, 0, 5000), crs="EPSG:32633", resolution=100
    )).compute()  # fmt: skip
    before = peak()
    with dask.config.set(scheduler="threads", num_workers=2):
        start, used = time.perf_counter(), time.process_time()
        grid = distance_to(features, like=geobox)
        if to_file:
            save_grid(grid, folder / "ours.tif", cog=False)
        else:
            values = grid.values
    seconds, used = time.perf_counter() - start, time.process_time() - used
    top = peak()
    if not to_file:
        import numpy as np

        np.save(folder / "ours.npy", values)
        np.save(folder / "mask.npy", (values == 0).astype("uint8"))
    return {"seconds": seconds, "used": used, "peak": top, "input": before}


def run_scipy(folder):
    import numpy as np
    from scipy.ndimage import distance_transform_edt

    empty = np.load(folder / "mask.npy") == 0
    before = peak()
    start, used = time.perf_counter(), time.process_time()
    distance_transform_edt(empty).astype("float32")
    seconds, used = time.perf_counter() - start, time.process_time() - used
    return {"seconds": seconds, "used": used, "peak": peak(), "input": before}


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(side, size, folder):
    if side == "GDAL proximity":
        command = [GDAL_PYTHON, "-c", GDAL_CHILD]
        command += [str(folder / "mask.npy"), str(folder / "gdal.npy")]
    else:
        command = [sys.executable, __file__, "--child", side]
        command += ["--size", str(size), "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(folder):
    """Share of cells where GDAL's distance is not the smallest, and by how much."""
    import numpy as np

    ours, gdal = np.load(folder / "ours.npy") / 100, np.load(folder / "gdal.npy")
    worse = gdal - ours
    return float((worse > 1e-3).mean()), float(worse.max()), float(worse.min())


def has_gdal():
    try:
        command = [GDAL_PYTHON, "-c", "from osgeo import gdal_array"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 2000, 5000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--child")
    parser.add_argument("--size", type=int)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.child:
        if asked.child == "SciPy":
            print(json.dumps(run_scipy(asked.folder)))
        else:
            to_file = asked.child == "ours to file"
            print(json.dumps(run_ours(asked.size, asked.folder, to_file=to_file)))
        return
    sides = ["ours", "ours to file", "SciPy"]
    if has_gdal():
        sides.append("GDAL proximity")
    else:
        print(f"no GDAL bindings in {GDAL_PYTHON}: apt-get install python3-gdal")
    for size in asked.sizes:
        measure(size, sides, asked.repeats)


def measure(size, sides, repeats):
    print(f"{size} × {size} cells ({size * size / 1e6:.0f} Mpx), {repeats} runs each")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child("ours", size, folder)
        runs = {side: [] for side in sides}
        for _ in range(repeats):
            for side in sides:
                runs[side].append(child(side, size, folder))
        wall, used = (
            {side: statistics.median(run[key] for run in runs[side]) for side in sides}
            for key in ("seconds", "used")
        )
        for side in sides:
            top = max(run["peak"] for run in runs[side])
            grown = max(run["peak"] - run["input"] for run in runs[side])
            print(
                f"  {side:15s} {wall[side]:6.2f} s ({wall[side] / wall['ours']:4.1f} × "
                f"ours), processor {used[side]:6.2f} s, peak {top:5.0f} MiB, "
                f"{grown:4.0f} above the input"
            )
        if "GDAL proximity" in sides:
            share, most, least = compare(folder)
            print(
                f"  GDAL is farther than the nearest in {share:.3%} of cells, by up "
                f"to {most:.3f} cells; ours is nowhere farther (by {-least:.0e})"
            )


if __name__ == "__main__":
    main()
