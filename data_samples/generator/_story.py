"""The geological story in numbers: units, faults, stocks and how deposits follow."""

from __future__ import annotations

from typing import NamedTuple


class Unit(NamedTuple):
    """
    One map unit and its rock properties.

    Density in kg/m³, susceptibility in SI, erodibility relative; `copper` is the
    background in ppm, `colour` the reflectance at 490, 560, 665, 842, 1610, 2190 nm.
    """

    code: int
    symbol: str
    name: str
    name_zh: str
    age: str
    lithology: str
    density: float
    susceptibility: float
    erodibility: float
    copper: float
    colour: tuple[float, ...]


SCHIST, SANDSTONE, QUARTZITE, LIMESTONE, SILTSTONE = 1, 2, 3, 4, 5
ANDESITE, GRANITE, PORPHYRY, ALLUVIUM = 6, 7, 8, 9

UNITS = (
    Unit(SCHIST, "Pt", "Shuanghe schist", "双河片岩", "Proterozoic", "schist",
         2730, 0.0010, 0.80, 26, (0.08, 0.10, 0.13, 0.19, 0.24, 0.19)),
    Unit(SANDSTONE, "S", "Lianhua sandstone", "莲花组砂岩", "Silurian", "sandstone",
         2610, 0.0002, 0.95, 16, (0.11, 0.15, 0.20, 0.27, 0.34, 0.29)),
    Unit(QUARTZITE, "D", "Guanshan quartzite", "关山组石英砂岩", "Devonian",
         "quartzite", 2640, 0.0001, 0.42, 9, (0.17, 0.20, 0.23, 0.28, 0.33, 0.30)),
    Unit(LIMESTONE, "C-P", "Bixi limestone", "碧溪组灰岩", "Carboniferous-Permian",
         "limestone", 2700, 0.0001, 0.62, 12, (0.20, 0.24, 0.27, 0.32, 0.36, 0.29)),
    Unit(SILTSTONE, "T", "Hongtu siltstone", "红土组粉砂岩", "Triassic", "siltstone",
         2560, 0.0003, 1.45, 24, (0.07, 0.11, 0.21, 0.28, 0.33, 0.26)),
    Unit(ANDESITE, "K", "Yanwu andesite", "烟雾组安山岩", "Cretaceous", "andesite",
         2690, 0.0120, 0.58, 42, (0.06, 0.07, 0.09, 0.13, 0.17, 0.16)),
    Unit(GRANITE, "γT", "Laoying granite", "老营花岗岩", "Triassic", "granite",
         2600, 0.0025, 0.50, 8, (0.15, 0.18, 0.22, 0.27, 0.32, 0.28)),
    Unit(PORPHYRY, "γδπK", "Bixi granodiorite porphyry", "碧溪花岗闪长斑岩",
         "Late Cretaceous", "granodiorite porphyry",
         2655, 0.0280, 0.75, 48, (0.13, 0.16, 0.20, 0.25, 0.31, 0.27)),
    Unit(ALLUVIUM, "Q", "Alluvium", "第四系冲积层", "Quaternary", "gravel and sand",
         2000, 0.0005, 2.00, 22, (0.12, 0.15, 0.19, 0.26, 0.31, 0.27)),
)  # fmt: skip


class FaultLine(NamedTuple):
    """A fault: set, centre in km from the south-west corner, azimuth, length in km."""

    name: str
    name_zh: str
    fault_set: str
    centre: tuple[float, float]
    azimuth: float
    length: float
    throw: float


