"""`prospect geochem`: background, thresholds, levelling."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._samples import (
    Analytes,
    Crs,
    EastColumn,
    NorthColumn,
    SampleFile,
    analytes_in,
    features_from,
    names_in,
    samples_from,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

METHODS = "iterative,median_mad,tukey"
Layer = Annotated[
    Path | None,
    typer.Option(
        "--polygons",
        exists=True,
        dir_okay=False,
        help="Layer of polygons, such as a geological map, that has the column.",
    ),
]


LayerName = Annotated[
    str | None, typer.Option("--layer", help="Layer of the polygons' file.")
]


def background(
    samples: SampleFile,
    analytes: Analytes,
    out_folder: Annotated[
        Path, typer.Option("--out", file_okay=False, help="Folder to write.")
    ],
    methods: Annotated[
        str,
        typer.Option(
            help="By comma: iterative, mean_sd, median_mad, tukey, percentile_97.5, "
            "mixture."
        ),
    ] = METHODS,
    raw: Annotated[
        bool, typer.Option("--raw", help="Statistics of C instead of lg C.")
    ] = False,
    k: Annotated[
        float, typer.Option("-k", min=0, help="T = background + k deviations.")
    ] = 2.0,
    by: Annotated[
        str | None, typer.Option(help="Column of groups, such as lithology.")
    ] = None,
    polygons: Layer = None,
    layer: LayerName = None,
    censored: Annotated[
        str, typer.Option(help="Values below detection: limit, drop or imputed.")
    ] = "limit",
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Table of backgrounds and thresholds, a chart of each analyte, residuals."""
    with told(debug=debug, lang=lang):
        from survey import save_features, save_table

        from ..report import save_figure

        table = samples_from(samples, crs=crs, x=x, y=y)
        columns, groups = analytes_in(table, analytes), _groups(by, polygons, layer)
        how = {"transform": None if raw else "log10", "k": k}
        more = {"methods": names_in(methods), "censored": censored}
        whole, found = _tables(table, columns, groups, how | more)
        told_once = found.drop_duplicates(["analyte", "group", "note"])
        for row in told_once[told_once["note"] != ""].itertuples():
            _tell([row.analyte, row.group], row.note, lang)
        # all is computed before the first file is written
        layer = None
        if groups is not None:
            layer = _residuals(table, columns, groups, how)
        mixtures = {}
        if "mixture" in names_in(methods):
            mixtures = _mixtures(table, columns, how["transform"])
        charts = _charts(table, whole, mixtures, lang)
        files = [save_table(_spoken(found, lang), out_folder / "background.csv")]
        if layer is not None:
            files.append(save_features(layer, out_folder / "residuals.gpkg"))
        if mixtures:
            joined = _joined(mixtures)
            files.append(save_table(joined, out_folder / "mixtures.csv"))
        for name, chart in charts.items():
            files.append(save_figure(chart, out_folder / "figures" / f"{name}.png"))
    for file in files:
        out.print(str(file), markup=False)


