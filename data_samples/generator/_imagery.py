"""What a satellite and an airborne spectrometer see: rock, ore haloes, leaves."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, zoom

from ._frame import NORTH, RESOLUTION, SIZE, WEST, fractal, noise, stream
from ._geology import Geology
from ._story import ALLUVIUM, LIMESTONE, PORPHYRY, SILTSTONE, UNITS
from ._terrain import Terrain

BANDS = {"B02": 490, "B03": 560, "B04": 665, "B08": 842, "B11": 1610, "B12": 2190}
LEAVES = (0.025, 0.048, 0.028, 0.340, 0.165, 0.072)
WATER = (0.060, 0.055, 0.040, 0.022, 0.008, 0.005)
# Changes at full alteration: iron oxides take blue, clays and mica take 2190 nm.
ALTERED = (-0.035, -0.020, 0.035, 0.045, 0.055, -0.085)
SUN_AZIMUTH, SUN_ELEVATION = 148.0, 52.0

STRIP = {"west": 531_000.0, "north": 3_407_000.0, "cell": 25.0}
STRIP_SHAPE = (40, 60)  # rows, columns
WAVELENGTHS = np.round(np.linspace(2000, 2495, 100), 1)
# Bands (centre, width, depth; nm) fitted to spectra of the USGS library splib07, public
# domain: muscovite CU91-250A, kaolinite CM9, clinochlore GDS158, calcite WS272. With
# them the level at 2250 nm and its change over 500 nm.
MINERALS = {
    "white mica": (0.525, -0.182, ((2201, 22, 0.164), (2209, 41, 0.107),
        (2347, 35, 0.156), (2387, 15, 0.028), (2438, 48, 0.180), (2503, 34, 0.083))),
    "kaolinite": (0.470, -0.779, ((2161, 17, 0.301), (2209, 7, 0.330),
        (2195, 24, 0.295), (2317, 52, 0.122), (2384, 14, 0.127), (2358, 8, 0.056),
        (2475, 54, 0.142), (2128, 35, 0.060))),
    "chlorite": (0.545, 0.391, ((2252, 23, 0.201), (2337, 39, 0.327),
        (2293, 28, 0.203), (2390, 51, 0.233), (2225, 90, 0.133), (2493, 90, 0.424))),
    "calcite": (1.140, 0.428, ((2365, 90, 0.287), (2311, 39, 0.254),
        (2165, 66, 0.157), (2259, 55, 0.220), (2506, 90, 0.580), (2345, 21, 0.241))),
}  # fmt: skip


def make_scene(mapped: np.ndarray, geology: Geology, terrain: Terrain) -> np.ndarray:
    """Surface reflectance times 10,000, uint16, shape (6, rows, columns)."""
    rng = stream(50)
    colour = np.zeros((len(UNITS) + 1, len(BANDS)))
    for unit in UNITS:
        colour[unit.code] = unit.colour
    ground = colour[mapped].transpose(2, 0, 1).copy()
    ground = np.array([gaussian_filter(band, 0.7) for band in ground])
    shown = geology.alteration * np.where(mapped == ALLUVIUM, 0.15, 1.0)
    ground += np.array(ALTERED)[:, None, None] * shown
    ground *= 1 + 0.08 * fractal(rng, 500)
    leaves = _leaves(mapped, geology, terrain)
    seen = leaves * np.array(LEAVES)[:, None, None] + (1 - leaves) * ground
    river = np.clip((terrain.area - 1.5e7) / 2e7, 0, 0.9)
    seen = river * np.array(WATER)[:, None, None] + (1 - river) * seen
    seen *= _light(terrain.elevation)
    seen += rng.normal(0, 0.0016, seen.shape)
    return np.round(np.clip(seen, 0.0001, 1.2) * 10_000).astype("uint16")


def _leaves(mapped: np.ndarray, geology: Geology, terrain: Terrain) -> np.ndarray:
    """Share of ground under leaves: moist low slopes, less on barren altered rock."""
    rng = stream(51)
    height = (terrain.elevation - terrain.elevation.mean()) / terrain.elevation.std()
    state = 0.35 + 0.22 * noise(rng, 1300) + 0.16 * fractal(rng, 350) + 0.10 * height
    state += 0.18 * (mapped == SILTSTONE) - 0.16 * (mapped == LIMESTONE)
    state -= 0.12 * (mapped == PORPHYRY) + 0.30 * geology.alteration
    fields = (mapped == ALLUVIUM) * (0.25 + 0.2 * np.sign(noise(rng, 150)))
    return np.clip(state + fields, 0.02, 0.93)


def _light(elevation: np.ndarray) -> np.ndarray:
    """Sunlight on the slope over sunlight on flat ground, with some sky light."""
    north, east = np.gradient(elevation, -RESOLUTION, RESOLUTION)
    azimuth, height = np.deg2rad(SUN_AZIMUTH), np.deg2rad(SUN_ELEVATION)
    sun = (
        np.sin(azimuth) * np.cos(height),
        np.cos(azimuth) * np.cos(height),
        np.sin(height),
    )
    cosine = (sun[2] - east * sun[0] - north * sun[1]) / np.sqrt(1 + east**2 + north**2)
    return 0.25 + 0.75 * np.clip(cosine, 0, None) / sun[2]


def make_strip(geology: Geology) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Reflectance times 10,000, int16, and the cover of each mineral."""
    rng = stream(52)
    cover = _cover(geology, rng)
    spectra = {name: _spectrum(name) for name in MINERALS}
    total = np.zeros((WAVELENGTHS.size, *STRIP_SHAPE))
    for name, share in cover.items():
        total += spectra[name][:, None, None] * share
    bare = 1 - sum(cover.values())
    slope = 0.30 - 0.00006 * (WAVELENGTHS - 2000)
    total += slope[:, None, None] * bare
    total *= 1 + 0.05 * gaussian_filter(rng.standard_normal(STRIP_SHAPE), 2.0) * 4
    total += rng.normal(0, 0.0012, total.shape)
    return np.round(total * 10_000).astype("int16"), cover


