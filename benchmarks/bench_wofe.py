"""
Weights of evidence of 1000 classes on 0.25 million cells, from file to table.

    python benchmarks/bench_wofe.py --peer /path/of/peer/bin/python

Beside eis_toolkit, in turns, medians; the weights of both are compared (the peer rounds
to four decimals and leaves out classes without deposits).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

N_CLASSES, SIZE, N_DEPOSITS = 1000, 500, 2000


def make_input(folder):
    import geopandas as gpd
    import rasterio
    from rasterio.transform import from_origin

    random = np.random.default_rng(0)
    classes = random.integers(1, N_CLASSES + 1, (SIZE, SIZE)).astype("int32")
    affine = from_origin(500_000, 4_000_000, 1000, 1000)
    profile = {"driver": "GTiff", "dtype": "int32", "count": 1, "nodata": -1}
    profile |= {"width": SIZE, "height": SIZE, "crs": "EPSG:32651", "transform": affine}
    with rasterio.open(folder / "classes.tif", "w", **profile) as out:
        out.write(classes, 1)
    # one deposit a cell, at its centre: there the peer counts as we do
    odds = np.exp(-classes.ravel() / 400)
    cells = random.choice(classes.size, N_DEPOSITS, replace=False, p=odds / odds.sum())
    x = 500_000 + (cells % SIZE + 0.5) * 1000
    y = 4_000_000 - (cells // SIZE + 0.5) * 1000
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(x, y), crs="EPSG:32651")
    points.to_file(folder / "deposits.gpkg")


def our_table(folder, direction):
    from prospect.models import weights_table
    from survey import open_grid, read_features

    def run():
        grid = open_grid(folder / "classes.tif", kind="categorical")
        deposits = read_features(folder / "deposits.gpkg")
        return weights_table(grid, deposits, direction=direction)

    start = time.perf_counter()
    run()  # imports what it needs; the peer has done so before its clock starts
    first = time.perf_counter() - start
    start, cpu = time.perf_counter(), time.process_time()
    table = run()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    table.to_csv(folder / f"ours_{direction}.csv", index=False)
    return {"seconds": seconds, "cpu": cpu, "first": first}


def compare(folder, direction):
    """Largest difference of W+ and contrast where both have deposits on either side."""
    import pandas as pd

    ours = pd.read_csv(folder / f"ours_{direction}.csv").set_index("class")
    peer = pd.read_csv(folder / f"peer_{direction}.csv").set_index("Class")
    inner = ours.index[(ours.n_deposits > 0) & (ours.n_deposits < N_DEPOSITS)]
    inner = inner.intersection(peer.index)
    gaps = [
        np.abs(ours.loc[inner, a] - peer.loc[inner, b]).max()
        for a, b in (("w_plus", "W+"), ("contrast", "Contrast"))
    ]
    return max(gaps), len(inner)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python of the environment of eis_toolkit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, direction = arguments.child
        print(json.dumps(our_table(Path(folder), direction)))
        return
    from peers.children import peer_python, run_child

    peer = peer_python(arguments.peer)
    script = Path(__file__).parent / "peers/eis_wofe.py"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_input(folder)
        for direction in ("unique", "ascending"):
            runs = {"ours": [], "peer": []}
            for _ in range(arguments.rounds):
                task = ("--child", folder, direction)
                runs["ours"].append(
                    run_child(sys.executable, __file__, *task, ours=True)
                )
                if peer:
                    runs["peer"].append(run_child(peer, script, folder, direction))
            fast = statistics.median(run["seconds"] for run in runs["ours"])
            first = statistics.median(run["first"] for run in runs["ours"])
            for label, done in runs.items():
                if done:
                    seconds, cpu, peak = (
                        statistics.median(run[key] for run in done)
                        for key in ("seconds", "cpu", "peak_mib")
                    )
                    print(
                        f"{direction:10} {label:5} {seconds:8.3f} s (processor "
                        f"{cpu:.3f} s) {peak:6.0f} MiB {seconds / fast:8.1f} x ours",
                        flush=True,
                    )
            print(f"  ours with all imports {first:.2f} s")
            if peer:
                gap, n = compare(folder, direction)
                print(f"  largest difference of weights {gap:.1e}, {n} classes")


if __name__ == "__main__":
    main()
