"""Our side of the spectral benchmark; run by child.py's rules."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray as xr
from child import main

from spectral import mapping, resample


def cube_of(scene):
    values = scene.band_first()
    return xr.DataArray(
        values, {"wavelength": scene.wavelength}, ("wavelength", "y", "x")
    )


def spectra_of(scene, values=None, names=None):
    values = scene.library if values is None else values
    names = names or [str(number) for number in range(len(values))]
    at = {"spectrum": names, "wavelength": scene.wavelength}
    return xr.DataArray(values, at, ("spectrum", "wavelength"))


def part_of(scene):
    """The peer's pixels as a library: searches are repeated there to compare finds."""
    return spectra_of(scene, scene.spectra())


def sam_best(scene):
    cube, library = cube_of(scene), spectra_of(scene)
    return lambda: mapping.classify_angle(cube, library, max_angle=3), lambda found: {
        "class": scene.sampled(found["class"]).astype(int),
        "angle": scene.sampled(found["angle"]),
    }


def sam_all(scene):
    cube, library = cube_of(scene), spectra_of(scene)
    return lambda: mapping.spectral_angle(cube, library), lambda found: {
        "angle": scene.sampled(found)
    }


def sid(scene):
    cube, library = cube_of(scene), spectra_of(scene)
    return lambda: mapping.spectral_divergence(cube, library), lambda found: {
        "divergence": scene.sampled(found)
    }


def statistics(scene):
    cube = cube_of(scene)
    return lambda: mapping.scene_statistics(cube), lambda found: {
        "mean": found.mean,
        "covariance": found.covariance,
        "noise": found.noise_covariance,
    }


def mnf(scene):
    cube = cube_of(scene)

    def work():
        fitted = mapping.MinimumNoiseFraction(n_components=20).fit(cube)
        return fitted, fitted.transform(cube)

    return work, lambda found: {
        "eigenvalues": found[0].eigenvalues_,
        "scores": np.abs(scene.sampled(found[1])[:, :3]),
    }


def matched(count, *, given=False):
    def make(scene):
        cube, targets = cube_of(scene), spectra_of(scene)[:count]
        known = mapping.scene_statistics(cube) if given else None
        return (
            lambda: mapping.matched_filter(cube, targets, statistics=known),
            lambda found: {"score": scene.sampled(found)},
        )

    return make


def ace(scene):
    cube, targets = cube_of(scene), spectra_of(scene)[:1]
    return lambda: mapping.ace(cube, targets), lambda found: {
        "score": scene.sampled(found)
    }


def rx(scene):
    cube = cube_of(scene)
    return lambda: mapping.rx(cube), lambda found: {"distance": scene.sampled(found)}


def unmixed(method):
    def make(scene):
        cube, pure = cube_of(scene), spectra_of(scene, scene.endmembers)
        return lambda: mapping.unmix(cube, pure, method=method), lambda found: {
            "share": scene.sampled(found["abundance"])
        }

    return make


def hull(scene):
    cube = cube_of(scene)
    return lambda: mapping.remove_continuum(cube), lambda found: {
        "quotient": scene.sampled(found)[:2000]
    }


def purity(scene):
    cube = cube_of(scene)

    def answers(_):
        counts = mapping.purity_map(part_of(scene), n_skewers=1000, reduction="pca")
        return {"count": np.asarray(counts)}

    return lambda: mapping.purity_map(cube, n_skewers=1000), answers


def n_findr(scene):
    cube = cube_of(scene)
    return lambda: mapping.n_findr(cube, n_endmembers=10), lambda _: {
        "vertices": mapping.n_findr(part_of(scene), n_endmembers=10).values
    }


def minerals(scene):
    folder = Path(os.environ["BENCH_RULES"])
    cube, library = cube_of(scene), spectra_of(scene, names=scene.names)
    rules = mapping.read_mineral_rules(folder / "mica_rules.json")

    def answers(found):
        code = scene.sampled(found["mineral"]).astype(int)
        fit = np.where(code > 0, scene.sampled(found["fit"]), 0)
        return {"mineral": code, "fit": fit}

    return (
        lambda: mapping.identify_minerals(cube, rules, library=library),
        answers,
    )


def resampled(scene):
    cube = cube_of(scene)
    widths = np.full(cube.sizes["wavelength"], 11.0)
    cube = cube.assign_coords(fwhm=("wavelength", widths))
    centres = np.arange(500.0, 2400.0, 20.0)
    return (
        lambda: resample(cube, wavelength=centres, fwhm=np.full(centres.size, 30.0)),
        lambda found: {"value": scene.sampled(found)},
    )


TASKS = {
    "sam_best": sam_best,
    "sam_all": sam_all,
    "sid": sid,
    "statistics": statistics,
    "mnf": mnf,
    "mf_1": matched(1),
    "mf_50": matched(50),
    "mf_1_given": matched(1, given=True),
    "mf_50_given": matched(50, given=True),
    "ace": ace,
    "rx": rx,
    "ucls": unmixed("ucls"),
    "nnls": unmixed("nnls"),
    "fcls": unmixed("fcls"),
    "hull": hull,
    "ppi": purity,
    "n_findr": n_findr,
    "minerals": minerals,
    "resample": resampled,
}

if __name__ == "__main__":
    main(TASKS)
