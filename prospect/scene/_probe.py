"""Whether this machine can draw off screen, found out where a crash does no harm."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from functools import cache
from typing import NamedTuple

from .._note import Note

log = logging.getLogger(__name__)

VARIABLE = "VTK_DEFAULT_OPENGL_WINDOW"
WINDOWS = (None, "vtkOSOpenGLRenderWindow", "vtkEGLRenderWindow")
REMEDY = "apt-get install libegl1 libegl-mesa0 libgl1    (or: libosmesa6)"
SECONDS = 120
CODE = """
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkFiltersSources import vtkConeSource
from vtkmodules.vtkRenderingCore import (
    vtkActor, vtkPolyDataMapper, vtkRenderer, vtkRenderWindow, vtkWindowToImageFilter
)
window, renderer = vtkRenderWindow(), vtkRenderer()
cone, mapper, actor = vtkConeSource(), vtkPolyDataMapper(), vtkActor()
mapper.SetInputConnection(cone.GetOutputPort())
actor.SetMapper(mapper)
renderer.AddActor(actor)
window.SetOffScreenRendering(1)
window.SetSize(32, 32)
window.AddRenderer(renderer)
window.Render()
grab = vtkWindowToImageFilter()
grab.SetInput(window)
grab.Update()
low, high = grab.GetOutput().GetScalarRange()
raise SystemExit(0 if high > low else 3)
"""


class OffscreenStatus(NamedTuple):
    """Whether off-screen rendering works, what was found, the one command to type."""

    ok: bool
    message: str
    remedy: str
    window: str | None = None


@cache
def probe_offscreen() -> OffscreenStatus:
    """
    Try a tiny off-screen picture in a process of its own.

    Returns
    -------
    OffscreenStatus
        `ok`, a `message`, the `remedy` (empty when it works) and the `window`: value
        of VTK_DEFAULT_OPENGL_WINDOW that works, None for VTK's own choice. Found out
        once a process.
    """
    chosen = os.environ.get(VARIABLE)
    windows = (chosen,) if chosen else WINDOWS
    said = ""
    for window in windows:
        said = _try(window)
        if not said:
            message = Note("draws", window=window or Note("draws_window"))
            return OffscreenStatus(True, message, "", window)
        log.debug("off-screen OpenGL with %s: %s", window or "VTK's own choice", said)
    remedy = f"unset {VARIABLE}, or {REMEDY}" if chosen else REMEDY
    return OffscreenStatus(False, Note("draws_not", why=said), remedy)


def environment(window: str | None) -> dict[str, str]:
    """Environment of a process that draws with `window`, without a screen."""
    variables = dict(os.environ)
    variables.pop("DISPLAY", None)
    if window:
        variables[VARIABLE] = window
    return variables


def outcome(code: int) -> str:
    """Say how a process ended: nothing when well."""
    if code == 0:
        return ""
    if code < 0 or code in (134, 139):
        return Note("draw_crashed", signal=abs(code) % 128)
    return Note("draw_ended", status=code)


def _try(window: str | None) -> str:
    try:
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            env=environment(window),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Note("draw_too_long", seconds=SECONDS)
    except OSError as error:
        return Note("draw_not_started", error=str(error))
    return outcome(done.returncode)
