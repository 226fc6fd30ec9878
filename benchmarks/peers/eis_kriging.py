"""
Ordinary kriging with eis_toolkit (PyKrige inside), run by its Python.

`FOLDER SIDE` spreads FOLDER/points.npy (x, y, value) over SIDE × SIDE cells of 10 m,
and says which exponential variogram PyKrige fits.
"""

import json
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
from eis_toolkit.vector_processing.kriging_interpolation import kriging
from pykrige.ok import OrdinaryKriging
from rasterio.transform import from_origin

if __name__ == "__main__":
    folder, side = Path(sys.argv[1]), int(sys.argv[2])
    x, y, value = np.load(folder / "points.npy").T
    places = gpd.points_from_xy(x, y)
    table = gpd.GeoDataFrame({"v": value}, geometry=places, crs="EPSG:32633")
    profile = {
        "width": side,
        "height": side,
        "crs": table.crs,
        "transform": from_origin(0, 10 * side, 10, 10),
        "count": 1,
        "dtype": "float32",
        "driver": "GTiff",
        "nodata": -9999.0,
    }
    start, cpu = time.perf_counter(), time.process_time()
    grid = kriging(
        table, "v", profile, variogram_model="exponential",
        coordinates_type="euclidean",
    )  # fmt: skip
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    np.save(folder / "eis.npy", np.asarray(grid))
    fitted = OrdinaryKriging(x, y, value, variogram_model="exponential")
    sill, reach, nugget = (float(v) for v in fitted.variogram_model_parameters)
    told = {"sill": sill, "range": reach, "nugget": nugget}
    print(json.dumps({"seconds": seconds, "cpu": cpu, "variogram": told}))
