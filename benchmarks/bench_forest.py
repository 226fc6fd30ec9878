"""
Random forest, 100 fully grown trees on 10 layers, from files to a map on disk.

    python benchmarks/bench_forest.py --peer /path/of/peer/bin/python

Beside eis_toolkit with the same trees (those it has grown), in turns, medians; then
growing maps for the memory, and prediction alone beside scikit-learn.
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

N_LAYERS, N_TRAINING = 10, 10_000
SIZES = (1000, 2000, 4000)
TINY, BLOCK = 256, 512


def make_layers(folder, size):
    """Layers of independent random numbers: the worst case, no two cells alike."""
    import rasterio
    from rasterio.transform import from_origin

    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "count": 1,
        "width": size,
        "height": size,
        "crs": "EPSG:32651",
        "transform": from_origin(500_000, 4_000_000, 100, 100),
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
    }
    random = np.random.default_rng(size)
    for i in range(N_LAYERS):
        with rasterio.open(folder / f"layer{i}_{size}.tif", "w", **profile) as out:
            out.write(random.random((size, size), dtype=np.float32), 1)


def make_training(folder):
    random = np.random.default_rng(0)
    X = random.random((N_TRAINING, N_LAYERS))
    noise = random.standard_normal(N_TRAINING)
    y = (X[:, 0] + X[:, 1] * X[:, 2] + 0.5 * noise > 1).astype(int)
    np.savez(folder / "training.npz", X=X, y=y)


def load_forest(folder):
    from prospect.models import CompiledForest, TreeArrays

    data = np.load(folder / "trees.npz")
    ends = np.cumsum(data["sizes"])[:-1]
    names = ("children_left", "children_right", "feature", "threshold", "value")
    parts = zip(*(np.split(data[name], ends) for name in names), strict=True)
    trees = [TreeArrays(*part) for part in parts]
    forest = CompiledForest.from_arrays(trees, n_features=N_LAYERS)
    forest.feature_names_in_ = [f"layer{i}" for i in range(N_LAYERS)]
    return forest


def our_map(folder, size):
    start = time.perf_counter()
    map_once(
        folder, TINY
    )  # imports and compiles; the peer's clock starts after its own
    first = time.perf_counter() - start
    start, cpu = time.perf_counter(), time.process_time()
    map_once(folder, size)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "import_seconds": first,
    }


def map_once(folder, size):
    from prospect import predict_map, stack_evidence
    from survey import open_grid, save_grid

    forest = load_forest(folder)
    layers = {
        f"layer{i}": open_grid(folder / f"layer{i}_{size}.tif", chunks=BLOCK)
        for i in range(N_LAYERS)
    }
    result = predict_map(forest, stack_evidence(layers))
    save_grid(result["score"], folder / f"ours_{size}.tif", cog=False)


def own_trees(folder):
    """Trees of our scikit-learn, where there is no peer to grow them."""
    from sklearn.ensemble import RandomForestClassifier

    data = np.load(folder / "training.npz")
    forest = RandomForestClassifier(100, random_state=0).fit(data["X"], data["y"])
    trees = [tree.tree_ for tree in forest.estimators_]
    names = ("children_left", "children_right", "feature", "threshold")
    parts = {name: np.concatenate([getattr(t, name) for t in trees]) for name in names}
    value = np.concatenate([tree.value[:, 0, 1] for tree in trees])
    sizes = [tree.node_count for tree in trees]
    np.savez(folder / "trees.npz", value=value, sizes=sizes, **parts)


def compare_inference(folder, rounds):
    """Seconds per million cells, two threads, of scikit-learn and of ours, in turns."""
    from sklearn.ensemble import RandomForestClassifier

    from prospect.models import CompiledForest

    data = np.load(folder / "training.npz")
    forest = RandomForestClassifier(100, random_state=0, n_jobs=2)
    forest.fit(data["X"], data["y"])
    start = time.perf_counter()
    fast = CompiledForest.from_forest(forest)
    packing = time.perf_counter() - start
    fast.predict_with_std(data["X"][:8])
    X = np.random.default_rng(1).random((500_000, N_LAYERS))
    times, difference = {"scikit-learn": [], "ours": []}, 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        theirs = forest.predict_proba(X)
        times["scikit-learn"].append((time.perf_counter() - start) * 2)
        start = time.perf_counter()
        ours = fast.predict_proba(X, n_jobs=2)
        times["ours"].append((time.perf_counter() - start) * 2)
        difference = max(difference, np.abs(ours - theirs).max())
    medians = {name: statistics.median(values) for name, values in times.items()}
    return medians | {"packing": packing, "difference": difference}


def compare_maps(folder, size):
    import rasterio

    with rasterio.open(folder / f"ours_{size}.tif") as a:
        ours = a.read(1)
    with rasterio.open(folder / f"peer_{size}.tif") as b:
        peer = b.read(1)
    return float(np.abs(ours - peer).max())


def summarise(runs):
    names = ("seconds", "cpu", "peak_mib")
    return tuple(statistics.median(run[name] for run in runs) for name in names)


def show(label, size, summary, extra=""):
    mega = size * size / 1e6
    seconds, cpu, peak = summary
    print(
        f"{label:24}{mega:5.0f} Mpx {seconds:9.2f} s (processor {cpu:.2f} s) "
        f"{seconds / mega:7.2f} s/Mpx {peak:8.0f} MiB  {extra}",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python of the environment of eis_toolkit")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="maps, of 3")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        folder, size = arguments.child
        print(json.dumps(our_map(Path(folder), int(size))))
    else:
        compare_all(arguments)


def compare_all(arguments):
    from peers.children import peer_python, run_child

    peer = peer_python(arguments.peer)
    script = Path(__file__).parent / "peers/eis_forest.py"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_training(folder)
        make_layers(folder, TINY)
        if peer:
            print("trees of the peer:", run_child(peer, script, "train", folder))
        else:
            own_trees(folder)

        def ours(size):
            return run_child(
                sys.executable, __file__, "--child", folder, size, ours=True
            )

        peaks = {}
        for size in SIZES[: arguments.sizes]:
            make_layers(folder, size)
            rounds = arguments.rounds if size < SIZES[-1] else 1
            mine, theirs, helped = [], [], []
            for _ in range(rounds):
                mine.append(ours(size))
                if peer and size < SIZES[-1]:
                    theirs.append(run_child(peer, script, "map", folder, size, 1))
                    helped.append(run_child(peer, script, "map", folder, size, 2))
            fast = summarise(mine)
            peaks[size] = fast[-1]
            before = f"imports and first call {mine[-1]['import_seconds']:.1f} s"
            show("ours", size, fast, before)
            for label, runs in (("peer", theirs), ("peer, 2 threads by hand", helped)):
                if runs:
                    slow = summarise(runs)
                    ratio = (
                        f"{slow[0] / fast[0]:.1f} x ours ({slow[1] / fast[1]:.1f} x)"
                    )
                    show(label, size, slow, ratio)
            if theirs:
                print(
                    f"  largest difference of the maps {compare_maps(folder, size):.1e}"
                )
        growth = " ".join(f"{peak / peaks[SIZES[0]]:.2f}" for peak in peaks.values())
        print(f"peak memory against the smallest map: {growth}")
        print("prediction alone, s/Mpx:", compare_inference(folder, arguments.rounds))


if __name__ == "__main__":
    main()
