"""
A full pass over an ENVI cube that need not fit into memory, beside a plain read.

    python benchmarks/bench_cube_read.py [--gb 4] [--interleave bil,bsq] [--folder F]

Writes a cube of 2000 columns and 200 bands, float32, of the given size for each
interleave, one after the other, and removes it; twenty gigabytes work where the disk
has them. Every pass is a process of its own. Cold: the file's pages are dropped from
the system's cache before (posix_fadvise DONTNEED), so that the disk is read. Warm: it
was read just before, which tells about processors, not disks, and which only a file
well under the memory is. The plain read goes through the file once with one buffer of
8 MiB, in order; "two readers" takes it with two threads, as our passes may.

Issue 4 requires 70 % of the plain read's rate at memory that does not grow with the
file. Peak memory is the process's: run two sizes to see that it stays. Only the class
map that classify_angle hands over (12 bytes a pixel) grows with the scene.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from peers.children import run_child

BANDS, COLUMNS = 200, 2000
BUFFER = 8 << 20
REQUIRED = 0.7
PASSES = {
    "plain": "plain read, one reader",
    "two": "plain read, two readers",
    "sum": "sum of every block",
    "report": "cube_report",
    "statistics": "scene_statistics, no noise",
    "angles": "classify_angle, best of 50",
}


def write_cube(path, gigabytes, interleave):
    """Random reflectance; lines repeat after a while, which no reader notices."""
    import numpy as np

    lines = max(16, int(gigabytes * 1e9 / (BANDS * COLUMNS * 4)))
    random = np.random.default_rng(0)
    with path.open("wb") as file:
        if interleave == "bsq":
            piece = random.random((64, COLUMNS), dtype="float32")
            for _ in range(BANDS):
                for start in range(0, lines, 64):
                    file.write(piece[: lines - start].tobytes())
        else:
            shape = (BANDS, COLUMNS) if interleave == "bil" else (COLUMNS, BANDS)
            piece = random.random((8, *shape), dtype="float32")
            for start in range(0, lines, 8):
                file.write(piece[: lines - start].tobytes())
        file.flush()
        os.fsync(file.fileno())
    waves = ", ".join(f"{400 + 10 * band}" for band in range(BANDS))
    path.with_suffix(".hdr").write_text(
        f"ENVI\nsamples = {COLUMNS}\nlines = {lines}\nbands = {BANDS}\ndata type = 4\n"
        f"interleave = {interleave}\nbyte order = 0\nheader offset = 0\n"
        f"wavelength units = Nanometers\nwavelength = {{{waves}}}\n",
        encoding="ascii",
    )
    return path.stat().st_size


def drop_cache(path):
    """Ask the system to forget the file's pages; False where it cannot."""
    if not hasattr(os, "posix_fadvise"):
        return False
    handle = os.open(path, os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)
    return True


def read_plain(path):
    buffer = bytearray(BUFFER)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def read_two(path):
    handle, size = os.open(path, os.O_RDONLY), path.stat().st_size

    def half(start):
        buffer = bytearray(BUFFER)
        for offset in range(start, min(start + size // 2 + 1, size), BUFFER):
            os.preadv(handle, [buffer], offset)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(half, (0, size // 2 + 1)))
    os.close(handle)


def block_sums(cube):
    import dask

    parts = [dask.delayed(float)(block.sum()) for block in blocks_of(cube)]
    return sum(dask.compute(*parts))


def blocks_of(cube):
    return cube.data.to_delayed().ravel()


def angles(cube):
    import numpy as np
    import xarray as xr

    from spectral.mapping import classify_angle

    values = np.random.default_rng(1).random((50, BANDS))
    at = {"spectrum": range(50), "wavelength": cube["wavelength"].values}
    library = xr.DataArray(values, at, ("spectrum", "wavelength"))
    return classify_angle(cube, library).compute()


def statistics(cube):
    from spectral.mapping import scene_statistics

    return scene_statistics(cube, noise=None)


def child(name, path):
    """One pass; imports and compiling, on a few lines, come before the clock."""
    if name in ("plain", "two"):
        work, thing = {"plain": read_plain, "two": read_two}[name], path
    else:
        import spectral

        tasks = {"sum": block_sums, "report": spectral.cube_report}
        work = (tasks | {"statistics": statistics, "angles": angles})[name]
        thing = spectral.open_cube(path)
        work(thing.isel(y=slice(0, 2)))
        drop = os.environ.get("BENCH_COLD") == "1"
        if drop:
            drop_cache(path)
    start, cpu = time.perf_counter(), time.process_time()
    work(thing)
    told = {"seconds": time.perf_counter() - start, "cpu": time.process_time() - cpu}
    print(json.dumps(told))


def measure(path, size, *, cold, repeats):
    os.environ["BENCH_COLD"] = "1" if cold else "0"
    rate = {}
    for name, label in PASSES.items():
        runs = []
        for _ in range(repeats):
            if cold:
                drop_cache(path)
            mine = name not in ("plain", "two")
            job = ["--child", name, path]
            runs.append(run_child(sys.executable, __file__, *job, ours=mine))
        best = min(runs, key=lambda told: told["seconds"])
        rate[name] = size / best["seconds"] / 1e9
        share = rate[name] / rate["plain"]
        met = ""
        if cold and mine:
            met = "met" if share >= REQUIRED else "MISSED"
        print(
            f"  {'cold' if cold else 'warm'}  {label:28s} {best['seconds']:7.2f} s, "
            f"processor {best['cpu']:7.2f} s, {rate[name]:5.2f} GB/s = {share:6.1%} of "
            f"the plain read, peak {max(r['peak_mib'] for r in runs):5.0f} MiB  {met}",
            flush=True,
        )


def main():
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--gb", type=float, default=1.0)
    parser.add_argument("--interleave", default="bil,bsq,bip")
    parser.add_argument("--folder", help="for the file; else the system's temporary")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--no-warm", action="store_true")
    asked = parser.parse_args()
    for interleave in asked.interleave.split(","):
        with tempfile.TemporaryDirectory(dir=asked.folder) as name:
            path = Path(name) / "cube.img"
            size = write_cube(path, asked.gb, interleave)
            print(f"{interleave}, {size / 1e9:.2f} GB, {BANDS} bands", flush=True)
            if drop_cache(path):
                measure(path, size, cold=True, repeats=asked.repeats)
            else:
                print("  no way to drop the system's cache here: warm only")
            if not asked.no_warm:
                read_plain(path)
                measure(path, size, cold=False, repeats=asked.repeats)


if __name__ == "__main__":
    main()
