"""`prospect library`: a store of reference spectra, filled, asked and shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import Scale
from ._remedies import LIBRARY, said_as_options
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from spectral.library import SpectralLibrary

app = typer.Typer(
    help="Spectral library: add, search, show, export, list.",
    no_args_is_help=True,
    name="library",
)

Folder = Annotated[Path, typer.Argument(file_okay=False, help="Folder of the library.")]
Shared = Annotated[
    list[Path] | None,
    typer.Option(file_okay=False, help="A shared library, read beside it; repeatable."),
]
Words = Annotated[
    str,
    typer.Option(help='All must occur, English or Chinese: "kaolinite BECK".'),
]
Mineral = Annotated[str | None, typer.Option(help="Mineral by any of its names.")]
Group = Annotated[str | None, typer.Option(help="Mineral group or class.")]
Instrument = Annotated[str | None, typer.Option(help="Spectrometer.")]
Source = Annotated[str | None, typer.Option(help="Collection.")]
Where = Annotated[str | None, typer.Option(help="Condition in SQL on the columns.")]
Version = Annotated[
    int | None, typer.Option(min=0, help="Version to see; the latest if not given.")
]
TITLES = {
    "en": {"replicates": "Same sample", "features": "Features", "written": "Version"},
    "zh": {"replicates": "同一样品的光谱", "features": "吸收特征", "written": "版本"},
}


@app.command()
def add(
    folder: Folder,
    files: Annotated[
        list[Path],
        typer.Argument(exists=True, help="Files, folders or zips of spectra."),
    ],
    create: Annotated[
        bool, typer.Option("--create", help="Make the library if there is none.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="New versions of spectra it has.")
    ] = False,
    prefix: Annotated[str, typer.Option(help="Put before every id.")] = "",
    scale: Scale = None,
    unit: Annotated[
        str | None, typer.Option(help="Unit of wavelengths not stated: nm or um.")
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="Format, where it is not told apart.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Who adds them.")] = None,
    licence: Annotated[str | None, typer.Option(help="Their licence.")] = None,
    citation: Annotated[str | None, typer.Option(help="How to cite them.")] = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Add spectra of any known format; each file is a version, whole or not at all."""
    with told(debug=debug, lang=lang):
        from spectral.library import open_library, read_spectra

        with said_as_options(LIBRARY):
            library = open_library(folder, create=create)
        given = {"who": who, "licence": licence, "citation": citation}
        said = {name: value for name, value in given.items() if value}
        for file in files:
            records = read_spectra(file, format=format_, unit=unit, scale=scale)
            version = library.add(
                records, replace=replace, prefix=prefix, provenance=said
            )
            history = library.history()
            notes = history.loc[history["version"] == version, "notes"].iloc[0]
            _tell(notes if len(files) == 1 else [f"{file.name}: {n}" for n in notes])
            out.print(
                f"{TITLES[lang]['written']} {version}: {file.name}, {len(records)}",
                markup=False,
            )


@app.command()
def search(
    folder: Folder,
    words: Annotated[
        str,
        typer.Argument(help='All must occur, English or Chinese: "kaolinite BECK".'),
    ] = "",
    mineral: Mineral = None,
    group: Group = None,
    instrument: Instrument = None,
    source: Source = None,
    where: Where = None,
    spectrum: Annotated[
        Path | None,
        typer.Option(exists=True, help="Search by spectrum: a file with one or more."),
    ] = None,
    feature: Annotated[
        list[str] | None,
        typer.Option(help="Search by feature, from-to in nm: 2195-2215; repeatable."),
    ] = None,
    depth: Annotated[
        float, typer.Option(min=0, max=1, help="Least depth of the feature.")
    ] = 0.02,
    metric: Annotated[
        str, typer.Option(help="By spectrum: angle, correlation or rms.")
    ] = "angle",
    window: Annotated[
        list[str] | None, typer.Option(help="By spectrum: only these nm; repeatable.")
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="By spectrum: how many.")] = 10,
    min_coverage: Annotated[
        float, typer.Option(min=0, max=1, help="By spectrum: least shared channels.")
    ] = 0.9,
    scale: Scale = None,
    shared: Shared = None,
    version: Version = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Search by words, spectrum or feature; a tab-separated table."""
    with told(debug=debug, lang=lang):
        library = _open(folder, shared, version)
        chosen = {"mineral": mineral, "group": group, "instrument": instrument}
        chosen |= {"source": source, "where": where}
        if spectrum is not None:
            if words or feature or any(chosen.values()):
                raise ValueError(
                    "--spectrum goes with --metric, --window, -n and --min-coverage "
                    "only; narrow the table it gives, or search without it"
                )
            found = _match(
                library,
                spectrum,
                scale=scale,
                metric=metric,
                window=_ranges(window, "--window"),
                n=n,
                min_coverage=min_coverage,
            )
        else:
            found = library.search(words=words, **chosen)
            if feature:
                ranges = _ranges(feature, "--feature")
                some = library.find_features(ranges, depth=depth)
                found = some[some["spectrum_id"].isin(found["spectrum_id"])]
        _tell(found.attrs.get("notes", ()))
    typer.echo(found.to_csv(sep="\t", index=False, float_format="%.6g"), nl=False)


@app.command()
def show(
    folder: Folder,
    spectrum_id: Annotated[str, typer.Argument(help="Spectrum to show.")],
    figure: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Chart to write (.png, .svg).")
    ] = None,
    shared: Shared = None,
    version: Version = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Card of a spectrum: what is known of it, its sample, features and versions."""
    with told(debug=debug, lang=lang):
        library = _open(folder, shared, version)
        records = library.records(spectrum_id)
        _card(library, spectrum_id, records, lang)
        if figure is None:
            return
        from ..report import figure_spectra, save_figure

        spectra = library.read(spectrum_id)
        name = records["name"][0]
        chart = figure_spectra(spectra, labels={spectrum_id: name}, lang=lang.value)
        written = save_figure(chart, figure)
    out.print(str(written), markup=False)


