"""Sphinx configuration of the documentation; `make docs` builds it."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402

metadata = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
project = "prospect-workbench"
author = metadata["authors"][0]["name"]
copyright = author  # noqa: A001
release = version = metadata["version"]
language = "en"

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_design",
]
exclude_patterns = ["_build"]
suppress_warnings = [
    "mystnb.unknown_mime_type",
    "ref.ref",  # docstrings inherited from scikit-learn link to its own glossary
    "design.fa-build",
]

# `prospect notebook run` executes notebooks and takes time and memory; Sphinx does not
nb_execution_mode = "off"
nb_merge_streams = True
# widgets need a kernel: the picture beside them is shown
nb_mime_priority_overrides = [
    ("html", "application/vnd.jupyter.widget-view+json", None)
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_title = "prospect-workbench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_theme_options = {
    f"{tone}_css_variables": {"color-brand-primary": ink, "color-brand-content": ink}
    for tone, ink in (("light", "#8a4b14"), ("dark", "#e0a868"))
}

# before Sphinx looks which pages there are
generate.generate(HERE)
