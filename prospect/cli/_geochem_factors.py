"""`prospect geochem`: components, outliers, indices and diagrams."""

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
    names_in,
    samples_from,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import geopandas as gpd
    import pandas as pd

Folder = Annotated[
    Path, typer.Option("--out", file_okay=False, help="Folder to write.")
]
LayerFile = Annotated[
    Path, typer.Option("--out", dir_okay=False, help="Layer to write (.gpkg).")
]
Impute = Annotated[
    str | None,
    typer.Option(
        help="Impute values below detection first: lr_em, lr_da, mult_repl or "
        "mult_lognormal. Otherwise they are refused."
    ),
]
Groups = Annotated[
    str | None, typer.Option(help="Column whose values set the colours.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")]
Classical = Annotated[
    bool, typer.Option("--classical", help="Classical instead of robust covariance.")
]


def factors(
    samples: SampleFile,
    analytes: Analytes,
    out_folder: Folder,
    n: Annotated[int, typer.Option("--n", min=1, help="Components or factors.")] = 4,
    method: Annotated[
        str, typer.Option(help="pca, principal (factors) or ml (factors).")
    ] = "pca",
    rotation: Annotated[
        str, typer.Option(help="Of factors: varimax, promax or none.")
    ] = "varimax",
    impute: Impute = None,
    groups: Groups = None,
    classical: Classical = False,
    seed: Seed = 0,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Robust components or factors: scores, loadings, biplot, tree of analytes."""
    with told(debug=debug, lang=lang):
        from survey import save_features, save_table

        from ..geochem import RobustFactors, RobustPCA, cluster_analytes
        from ..report import figure_biplot, figure_dendrogram, save_figure

        table, columns = _complete(samples, analytes, impute, crs=crs, x=x, y=y)
        how: dict[str, Any] = {"columns": columns, "robust": not classical}
        how |= {"random_state": seed}
        if method == "pca":
            model = RobustPCA(n_components=n, **how)
        else:
            more = {"method": method, "rotation": rotation}
            model = RobustFactors(n_factors=n, **more, **how)
        scores = model.fit_transform(table)
        _say([*scores.attrs["notes"], *getattr(model, "notes_", [])], lang)
        colour = None if groups is None else _column(table, groups)
        figures = {}
        if n > 1:
            biplot = figure_biplot(model, scores, groups=colour, lang=lang.value)
            figures["biplot"] = biplot
        if len(columns) > 2:
            tree = figure_dendrogram(cluster_analytes(table, **how), lang=lang.value)
            figures["analytes"] = tree
        files = [
            save_features(_beside(table, scores), out_folder / "scores.gpkg"),
            save_table(_loadings(model), out_folder / "loadings.csv"),
        ]
        for name, figure in figures.items():
            files.append(save_figure(figure, out_folder / f"{name}.png"))
    _list(files)


def outliers(
    samples: SampleFile,
    analytes: Analytes,
    out_file: LayerFile,
    quantile: Annotated[
        float, typer.Option(min=0.5, max=0.9999, help="Quantile of chi-square.")
    ] = 0.975,
    impute: Impute = None,
    classical: Classical = False,
    seed: Seed = 0,
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Robust distance of each sample, outliers, and the analytes that drive them."""
    with told(debug=debug, lang=lang):
        from survey import save_features

        from ..geochem import outlier_distance

        table, columns = _complete(samples, analytes, impute, crs=crs, x=x, y=y)
        found = outlier_distance(
            table,
            columns=columns,
            quantile=quantile,
            robust=not classical,
            contributions=True,
            random_state=seed,
        )
        _say(found.attrs["notes"], lang)
        file = save_features(_beside(table, found), out_file)
        for rule in ("chi2", "adjusted"):
            cutoff, n = found.attrs[f"cutoff_{rule}"], found.attrs[f"n_outliers_{rule}"]
            out.print(f"outlier_{rule}: > {cutoff:.3f}: {n} / {len(found)}")
    _list([file])


def index(
    samples: SampleFile,
    names: Annotated[
        str, typer.Argument(help="Names by comma: cia,ccpi; 'list' prints them all.")
    ],
    out_file: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="Layer to write (.gpkg)."),
    ] = None,
    calcium: Annotated[
        str,
        typer.Option(
            help="Calcium of silicates: mclennan, apatite, carbonate, sodium, total."
        ),
    ] = "mclennan",
    censored: Annotated[
        str, typer.Option(help="Samples below detection: missing or limit.")
    ] = "missing",
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Indices of alteration and weathering of each sample."""
    with told(debug=debug, lang=lang):
        from survey import save_features

        from ..geochem import alteration_index, list_alteration_indices

        if names == "list":
            title = "title_zh" if lang is Language.zh else "title"
            told_of = list_alteration_indices()[[title, "basis", "formula"]]
            typer.echo(told_of.to_csv(sep="\t"), nl=False)
            return
        if out_file is None:
            raise ValueError(
                "--out is missing: name the layer to write, such as x.gpkg"
            )
        table = samples_from(samples, crs=crs, x=x, y=y)
        if not names_in(names):
            raise ValueError("no index is named: write cia,ccpi; 'list' prints them")
        for name in names_in(names):
            found = alteration_index(table, name, calcium=calcium, censored=censored)
            _say(found.attrs["notes"], lang)
            table[name] = found
            known, median = int(found.notna().sum()), found.median()
            out.print(f"{name}: n = {known} / {len(found)}, median {median:.4g}")
        file = save_features(table, out_file)
    _list([file])


def diagram(
    samples: SampleFile,
    name: Annotated[str, typer.Argument(help="Name, such as tas; 'list' prints all.")],
    out_folder: Annotated[
        Path | None, typer.Option("--out", file_okay=False, help="Folder to write.")
    ] = None,
    groups: Groups = None,
    as_analysed: Annotated[
        bool, typer.Option("--as-analysed", help="Do not leave volatiles out.")
    ] = False,
    calcium: Annotated[
        str, typer.Option(help="Calcium of silicates, as for index.")
    ] = "mclennan",
    crs: Crs = None,
    x: EastColumn = None,
    y: NorthColumn = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Rocks on a diagram that classifies them: picture, and field of each sample."""
    with told(debug=debug, lang=lang):
        from survey import save_features

        from ..geochem import classify_diagram, list_diagrams, read_diagram
        from ..report import figure_discrimination, save_figure

        if name == "list":
            title = "title_zh" if lang is Language.zh else "title"
            typer.echo(list_diagrams()[[title, "kind"]].to_csv(sep="\t"), nl=False)
            return
        if out_folder is None:
            raise ValueError("--out is missing: name the folder to write")
        table = samples_from(samples, crs=crs, x=x, y=y)
        how: dict[str, Any] = {"normalise": not as_analysed, "calcium": calcium}
        picture = figure_discrimination(
            table, name, groups=groups, lang=lang.value, **how
        )
        files = []
        if read_diagram(name)["kind"] != "panels":
            found = classify_diagram(table, name, **how)
            _say(found.attrs["notes"], lang)
            column = "field_zh" if lang is Language.zh else "field"
            for field, count in found[column].value_counts().items():
                out.print(f"{field}: {count}", markup=False)
            found = found.add_prefix(f"{name}_")
            files.append(
                save_features(_beside(table, found), out_folder / f"{name}.gpkg")
            )
        files.append(save_figure(picture, out_folder / f"{name}.png"))
    _list(files)


