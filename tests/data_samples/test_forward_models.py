"""Gravity and magnetics of the story against independent routes."""

import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

G_MGAL = 6.6743e-11 * 1e5


@pytest.fixture(scope="module")
def geophysics(generator):
    return importlib.import_module("generator._geophysics")


def point_mass(east, north, depth, volume):
    """Attraction of a mass of 1 kg/m³ times the volume, mGal."""
    return G_MGAL * volume * depth / (east**2 + north**2 + depth**2) ** 1.5


def dipole(geophysics, east, north, depth, volume):
    """Anomaly along the field of a dipole magnetised by 1 SI, nT; depth down."""
    f = geophysics.field_direction()
    r = np.sqrt(east**2 + north**2 + depth**2)
    along = (f[0] * -east + f[1] * -north + f[2] * depth) / r
    intensity = geophysics.FIELD.intensity
    return intensity * volume / (4 * np.pi) * (3 * along**2 - 1) / r**3


def pieces(top, bottom, half, count=12):
    """Centres and volume of small cubes that fill a prism."""
    side = (np.arange(count) + 0.5) / count
    x, y = 2 * half * side - half, 2 * half * side - half
    z = top + (bottom - top) * side
    volume = (2 * half) ** 2 * (bottom - top) / count**3
    return [a.ravel() for a in np.meshgrid(x, y, z)], volume


far = st.floats(4000, 20_000)
bearing = st.floats(0, 2 * np.pi)


@settings(max_examples=40, deadline=None)
@given(distance=far, angle=bearing)
def test_far_away_a_prism_is_a_point(geophysics, distance, angle):
    east, north = distance * np.sin(angle), distance * np.cos(angle)
    volume, depth = 100.0**2 * 100, 250.0
    gravity = geophysics.prism_gravity(
        np.array(east), np.array(north), 200.0, 300.0, 50.0
    )
    assert gravity == pytest.approx(point_mass(east, north, depth, volume), rel=0.02)
    magnetic = geophysics.prism_magnetic(
        np.array(east), np.array(north), 200.0, 300.0, 50.0
    )
    strength = geophysics.FIELD.intensity * volume / (4 * np.pi * distance**3)
    assert magnetic == pytest.approx(
        dipole(geophysics, east, north, depth, volume), abs=0.02 * strength
    )


@pytest.mark.parametrize(("east", "north"), [(0.0, 0.0), (60.0, -20.0), (-180.0, 75.0)])
def test_near_by_a_prism_is_the_sum_of_its_pieces(geophysics, east, north):
    (x, y, z), volume = pieces(100.0, 250.0, 50.0)
    gravity = geophysics.prism_gravity(
        np.array(east), np.array(north), 100.0, 250.0, 50.0
    )
    assert gravity == pytest.approx(
        point_mass(east - x, north - y, z, volume).sum(), rel=1e-3
    )
    magnetic = geophysics.prism_magnetic(
        np.array(east), np.array(north), 100.0, 250.0, 50.0
    )
    total = dipole(geophysics, east - x, north - y, z, volume).sum()
    assert magnetic == pytest.approx(total, rel=5e-3)


def test_wide_slab_is_a_bouguer_plate(geophysics):
    """2 pi G rho t: 0.0419 mGal per m for 1000 kg/m³."""
    plate = 1000 * geophysics.prism_gravity(
        np.array(0.0), np.array(0.0), 1.0, 101.0, 1e6
    )
    assert plate == pytest.approx(4.193, abs=0.002)


def test_convolution_is_the_sum_over_prisms(geophysics):
    rng = np.random.default_rng(1)
    values = np.zeros((400, 400))
    rows, columns = rng.integers(20, 380, (2, 6))
    values[rows, columns] = rng.uniform(0.5, 2, 6)
    layers = [values, np.zeros_like(values), 0.5 * values]
    for kernel in (geophysics.prism_gravity, geophysics.prism_magnetic):
        field = geophysics._sum(layers, kernel, 80.0)
        for row, column in ((200, 200), (3, 390), (int(rows[0]), int(columns[0]))):
            east, north = 50.0 * (column - columns), -50.0 * (row - rows)
            direct = sum(
                np.sum(
                    layer[rows, columns]
                    * kernel(east, north, top + 80, bottom + 80, 25.0)
                )
                for layer, (top, bottom) in zip(layers, geophysics.LAYERS, strict=True)
            )
            assert field[row, column] == pytest.approx(
                direct, rel=1e-6, abs=1e-9 * np.abs(field).max()
            )


def test_northern_hemisphere_has_its_low_in_the_north(geophysics):
    north = np.linspace(-600, 600, 121)
    profile = geophysics.prism_magnetic(
        np.zeros_like(north), north, 100.0, 400.0, 100.0
    )
    assert north[profile.argmax()] < 0 < north[profile.argmin()]
    assert profile.max() > -profile.min() > 0
