"""Rocks shed metals: stream sediments, soils, and the quality control of both."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from ._deposits import MAIN, Ground, Occurrences
from ._frame import EASTING, NORTHING, SIZE, cell_of, noise, stream
from ._terrain import Terrain, accumulate

PPB = {"Au"}


class Element(NamedTuple):
    """Background per unit, response to alteration and to ore, two detection limits."""

    background: tuple[float, ...]  # units 1 to 9, ppm (Au: ppb)
    core: float  # logarithm of the enrichment at full alteration
    shell: float  # the same in the outer shell
    ore: float
    limits: tuple[float, float]  # laboratory A, laboratory B


ELEMENTS = {
    "Cu": Element((26, 16, 9, 12, 24, 42, 8, 48, 22), 1.5, 0.2, 1.3, (2.0, 0.5)),
    "Au": Element((1.2, 0.8, 0.5, 0.6, 0.9, 1.4, 0.4, 1.6, 1.1), 1.4, 0.5, 1.5,
                  (0.5, 0.2)),
    "Mo": Element((0.7, 0.5, 0.3, 0.3, 0.8, 0.6, 1.1, 1.3, 0.6), 1.7, 0.1, 1.1,
                  (0.5, 0.1)),
    "Ag": Element((0.07, 0.05, 0.03, 0.04, 0.08, 0.06, 0.04, 0.07, 0.06), 0.6, 0.8,
                  0.8, (0.05, 0.02)),
    "Pb": Element((24, 19, 12, 14, 26, 14, 32, 22, 24), 0.0, 1.2, 0.5, (2.0, 1.0)),
    "Zn": Element((82, 55, 26, 38, 88, 78, 46, 60, 74), -0.1, 1.1, 0.4, (5.0, 2.0)),
    "As": Element((8, 7, 5, 4, 14, 6, 3, 5, 9), 0.4, 1.0, 0.7, (1.0, 0.2)),
}  # fmt: skip

BATCH_BIAS = {
    ("S2", "Zn"): 1.16, ("S3", "Cu"): 0.88, ("S4", "As"): 1.20, ("S5", "Pb"): 0.90,
    ("T2", "Mo"): 1.18, ("T3", "Cu"): 1.10,
}  # fmt: skip
PRECISION = {"Au": 0.22, "Ag": 0.12, "Mo": 0.10}  # analytical, others 0.05
REFERENCES = {  # certified values, ppm (Au: ppb)
    "RM-1": (21.0, 1.3, 0.6, 0.06, 25.0, 68.0, 7.5),
    "RM-2": (186.0, 24.0, 6.4, 0.31, 52.0, 140.0, 31.0),
    "RM-3": (915.0, 118.0, 38.0, 1.12, 88.0, 205.0, 74.0),
}


class Geochemistry(NamedTuple):
    """Tables of assays as text, their certified materials, and the rocks beneath."""

    sediments: pd.DataFrame
    soils: pd.DataFrame
    quality: pd.DataFrame
    references: pd.DataFrame


def make_geochemistry(
    terrain: Terrain, ground: Ground, deposits: Occurrences
) -> Geochemistry:
    """Sample streams once a km² and soils on two grids, then analyse both."""
    rocks = _rocks(ground, deposits)
    sediments, streams = _sediments(terrain, rocks)
    soils, lines = _soils(rocks)
    true = pd.concat([streams, lines], ignore_index=True)
    both = pd.concat([sediments, soils], ignore_index=True)
    quality = _quality(both, true)
    certified = pd.DataFrame(REFERENCES, index=[_column(e) for e in ELEMENTS]).T
    certified = certified.rename_axis("material").reset_index()
    return Geochemistry(_assayed(sediments), _assayed(soils), quality, certified)


def _column(element: str) -> str:
    return f"{element}_{'ppb' if element in PPB else 'ppm'}"


def _rocks(ground: Ground, deposits: Occurrences) -> dict[str, np.ndarray]:
    """Concentration of each element in the rock of each cell."""
    geology, rng = ground.geology, stream(40)
    alteration = geology.alteration
    shell = np.exp(-(((alteration - 0.28) / 0.14) ** 2))
    known = [deposits.found[deposits.found["deposit_type"] == MAIN], deposits.hidden]
    ore = _halo(pd.concat(known))
    lead = _halo(deposits.found[deposits.found["deposit_type"].str.contains("Pb-Zn")])
    rocks = {}
    for name, element in ELEMENTS.items():
        table = np.array([np.nan, *element.background])
        log = gaussian_filter(np.log(table[geology.bedrock]), 1.2)
        log += element.core * alteration + element.shell * shell + element.ore * ore
        log += 1.6 * lead * (name in {"Pb", "Zn", "Ag"})
        log += 0.22 * noise(rng, 800) + 0.18 * rng.standard_normal(log.shape)
        rocks[name] = np.exp(log)
    return rocks


def _halo(deposits: pd.DataFrame) -> np.ndarray:
    total = np.zeros((SIZE, SIZE))
    size = 0.5 + 0.25 * np.log1p(deposits["tonnage_Mt"])
    for x, y, strength in zip(
        deposits["easting"], deposits["northing"], size, strict=True
    ):
        distance = np.hypot(EASTING - x, NORTHING - y)
        total = np.maximum(total, strength * np.exp(-((distance / 320) ** 1.2)))
    return total


def _sediments(
    terrain: Terrain, rocks: dict[str, np.ndarray]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One stream a km²; a sediment is the mean of the rocks that drain to it."""
    rng = stream(41)
    good = (terrain.area > 2.5e5) & (terrain.area < 6e6)
    square = (NORTHING // 1000).astype(int) * 100_000 + (EASTING // 1000).astype(int)
    order = rng.permutation(np.flatnonzero(good.ravel()))
    _, first = np.unique(square.flat[order], return_index=True)
    cells = np.sort(order[first])
    count = cells.size
    shift = rng.uniform(-15, 15, (2, count))
    weight = accumulate(np.ones(terrain.order.size), terrain.receiver, terrain.order)
    true = {}
    for name, rock in rocks.items():
        carried = accumulate(rock, terrain.receiver, terrain.order)
        mean = carried[cells] / weight[cells]
        true[name] = mean * np.exp(rng.normal(0, 0.16, count))
    east = EASTING.flat[cells]
    batch = np.digitize(east, np.quantile(east, [0.2, 0.4, 0.6, 0.8]))
    days = pd.Timestamp("2014-04-08") + pd.to_timedelta(np.arange(count) // 9, "D")
    table = pd.DataFrame(
        {
            "sample_id": [f"BXS{i + 1:04d}" for i in range(count)],
            "easting": (east + shift[0]).round(1),
            "northing": (NORTHING.flat[cells] + shift[1]).round(1),
            "date": days.strftime("%Y-%m-%d"),
            "batch": [f"S{b + 1}" for b in batch],
            "laboratory": np.where(batch < 2, "A", "B"),
        }
    )
    return _analyse(rng, table, pd.DataFrame(true)), pd.DataFrame(true)


def _soils(rocks: dict[str, np.ndarray]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = stream(42)
    parts = []
    for grid, (west, south) in (
        ("N", (525_600, 3_406_600)),
        ("H", (529_600, 3_403_700)),
    ):
        x, y = np.meshgrid(west + 100 * np.arange(33), south + 200 * np.arange(17))
        names = [f"BXT-{grid}{i + 1:03d}" for i in range(x.size)]
        line = [f"{grid}L{row:02d}" for row in np.repeat(np.arange(17) + 1, 33)]
        part = {"sample_id": names, "line_id": line}
        part |= {"easting": x.ravel(), "northing": y.ravel()}
        parts.append(pd.DataFrame(part))
    table = pd.concat(parts, ignore_index=True)
    table["easting"] = (table["easting"] + rng.normal(0, 6, len(table))).round(1)
    table["northing"] = (table["northing"] + rng.normal(0, 6, len(table))).round(1)
    table["batch"] = [f"T{1 + i * 4 // len(table)}" for i in range(len(table))]
    table["laboratory"] = "B"
    rows, columns = cell_of(table["easting"].to_numpy(), table["northing"].to_numpy())
    true = {
        name: gaussian_filter(rock, 0.8)[rows, columns]
        * np.exp(rng.normal(0.1, 0.20, len(table)))
        for name, rock in rocks.items()
    }
    return _analyse(rng, table, pd.DataFrame(true)), pd.DataFrame(true)


def _analyse(
    rng: np.random.Generator, table: pd.DataFrame, true: pd.DataFrame
) -> pd.DataFrame:
    """Values as a laboratory finds them: bias of the batch, then its precision."""
    table = table.copy()
    for name in ELEMENTS:
        bias = [BATCH_BIAS.get((batch, name), 1.0) for batch in table["batch"]]
        error = np.exp(rng.normal(0, PRECISION.get(name, 0.05), len(table)))
        table[_column(name)] = true[name].to_numpy() * np.array(bias) * error
    return table


def _quality(samples: pd.DataFrame, true: pd.DataFrame) -> pd.DataFrame:
    """In every batch: field duplicates of one sample in 20, the others one in 30."""
    rng = stream(43)
    within = samples.groupby("batch").cumcount().to_numpy()
    taken = np.flatnonzero(within % 20 == 9)
    keep = ["batch", "laboratory"]
    field = true.iloc[taken] * np.exp(rng.normal(0, 0.10, (taken.size, len(ELEMENTS))))
    double = samples.iloc[taken][keep].assign(
        qc_type="field duplicate",
        material="",
        original_id=samples["sample_id"].iloc[taken],
    )
    parts = [_analyse(rng, double.reset_index(drop=True), field.reset_index(drop=True))]
    sizes = samples.groupby(keep).size()
    for (batch, laboratory), size in sizes.items():
        count = max(3, int(size) // 30)
        for kind, names in (
            ("reference material", list(REFERENCES)),
            ("blank", ["quartz sand"]),
        ):
            used = [names[i % len(names)] for i in range(count)]
            rows = pd.DataFrame(
                {"batch": batch, "laboratory": laboratory, "qc_type": kind,
                 "material": used, "original_id": ""}
            )  # fmt: skip
            quartz = tuple(0.2 * e.limits[1] for e in ELEMENTS.values())
            content = [REFERENCES.get(name, quartz) for name in used]
            parts.append(_analyse(rng, rows, pd.DataFrame(content, columns=ELEMENTS)))
    table = pd.concat(parts, ignore_index=True)
    table.insert(0, "qc_id", [f"BXQ{i + 1:03d}" for i in range(len(table))])
    first = ["qc_id", "qc_type", "original_id", "material", *keep]
    return _assayed(table[[*first, *(_column(name) for name in ELEMENTS)]])


def _assayed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers as text, below the laboratory's limit as `<limit`."""
    table = table.copy()
    for name, element in ELEMENTS.items():
        limit = np.where(table["laboratory"] == "A", *element.limits)
        table[_column(name)] = [
            f"<{edge:g}" if value < edge else _rounded(value, edge)
            for value, edge in zip(table[_column(name)], limit, strict=True)
        ]
    return table


def _rounded(value: float, limit: float) -> str:
    """Three digits, not finer than a tenth of the detection limit."""
    places = max(0, int(np.ceil(-np.log10(limit))) + 1)
    places = min(places, max(0, 2 - int(np.floor(np.log10(value)))))
    return f"{value:.{places}f}"
