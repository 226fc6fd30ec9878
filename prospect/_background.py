"""Background cells, drawn by documented rules in one pass over the stack."""

from __future__ import annotations

import heapq
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

import geopandas as gpd
import numpy as np
import pandas as pd

from survey import DataProblems, Problem, check_projected, geobox_of

from ._effort import Effort
from ._stream import centres_of, random_keys, stream_blocks

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from odc.geo.geobox import GeoBox

METHODS = ("random", "stratified", "bias_aware", "other_types")
log = logging.getLogger(__name__)


class Guide(TypedDict, total=False):
    """What a rule goes by, see `draw_background`."""

    strata: str | None
    effort: gpd.GeoDataFrame | None
    others: gpd.GeoDataFrame | None
    bandwidth: float | None


def draw_background(
    stack: xr.Dataset,
    deposits: gpd.GeoDataFrame,
    *,
    method: str = "random",
    n: int,
    exclusion: float = 0,
    random_state: int,
    **guide: Unpack[Guide],
) -> gpd.GeoDataFrame:
    """
    Cells taken as absence, drawn by a stated rule.

    A cell that holds a deposit, a cell nearer than `exclusion` to one, and a cell where
    every layer is missing are never drawn, and none is drawn twice. The draw does not
    depend on how the stack is cut into blocks. Reads the stack once, block by block
    (twice for "stratified").

    Parameters
    ----------
    stack : Dataset
        Evidence layers on one grid with a projected CRS in metres.
    deposits : GeoDataFrame of points
        Known deposits, all of them: also those left out by thinning.
    method : {"random", "stratified", "bias_aware", "other_types"}
        "random": every cell is equally likely. "stratified": each class of the layer
        `strata` gets cells in proportion to its area. "bias_aware": the chance of a
        cell is proportional to the density of the points `effort` around it, so that
        places where people have looked are compared with each other. "other_types":
        the cells of the points `others`, deposits of other types.
    n : int
        Number of cells. Where fewer can be drawn all of them are taken, which is logged
        and told by `attrs["n"]`.
    exclusion : float, default 0
        Metres kept between a deposit and the centre of a background cell.
    random_state : int
        Seed.
    **guide
        `strata` : name of a categorical layer of the stack. `effort`, `others` :
        GeoDataFrame of points. `bandwidth` : standard deviation of the Gaussian kernel
        for "bias_aware", metres; without it Silverman's rule for two dimensions.

    Returns
    -------
    GeoDataFrame of points
        Centres of the cells in the CRS of the stack, ordered down and across the map;
        `row` and `col` of the cell, for "stratified" its `stratum`. In `attrs`:
        `method`, `n`, `n_asked`, `exclusion`, `random_state`, `area_km2` (the area the
        cells stand for: all cells that could have been drawn), `bandwidth`.

    Raises
    ------
    ValueError
        If the method is unknown, what it goes by is missing, or something is given that
        it does not use.
    DataProblems
        If no cell can be drawn.

    References
    ----------
    Efraimidis, P. S. and Spirakis, P. G. (2006). Weighted random sampling with a
    reservoir. doi 10.1016/j.ipl.2005.11.003

    Phillips, S. J. et al. (2009). Sample selection bias and presence-only distribution
    models. doi 10.1890/07-2153.1

    Examples
    --------
    >>> from odc.geo.geobox import GeoBox
    >>> from odc.geo.xr import wrap_xr
    >>> box = GeoBox.from_bbox((0, 0, 4000, 4000), "EPSG:32654", resolution=1000)
    >>> stack = wrap_xr(np.arange(16.0).reshape(4, 4), box).to_dataset(name="a")
    >>> at = gpd.points_from_xy([500], [500], crs=box.crs)
    >>> background = draw_background(stack, gpd.GeoDataFrame(geometry=at), n=3,
    ...                              exclusion=1200, random_state=0)
    >>> len(background), background.attrs["area_km2"]
    (3, 13.0)
    """
    guide = {name: value for name, value in guide.items() if value is not None}
    _check_rule(stack, method, n, exclusion, guide)
    box = geobox_of(stack)
    check_projected(box, what="draw_background")
    rule = _Rule(
        method=method,
        seed=int(random_state),
        ban=_Ban(box, _places(box, deposits, "deposits"), float(exclusion)),
        box=box,
        layers=list(stack.data_vars),
        strata=guide.get("strata"),
    )
    if method == "bias_aware":
        rule.effort = Effort(guide["effort"], box, guide.get("bandwidth"))
    if method == "other_types":
        others = np.floor(_places(box, guide["others"], "others")).astype(np.int64)
        rule.only = np.unique(others, axis=0)
    drawn, n_cells = _draw(stack, rule, n)
    return _as_points(drawn, n_cells, rule, n)


