import json
import re
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
import xarray as xr
from geopandas.testing import assert_geodataframe_equal
from matplotlib.image import imread

from prospect.report import Words
from prospect.scene import (
    OffscreenStatus,
    SceneFiles,
    _page,
    _scene,
    probe_offscreen,
    render_scene,
)

FINE = OffscreenStatus(True, "works", "", None)


@pytest.fixture
def fake_drawing(monkeypatch):
    """A drawing process that leaves a picture and a scene without any OpenGL."""
    from PIL import Image

    def run(command, **options):
        folder = _scene.Path(command[-1])
        run.job = json.loads((folder / "job.json").read_text())
        with np.load(folder / "arrays.npz") as arrays:
            run.arrays = dict(arrays)
        pixels = np.full((60, 90, 3), 255, np.uint8)
        pixels[20:40, 30:60] = (90, 20, 60)
        Image.fromarray(pixels).save(folder / "scene.png")
        (folder / "scene.vtksz").write_bytes(b"scene")
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(_scene, "probe_offscreen", lambda: FINE)
    monkeypatch.setattr(_scene.subprocess, "run", run)
    return run


def test_picture_and_page_without_opengl_of_our_own(
    fake_drawing, score, elevation, deposits, targets, tmp_path
):
    files = render_scene(
        score,
        elevation=elevation,
        deposits=deposits.to_crs("EPSG:4326"),
        targets=targets,
        png=tmp_path / "s.png",
        html=tmp_path / "s.html",
    )
    assert files == SceneFiles(tmp_path / "s.png", tmp_path / "s.html", "")
    assert imread(files.png)[..., :3].std() > 0.01
    page = files.html.read_text(encoding="utf-8")
    for part in ("deposits (2)", "targets (1)", "top 1 %", "no data", "heights × "):
        assert part in page
    assert len(fake_drawing.arrays["deposits"]) == 2
    assert np.abs(fake_drawing.arrays["points"]).max() < 10
    assert fake_drawing.job["x_ticks"] == [452, 454]


def test_page_asks_no_other_host(fake_drawing, score, tmp_path):
    page = render_scene(score, html=tmp_path / "s.html", lang="zh").html.read_text()
    assert "OfflineLocalView.load(" in page
    assert '<html lang="zh-CN">' in page
    assert "<title>地形上的找矿远景</title>" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"']?(https?:)?//", page)
    assert "kitware.github.io/vtk-js/icon" not in page
    assert page.count("</body>") == 1
    assert page.index("loadDataSet() {") < page.index("</body>")


def test_flat_ground_is_said(fake_drawing, score, tmp_path):
    files = render_scene(score, png=tmp_path / "s.png")
    assert files.html is None
    assert files.message == "No elevation was given: the ground is drawn flat."
    assert not list(tmp_path.glob("*.html"))


def test_inputs_are_left_as_they_were(
    fake_drawing, score, elevation, deposits, targets
):
    before = [score.copy(deep=True), elevation.copy(deep=True)]
    tables = [deposits.copy(), targets.copy()]
    render_scene(score, elevation=elevation, deposits=deposits, targets=targets)
    xr.testing.assert_identical(score, before[0])
    xr.testing.assert_identical(elevation, before[1])
    assert_geodataframe_equal(deposits, tables[0])
    assert_geodataframe_equal(targets, tables[1])


def test_lazy_scene_is_the_scene_in_memory(fake_drawing, score, elevation):
    render_scene(score, elevation=elevation)
    expected = fake_drawing.arrays
    render_scene(score.chunk(y=9, x=11), elevation=elevation.chunk(y=13))
    for name, values in fake_drawing.arrays.items():
        np.testing.assert_array_equal(values, expected[name])


def test_page_too_large_is_left_out(fake_drawing, score, tmp_path, monkeypatch):
    monkeypatch.setattr(_scene, "MOST_BYTES", 1000)
    files = render_scene(score, png=tmp_path / "s.png", html=tmp_path / "s.html")
    assert files.png.exists()
    assert files.html is None
    assert "the 3D page was left out" in files.message


def test_machine_without_opengl_gets_a_message(score, tmp_path, monkeypatch, caplog):
    none = OffscreenStatus(False, "no off-screen OpenGL", "apt-get install libosmesa6")
    monkeypatch.setattr(_scene, "probe_offscreen", lambda: none)
    files = render_scene(score, png=tmp_path / "s.png", html=tmp_path / "s.html")
    assert files.png is None
    assert files.html is None
    assert files.message.endswith("Remedy: apt-get install libosmesa6")
    assert "left out" in caplog.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("code", "says"), [(-11, "crashed (signal 11)"), (1, "code 1: ValueError: no")]
)
def test_crash_while_drawing_never_reaches_the_caller(
    score, tmp_path, monkeypatch, code, says
):
    done = SimpleNamespace(returncode=code, stderr="Traceback\nValueError: no\n")
    monkeypatch.setattr(_scene, "probe_offscreen", lambda: FINE)
    monkeypatch.setattr(_scene.subprocess, "run", lambda *_, **__: done)
    path = tmp_path / "s.png"
    path.write_bytes(b"the last good picture")
    files = render_scene(score, png=path)
    assert files.png is None
    assert says in files.message
    assert path.read_bytes() == b"the last good picture"


def test_data_in_the_legend_are_escaped():
    legend = [{"label": "<b>x</b>", "colour": '"><script>'}]
    page = _page.make_page(b"", words=Words("en"), notes=["a < b"], legend=legend)
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert "a &lt; b" in page
    assert "<b>x</b>" not in page


def test_refusals(score, elevation, deposits):
    with pytest.raises(ValueError, match="exaggeration=-1 must be a positive number"):
        render_scene(score, exaggeration=-1)
    with pytest.raises(ValueError, match="exaggeration='much' must be"):
        render_scene(score, exaggeration="much")
    with pytest.raises(ValueError, match="score grid has no CRS"):
        render_scene(score.drop_vars("spatial_ref"))
    with pytest.raises(ValueError, match=r"align them with survey\.match_grid"):
        render_scene(score, elevation=elevation.rio.write_crs("EPSG:32655"))
    with pytest.raises(ValueError, match="holds no value at all"):
        render_scene(score.where(False))


def test_features_without_crs_are_refused(fake_drawing, score, deposits):
    bare = gpd.GeoDataFrame(geometry=deposits.geometry.to_numpy())
    with pytest.raises(ValueError, match="features without a CRS"):
        render_scene(score, deposits=bare)


@pytest.mark.system
def test_real_picture_is_not_blank(score, elevation, deposits, targets, tmp_path):
    if not probe_offscreen().ok:
        pytest.skip(probe_offscreen().remedy)
    layers = {"elevation": elevation, "deposits": deposits, "targets": targets}
    files = render_scene(
        score, **layers, png=tmp_path / "s.png", html=tmp_path / "s.html"
    )
    assert files.message == ""
    assert imread(files.png)[..., :3].std() > 0.05
    assert 1e6 < files.html.stat().st_size < 5e6
    again = render_scene(
        score, **layers, png=tmp_path / "t.png", html=tmp_path / "t.html"
    )
    assert again.html.read_bytes() == files.html.read_bytes()
    assert again.png.read_bytes() == files.png.read_bytes()


@pytest.mark.system
def test_single_row_can_be_drawn(score, tmp_path):
    if not probe_offscreen().ok:
        pytest.skip(probe_offscreen().remedy)
    narrow = score.isel(y=slice(10, 11))
    assert render_scene(narrow, png=tmp_path / "s.png").png.exists()
