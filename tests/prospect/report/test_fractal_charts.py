import numpy as np
import pandas as pd
import pytest
import xarray as xr
from odc.geo.xr import wrap_xr

from prospect.geochem import (
    concentration_area,
    concentration_number,
    concentration_volume,
    multifractal_spectrum,
    spectrum_area,
)
from prospect.report import figure_fractal, figure_multifractal, save_figure
from survey import make_geobox


def grid_of(values):
    rows, columns = values.shape
    frame = make_geobox(
        (0, 100 * columns, 0, 100 * rows), crs="EPSG:32650", resolution=100
    )
    return wrap_xr(values, frame).assign_attrs(units="ppm", long_name="copper")


VALUES = np.exp(np.random.default_rng(0).normal(3, 1, (40, 50)))


def models():
    table = pd.DataFrame({"Cu_ppm": VALUES.ravel()[:300]})
    few = {"n_bootstrap": 5, "random_state": 0}
    yield concentration_area(grid_of(VALUES), **few)
    yield concentration_area(grid_of(VALUES), direction="below", **few)
    yield concentration_number(table, "Cu_ppm", n_bootstrap=0)
    yield concentration_number(table, "Cu_ppm", n_segments=1, direction="below", **few)
    yield concentration_volume(VALUES.reshape(10, 10, 20), cell_volume=1.0, **few)
    yield spectrum_area(grid_of(VALUES), **few)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("number", range(6))
def test_every_model_is_drawn(number, lang, tmp_path):
    model = list(models())[number]
    figure = figure_fractal(model, lang=lang)
    axes = figure.axes[0]
    texts = [text.get_text() for text in axes.texts]
    slopes = [text for text in texts if text.startswith(("slope", "斜率"))]
    assert len(slopes) == len(model.slopes)
    assert f"R² = {model.law.r2:.4f}" in texts[-1]
    lines = axes.get_lines()
    assert len(lines) == len(model.slopes) + len(model.breaks)
    x, y = lines[0].get_data()
    np.testing.assert_allclose(y, model.law.predict(x))
    assert save_figure(figure, tmp_path / "f.png").stat().st_size > 10_000


def test_points_that_are_not_fitted_are_open():
    table = pd.DataFrame({"a": [*np.geomspace(1, 10, 60), 500.0]})
    model = concentration_number(table, "a", n_segments=2, n_bootstrap=0)
    filled, opened = figure_fractal(model).axes[0].collections[:2]
    assert len(filled.get_offsets()) == model.table["used"].sum()
    assert len(opened.get_offsets()) == (~model.table["used"]).sum() > 0


def test_multifractal(tmp_path):
    spectrum = multifractal_spectrum(grid_of(VALUES[:32, :32]))
    figure = figure_multifractal(spectrum, title="copper")
    left, right = figure.axes[:2]
    np.testing.assert_array_equal(left.get_lines()[1].get_ydata(), spectrum.tau)
    np.testing.assert_array_equal(right.get_lines()[2].get_ydata(), spectrum.f)
    assert save_figure(figure, tmp_path / "f.svg").exists()
    with pytest.raises(KeyError, match=r"lacks \['tau', 'alpha'\]"):
        figure_multifractal(xr.Dataset({"f": ("q", [1.0])}, {"q": [0.0]}))
