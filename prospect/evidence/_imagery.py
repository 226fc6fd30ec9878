"""Treatments of imagery: what cubes say of minerals, as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from survey import match_grid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr

    from .._district import Evidence

METHODS = ("ace", "matched_filter", "cem", "angle")
MEASURES = ("depth", "position")


def open_evidence_cube(evidence: Evidence, path: Path) -> xr.DataArray:
    """
    Cube of a section, with a place on the map.

    Parameters
    ----------
    evidence : Evidence
        Gives scale, part and crs.
    path : Path
        Its file or folder.

    Raises
    ------
    ValueError
        If the cube has no map coordinates, or as the readers of `spectral` do.
    """
    from spectral import open_cube, open_product

    if evidence.part:
        cube = open_product(path, part=evidence.part)
    else:
        cube = open_cube(path, scale=evidence.scale, crs=evidence.crs)
    if cube.rio.crs is None:
        raise ValueError(
            f"{path.name} has no map coordinates, so it cannot be laid on the "
            "district. Take it orthorectified (part = 'map' for EMIT), or state crs = "
            "where the file has corners but no system"
        )
    return cube


def _target(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Likeness to one spectrum, by a detector or by the spectral angle."""
    from spectral import mapping

    method = evidence.method or METHODS[0]
    if method not in METHODS:
        raise ValueError(f"method of a target is one of {METHODS}. Got {method!r}.")
    cube = open_evidence_cube(evidence, path)
    library = _one_spectrum(evidence, cube)
    score = {
        "ace": mapping.ace,
        "matched_filter": mapping.matched_filter,
        "cem": mapping.cem,
        "angle": mapping.spectral_angle,
    }[method](cube, library)
    grid = score.isel(target=0, drop=True)
    name = str(library["spectrum"].data[0])
    said = {"long_name": f"{method.replace('_', ' ')}: {name}"}
    return _brought(grid, cube, library, evidence, like, said)


def _abundance(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Share of one spectrum of a library in each pixel."""
    from spectral.mapping import unmix

    cube = open_evidence_cube(evidence, path)
    library = _library(evidence, cube, None)
    wanted = _one_spectrum(evidence, cube)["spectrum"].data[0]
    found = unmix(cube, library, method=evidence.method or "fcls")
    grid = found["abundance"].sel(endmember=wanted, drop=True)
    said = {"long_name": f"share of {wanted}"}
    return _brought(grid, cube, library, evidence, like, said)


def _absorption(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Depth or position of the deepest absorption in a window of wavelengths."""
    from spectral.mapping import minimum_wavelength

    cube = open_evidence_cube(evidence, path)
    found = minimum_wavelength(cube, tuple(evidence.window))
    measure = evidence.measure
    low, high = evidence.window
    said = {"long_name": f"{measure} of the absorption in {low:g}-{high:g} nm"}
    return _brought(found[measure], cube, None, evidence, like, said)


def _mineral(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """How strongly a mineral shows."""
    from ..imagery import mineral_evidence

    cube = open_evidence_cube(evidence, path)
    grid = mineral_evidence(cube, evidence.mineral, **_references(evidence, cube))
    return _brought(grid, cube, None, evidence, like, {})


def _alteration(evidence: Evidence, path: Path, like: Any) -> xr.DataArray:  # noqa: ANN401
    """Evidence for a zone of alteration."""
    from ..imagery import alteration_evidence

    cube = open_evidence_cube(evidence, path)
    more = {"sensor": evidence.sensor, **_references(evidence, cube)}
    grid = alteration_evidence(cube, evidence.zone, **more)
    return _brought(grid, cube, None, evidence, like, {})


def _references(evidence: Evidence, cube: xr.DataArray) -> dict[str, Any]:
    """Rules of the section and the reference spectra they need."""
    from spectral import resample
    from spectral.library import load_library
    from spectral.mapping import read_mineral_rules

    if evidence.rules is None:
        return {}
    rules = read_mineral_rules(evidence.rules.file)
    if not rules.needed or evidence.library is None:
        return {"rules": rules}
    source = evidence.library
    library = load_library(source.file, spectra=list(rules.needed), scale=source.scale)
    # not by load_library(like=...): a reference may lack bands its rule does not use
    return {"rules": rules, "library": resample(library, like=cube)}


def _one_spectrum(evidence: Evidence, cube: xr.DataArray) -> xr.DataArray:
    """The spectrum of the section; a name that means several is refused."""
    library = _library(evidence, cube, [evidence.spectrum])
    names = [str(name) for name in library["spectrum"].data]
    if len(names) > 1:
        more = " …" if len(names) > 8 else ""
        raise ValueError(
            f"spectrum = '{evidence.spectrum}' means {len(names)} spectra of "
            f"{evidence.library.file}. Name one of them: {', '.join(names[:8])}{more}"
        )
    return library


def _library(
    evidence: Evidence, cube: xr.DataArray, spectra: list[str | None] | None
) -> xr.DataArray:
    from spectral.library import load_library

    wanted = [name for name in spectra or () if name] or None
    source = evidence.library
    return load_library(source.file, like=cube, spectra=wanted, scale=source.scale)


def _brought(
    grid: xr.DataArray,
    cube: xr.DataArray,
    library: xr.DataArray | None,
    evidence: Evidence,
    like: Any,  # noqa: ANN401
    said: dict[str, str],
) -> xr.DataArray:
    """On the district's cells, with what the readers noted."""
    grid = grid.assign_attrs({"kind": "continuous", **grid.attrs, **said})
    out = match_grid(grid, like=like, resampling=evidence.resampling)
    notes = [*cube.attrs.get("notes", ())]
    if library is not None:
        notes += [f"library: {note}" for note in library.attrs.get("notes", ())]
    out.attrs["notes"] = [*notes, *grid.attrs.get("notes", ())]
    return out


# treatment: (function of section, path and grid; options it cannot do without)
IMAGERY: dict[str, tuple[Callable[..., xr.DataArray], tuple[str, ...]]] = {
    "target": (_target, ("library", "spectrum")),
    "abundance": (_abundance, ("library", "spectrum")),
    "absorption": (_absorption, ("window",)),
    "mineral": (_mineral, ("mineral",)),
    "alteration": (_alteration, ("zone",)),
}
