"""What a Jupyter server needs in its environment to be the workbench."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def lab_environment() -> dict[str, str]:
    """
    Variables that make a Jupyter server the workbench: gallery, settings, button.

    Both are search paths: where they hold something already, put ours before it.

    Returns
    -------
    dict of str to str
        `JUPYTER_CONFIG_PATH` (server extension, settings of JupyterLab) and
        `JUPYTER_PATH` (the gallery's button inside JupyterLab).

    Examples
    --------
    >>> sorted(lab_environment())
    ['JUPYTER_CONFIG_PATH', 'JUPYTER_PATH']
    """
    return {
        "JUPYTER_CONFIG_PATH": str(HERE / "config"),
        "JUPYTER_PATH": str(HERE / "share" / "jupyter"),
    }
