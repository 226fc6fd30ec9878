"""
Ordinary kriging: ours, eis_toolkit (PyKrige) and gstlearn on the same samples.

Run `python benchmarks/bench_kriging.py [--peer PYTHON] [--gstlearn PYTHON]`; the size
of the comparison is `--points 2000 --side 300`, `--large` adds 100,000 points on 10
million cells, written to files. The peers have environments of their own: see
benchmarks/peers for eis_toolkit; `pip install gstlearn` makes the other.

Every measurement is a process of its own, the sides alternate; medians of wall clock
and processor time, peak memory. Imports and the compiling of the first call are left
out. Ours and eis_toolkit fit their variogram within the time; for the comparison of
answers ours takes the one that PyKrige has fitted, on the peer's own nodes (they lie on
the corners of the cells, south first), and beside gstlearn that of the samples' field.
Differences are given in units of the kriging standard deviation.
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

PEERS = Path(__file__).parent / "peers"
NEAREST = 64
GROWTH = ((500, 100), (2000, 100), (2000, 300), (8000, 300), (8000, 600))
LARGE = (100_000, 3163)


def samples_of(count, side):
    import geopandas as gpd
    import numpy as np

    random = np.random.default_rng(3)
    x, y = random.uniform(0, 10 * side, (2, count))
    # waves whose sum has an exponential variogram of a quarter of the side, and noise
    waves = random.normal(size=(300, 2)) / np.abs(random.normal(size=(300, 1)))
    values = 0.3 * random.normal(size=count)
    for (east, north), phase in zip(
        waves * 3 / (2.5 * side), random.uniform(0, 2 * np.pi, 300), strict=True
    ):
        values += np.cos(east * x + north * y + phase) / np.sqrt(150)
    places = gpd.points_from_xy(x, y)
    return gpd.GeoDataFrame({"v": values}, geometry=places, crs="EPSG:32633")


def frame(side, *, shift=0.0):
    """Cells of 10 m; shifted by half a cell their centres are the peer's nodes."""
    from affine import Affine
    from odc.geo.geobox import GeoBox

    west, north = shift, 10 * side + shift
    return GeoBox((side, side), Affine(10, 0, west, 0, -10, north), "EPSG:32633")


def hood_of(neighbours):
    from prospect.gridding import Neighbourhood

    return Neighbourhood(neighbours=neighbours or None)


def ours(count, side, neighbours, *, to_file=None):
    """Seconds of one map with its variance, after a small first one."""
    from prospect.gridding import krige
    from survey import save_grids

    for first in (0, 8):
        options = {"like": frame(40), "neighbourhood": hood_of(first)}
        krige(samples_of(200, 40), "v", **options).compute()
    samples = samples_of(count, side)
    options = {"like": frame(side), "neighbourhood": hood_of(neighbours)}
    start, cpu = time.perf_counter(), time.process_time()
    found = krige(samples, "v", **options)
    if to_file is None:
        found.compute()
    else:
        names = {to_file / f"{n}.tif": found[n] for n in ("estimate", "variance")}
        save_grids(names, cog=False)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {"seconds": seconds, "cpu": cpu}


def run(name, python, script, *arguments, asked, mine=False):
    found = [
        run_child(python, script, *arguments, ours=mine) for _ in range(asked.repeats)
    ]
    wall, cpu = (statistics.median(f[key] for f in found) for key in ("seconds", "cpu"))
    peak = max(f["peak_mib"] for f in found)
    print(
        f"  {name:34s} {wall:8.2f} s, processor {cpu:8.2f} s, peak {peak:6.0f} MiB",
        flush=True,
    )
    return wall, peak, found[-1]


def run_ours(name, count, side, neighbours, asked, *more):
    options = ["--child", count, side, neighbours, *more]
    return run(name, sys.executable, __file__, *options, asked=asked, mine=True)


def compare(label, estimate, other, sd):
    import numpy as np

    apart = (estimate - other) / sd
    print(
        f"  {label}: estimates differ by {np.abs(apart).max():.1e} at most, "
        f"{np.sqrt((apart**2).mean()):.1e} rms (kriging standard deviations)"
    )


def answers(folder, asked, told, shift=0.0):
    """Ours with a given variogram: estimate and standard deviation, all and nearest."""
    import numpy as np

    # in a process of its own: children begin with the memory of their parent
    options = ["--answer", folder, json.dumps(told), shift, "--side", asked.side]
    run_child(sys.executable, __file__, *options, ours=True)
    for neighbours in (0, NEAREST):
        yield np.load(folder / f"ours_{neighbours}.npy")