def _cover(geology: Geology, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Mica and kaolinite in the phyllic zone, chlorite in the outer shell."""
    alteration = _on_strip(geology.alteration)
    lime = np.clip(_on_strip((geology.bedrock == LIMESTONE).astype(float)), 0, 1)
    patch = gaussian_filter(rng.standard_normal(STRIP_SHAPE), 3.0)
    patch = np.clip(0.5 + patch / (4 * patch.std()), 0, 1)
    phyllic = np.exp(-(((alteration - 0.62) / 0.20) ** 2))
    outer = np.exp(-(((alteration - 0.24) / 0.12) ** 2))
    return {
        "white mica": 0.60 * phyllic * (1 - 0.6 * patch),
        "kaolinite": 0.45 * phyllic * patch,
        "chlorite": 0.40 * outer * (1 - lime),
        "calcite": 0.55 * lime * (1 - phyllic),
    }


def _on_strip(field: np.ndarray) -> np.ndarray:
    row = round((NORTH - STRIP["north"]) / RESOLUTION)
    column = round((STRIP["west"] - WEST) / RESOLUTION)
    factor = round(RESOLUTION / STRIP["cell"])
    rows, columns = (side // factor for side in STRIP_SHAPE)
    if not (0 <= row <= SIZE - rows and 0 <= column <= SIZE - columns):
        raise ValueError(f"the strip {STRIP} leaves the district: move it")
    part = field[row : row + rows, column : column + columns]
    return zoom(part, factor, order=1, mode="nearest", grid_mode=True)


def _spectrum(mineral: str) -> np.ndarray:
    level, change, bands = MINERALS[mineral]
    spectrum = level * (1 + change * (WAVELENGTHS - 2250) / 500)
    for centre, width, depth in bands:
        spectrum *= 1 - depth * np.exp(-(((WAVELENGTHS - centre) / width) ** 2))
    return spectrum
