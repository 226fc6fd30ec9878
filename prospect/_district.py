"""The district file: what a prospecting job is made of, read and validated."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from survey import DataProblems, Problem

Name = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
Length = Annotated[float, Field(gt=0)]

DATA = "data:"
TREATMENTS = (
    "as_is",
    "distance_to",
    "density_of",
    "interpolated",
    "categorical",
    "terrain",
    "index",
    "log_ratio",
    "component",
    "outlier_distance",
    "alteration_index",
    "background_contrast",
    "singularity",
    "spectrum_anomaly",
    "catchment",
    "target",
    "abundance",
    "absorption",
    "mineral",
    "alteration",
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Source(_Section):
    """
    Where a layer is read from, and how.

    `crs` is needed where the file declares none; `x` and `y` name the coordinate
    columns of a table, `segment` the four columns `[x0, y0, x1, y1]` of a table of
    straight lines; `where` filters the rows (pandas query syntax). A file named
    `data:topic/name/file` is taken from the registry of real data sets.
    """

    file: Annotated[str, Field(min_length=1)]
    layer: str | None = None
    crs: str | None = None
    encoding: str | None = None
    x: str | None = None
    y: str | None = None
    segment: tuple[str, str, str, str] | None = None
    where: str | None = None


class Ground(Source):
    """A further source a treatment needs: a geological map or an elevation grid."""

    column: str | None = None


class Spectra(Source):
    """Spectra or rules a cube is compared with: a library folder, or a file."""

    scale: Annotated[float, Field(gt=0)] | None = None


class Evidence(Source):
    """
    One evidence layer: a source and its treatment.

    `direction` is the order in which weights of evidence join the classes: ascending
    where low values are favourable, descending where high values are, categorical for
    unordered classes; `unique` weighs each class by itself. Treatments of geochemistry
    take `columns`, the analytes of a composition, `impute`, the method by which values
    below detection are settled, `by`, the column of the groups, `geology` and `dem`.
    Treatments of imagery take `library` and `spectrum`, `mineral`, `zone`, `window`
    (nm) with `measure`; `scale` and `part` say how the cube is opened.
    """

    name: Name
    title: str | None = None
    title_zh: str | None = None
    treatment: Literal[TREATMENTS]  # type: ignore[valid-type]
    units: str | None = None
    direction: Literal["ascending", "descending", "categorical", "unique"] | None = None
    band: int = 1
    nodata: float | None = None
    column: str | None = None
    resampling: str | None = None
    radius: Length | None = None
    max_distance: Length | None = None
    method: str | None = None
    power: float = 2.0
    neighbours: int | None = None
    derivative: str | None = None
    index: str | None = None
    bands: dict[str, int] | None = None
    transform: Literal["log10", "sqrt"] | None = None
    min_share: float = 0.0
    columns: tuple[str, ...] | None = None
    impute: str | None = None
    component: Annotated[int, Field(ge=1)] = 1
    by: str | None = None
    sizes: tuple[int, ...] | None = None
    breaks: tuple[float, ...] | None = None
    geology: Ground | None = None
    dem: Ground | None = None
    snap_distance: Length | None = None
    scale: Annotated[float, Field(gt=0)] | None = None
    part: str | None = None
    sensor: str | None = None
    library: Spectra | None = None
    spectrum: str | None = None
    window: tuple[float, float] | None = None
    measure: Literal["depth", "position"] = "depth"
    rules: Spectra | None = None
    mineral: str | None = None
    zone: str | None = None


class Deposits(Source):
    """Known deposits: source, filter and the columns that describe them."""

    id: str | None = None
    type: str | None = None
    year: str | None = None
    size: str | None = None
    min_distance: Length | None = None


class Background(_Section):
    """
    How the background cells are drawn.

    `random` keeps `exclusion` metres from every deposit; `stratified` spreads the
    cells over classes of `strata` in proportion to area; `bias_aware` draws where
    people have looked, by the density of the points in `effort`; `other_types` takes
    deposits of other types (`others`, a source) as background.
    """

    method: Literal["random", "stratified", "bias_aware", "other_types"] = "random"
    n: Annotated[int, Field(gt=0)] = 10_000
    exclusion: Annotated[float, Field(ge=0)] = 0.0
    strata: str | None = None
    effort: Source | None = None
    others: Source | None = None


class Model(_Section):
    """One model: its kind, a name and the parameters handed to the estimator."""

    kind: Literal[
        "weights_of_evidence", "logistic_regression", "random_forest", "lightgbm"
    ]
    name: Name | None = None
    params: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """Name of the model in files and tables."""
        return self.name or self.kind


class ValidationPlan(_Section):
    """Folds of the validation; distances in metres, `auto` takes them from the data."""

    folds: Annotated[int, Field(ge=2)] = 5
    block_size: Length | Literal["auto"] = "auto"
    buffer: Length | Literal["auto"] = "auto"


class Targets(_Section):
    """How targets are cut from the score: share of the area, smallest size."""

    area_share: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"] = "auto"
    min_area_km2: Annotated[float, Field(ge=0)] = 0.0
    n_most: Annotated[int, Field(gt=0)] = 100
    model: Name | None = None


class Scene(_Section):
    """What the 3D scene is draped on: an elevation grid, times `exaggeration`."""

    elevation: Source | None = None
    exaggeration: float | Literal["auto"] = "auto"


class District(_Section):
    """
    A prospecting job: region, evidence, deposits, models, validation, targets.

    `region` is `(west, east, south, north)` in units of `crs`; where it is not given,
    `region_from` names the evidence layer or a file whose extent is taken. `mask` is a
    polygon layer: cells outside it are not mapped. `unit_cell_area` is the area in km²
    one deposit stands for, `resolution` the size of a cell in units of `crs`.
    """

    name: str
    name_zh: str | None = None
    description: str | None = None
    description_zh: str | None = None
    crs: str
    resolution: Length
    region: tuple[float, float, float, float] | None = None
    region_from: str | None = None
    mask: Source | None = None
    unit_cell_area: Length = 1.0
    random_state: int = 0
    evidence: Annotated[tuple[Evidence, ...], Field(min_length=1)]
    deposits: Deposits
    background: Background = Background()
    model: Annotated[tuple[Model, ...], Field(min_length=1)]
    validation: ValidationPlan = ValidationPlan()
    targets: Targets = Targets()
    scene: Scene = Scene()
    folder: Path = Path()

    @model_validator(mode="after")
    def _names_are_unique(self) -> District:
        for kind, names in (
            ("evidence", [layer.name for layer in self.evidence]),
            ("model", [model.key for model in self.model]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{kind} names must be unique; twice: {twice}")
        return self

    @property
    def sources(self) -> list[Source]:
        """Every source that is read: evidence, deposits, mask, region, the rest."""
        plan = [source for layer in self.evidence for source in layer_sources(layer)]
        plan += [self.deposits, self.mask]
        plan += [self.background.effort, self.background.others, self.scene.elevation]
        if self.region is None and self.region_from is not None:
            named = {layer.name for layer in self.evidence}
            plan += [Source(file=self.region_from)] * (self.region_from not in named)
        return [source for source in plan if source]

    def path(self, source: Source) -> Path:
        """
        Path of a source's file.

        A relative name starts from the district's folder; `data:topic/name/file` is a
        file of a registered data set, fetched and checked when it is first needed.
        """
        if not source.file.startswith(DATA):
            return self.folder / source.file
        from ._registry import fetch_data

        topic, name, *rest = source.file.removeprefix(DATA).split("/")
        return fetch_data(f"{topic}/{name}").joinpath(*rest)


def layer_sources(layer: Evidence) -> list[Source]:
    """Every source an evidence layer is made from, its own first."""
    further = (layer, layer.geology, layer.dem, layer.library, layer.rules)
    return [source for source in further if source]


def read_district(path: str | Path) -> District:
    """
    District described by a TOML file.

    Parameters
    ----------
    path : path
        File such as `district.toml`. Relative names in it start from its folder.

    Returns
    -------
    District

    Raises
    ------
    DataProblems
        If the file is not TOML or a key is missing, unknown or has a wrong value: all
        of them at once.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        remedy = "mend the line named; strings need quotes, tables [brackets]"
        raise DataProblems([Problem(f"not TOML: {error}", remedy, str(path))]) from None
    except UnicodeDecodeError as error:
        remedy = "save the district file as UTF-8"
        raise DataProblems(
            [Problem(f"not UTF-8: {error}", remedy, str(path))]
        ) from None
    head = content.pop("district", {})
    if not isinstance(head, dict):
        what, remedy = "district is no table", "write [district] and its keys below it"
        raise DataProblems([Problem(what, remedy, str(path), value=str(head))])
    flat = head | content
    if "folder" in flat:
        what, remedy = "folder: no such key", "names start from this file's own folder"
        raise DataProblems(
            [Problem(what, remedy, str(path), value=str(flat["folder"]))]
        )
    try:
        return District(**flat, folder=path.parent)
    except ValidationError as error:
        raise DataProblems(_explain(error, flat, str(path))) from None


