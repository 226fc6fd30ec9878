"""JupyterLab speaks the gallery's language until the person chooses another."""

from __future__ import annotations

import json
import os
from pathlib import Path

from jupyter_core.paths import jupyter_config_dir

from survey import write_text

LOCALES = {"en": "en", "zh": "zh_CN"}
SETTING = Path("@jupyterlab", "translation-extension", "plugin.jupyterlab-settings")
# JupyterLab drops the comment when the person chooses in its menu: then it is theirs
OURS = "// the gallery's language; choose another in Settings, Language"


def settings_folder() -> Path:
    """Return the folder where JupyterLab keeps what a person set."""
    chosen = os.environ.get("JUPYTERLAB_SETTINGS_DIR")
    return Path(chosen or Path(jupyter_config_dir(), "lab", "user-settings"))


def follow_language(lang: str, *, folder: Path | None = None) -> bool:
    """
    Set JupyterLab's language to the gallery's, unless the person set one there.

    Parameters
    ----------
    lang : {"en", "zh"}
        Language of the gallery.
    folder : Path, optional
        JupyterLab's folder of settings; the person's own if it is not given.

    Returns
    -------
    bool
        Whether JupyterLab now follows the gallery.

    Raises
    ------
    OSError
        If the setting can neither be read nor written.
    """
    path = (folder or settings_folder()) / SETTING
    wanted = f"{OURS}\n{json.dumps({'locale': LOCALES[lang]})}\n"
    if path.exists():
        found = path.read_text(encoding="utf-8", errors="replace")
        if found == wanted:
            return True
        if not found.startswith(OURS):
            return False
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, wanted)
    return True
