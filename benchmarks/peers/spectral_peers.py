"""
SPy, pysptools, hylite and cramm in the spectral benchmark, run by their own Python.

    PYTHON spectral_peers.py PEER:TASK FOLDER OPTIONS(JSON)

pysptools 0.15 was written for an older NumPy and SciPy: names that they have dropped
are given back here (np.float, np.int, np.bool, scipy.linalg._flinalg), nothing else is
changed in it. Peers that need minutes get a part of the pixels or skewers; the caller
multiplies.
"""

from __future__ import annotations

import sys
import types
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "spectral_tasks"))
from child import SAMPLE, main

warnings.filterwarnings("ignore")
SKEWERS = 10  # of the 1000 that ours does; on the part where both do 1000 they compare


def shims():
    """What pysptools expects of NumPy < 1.24 and SciPy < 1.12."""
    import scipy.linalg

    for name, kind in (("float", float), ("int", int), ("bool", bool)):
        if name not in vars(np):
            setattr(np, name, kind)
    if not hasattr(scipy.linalg, "_flinalg"):
        scipy.linalg._flinalg = types.SimpleNamespace(
            sdet_c=lambda matrix: (np.linalg.det(matrix), 0)
        )


def spy_angles(scene):
    import spectral

    cube = scene.pixel_first()
    return lambda: spectral.spectral_angles(cube, scene.library), lambda found: {
        "angle": scene.sampled(np.moveaxis(found, 2, 0))
    }


def spy_best(scene):
    import spectral

    cube = scene.pixel_first()

    def work():
        angles = spectral.spectral_angles(cube, scene.library)
        return angles.argmin(2) + 1, angles.min(2)

    return work, lambda found: {
        "class": scene.sampled(found[0]),
        "angle": scene.sampled(found[1]),
    }


def spy_moments(cube):
    import spectral

    return spectral.calc_stats(cube), spectral.noise_from_diffs(cube, "right")


def spy_statistics(scene):
    cube = scene.pixel_first()
    return lambda: spy_moments(cube), lambda found: {
        "mean": found[0].mean,
        "covariance": found[0].cov,
        "noise": found[1].cov,
    }


def spy_mnf(scene):
    import spectral

    cube = scene.pixel_first()

    def work():
        found = spectral.mnf(*spy_moments(cube))
        return found, found.reduce(cube, num=20)

    return work, lambda found: {
        "eigenvalues": found[0].napc.eigenvalues[:20].real,
        "scores": np.abs(scene.sampled(np.moveaxis(found[1], 2, 0))[:, :3].real),
    }


def spy_filtered(scene):
    import spectral

    cube, target = scene.pixel_first(), scene.library[0]
    return (
        lambda: spectral.matched_filter(cube, target, spectral.calc_stats(cube)),
        lambda found: {"score": scene.sampled(found)[:, None]},
    )


def spy_ace(scene):
    import spectral

    cube, target = scene.pixel_first(), scene.library[0]
    return (
        lambda: spectral.ace(cube, target, spectral.calc_stats(cube)),
        lambda found: {"score": scene.sampled(found)[:, None]},
    )


def spy_rx(scene):
    import spectral

    cube = scene.pixel_first()
    return lambda: spectral.rx(cube, spectral.calc_stats(cube)), lambda found: {
        "distance": scene.sampled(found)
    }


def spy_unmixed(scene):
    import spectral

    part = scene.spectra()[None]
    return lambda: spectral.unmix(part, scene.endmembers)[0], lambda found: {
        "share": found
    }


def spy_hull(scene):
    from spectral.algorithms.continuum import remove_continuum

    part = scene.spectra().astype("float64")
    return lambda: remove_continuum(part, scene.wavelength), lambda found: {
        "quotient": found
    }


def spy_purity(scene):
    import spectral

    cube = scene.pixel_first()
    np.random.seed(0)  # noqa: NPY002

    def answers(_):
        part = scene.spectra()[None]
        return {"count": spectral.ppi(part, 1000, display=0)[0]}

    return lambda: spectral.ppi(cube, SKEWERS, display=0), answers


def spy_resampled(scene):
    from spectral.algorithms.resampling import BandResampler

    flat = scene.band_first()
    centres = np.arange(500.0, 2400.0, 20.0)
    widths = np.full(scene.wavelength.size, 11.0), np.full(centres.size, 30.0)
    change = BandResampler(scene.wavelength, centres, *widths)
    return lambda: change(flat.reshape(len(flat), -1)), lambda found: {
        "value": scene.sampled(found.reshape(-1, *flat.shape[1:]))
    }


