"""The widgets in a real JupyterLab in a real browser, which reaches nothing else."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from ._lab import PANEL, ROOT, execute, in_view

pytestmark = pytest.mark.system

DATA = """
import geopandas as gpd, numpy as np, rioxarray, xarray as xr
from prospect import view
draw = np.random.default_rng(4)
y, x = 3_400_000 - 100 * (np.arange(40) + 0.5), 500_000 + 100 * (np.arange(60) + 0.5)
values = np.add.outer(np.arange(40.0), np.arange(60.0))
values[:, :20] = np.nan
crs = "+proj=tmerc +lat_0=0 +lon_0=103.5 +k=1 +x_0=500000 +ellps=GRS80 +units=m"
def grid(values, **attrs):
    made = xr.DataArray(values, {"y": y, "x": x}, ("y", "x"), attrs=attrs)
    return made.rio.write_crs(crs)
copper = grid(values, units="ppm", long_name="Copper")
rocks = grid(draw.integers(1, 3, (40, 60)).astype(float), kind="categorical",
             classes={1: "granite", 2: "schist"}, long_name="Rocks")
"""
SAMPLES = """
samples = gpd.GeoDataFrame(
    {"sample_id": [f"S{i}" for i in range(40)], "Cu_ppm": np.arange(40) + 1.0,
     "Zn_ppm": np.arange(40) * 2 + 1.0, "Cu_ppm_censored": np.arange(40) < 4},
    geometry=gpd.points_from_xy(500_000 + 100.0 * np.arange(40), np.full(40, 3.398e6)),
    crs=crs)
"""
CUBE = """
waves = np.linspace(2000.0, 2490.0, 50)
cube = xr.DataArray(
    draw.random((50, 30, 40)), {"wavelength": waves}, ("wavelength", "y", "x"))
