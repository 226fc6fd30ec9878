"""Maps of shares on one scale, and sentences about them."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from prospect.report import describe_unmixing, figure_abundances
from spectral.mapping import unmix, unmixing_report


def library(n):
    rng = np.random.default_rng(3)
    waves = np.linspace(2000.0, 2400.0, 20)
    names = ["calcite", "kaolinite", "shade", *(f"m{i}" for i in range(n))][:n]
    values = (0.4 + np.cumsum(rng.normal(0, 0.05, (n, 20)), axis=1)).clip(0.05, 0.9)
    return xr.DataArray(
        values,
        {"spectrum": names, "wavelength": waves},
        dims=("spectrum", "wavelength"),
    )


def scene(pure, crs="EPSG:32650"):
    rng = np.random.default_rng(4)
    shares = rng.dirichlet(np.ones(len(pure)), 48).T
    values = pure.to_numpy().T @ shares + rng.normal(0, 0.02, (20, 48))
    values = values.reshape(20, 6, 8)
    values[3, 2, 2] = np.nan
    coords = {
        "wavelength": pure["wavelength"].to_numpy(),
        "y": 3_000_000 - 25.0 * np.arange(6),
        "x": 500_000 + 25.0 * np.arange(8),
    }
    cube = xr.DataArray(values, coords, dims=("wavelength", "y", "x"))
    return cube.rio.write_crs(crs)


def texts(figure):
    return [
        text.get_text() for text in figure.findobj(lambda t: hasattr(t, "get_text"))
    ]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("lazy", [False, True])
def test_all_maps_share_one_scale(lang, lazy):
    pure = library(3)
    cube = scene(pure)
    result = unmix(cube.chunk({"y": 3}) if lazy else cube, pure)
    before = result.copy(deep=True)
    figure = figure_abundances(result, lang=lang, title="T")
    maps = [axes for axes in figure.axes if axes.images and axes.get_title("left")]
    assert len(maps) == 4
    limits = {axes.images[0].norm.vmin for axes in maps[:3]}
    assert limits == {maps[0].images[0].norm.vmin}
    assert maps[0].images[0].norm.vmax == pytest.approx(1, abs=1e-3)
    mean = f"{float(result['abundance'][0].mean()):.2g}"
    assert mean in maps[0].get_title("left")
    assert maps[3].images[0].norm.vmax < 0.1
    said = texts(figure)
    assert ("方解石" in " ".join(said)) == (lang == "zh")
    assert any("0.2 km" in text for text in said)
    xr.testing.assert_identical(result, before)


def test_many_endmembers_are_counted_and_impossible_shares_stand_out():
    pure = library(14)
    result = unmix(scene(pure), pure, method="ucls")
    figure = figure_abundances(result)
    maps = [axes for axes in figure.axes if axes.images and axes.get_title("left")]
    assert len(maps) == 12
    assert any("not drawn: 3 endmembers" in text for text in texts(figure))
    drawn = maps[0].images[0]
    assert not np.allclose(drawn.cmap(drawn.norm(-0.5)), drawn.cmap(drawn.norm(0.0)))


def test_sentences_name_what_is_so():
    pure = library(3)
    cube = scene(pure)
    cube[:, 0, 0] = 0
    report = unmixing_report(unmix(cube, pure))
    said = describe_unmixing(report)
    assert said[0] == (
        "47 pixels were unmixed; 1 were left out because a good band is missing."
    )
    assert "1 pixels are zero in all bands" in said[1]
    outside = report.loc[report["what"] == "outside", "value"].item()
    assert any(f"{100 * outside:.3g} % of the pixels lie outside" in s for s in said)
    assert any("Held at zero, per cent of the pixels: calcite" in s for s in said)
    free = describe_unmixing(unmixing_report(unmix(cube, pure, method="ucls")))
    assert any("Below zero" in s for s in free)
    chinese = describe_unmixing(report, lang="zh")
    assert len(chinese) == len(said)
    assert any("方解石" in sentence for sentence in chinese)
    empty = unmixing_report(unmix(cube * np.nan, pure))
    assert len(describe_unmixing(empty)) == len(said) - 2


def test_pairs_are_told_in_both_languages():
    table = pd.DataFrame(
        [["pair", "calcite", "dolomite", 1.26]],
        columns=["what", "endmember", "other", "value"],
    )
    assert (
        "calcite and dolomite can hardly be told apart" in describe_unmixing(table)[0]
    )
    assert "方解石与白云石难以区分" in describe_unmixing(table, lang="zh")[0]


def test_errors():
    pure = library(3)
    cube = scene(pure)
    with pytest.raises(ValueError, match="maps of shares need 'abundance'"):
        figure_abundances(unmix(cube[:, 0], pure))
    with pytest.raises(ValueError, match="no value at all"):
        figure_abundances(unmix(cube * np.nan, pure))
