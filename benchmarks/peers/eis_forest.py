"""
Random forest with eis_toolkit: train, or map from files to file, run by its Python.

`train FOLDER` fits the forest of the benchmark and writes its trees as plain arrays,
so that the other side predicts with the very same ones. `map FOLDER SIZE N_JOBS` makes
the map.
"""

import json
import sys
import time
from pathlib import Path

import joblib
import numpy as np


def train(folder):
    from eis_toolkit.prediction.random_forests import random_forest_classifier_train

    data = np.load(folder / "training.npz")
    model, _ = random_forest_classifier_train(
        data["X"], data["y"], validation_method="none", n_estimators=100, random_state=0
    )
    joblib.dump(model, folder / "forest.joblib")
    trees = [tree.tree_ for tree in model.estimators_]
    value = [tree.value[:, 0, 1] / tree.value[:, 0, :].sum(axis=1) for tree in trees]
    names = ("children_left", "children_right", "feature", "threshold")
    parts = {name: np.concatenate([getattr(t, name) for t in trees]) for name in names}
    sizes = [tree.node_count for tree in trees]
    np.savez(folder / "trees.npz", value=np.concatenate(value), sizes=sizes, **parts)
    depth = float(np.mean([tree.max_depth for tree in trees]))
    return {"nodes": float(np.mean(sizes)), "depth": depth}


def make_map(folder, size, n_jobs):
    start = time.perf_counter()
    import rasterio
    from eis_toolkit.prediction.machine_learning_general import (
        prepare_data_for_ml,
        reshape_predictions,
    )
    from eis_toolkit.prediction.machine_learning_predict import predict_classifier

    imports = time.perf_counter() - start
    model = joblib.load(folder / "forest.joblib")
    model.n_jobs = n_jobs
    files = [folder / f"layer{i}_{size}.tif" for i in range(model.n_features_in_)]
    start, cpu = time.perf_counter(), time.process_time()
    X, _, profile, mask = prepare_data_for_ml(files)
    _, probability = predict_classifier(X, model)
    grid = reshape_predictions(probability, size, size, mask)
    profile.update(dtype="float32", count=1, nodata=float("nan"))
    with rasterio.open(folder / f"peer_{size}.tif", "w", **profile) as out:
        out.write(grid.astype("float32"), 1)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time() - cpu,
        "import_seconds": imports,
    }


if __name__ == "__main__":
    task, where, *rest = sys.argv[1:]
    if task == "train":
        result = train(Path(where))
    else:
        result = make_map(Path(where), *(int(word) for word in rest))
    print(json.dumps(result))
