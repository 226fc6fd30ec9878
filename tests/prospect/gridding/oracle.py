"""Kriging by the book: one dense system a place, in plain NumPy."""

import geopandas as gpd
import numpy as np

CRS = "EPSG:32633"
SHAPES = {
    "spherical": lambda r: 1 - np.where(r < 1, 1.5 * r - 0.5 * r**3, 1),
    "exponential": lambda r: np.exp(-3 * r),
    "gaussian": lambda r: np.exp(-3 * r**2),
    "cubic": lambda r: (
        1 - np.where(r < 1, 7 * r**2 - 8.75 * r**3 + 3.5 * r**5 - 0.75 * r**7, 1)
    ),
    "matern1.5": lambda r: (1 + 4.743864518 * r) * np.exp(-4.743864518 * r),
    "matern2.5": lambda r: (
        (1 + 5.918649346 * r + (5.918649346 * r) ** 2 / 3) * np.exp(-5.918649346 * r)
    ),
}


def covariance(model, dx, dy):
    """Covariance at separations east and north."""
    out = np.where(np.hypot(dx, dy) < 1e-6, model.nugget, 0.0)
    for each in model.structures:
        angle = np.radians(each.azimuth)
        along = dx * np.sin(angle) + dy * np.cos(angle)
        across = dx * np.cos(angle) - dy * np.sin(angle)
        r = np.hypot(along / each.range, across / (each.range * each.ratio))
        name = each.kind + (str(each.smoothness) if each.smoothness else "")
        out = out + each.sill * SHAPES[name](r)
    return out


def between(model, one, two):
    apart = one[:, None] - two[None, :]
    return covariance(model, apart[..., 0], apart[..., 1])


def dense(xy, z, model, at, *, functions=None, noise=0.0, part=None):
    """Estimate, variance and weights; `functions(xy)` are those of the drift."""
    n = len(xy)
    known, wanted = (
        functions(p) if functions else np.ones((len(p), 1)) for p in (xy, at)
    )
    p = known.shape[1]
    left = np.zeros((n + p, n + p))
    left[:n, :n] = between(model, xy, xy) + np.eye(n) * noise
    left[:n, n:], left[n:, :n] = known, known.T
    if part is None:
        right, own = between(model, xy, at), model.sill
    else:
        right = np.mean([between(model, xy, at + q) for q in part], axis=0)
        own = between(model, part, part).mean()
    right = np.vstack([right, wanted.T])
    weights = np.linalg.solve(left, right)
    return z @ weights[:n], own - (weights * right).sum(axis=0), weights[:n]


def as_samples(xy, crs=CRS, **columns):
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(*xy.T), crs=crs)


def centres(geobox):
    a, (rows, cols) = geobox.affine, geobox.shape
    x = a.c + a.a * (np.arange(cols) + 0.5)
    y = a.f + a.e * (np.arange(rows) + 0.5)
    return np.column_stack([np.tile(x, rows), np.repeat(y, cols)])
