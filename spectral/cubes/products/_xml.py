"""Metadata of products in XML, read without what XML can smuggle in."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

LARGEST = 64 << 20  # bytes: metadata of products have some megabytes


def read_xml(path: Path) -> Element:
    """
    Root of an XML file.

    Raises
    ------
    ValueError
        If it is no XML, declares entities, or is too large for metadata.
    """
    content = path.read_bytes()
    if len(content) > LARGEST or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        raise ValueError(
            f"{path.name} is no plain XML of metadata (a document type, entities, or "
            f"more than {LARGEST >> 20} MiB): fetch the product again"
        )
    try:
        return ET.fromstring(content)
    except ET.ParseError as error:
        raise ValueError(
            f"{path.name} is cut or edited ({error}): fetch the product again"
        ) from None


def local(tag: str) -> str:
    """Name of a tag without its namespace."""
    return tag.rpartition("}")[2]


def find_all(root: Element, name: str) -> list[Element]:
    """Elements of a name at any depth, whatever their namespace."""
    return [node for node in root.iter() if local(str(node.tag)) == name]


def text_of(root: Element, name: str) -> str | None:
    """Text of the first element of a name; None if there is none."""
    found = find_all(root, name)
    return (found[0].text or "").strip() if found else None


def number_of(root: Element, name: str, *, file: str) -> float:
    """
    Number in the first element of a name.

    Raises
    ------
    ValueError
        If there is none, or it is no number.
    """
    text = text_of(root, name)
    try:
        return float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(
            f"{file} has {text!r} where <{name}> should hold a number: fetch the "
            "product again"
        ) from None
