"""
Local singularity: ours, one focal mean a window, and a loop of SciPy's uniform_filter.

Run `python benchmarks/bench_singularity.py`; `--sizes 5000` takes 25 Mpx. Every
measurement is a process of its own, the sides alternate; medians of the wall clock and
of the processor time of all threads, ratios and peak memory above the input are
printed. `focal means` computes prospect.evidence.focal_mean once a window and nothing
else; ours computes the same means, their logarithms, the line with index, coefficient,
standard error and r2. `uniform_filter` is what one would write: means of float64, then
numpy.polyfit's formula. Their answers are compared away from the border. A last table
shows how the cost grows with the widest of ten windows.
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

WINDOWS = tuple(range(3, 23, 2))
SIDES = ("ours", "focal means", "uniform_filter")


def make(size, folder):
    import numpy as np
    from odc.geo.xr import wrap_xr

    from survey import make_geobox, save_grid

    random = np.random.default_rng(5)
    values = np.exp(random.normal(3, 1, (size, size))).astype("float32")
    box = make_geobox((0, size * 100, 0, size * 100), crs="EPSG:32650", resolution=100)
    save_grid(wrap_xr(values, box), folder / "grid.tif", cog=False)


def run(side, folder, widest):
    import dask
    import numpy as np

    from prospect.evidence import focal_mean
    from prospect.geochem import singularity_index
    from survey import open_grid

    windows = spread(widest)
    grid = open_grid(folder / "grid.tif").load()
    small = grid[:200, :200]
    dask.config.set(scheduler="threads", num_workers=2)
    if side == "ours":
        singularity_index(small, sizes=windows).compute()
    elif side == "focal means":
        focal_mean(small, size=3).compute()
    before = peak()
    start, used = time.perf_counter(), time.process_time()
    if side == "ours":
        found = singularity_index(grid, sizes=windows).compute()
        result = found["alpha"].to_numpy()
    elif side == "focal means":
        for window in windows:
            result = focal_mean(grid, size=window).to_numpy()
    else:
        result = loop(grid.to_numpy(), windows)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    top = peak()
    np.save(folder / f"{side}.npy", result)
    return {"seconds": seconds, "used": used, "peak": top - before}


def loop(values, windows):
    import numpy as np
    from scipy.ndimage import uniform_filter

    x = np.log(windows)
    weight = (x - x.mean()) / ((x - x.mean()) ** 2).sum()
    slope = np.zeros(values.shape)
    for window, share in zip(windows, weight, strict=True):
        slope += share * np.log(uniform_filter(values.astype("float64"), window))
    return (2 + slope).astype("float32")


def spread(widest):
    """Ten odd windows from 3 to the widest."""
    import numpy as np

    found = np.geomspace(3, widest, 10) if widest > 21 else np.array(WINDOWS)
    return sorted({int(w) // 2 * 2 + 1 for w in found} | {3, widest})


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(side, folder, widest=21):
    command = [sys.executable, __file__, "--child", side, "--folder", str(folder)]
    command += ["--widest", str(widest)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--widest", type=int, default=21)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(run(asked.child, asked.folder, asked.widest)))
        return
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as name:
            measure(size, Path(name), asked.repeats)


def measure(size, folder, repeats):
    print(f"{size} × {size} cells ({size * size / 1e6:.0f} Mpx), windows {WINDOWS}")
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
            f"  {side:15s} {wall[side]:7.2f} s ({wall[side] / wall['ours']:5.2f} × "
            f"ours), processor {used[side]:7.2f} s, {top:6.0f} MiB above the input"
        )
    ratio = wall["ours"] / wall["focal means"]
    print(f"  ours costs {ratio:.2f} focal means a window (goal: at most 2)")
    compare(folder)
    for widest in (21, 51, 101, 201):
        if widest < size // 4:
            seconds = child("ours", folder, widest)["seconds"]
            print(f"  ten windows up to {widest:3d} cells: {seconds:6.2f} s")


def compare(folder):
    import numpy as np

    ours, theirs = np.load(folder / "ours.npy"), np.load(folder / "uniform_filter.npy")
    inner = slice(10, -10)
    furthest = np.abs(ours[inner, inner] - theirs[inner, inner]).max()
    print(f"  largest difference of the index to uniform_filter's: {furthest:.1e}")


if __name__ == "__main__":
    main()
