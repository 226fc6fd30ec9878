"""The modules of environments/, with a checkout of their own to work in."""

import shutil
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = ("setup", "environment", "packages", "proxy", "system", "link")


@pytest.fixture
def setup(monkeypatch, tmp_path):
    """Module environments/setup.py, with a checkout of its own."""
    monkeypatch.syspath_prepend(str(ROOT / "environments"))
    for name in MODULES:
        sys.modules.pop(name, None)
    import environment
    import setup as module

    root = tmp_path / "检出 checkout"
    (root / "environments" / "locks").mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", root)
    shutil.copytree(ROOT / "environments" / "hub", root / "environments" / "hub")
    for name in environment.known(root):
        (root / "environments" / "locks" / f"{name}.txt").write_text(f"# {name}\n")
    monkeypatch.setattr(module, "ROOT", root)
    monkeypatch.delenv("PYTHON", raising=False)
    module.environment = environment
    yield module
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.fixture
def known(setup):
    return setup.environment.known(setup.ROOT)


@pytest.fixture
def core(known):
    """An environment with a stand-in for pip."""
    return _with_pip(known["core"])


@pytest.fixture
def hub(known):
    return _with_pip(known["hub"])


def _with_pip(environment):
    venv.EnvBuilder(with_pip=False, symlinks=True).create(environment.folder)
    packages = _site_packages(environment)
    (packages / "pip").mkdir()
    (packages / "pip" / "__init__.py").write_text("")
    (packages / "pip" / "__main__.py").write_text(
        "import os, sys\n"
        "print('Collecting one')\n"
        "print(*sys.argv)\n"
        "print(open(sys.argv[-1]).read())\n"
        "print(os.environ.get('PIP_SAYS', ''))\n"
        "sys.exit('PIP_SAYS' in os.environ)\n"
    )
    return environment


def _site_packages(environment):
    [packages] = environment.folder.glob("lib/python*/site-packages")
    return packages


@pytest.fixture
def site_packages():
    """The function that names the folder of an environment's packages."""
    return _site_packages
