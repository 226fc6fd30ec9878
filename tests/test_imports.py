"""Who imports whom, as import-linter reads it, and how long the first import takes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_import_contracts_are_kept():
    code = (
        "import sys; from importlinter.cli import lint_imports;"
        "sys.exit(lint_imports(no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_name_of_all_resolves():
    code = (
        "import importlib\n"
        "waiting = ['survey', 'spectral', 'prospect']\n"
        "for name in waiting:\n"
        "    module = importlib.import_module(name)\n"
        "    for each in module.__all__:\n"
        "        item = getattr(module, each)\n"
        "        if type(item).__name__ == 'module': waiting.append(item.__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error::SyntaxWarning", "-c", code],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not done.stdout, "importing is silent"
