"""A whole run of a tiny district: products, reuse, the same bytes."""

import hashlib
import json
import shutil
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
from shapely.geometry import box

import prospect
from prospect import run_district
from survey import DataProblems

MAPS = [
    f"maps/{what}_{model}"
    for what in ("score", "uncertainty")
    for model in ("weights_of_evidence", "logistic_regression")
]
COLUMNS = {"rank", "score", "score_max", "area_km2", "evidence_for", "evidence_against"}


def digests(folder):
    """Hash of every published file by name; times are not compared."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
        and path.relative_to(folder).parts[0] not in {"work", "timings.json", ".lock"}
    }


def run(path, **options):
    return run_district(path, out=path.parent / "result", scene=False, **options)


def made(result):
    return {record.name for record in result.steps if not record.reused}


def copy(path, folder):
    """Copy a district and its result; return the district file of the copy."""
    shutil.copytree(path.parent, folder)
    return folder / path.name


@pytest.fixture(autouse=True)
def _same_revision(monkeypatch):
    """Keep the revision of the code for the time of a test."""
    for module in ("_card", "_content", "_publish"):
        monkeypatch.setattr(f"prospect.job.{module}.code_revision", lambda: "0 (test)")


@pytest.fixture(scope="module")
def done(tiny_source, tmp_path_factory):
    """District file and result of a run that all tests share; not to be changed."""
    path = copy(tiny_source / "district.toml", tmp_path_factory.mktemp("run") / "a")
    with pytest.MonkeyPatch.context() as patch:
        for module in ("_card", "_content", "_publish"):
            name = f"prospect.job.{module}.code_revision"
            patch.setattr(name, lambda: "0 (test)")
        return path, run(path)


def test_maps_are_cogs_with_crs_nodata_and_style(done):
    _, result = done
    for name in MAPS:
        with rasterio.open(result.folder / f"{name}.tif") as grid:
            assert grid.crs.to_epsg() == 32754
            assert grid.transform[:6] == (100, 0, 400_000, 0, -100, 7_600_000)
            assert np.isnan(grid.nodata)
            assert grid.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            values = grid.read(1)
        assert values.shape == (50, 60)
        assert np.isfinite(values).any()
        assert np.nanmin(values) >= 0
        assert "rasterrenderer" in (result.folder / f"{name}.qml").read_text("utf-8")
    assert set(result.maps) == {"weights_of_evidence", "logistic_regression"}
    assert all(path.exists() for path in result.maps.values())


def test_targets_are_ranked_and_styled(done):
    _, result = done
    layers = {str(name) for name, _ in pyogrio.list_layers(result.targets)}
    assert {"targets", "layer_styles"} <= layers
    targets = gpd.read_file(result.targets, layer="targets")
    assert set(targets) >= COLUMNS
    assert targets.crs.to_epsg() == 32754
    assert targets["rank"].tolist() == list(range(1, len(targets) + 1))
    assert (targets.area / 1e6).round(6).tolist() == targets["area_km2"].tolist()
    assert (targets["score_max"] >= targets["score"]).all()


def test_manifest_names_inputs_and_outputs_with_their_hashes(done):
    path, result = done
    manifest = json.loads(result.manifest.read_text("utf-8"))
    inputs = {row["file"]: row["sha256"] for row in manifest["inputs"]}
    names = "deposits.gpkg district.toml faults.geojson mag.tif soil.csv"
    assert list(inputs) == names.split()
    for name, digest in inputs.items():
        content = (path.parent / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
    published = digests(result.folder)
    del published["manifest.json"]
    assert manifest["outputs"] == published
    assert manifest["random_state"] == 7
    assert manifest["code_revision"] == "0 (test)"
    assert {"python", "numpy", "scikit-learn"} <= set(manifest["versions"])
    assert str(path.parent) not in result.manifest.read_text("utf-8")


def test_report_cards_tables_and_summary_stand(done):
    _, result = done
    report = result.report.read_text("utf-8")
    assert report.startswith("<!DOCTYPE html>") or "<html" in report[:200]
    assert "http://" not in report.replace("http://www.w3.org", "")
    for model in result.maps:
        card = (result.folder / f"models/{model}/card.md").read_text("utf-8")
        assert "Held-out scores" in card
        assert (result.folder / f"models/{model}/model.skops").exists()
    for layer in ("mag", "fault_distance", "As"):
        assert (result.folder / f"tables/weights_{layer}.csv").exists()
    summary = json.loads((result.folder / "summary.json").read_text("utf-8"))
    assert summary["deposits"]["n_used"] == 40
    assert result.scene is None
    assert result.notes[-1] == "the 3D scene was not asked for"


def test_no_half_file_and_no_place_in_any_product(done):
    path, result = done
    assert not list(result.folder.rglob(".*.part*"))
    place = str(path.parent).encode()
    for name in digests(result.folder):
        assert place not in (result.folder / name).read_bytes(), name


def test_second_run_reuses_all_and_rewrites_nothing(done):
    path, first = done
    stamps = {
        name: (first.folder / name).stat().st_mtime_ns for name in digests(first.folder)
    }
    second = run(path)
    assert made(second) == set()
    for name, stamp in stamps.items():
        assert (first.folder / name).stat().st_mtime_ns == stamp, name


def test_same_bytes_from_another_folder_and_number_of_threads(done, tiny_source):
    path, first = done
    place = path.parents[1] / "更 deep" / "b"
    again = run(copy(tiny_source / "district.toml", place), n_jobs=1)
    assert digests(again.folder) == digests(first.folder)


@pytest.mark.slow
def test_every_model_and_the_scene_are_the_same_bytes(tiny_source, tmp_path):
    results = []
    for n_jobs in (1, 2):
        path = copy(tiny_source / "district.toml", tmp_path / str(n_jobs))
        more = '[[model]]\nkind = "random_forest"\n[[model]]\nkind = "lightgbm"\n'
        text = path.read_text("utf-8").replace("[validation]", more + "[validation]")
        path.write_text(text, encoding="utf-8")
        out = path.parent / "result"
        results.append(run_district(path, out=out, n_jobs=n_jobs))
    first, second = (digests(result.folder) for result in results)
    assert first == second
    assert results[0].scene is None or "scene.html" in first


def test_same_bytes_from_within_the_folder(done, tmp_path, monkeypatch):
    path, first = done
    folder = copy(path, tmp_path / "c").parent
    monkeypatch.chdir(folder)
    result = run_district("district.toml", out="again", scene=False)
    assert digests(result.folder) == digests(first.folder)


def test_scene_of_an_earlier_run_is_not_passed_off_as_new(done, tmp_path, monkeypatch):
    path, first = done
    path = copy(path, tmp_path / "c")

    def draw(score, *, png, html, **_):
        png.write_bytes(b"a picture")
        return SimpleNamespace(message=None)

    monkeypatch.setitem(vars(prospect.scene), "render_scene", draw)
    drawn = run_district(path, out=path.parent / "result")
    assert drawn.scene is not None
    assert made(drawn) == {"scene", "report"}
    assert made(run_district(path, out=path.parent / "result")) == set()
    again = run(path)
    assert again.scene is None
    assert digests(again.folder) == digests(first.folder)


def test_fresh_run_computes_all_and_gives_the_same_bytes(done, tmp_path):
    path, first = done
    again = run(copy(path, tmp_path / "c"), fresh=True)
    assert made(again) == {record.name for record in first.steps}
    assert digests(again.folder) == digests(first.folder)


def test_another_language_redraws_figures_and_report_only(done, tmp_path):
    path, first = done
    again = run(copy(path, tmp_path / "c"), lang="zh")
    assert made(again) == {"figures", "report"}
    before, after = digests(first.folder), digests(again.folder)
    assert set(before) == set(after)
    changed = {name for name in before if before[name] != after[name]}
    kinds = {name.split("/")[0] for name in changed}
    assert kinds == {"figures", "report.html", "manifest.json"}


def test_changed_evidence_reruns_what_depends_on_it(done, tmp_path):
    path, _ = done
    path = copy(path, tmp_path / "c")
    soil = path.parent / "soil.csv"
    soil.write_text(soil.read_text().replace("A000,", "B000,"))
    again = run(path)
    assert {"evidence:mag", "evidence:fault_distance"}.isdisjoint(made(again))
    assert {"evidence:As", "training", "report"} <= made(again)


def test_warnings_name_files_as_the_district_does(done, tmp_path):
    path, _ = done
    path = copy(path, tmp_path / "c")
    text = path.read_text("utf-8")
    path.write_text(text.replace("[400000, 406000,", "[400000, 405000,"))
    again = run(path)
    notes = [note for note in again.notes if "lie outside the region" in note]
    assert len(notes) == 1
    assert notes[0].startswith("deposits.gpkg: ")
    assert notes[0] in again.report.read_text("utf-8")
    place = str(tmp_path).encode()
    for name in digests(again.folder):
        assert place not in (again.folder / name).read_bytes(), name


def test_odd_but_usable_input_runs_to_the_end_and_says_so(done, tmp_path):
    path, _ = done
    path = copy(path, tmp_path / "c")
    with rasterio.open(path.parent / "mag.tif", "r+") as grid:
        values = grid.read(1)
        values[:10, :10] = np.inf
        grid.write(values, 1)
    half = box(400_000, 7_595_000, 403_000, 7_600_000)
    gpd.GeoSeries([half], crs="EPSG:32754").to_file(path.parent / "half.geojson")
    sections = '\n[mask]\nfile = "half.geojson"\n[targets]\nmin_area_km2 = 1000\n'
    path.write_text(path.read_text("utf-8") + sections, encoding="utf-8")
    again = run(path)
    assert any("layer 'mag', value 'inf': 100 cells are" in n for n in again.notes)
    summary = json.loads((again.folder / "summary.json").read_text("utf-8"))
    deposits = gpd.read_file(path.parent / "deposits.gpkg")
    beyond = int((deposits.geometry.x > 403_000).sum())
    assert summary["deposits"]["dropped"]["no_evidence"] == beyond > 0
    assert summary["deposits"]["n_used"] == 40 - beyond
    assert summary["targets"] == []
    assert len(gpd.read_file(again.targets, layer="targets")) == 0
    with rasterio.open(again.folder / f"{MAPS[0]}.tif") as grid:
        score = grid.read(1)
    assert np.isnan(score[:, 30:]).all()
    assert np.isfinite(score[:, :30]).all()


def test_fewer_deposits_with_evidence_than_folds_are_refused(tiny):
    corner = box(400_000, 7_595_000, 400_300, 7_595_300)
    gpd.GeoSeries([corner], crs="EPSG:32754").to_file(tiny.parent / "mask.geojson")
    text = tiny.read_text("utf-8") + '\n[mask]\nfile = "mask.geojson"\n'
    tiny.write_text(text, encoding="utf-8")
    with pytest.raises(
        DataProblems, match=r"0 of 40 deposits .* check mask and extent"
    ):
        run(tiny)


def test_model_that_is_taken_out_leaves_the_result(done, tmp_path):
    path, _ = done
    path = copy(path, tmp_path / "c")
    text = path.read_text("utf-8")
    path.write_text(text.replace('[[model]]\nkind = "logistic_regression"\n', ""))
    (path.parent / "result" / "mine.txt").write_text("the user's own")
    again = run(path)
    assert not [name for name in digests(again.folder) if "logistic" in name]
    assert (again.folder / "mine.txt").exists()
    outputs = json.loads(again.manifest.read_text("utf-8"))["outputs"]
    assert not [name for name in outputs if "logistic" in name]
    assert not {"fit:weights_of_evidence", "map:weights_of_evidence"} & made(again)


def test_damaged_product_and_work_file_are_made_again(done, tmp_path):
    path, first = done
    before = digests(first.folder)
    path = copy(path, tmp_path / "c")
    result = path.parent / "result"
    (result / "report.html").write_text("scribbled over")
    (result / "targets.gpkg").unlink()
    (result / "work" / "training.json").write_text("{")
    (result / "work" / "steps" / "layers.json").write_text("not json")
    again = run(path)
    assert {"layers", "training"} <= made(again)
    assert digests(again.folder) == before


def test_unknown_language_is_refused(tiny):
    with pytest.raises(ValueError, match=r"lang must be 'en' or 'zh', got 'fr'"):
        run(tiny, lang="fr")


def test_progress_is_told_of_every_step_in_order(done):
    path, first = done
    told = []
    run(path, progress=lambda *step: told.append(step))
    assert [name for name, _, _ in told] == [*(r.name for r in first.steps), "done"]
    assert [n for _, n, _ in told[:-1]] == list(range(len(first.steps)))
