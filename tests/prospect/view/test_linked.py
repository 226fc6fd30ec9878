"""Plot and map of the same samples: rows marked are rows of the table."""

import base64
import io

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from prospect.report import map_colours
from prospect.view import view_linked


def test_marked_rows_are_rows_of_the_samples(samples):
    before = samples.copy()
    view = view_linked(samples, x="Cu_ppm", y="Zn_ppm", colour="rock", log="x")
    assert view.selected.empty
    seen = []
    assert view.on_select(seen.append) == seen.append
    view.marked = [5, 2]
    assert view.selected.index.tolist() == [102, 105]
    assert isinstance(view.selected, gpd.GeoDataFrame)
    view.select([159])
    assert view.selected["sample_id"].tolist() == ["S59"]
    view.select([])
    assert [len(one) for one in seen] == [2, 1, 0]
    assert (view.log_x, view.log_y) == (True, False)
    pd.testing.assert_frame_equal(samples, before)


def test_what_the_page_gets_is_what_stands_in_the_table(samples):
    samples.loc[103, "Zn_ppm"] = np.nan
    view = view_linked(samples, x="Cu_ppm", y="Zn_ppm", labels="rock")
    data = view.data
    assert data["x_below"] == samples["Cu_ppm_censored"].tolist()
    assert data["y_below"] == [False] * 60
    assert data["y_values"][3] is None
    assert data["x_values"] == samples["Cu_ppm"].tolist()
    assert data["east"] == samples.geometry.x.tolist()
    assert data["labels"] == samples["rock"].tolist()
    assert view_linked(samples, x="Cu_ppm", y="Zn_ppm").data["labels"][0] == "S00"


def test_colours_of_numbers_and_groups(samples):
    view = view_linked(samples, x="Cu_ppm", y="Zn_ppm", colour="Zn_ppm")
    grid = samples["Zn_ppm"].to_xarray().expand_dims("y").rename(index="x")
    colours = map_colours(grid.drop_vars("x"), role="evidence")
    painted = colours.paint(samples["Zn_ppm"].to_numpy())
    assert view.data["colours"] == [f"#{r:02x}{g:02x}{b:02x}" for r, g, b, _ in painted]
    assert view.legend["ends"] == [colours.scale.norm.vmin, colours.scale.norm.vmax]

    samples["zone"] = [f"Z{i % 15}" for i in range(60)]
    samples.loc[100, "zone"] = None
    view = view_linked(samples, x="Cu_ppm", y="Zn_ppm", colour="zone", lang="zh")
    assert len(view.legend["entries"]) == 13
    assert len({colour for _, colour in view.legend["entries"]}) == 13
    said = [int(label.rsplit("(", 1)[1][:-1]) for label, _ in view.legend["entries"]]
    assert sum(said) == 60
    assert view.data["colours"][0] == view.legend["entries"][-1][1]


def test_areas_and_empty_places(samples, targets):
    targets["a"], targets["b"] = [1.0, 2.0], [3.0, 4.0]
    view = view_linked(targets, x="a", y="b")
    assert view.data["east"] == [502_500.0, 504_300.0]
    samples.loc[100, "geometry"] = None
    view = view_linked(samples, x="Cu_ppm", y="Zn_ppm")
    assert view.data["east"][0] is None
    local = samples.set_crs(None, allow_override=True)
    assert view_linked(local, x="Cu_ppm", y="Zn_ppm").place["kind"] == "local"


def test_a_picture_stands_where_nothing_runs(samples, monkeypatch):
    view = view_linked(samples, x="Cu_ppm", y="Zn_ppm", log="xy", lang="zh")
    view.select([110, 120])
    data, _ = view._repr_mimebundle_()
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))
    assert len(np.unique(still.reshape(-1, still.shape[-1]), axis=0)) > 50
    monkeypatch.setenv("PROSPECT_VIEW", "still")
    assert set(view._repr_mimebundle_()[0]) == {"text/plain", "image/png"}


def test_what_cannot_be_shown_is_refused(samples):
    with pytest.raises(ValueError, match="no column 'Cu_ppb'"):
        view_linked(samples, x="Cu_ppb", y="Zn_ppm")
    with pytest.raises(ValueError, match=r"\['rock'\] hold no numbers but"):
        view_linked(samples, x="rock", y="Zn_ppm")
    with pytest.raises(ValueError, match="log= is one of"):
        view_linked(samples, x="Cu_ppm", y="Zn_ppm", log="z")
    with pytest.raises(ValueError, match="0 samples cannot be shown"):
        view_linked(samples.iloc[:0], x="Cu_ppm", y="Zn_ppm")
    with pytest.raises(ValueError, match="no geometry"):
        view_linked(samples.drop(columns="geometry"), x="Cu_ppm", y="Zn_ppm")
    with pytest.raises(
        ValueError, match=r"no sample has the index \[7\]; it runs from"
    ):
        view_linked(samples, x="Cu_ppm", y="Zn_ppm").select([7, 110])
    with pytest.raises(ValueError, match="is not a language"):
        view_linked(samples, x="Cu_ppm", y="Zn_ppm", lang="fr")
