"""The main job on real districts: it ends, and says what the data can bear."""

import json
from pathlib import Path

import geopandas as gpd
import pytest
import rasterio

from prospect import check_district, run_district

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "data_samples" / "districts"
SETS = {
    "cloncurry_iocg": ("mpm/cloncurry_iocg", 252),
    "gawler_1km": ("mpm/gawler_vectors", 6000),
    "murchison_gold": ("mpm/murchison_gold", 254),
    "lapland_till": ("geochem/gtk_till_central_lapland", 10),
}


@pytest.fixture
def mirror(real_data, monkeypatch):
    """Let the registry take real data from where the tests have them."""

    def point(name):
        monkeypatch.setenv("PROSPECT_DATA_DIR", str(real_data(name).parents[1]))

    return point


def auc(result, folds, of="model"):
    content = json.loads((result.folder / "summary.json").read_text("utf-8"))
    best = next(m for m in content["models"] if m["key"] == content["best_model"])
    return content, next(
        row
        for row in best["scores"]
        if (row["folds"], row["model"], row["score"]) == (folds, of, "auc")
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", SETS)
def test_runs_to_maps_targets_and_report(name, mirror, tmp_path):
    data, n_least = SETS[name]
    mirror(data)
    path = FOLDER / f"{name}.toml"
    assert not [p for p in check_district(path) if p.severity == "error"]
    result = run_district(path, out=tmp_path / "out", scene=False)
    content, blocks = auc(result, "blocks")
    assert content["deposits"]["n_used"] >= n_least
    for file in result.maps.values():
        with rasterio.open(file) as grid:
            assert grid.crs is not None
            assert grid.overviews(1) or max(grid.shape) <= 512
    targets = gpd.read_file(result.targets, layer="targets")
    assert targets["rank"].tolist() == list(range(1, len(targets) + 1))
    assert "evidence_for" in targets
    few = content["deposits"]["n_independent"] < 2
    assert (blocks["low"] is None) == few, "an interval needs independent deposits"


@pytest.mark.slow
def test_cloncurry_scores_stand_beside_the_null_model(mirror, tmp_path):
    mirror("mpm/cloncurry_iocg")
    path = FOLDER / "cloncurry_iocg.toml"
    result = run_district(path, out=tmp_path / "out", scene=False)
    _, blocks = auc(result, "blocks")
    _, random = auc(result, "random")
    _, null = auc(result, "random", of="null_distance")
    assert 0.6 < blocks["pooled"] < random["pooled"], "random folds flatter"
    assert null["pooled"] > random["pooled"], "so near is a good guess on random folds"


def test_murchison_without_its_crs_is_refused(mirror, tmp_path):
    mirror("mpm/murchison_gold")
    text = (FOLDER / "murchison_gold.toml").read_text("utf-8")
    header, rest = text.split("[[evidence]]", 1)
    rest = rest.replace('crs = "EPSG:20350"\n', "")
    path = tmp_path / "district.toml"
    path.write_text(header + "[[evidence]]" + rest, "utf-8")
    problems = check_district(path)
    silent = [
        p for p in problems if "no coordinate system" in p.what and "crs=" in p.remedy
    ]
    files = {Path(p.file).name for p in silent}
    assert files == {"fault_segments.csv", "greenstone.gpkg", "gold_deposits.csv"}
