"""Where the real data of the tests lie."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


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
