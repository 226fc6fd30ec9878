"""Strata, faults, intrusions and alteration."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt
from shapely import LineString

from ._frame import (
    EASTING,
    NORTHING,
    RESOLUTION,
    SOUTH,
    WEST,
    distance_to_lines,
    fractal,
    noise,
    stream,
)
from ._story import (
    ANDESITE,
    FAULTS,
    GRANITE,
    LIMESTONE,
    PORPHYRY,
    QUARTZITE,
    SANDSTONE,
    SCHIST,
    SILTSTONE,
    STOCKS,
    FaultLine,
    Stock,
)

STRIKE = np.deg2rad(55.0)


class Geology(NamedTuple):
    """Maps of the bedrock, before rivers lay alluvium on it."""

    bedrock: np.ndarray
    faults: list[LineString]
    distance_ne: np.ndarray
    stock: np.ndarray  # 1 + number in STOCKS where a stock lies, exposed or blind
    contact: np.ndarray  # metres to the edge of the nearest stock, exposed or blind
    alteration: np.ndarray  # 0 to 1
    zone: np.ndarray  # 0 none, 1 propylitic, 2 phyllic, 3 potassic


def make_geology() -> Geology:
    """Lay down strata, fold and fault them, then intrude and alter them."""
    faults = [_fault_line(fault, i) for i, fault in enumerate(FAULTS)]
    ne = [line for line, f in zip(faults, FAULTS, strict=True) if f.fault_set == "NE"]
    distance_ne = distance_to_lines(ne)
    bedrock = _strata(faults)
    bedrock[_granite()] = GRANITE
    stock, contact = _stocks(faults)
    blind = np.isin(stock, [i + 1 for i, s in enumerate(STOCKS) if s.top > 0])
    bedrock[(stock > 0) & ~blind] = PORPHYRY
    alteration = _alteration(contact, stock, distance_ne)
    alteration[blind] *= 0.6
    return Geology(
        bedrock, faults, distance_ne, stock, contact, alteration, _zones(alteration)
    )


def _fault_line(fault: FaultLine, number: int) -> LineString:
    rng = stream(1, number)
    count = max(int(fault.length / 0.4), 8)
    along = np.linspace(-0.5, 0.5, count) * fault.length * 1000
    phase, bend = rng.uniform(0, 2 * np.pi), rng.uniform(0.010, 0.022)
    across = (
        bend * fault.length * 1000 * np.sin(2.2 * np.pi * along / along[-1] + phase)
    )
    jitter = np.cumsum(rng.normal(0, 28, count))
    across = across + jitter - np.linspace(jitter[0], jitter[-1], count)
    azimuth = np.deg2rad(fault.azimuth)
    x = (
        WEST
        + fault.centre[0] * 1000
        + along * np.sin(azimuth)
        + across * np.cos(azimuth)
    )
    y = (
        SOUTH
        + fault.centre[1] * 1000
        + along * np.cos(azimuth)
        - across * np.sin(azimuth)
    )
    return LineString(np.round(np.column_stack([x, y]), 1))


def _strata(faults: list[LineString]) -> np.ndarray:
    rng = stream(2)
    u, v = (EASTING - WEST) / 1000 - 10, (NORTHING - SOUTH) / 1000 - 10
    across = v * np.sin(STRIKE) - u * np.cos(STRIKE)
    along = u * np.sin(STRIKE) + v * np.cos(STRIKE)
    height = -np.cos(2 * np.pi * (across - 2.2) / 13.5) + 0.035 * along
    height += 0.16 * noise(rng, 2200) + 0.05 * noise(rng, 600)
    for fault, line in zip(FAULTS, faults, strict=True):
        if fault.throw:
            height += fault.throw * _side(line) * _taper(fault)
    marks = np.quantile(height, [0.17, 0.37, 0.49, 0.74])
    names = np.array([SCHIST, SANDSTONE, QUARTZITE, LIMESTONE, SILTSTONE])
    unit = names[np.digitize(height, marks)]
    cover = 0.085 * (u - v) + 0.62 * noise(rng, 2000) + 0.10 * noise(rng, 500)
    unit[cover > np.quantile(cover, 0.84)] = ANDESITE
    return unit


def _side(line: LineString) -> np.ndarray:
    """+1 left of the fault, -1 right of it, bends followed."""
    points = np.array(line.coords)
    origin, direction = points[0], points[-1] - points[0]
    direction = direction / np.hypot(*direction)
    dx, dy = EASTING - origin[0], NORTHING - origin[1]
    along = dx * direction[0] + dy * direction[1]
    across = dy * direction[0] - dx * direction[1]
    steps = points - origin
    line_along = steps @ direction
    line_across = steps[:, 1] * direction[0] - steps[:, 0] * direction[1]
    return np.sign(across - np.interp(along, line_along, line_across))


def _taper(fault: FaultLine) -> np.ndarray:
    x, y = WEST + fault.centre[0] * 1000, SOUTH + fault.centre[1] * 1000
    distance = np.hypot(EASTING - x, NORTHING - y) / (fault.length * 500)
    return np.clip(1 - distance**2, 0, 1)


def _granite() -> np.ndarray:
    u, v = (EASTING - WEST) / 1000, (NORTHING - SOUTH) / 1000
    reach = np.hypot((u - 1.6) / 4.4, (v - 18.6) / 3.7)
    return reach + 0.11 * noise(stream(3), 900) < 1


def _stocks(faults: list[LineString]) -> tuple[np.ndarray, np.ndarray]:
    number = np.zeros(EASTING.shape, dtype=int)
    for i, stock in enumerate(STOCKS):
        number[_footprint(stock, faults[stock.fault], i)] = i + 1
    inside = number > 0
    outward = distance_transform_edt(~inside) * RESOLUTION
    inward = distance_transform_edt(inside) * RESOLUTION
    return number, np.where(inside, inward, outward) - RESOLUTION / 2


def _footprint(stock: Stock, fault: LineString, number: int) -> np.ndarray:
    rng = stream(4, number)
    centre = fault.interpolate(stock.along, normalized=True)
    dx, dy = EASTING - centre.x, NORTHING - centre.y
    angle = np.arctan2(dy, dx)
    shape = 1 + 0.20 * np.cos(2 * (angle - np.deg2rad(45)))
    for wave in (3, 4, 5, 7):
        height = rng.uniform(0.02, 0.07)
        shape = shape + height * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    return np.hypot(dx, dy) < stock.radius * shape


def _alteration(
    contact: np.ndarray, stock: np.ndarray, distance_ne: np.ndarray
) -> np.ndarray:
    fertile = np.array([s.fertile for s in STOCKS])
    _, nearest = distance_transform_edt(stock == 0, return_indices=True)
    strength = fertile[stock[tuple(nearest)] - 1]
    channel = 1 - 0.45 * np.exp(-distance_ne / 350)
    outside = np.where(stock > 0, 0.35 * contact, contact)
    patchy = np.clip(0.8 + 0.28 * fractal(stream(5), 900), 0.1, 1.3)
    halo = strength * np.exp(-((outside * channel / 620) ** 1.3)) * patchy
    return np.round(np.clip(halo, 0, 1), 4)


def _zones(alteration: np.ndarray) -> np.ndarray:
    return np.digitize(alteration, [0.16, 0.42, 0.74])
