"""Drill holes on three deposits: collars, surveys, assays and logs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from ._deposits import MAIN, Ground, Occurrences
from ._frame import EAST, NORTH, SOUTH, WEST, cell_of, stream
from ._story import UNITS
from ._terrain import Terrain

HOLES = 8  # a deposit
PIECE = 2.0  # m of an assay


class Drillholes(NamedTuple):
    """The four tables; dips are negative downwards, lengths in m."""

    collars: pd.DataFrame
    surveys: pd.DataFrame
    assays: pd.DataFrame
    geology: pd.DataFrame


class _Ore(NamedTuple):
    """A body of ore: an upright ellipsoid, grades at its centre."""

    east: float
    north: float
    top: float
    radius: float
    height: float
    copper: float
    gold: float


def make_drillholes(
    terrain: Terrain, ground: Ground, deposits: Occurrences
) -> Drillholes:
    """Drill the three largest known deposits of the main type."""
    main = deposits.found[deposits.found["deposit_type"] == MAIN]
    largest = main.nlargest(3, "tonnage_Mt")
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in Drillholes._fields}
    for number, deposit in enumerate(largest.to_dict("records")):
        ore = _body(deposit, terrain)
        for hole in range(HOLES):
            rng = stream(60, number, hole)
            parts = _drill(rng, f"ZK{number + 1}{hole + 1:02d}", hole, ore, terrain)
            collar, survey, trace = parts
            tables["collars"].append(collar)
            tables["surveys"].append(survey)
            tables["assays"].append(_assay(rng, trace, ore))
            tables["geology"].append(_log(trace, ore, ground))
    return Drillholes(
        **{name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    )


def _body(deposit: dict, terrain: Terrain) -> _Ore:
    """Ellipsoid whose volume holds the deposit's tonnage at 2.65 t/m³."""
    volume = deposit["tonnage_Mt"] * 1e6 / 2.65
    radius = (volume / (4 / 3 * np.pi * 1.4)) ** (1 / 3)
    x, y = deposit["easting"], deposit["northing"]
    row, column = cell_of(x, y)
    top = float(terrain.elevation[row, column]) - 30
    grade, gold = deposit["Cu_pct"] * 1.5, deposit["Au_g_t"] * 1.5
    return _Ore(x, y, top, radius, 1.4 * radius, grade, gold)


