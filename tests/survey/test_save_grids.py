"""Grids that share their computation are written in one pass over the blocks."""

import dask.array as da
import numpy as np
import pytest
from odc.geo.xr import wrap_xr

from survey import make_geobox, open_grid, save_grid, save_grids

BOX = make_geobox((0, 3000, 0, 2000), crs="EPSG:32755", resolution=10)


@pytest.fixture
def pair():
    """Two grids of one computation that counts how often it is done."""
    calls = []
    values = np.random.default_rng(0).random(BOX.shape).astype("float32")

    def both(block):
        calls.append(block.shape)
        return np.stack([block, block**2])

    base = da.from_array(values, chunks=128)
    made = base.map_blocks(
        both,
        new_axis=0,
        chunks=((2,), *base.chunks),
        dtype="float32",
        meta=np.empty((0, 0, 0), "float32"),
    )
    grids = [wrap_xr(made[i], BOX) for i in (0, 1)]
    calls.clear()
    return grids, calls, base.npartitions


@pytest.mark.parametrize("cog", [True, False])
def test_one_pass_gives_the_bytes_of_two(tmp_path, pair, cog):
    (first, second), calls, n_blocks = pair
    names = [tmp_path / "together" / f"{i}.tif" for i in (0, 1)]
    assert save_grids(dict(zip(names, (first, second), strict=True)), cog=cog) == names
    assert len(calls) == n_blocks
    for name, grid in zip(names, (first, second), strict=True):
        alone = save_grid(grid, tmp_path / name.name, cog=cog)
        assert alone.read_bytes() == name.read_bytes()
    np.testing.assert_array_equal(open_grid(names[1]).values, second.values)


def test_all_or_none(tmp_path, pair):
    (first, _), _, _ = pair

    def fails(block):
        raise RuntimeError("no")

    broken = first.copy(
        data=first.data.map_blocks(
            fails, dtype="float32", meta=np.empty((0, 0), "float32")
        )
    )
    with pytest.raises(RuntimeError, match="no"):
        save_grids({tmp_path / "a.tif": first, tmp_path / "b.tif": broken})
    assert list(tmp_path.iterdir()) == []


def test_categories_are_sent_to_save_grid(tmp_path, pair):
    (first, _), _, _ = pair
    classes = first.assign_attrs(kind="categorical")
    with pytest.raises(ValueError, match=r"only continuous grids .* use save_grid"):
        save_grids({tmp_path / "a.tif": classes})
    assert list(tmp_path.iterdir()) == []