def pysptools_angles(scene):
    from pysptools.classification.cls import SAM_classifier

    part = scene.spectra()
    return lambda: SAM_classifier(part, scene.library, None)[1], lambda found: {
        "angle": found
    }


def pysptools_divergence(scene):
    from pysptools.classification.cls import SID_classifier

    part = scene.spectra()
    return lambda: SID_classifier(part, scene.library, None)[1], lambda found: {
        "divergence": found
    }


def pysptools_detected(name):
    def make(scene):
        from pysptools.detection import detect

        # statistics of all pixels belong to the method: the whole scene
        cube = scene.pixel_first()
        flat, target = cube.reshape(-1, cube.shape[2]), scene.library[0]
        work = getattr(detect, name)
        return lambda: work(flat, target), lambda found: {
            "score": scene.sampled(found.reshape(cube.shape[:2]))[:, None]
        }

    return make


def pysptools_unmixed(name):
    def make(scene):
        from pysptools.abundance_maps import amaps

        part = scene.spectra()
        work = getattr(amaps, name)
        return lambda: work(part, scene.endmembers), lambda found: {"share": found}

    return make


def pysptools_hull(scene):
    from pysptools.spectro import convex_hull_removal

    part, waves = scene.spectra().tolist(), scene.wavelength.tolist()
    return (
        lambda: [convex_hull_removal(pixel, waves)[0] for pixel in part],
        lambda found: {"quotient": found},
    )


def pysptools_n_findr(scene):
    import random

    from pysptools.eea.nfindr import NFINDR

    part = scene.spectra()
    random.seed(0)
    return lambda: NFINDR(part, 10)[0], lambda found: {"vertices": found}


def hylite_angles(scene):
    from hylite.analyse.sam import spectral_angles

    cube = scene.pixel_first()
    flat = cube.reshape(-1, cube.shape[2])
    return lambda: spectral_angles(scene.library, flat), lambda found: {
        "angle": scene.sampled(found.reshape(-1, *cube.shape[:2]))
    }


def hylite_shares(scene):
    from hylite.analyse.unmixing import _nnls

    part = scene.spectra()
    return lambda: _nnls(part, scene.endmembers), lambda found: {"share": found}


def hylite_hull(scene):
    from hylite.correct.detrend import get_hull_corrected

    part = scene.spectra()
    return lambda: get_hull_corrected(part, vb=False), lambda found: {"quotient": found}


def cramm_minerals(scene):
    from cramm.classifier import MicaClassifier

    waves = scene.wavelength / 1000
    widths = np.full(waves.size, 0.95 * np.diff(waves).mean())
    rules = MicaClassifier.from_paths()
    rules.get_resample(waves, widths)
    part = scene.spectra().astype("float64")[:, None, :]
    bands = np.arange(waves.size)

    def work():
        return rules.classify(
            part, waves, waves, widths, bands, log_callback=str, n_workers=1
        )

    def answers(found):
        fit = found.fit.ravel()
        code = np.where(fit > 0, found.num.ravel().astype(int) + 1, 0)
        return {"mineral": code[:SAMPLE], "fit": fit[:SAMPLE]}

    return work, answers


TASKS = {
    "SPy:sam_best": spy_best,
    "SPy:sam_all": spy_angles,
    "pysptools:sam_all": pysptools_angles,
    "hylite:sam_all": hylite_angles,
    "pysptools:sid": pysptools_divergence,
    "SPy:statistics": spy_statistics,
    "SPy:mnf": spy_mnf,
    "SPy:mf_1": spy_filtered,
    "pysptools:mf_1": pysptools_detected("MatchedFilter"),
    "SPy:ace": spy_ace,
    "pysptools:ace": pysptools_detected("ACE"),
    "SPy:rx": spy_rx,
    "SPy:ucls": spy_unmixed,
    "pysptools:ucls": pysptools_unmixed("UCLS"),
    "pysptools:nnls": pysptools_unmixed("NNLS"),
    "hylite:nnls": hylite_shares,
    "pysptools:fcls": pysptools_unmixed("FCLS"),
    "SPy:hull": spy_hull,
    "hylite:hull": hylite_hull,
    "pysptools:hull": pysptools_hull,
    "SPy:ppi": spy_purity,
    "pysptools:n_findr": pysptools_n_findr,
    "cramm:minerals": cramm_minerals,
    "SPy:resample": spy_resampled,
}

if __name__ == "__main__":
    shims()
    main(TASKS)
