"""Where the real data of the tests lie, and how laws are tried."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# No clock decides over a law; under CI the same examples are tried in every run.
settings.register_profile(
    "workbench", deadline=None, max_examples=50, derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("workbench")


@pytest.fixture(scope="session")
def real_data():
    """Folder of a real data set by its registry name, e.g. "mpm/cloncurry_iocg"."""
    folder = os.environ.get("PROSPECT_DATA_DIR", "")
    base = Path(folder) if folder else ROOT.parent / "shared" / "data"

    def find(name):
        path = base / name
        if not path.exists():
            message = f"real data {name!r} is not here: set PROSPECT_DATA_DIR"
            if os.environ.get("CI"):
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find
