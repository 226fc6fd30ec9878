import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from prospect.report import figure_blanks, figure_control_chart
from prospect.report._control_charts import STATUS_COLOURS


def references(z, **columns):
    n = len(z)
    base = {
        "analyte": "Cu_ppm",
        "material": "RM-1",
        "lab_batch": ["B1"] * (n // 2) + ["B2"] * (n - n // 2),
        "sample_id": [f"Q{i}" for i in range(n)],
        "sequence": range(1, n + 1),
        "value": 20 + 2 * np.asarray(z, dtype=float),
        "censored": False,
        "centre": 20.0,
        "sd": 2.0,
        "z": z,
        "status": ["fail" if abs(v) > 3 else "pass" for v in z],
        "rule": ["1-2s, 1-3s" if abs(v) > 3 else "" for v in z],
    }
    return pd.DataFrame({**base, **columns})


def texts(axes):
    return [text.get_text() for text in axes.texts]


def points(axes):
    return np.vstack(
        [c.get_offsets() for c in axes.collections if len(c.get_offsets())]
    )


def test_z_chart_has_lines_batches_and_named_failures():
    figure = figure_control_chart(references([0.5, -1.0, 3.6, 1.0]), "Cu_ppm")
    (axes,) = figure.axes
    heights = sorted({round(line.get_ydata()[0], 3) for line in axes.lines})
    assert heights == [-3, -2, 0, 2, 3]
    assert {"B1", "B2", "Q2 1-3s"} <= set(texts(axes))
    assert sorted(map(tuple, points(axes))) == [(1, 0.5), (2, -1.0), (3, 3.6), (4, 1.0)]


def test_status_is_shown_by_colour():
    (axes,) = figure_control_chart(references([0.5, 3.6]), "Cu_ppm").axes
    colours = {
        (tuple(c.get_offsets()[0]), to_hex(c.get_facecolor()[0]))
        for c in axes.collections
        if len(c.get_offsets())
    }
    assert ((1.0, 0.5), STATUS_COLOURS["pass"]) in colours
    assert ((2.0, 3.6), STATUS_COLOURS["fail"]) in colours


def test_results_far_out_and_not_judged_stay_on_the_chart():
    table = references([25.0, np.nan], status=["fail", "untested"])
    (axes,) = figure_control_chart(table, "Cu_ppm").axes
    low, high = axes.get_ylim()
    assert (np.abs(points(axes)[:, 1]) < high).all()
    assert "+25" in texts(axes)
    assert low == -high


def test_contents_have_a_panel_each_material():
    table = pd.concat(
        [references([0.0, 1.0]), references([0.5, -0.5], material="RM-2", centre=50.0)]
    )
    figure = figure_control_chart(table, "Cu_ppm", measure="value")
    assert [axes.get_ylabel() for axes in figure.axes] == [
        "Cu_ppm in RM-1",
        "Cu_ppm in RM-2",
    ]
    assert 50.0 in {line.get_ydata()[0] for line in figure.axes[1].lines}


def test_limits_of_laboratories_are_steps():
    table = references([0.0, 1.0, 0.0], sd=[2.0, 2.0, 4.0])
    axes = figure_control_chart(table, "Cu_ppm", measure="value").axes[0]
    tops = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 3]
    assert any(list(y) == [26.0, 26.0, 32.0] for y in tops)


def test_order_is_that_of_the_analysis_and_input_is_unchanged():
    table = references([0.1, 0.2, 0.3]).iloc[::-1]
    before = table.copy()
    (axes,) = figure_control_chart(table, "Cu_ppm").axes
    assert sorted(map(tuple, points(axes))) == [(1, 0.1), (2, 0.2), (3, 0.3)]
    pd.testing.assert_frame_equal(table, before)


def test_chinese_labels():
    figure = figure_control_chart(references([0.1]), "Cu_ppm", lang="zh")
    assert figure.axes[0].get_xlabel() in {
        "按分析顺序排列的结果",
        "result, in order of analysis",
    }


def test_refusals():
    table = references([0.1])
    with pytest.raises(
        ValueError, match=r"no result of 'Zn_ppm'. The analytes are: Cu_ppm"
    ):
        figure_control_chart(table, "Zn_ppm")
    with pytest.raises(ValueError, match="measure must be"):
        figure_control_chart(table, "Cu_ppm", measure="bias")
    with pytest.raises(ValueError, match="no column 'z'"):
        figure_control_chart(table.drop(columns="z"), "Cu_ppm")


def blanks():
    return pd.DataFrame(
        {
            "analyte": ["Cu_ppm"] * 3 + ["Zn_ppm"],
            "lab_batch": ["B1", "B1", "B2", "B2"],
            "sequence": [1, 2, 3, 3],
            "value": [0.5, 9.0, 0.8, 2.0],
            "censored": [True, False, False, True],
            "detection_limit": [0.5, 0.5, 0.5, 2.0],
            "limit": [2.5, 2.5, 2.5, 10.0],
            "status": ["pass", "fail", "pass", "pass"],
        }
    )


def test_blanks_of_all_analytes():
    (axes,) = figure_blanks(blanks()).axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["Zn_ppm (n = 1)", "Cu_ppm (n = 3)"]
    assert sorted(points(axes)[:, 0]) == [1, 1, 1.6, 18]
    assert 5.0 in {line.get_xdata()[0] for line in axes.lines}


def test_blanks_of_one_analyte():
    (axes,) = figure_blanks(blanks(), analyte="Cu_ppm", title="Cu").axes
    assert sorted(map(tuple, points(axes))) == [(1, 1), (2, 18), (3, 1.6)]
    assert axes.get_title(loc="left") == "Cu"
    with pytest.raises(ValueError, match="no result of 'Pb_ppm'"):
        figure_blanks(blanks(), analyte="Pb_ppm")
    with pytest.raises(ValueError, match="no column 'limit'"):
        figure_blanks(blanks().drop(columns="limit"))