def level(
    samples: SampleFile,
    analytes: Analytes,
    by: Annotated[
        str, typer.Option(help="Column of campaigns, laboratories or batches.")
    ],
    out_file: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="Layer to write (.gpkg).")
    ],
    method: Annotated[
        str, typer.Option(help="median_ratio, quantile, standards or huber.")
    ] = "median_ratio",
    reference: Annotated[
        str | None, typer.Option(help="Campaign that stays as it is.")
    ] = None,
    standards: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Results on reference materials, with material and batch.",
        ),
    ] = None,
    certified: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Certified contents of the materials."
        ),
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="Compare inside the groups of this column.")
    ] = None,
    polygons: Layer = None,
    layer: LayerName = None,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Bring campaigns to one level; values as they were and factors stay beside."""
    with told(debug=debug, lang=lang):
        import pandas as pd

        from survey import save_features, save_table

        from ..geochem import level_campaigns

        table = samples_from(samples, crs=crs, x=x, y=y)
        how: dict[str, Any] = {"method": method, "reference": reference, "by": by}
        how["within"] = _groups(within, polygons, layer)
        how["standards"] = _standards(standards, certified)
        factors = []
        for column in analytes_in(table, analytes):
            done = level_campaigns(table, column, **how)
            table = done.samples
            one = done.table.rename_axis("campaign").reset_index()
            factors.append(one.assign(analyte=column, reference=done.reference))
        joined = pd.concat(factors, ignore_index=True)
        for row in joined[joined["note"] != ""].itertuples():
            _tell([row.analyte, row.campaign], row.note, lang)
        name = out_file.with_name(f"{out_file.stem}_factors.csv")
        files = [save_features(table, out_file)]
        files.append(save_table(_spoken(joined, lang), name))
    for file in files:
        out.print(str(file), markup=False)


def _groups(by: str | None, polygons: Path | None, layer: str | None) -> Any:  # noqa: ANN401
    """Column of groups, with its layer where one is given."""
    if polygons is None:
        return by
    if by is None:
        raise ValueError("--polygons needs the column of its groups as well.")
    return features_from(polygons, layer=layer), by


def _standards(results: Path | None, certified: Path | None) -> Any:  # noqa: ANN401
    """Results on reference materials with their certified values."""
    if results is None:
        if certified is not None:
            raise ValueError("--certified is of use with --standards only.")
        return None
    from survey.quality import read_assays, read_certified

    assays = read_assays(results)
    if certified is None:
        return assays
    values = read_certified(certified)[["material", "analyte", "certified_value"]]
    names = {name: assays[name].astype(object) for name in ("material", "analyte")}
    return assays.assign(**names).merge(
        values.astype(dict.fromkeys(names, object)), how="left"
    )


def _tables(
    table: gpd.GeoDataFrame,
    columns: list[str],
    groups: Any,  # noqa: ANN401
    how: dict[str, Any],
) -> tuple[Any, Any]:
    """Thresholds of all samples, and the same with those of every group below."""
    import pandas as pd

    from ..geochem import background_table

    whole = background_table(table, columns, **how)
    if groups is None:
        return whole, whole
    parts = background_table(table, columns, by=groups, **how)
    return whole, pd.concat([whole.assign(group="(all)"), parts], ignore_index=True)


def _residuals(
    table: gpd.GeoDataFrame,
    columns: list[str],
    groups: Any,  # noqa: ANN401
    how: dict[str, Any],
) -> gpd.GeoDataFrame:
    """Samples with residual and contrast against their group, as a layer."""
    from ..geochem import residuals_by_group

    for column in columns:
        table = residuals_by_group(table, column, by=groups, **how).samples
    return table


def _mixtures(
    table: gpd.GeoDataFrame, columns: list[str], transform: str | None
) -> dict[str, Any]:
    from ..geochem import threshold_mixture

    how = {"transform": transform, "random_state": 0}
    return {column: threshold_mixture(table, column, **how) for column in columns}


def _joined(mixtures: dict[str, Any]) -> Any:  # noqa: ANN401
    """Thresholds of all mixtures, each beside its population."""
    import pandas as pd

    parts = []
    for column, mixture in mixtures.items():
        ends = mixture.populations.add_prefix("population_").reset_index()
        one = mixture.thresholds.merge(ends, on="population")
        parts.append(one.assign(analyte=column, unit=mixture.unit))
    return pd.concat(parts, ignore_index=True)


def _charts(
    table: gpd.GeoDataFrame,
    whole: Any,  # noqa: ANN401
    mixtures: dict[str, Any],
    lang: Language,
) -> dict[str, Any]:
    """Charts of each analyte by the names of their files."""
    from .. import report

    charts, how = {}, {"thresholds": whole, "lang": lang.value}
    for column in dict.fromkeys(whole["analyte"]):
        mixture = mixtures.get(column)
        figures = {
            "distribution": report.figure_distribution(table, column, **how),
            "probability": report.figure_probability_plot(
                table, column, mixture=mixture, **how
            ),
        }
        if mixture is not None:
            figures["mixture"] = report.figure_mixture(mixture, lang=lang.value)
        charts |= {f"{column}_{name}": figure for name, figure in figures.items()}
    return charts


def _spoken(table: Any, lang: Language) -> Any:  # noqa: ANN401
    """Table with its notes in a language."""
    from .._note import say

    notes = [say(note, lang.value) for note in table["note"]]
    return table.assign(note=notes)


def _tell(place: list[Any], note: str, lang: Language) -> None:
    from .._note import say

    words = [str(part) for part in place if isinstance(part, str)]
    err.print(f"{' '.join(words)}: {say(note, lang.value)}", markup=False)


def spatial_u(
    samples: SampleFile,
    analyte: Annotated[str, typer.Option(help="Analyte with its unit: Cu_ppm.")],
    radii: Annotated[str, typer.Option(help="Radii of the windows by comma, metres.")],
    out_file: Annotated[
        Path, typer.Option("--out", dir_okay=False, help="Layer to write.")
    ],
    permutations: Annotated[
        int, typer.Option(min=0, help="Deals of the values to tell chance; 0 is none.")
    ] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the permutations.")] = 0,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    debug: Debug = False,
) -> None:
    """Spatial U of each sample: how rich the ground about it is."""
    with told(debug=debug):
        from survey import save_features

        from ..geochem import spatial_u as statistic

        table = samples_from(samples, crs=crs, x=x, y=y)
        analytes_in(table, analyte)
        found = statistic(
            table,
            analyte,
            radii=_metres(radii),
            n_permutations=permutations,
            random_state=seed,
        )
        save_features(found, out_file)
    out.print(str(out_file), markup=False)


def _metres(text: str) -> list[float]:
    try:
        return [float(each) for each in names_in(text)]
    except ValueError:
        raise ValueError(
            f"--radii takes metres separated by commas. Got {text!r} instead."
        ) from None


COMMANDS: dict[str, Callable[..., None]] = {
    "background": background,
    "level": level,
    "spatial-u": spatial_u,
}