"""


def colours(locator):
    """Different colours of what an element shows, as an array of the picture."""
    picture = Image.open(io.BytesIO(locator.screenshot())).convert("RGB")
    return np.asarray(picture)


def test_a_click_on_the_map_says_what_the_cell_holds(lab):
    show = "m = view.view_map({'copper': copper, 'rocks': rocks}, lang='zh'); m"
    page = lab.open("map", DATA, show)
    canvas = page.locator(".pv-map canvas")
    box = in_view(canvas)
    assert len(np.unique(colours(canvas).reshape(-1, 3), axis=0)) > 50
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.45)
    page.locator(".pv-map table td").first.wait_for()
    shown = page.locator(".pv-map table td").first.inner_text()
    told = json.loads(
        execute(
            page,
            "import json; row = m.picked.iloc[0]\n"
            "there = copper.sel(x=row.x, y=row.y, method='nearest')\n"
            "print(json.dumps([row.copper, float(there), row.rocks_label]))",
        )
    )
    assert told[0] == told[1]
    assert shown == f"{told[0]:g} ppm"
    assert page.locator(".pv-map table td").nth(1).inner_text().startswith(told[2])

    box = in_view(canvas)
    page.keyboard.down("Shift")
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.45)
    page.keyboard.up("Shift")
    page.locator(".pv-map table td.gap").wait_for()
    assert page.locator(".pv-map table td.gap").inner_text() == "未知（此处无数据）"
    assert page.locator(".pv-map").get_by_text("granite").count()

    before = colours(canvas)
    page.locator(".pv-map select[data-name='layer']").select_option("1")
    page.locator(".pv-map .legend .entry").first.wait_for()
    page.wait_for_function(
        "() => document.querySelector('.pv-map .legend').innerText.includes('Rocks')"
    )
    page.wait_for_timeout(500)
    assert (colours(canvas) != before).any()

    box = in_view(canvas)
    middle = box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.45
    before = colours(canvas)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] - 60, middle[1] + 30, steps=4)
    page.mouse.up()
    page.locator(".pv-map .zoom button").first.click()
    assert (colours(canvas) != before).mean() > 0.02
    page.close()


def test_a_box_in_the_plot_marks_the_samples_of_the_map(lab):
    show = "l = view.view_linked(samples, x='Cu_ppm', y='Zn_ppm'); l"
    page = lab.open("linked", DATA, SAMPLES, show)
    plot, ground = (page.locator(".pv-linked canvas").nth(i) for i in (0, 1))
    box = in_view(plot)
    before = colours(ground)
    page.mouse.move(box["x"] + 62, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.55, box["y"] + 390, steps=5)
    page.mouse.up()
    page.wait_for_timeout(700)
    n = int(execute(page, "print(len(l.selected))"))
    assert 10 < n < 30
    told = execute(
        page, "print(sorted(l.selected.Cu_ppm) == list(range(1, len(l.selected) + 1)))"
    )
    assert told.strip() == "True"
    assert (
        page.locator(".pv-linked .told")
        .inner_text()
        .startswith(f"{n} of 40 marked: S0")
    )
    assert (colours(ground) != before).any()

    box = in_view(ground)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + 380, steps=5)
    page.mouse.up()
    page.wait_for_timeout(700)
    assert (
        execute(page, "print(l.selected.index.tolist() == list(range(20, 40)))").strip()
        == "True"
    )
    page.close()


def test_the_scene_turns_under_the_mouse(lab):
    show = "s = view.view_scene((copper / 100).rename('score'), lang='zh'); s"
    page = lab.open("scene", DATA, show)
    frame = page.locator("iframe[srcdoc]")
    frame.wait_for()
    inside = page.frame_locator("iframe[srcdoc]")
    inside.locator("canvas").wait_for()
    inside.get_by_text("地形上的找矿远景").first.wait_for()
    box = in_view(frame)
    canvas = inside.locator("canvas")
    for _ in range(60):
        before = colours(canvas)
        if len(np.unique(before.reshape(-1, 3), axis=0)) > 100:
            break
        page.wait_for_timeout(500)
    assert len(np.unique(before.reshape(-1, 3), axis=0)) > 100, "the canvas is blank"
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 160, middle[1] + 40, steps=8)
    page.mouse.up()
    page.wait_for_timeout(1500)
    after = colours(canvas)
    assert (before != after).any(axis=-1).mean() > 0.03, "the scene did not turn"
    assert len(np.unique(after.reshape(-1, 3), axis=0)) > 100
    page.close()


def test_a_click_in_the_cube_draws_its_spectrum(lab):
    page = lab.open("cube", DATA, CUBE, "c = view.view_cube(cube); c")
    picture = page.locator(".cube-viewer img")
    box = in_view(picture)
    page.mouse.click(box["x"] + box["width"] * 0.31, box["y"] + box["height"] * 0.62)
    page.locator(".cube-viewer path.spectrum").wait_for()
    told = json.loads(
        execute(
            page,
            "import json; one = c.spectra[0]\n"
            "print(json.dumps([one['row'], one['column'], bool(np.allclose(one['y'], "
            "cube[:, one['row'], one['column']], atol=1e-6))]))",
        )
    )
    assert told == [18, 12, True]
    page.close()


def test_a_notebook_opened_again_shows_the_still_picture(lab):
    name = "again"
    page = lab.open(name, DATA, "view.view_map(copper)")
    page.locator(".pv-map canvas").wait_for()
    still = page.locator(f"{PANEL} .jp-OutputArea-output img")
    still.wait_for(state="attached")
    assert not still.is_visible(), "the widget hides the picture while it lives"
    page.keyboard.press("Control+s")
    page.wait_for_timeout(1500)
    page.close()
    saved = json.loads((lab.folder / f"{name}.ipynb").read_text("utf-8"))
    assert "image/png" in saved["cells"][1]["outputs"][1]["data"]
    lab.stop_kernels()
    page = lab.open_again(name)
    page.locator(f"{PANEL} .jp-OutputArea-output img").wait_for()
    page.close()


def test_an_exported_page_shows_pictures_without_a_network(lab, tmp_path):
    import nbformat
    from nbclient import NotebookClient
    from nbconvert import HTMLExporter

    cells = [DATA, "view.view_map(copper)"]
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(text) for text in cells]
    resources = {"metadata": {"path": str(ROOT)}}
    done = NotebookClient(
        notebook, kernel_name="python3", resources=resources
    ).execute()
    page = tmp_path / "page.html"
    page.write_text(HTMLExporter().from_notebook_node(done)[0], "utf-8")
    shown = lab.browser.new_page()
    shown.goto(page.as_uri())
    image = shown.locator("img[alt^='Still picture']")
    image.wait_for()
    assert image.evaluate("one => one.naturalWidth") > 400
    shown.close()
