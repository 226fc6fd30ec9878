"""`prospect spectral unmix`, `mesma`: shares of endmembers in each pixel."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import (
    Crs,
    CubeFile,
    LibraryFile,
    Part,
    Scale,
    Spectra,
    cube_from,
    library_from,
    mapped,
)
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable

    import xarray as xr

OutFolder = Annotated[
    Path, typer.Option("--out", file_okay=False, help="Folder for maps and report.")
]


class Method(StrEnum):
    """Constraints on the shares."""

    fcls = "fcls"
    nnls = "nnls"
    scls = "scls"
    ucls = "ucls"
    sparse = "sparse"


def unmix(
    file: CubeFile,
    library: LibraryFile,
    out_folder: OutFolder,
    method: Annotated[
        Method,
        typer.Option(
            help="fcls: at least zero, sum one; nnls: at least zero; scls: sum one; "
            "ucls: free; sparse: few of many."
        ),
    ] = Method.fcls,
    spectra: Spectra = "",
    shade: Annotated[
        bool,
        typer.Option(
            "--shade", help="Shade (zero reflectance) too; maps are of shares without."
        ),
    ] = False,
    l1: Annotated[float, typer.Option(min=0, help="Of sparse: penalty.")] = 1e-3,
    tv: Annotated[
        float,
        typer.Option(min=0, help="Of sparse: penalty on neighbours' differences."),
    ] = 0.0,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Shares of endmembers, the residual, and what they can be trusted with."""
    with told(debug=debug, lang=lang):
        from spectral import mapping

        if shade and method not in {Method.fcls, Method.scls}:
            raise ValueError("--shade is of use with --method fcls and scls only")
        cube = cube_from(file, scale=scale, part=part, crs=crs)
        pure = library_from(library, like=cube, spectra=spectra)
        cube = mapped(cube, file)
        if shade:
            pure = _with_shade(pure)
        if method is Method.sparse:
            found = mapping.sparse_unmix(cube, pure, l1=l1, tv=tv)
        else:
            found = mapping.unmix(cube, pure, method=method.value)
        written, kept = _saved(found, out_folder)
        written += _reported(kept, out_folder, lang)
        if shade:
            written += _lit(kept, out_folder)
    for path in written:
        out.print(str(path), markup=False)


