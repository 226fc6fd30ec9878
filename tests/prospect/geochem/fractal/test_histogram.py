import dask.array as da
import numpy as np
import pytest

from prospect.geochem.fractal._histogram import tile_histograms


@pytest.mark.parametrize("kind", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(57, 83), (9, 31, 17)])
def test_what_lies_above_a_class_edge_is_exact(kind, shape):
    random = np.random.default_rng(0)
    cells = np.exp(random.normal(0, 4, shape)).astype(kind)
    cells.flat[::7] = np.nan
    cells.flat[1::50] = 0
    cells.flat[2::50] = -3
    tiles = tile_histograms(cells, 2.5)
    known = cells[~np.isnan(cells)]
    above = np.cumsum(tiles.counts[::-1])[::-1]
    for k in range(0, len(tiles.edges), 97):
        assert above[k] == (known >= tiles.edges[k]).sum()
    assert tiles.n_not_positive == (known <= 0).sum()
    assert (tiles.least, tiles.largest) == (known[known > 0].min(), known.max())
    area = tiles.above(np.array([0])).sum() + tiles.outside.sum()
    assert area == pytest.approx(2.5 * len(known))
    places = np.arange(0, len(tiles.edges), 41)
    np.testing.assert_allclose(tiles.above(places).sum(axis=0), 2.5 * above[places])


def test_classes_are_narrow():
    edges = tile_histograms(np.linspace(1, 2, 50_000)[None], 1.0).edges
    assert np.diff(edges).max() < 0.0005


@pytest.mark.parametrize("chunks", [(10, 10), (64, 7), (100, 120)])
def test_blocks_do_not_matter(chunks):
    cells = np.exp(np.random.default_rng(1).normal(size=(100, 120)))
    cells[20:40, 30:90] = np.nan
    rows = np.linspace(1, 2, 100)
    whole = tile_histograms(cells, rows)
    parts = tile_histograms(da.from_array(cells, chunks=chunks), rows)
    np.testing.assert_array_equal(whole.edges, parts.edges)
    np.testing.assert_array_equal(whole.counts, parts.counts)
    places = np.arange(0, len(whole.edges), 50)
    np.testing.assert_allclose(whole.above(places), parts.above(places))
    known = (rows[:, None] * ~np.isnan(cells)).sum()
    assert whole.above(places)[:, 0].sum() == pytest.approx(known)


def test_infinite_and_empty():
    cells = np.array([[1.0, np.inf], [-np.inf, np.nan]])
    tiles = tile_histograms(cells, 1.0)
    assert (tiles.n_infinite, tiles.n_not_positive) == (2, 0)
    assert tile_histograms(np.full((3, 3), np.nan), 1.0).n_tiles == 0
