"""The synthetic district as committed, and made again once for all tests."""

from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[2] / "data_samples"


@pytest.fixture(scope="session")
def folder():
    """Folder of the district as committed."""
    return SAMPLES / "synthetic_district"


@pytest.fixture(scope="session")
def generator():
    """The generator, as its script imports it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SAMPLES))
        import generator

        yield generator


@pytest.fixture(scope="session")
def rebuilt(generator, tmp_path_factory):
    """Folder of the district made again."""
    target = tmp_path_factory.mktemp("rebuilt")
    generator.write_district(generator.build_district(), target)
    return target