def mesma(
    file: CubeFile,
    library: LibraryFile,
    out_folder: OutFolder,
    groups: Annotated[
        str,
        typer.Option(
            help="Column of the library that names the groups; without it, the "
            "minerals' own."
        ),
    ] = "group",
    members: Annotated[
        int, typer.Option(min=1, help="Most groups in a model, shade not counted.")
    ] = 2,
    limit: Annotated[
        float, typer.Option("--residual-limit", help="Largest RMS residual.")
    ] = 0.025,
    gain: Annotated[
        float,
        typer.Option("--min-gain", help="Less residual that one more member leaves."),
    ] = 0.007,
    shade: Annotated[
        bool, typer.Option("--shade/--no-shade", help="Shade in all models.")
    ] = True,
    spectra: Spectra = "",
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Each pixel its own mixture model: map of models, shares of groups, residual."""
    with told(debug=debug, lang=lang):
        from spectral import mapping

        cube = cube_from(file, scale=scale, part=part, crs=crs)
        pure = library_from(library, like=cube, spectra=spectra)
        cube = mapped(cube, file)
        found = mapping.mesma(
            cube,
            pure,
            groups=_groups(pure, groups),
            max_members=members,
            residual_limit=limit,
            min_gain=gain,
            shade=shade,
        )
        for note in found.attrs["notes"]:
            err.print(note, markup=False)
        written, kept = _saved(found, out_folder)
        written += _drawn(kept, out_folder, lang)
        written.append(_model_table(kept["model"], out_folder))
    for path in written:
        out.print(str(path), markup=False)


def _groups(library: xr.DataArray, column: str) -> list[str]:
    """Group of each spectrum: its column, its description, its mineral."""
    from spectral.library import find_mineral, mineral_group

    found = []
    for name in library["spectrum"].to_numpy():
        one = library.sel(spectrum=name)
        told = [
            str(one[key].item() or "")
            for key in (column, "description")
            if key in one.coords
        ]
        group = told[0] if column in one.coords else ""
        if not group and told:
            match = re.search(rf"(?:^|[;,] ?){re.escape(column)}: ([^;,]+)", told[-1])
            group = match.group(1).strip() if match else ""
        mineral = find_mineral(str(name)) if not group and column == "group" else None
        found.append(group or (mineral_group(mineral) if mineral else ""))
    lacking = [
        str(name)
        for name, group in zip(library["spectrum"].to_numpy(), found, strict=True)
        if not group
    ]
    if lacking:
        raise ValueError(
            f"{len(lacking)} spectra have no {column!r}: {lacking[:5]}. Add the column "
            "to the library, or choose others with --spectra."
        )
    return found


def _with_shade(library: xr.DataArray) -> xr.DataArray:
    import xarray as xr

    if "shade" in library["spectrum"].to_numpy():
        raise ValueError("the library has a spectrum called shade: leave --shade out")
    zero = (0 * library.isel(spectrum=slice(0, 1))).fillna(0)
    zero = zero.drop_vars([name for name in zero.coords if name not in zero.dims])
    zero = zero.assign_coords(spectrum=["shade"])
    plain = library.drop_vars(
        [
            n
            for n, c in library.coords.items()
            if "spectrum" in c.dims and n != "spectrum"
        ]
    )
    return xr.concat(
        [plain, zero], "spectrum", coords="minimal", compat="override", join="override"
    )


def _stem(name: str, taken: set[str]) -> str:
    stem = re.sub(r"[^\w.-]+", "_", name).strip("_") or "endmember"
    number, free = 2, stem
    while free.lower() in taken:
        free, number = f"{stem}_{number}", number + 1
    taken.add(free.lower())
    return free


def _saved(found: xr.Dataset, folder: Path) -> tuple[list[Path], xr.Dataset]:
    """Maps written in one pass, those of classes in another, and read again."""
    import xarray as xr

    from survey import open_grid, save_grid, save_grids

    names = [str(name) for name in found["endmember"].to_numpy()]
    taken: set[str] = set()
    shares = {}
    for place, name in enumerate(names):
        path = folder / f"abundance_{_stem(name, taken)}.tif"
        grid = found["abundance"].isel(endmember=place, drop=True)
        title = f"{grid.attrs['long_name']}: {name}"
        shares[path] = grid.assign_attrs(long_name=title)
    others = {
        folder / f"{name}.tif": found[name]
        for name in ("residual", "n_active", "n_negative", "n_used")
        if name in found
    }
    folder.mkdir(parents=True, exist_ok=True)
    written = save_grids(shares | others)
    coded = [name for name in ("pixel_state", "model") if name in found]
    written += [save_grid(found[name], folder / f"{name}.tif") for name in coded]
    opened = xr.concat(
        [open_grid(path) for path in shares], "endmember", coords="minimal",
        compat="override", combine_attrs="drop",
    ).assign_coords(endmember=names)  # fmt: skip
    kept = {
        "abundance": opened.rename("abundance").assign_attrs(found["abundance"].attrs)
    }
    for path in [*others, *(folder / f"{name}.tif" for name in coded)]:
        kept[path.stem] = open_grid(path).rename(path.stem)
        kept[path.stem].attrs |= found[path.stem].attrs
    result = xr.Dataset(kept, attrs=found.attrs)
    if "spectra" in found:
        result["spectra"] = found["spectra"]
    return written, result


def _reported(kept: xr.Dataset, folder: Path, lang: Language) -> list[Path]:
    """Table and sentences of the report, and the figure."""
    from spectral.mapping import unmixing_report
    from survey import save_table

    from ..report import describe_unmixing

    report = unmixing_report(kept)
    for sentence in describe_unmixing(report, lang=lang.value):
        err.print(sentence, markup=False)
    return [save_table(report, folder / "report.csv"), *_drawn(kept, folder, lang)]


def _drawn(kept: xr.Dataset, folder: Path, lang: Language) -> list[Path]:
    from ..report import figure_abundances, save_figure

    if not bool(kept["residual"].notnull().any()):
        return []
    figure = figure_abundances(kept, lang=lang.value)
    return [save_figure(figure, folder / "abundances.png")]


def _lit(kept: xr.Dataset, folder: Path) -> list[Path]:
    from spectral.mapping import shade_free
    from survey import save_grids

    free = shade_free(kept["abundance"])
    taken: set[str] = set()
    grids: dict[str | Path, Any] = {}
    for place, name in enumerate(str(n) for n in free["endmember"].to_numpy()):
        grid = free.isel(endmember=place, drop=True)
        title = f"{grid.attrs['long_name']}: {name}"
        path = folder / f"lit_{_stem(name, taken)}.tif"
        grids[path] = grid.assign_attrs(long_name=title)
    return save_grids(grids)


def _model_table(model: xr.DataArray, folder: Path) -> Path:
    """Pixels of each model, the most frequent first."""
    import numpy as np
    import pandas as pd

    from survey import save_table

    classes = model.attrs["classes"]
    values = model.data.ravel()
    bins = np.arange(len(classes) + 1) - 0.5
    if model.chunks is None:
        counts = np.histogram(values, bins)[0]
    else:
        import dask.array as da

        counts = da.histogram(values, bins)[0].compute()
    table = pd.DataFrame({"code": list(classes), "model": list(classes.values())})
    table["pixels"] = counts
    table = table[table["pixels"] > 0].sort_values("pixels", ascending=False)
    return save_table(table, folder / "models.csv")


COMMANDS: dict[str, Callable[..., None]] = {"unmix": unmix, "mesma": mesma}
