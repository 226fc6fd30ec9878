"""
Maps from file to file: ours against the best window loop one can write by hand.

Run `python benchmarks/bench_raster.py` (20,000 × 20,000 cells, about 8 GB of disk) or
with `--size 4000` for a quick look. Each measurement is a process of its own; the two
sides alternate; medians, ratios and peak memory are printed. Both sides use the same
kernels and two threads. The floor is the plain writing of as many bytes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
THREADS = 2
TILE = 512
SIZE = 5
HALO = SIZE // 2
WINDOWS = {"ndvi": 1024, "focal": 2048}


def make_input(path, size):
    """Two bands of plausible red and near infrared, tiled, uncompressed."""
    import rasterio
    from rasterio.transform import from_origin
    from rasterio.windows import Window
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(1)
    side = min(2048, size)
    rough = gaussian_filter(rng.standard_normal((side, side)).astype("f4"), 6)
    rough /= rough.std()
    noise = rng.standard_normal((2, side, side)).astype("f4")
    red = (0.18 + 0.05 * rough + 0.010 * noise[0]).clip(0.01, 1).astype("f4")
    nir = (0.32 - 0.04 * rough + 0.015 * noise[1]).clip(0.01, 1).astype("f4")
    profile = _profile(size) | {"count": 2, "interleave": "band"}
    profile |= {"crs": "EPSG:32755", "transform": from_origin(5e5, 6.2e6, 10, 10)}
    with rasterio.open(path, "w", **profile) as file:
        for top in range(0, size, side):
            for left in range(0, size, side):
                turn = (top // side * 7 + left // side * 13) % 97 * 17
                rows, columns = min(side, size - top), min(side, size - left)
                both = np.stack(
                    [np.roll(red, turn, (0, 1)), np.roll(nir, turn, (0, 1))]
                )
                window = Window(left, top, columns, rows)
                file.write(both[:, :rows, :columns], window=window)


def _profile(size):
    return {
        "driver": "GTiff",
        "width": size,
        "height": size,
        "count": 1,
        "dtype": "float32",
        "tiled": True,
        "blockxsize": TILE,
        "blockysize": TILE,
        "bigtiff": "YES",
        "nodata": np.nan,
    }


def focal_kernel():
    """Mean of known cells in a square, by columns then rows; compiled before timing."""
    from numba import njit

    @njit(nogil=True)
    def mean(block):
        rows, columns = block.shape
        out = np.full((rows, columns), np.float32(np.nan), np.float32)
        total = np.zeros(columns, np.float32)
        count = np.zeros(columns, np.float32)
        for i in range(HALO, rows - HALO):
            for j in range(columns):
                s = np.float32(0)
                n = np.float32(0)
                for k in range(-HALO, HALO + 1):
                    value = block[i + k, j]
                    known = value == value  # noqa: PLR0124
                    s += value if known else np.float32(0)
                    n += np.float32(1) if known else np.float32(0)
                total[j] = s
                count[j] = n
            for j in range(HALO, columns - HALO):
                s = np.float32(0)
                n = np.float32(0)
                for k in range(-HALO, HALO + 1):
                    s += total[j + k]
                    n += count[j + k]
                out[i, j] = s / n if n > 0 else np.float32(np.nan)
        return out

    mean(np.zeros((8, 8), np.float32))
    return mean


def ndvi_kernel(red, nir):
    """Difference over sum, in two arrays."""
    total = nir + red
    out = nir - red
    np.divide(out, total, out=out)
    return out


def loop(job, source, target):
    """Two threads over windows, a reader each, one writer under a lock."""
    import rasterio
    from rasterio.windows import Window

    kernel = focal_kernel() if job == "focal" else None
    lock, local, side = threading.Lock(), threading.local(), WINDOWS[job]
    start = time.perf_counter()
    with rasterio.open(source) as file:
        size = file.width
        profile = _profile(size) | {"crs": file.crs, "transform": file.transform}

    def work(place):
        top, left = place
        if not hasattr(local, "file"):
            local.file = rasterio.open(source, sharing=False)
        rows, columns = min(side, size - top), min(side, size - left)
        if job == "ndvi":
            window = Window(left, top, columns, rows)
            out = ndvi_kernel(*local.file.read(window=window))
        else:
            a, b = max(top - HALO, 0), min(top + rows + HALO, size)
            c, d = max(left - HALO, 0), min(left + columns + HALO, size)
            block = local.file.read(1, window=Window(c, a, d - c, b - a))
            full = (rows + 2 * HALO, columns + 2 * HALO)
            if block.shape != full:
                whole = np.full(full, np.nan, "f4")
                y, x = a - top + HALO, c - left + HALO
                whole[y : y + b - a, x : x + d - c] = block
                block = whole
            out = kernel(block)[HALO:-HALO, HALO:-HALO]
        with lock:
            file.write(
                np.ascontiguousarray(out), 1, window=Window(left, top, columns, rows)
            )

    places = [(i, j) for i in range(0, size, side) for j in range(0, size, side)]
    with (
        rasterio.open(target, "w", **profile) as file,
        ThreadPoolExecutor(THREADS) as pool,
    ):
        list(pool.map(work, places))
    return time.perf_counter() - start


def ours(job, source, target):
    """open_grid, arithmetic or map_windows, save_grid."""
    import dask

    import survey

    kernel = focal_kernel() if job == "focal" else None
    small = survey.open_grid(source)[:TILE, :TILE]  # everything imported once
    survey.save_grid(small, Path(target).with_name("small.tif"), cog=False)
    start = time.perf_counter()
    with dask.config.set(scheduler="threads", num_workers=THREADS):
        red = survey.open_grid(source, band=1)
        if job == "ndvi":
            nir = survey.open_grid(source, band=2)
            result = (nir - red) / (nir + red)
        else:
            result = survey.map_windows(kernel, red, halo=HALO)
        survey.save_grid(result, target, cog=False)
    return time.perf_counter() - start


def floor(job, source, target):  # noqa: ARG001
    """Write as many bytes, nothing else."""
    import rasterio

    with rasterio.open(source) as file:
        count = file.width * file.height * 4
    block = np.ones(4 * 2**20, "f4").data.cast("B")
    start = time.perf_counter()
    with Path(target).open("wb", buffering=0) as file:
        for _ in range(-(-count // len(block))):
            file.write(block)
    return time.perf_counter() - start


def flush(path):
    """Seconds until the file is on the disk."""
    start = time.perf_counter()
    with Path(path).open("rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - start


SIDES = {"loop": loop, "ours": ours, "floor": floor}


def child(side, job, folder):
    """One measurement, printed as JSON."""
    sys.path.insert(0, str(HERE.parent))
    source, target = Path(folder) / "in.tif", Path(folder) / f"{side}.tif"
    target.unlink(missing_ok=True)
    if side != "ours":
        os.environ.setdefault("GDAL_CACHEMAX", "512")
    seconds = SIDES[side](job, source, target)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"s": seconds, "flush": flush(target), "peak": peak}))


def measure(side, job, folder):
    """Run one measurement in a process of its own."""
    command = [sys.executable, __file__, "--child", side, job, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def same(folder):
    """Largest difference of the two results over some windows."""
    import rasterio
    from rasterio.windows import Window

    worst = 0.0
    names = [Path(folder) / "ours.tif", Path(folder) / "loop.tif"]
    with rasterio.open(names[0]) as one, rasterio.open(names[1]) as two:
        last = max(0, one.width - 600)
        for top, left in ((0, 0), (last, last), (last // 2, last // 3)):
            window = Window(left, top, min(600, one.width), min(600, one.height))
            a, b = one.read(1, window=window), two.read(1, window=window)
            if (np.isnan(a) != np.isnan(b)).any():
                return float("nan")
            worst = max(worst, float(np.nanmax(np.abs(a - b))))
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("--size", type=int, default=20_000, help="cells a side")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", help="where the files go (deleted afterwards)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return
    folder = Path(tempfile.mkdtemp(prefix="bench-raster-", dir=options.folder))
    try:
        report(folder, options.size, options.repeat)
    finally:
        shutil.rmtree(folder)


def report(folder, size, repeat):
    """Measure and print."""
    make_input(folder / "in.tif", size)
    print(f"{size} x {size} float32, {THREADS} threads, median of {repeat}")
    print(f"{'job':6} {'side':6} {'s':>6} {'least':>6} {'+flush':>7} {'peak MB':>8}")
    for job in ("ndvi", "focal"):
        found = {side: [] for side in SIDES}
        for _ in range(repeat):
            for side in SIDES:
                found[side].append(measure(side, job, folder))
                if side == "floor":
                    (folder / "floor.tif").unlink()
        middle = {}
        for side, runs in found.items():
            middle[side] = statistics.median(run["s"] for run in runs)
            both = statistics.median(run["s"] + run["flush"] for run in runs)
            least = min(run["s"] for run in runs)
            peak = max(run["peak"] for run in runs)
            print(
                f"{job:6} {side:6} {middle[side]:6.2f} {least:6.2f} {both:7.2f} "
                f"{peak:8.0f}"
            )
        raw = _pairs(found, lambda run: run["s"])
        on_disk = _pairs(found, lambda run: run["s"] + run["flush"])
        print(
            f"{job:6} ours / loop {middle['ours'] / middle['loop']:.2f} (median of "
            f"pairs {raw:.2f}; both flushed to disk {on_disk:.2f}), ours / floor "
            f"{middle['ours'] / middle['floor']:.2f}; largest difference of the "
            f"results {same(folder):.2g}"
        )


def _pairs(found, seconds):
    """Median ratio of ours to the loop, run by run. Ours flushes before it ends."""
    both = zip(found["ours"], found["loop"], strict=True)
    return statistics.median(seconds(ours) / seconds(loop) for ours, loop in both)


if __name__ == "__main__":
    main()
