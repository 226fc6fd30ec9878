"""Treatments of geochemistry: what samples say beyond their contents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from survey import match_grid, open_grid, read_features

from ._points import column_named, columns_named, read_points, spread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd
    import xarray as xr

    from .._district import Evidence, Ground

SEED = 0  # of robust searches; their result does not hinge on it


def _log_ratio(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Centred log-ratio of one analyte in a composition, spread."""
    from ..geochem import clr

    samples, names = _composition(evidence, path)
    column = column_named(samples, evidence.column)
    table = clr(samples, columns=list(dict.fromkeys([*names, column])), missing="nan")
    symbol = column.split("_", maxsplit=1)[0]
    said = {"units": "ln ratio", "long_name": f"clr({symbol})"}
    return _spread_values(samples, table[f"{symbol}_clr"], evidence, like, said)


def _component(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Scores of a robust principal component, spread."""
    from ..geochem import RobustPCA

    samples, names = _composition(evidence, path)
    kept = samples.dropna(subset=names)
    model = RobustPCA(
        n_components=max(evidence.component, 2), columns=names, random_state=SEED
    )
    scores = model.fit(kept).transform(kept)
    values = scores.iloc[:, evidence.component - 1]
    share = 100 * model.explained_variance_ratio_[evidence.component - 1]
    said = {"units": "1", "long_name": f"robust component {evidence.component}"}
    grid = _spread_values(kept, values, evidence, like, said)
    loadings = model.loadings_.iloc[:, evidence.component - 1].sort_values()
    ends = [*loadings.index[:3], *loadings.index[-3:]]
    told = ", ".join(f"{name} {loadings[name]:+.2f}" for name in dict.fromkeys(ends))
    _note(grid, f"{share:.0f} % of the robust variance; loadings: {told}")
    _note(grid, f"{len(samples) - len(kept)} samples with a missing part left out")
    return grid


def _outlier_distance(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Robust distance of each sample from the bulk of the composition, spread."""
    from ..geochem import outlier_distance

    samples, names = _composition(evidence, path)
    kept = samples.dropna(subset=names)
    found = outlier_distance(kept, columns=names, random_state=SEED)
    said = {"units": "1", "long_name": "robust Mahalanobis distance"}
    grid = _spread_values(kept, found["distance"], evidence, like, said)
    _note(grid, f"{len(samples) - len(kept)} samples with a missing part left out")
    return grid


def _alteration_index(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Index of alteration or weathering, spread."""
    from ..geochem import alteration_index

    samples = read_points(evidence, path)
    values = alteration_index(samples, evidence.index)
    said = {key: values.attrs[key] for key in ("units", "long_name")}
    return _spread_values(samples, values, evidence, like, said)


def _background_contrast(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Contents over the threshold of their own rock or group, spread."""
    from ..geochem import residuals_by_group

    samples = _settled(read_points(evidence, path), evidence)
    column = column_named(samples, evidence.column)
    by: Any = evidence.by
    if evidence.geology:
        by = (_ground(evidence.geology), evidence.geology.column or evidence.by)
    if by is None:
        samples, by = samples.assign(all_samples="all"), "all_samples"
    found = residuals_by_group(samples, column, by=by)
    contrast = found.samples[f"{column}_contrast"]
    said = {"units": "1", "long_name": f"{column} / threshold"}
    return _spread_values(samples, contrast, evidence, like, said, flags=column)


def _singularity(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Singularity index of a grid, or of samples that are spread first."""
    from ..geochem import singularity_index

    grid = _field(evidence, path, like)
    sizes = {"sizes": evidence.sizes} if evidence.sizes else {}
    alpha = singularity_index(grid, **sizes)["alpha"]
    return _brought(alpha, grid, like, "1", "singularity index alpha")


def _spectrum_anomaly(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Part of a field that the background's wave numbers do not hold."""
    from ..geochem import filter_spectrum, spectrum_area

    grid = _field(evidence, path, like)
    breaks = evidence.breaks
    if breaks is None:
        found = spectrum_area(grid, n_bootstrap=0, random_state=SEED).breaks
        breaks = [max(found)]
    part = filter_spectrum(grid, list(breaks))["anomaly"]
    units = str(grid.attrs.get("units", ""))
    found = _brought(part, grid, like, units, "anomaly by spectrum-area filter")
    _note(found, f"split at a power of {', '.join(f'{b:.3g}' for b in breaks)}")
    return found


def _catchment(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Content of stream samples, or what stands above their rocks, on their basins."""
    from ..geochem import (
        catchment_background,
        catchment_composition,
        catchment_grid,
        delineate_catchments,
    )

    samples = _settled(read_points(evidence, path), evidence)
    column = column_named(samples, evidence.column)
    dem = open_grid(evidence.dem.file, crs=evidence.dem.crs)
    basins = delineate_catchments(
        samples, dem, snap_distance=evidence.snap_distance, unplaced="keep"
    )
    shown = column
    if evidence.geology:
        rocks = _ground(evidence.geology)
        shares = catchment_composition(
            basins, rocks, evidence.geology.column or evidence.by
        )
        placed = samples[samples["sample_id"].isin(shares.index)]
        found = catchment_background(
            placed, basins, shares, column, method="robust", scale="log",
            censored="limit",
        )  # fmt: skip
        samples, shown = found.samples, f"{column}_log_residual"
    keys = ["sample_id", *[n for n in samples if n.startswith(column)]]
    joined = basins.merge(samples[keys], on="sample_id", how="left")
    grid = catchment_grid(joined, shown, like=like)
    units = (
        "lg ratio" if evidence.geology else samples.attrs.get("units", {}).get(column)
    )
    grid.attrs |= {"units": units or "", "long_name": shown, "kind": "continuous"}
    for note in basins.attrs.get("notes", ()):
        _note(grid, str(note))
    return grid


def _composition(evidence: Evidence, path: Path) -> tuple[gpd.GeoDataFrame, list[str]]:
    samples = read_points(evidence, path)
    names = columns_named(samples, evidence)
    return _settled(samples, evidence, names), names


def _settled(
    samples: gpd.GeoDataFrame, evidence: Evidence, names: list[str] | None = None
) -> gpd.GeoDataFrame:
    """Samples with values below detection imputed, where the section asks for it."""
    if not evidence.impute:
        return samples
    from ..geochem import impute_censored

    if names is None:
        alone = [column_named(samples, evidence.column)]
        names = columns_named(samples, evidence) if evidence.columns else alone
    return impute_censored(
        samples, columns=names, method=evidence.impute, random_state=SEED
    )


def _spread_values(
    samples: gpd.GeoDataFrame,
    values: pd.Series,
    evidence: Evidence,
    like: Any,  # noqa: ANN401
    said: dict[str, str],
    *,
    flags: str | None = None,
) -> xr.DataArray:
    """Derived values on the grid, with the shares of samples behind them."""
    name = evidence.name
    table = samples[["geometry"]].assign(**{name: values.astype(float)})
    grid = spread(table, name, evidence, like)
    used = [flags] if flags else list(evidence.columns or ())
    for kind in ("censored", "imputed"):
        marks = [f"{column_named(samples, n)}_{kind}" for n in used]
        marks = [mark for mark in marks if mark in samples]
        share = samples[marks].to_numpy(dtype=bool).any(axis=1).mean() if marks else 0.0
        grid.attrs[f"{kind}_share"] = float(share)
    return grid.assign_attrs(said)


def _field(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Grid of the section: its file, or its samples spread."""
    if evidence.column:
        samples = _settled(read_points(evidence, path), evidence)
        return spread(samples, column_named(samples, evidence.column), evidence, like)
    options = {"crs": evidence.crs, "band": evidence.band, "nodata": evidence.nodata}
    return open_grid(path, kind="continuous", **options)


def _brought(
    part: xr.DataArray,
    grid: xr.DataArray,
    like: Any,  # noqa: ANN401
    units: str,
    title: str,
) -> xr.DataArray:
    """Part of a field on the district's grid, with what the field told of itself."""
    kept = ("censored_share", "imputed_share", "notes", "method")
    told = {key: grid.attrs[key] for key in kept if key in grid.attrs}
    plain = part.copy()
    plain.attrs = {"kind": "continuous"}
    found = match_grid(plain, like=like)
    return found.assign_attrs(told | {"units": units, "long_name": title})


def _ground(ground: Ground) -> gpd.GeoDataFrame:
    keys = ("crs", "layer", "encoding", "where")
    options = {key: getattr(ground, key) for key in keys}
    return read_features(ground.file, **options)


def _note(grid: xr.DataArray, text: str) -> None:
    grid.attrs["notes"] = [*grid.attrs.get("notes", []), text]


# treatment: (function of section, path and grid; options it cannot do without)
GEOCHEMICAL: dict[str, tuple[Callable[..., xr.DataArray], tuple[str, ...]]] = {
    "log_ratio": (_log_ratio, ("column", "columns")),
    "component": (_component, ("columns",)),
    "outlier_distance": (_outlier_distance, ("columns",)),
    "alteration_index": (_alteration_index, ("index",)),
    "background_contrast": (_background_contrast, ("column",)),
    "singularity": (_singularity, ()),
    "spectrum_anomaly": (_spectrum_anomaly, ()),
    "catchment": (_catchment, ("column", "dem", "snap_distance")),
}