def _explain(error: ValidationError, content: dict, file: str) -> list[Problem]:
    return [
        Problem(
            what=f"{_place(item['loc'], content)}: {_said(item)}",
            remedy=_remedy(item),
            file=file,
            value=_shown(item),
        )
        for item in _first_causes(error)
    ]


def _first_causes(error: ValidationError) -> list[Any]:
    """Errors without those of a list that is short because its items are faulty."""
    items = error.errors()
    within = {item["loc"][:k] for item in items for k in range(len(item["loc"]))}
    return [e for e in items if e["type"] != "too_short" or e["loc"] not in within]


def _shown(item: Any) -> str | None:  # noqa: ANN401
    whole = item["type"] == "missing" or isinstance(item["input"], dict)
    return None if whole else str(item["input"])[:60]


def _said(item: Any) -> str:  # noqa: ANN401
    kinds = {"missing": "this key is missing", "extra_forbidden": "no such key"}
    return kinds.get(item["type"], item["msg"].removeprefix("Value error, "))


def _remedy(item: Any) -> str:  # noqa: ANN401
    if item["type"] == "missing":
        return "add this key"
    if item["type"] != "extra_forbidden":
        return "give a value of the kind named"
    *path, key = (part for part in item["loc"] if not isinstance(part, int))
    sections = {"evidence": Evidence, "deposits": Deposits, "background": Background}
    sections |= {"model": Model, "validation": ValidationPlan, "targets": Targets}
    sections |= {"scene": Scene, "mask": Source, "effort": Source, "others": Source}
    sections |= {"geology": Ground, "dem": Ground}
    known = sections.get(path[-1], Source) if path else District
    near = get_close_matches(str(key), [*known.model_fields], n=1)
    meant = f"did you mean '{near[0]}'? " if near else ""
    return f"{meant}remove it or mend its spelling"


def _place(loc: tuple, content: dict) -> str:
    """Where a key stands, with the name of the layer or model it belongs to."""
    at, parts = content, []
    for part in loc:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = {}
        if not isinstance(part, int):
            parts.append(str(part))
            continue
        name = at.get("name") or at.get("kind") if isinstance(at, dict) else None
        parts[-1] += f" {part + 1}" + (f" '{name}'" if name else "")
    return ", ".join(parts) or "district"
