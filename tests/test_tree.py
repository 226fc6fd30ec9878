"""The rules of the house: who imports whom, how long a file is, whose names we use."""

import ast
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DISTRIBUTION = "prospect-workbench"
MAY_IMPORT = {"prospect": {"survey", "spectral"}, "survey": set(), "spectral": set()}
FILES = [path for name in MAY_IMPORT for path in (ROOT / name).rglob("*.py")]
HEAVY = {"pandas", "xarray", "rasterio", "sklearn", "matplotlib", "pyvista", "dask"}


def imported(path):
    """Names of the modules that a file imports by absolute name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path):
    package = path.relative_to(ROOT).parts[0]
    roots = {name.split(".")[0] for name in imported(path)}
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
    assert package not in roots, "inside a package, import relatively"
    assert not roots & set(MAY_IMPORT) - MAY_IMPORT[package]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_is_private_or_an_entry(path):
    public = not path.name.startswith("_")
    assert not public, "files are _private; the package's __init__ names what is public"


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_import_name_is_ours_alone(name):
    strangers = set(packages_distributions().get(name, [])) - {DISTRIBUTION}
    assert not strangers, f"'import {name}' is shared with {sorted(strangers)}"


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_import_is_light_and_silent(name):
    code = f"import sys, {name}; print(*{{m.split('.')[0] for m in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not set(done.stdout.split()) & HEAVY
    assert not done.stderr


@pytest.mark.parametrize("lock", sorted((ROOT / "environments/locks").glob("*.txt")))
def test_lock_names_no_address_and_no_clashing_package(lock):
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    names = {line.split("==")[0] for line in text.splitlines() if "==" in line}
    clashing = {"spectral", "survey", "astro-prospector", "configurable-http-proxy"}
    assert not names & (clashing | {"trame-vtklocal"})
