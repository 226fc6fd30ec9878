"""
Weights of evidence with eis_toolkit, run by its Python.

`FOLDER DIRECTION` weighs FOLDER/classes.tif by FOLDER/deposits.gpkg.
"""

import json
import sys
import time
from pathlib import Path

import geopandas as gpd
import rasterio
from eis_toolkit.prediction.weights_of_evidence import (
    weights_of_evidence_calculate_weights,
)

if __name__ == "__main__":
    folder, direction = Path(sys.argv[1]), sys.argv[2]
    start, cpu = time.perf_counter(), time.process_time()
    deposits = gpd.read_file(folder / "deposits.gpkg")
    with rasterio.open(folder / "classes.tif") as grid:
        table, *_ = weights_of_evidence_calculate_weights(
            grid, deposits, weights_type=direction
        )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    table.to_csv(folder / f"peer_{direction}.csv", index=False)
    print(json.dumps({"seconds": seconds, "cpu": cpu}))
