"""
Concentration-area: ours, one pass over memory, and a plain sort of all cells.

Run `python benchmarks/bench_concentration_area.py`; `--sizes 10000` takes 100 Mpx.
Every measurement is a process of its own, the sides alternate; medians of the wall
clock and of the processor time of all threads, ratios and peak memory above the input
are printed. `ours` counts and fits (without resampling), `ours to model` draws 200
curves as well, `ours from file` reads blocks of a GeoTIFF, so that its memory is the
blocks'. `memory pass` sums the cells, `sort` sorts them and looks the thresholds up.
All areas are compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIDES = ("ours", "ours to model", "ours from file", "memory pass", "sort")


def make(size, folder):
    import dask.array as da
    import numpy as np

    from survey import make_geobox, save_grid
    from survey._geobox import as_grid

    def block(block_info=None):
        (r, _), (c, _) = block_info[None]["array-location"]
        random = np.random.default_rng((r, c))
        shape = block_info[None]["chunk-shape"]
        return np.exp(random.standard_normal(shape, "float32") + 3)

    chunks = da.core.normalize_chunks((1024, 1024), (size, size), dtype="float32")
    values = da.map_blocks(
        block, chunks=chunks, dtype="float32", meta=np.empty((0, 0), "f4")
    )
    box = make_geobox((0, size * 100, 0, size * 100), crs="EPSG:32650", resolution=100)
    save_grid(as_grid(values, box), folder / "grid.tif", cog=False)


def run(side, folder):
    import dask
    import numpy as np

    from prospect.geochem import concentration_area
    from survey import open_grid

    dask.config.set(scheduler="threads", num_workers=2)
    grid = open_grid(folder / "grid.tif")
    small = grid[:300, :300].load()
    concentration_area(small, n_bootstrap=2, random_state=0)
    if side != "ours from file":
        grid = grid.load()
    before = peak()
    start, used = time.perf_counter(), time.process_time()
    if side == "memory pass":
        grid.to_numpy().sum()
    elif side == "sort":
        thresholds = np.load(folder / "thresholds.npy")
        cells = np.sort(grid.to_numpy(), axis=None)
        above = (len(cells) - np.searchsorted(cells, thresholds, "left")) * 0.01
    else:
        draws = 200 if side == "ours to model" else 0
        model = concentration_area(grid, n_bootstrap=draws, random_state=0)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    top = peak()
    if side == "sort":
        np.save(folder / "theirs.npy", above)
    elif side == "ours":
        np.save(folder / "thresholds.npy", model.table["threshold"].astype("float32"))
        np.save(folder / "ours.npy", model.table["above"])
    return {"seconds": seconds, "used": used, "peak": top - before}


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(side, folder):
    command = [sys.executable, __file__, "--child", side, "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000, 4000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(run(asked.child, asked.folder)))
        return
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as name:
            measure(size, Path(name), asked.repeats)


def measure(size, folder, repeats):
    cells = size * size / 1e6
    print(f"{size} × {size} cells ({cells:.0f} Mpx), {repeats} runs each")
    make(size, folder)
    runs = {side: [] for side in SIDES}
    for _ in range(repeats):
        for side in SIDES:
            runs[side].append(child(side, folder))
    wall, used = (
        {side: statistics.median(each[key] for each in runs[side]) for side in SIDES}
        for key in ("seconds", "used")
    )
    for side in SIDES:
        top = max(each["peak"] for each in runs[side])
        print(
            f"  {side:15s} {wall[side]:7.3f} s ({100 * wall[side] / cells:6.2f} s a "
            f"100 Mpx, {wall[side] / wall['ours']:5.2f} × ours), processor "
            f"{used[side]:6.2f} s, {top:5.0f} MiB above the input"
        )
    compare(folder)


def compare(folder):
    import numpy as np

    ours, theirs = np.load(folder / "ours.npy"), np.load(folder / "theirs.npy")
    furthest = np.abs(ours / theirs - 1).max()
    print(f"  largest relative difference of an area: {furthest:.0e}")


if __name__ == "__main__":
    main()
