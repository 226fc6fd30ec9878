"""Magnetic and gravity fields of right rectangular prisms, summed by convolution."""

from __future__ import annotations

import numpy as np
from scipy.constants import gravitational_constant
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

from ._frame import EASTING, NORTHING, RESOLUTION, SIZE, SOUTH, WEST, noise, stream
from ._geology import Geology
from ._story import ANDESITE, FIELD, GRANITE, LIMESTONE, STOCKS, UNITS

PAD = 100  # cells added on each side, so that bodies do not end at the map's edge
REFERENCE = 2650.0  # kg/m³
LAYERS = ((0.0, 250.0), (250.0, 1000.0), (1000.0, 2600.0))  # m, top and bottom
VOLCANIC_BASE, GRANITE_BASE, STRATA_BASE = 1, 3, 2  # layers a rock reaches down


def prism_gravity(
    east: np.ndarray, north: np.ndarray, top: float, bottom: float, half: float
) -> np.ndarray:
    """
    Vertical attraction of a square prism, in mGal per kg/m³.

    Parameters
    ----------
    east, north : array
        Station minus centre of the prism, m.
    top, bottom : float
        Depths below the station, m, positive down.
    half : float
        Half the side of the prism, m.

    References
    ----------
    Nagy, D. (1966). The gravitational attraction of a right rectangular prism.
    Geophysics 31, 362-371.
    """
    total = np.zeros(np.broadcast(east, north).shape)
    for i, x in enumerate((-half - east, half - east)):
        for j, y in enumerate((-half - north, half - north)):
            for k, z in enumerate((top, bottom)):
                r = np.sqrt(x**2 + y**2 + z**2)
                corner = x * np.log(y + r) + y * np.log(x + r)
                corner = corner - z * np.arctan2(x * y, z * r)
                total += (-1) ** (i + j + k + 1) * corner
    return total * gravitational_constant * 1e5 * -1


def prism_magnetic(
    east: np.ndarray, north: np.ndarray, top: float, bottom: float, half: float
) -> np.ndarray:
    """
    Total-field anomaly of a square prism magnetised along the field, nT per SI.

    Induced magnetisation only; the anomaly is small against the field, so that its
    part along the field is what a scalar magnetometer measures. Arguments as in
    `prism_gravity`.

    References
    ----------
    Bhattacharyya, B. K. (1964). Magnetic anomalies due to prism-shaped bodies with
    arbitrary polarization. Geophysics 29, 517-531.
    """
    f = field_direction()
    total = np.zeros(np.broadcast(east, north).shape)
    for i, x in enumerate((-half - east, half - east)):
        for j, y in enumerate((-half - north, half - north)):
            for k, z in enumerate((top, bottom)):
                r = np.sqrt(x**2 + y**2 + z**2)
                corner = -(f[0] ** 2) * np.arctan2(y * z, x * r)
                corner = corner - f[1] ** 2 * np.arctan2(x * z, y * r)
                corner = corner - f[2] ** 2 * np.arctan2(x * y, z * r)
                corner = corner + 2 * f[0] * f[1] * np.log(z + r)
                corner = corner + 2 * f[0] * f[2] * np.log(y + r)
                corner = corner + 2 * f[1] * f[2] * np.log(x + r)
                total += (-1) ** (i + j + k + 1) * corner
    return total * FIELD.intensity / (4 * np.pi)


def field_direction() -> tuple[float, float, float]:
    """Unit vector of the geomagnetic field: east, north, down."""
    inclination = np.deg2rad(FIELD.inclination)
    declination = np.deg2rad(FIELD.declination)
    level = np.cos(inclination)
    return (
        level * np.sin(declination),
        level * np.cos(declination),
        np.sin(inclination),
    )


def make_magnetics(geology: Geology) -> np.ndarray:
    """Total-field anomaly, nT, at the survey height above flat ground."""
    field = _sum(_susceptibility(geology), prism_magnetic, FIELD.magnetic_height)
    rng = stream(30)
    trend = 8 * (NORTHING - SOUTH) / 20_000 - 5 * (EASTING - WEST) / 20_000
    return field + trend + rng.normal(0, 0.6, field.shape)


