"""A tiny district on disk: a whole run of it takes a few seconds."""

import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import LineString

CRS = "EPSG:32754"
WEST, NORTH, CELL, COLUMNS, ROWS = 400_000, 7_600_000, 100, 60, 50
TEXT = """\
[district]
name = "tiny"
crs = "EPSG:32754"
resolution = 100
region = [400000, 406000, 7595000, 7600000]
unit_cell_area = 0.01
random_state = 7

[[evidence]]
name = "mag"
file = "mag.tif"
treatment = "as_is"
units = "nT"

[[evidence]]
name = "fault_distance"
file = "faults.geojson"
treatment = "distance_to"

[[evidence]]
name = "As"
file = "soil.csv"
crs = "EPSG:32754"
treatment = "interpolated"
column = "As_ppm"
transform = "log10"

[deposits]
file = "deposits.gpkg"
id = "site"
size = "Au_t"

[background]
method = "random"
n = 300

[[model]]
kind = "weights_of_evidence"

[[model]]
kind = "logistic_regression"

[validation]
folds = 2
block_size = 1500
buffer = 300
"""


def write_grid(path, values, *, crs=CRS, west=WEST, north=NORTH, cell=CELL, **options):
    """GeoTIFF of `values`; nodata is NaN."""
    profile = {
        "driver": "GTiff",
        "height": values.shape[0],
        "width": values.shape[1],
        "count": 1,
        "dtype": "float32",
        "nodata": np.nan,
        "crs": crs,
        "transform": from_origin(west, north, cell, cell),
    }
    with rasterio.open(path, "w", **profile | options) as target:
        target.write(values.astype("float32"), 1)


def write_points(path, x, y, *, crs=CRS, **columns):
    points = gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(x, y), crs=crs)
    points.to_file(path)


def _write_everything(folder):
    draw = np.random.default_rng(20)
    rows, columns = np.mgrid[:ROWS, :COLUMNS]
    field = np.sin(columns / 9) * np.cos(rows / 7) * 50 + draw.normal(0, 5, rows.shape)
    write_grid(folder / "mag.tif", field)
    best = np.argsort(-(field + draw.normal(0, 25, field.shape)).ravel())[:40]
    row, column = np.unravel_index(best, field.shape)
    x, y = WEST + (column + 0.5) * CELL, NORTH - (row + 0.5) * CELL
    sites = [f"S{i:02}" for i in range(40)]
    size = draw.lognormal(1, 1, 40).round(2)
    write_points(folder / "deposits.gpkg", x, y, site=sites, Au_t=size)
    lines = [
        LineString([(401_000, 7_595_500), (404_500, 7_599_500)]),
        LineString([(402_000, 7_599_900), (405_800, 7_596_000)]),
    ]
    faults = gpd.GeoDataFrame({"kind": ["thrust", "normal"]}, geometry=lines, crs=CRS)
    faults.to_file(folder / "faults.geojson")
    soil = pd.DataFrame(
        {
            "sample_id": [f"A{i:03}" for i in range(80)],
            "x": draw.uniform(WEST, WEST + 6000, 80).round(1),
            "y": draw.uniform(NORTH - 5000, NORTH, 80).round(1),
            "As_ppm": draw.lognormal(2, 0.8, 80).round(2),
        }
    )
    soil.to_csv(folder / "soil.csv", index=False)
    (folder / "district.toml").write_text(TEXT, encoding="utf-8")


@pytest.fixture(scope="session")
def tiny_source(tmp_path_factory):
    """Folder of the tiny district; not to be changed."""
    folder = tmp_path_factory.mktemp("tiny")
    _write_everything(folder)
    return folder


@pytest.fixture
def tiny(tiny_source, tmp_path):
    """Path of the district file in a copy of the tiny district; may be spoilt."""
    return copy_district(tiny_source, tmp_path / "district")


def copy_district(source, folder):
    shutil.copytree(source, folder)
    return Path(folder) / "district.toml"


class _Visible(HTMLParser):
    """Text a reader of a Chinese page sees, without what is marked as English."""

    VOID = frozenset({"meta", "link", "img", "br"})
    TECHNICAL = frozenset({"code", "style", "title"})

    def __init__(self, page):
        super().__init__()
        self.open, self.texts = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in self.VOID:
            self.texts += [attrs["alt"]] if attrs.get("alt") else []
            return
        classes = set((attrs.get("class") or "").split())
        english = attrs.get("lang") == "en" and tag != "html"
        hidden = english or tag in self.TECHNICAL
        self.open.append(hidden or bool(classes & {"file", "versions"}))

    def handle_endtag(self, _):
        self.open.pop()

    def handle_data(self, data):
        if data.strip() and not any(self.open):
            self.texts.append(" ".join(data.split()))


@pytest.fixture(scope="session")
def english_left():
    """
    Callable that lists what a Chinese page still says in English.

    Code, file names, versions and what is marked lang="en" may be English; so may
    units, symbols and single names. Two words in a text without a Chinese character
    may not, nor three in a row anywhere. `data` are texts of the user's own.
    """
    word = r"[A-Za-z][a-z]+"
    several = re.compile(rf"{word}(?:[ ,;:]+{word}){{2}}")
    two = re.compile(rf"{word}[ ,;:]+{word}")

    def left(page, data=()):
        found = []
        users = re.compile("|".join(map(re.escape, data)) or r"(?!)")
        for text in (users.sub("", seen) for seen in _Visible(page).texts):
            chinese = any("\u4e00" <= c <= "\u9fff" for c in text)
            if (several if chinese else two).search(text):
                found.append(text)
        return found

    return left