def _complete(
    path: Path,
    analytes: str,
    impute: str | None,
    *,
    crs: str | None,
    x: str | None,
    y: str | None,
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Samples, values below detection imputed where so asked, and the analytes."""
    table = samples_from(path, crs=crs, x=x, y=y)
    columns = analytes_in(table, analytes)
    if impute is not None:
        from ..geochem import impute_censored

        table = impute_censored(table, columns=columns, method=impute, random_state=0)
    return table, columns


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    from survey import check_columns

    check_columns(table, name)
    return table[name]


def _beside(table: gpd.GeoDataFrame, more: pd.DataFrame) -> gpd.GeoDataFrame:
    """Samples with further columns, which take the place of those of their name."""
    return table.drop(columns=[c for c in more if c in table]).join(more)


def _loadings(model: Any) -> pd.DataFrame:  # noqa: ANN401
    """Loadings by analyte, uniqueness, and the share of the variance last."""
    table = model.loadings_.copy()
    share = dict(zip(table, model.explained_variance_ratio_, strict=True))
    if hasattr(model, "uniquenesses_"):
        table["uniqueness"] = model.uniquenesses_
    table.loc["share of variance"] = share
    return table.rename_axis("analyte").reset_index()


def _say(notes: Iterable[str], lang: Language) -> None:
    from .._note import say

    for note in dict.fromkeys(notes):
        err.print(say(note, lang.value), markup=False)


def _list(files: Iterable[Path]) -> None:
    for file in files:
        out.print(str(file), markup=False)


COMMANDS: dict[str, Callable[..., None]] = {
    "factors": factors,
    "outliers": outliers,
    "index": index,
    "diagram": diagram,
}
