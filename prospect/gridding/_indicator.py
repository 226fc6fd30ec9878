"""Probability that a threshold is exceeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .._note import Note
from ._drift import read_drift, settle_drift
from ._kriging import window_of
from ._lazy import as_grid, lazy_layers, metric_geobox
from ._models import VariogramModel
from ._neighbours import Neighbourhood
from ._samples import flags, make_places, numeric
from ._setup import make_setup, read_variogram, side_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from affine import Affine
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

    from ._samples import Places
    from ._setup import Setup
    from ._tiles import Tiling


def indicator_krige(
    samples: gpd.GeoDataFrame,
    column: str,
    *,
    like: GeoBox | xr.DataArray,
    thresholds: Sequence[float],
    variogram: VariogramModel | Sequence[VariogramModel] | str = "auto",
    neighbourhood: Neighbourhood | None = None,
) -> xr.Dataset:
    """
    Probability that each threshold is exceeded, by ordinary indicator kriging.

    Each sample is 1 where it is above the threshold and 0 where not. Nothing is assumed
    of how values are distributed, and what is below detection needs no substitute: it
    is 0 for every threshold from its limit upwards, and says nothing about lower ones
    (it is left out there, and counted). So is what is over the range of the method: 1
    below the end of the range, nothing above.

    Parameters
    ----------
    samples : GeoDataFrame
        Points with the column, as for `krige`. Imputed values count as they are.
    column : str
        Numeric column.
    like : GeoBox or grid
        Pixel grid of the result, projected. A lazy grid gives its chunks as well.
    thresholds : sequence of float
        In units of the column, rising.
    variogram : VariogramModel, sequence of them or "auto"
        One for all thresholds, or one for each; sills do not matter, only their shares.
        "auto" fits one for each; where that fails, that of the threshold nearest to the
        median is used, which the notes say.
    neighbourhood : Neighbourhood, optional
        Samples that an estimate rests on.

    Returns
    -------
    Dataset
        `probability`, dims (threshold, y, x), 0 to 1, never rising with the threshold,
        and `correction`, dims (y, x): by how much the kriged probabilities had to be
        moved for that at most. ``(correction > 0.01).mean()`` is the share of the cells
        concerned. float32, lazy; attrs as for `krige`.

    Raises
    ------
    ValueError
        If the thresholds do not rise, all samples lie on one side of one, or as for
        `krige`.

    References
    ----------
    Journel, A. G. (1983). Nonparametric estimation of spatial distributions.
    Mathematical Geology 15, 445-468.

    Deutsch, C. V. and Journel, A. G. (1998). GSLIB. 2nd ed., Oxford University Press,
    81-86 (order relations).

    Examples
    --------
    >>> import geopandas as gpd
    >>> from prospect.gridding import Structure
    >>> from survey import make_geobox
    >>> frame = make_geobox((0, 30, 0, 10), crs="EPSG:32633", resolution=10)
    >>> soil = gpd.GeoDataFrame(
    ...     {"Cu_ppm": [10.0, 40.0]},
    ...     geometry=gpd.points_from_xy([5, 25], [5, 5]), crs="EPSG:32633")
    >>> model = VariogramModel(structures=[Structure("spherical", 1.0, 100)])
    >>> found = indicator_krige(
    ...     soil, "Cu_ppm", like=frame, thresholds=[20], variogram=model)
    >>> print(found["probability"].values.round(3))
    [[[0.  0.5 1. ]]]
    """
    geobox = metric_geobox(like, what="indicator_krige")
    limits = _thresholds(thresholds)
    drift = read_drift(None, transform=None)
    frames, lost = zip(*(_above(samples, column, t) for t in limits), strict=True)
    places = [make_places(each, column, crs=geobox.crs.proj) for each in frames]
    models, notes = _models(variogram, places, limits, samples=samples, column=column)
    setups = []
    for each, model in zip(places, models, strict=True):
        settled, _ = settle_drift(drift, each, geobox)
        setups.append(
            make_setup(
                each,
                model,
                each.value[:, None],
                drift=settled,
                hood=neighbourhood or Neighbourhood(),
                geobox=geobox,
                spread=False,
            )
        )
    layers = lazy_layers(
        _block,
        setups,
        geobox.affine,
        [side_of(setup, geobox) for setup in setups],
        n_layers=len(limits) + 1,
        like=like,
    )
    shared = make_places(samples, column).shares if len(samples) else {}
    notes += [
        Note("indicator_unknown", n=n, total=len(samples), threshold=float(t))
        for t, n in zip(limits, lost, strict=True)
        if n
    ]
    notes += [note for note in places[0].notes if note.code == "gridding_merged"]
    attrs = {"kind": "continuous", "units": "1", **shared, "notes": notes}
    probability = as_grid(
        layers[:-1], like, name="probability", first={"threshold": limits},
        attrs=attrs | {"long_name": f"probability that {column} exceeds the threshold"},
    )  # fmt: skip
    correction = as_grid(
        layers[-1], like, name="correction",
        attrs=attrs | {"long_name": "largest change that puts probabilities in order"},
    )  # fmt: skip
    told = {str(t): m.to_dict() for t, m in zip(limits, models, strict=True)}
    found = {"probability": probability, "correction": correction}
    return xr.Dataset(found, attrs=shared | {"notes": notes, "variogram": told})


def _thresholds(given: Sequence[float]) -> NDArray:
    limits = np.atleast_1d(np.asarray(given, dtype=float))
    if not (len(limits) and np.isfinite(limits).all() and (np.diff(limits) > 0).all()):
        raise ValueError(
            f"thresholds must be numbers that rise. Got {given!r} instead."
        )
    return limits


def _above(
    samples: gpd.GeoDataFrame, column: str, threshold: float
) -> tuple[gpd.GeoDataFrame, int]:
    """Samples with 1 above the threshold and 0 below, and how many cannot tell."""
    values = numeric(samples, column)
    known = np.isfinite(values)
    imputed = flags(samples, f"{column}_imputed")
    below = flags(samples, f"{column}_censored") & ~imputed & (values > threshold)
    beyond = flags(samples, f"{column}_over_range") & (values <= threshold)
    above = np.where(known & ~below & ~beyond, values > threshold, np.nan)
    told = above[np.isfinite(above)]
    if not len(told) or told.min() == told.max():
        side = "none" if not len(told) or not told.max() else "all"
        raise ValueError(
            f"{side} of the {len(told)} samples that can tell lie above the threshold "
            f"{threshold:g} of '{column}': the probability is no question. Leave that "
            "threshold out."
        )
    out = samples[[samples.geometry.name]].copy()
    out[column] = above
    return out, int((known & (below | beyond)).sum())


def _models(
    variogram: VariogramModel | Sequence[VariogramModel] | str,
    places: Sequence[Places],
    limits: NDArray,
    *,
    samples: gpd.GeoDataFrame,
    column: str,
) -> tuple[list[VariogramModel], list[str]]:
    """Model for each threshold, and notes on those that had to be borrowed."""
    if isinstance(variogram, VariogramModel):
        return [variogram] * len(limits), []
    if not isinstance(variogram, str):
        models = list(variogram)
        if len(models) != len(limits):
            raise ValueError(
                f"{len(models)} variograms for {len(limits)} thresholds: give one for "
                "each, or one for all."
            )
        return models, []
    found: list[VariogramModel | None] = []
    first_error = None
    for each in places:
        drift, _ = settle_drift(read_drift(None, transform=None), each, None)
        try:
            found.append(read_variogram(variogram, each, drift, column=column))
        except ValueError as error:
            found.append(None)
            first_error = first_error or error
    fitted = [i for i, model in enumerate(found) if model is not None]
    if not fitted:
        raise first_error
    median = np.nanmedian(numeric(samples, column))
    best = min(fitted, key=lambda i: abs(limits[i] - median))
    notes = [
        Note(
            "indicator_borrowed", threshold=float(limits[i]), other=float(limits[best])
        )
        for i, model in enumerate(found)
        if model is None
    ]
    return [model or found[best] for model in found], notes


def _block(
    window: tuple[int, int, int, int],
    drift: NDArray,
    setups: Sequence[Setup],
    affine: Affine,
    tilings: Sequence[Tiling],
) -> NDArray:
    raw = np.stack(
        [
            window_of(window, drift, setup, affine, tiling)[0]
            for setup, tiling in zip(setups, tilings, strict=True)
        ]
    )
    return in_order(raw)


def in_order(raw: NDArray) -> NDArray:
    """Probabilities within 0 and 1 that fall with the threshold, and the change."""
    inside = np.clip(raw, 0, 1)
    down = np.minimum.accumulate(inside, axis=0)
    up = np.maximum.accumulate(inside[::-1], axis=0)[::-1]
    fixed = (down + up) / 2
    return np.concatenate([fixed, np.abs(fixed - raw).max(axis=0, keepdims=True)])