@dataclass
class _Rule:
    """Everything a block needs to know to draw its cells."""

    method: str
    seed: int
    ban: _Ban
    box: GeoBox
    layers: list[str]
    strata: str | None = None
    effort: Effort | None = None
    only: NDArray[np.int64] | None = None
    quota: dict[float, int] = field(default_factory=dict)


class _Ban:
    """Cells that hold a deposit or lie too near to one."""

    def __init__(self, box: GeoBox, places: NDArray, exclusion: float) -> None:
        self.places = places
        a = box.affine
        self.step = np.array([[a.a, a.b], [a.d, a.e]])
        smallest = np.linalg.svd(self.step, compute_uv=False).min()
        self.reach = int(np.ceil(exclusion / smallest)) + 1 if exclusion else 0
        self.exclusion = exclusion

    def apply(self, free: NDArray[np.bool_], origin: tuple[int, int]) -> None:
        """Set what is banned to False, in place."""
        places = self.places - origin
        near = (places > -self.reach - 1) & (
            places < np.add(free.shape, self.reach + 1)
        )
        for place in places[near.all(axis=1)]:
            low = np.maximum(np.floor(place).astype(int) - self.reach, 0)
            high = np.minimum(np.floor(place).astype(int) + self.reach + 1, free.shape)
            if (low < high).all():
                self._clear(free, place, low, high)

    def _clear(
        self, free: NDArray[np.bool_], place: NDArray, low: NDArray, high: NDArray
    ) -> None:
        row, col = np.ogrid[low[0] : high[0], low[1] : high[1]]
        down, right = row + 0.5 - place[0], col + 0.5 - place[1]
        x = self.step[0, 0] * right + self.step[0, 1] * down
        y = self.step[1, 0] * right + self.step[1, 1] * down
        own = (row == np.floor(place[0])) & (col == np.floor(place[1]))
        near = own | (x * x + y * y < self.exclusion**2)
        free[low[0] : high[0], low[1] : high[1]] &= ~near


def _draw(stack: xr.Dataset, rule: _Rule, n: int) -> tuple[pd.DataFrame, int]:
    """Return the n cells with the smallest keys and how many could have been drawn."""
    grids = [stack[name] for name in stack]
    if rule.strata is None:
        rule.quota = {0.0: n}
    else:
        totals: dict[float, int] = {}
        for counts in stream_blocks(lambda b, o: _count_strata(b, o, rule), grids):
            for code, count in counts.items():
                totals[code] = totals.get(code, 0) + count
        rule.quota = _share_out(totals, n)
    best = pd.DataFrame({"key": [], "row": [], "col": [], "stratum": []})
    n_cells = 0
    for block, count in stream_blocks(lambda b, o: _draw_block(b, o, rule), grids):
        n_cells += count
        if len(block):
            best = _smallest(pd.concat([best, block]) if len(best) else block, rule)
    return best, n_cells


def _free_cells(
    blocks: list[NDArray], origin: tuple[int, int], rule: _Rule
) -> tuple[NDArray, NDArray, NDArray]:
    """Return local row, local column and stratum of the cells that may be drawn."""
    free = np.zeros(blocks[0].shape, dtype=bool)
    for block in blocks:
        free |= np.isfinite(block)
    strata = None
    if rule.strata is not None:
        strata = blocks[rule.layers.index(rule.strata)]
        free &= np.isfinite(strata)
    rule.ban.apply(free, origin)
    row, col = np.nonzero(free)
    return row, col, np.zeros(len(row)) if strata is None else strata[row, col]


def _count_strata(
    blocks: list[NDArray], origin: tuple[int, int], rule: _Rule
) -> dict[float, int]:
    codes, counts = np.unique(_free_cells(blocks, origin, rule)[2], return_counts=True)
    return dict(zip(codes.astype(float).tolist(), counts.tolist(), strict=True))


def _draw_block(
    blocks: list[NDArray], origin: tuple[int, int], rule: _Rule
) -> tuple[pd.DataFrame, int]:
    row, col, stratum = _free_cells(blocks, origin, rule)
    row, col = row + origin[0], col + origin[1]
    n_cells = len(row)
    if rule.only is not None:
        wanted = pd.MultiIndex.from_arrays(rule.only.T)
        chosen = pd.MultiIndex.from_arrays([row, col]).isin(wanted)
        row, col, stratum = row[chosen], col[chosen], stratum[chosen]
    key = random_keys(rule.seed, row, col)
    if rule.effort is not None:
        density = rule.effort.at(row, col)
        with np.errstate(divide="ignore"):
            key = np.where(density > 0, -np.log(key) / density, np.inf)
        seen = np.isfinite(key)
        key, row, col, stratum = key[seen], row[seen], col[seen], stratum[seen]
        n_cells = len(row)
    table = pd.DataFrame({"key": key, "row": row, "col": col, "stratum": stratum})
    return _smallest(table, rule), n_cells


