"""QGIS styles (QML) of the maps and targets a job writes."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from matplotlib.colors import to_hex, to_rgb

from ._ramps import class_colours, ramp

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION = "3.34.0"
HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
KINDS = ("score", "uncertainty", "continuous", "categorical")
STOPS = 9
# rank up to which each class of targets reaches, its name, its outline
TARGET_CLASSES = (
    (5, "1 - 5", "#67001f"),
    (15, "6 - 15", "#d6604d"),
    (1_000_000, "16 +", "#f4a582"),
)


def raster_style(
    kind: str,
    *,
    minimum: float,
    maximum: float,
    classes: Mapping[float, str] | None = None,
) -> str:
    """
    QGIS style of a grid with one band.

    Parameters
    ----------
    kind : {"score", "uncertainty", "continuous", "categorical"}
        What the values are.
    minimum, maximum : float
        Values at the ends of the ramp, in units of the grid. Unused for categories
        whose `classes` are given.
    classes : mapping of float to str, optional
        Label of each code, for "categorical"; whole numbers from `minimum` to
        `maximum` when not given.

    Returns
    -------
    str
        QML: put it beside the grid under the same name, with the suffix .qml.

    Raises
    ------
    ValueError
        If `kind` is unknown, an end is not a number, or `maximum` is below `minimum`.

    Examples
    --------
    >>> style = raster_style("score", minimum=0.0, maximum=0.2)
    >>> 'type="singlebandpseudocolor"' in style
    True
    """
    _check(kind, minimum, maximum)
    qgis = ET.Element("qgis", version=VERSION, styleCategories="AllStyleCategories")
    pipe = ET.SubElement(qgis, "pipe")
    if kind == "categorical":
        _paletted(pipe, classes or _whole_numbers(minimum, maximum))
    else:
        _pseudocolour(pipe, kind, minimum, maximum)
    ET.SubElement(pipe, "brightnesscontrast", brightness="0", contrast="0", gamma="1")
    ET.SubElement(pipe, "huesaturation", saturation="0", grayscaleMode="0")
    ET.SubElement(pipe, "rasterresampler", maxOversampling="2")
    ET.SubElement(qgis, "blendMode").text = "0"
    return _text(qgis)


def target_style() -> str:
    """
    QGIS style of targets: outlines graduated by `rank`, labelled with it.

    Returns
    -------
    str
        QML for a polygon layer with a column `rank`.

    Examples
    --------
    >>> 'attr="rank"' in target_style()
    True
    """
    qgis = ET.Element(
        "qgis",
        version=VERSION,
        styleCategories="Symbology|Labeling",
        labelsEnabled="1",
    )
    renderer = ET.SubElement(
        qgis,
        "renderer-v2",
        type="graduatedSymbol",
        attr="rank",
        graduatedMethod="GraduatedColor",
        symbollevels="0",
        enableorderby="1",
        forceraster="0",
    )
    ranges = ET.SubElement(renderer, "ranges")
    symbols = ET.SubElement(renderer, "symbols")
    lower = 0
    for number, (upper, label, colour) in enumerate(TARGET_CLASSES):
        ET.SubElement(
            ranges,
            "range",
            lower=f"{lower:.6f}",
            upper=f"{upper:.6f}",
            label=label,
            symbol=str(number),
            render="true",
        )
        _outline(symbols, number, colour)
        lower = upper
    order = ET.SubElement(renderer, "orderby")
    clause = ET.SubElement(order, "orderByClause", asc="0", nullsFirst="0")
    clause.text = '"rank"'
    _labels(qgis)
    ET.SubElement(qgis, "layerGeometryType").text = "2"
    return _text(qgis)


def _check(kind: str, minimum: float, maximum: float) -> None:
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} has no style: use one of {KINDS}")
    if not (math.isfinite(minimum) and math.isfinite(maximum)):
        raise ValueError(
            f"the ends of the ramp must be numbers, got {minimum} and {maximum}: "
            "is the grid empty?"
        )
    if maximum < minimum:
        raise ValueError(
            f"maximum={maximum} is below minimum={minimum}: swap the two ends"
        )


def _whole_numbers(minimum: float, maximum: float) -> dict[float, str]:
    first, last = math.ceil(minimum), math.floor(maximum)
    if last - first >= 1000:
        raise ValueError(
            f"{last - first + 1} classes from {first} to {last} are too many for a "
            "palette: give classes={code: label}"
        )
    return {float(code): str(code) for code in range(first, last + 1)}


def _paletted(pipe: ET.Element, classes: Mapping[float, str]) -> None:
    renderer = ET.SubElement(
        pipe,
        "rasterrenderer",
        type="paletted",
        band="1",
        opacity="1",
        alphaBand="-1",
        nodataColor="",
    )
    ET.SubElement(renderer, "rasterTransparency")
    palette = ET.SubElement(renderer, "colorPalette")
    codes = sorted(float(code) for code in classes)
    labels = {float(code): str(label) for code, label in classes.items()}
    for code, colour in zip(codes, class_colours(codes), strict=True):
        ET.SubElement(
            palette,
            "paletteEntry",
            value=f"{code:.10g}",
            color=colour,
            alpha="255",
            label=labels[code],
        )


def _pseudocolour(pipe: ET.Element, kind: str, minimum: float, maximum: float) -> None:
    low, high = f"{minimum:.10g}", f"{maximum:.10g}"
    renderer = ET.SubElement(
        pipe,
        "rasterrenderer",
        type="singlebandpseudocolor",
        band="1",
        opacity="1",
        alphaBand="-1",
        nodataColor="",
        classificationMin=low,
        classificationMax=high,
    )
    ET.SubElement(renderer, "rasterTransparency")
    origin = ET.SubElement(renderer, "minMaxOrigin")
    for tag, text in (
        ("limits", "None"),
        ("extent", "WholeRaster"),
        ("statAccuracy", "Estimated"),
    ):
        ET.SubElement(origin, tag).text = text
    shader = ET.SubElement(
        ET.SubElement(renderer, "rastershader"),
        "colorrampshader",
        colorRampType="INTERPOLATED",
        classificationMode="1",
        clip="0",
        minimumValue=low,
        maximumValue=high,
        labelPrecision="6",
    )
    colours = _stops(kind)
    _ramp(shader, colours)
    for number, colour in enumerate(colours):
        value = minimum + (maximum - minimum) * number / (STOPS - 1)
        ET.SubElement(
            shader,
            "item",
            value=f"{value:.10g}",
            color=colour,
            alpha="255",
            label=f"{value:.4g}",
        )


def _stops(kind: str) -> list[str]:
    cmap = ramp(kind)
    return [to_hex(cmap(number / (STOPS - 1))) for number in range(STOPS)]


def _ramp(parent: ET.Element, colours: list[str]) -> None:
    element = ET.SubElement(parent, "colorramp", type="gradient", name="[source]")
    between = ":".join(
        f"{number / (STOPS - 1):.4g};{_rgba(colour)}"
        for number, colour in list(enumerate(colours))[1:-1]
    )
    _map(
        element,
        color1=_rgba(colours[0]),
        color2=_rgba(colours[-1]),
        direction="ccw",
        discrete="0",
        rampType="gradient",
        spec="rgb",
        stops=between,
    )


def _outline(symbols: ET.Element, number: int, colour: str) -> None:
    symbol = ET.SubElement(
        symbols,
        "symbol",
        type="fill",
        name=str(number),
        alpha="1",
        clip_to_extent="1",
        force_rhr="0",
    )
    layer = ET.SubElement(
        symbol, "layer", {"class": "SimpleFill"}, enabled="1", locked="0"
    )
    layer.set("pass", "0")
    _map(
        layer,
        color=_rgba(colour, 40),
        joinstyle="round",
        outline_color=_rgba(colour),
        outline_style="solid",
        outline_width=f"{0.9 - 0.2 * number:.1f}",
        outline_width_unit="MM",
        style="solid",
    )


def _labels(qgis: ET.Element) -> None:
    settings = ET.SubElement(
        ET.SubElement(qgis, "labeling", type="simple"), "settings", calloutType="simple"
    )
    style = ET.SubElement(
        settings,
        "text-style",
        fieldName="rank",
        isExpression="0",
        fontFamily="Sans",
        fontSize="10",
        fontSizeUnit="Point",
        fontWeight="75",
        namedStyle="Bold",
        textColor=_rgba("#000000"),
        textOpacity="1",
    )
    ET.SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferColor=_rgba("#ffffff"),
        bufferOpacity="1",
        bufferJoinStyle="128",
    )
    ET.SubElement(settings, "placement", placement="0", priority="8", dist="0")
    ET.SubElement(
        settings, "rendering", drawLabels="1", obstacle="1", scaleVisibility="0"
    )


def _map(parent: ET.Element, **options: str) -> None:
    element = ET.SubElement(parent, "Option", type="Map")
    for name, value in options.items():
        ET.SubElement(element, "Option", type="QString", name=name, value=value)


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (round(255 * part) for part in to_rgb(colour))
    return f"{red},{green},{blue},{alpha}"


def _text(qgis: ET.Element) -> str:
    ET.indent(qgis)
    return HEAD + ET.tostring(qgis, encoding="unicode") + "\n"