def write_answers(folder, side, told, shift):
    import numpy as np

    from prospect.gridding import Structure, VariogramModel, krige

    shape = Structure("exponential", told["sill"], told["range"])
    model = VariogramModel(told["nugget"], [shape])
    points = np.load(folder / "points.npy")
    samples = samples_of(len(points), side)
    for neighbours in (0, NEAREST):
        hood = hood_of(neighbours)
        options = {"variogram": model, "neighbourhood": hood}
        found = krige(samples, "v", like=frame(side, shift=shift), **options).compute()
        both = found["estimate"].to_numpy(), np.sqrt(found["variance"].to_numpy())
        np.save(folder / f"ours_{neighbours}.npy", both)


def beside_eis(python, asked, folder, mine):
    import numpy as np

    script = PEERS / "eis_kriging.py"
    wall, peak, found = run(
        "eis_toolkit (PyKrige)", python, script, folder, asked.side, asked=asked
    )
    print(f"  ratio {wall / mine[0]:.1f} ×; memory {peak / mine[1]:.1f} ×")
    told = found["variogram"]
    # node (i, j) of the peer lies at (10 j, 10 i): its rows run from south to north
    whole, sd = next(answers(folder, asked, told, shift=-5.0))
    peer = np.load(folder / "eis.npy")
    compare("eis_toolkit and ours", whole[::-1], peer, sd[::-1])


def beside_gstlearn(python, asked, folder, told, mine):
    import numpy as np

    (folder / "variogram.json").write_text(json.dumps(told))
    script = PEERS / "gst_kriging.py"
    both = list(answers(folder, asked, told))
    (whole, sd), (near, _) = both
    compare(f"ours, nearest {NEAREST} and all", near, whole, sd)
    for number, (k, label) in enumerate(((0, "all"), (NEAREST, f"nearest {NEAREST}"))):
        name = f"gstlearn, {label}"
        options = [folder, asked.side, k]
        wall, peak, _ = run(name, python, script, *options, asked=asked)
        print(f"  ratio {wall / mine[k][0]:.1f} ×; memory {peak / mine[k][1]:.1f} ×")
        estimate, sd = (
            np.load(folder / f"gst_{n}.npy")[::-1] for n in ("estim", "stdev")
        )
        compare(f"{name} and ours", both[number][0], estimate, sd)
        ratio = both[number][1] / sd
        print(
            f"  our standard deviation is {ratio.min():.4f} to {ratio.max():.4f} of "
            f"gstlearn's, {np.sqrt(((ratio - 1) ** 2).mean()):.1e} rms apart"
        )


def options():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--peer", help="Python that has eis_toolkit")
    parser.add_argument("--gstlearn", help="Python that has gstlearn")
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--side", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--child", nargs="+")
    parser.add_argument("--answer", nargs=3)
    return parser.parse_args()


def main():
    asked = options()
    if asked.child:
        count, side, neighbours = (int(v) for v in asked.child[:3])
        to_file = Path(asked.child[3]) if len(asked.child) > 3 else None
        print(json.dumps(ours(count, side, neighbours, to_file=to_file)))
        return
    if asked.answer:
        folder, told, shift = asked.answer
        write_answers(Path(folder), asked.side, json.loads(told), float(shift))
        print("{}")
        return
    beside_peers(asked)
    if asked.growth:
        print("how cost grows")
        for count, side in GROWTH:
            run_ours(f"{count}, {side**2 / 1e6:g} Mpx", count, side, 0, asked)
    if asked.large:
        count, side = LARGE
        print(f"{count} samples, {side**2 / 1e6:.1f} Mpx, to files")
        with tempfile.TemporaryDirectory() as name:
            asked.repeats = 1
            run_ours("ours, nearest 64", count, side, 0, asked, name)


def beside_peers(asked):
    cells = asked.side**2 / 1e6
    print(f"{asked.points} samples, {asked.side} × {asked.side} cells ({cells:g} Mpx)")
    mine = {
        k: run_ours(name, asked.points, asked.side, k, asked)
        for k, name in ((0, "ours, all samples"), (NEAREST, f"ours, nearest {NEAREST}"))
    }
    peer = peer_python(asked.peer)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_points(folder, asked)
        if peer:
            beside_eis(peer, asked, folder, mine[0])
        if asked.gstlearn:
            told = {"sill": 1.0, "range": 2.5 * asked.side, "nugget": 0.09}
            beside_gstlearn(asked.gstlearn, asked, folder, told, mine)
        else:
            print("no gstlearn: pip install it somewhere and give --gstlearn")


def write_points(folder, asked):
    import numpy as np

    samples = samples_of(asked.points, asked.side)
    columns = [samples.geometry.x, samples.geometry.y, samples["v"]]
    np.save(folder / "points.npy", np.column_stack(columns))


if __name__ == "__main__":
    main()