FAULTS = (
    FaultLine("Bixi fault", "碧溪断裂", "NE", (8.2, 8.6), 44, 21.0, 0.22),
    FaultLine("Hedong fault", "河东断裂", "NE", (13.6, 7.4), 47, 17.0, -0.16),
    FaultLine("Shishan fault", "石山断裂", "NE", (4.2, 12.6), 40, 12.0, 0.14),
    FaultLine("Liujia fault", "柳家断裂", "NE", (15.8, 14.8), 51, 9.5, 0.0),
    FaultLine("Taohua fault", "桃花断裂", "NE", (11.2, 14.6), 42, 8.0, 0.0),
    FaultLine("Yangchang fault", "羊场断裂", "NE", (5.0, 4.6), 48, 7.5, 0.0),
    FaultLine("Xiaowan fault", "小湾断裂", "NE", (17.2, 4.4), 43, 6.5, 0.0),
    FaultLine("Dongling fault", "东岭断裂", "NE", (9.4, 17.6), 46, 5.5, 0.0),
    FaultLine("Baishui fault", "白水断裂", "NW", (6.6, 6.4), 318, 9.5, 0.0),
    FaultLine("Heilong fault", "黑龙断裂", "NW", (12.4, 10.6), 322, 14.0, -0.10),
    FaultLine("Qingfeng fault", "青峰断裂", "NW", (16.6, 10.2), 314, 8.5, 0.0),
    FaultLine("Nanshan fault", "南山断裂", "NW", (10.6, 3.0), 325, 6.0, 0.0),
    FaultLine("Xiling fault", "西岭断裂", "NW", (3.2, 16.2), 316, 7.0, 0.0),
    FaultLine("Lengshui fault", "冷水断裂", "NW", (14.2, 17.4), 320, 5.0, 0.0),
    FaultLine("Hengshan fault", "横山断裂", "EW", (10.2, 11.4), 92, 18.0, 0.12),
    FaultLine("Changping fault", "长坪断裂", "EW", (8.8, 5.6), 87, 11.0, 0.0),
    FaultLine("Beipo fault", "北坡断裂", "EW", (13.2, 16.6), 95, 9.0, 0.0),
)


class Stock(NamedTuple):
    """
    A porphyry stock on a fault of the NE set.

    `along` is the share of the fault's length at its centre, `radius` in m at the
    surface, `top` its depth in m (0: it crops out), `fertile` scales alteration.
    """

    name: str
    name_zh: str
    fault: int
    along: float
    radius: float
    top: float
    fertile: float


STOCKS = (
    Stock("Bixi stock", "碧溪岩体", 0, 0.46, 1050, 0, 1.0),
    Stock("Tongjing stock", "铜井岩体", 0, 0.74, 700, 0, 0.9),
    Stock("Nanhe stock", "南河岩体", 0, 0.20, 560, 0, 0.8),
    Stock("Hedong stock", "河东岩体", 1, 0.30, 820, 0, 1.0),
    Stock("Songlin stock", "松林岩体", 1, 0.62, 620, 0, 0.9),
    Stock("Shishan stock", "石山岩体", 2, 0.38, 680, 0, 0.8),
    Stock("Liujia stock", "柳家岩体", 3, 0.58, 760, 0, 0.9),
    Stock("Taohua stock", "桃花岩体", 4, 0.55, 480, 0, 0.9),
    Stock("Yangchang stock", "羊场岩体", 5, 0.36, 430, 0, 0.7),
    Stock("Xiaowan stock", "小湾隐伏岩体", 6, 0.55, 640, 250, 0.9),
)


class Rule(NamedTuple):
    """How deposits follow geology: terms of the logarithm of their intensity."""

    fault_weight: float = 1.9
    fault_reach: float = 500.0
    contact_weight: float = 3.1
    contact_reach: float = 650.0
    alteration_weight: float = 1.8
    host_weight: float = 0.8
    hosts: tuple[int, ...] = (LIMESTONE, ANDESITE, PORPHYRY)
    cover_penalty: float = 0.0
    discovered: int = 60
    hidden: int = 15
    min_spacing: float = 260.0
    road_reach: float = 2200.0
    cover_factor: float = 0.22


class Field(NamedTuple):
    """The geomagnetic field (nT, degrees) and the height of the surveys (m)."""

    intensity: float = 48_900.0
    inclination: float = 46.0
    declination: float = -3.5
    magnetic_height: float = 120.0
    gravity_height: float = 0.5


RULE = Rule()
FIELD = Field()
