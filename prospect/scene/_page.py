"""The page one can turn: viewer, scene, title and legend in one file."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..report import Words

OUTSIDE = re.compile(r"https://kitware\.github\.io/vtk-js/icon/[^`\"']*")
STYLE = """
.legend, .title, .hint { position: fixed; z-index: 5; pointer-events: none; color: #222;
  font-family: system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
.title { left: 20px; top: 14px; font-size: 20px; font-weight: 650; }
.title small { display: block; font-size: 13px; font-weight: 400; color: #5c636b; }
.hint { left: 20px; bottom: 12px; font-size: 13px; color: #5c636b; }
.legend { right: 16px; top: 16px; font-size: 13px; line-height: 1.3; padding: 10px 12px;
  background: rgba(255,255,255,.85); }
.legend div { display: flex; align-items: center; gap: 8px; min-height: 22px; }
.legend i { width: 18px; height: 18px; flex: none; }
.legend i.ball { border-radius: 50%; width: 12px; height: 12px; margin: 0 3px; }
.legend i.line { height: 0; border-top: 2.5px solid #000; }
.legend b { font-weight: 600; }
@media (max-width: 600px) {
  .legend { font-size: 11px; padding: 6px; }
  .title { font-size: 15px; }
}
"""


def make_page(
    scene: bytes,
    *,
    words: Words,
    notes: Sequence[str],
    legend: Sequence[dict[str, Any]],
) -> str:
    """
    Standalone page of a scene.

    Parameters
    ----------
    scene : bytes
        Archive the viewer reads.
    words : Words
        Language.
    notes : sequence of str
        Lines under the title.
    legend : sequence of dict
        Entries with `label`, `colour` and `shape` (box, ball, line or head).

    Returns
    -------
    str
        HTML that asks no other host for anything.
    """
    viewer = OUTSIDE.sub("data:,", viewer_file().read_text(encoding="utf-8"))
    title = words("scene_title")
    viewer = re.sub(r"<title>.*?</title>", lambda _: f"<title>{title}</title>", viewer)
    viewer = viewer.replace('<html lang="en">', f'<html lang="{words("lang")}">')
    icon = '<link rel="icon" href="data:,">'
    viewer = viewer.replace("</head>", f"{icon}<style>{STYLE}</style></head>", 1)
    body = _overlay(title, words("scene_hint"), notes, legend)
    data = base64.b64encode(scene).decode()
    script = (
        "<script>function loadDataSet() { OfflineLocalView.load("
        "document.querySelector('.content'), { base64Str: \""
        + data
        + '" }); }</script>'
    )
    head, foot = viewer.rsplit("</body>", 1)
    head = head.replace("<body>", f'<body><div class="content"></div>{body}', 1)
    return f"{head}{script}</body>{foot}"


def viewer_file() -> Path:
    """Page of the viewer that trame-vtk carries."""
    import trame_vtk

    return Path(trame_vtk.__file__).parent / "tools" / "static_viewer.html"


def _overlay(
    title: str, hint: str, notes: Sequence[str], legend: Sequence[dict[str, Any]]
) -> str:
    lines = "".join(f"<small>{escape(note)}</small>" for note in notes)
    rows = "".join(_entry(**entry) for entry in legend)
    return (
        f'<div class="title">{escape(title)}{lines}</div>'
        f'<div class="hint">{escape(hint)}</div><div class="legend">{rows}</div>'
    )


def _entry(label: str, colour: str = "", shape: str = "box") -> str:
    if shape == "head":
        return f"<div><b>{escape(label)}</b></div>"
    style = "" if shape == "line" else f' style="background:{escape(colour)}"'
    return f'<div><i class="{shape}"{style}></i>{escape(label)}</div>'