def _smallest(table: pd.DataFrame, rule: _Rule) -> pd.DataFrame:
    """Return, for each stratum, as many cells with the smallest keys as it may have."""
    most = max(rule.quota.values())
    if len(rule.quota) == 1 and len(table) > 4 * most:
        table = table.iloc[np.argpartition(table["key"].to_numpy(), most)[: most + 1]]
    table = table.sort_values(["stratum", "key", "row", "col"])
    place = table.groupby("stratum").cumcount()
    return table[place < table["stratum"].map(rule.quota)]


def _share_out(totals: dict[float, int], n: int) -> dict[float, int]:
    """Return n shared out in proportion to totals, by largest remainders."""
    area = sum(totals.values())
    exact = {code: min(n, area) * count / area for code, count in totals.items()}
    quota = {code: int(share) for code, share in exact.items()}
    rest = min(n, area) - sum(quota.values())
    late = heapq.nsmallest(
        rest, exact, key=lambda code: (quota[code] - exact[code], code)
    )
    return quota | {code: quota[code] + 1 for code in late}


def _as_points(
    drawn: pd.DataFrame, n_cells: int, rule: _Rule, n: int
) -> gpd.GeoDataFrame:
    if drawn.empty:
        what = f"no background cell can be drawn by the rule '{rule.method}'"
        remedy = "make exclusion smaller or check that the layers cover the region"
        raise DataProblems([Problem(what, remedy, value=f"{rule.ban.exclusion} m")])
    if len(drawn) < n:
        log.warning("only %d of %d background cells could be drawn", len(drawn), n)
    drawn = drawn.sort_values(["row", "col"], ignore_index=True)
    row, col = (drawn[name].to_numpy(np.int64) for name in ("row", "col"))
    table = {"row": row, "col": col}
    if rule.strata is not None:
        table["stratum"] = drawn["stratum"].to_numpy()
    x, y = centres_of(rule.box.affine, row, col)
    geometry = gpd.points_from_xy(x, y, crs=rule.box.crs)
    points = gpd.GeoDataFrame(table, geometry=geometry)
    points.attrs = {
        "method": rule.method,
        "n": len(points),
        "n_asked": n,
        "exclusion": rule.ban.exclusion,
        "random_state": rule.seed,
        "area_km2": n_cells * abs(rule.box.affine.determinant) / 1e6,
        "bandwidth": rule.effort.bandwidth if rule.effort else None,
    }
    return points


def _places(box: GeoBox, points: gpd.GeoDataFrame, name: str) -> NDArray[np.float64]:
    """Return row and column of points with decimals, also outside the grid."""
    if points.crs is None:
        remedy = "state it with set_crs('EPSG:...')"
        raise DataProblems([Problem("the points have no CRS", remedy, file=name)])
    at = points.geometry.to_crs(box.crs)
    x, y, back = at.x.to_numpy(), at.y.to_numpy(), ~box.affine
    places = np.column_stack(
        [back.d * x + back.e * y + back.f, back.a * x + back.b * y + back.c]
    )
    return places[np.isfinite(places).all(axis=1)]


def _check_rule(
    stack: xr.Dataset, method: str, n: int, exclusion: float, guide: dict
) -> None:
    if method not in METHODS:
        raise ValueError(f"method is '{method}': choose one of {', '.join(METHODS)}")
    if n < 1 or not exclusion >= 0:
        raise ValueError(
            f"n is {n} and exclusion {exclusion}: give n >= 1, exclusion >= 0"
        )
    needs = {"stratified": "strata", "bias_aware": "effort", "other_types": "others"}
    need = needs.get(method)
    if need is not None and need not in guide:
        raise ValueError(f"method '{method}' goes by {need}=, which is not given")
    used = {need, "bandwidth"} if method == "bias_aware" else {need}
    if surplus := sorted(set(guide) - used):
        raise ValueError(
            f"method '{method}' does not use {', '.join(surplus)}: leave it out"
        )
    strata = guide.get("strata")
    if strata is not None and strata not in stack:
        raise ValueError(f"strata '{strata}' is no layer; layers: {', '.join(stack)}")
    if strata is not None and stack[strata].attrs.get("kind") != "categorical":
        raise ValueError(f"strata '{strata}' is not categorical: classify it first")
