"""The report and the 3D page, opened in a real browser that can reach nothing else."""

import shutil
import subprocess

import numpy as np
import pytest

from prospect import run_district, sample_district

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = sample_district(tmp_path_factory.mktemp("browser") / "district")
    text = (folder / "district.toml").read_text("utf-8")
    head, models = text.split("[[model]]", 1)
    kept = '[[model]]\nkind = "logistic_regression"\n\n[validation]'
    text = head + kept + models.split("[validation]", 1)[1]
    text = text.replace('model = "random_forest"\n', "")
    (folder / "district.toml").write_text(text, "utf-8")
    return run_district(folder / "district.toml", out=folder / "result", lang="zh")


def browse(page, folder, *, milliseconds):
    """Picture of a page, as an array, and the page's text after its scripts ran."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "the system tests need chromium: make test-system installs it"
    picture = folder / "page.png"
    common = [chromium, *FLAGS, f"--virtual-time-budget={milliseconds}"]
    common += [f"--user-data-dir={folder / 'profile'}", "--window-size=1200,900"]
    for extra in ([f"--screenshot={picture}"], ["--dump-dom"]):
        done = subprocess.run(
            [*common, *extra, page.as_uri()],
            capture_output=True,
            timeout=120,
            check=True,
        )
    from PIL import Image

    return np.asarray(Image.open(picture).convert("RGB")), done.stdout.decode()


@pytest.mark.system
def test_report_opens_and_leads_with_the_answer(result, tmp_path):
    pixels, text = browse(result.report, tmp_path, milliseconds=3000)
    assert "到哪里找" in text
    assert "碧溪" in text
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 500, "the map is drawn"


@pytest.mark.system
def test_scene_draws_terrain_in_the_page(result, tmp_path):
    page = result.scene.with_name("scene.html")
    pixels, text = browse(page, tmp_path, milliseconds=15000)
    assert "<canvas" in text
    middle = pixels[250:650, 250:950].reshape(-1, 3)
    assert len(np.unique(middle, axis=0)) > 1000, "terrain and score are drawn"
