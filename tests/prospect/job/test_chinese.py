"""A run for a Chinese reader: the report, the notes, and the same in English later."""

import json
import shutil

import geopandas as gpd
import pytest
from shapely.geometry import Point

from prospect import run_district
from prospect.report import write_report

LEAK = """\
[[evidence]]
name = "known"
title_zh = "到已知矿床的距离"
file = "deposits.gpkg"
treatment = "distance_to"

"""


@pytest.fixture(scope="module")
def done(tiny_source, tmp_path_factory):
    """Result and summary of a run with a layer that leaks and a deposit outside."""
    folder = tmp_path_factory.mktemp("chinese") / "district"
    shutil.copytree(tiny_source, folder)
    deposits = gpd.read_file(folder / "deposits.gpkg")
    deposits.loc[0, "geometry"] = Point(300_000, 7_500_000)
    deposits.to_file(folder / "deposits.gpkg")
    path = folder / "district.toml"
    text = path.read_text(encoding="utf-8").replace("[deposits]", LEAK + "[deposits]")
    path.write_text(text, encoding="utf-8")
    result = run_district(path, out=folder / "result", lang="zh", scene=False)
    return result, json.loads((result.folder / "summary.json").read_text("utf-8"))


def test_report_of_a_real_run_is_chinese(done, english_left):
    result, content = done
    page = result.report.read_text(encoding="utf-8")
    assert english_left(page, data=[content["district"]["crs_name"]]) == []
    for part in (
        "40 处矿床中有 1 处位于工区之外",
        "图层“到已知矿床的距离”：该图层随到矿床的距离变化",
        "<td>位于工区之外</td>",
        "本次未要求绘制三维场景",
        "圈定规则：靶区为得分最高的",
        "到已知矿床的距离（+",
    ):
        assert part in page


def test_notes_for_the_caller_are_english_and_can_be_said_in_chinese(done):
    result, _ = done
    assert len(result.notes) == 3
    for note, part in zip(
        result.notes,
        ("1 of 40 deposits lie outside", "layer 'known': the layer follows", "3D"),
        strict=True,
    ):
        assert part in note
        assert not note.say("zh").isascii()


def test_summary_of_a_chinese_run_gives_an_english_report(done, tmp_path):
    result, content = done
    page = write_report(content, tmp_path / "english.html", lang="en")
    text = page.read_text(encoding="utf-8")
    for part in (
        "1 of 40 deposits lie outside the region",
        "layer &#39;known&#39;: the layer follows the distance to the deposits",
        "Rule: Targets are the",
        "the model beats the distance to known deposits",
    ):
        assert part in text
    for model in content["models"]:
        assert model["difference"]["low"] <= model["difference"]["value"]
    reasons = gpd.read_file(result.targets)["evidence_for"]
    assert reasons.str.contains("known (+", regex=False).any()