def make_gravity(geology: Geology) -> np.ndarray:
    """Bouguer anomaly, mGal, on flat ground."""
    field = _sum(_contrast(geology), prism_gravity, FIELD.gravity_height)
    trend = -6.0 * (1 - (EASTING - WEST) / 20_000) - 28.0
    return field + trend + gaussian_filter(0.12 * noise(stream(31), 300), 1)


def _sum(layers: list[np.ndarray], kernel: object, height: float) -> np.ndarray:
    """Field of a column of rock under every cell; exact for columns of one cell."""
    steps = np.arange(-(SIZE + PAD - 1), SIZE + PAD) * RESOLUTION
    east, north = np.meshgrid(steps, -steps)
    field = np.zeros((SIZE, SIZE))
    for values, (top, bottom) in zip(layers, LAYERS, strict=True):
        if not values.any():
            continue
        response = kernel(east, north, top + height, bottom + height, RESOLUTION / 2)
        padded = np.pad(values, PAD, mode="edge")
        field += fftconvolve(response, padded, mode="full")[_middle()]
    return field


def _middle() -> tuple[slice, slice]:
    start = SIZE + PAD - 1 + PAD
    return (slice(start, start + SIZE),) * 2


def _susceptibility(geology: Geology) -> list[np.ndarray]:
    """SI, one map a layer."""
    table = np.zeros(len(UNITS) + 1)
    table[[unit.code for unit in UNITS]] = [unit.susceptibility for unit in UNITS]
    patches = np.clip(1 + 0.35 * noise(stream(32), 500), 0.2, 2)
    layers = []
    for number, (top, bottom) in enumerate(LAYERS):
        unit = geology.bedrock
        values = table[unit] * np.where(unit == ANDESITE, patches, 1.0)
        values[(unit == ANDESITE) & (number >= VOLCANIC_BASE)] = 0
        values[(unit == GRANITE) & (number >= GRANITE_BASE)] = 0
        stock = _stock_mask(geology, top, bottom)
        porphyry = 0.026 - 0.010 * (geology.zone == 2) + 0.012 * (geology.zone == 3)
        values = np.where(geology.stock > 0, 0.0002, values)
        values = np.where(stock, porphyry, values)
        layers.append(values + 0.09 * _skarn(geology) * (number == 0))
    return layers


def _contrast(geology: Geology) -> list[np.ndarray]:
    """Density minus the reference, kg/m³, one map a layer."""
    table = np.zeros(len(UNITS) + 1)
    table[[unit.code for unit in UNITS]] = [unit.density for unit in UNITS]
    layers = []
    for number, (top, bottom) in enumerate(LAYERS):
        values = table[geology.bedrock] - REFERENCE
        deep = number >= STRATA_BASE
        values[deep & (geology.bedrock != GRANITE)] = 0
        values[(geology.bedrock == ANDESITE) & (number >= VOLCANIC_BASE)] = 0
        values = np.where(_stock_mask(geology, top, bottom), 2590 - REFERENCE, values)
        layers.append(values + 420 * _skarn(geology) * (number == 0))
    return layers


def _stock_mask(geology: Geology, top: float, bottom: float) -> np.ndarray:
    """Stocks widen downwards and reach the base of the second layer."""
    if bottom > LAYERS[1][1]:
        return np.zeros(geology.stock.shape, dtype=bool)
    tops = np.array([0.0, *(stock.top for stock in STOCKS)])
    return (geology.stock > 0) & (tops[geology.stock] <= top)


def _skarn(geology: Geology) -> np.ndarray:
    """Magnetite skarn: limestone within 150 m of an exposed stock, patchy."""
    near = (geology.bedrock == LIMESTONE) & (geology.contact < 150)
    return near * (noise(stream(33), 200) > 0.2)
