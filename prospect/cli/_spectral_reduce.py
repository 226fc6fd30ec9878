"""`prospect spectral`: fewer components, and endmembers."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._cubes import Crs, CubeFile, Part, Scale, cube_from, mapped
from ._shared import Debug, Lang, Language, err, out, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd
    import xarray as xr

Seed = Annotated[int, typer.Option(min=0, help="Seed of what is random.")]


class Reducer(StrEnum):
    """Ways to fewer components."""

    mnf = "mnf"
    pca = "pca"
    ica = "ica"


class Search(StrEnum):
    """Searches for endmembers."""

    nfindr = "nfindr"
    ppi = "ppi"
    atgp = "atgp"
    smacc = "smacc"
    vca = "vca"
    sivm = "sivm"
    avmax = "avmax"
    sisal = "sisal"


class Space(StrEnum):
    """Components that are searched."""

    pca = "pca"
    mnf = "mnf"


class Noise(StrEnum):
    """Estimates of the noise."""

    difference = "difference"
    difference_xy = "difference_xy"
    homogeneous = "homogeneous"
    regression = "regression"


REDUCERS = {
    Reducer.pca: "PrincipalComponents",
    Reducer.mnf: "MinimumNoiseFraction",
    Reducer.ica: "IndependentComponents",
}
FUNCTIONS = {Search.nfindr: "n_findr"}
SEEDLESS = {Search.atgp, Search.smacc, Search.sivm}
OWN_SPACE = {Search.atgp, Search.smacc, Search.vca, Search.sisal}


def reduce(
    file: CubeFile,
    folder: Annotated[
        Path,
        typer.Option(
            "--out", file_okay=False, help="Folder to write: a GeoTIFF a component."
        ),
    ],
    method: Annotated[
        Reducer, typer.Option(help="By signal to noise, variance, independence.")
    ] = Reducer.mnf,
    number: Annotated[
        int | None,
        typer.Option("-n", "--number", "--components", min=1, help="How many."),
    ] = None,
    min_snr: Annotated[
        float | None,
        typer.Option(help="With mnf: keep components of more signal to noise."),
    ] = None,
    noise: Annotated[
        Noise, typer.Option(help="With mnf: how noise is estimated.")
    ] = Noise.difference,
    seed: Seed = 0,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Components that hold the signal: by signal-to-noise, variance, independence."""
    with told(debug=debug, lang=lang):
        import spectral.mapping
        from survey import save_grids, save_table

        options: dict[str, Any] = {"n_components": number}
        if method is Reducer.mnf:
            options |= {"noise": noise.value, "min_snr": min_snr}
        elif min_snr is not None:
            raise ValueError("--min-snr is of use with --method mnf only")
        if method is Reducer.ica:
            options["random_state"] = seed
        scene = mapped(cube_from(file, scale=scale, part=part, crs=crs), file)
        fitted = getattr(spectral.mapping, REDUCERS[method])(**options).fit(scene)
        scores = fitted.transform(scene)
        grids = {
            folder / f"component_{number:02d}.tif": _component(scores, number)
            for number in scores["component"].to_numpy()
        }
        written = [*save_grids(grids)]
        written += [save_table(_loadings(fitted, scores), folder / "components.csv")]
    for path in written:
        out.print(str(path), markup=False)


def endmembers(
    file: CubeFile,
    out_file: Annotated[
        Path,
        typer.Option(
            "--out", dir_okay=False, help="Table to write (.csv), a spectrum a row."
        ),
    ],
    method: Annotated[
        Search, typer.Option(help="How purest pixels are found.")
    ] = Search.nfindr,
    number: Annotated[
        int | None,
        typer.Option("-n", "--number", min=1, help="How many; left out, HySime tells."),
    ] = None,
    reduction: Annotated[
        Space | None,
        typer.Option(help="Components searched; left out, ppi: mnf, others: pca."),
    ] = None,
    seed: Seed = 0,
    scale: Scale = None,
    part: Part = None,
    crs: Crs = None,
    lang: Lang = Language.en,
    debug: Debug = False,
) -> None:
    """Purest spectra of a scene, with the places of their pixels."""
    with told(debug=debug, lang=lang):
        import spectral.mapping
        from survey import save_table

        if reduction is not None and method in OWN_SPACE:
            raise ValueError(f"--reduction is of no use with --method {method.value}")
        options: dict[str, Any] = {}
        if reduction is not None:
            options["reduction"] = reduction.value
        if method not in SEEDLESS:
            options["random_state"] = seed
        scene = cube_from(file, scale=scale, part=part, crs=crs)
        if number is None:
            number = spectral.mapping.signal_dimension(scene).n
            _tell([f"HySime tells {number} independent signals."], lang)
        search = getattr(spectral.mapping, FUNCTIONS.get(method, method.value))
        library = search(scene, n_endmembers=number, **options)
        _tell(library.attrs["notes"], lang)
        written = save_table(_spectra(library), out_file)
    out.print(str(written), markup=False)


def _component(scores: xr.DataArray, number: int) -> xr.DataArray:
    grid = scores.sel(component=number, drop=True)
    name = f"{scores.attrs['long_name']}, component {number}"
    return grid.assign_attrs(long_name=name)


def _loadings(fitted: object, scores: xr.DataArray) -> pd.DataFrame:
    """A row a component: what is known of it, its weight of each band."""
    import pandas as pd

    told = {
        str(name): scores[name].to_numpy()
        for name in scores.coords
        if scores[name].dims == ("component",)
    }
    names = [f"{wave:.10g}" for wave in fitted.wavelength_]
    weights = pd.DataFrame(fitted.components_, columns=names)
    return pd.concat([pd.DataFrame(told), weights], axis=1)


def _spectra(library: xr.DataArray) -> pd.DataFrame:
    """A row a spectrum: its name and place, its value at each wavelength."""
    import pandas as pd

    told = {"spectrum_id": library["spectrum"].to_numpy()}
    told |= {
        str(name): library[name].to_numpy()
        for name in library.coords
        if library[name].dims == ("spectrum",) and name != "spectrum"
    }
    names = [f"{wave:.10g}" for wave in library["wavelength"].to_numpy()]
    values = pd.DataFrame(library.to_numpy(), columns=names)
    return pd.concat([pd.DataFrame(told), values], axis=1)


def _tell(notes: Iterable[str], lang: Language) -> None:
    from .._note import say

    for note in notes:
        err.print(say(note, lang.value), markup=False)


COMMANDS: dict[str, Callable[..., None]] = {
    "reduce": reduce,
    "endmembers": endmembers,
}
