import numpy as np
import pandas as pd
import pytest

from prospect.geochem import list_diagrams, read_diagram, reference_composition
from prospect.report import (
    figure_discrimination,
    figure_spider,
    figure_ternary,
    save_figure,
)

OXIDES = ["SiO2", "TiO2", "Al2O3", "FeOT", "MnO", "MgO", "CaO", "Na2O", "K2O", "P2O5"]
TRACES = ["Rb", "Y", "Nb", "Yb", "Ta", "Zr", "V"]


@pytest.fixture(scope="module")
def rocks():
    random = np.random.default_rng(0)
    crust = reference_composition("ucc")
    columns = [f"{name}_pct" for name in OXIDES] + [f"{name}_ppm" for name in TRACES]
    spread = np.where([name == "SiO2_pct" for name in columns], 0.03, 0.3)
    logs = random.normal(size=(40, len(columns))) * spread
    table = crust[columns].to_numpy() * np.exp(logs)
    table = pd.DataFrame(table, columns=columns)
    table["岩性"] = np.where(np.arange(40) % 2, "花岗岩", "granodiorite")
    return table


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("name", list_diagrams().index)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_diagram_draws(rocks, name, lang, tmp_path):
    figure = figure_discrimination(rocks, name, groups="岩性", lang=lang)
    entry = read_diagram(name)
    assert figure.axes[0].get_title(loc="left") == entry["title"][lang]
    shown = "".join(texts(figure)).replace("\n", "").replace(" ", "")
    for field in entry.get("fields", ()):
        assert field[lang].replace(" ", "") in shown
    points = sum(len(each.get_offsets()) for each in figure.axes[0].collections)
    assert 0 < points <= 40
    if lang == "en":
        assert save_figure(figure, tmp_path / "a.png", dpi=40).stat().st_size > 3000


def test_samples_beyond_the_frame_are_counted(rocks):
    table = rocks.head(3).assign(Rb_ppm=[100.0, np.nan, 1e5])
    figure = figure_discrimination(table, "pearce_rb_ynb")
    assert "2 samples cannot be shown" in texts(figure)
    assert len(figure.axes[0].collections[0].get_offsets()) == 1


def test_ternary_puts_corners_where_they_belong():
    table = pd.DataFrame(np.eye(3), columns=["Cu_ppm", "Pb_ppm", "Zn_ppm"])
    table.loc[3] = 0.0
    figure = figure_ternary(
        table, top="Cu_ppm", left="Pb_ppm", right="Zn_ppm", title="A", lang="zh"
    )
    points = figure.axes[0].collections[0].get_offsets()
    np.testing.assert_allclose(
        points, [[0.5, np.sqrt(3) / 2], [0, 0], [1, 0]], atol=1e-9
    )
    assert "1 个样品无法投点" in texts(figure)


def test_spider_of_few_samples_is_a_line_each(rocks):
    chondrite = reference_composition("ci_chondrite").to_frame().T
    figure = figure_spider(pd.concat([chondrite, 10 * chondrite]))
    lines = figure.axes[0].lines[1:]
    np.testing.assert_allclose(lines[0].get_ydata(), 1)
    np.testing.assert_allclose(lines[1].get_ydata(), 10)
    assert figure.axes[0].get_yscale() == "log"
    labels = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert labels[0] == "La"
    assert labels[-1] == "Lu"


def test_spider_of_many_samples_is_a_median_with_its_range(rocks):
    many = pd.concat([rocks] * 3, ignore_index=True)
    many["Rb_ppm_censored"] = np.arange(120) < 5
    figure = figure_spider(
        many, elements="multi_element", groups="岩性", title="谱", lang="zh"
    )
    assert len(figure.axes[0].collections) == 2
    told = " ".join(texts(figure))
    assert "120 个样品" in told
    assert "5 个低于检出限" in told
    assert figure.axes[0].get_ylabel().startswith("样品 / 原始地幔")


def test_own_reservoir(rocks):
    own = {"Rb_ppm": 84, "Zr_ppm": 193}
    figure = figure_spider(rocks, elements=["Rb", "Zr", "Y"], normalise=own)
    assert figure.axes[0].get_ylabel() == "sample / reference"


def test_unknown_group_is_refused(rocks):
    with pytest.raises(ValueError, match="no column 'kind'"):
        figure_discrimination(rocks, "tas", groups="kind")
