"""
Inverse distance, natural neighbours, minimum curvature: samples to a map.

Run `python benchmarks/bench_idw.py [--peer PYTHON]`. The peer is eis_toolkit's
idw (all samples, power 2), in its own environment: see benchmarks/peers. Both get the
same points and grid, in memory; imports and the compiling of the first call are left
out on both sides. The peer's nodes stand on the edges of the map instead of the cell
centres, so its own grid is given to ours for the comparison of answers.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from peers.children import peer_python, run_child

PEER = Path(__file__).parent / "peers" / "eis_idw.py"


def samples_of(count, size):
    import geopandas as gpd
    import numpy as np

    random = np.random.default_rng(3)
    x, y = random.uniform(0, 10 * size, (2, count))
    values = np.sin(x / 3000) + np.cos(y / 2000) + 0.1 * random.normal(size=count)
    places = gpd.points_from_xy(x, y)
    return gpd.GeoDataFrame({"v": values}, geometry=places, crs="EPSG:32633")


def ours(method, count, size):
    """Seconds and processor seconds of one map, after a small first one."""
    from prospect import gridding
    from survey import make_geobox

    call = {
        "idw": lambda s, b: gridding.inverse_distance(s, "v", like=b, neighbours=None),
        "idw12": lambda s, b: gridding.inverse_distance(s, "v", like=b),
        "natural": lambda s, b: gridding.natural_neighbour(s, "v", like=b),
        "curvature": lambda s, b: gridding.minimum_curvature(s, "v", like=b),
    }[method]
    small = make_geobox((0, 1000, 0, 1000), crs="EPSG:32633", resolution=10)
    call(samples_of(50, 100), small).compute()
    box = make_geobox((0, 10 * size, 0, 10 * size), crs="EPSG:32633", resolution=10)
    samples = samples_of(count, size)
    start, cpu = time.perf_counter(), time.process_time()
    call(samples, box).compute()
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
    }


def difference(folder):
    """Largest difference from the peer at its own nodes, every 37th of them."""
    import numpy as np

    peer = np.load(folder / "peer.npy")
    points = np.load(folder / "points.npy")
    size = peer.shape[0]
    node = np.linspace(0, 10 * size, size)
    rows, cols = np.arange(0, size, 37), np.arange(0, size, 37)
    apart = (node[cols][None, :, None] - points[:, 0]) ** 2
    apart = apart + (node[::-1][rows][:, None, None] - points[:, 1]) ** 2
    plain = ((1 / apart) * points[:, 2]).sum(-1) / (1 / apart).sum(-1)
    return float(np.abs(peer[np.ix_(rows, cols)] - plain).max())


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--peer")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--child")
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(ours(asked.child, asked.count, asked.size)))
        return
    peer = peer_python(asked.peer)
    cells = asked.size**2 / 1e6
    print(f"{asked.count} samples, {asked.size} × {asked.size} cells ({cells:g} Mpx)")
    run("ours, all samples", asked, "idw", asked.count, asked.size)
    if peer:
        beside_peer(peer, asked)
    print("how cost grows")
    for method in ("idw", "idw12", "natural", "curvature"):
        for count, size in ((1000, 500), (1000, 1000), (10_000, 1000), (1000, 2000)):
            run(f"{method} {count}, {size**2 / 1e6:g} Mpx", asked, method, count, size)


def run(name, asked, method, count, size):
    options = ["--child", method, "--count", count, "--size", size]
    found = [
        run_child(sys.executable, __file__, *options, ours=True)
        for _ in range(asked.repeats)
    ]
    wall, cpu = (statistics.median(f[key] for f in found) for key in ("seconds", "cpu"))
    peak = max(f["peak_mib"] for f in found)
    print(f"  {name:28s} {wall:7.3f} s, processor {cpu:7.3f} s, peak {peak:5.0f} MiB")
    return wall


def beside_peer(peer, asked):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = []
        for _ in range(asked.repeats):
            options = ["--child", "idw", "--count", asked.count, "--size", asked.size]
            mine = run_child(sys.executable, __file__, *options, ours=True)
            write_points(folder, asked)
            theirs = run_child(peer, PEER, folder, asked.size)
            pairs.append((mine["seconds"], theirs["seconds"], theirs["peak_mib"]))
        mine, theirs = (statistics.median(p[k] for p in pairs) for k in (0, 1))
        peak = max(pair[2] for pair in pairs)
        print(f"  {'eis_toolkit':28s} {theirs:7.3f} s, peak {peak:.0f} MiB")
        print(f"  ratio {theirs / mine:.1f} ×")
        apart = difference(folder)
        print(f"  eis_toolkit at its nodes and a plain sum: {apart:.1e} apart")


def write_points(folder, asked):
    import numpy as np

    samples = samples_of(asked.count, asked.size)
    columns = [samples.geometry.x, samples.geometry.y, samples["v"]]
    np.save(folder / "points.npy", np.column_stack(columns))


if __name__ == "__main__":
    main()
