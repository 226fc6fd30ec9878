"""The main job: from a district file to ranked targets, with provenance and resume."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from survey import DataProblems

from ._check import check_district
from ._district import read_district
from ._note import note_of
from ._stack import stack_evidence
from .job._frame import district_geobox
from .job._layers import (
    directions,
    make_layers,
    open_layers,
    summarise_layers,
    without_infinite,
)
from .job._models import make_models, map_paths
from .job._products import Job, make_products
from .job._publish import (
    drop_strays,
    input_files,
    publish,
    sole_user,
    write_manifest,
    write_timings,
)
from .job._steps import StepRecord, Steps, remove_leftovers
from .job._training import make_training

if TYPE_CHECKING:
    from collections.abc import Callable

    from survey import Problem

    from ._district import District

log = logging.getLogger(__name__)


class Result(NamedTuple):
    """
    Where the products of a run lie, and what each step did.

    `maps` has the score map of each model under its name; `scene` is None where the
    machine cannot draw in 3D, which `notes` then say.
    """

    folder: Path
    maps: dict[str, Path]
    targets: Path
    report: Path
    scene: Path | None
    manifest: Path
    steps: list[StepRecord]
    notes: list[str]


def run_district(
    path: str | Path,
    *,
    out: str | Path = "result",
    lang: str = "en",
    fresh: bool = False,
    scene: bool = True,
    n_jobs: int = 2,
    progress: Callable[[str, int, int], None] | None = None,
) -> Result:
    """
    Prospectivity maps, ranked targets and report of the district in a TOML file.

    The steps of the job are kept in `out/work`: a second run on unchanged input reuses
    them, an interrupted run goes on where it stopped and gives the same bytes. What
    stands in `out` is replaced only when the whole job has ended well.

    Parameters
    ----------
    path : path
        District file, see `read_district`.
    out : path
        Result folder.
    lang : {"en", "zh"}
        Language of the report and figures.
    fresh : bool
        Run every step again.
    scene : bool
        Draw the 3D scene.
    n_jobs : int
        Worker threads. Where a `distributed.Client` is active, blocks of maps go to its
        workers instead, which must see the same files; the bytes are the same.
    progress : callable, optional
        Called as `progress(step, done, total)` before every step.

    Returns
    -------
    Result

    Raises
    ------
    DataProblems
        If the input has errors: all of them at once, as `check_district` lists them.
    RuntimeError
        If another run is working in `out`.

    Examples
    --------
    >>> from prospect import run_district
    >>> result = run_district("district.toml", out="result")  # doctest: +SKIP
    >>> result.targets  # doctest: +SKIP
    PosixPath('result/targets.gpkg')
    """
    if lang not in {"en", "zh"}:
        raise ValueError(f"lang must be 'en' or 'zh', got {lang!r}")
    path, out = Path(path), Path(out)
    district = read_district(path)
    problems = check_district(path)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise DataProblems(errors)
    with sole_user(out), _workers(n_jobs):
        remove_leftovers(out)
        steps = Steps(
            out / "work", total=_count(district), fresh=fresh, progress=progress
        )
        warnings = [note_of(_named_as_in(district, problem)) for problem in problems]
        notes = _work(district, path, steps, lang=lang, scene=scene, notes=warnings)
        publish(out / "work" / "products", out)
        write_timings(steps, out)
        steps.finish()
    return _result(district, out, steps, notes)


def _workers(n_jobs: int) -> contextlib.AbstractContextManager:
    """Threads of this machine, unless a client of a cluster is active."""
    import dask
    from dask.base import get_scheduler

    if get_scheduler() is not None:
        return dask.config.set(num_workers=n_jobs)
    return dask.config.set(scheduler="threads", num_workers=n_jobs)


def _named_as_in(district: District, problem: Problem) -> Problem:
    """Return the problem with its file named as in the district file."""
    names = {str(district.path(source)): source.file for source in district.sources}
    return replace(problem, file=names.get(str(problem.file), problem.file))


def _count(district: District) -> int:
    return len(district.evidence) + 4 * len(district.model) + 8


def _work(
    district: District,
    path: Path,
    steps: Steps,
    *,
    lang: str,
    scene: bool,
    notes: list[str],
) -> list[str]:
    geobox = district_geobox(district)
    make_layers(district, geobox, steps=steps)
    layers = open_layers(district, steps.folder)
    stack = stack_evidence(layers)
    notes = [*notes, *summarise_layers(stack, steps=steps)]
    stack = without_infinite(stack, steps.folder)
    make_training(district, geobox, stack, steps=steps)
    order = directions(district, layers)
    make_models(district, stack, order, steps=steps)
    inputs = input_files(district, path, steps)
    job = Job(district, stack, steps, order, lang)
    said = make_products(job, inputs=inputs, scene=scene, notes=notes)
    drop_strays(steps.folder / "products", steps)
    write_manifest(district, inputs, steps=steps, products=steps.folder / "products")
    return said


def _result(district: District, out: Path, steps: Steps, notes: list[str]) -> Result:
    work = steps.folder / "products"
    maps = {
        model.key: out / map_paths(steps.folder, model.key)[0].relative_to(work)
        for model in district.model
    }
    picture = out / "scene.png"
    return Result(
        folder=out,
        maps=maps,
        targets=out / "targets.gpkg",
        report=out / "report.html",
        scene=picture if picture.exists() else None,
        manifest=out / "manifest.json",
        steps=steps.records,
        notes=notes,
    )
