"""
Inverse distance weighting with eis_toolkit, run by its Python.

`FOLDER SIZE` spreads FOLDER/points.npy (x, y, value) over SIZE × SIZE cells of 10 m.
"""

import json
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
from eis_toolkit.vector_processing.idw_interpolation import idw
from rasterio.transform import from_origin

if __name__ == "__main__":
    folder, size = Path(sys.argv[1]), int(sys.argv[2])
    x, y, value = np.load(folder / "points.npy").T
    places = gpd.points_from_xy(x, y)
    table = gpd.GeoDataFrame({"v": value}, geometry=places, crs="EPSG:32633")
    profile = {
        "width": size,
        "height": size,
        "crs": table.crs,
        "transform": from_origin(0, 10 * size, 10, 10),
        "count": 1,
        "dtype": "float32",
        "driver": "GTiff",
        "nodata": -9999.0,
    }
    start, cpu = time.perf_counter(), time.process_time()
    grid = idw(table, "v", profile, power=2)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    np.save(folder / "peer.npy", grid)
    print(json.dumps({"seconds": seconds, "cpu": cpu}))