@app.command()
def export(
    folder: Folder,
    out_file: Annotated[
        Path,
        typer.Option("--out", dir_okay=False, help="File to write: .sli or .csv."),
    ],
    ids: Annotated[
        list[str] | None, typer.Option("--id", help="Spectrum; repeatable.")
    ] = None,
    words: Words = "",
    mineral: Mineral = None,
    group: Group = None,
    instrument: Instrument = None,
    source: Source = None,
    where: Where = None,
    like: Annotated[
        Path | None, typer.Option(exists=True, help="Image whose bands are wanted.")
    ] = None,
    sensor: Annotated[
        str | None, typer.Option(help="Sensor whose bands are wanted: aster, emit …")
    ] = None,
    shared: Shared = None,
    version: Version = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Write the spectra that are named or found, as an ENVI library or CSV."""
    with told(debug=debug, lang=lang):
        if like is not None and sensor is not None:
            raise ValueError("give --like or --sensor, not both")
        library = _open(folder, shared, version)
        chosen: Any = ids or library.search(
            words=words,
            mineral=mineral,
            group=group,
            instrument=instrument,
            source=source,
            where=where,
        )
        cube = None
        if like is not None:
            from spectral import open_cube

            cube = open_cube(like)
        written = library.export(chosen, out_file, like=cube, sensor=sensor)
    for path in written:
        out.print(str(path), markup=False)


@app.command("list")
def list_(
    folder: Folder,
    versions: Annotated[
        bool, typer.Option("--versions", help="Its versions instead of its minerals.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare every file with what was written.")
    ] = False,
    shared: Shared = None,
    version: Version = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """List minerals with the number of spectra, or the versions of the library."""
    with told(debug=debug, lang=lang):
        library = _open(folder, shared, version)
        if verify and (faults := library.verify()):
            raise ValueError("\n".join(faults))
        table = library.taxonomy()
        if versions:
            table = library.history()
            table["notes"] = [" | ".join(notes) for notes in table["notes"]]
    typer.echo(table.to_csv(sep="\t", index=False), nl=False)


def _open(
    folder: Path, shared: list[Path] | None, version: int | None
) -> SpectralLibrary:
    from spectral.library import open_library

    if shared and version is not None:
        raise ValueError("--version is that of one library: leave --shared out")
    with said_as_options(LIBRARY):
        if shared:
            return open_library([*shared, folder])
        return open_library(folder, as_of=version)


def _match(
    library: SpectralLibrary,
    file: Path,
    *,
    scale: float | None,
    **options: Any,  # noqa: ANN401
) -> pd.DataFrame:
    """Nearest spectra of each spectrum of a file, whatever grids they have."""
    import pandas as pd

    from spectral.library import read_spectra, stack_spectra

    records = read_spectra(file, scale=scale)
    tables, notes = [], list(records.attrs.get("notes", ()))
    for row, name in enumerate(records["spectrum_id"]):
        query = stack_spectra(records.iloc[[row]])[0]
        found = library.match(query, **options)
        notes += [f"{name}: {note}" for note in found.attrs["notes"]]
        found.insert(0, "query", name)
        tables.append(found)
    result = pd.concat([table.reset_index(drop=True) for table in tables])
    result.attrs = {"notes": notes}
    return result


def _card(
    library: SpectralLibrary, spectrum_id: str, records: pd.DataFrame, lang: Language
) -> None:
    row = records.iloc[0]
    waves, values = row["wavelength"], row["reflectance"]
    skipped = ("wavelength", "reflectance", "fwhm", "uncertainty")
    for name, value in row.items():
        if name not in skipped and value is not None and value == value:  # noqa: PLR0124
            typer.echo(f"{name}\t{value}")
    typer.echo(f"channels\t{len(waves)} ({waves[0]:g}-{waves[-1]:g} nm)")
    there = values[values == values]  # noqa: PLR0124 - without NaN
    typer.echo(f"reflectance\t{there.min():.4f}-{there.max():.4f}")
    features = library.query(
        "select position, depth, width, start, stop from features "
        f"where spectrum_id = '{spectrum_id.replace(chr(39), chr(39) * 2)}' "
        "order by depth desc limit 12"
    )
    replicates = library.replicates(spectrum_id)
    replicates = replicates[replicates["spectrum_id"] != spectrum_id]
    shown = ["spectrum_id", "instrument", "measurement", "first_nm", "last_nm"]
    for title, table in (
        ("features", features.round({"position": 1, "depth": 4, "width": 1})),
        ("replicates", replicates[shown]),
    ):
        if len(table):
            typer.echo(f"\n{TITLES[lang][title]}")
            typer.echo(table.to_csv(sep="\t", index=False), nl=False)


def _ranges(texts: list[str] | None, option: str) -> list[tuple[float, float]] | None:
    """Ranges of "2195-2215"."""
    found = []
    for text in texts or ():
        start, _, end = text.partition("-")
        try:
            found.append((float(start), float(end)))
        except ValueError:
            raise ValueError(f"{option} {text}: write it as 2195-2215, in nm") from None
        low, high = found[-1]
        if not low < high:
            raise ValueError(
                f"{option} {text}: the lower end first, {high:g}-{low:g}"
                if low > high
                else f"{option} {text}: a range is wider than nothing, 2195-2215"
            )
    return found or None


def _tell(notes: Iterable[str]) -> None:
    for note in notes:
        err.print(note, markup=False)
