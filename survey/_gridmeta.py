"""What a file says about a grid besides its values: kind, classes, names, units."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS = ("continuous", "categorical")
_OWN = {"units", "long_name", "kind", "classes", "source", "nodata"}
_COUNTS = {
    "value",
    "count",
    "oid",
    "rowid",
    "objectid",
    "red",
    "green",
    "blue",
    "alpha",
}
_log = logging.getLogger(__name__)


def band_attrs(dataset: Any, band: int, path: str) -> dict[str, Any]:  # noqa: ANN401
    """Attributes of a band of a raster file, with `name` where the file has one."""
    tags = dataset.tags(band)
    attrs = loads(tags.get("attributes"), {})
    described = dataset.descriptions[band - 1]
    attrs["long_name"] = tags.get("long_name") or described or Path(path).stem
    units = dataset.units[band - 1]
    if units:
        attrs["units"] = units
    classes = parse_classes(loads(tags.get("classes"), {})) or _labels(path, band)
    integer = np.dtype(dataset.dtypes[band - 1]).kind in "iu"
    attrs["kind"] = tags.get("kind") or _guess(dataset, band, path, integer, classes)
    if classes and attrs["kind"] == "categorical":
        attrs["classes"] = classes
    if tags.get("name"):
        attrs["name"] = tags["name"]
    return attrs


def band_tags(attrs: Mapping[str, Any], name: str | None) -> dict[str, str]:
    """Tags from which `band_attrs` gets the attributes back."""
    tags = {key: str(attrs[key]) for key in ("long_name", "kind") if attrs.get(key)}
    if attrs.get("classes"):
        tags["classes"] = json.dumps(
            {plain(code): str(label) for code, label in attrs["classes"].items()},
            ensure_ascii=False,
        )
    others = {
        str(key): value
        for key, value in attrs.items()
        if key not in _OWN and _writable(value)
    }
    if others:
        tags["attributes"] = json.dumps(others, ensure_ascii=False, sort_keys=True)
    if name:
        tags["name"] = str(name)
    return tags


def parse_classes(labels: Mapping[Any, Any]) -> dict[float, str]:
    """Classes with numbers as codes, integers where they are whole."""
    found = {}
    for code, label in labels.items():
        value = float(code)
        found[int(value) if value.is_integer() else value] = str(label)
    return dict(sorted(found.items()))


def plain(code: float) -> str:
    """Code as text, without a point where it is whole."""
    value = float(code)
    return str(int(value)) if value.is_integer() else str(value)


def _guess(dataset: Any, band: int, path: str, integer: bool, classes: Any) -> str:  # noqa: ANN401
    """Kind of a band: categorical where it holds integers and the file has a table."""
    if not integer:
        return "continuous"
    thematic = dataset.tags(band).get("RepresentationType", "").upper()
    table = _sidecar(path, ".vat.dbf") or (_rat(path, band) is not None)
    told = thematic == "THEMATIC" or (thematic != "ATHEMATIC" and table)
    if not (classes or told or _has_colours(dataset, band)):
        return "continuous"
    _log.info("%s is taken as categorical: it has a table of classes or colours", path)
    return "categorical"


def _has_colours(dataset: Any, band: int) -> bool:  # noqa: ANN401
    try:
        return bool(dataset.colormap(band))
    except ValueError:
        return False


def _labels(path: str, band: int) -> dict[float, str]:
    """Labels of the classes from a raster attribute table or a list of categories."""
    table = _rat(path, band)
    if table is not None:
        columns = [
            (field.findtext("Name", ""), field.findtext("Type", "0"))
            for field in table.findall("FieldDefn")
        ]
        rows = [[cell.text or "" for cell in row] for row in table.findall("Row")]
        return _pick(columns, rows)
    side = _sidecar(path, ".vat.dbf")
    if side:
        import pyogrio

        found = pyogrio.read_dataframe(side, read_geometry=False)
        columns = [
            (str(c), "2" if found[c].dtype.kind in "OTU" else "0") for c in found
        ]
        return _pick(columns, found.astype(object).to_numpy().tolist())
    return _category_names(path, band)


def _pick(columns: list[tuple[str, str]], rows: list[list[Any]]) -> dict[float, str]:
    names = [name.lower() for name, _ in columns]
    texts = [
        i for i, (name, kind) in enumerate(columns)
        if kind == "2" and name.lower() not in _COUNTS
    ]  # fmt: skip
    if "value" not in names or not texts:
        return {}
    code = names.index("value")
    return parse_classes({row[code]: row[texts[0]] for row in rows})


def _band_xml(path: str, band: int) -> ET.Element | None:
    side = _sidecar(path, ".aux.xml")
    if not side:
        return None
    try:
        root = ET.parse(side).getroot()
    except ET.ParseError:
        _log.warning("%s is not readable as XML and was left aside", side)
        return None
    return root.find(f"PAMRasterBand[@band='{band}']")


def _rat(path: str, band: int) -> ET.Element | None:
    found = _band_xml(path, band)
    return None if found is None else found.find("GDALRasterAttributeTable")


def _category_names(path: str, band: int) -> dict[float, str]:
    found = _band_xml(path, band)
    names = None if found is None else found.find("CategoryNames")
    if names is None:
        return {}
    return {i: c.text for i, c in enumerate(names.findall("Category")) if c.text}


def _sidecar(path: str, suffix: str) -> str | None:
    side = Path(path + suffix)
    return str(side) if side.is_file() else None


def loads(text: str | None, default: Any) -> Any:  # noqa: ANN401
    """Content of JSON text, `default` where there is none or it is not JSON."""
    try:
        return json.loads(text) if text else default
    except json.JSONDecodeError:
        return default


def _writable(value: Any) -> bool:  # noqa: ANN401
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
