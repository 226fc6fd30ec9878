"""Deposits drawn from the rule of the story, and which of them people found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from ._frame import EASTING, NORTHING, RESOLUTION, distance_to_lines, stream
from ._geology import Geology
from ._story import ALLUVIUM, ANDESITE, FAULTS, LIMESTONE, RULE, UNITS
from ._ways import edge_distance

MAIN = "porphyry Cu-Au"
FIRST_YEAR, LAST_YEAR = 1956, 2021
HEADS = (
    "Tao桃 Shi石 Liu柳 Song松 Bai白 Hei黑 Hong红 "
    "Qing青 Long龙 Hu虎 Jin金 Tong铜 Yun云 Feng凤"
)
TAILS = "shan山 gou沟 ping坪 ling岭 wan湾 xi溪 tang塘 po坡 an庵 keng坑"


class Occurrences(NamedTuple):
    """Found deposits of all types, hidden ones of the main type, and the truth."""

    found: pd.DataFrame
    hidden: pd.DataFrame
    intensity: np.ndarray  # deposits of the main type per km²


class Ground(NamedTuple):
    """What deposits are made from: geology, the map as mapped, ways of access."""

    geology: Geology
    mapped: np.ndarray
    road_distance: np.ndarray


def make_deposits(ground: Ground) -> Occurrences:
    """Draw the deposits of every type and let people find some of them."""
    intensity = _intensity(ground.geology)
    rng = stream(20)
    count = RULE.discovered + RULE.hidden
    cells = _draw(rng, intensity, count, RULE.min_spacing)
    main = _describe(rng, cells, MAIN, "Cu, Au", ground)
    main = _discover(rng, main, ground)
    hidden = main["discovery_year"].isna()
    found = [main[~hidden], *_other_types(ground)]
    table = pd.concat(found, ignore_index=True)
    table = table.sort_values(["discovery_year", "northing"], ignore_index=True)
    table.insert(0, "deposit_id", [f"BX{i + 1:03d}" for i in range(len(table))])
    table = _name(table, 0)
    rest = main[hidden].drop(columns="discovery_year").reset_index(drop=True)
    rest.insert(0, "deposit_id", [f"HX{i + 1:02d}" for i in range(len(rest))])
    return Occurrences(table, _name(rest, len(table)), intensity)


def _intensity(geology: Geology) -> np.ndarray:
    log = RULE.fault_weight * np.exp(-geology.distance_ne / RULE.fault_reach)
    log += RULE.contact_weight * np.exp(-geology.contact / RULE.contact_reach)
    log += RULE.alteration_weight * geology.alteration
    log += RULE.host_weight * np.isin(geology.bedrock, RULE.hosts)
    density = np.round(np.exp(log), 6)
    total = RULE.discovered + RULE.hidden
    return density * total / (density.sum() * (RESOLUTION / 1000) ** 2)


def _draw(
    rng: np.random.Generator, density: np.ndarray, count: int, spacing: float
) -> np.ndarray:
    """Cells in proportion to density, none closer to another than the spacing."""
    left = np.where(edge_distance() > 300, density, 0.0).ravel()
    cells = []
    for _ in range(count):
        cell = int(rng.choice(left.size, p=left / left.sum()))
        cells.append(cell)
        near = np.hypot(
            EASTING.ravel() - EASTING.flat[cell], NORTHING.ravel() - NORTHING.flat[cell]
        )
        left[near < spacing] = 0
    return np.array(cells)


def _describe(
    rng: np.random.Generator,
    cells: np.ndarray,
    kind: str,
    commodity: str,
    ground: Ground,
) -> pd.DataFrame:
    jitter = rng.uniform(-0.4, 0.4, (2, cells.size)) * RESOLUTION
    tonnage = np.exp(rng.normal(np.log(6.0), 1.35, cells.size))
    grade = 0.62 * tonnage**-0.12 * np.exp(rng.normal(0, 0.28, cells.size))
    gold = 0.34 * np.exp(rng.normal(0, 0.5, cells.size))
    hosts = {unit.code: unit.name for unit in UNITS}
    return pd.DataFrame(
        {
            "deposit_type": kind,
            "commodity": commodity,
            "easting": (EASTING.flat[cells] + jitter[0]).round(1),
            "northing": (NORTHING.flat[cells] + jitter[1]).round(1),
            "host": [hosts[code] for code in ground.geology.bedrock.flat[cells]],
            "tonnage_Mt": tonnage.round(2),
            "Cu_pct": grade.round(2),
            "Au_g_t": gold.round(2),
            "cell": cells,
        }
    )


def _discover(
    rng: np.random.Generator, deposits: pd.DataFrame, ground: Ground
) -> pd.DataFrame:
    """Large ones near roads in outcrop come first, the last ones are still hidden."""
    cells = deposits["cell"].to_numpy()
    ease = -ground.road_distance.flat[cells] / RULE.road_reach
    covered = ground.mapped.flat[cells] == ALLUVIUM
    ease = ease + np.where(covered, np.log(RULE.cover_factor), 0.0)
    ease += 0.35 * np.log(deposits["tonnage_Mt"].to_numpy())
    order = np.argsort(-(ease + rng.gumbel(0, 0.7, cells.size)), kind="stable")
    share = np.linspace(0, 1, RULE.discovered) ** 0.85
    years = np.round(FIRST_YEAR + share * (LAST_YEAR - FIRST_YEAR)).astype(int)
    year = pd.Series(pd.NA, index=deposits.index, dtype="Int64")
    year.iloc[order[: RULE.discovered]] = years
    return deposits.assign(discovery_year=year)


def _other_types(ground: Ground) -> list[pd.DataFrame]:
    geology, rng = ground.geology, stream(21)
    late = [
        line
        for line, fault in zip(geology.faults, FAULTS, strict=True)
        if fault.fault_set != "NE"
    ]
    near_late = np.exp(-distance_to_lines(late) / 400)
    unit, contact = geology.bedrock, geology.contact
    kinds = {
        ("skarn Cu-Fe", "Cu, Fe", 12): (unit == LIMESTONE) * np.exp(-contact / 130),
        ("epithermal Au", "Au", 10): (unit == ANDESITE) * near_late,
        ("carbonate-hosted Pb-Zn", "Pb, Zn", 9): (unit == LIMESTONE)
        * near_late
        * (contact > 1500),
        ("placer Au", "Au", 6): (ground.mapped == ALLUVIUM) * np.exp(-contact / 3000),
    }
    tables = []
    for (kind, commodity, count), density in kinds.items():
        cells = _draw(rng, density.astype(float), count, 400)
        table = _describe(rng, cells, kind, commodity, ground)
        table["discovery_year"] = rng.integers(FIRST_YEAR, LAST_YEAR + 1, count)
        table["tonnage_Mt"] = (table["tonnage_Mt"] * 0.3).round(2)
        if "Cu" not in commodity:
            table["Cu_pct"] = np.nan
        if "Au" not in commodity:
            table["Au_g_t"] = np.nan
        tables.append(table.astype({"discovery_year": "Int64"}))
    return tables


def _name(table: pd.DataFrame, skip: int) -> pd.DataFrame:
    """Village names, each once, in Latin letters and in Chinese."""
    pairs = [
        (head[:-1] + tail[:-1], head[-1] + tail[-1])
        for tail in TAILS.split()
        for head in HEADS.split()
    ]
    order = stream(22).permutation(len(pairs))[skip : skip + len(table)]
    table = table.drop(columns="cell")
    table.insert(1, "name", [pairs[i][0] for i in order])
    table.insert(2, "name_zh", [pairs[i][1] for i in order])
    return table.assign(status=_status(table["tonnage_Mt"]))


def _status(tonnage: pd.Series) -> np.ndarray:
    return np.select(
        [tonnage > 15, tonnage > 3], ["deposit", "prospect"], default="showing"
    )
