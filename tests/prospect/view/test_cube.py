"""The viewer of cubes: what a click shows is what stands in the cube."""

import base64
import io
import json
import shutil
import subprocess

import numpy as np
import pytest
import xarray as xr

from prospect.view import view_cube
from prospect.view._still import page_part

pytest.importorskip("anywidget")
WAVES = np.linspace(2000.0, 2490.0, 50)


def spectrum(centre, depth):
    return 0.4 * (1 - depth * np.exp(-(((WAVES - centre) / 18) ** 2)))


@pytest.fixture
def library():
    return xr.DataArray(
        np.array([spectrum(2205, 0.3), spectrum(2340, 0.3)]),
        dims=("spectrum", "wavelength"),
        coords={"spectrum": ["mica", "calcite"], "wavelength": WAVES},
    )


@pytest.fixture
def cube():
    values = np.empty((50, 4, 6), "float32")
    values[:, :, :3] = 0.5 * spectrum(2205, 0.2)[:, None, None]
    values[:, :, 3:] = 0.8 * spectrum(2340, 0.2)[:, None, None]
    values += np.random.default_rng(5).normal(0, 1e-3, values.shape)
    values[:, 0, 0] = np.nan
    return xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": WAVES,
            "bad_bands": ("wavelength", WAVES > 2450),
            "y": 4000.0 - 25 * np.arange(4),
            "x": 1000.0 + 25 * np.arange(6),
        },
    )


@pytest.mark.parametrize("removed", [False, True])
def test_click_shows_the_pixel_and_its_best_match(cube, library, removed):
    before = cube.copy(deep=True)
    viewer = view_cube(cube.chunk({"y": 2}), library=library, n=1)
    viewer.continuum_removed = removed
    viewer.click(1, 1)
    viewer.click(2, 4, keep=True)
    names = [one["matches"][0]["name"] for one in viewer.spectra]
    assert names == ["mica", "calcite"]
    first = viewer.spectra[0]
    shown = [value is not None for value in first["y"]]
    assert shown == (WAVES <= 2450).tolist()
    if not removed:
        good = WAVES <= 2450
        np.testing.assert_allclose(
            np.array(first["y"], float)[good], cube.values[good, 1, 1], atol=1e-6
        )
    xr.testing.assert_identical(cube, before)


def test_a_library_folder_serves_as_well(cube, library, tmp_path):
    from spectral.library import open_library

    store = open_library(tmp_path / "lib", create=True)
    store.add(library)
    for given in (store, tmp_path / "lib"):
        viewer = view_cube(cube, library=given, n=1)
        viewer.click(1, 1)
        assert viewer.spectra[0]["matches"][0]["name"] == "mica"


def test_a_click_alone_starts_anew_and_a_page_can_clear(cube):
    viewer = view_cube(cube)
    for column in range(1, 6):
        viewer.click(1, column, keep=True)
    viewer._told(viewer, {"kind": "click", "row": 3, "column": 0, "keep": True}, [])
    assert len(viewer.spectra) == 5
    assert (viewer.spectra[-1]["row"], viewer.spectra[-1]["column"]) == (3, 0)
    viewer._told(viewer, {"kind": "click", "row": 2, "column": 2, "keep": False}, [])
    assert len(viewer.spectra) == 1
    assert viewer.spectra[0]["matches"] == []
    viewer._told(viewer, {"kind": "clear"}, [])
    assert viewer.spectra == []


def test_missing_pixel_is_said(cube, library):
    viewer = view_cube(cube, library=library, lang="zh")
    viewer.click(0, 0)
    assert viewer.spectra[0]["note"] == "该像元无数据"
    assert set(viewer.spectra[0]["y"]) == {None}
    assert "1000.0" in viewer.spectra[0]["label"]


def test_picture_has_the_cubes_shape_and_shows_what_is_missing(cube):
    from PIL import Image

    viewer = view_cube(cube)
    picture = Image.open(io.BytesIO(base64.b64decode(viewer.picture.split(",")[1])))
    alpha = np.asarray(picture)[..., 3]
    assert alpha.shape == (4, 6)
    assert alpha[0, 0] == 0
    assert (alpha.ravel()[1:] == 255).all()
    first = viewer.picture
    viewer.composite = len(viewer.composites) - 1
    assert len(viewer.composites) == 2
    assert viewer.picture != first


def test_library_on_other_bands_is_brought_to_the_cube(cube, library):
    fine = np.arange(1990.0, 2501.0, 2.0)
    finer = library.interp(wavelength=fine, kwargs={"fill_value": "extrapolate"})
    viewer = view_cube(cube, library=finer, n=1)
    viewer.click(1, 1)
    assert viewer.spectra[0]["matches"][0]["name"] == "mica"


def test_errors(cube, library):
    viewer = view_cube(cube)
    with pytest.raises(IndexError, match="4 rows and 6 columns"):
        viewer.click(4, 0)
    with pytest.raises(ValueError, match="no wavelengths"):
        view_cube(cube.drop_vars("wavelength"))
    with pytest.raises(ValueError, match="is not a language"):
        view_cube(cube, lang="fr")
    with pytest.raises(ValueError, match="no spectrum of the library covers"):
        view_cube(cube, library=library * np.nan)


@pytest.mark.system
def test_page_draws_what_the_kernel_sends(cube, library, tmp_path):
    viewer = view_cube(cube, library=library, lang="zh")
    viewer.click(1, 1)
    viewer.click(2, 4, keep=True)
    keys = ("picture", "shape", "composites", "composite", "continuum_removed")
    traits = {key: getattr(viewer, key) for key in (*keys, "spectra", "words")}
    script = page_part("common.js", "cube_viewer.js")
    page = tmp_path / "page.html"
    page.write_text(
        "<meta charset=utf-8><div id=here></div><pre id=sent></pre>"
        f"<script type=module>{script.replace('export default { render };', '')}\n"
        f"const traits = {json.dumps(traits)}; const sent = [];\n"
        "const model = { get: (k) => traits[k], set: (k, v) => { traits[k] = v; },\n"
        "  save_changes() {}, on() {}, send: (m) => sent.push(m) };\n"
        "const here = document.getElementById('here'); render({ model, el: here });\n"
        "const image = here.querySelector('img'); image.decode().then(() => {\n"
        "const box = image.getBoundingClientRect();\n"
        "image.parentElement.dispatchEvent(new MouseEvent('click', {\n"
        "  clientX: box.left + box.width * 0.9,\n"
        "  clientY: box.top + box.height * 0.6 }));\n"
        "document.getElementById('sent').textContent = JSON.stringify(sent); });\n"
        "</script>",
        "utf-8",
    )
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "the system tests need chromium: make test-system installs it"
    done = subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=3000",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    text = done.stdout.decode()
    assert text.count('class="spectrum"') == 2
    assert text.count('class="match"') == 2
    assert text.count('class="spot"') == 2
    assert "mica：光谱角" in text
    assert '{"kind":"click","row":2,"column":5,"keep":false}' in text


def test_a_picture_stands_where_nothing_runs(cube, library, monkeypatch):
    from PIL import Image

    viewer = view_cube(cube, library=library, lang="zh")
    viewer.click(1, 1)
    data, _ = viewer._repr_mimebundle_()
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))
    assert len(np.unique(still.reshape(-1, still.shape[-1]), axis=0)) > 50
    monkeypatch.setenv("PROSPECT_VIEW", "still")
    assert set(viewer._repr_mimebundle_()[0]) == {"text/plain", "image/png"}
