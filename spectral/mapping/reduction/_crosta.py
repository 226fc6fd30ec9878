"""Feature-oriented principal components: the Crósta technique."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from ..._check import check_cube, good_bands
from ._components import PrincipalComponents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ._statistics import SceneStatistics

SIDES = {"high": 1.0, "low": -1.0}


def feature_oriented_pca(
    cube: xr.DataArray,
    bands: Sequence[str | float],
    expected: Mapping[str | float, str],
    *,
    standardise: bool = False,
    statistics: SceneStatistics | None = None,
) -> xr.Dataset:
    """
    Component of a few bands that shows one mineral bright (Crósta technique).

    Parameters
    ----------
    cube : DataArray
        (wavelength, y, x), lazy or not; read once for its statistics.
    bands : sequence of str or float
        Usually four: names (coordinate ``band``) or wavelengths in nm (the nearest
        good band).
    expected : mapping
        Of at least two of the bands: "high" where the mineral reflects, "low" where it
        absorbs.
    standardise : bool
        Whether bands count alike, whatever their variance.
    statistics : SceneStatistics, optional
        Of the whole cube, if already computed.

    Returns
    -------
    Dataset
        ``score`` (y, x): scores of the component chosen, bright where the mineral is
        expected; lazy if the cube was. ``loadings`` (component, wavelength):
        unflipped. ``contrast`` (component,): loadings of "high" minus those of "low"
        bands, over the length of that contrast; 0 where the signs are not opposite.
        ``explained_variance_ratio`` (component,). ``attrs``: component, flipped, notes.

    Raises
    ------
    ValueError
        If a band is not in the cube, the expectation names fewer than one high and one
        low band, or no component has loadings of these signs.

    References
    ----------
    Crósta, A. P., Moore, J. McM. (1989). Enhancement of Landsat Thematic Mapper
    imagery for residual soil mapping in SW Minas Gerais State, Brazil. 7th Thematic
    Conference on Remote Sensing for Exploration Geology.
    Loughlin, W. P. (1991). Principal component analysis for alteration mapping.
    Photogrammetric Engineering and Remote Sensing 57(9), 1163-1169.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> light, clay = rng.random((30, 40)), rng.random((30, 40)) < 0.1
    >>> depth = np.array([0.0, 0.0, 0.02, 0.2])[:, None, None]
    >>> cube = xr.DataArray(
    ...     (0.2 + 0.3 * light) * (1 - depth * clay),
    ...     dims=("wavelength", "y", "x"),
    ...     coords={"wavelength": [490.0, 830.0, 1650.0, 2210.0]},
    ... )
    >>> found = feature_oriented_pca(
    ...     cube, [490, 830, 1650, 2210], {1650: "high", 2210: "low"}
    ... )
    >>> found.attrs["component"], bool(found.score.values[clay].min() > 0)
    (2, True)
    """
    check_cube(cube)
    good = good_bands(cube)
    places = [_place(good, band) for band in bands]
    if len(set(places)) < max(2, len(places)):
        raise ValueError(
            f"bands {list(bands)} are not two or more different ones: they are the "
            f"good bands {[place + 1 for place in places]} of the cube."
        )
    wanted = _wanted(bands, expected)[np.argsort(places)]
    places = sorted(places)
    few = good.isel(wavelength=places)
    told = None if statistics is None else statistics.subset(places)
    pca = PrincipalComponents(standardise=standardise).fit(few, statistics=told)
    size = np.linalg.norm(pca.components_, axis=1, keepdims=True)
    contrast = _contrast(pca.components_ / size, wanted)
    best = int(np.abs(contrast).argmax())
    if contrast[best] == 0:
        raise ValueError(
            f"no component has loadings of opposite sign as expected {dict(expected)}. "
            f"Loadings, a row a component:\n{_table(pca.components_ / size, few)}\n"
            "Choose other bands, or standardise=True."
        )
    flipped = bool(contrast[best] < 0)
    score = pca.transform(few).isel(component=best, drop=True)
    score = -score if flipped else score
    return _described(score, pca, few, contrast, flipped=flipped)


def _place(cube: xr.DataArray, band: str | float) -> int:
    if isinstance(band, str):
        names = (
            [str(name) for name in cube["band"].values] if "band" in cube.coords else []
        )
        if band not in names:
            raise ValueError(
                f"the cube has no good band '{band}'. It has {names or 'no names'}; "
                "wavelengths in nm work too."
            )
        return names.index(band)
    wave = np.asarray(cube["wavelength"].values, float)
    nearest = int(np.abs(wave - band).argmin())
    reach = max(30.0, np.abs(np.gradient(wave))[nearest] if wave.size > 1 else 0.0)
    if abs(wave[nearest] - band) > reach:
        raise ValueError(
            f"the cube has no good band near {band:g} nm; the nearest is at "
            f"{wave[nearest]:g} nm."
        )
    return nearest


def _wanted(
    bands: Sequence[str | float], expected: Mapping[str | float, str]
) -> np.ndarray:
    unknown = [band for band in expected if band not in bands]
    wrong = [side for side in expected.values() if side not in SIDES]
    if unknown or wrong:
        raise ValueError(
            f"expected {dict(expected)}: name bands of {list(bands)}, each 'high' or "
            f"'low'. Not so: {unknown + wrong}."
        )
    wanted = np.array([SIDES.get(expected.get(band, ""), 0.0) for band in bands])
    if wanted.max() < 1 or wanted.min() > -1:
        raise ValueError(
            f"expected {dict(expected)}: give at least one 'high' and one 'low' band; "
            "a mineral shows by the difference of the two."
        )
    return wanted


def _contrast(loadings: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Loadings along the expectation where all signs agree, or all are opposite."""
    turned = loadings[:, wanted != 0] * wanted[wanted != 0]
    agree = (turned > 0).all(1) | (turned < 0).all(1)
    return np.where(agree, loadings @ wanted / np.linalg.norm(wanted), 0.0)


def _table(loadings: np.ndarray, cube: xr.DataArray) -> str:
    import pandas as pd

    columns = [f"{wave:g} nm" for wave in cube.indexes["wavelength"]]
    rows = range(1, len(loadings) + 1)
    return pd.DataFrame(loadings, index=rows, columns=columns).round(3).to_string()


def _described(
    score: xr.DataArray,
    pca: PrincipalComponents,
    cube: xr.DataArray,
    contrast: np.ndarray,
    *,
    flipped: bool,
) -> xr.Dataset:
    number = int(np.abs(contrast).argmax()) + 1
    sign = "negative" if flipped else "positive"
    score.attrs = {
        "long_name": "feature-oriented principal component",
        "units": "1",
        "kind": "continuous",
    }
    names = {
        name: cube[name] for name in cube.coords if cube[name].dims == ("wavelength",)
    }
    found = xr.Dataset(
        {
            "score": score,
            "loadings": (("component", "wavelength"), pca.components_),
            "contrast": ("component", contrast),
            "explained_variance_ratio": ("component", pca.explained_variance_ratio_),
        },
        coords={"component": np.arange(1, len(contrast) + 1), **names},
    )
    found.attrs = {
        "component": number,
        "flipped": flipped,
        "notes": [
            f"Component {number} of {len(contrast)} was chosen: contrast "
            f"{abs(contrast[number - 1]):.2f} of the expected bands, "
            f"{pca.explained_variance_ratio_[number - 1]:.2%} of the variance. Its "
            f"loadings have the {sign} sign of the expectation, so it was "
            f"{'turned over' if flipped else 'left as it is'}: bright is the target."
        ],
    }
    return found