def _drill(
    rng: np.random.Generator, name: str, number: int, ore: _Ore, terrain: Terrain
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Collar, survey and trace of one hole; later holes step out from the centre."""
    bearing = 2 * np.pi * number / HOLES + rng.normal(0, 0.2)
    away = ore.radius * (0.25 + 0.17 * number)
    east = np.round(np.clip(ore.east + away * np.sin(bearing), WEST, EAST), 1)
    north = np.round(np.clip(ore.north + away * np.cos(bearing), SOUTH, NORTH), 1)
    row, column = cell_of(east, north)
    level = round(float(terrain.elevation[row, column]) + rng.normal(0, 0.4), 1)
    end = float(np.round(np.clip(1.9 * ore.radius + rng.normal(0, 25), 150, 700), 0))
    azimuth = (np.rad2deg(bearing) + 180 + rng.normal(0, 8)) % 360
    dip = rng.choice([-90.0, -75.0, -65.0], p=[0.2, 0.4, 0.4])
    depth = np.append(np.arange(0, end, 50.0), end)
    turn = np.cumsum(rng.normal(0.25, 0.25, depth.size))
    lift = np.cumsum(rng.normal(0.30, 0.20, depth.size))
    survey = pd.DataFrame(
        {
            "hole_id": name,
            "depth": depth,
            "azimuth": np.round((azimuth + turn - turn[0]) % 360, 1),
            "dip": np.round(np.clip(dip + lift - lift[0], -90, -45), 1),
        }
    )
    collar = {"hole_id": name, "easting": east, "northing": north, "elevation": level}
    collar |= {"end_depth": end, "hole_type": "DD", "year": 1998 + 3 * number}
    trace = _trace(survey, azimuth + turn - turn[0], east, north, level)
    return pd.DataFrame([collar]), survey, trace


def _trace(
    survey: pd.DataFrame, azimuth: np.ndarray, east: float, north: float, level: float
) -> pd.DataFrame:
    """Places every metre by small straight steps along the interpolated direction."""
    depth = np.arange(0.5, survey["depth"].iloc[-1], 1.0)
    turn = np.deg2rad(np.interp(depth, survey["depth"], azimuth))
    dip = np.deg2rad(np.interp(depth, survey["depth"], survey["dip"]))
    return pd.DataFrame(
        {
            "hole_id": survey["hole_id"].iloc[0],
            "depth": depth,
            "east": east + np.cumsum(np.cos(dip) * np.sin(turn)),
            "north": north + np.cumsum(np.cos(dip) * np.cos(turn)),
            "level": level + np.cumsum(np.sin(dip)),
        }
    )


def _closeness(trace: pd.DataFrame, ore: _Ore) -> np.ndarray:
    """1 at the centre of the ore, exp(-1) on its surface."""
    middle = ore.top - ore.height
    level = (trace["level"] - middle) / ore.height
    side = np.hypot(trace["east"] - ore.east, trace["north"] - ore.north) / ore.radius
    return np.exp(-(side**2 + level**2)).to_numpy()


def _assay(rng: np.random.Generator, trace: pd.DataFrame, ore: _Ore) -> pd.DataFrame:
    near = _closeness(trace, ore)
    count = int(len(trace) // PIECE)
    mean = near[: int(count * PIECE)].reshape(count, int(PIECE)).mean(axis=1)
    start = PIECE * np.arange(count)
    shared = rng.normal(0, 0.30, count)
    copper = 0.004 + ore.copper * mean**1.4 * np.exp(
        shared + rng.normal(0, 0.15, count)
    )
    gold = ore.gold * mean**1.6 * np.exp(shared + rng.normal(0, 0.35, count))
    molybdenum = 2 + 90 * mean * np.exp(rng.normal(0, 0.5, count))
    density = 2.62 + 0.10 * mean + rng.normal(0, 0.02, count)
    return pd.DataFrame(
        {
            "hole_id": trace["hole_id"].iloc[0],
            "from_depth": start,
            "to_depth": start + PIECE,
            "sample_id": [
                f"{trace['hole_id'].iloc[0]}-{i + 1:03d}" for i in range(count)
            ],
            "Cu_pct": [f"{v:.3f}" if v >= 0.01 else "<0.01" for v in copper],
            "Au_g_t": [f"{v:.3f}" if v >= 0.005 else "<0.005" for v in gold],
            "Mo_ppm": np.round(molybdenum, 0).astype(int),
            "density_t_m3": np.round(density, 2),
        }
    )


def _log(trace: pd.DataFrame, ore: _Ore, ground: Ground) -> pd.DataFrame:
    """Lithology beneath each place on the map, alteration from nearness to ore."""
    row, column = cell_of(trace["east"].to_numpy(), trace["north"].to_numpy())
    unit = ground.geology.bedrock[row, column]
    zone = np.digitize(_closeness(trace, ore), [0.02, 0.12, 0.42])
    names = {u.code: (u.symbol, u.lithology) for u in UNITS}
    zones = ("none", "propylitic", "phyllic", "potassic")
    loose = trace["depth"].to_numpy() < 6
    change = (np.diff(unit) != 0) | (np.diff(zone) != 0) | (np.diff(loose) != 0)
    start = np.concatenate([[0], np.flatnonzero(change) + 1])
    stop = np.append(start[1:], len(trace))
    return pd.DataFrame(
        {
            "hole_id": trace["hole_id"].iloc[0],
            "from_depth": start.astype(float),
            "to_depth": stop.astype(float),
            "unit": ["Q" if loose[i] else names[unit[i]][0] for i in start],
            "lithology": [
                "overburden" if loose[i] else names[unit[i]][1] for i in start
            ],
            "alteration": [zones[0 if loose[i] else zone[i]] for i in start],
        }
    )
