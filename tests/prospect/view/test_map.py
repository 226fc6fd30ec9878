"""The map: what a click says is what stands in the cell; colours are the report's."""

import base64
import io

import dask.array
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from PIL import Image
from shapely.geometry import LineString

from prospect.report import map_colours
from prospect.view import view_map
from survey import match_grid, open_grid, save_grid

from .conftest import OWN, build_grid


def picture(told):
    data = base64.b64decode(told["src"].split(",")[1])
    return np.asarray(Image.open(io.BytesIO(data)))


@pytest.mark.parametrize("south_up", [False, True])
@pytest.mark.parametrize("lazy", [False, True])
def test_a_click_reads_the_true_cell_of_every_layer(layers, south_up, lazy):
    if south_up:
        layers = layers.isel(y=slice(None, None, -1))
    view = view_map(layers.chunk({"y": 7, "x": 11}) if lazy else layers)
    draw = np.random.default_rng(8)
    for x, y in zip(
        draw.uniform(500_000, 506_000, 25),
        draw.uniform(3_396_000, 3_400_000, 25),
        strict=True,
    ):
        row = view.pick(x, y)
        cell = layers.sel(x=x, y=y, method="nearest")
        for name in layers:
            np.testing.assert_equal(row[name], float(cell[name]))


def test_unknown_is_said_and_classes_have_labels(layers):
    view = view_map(layers, lang="zh")
    row = view.pick(500_050, 3_399_950)
    assert np.isnan(row["copper"])
    code = float(layers["rocks"][0, 0])
    assert row["rocks"] == code
    assert row["rocks_label"] == layers["rocks"].attrs["classes"][int(code)]
    assert view.table["copper"].tolist() == ["未知（此处无数据）"]
    assert view.table["rocks"].tolist() == [f"{row['rocks_label']} ({code:g})"]
    assert view.picks[0]["gaps"] == [True, False]
    assert view.picked.attrs["units"] == {"copper": "ppm", "rocks": ""}
    view.pick(400_000, 0)
    assert view.table["rocks"].tolist() == ["在该图层范围之外"]
    assert view.picked["rocks_label"].isna().all()


def test_places_are_kept_with_shift_and_told_to_python(layers):
    view = view_map(layers)
    seen = []
    assert view.on_pick(seen.append) == seen.append
    for column in range(7):
        view.pick(500_050 + 100 * column, 3_396_050, keep=True)
    assert len(view.picked) == len(view.picks) == 5
    np.testing.assert_array_equal(view.picked["copper"], layers["copper"][39, 2:7])
    assert len({one["colour"] for one in view.picks}) == 5
    view.pick(500_050, 3_396_050)
    assert len(view.picked) == 1
    assert len(seen) == 8
    assert isinstance(seen[-1], pd.Series)
    view._told(view, {"kind": "clear"}, [])
    assert view.picked.empty


def test_longitude_and_latitude_are_those_of_the_grids_datum(layers):
    from pyproj import Transformer

    row = view_map(layers).pick(503_000, 3_398_000)
    there = Transformer.from_crs("EPSG:4547", "EPSG:4490", always_xy=True)
    assert (row["longitude"], row["latitude"]) == pytest.approx(
        there.transform(503_000, 3_398_000), abs=1e-9
    )
    assert view_map(layers).place["datum"] == "China Geodetic Coordinate System 2000"


def test_the_page_finds_longitude_and_latitude_between_its_nodes(layers):
    view = view_map(layers)
    place = view.place
    n = place["nodes"]["n"]
    lon, lat = (np.reshape(place["nodes"][key], (n, n)) for key in ("lon", "lat"))
    west, east, bottom, top = place["edges"]
    middle = (west + east) / 2 + (east - west) / n / 2, (bottom + top) / 2
    u = (middle[0] - west) / (east - west) * (n - 1)
    i, j = int(u), (n - 1) // 2
    near = [
        (1 - (u - i)) * side[j, i] + (u - i) * side[j, i + 1] for side in (lon, lat)
    ]
    row = view.pick(*middle)
    assert near == pytest.approx([row["longitude"], row["latitude"]], abs=1e-6)


def test_systems_without_a_code_and_without_a_system(layers):
    own = view_map(build_grid([[1, 2], [3, 4]], crs=OWN))
    assert own.place["system"] == "own coordinate system"
    assert own.pick(500_050, 3_399_950)["score"] == 1
    assert np.isfinite(own.picked["longitude"]).all()

    local = view_map(build_grid([[1, 2], [3, 4]], crs=None))
    assert local.place["kind"] == "local"
    assert local.pick(500_150, 3_399_850)["score"] == 4
    assert local.picked["latitude"].isna().all()
    assert local.place["nodes"] is None

    counted = view_map(xr.DataArray([[1.0, 2.0], [3.0, 4.0]], dims=("y", "x")))
    assert counted.place["kind"] == "counted"
    assert counted.place["edges"] == [0, 2, 2, 0]
    assert counted.pick(1.5, 0.5)["grid"] == 2
    assert picture(counted.shown)[0, 0].tolist() == [68, 1, 84, 255]

    degrees = build_grid([[1, 2], [3, 4]], crs=None)
    degrees = degrees.assign_coords(x=[114.0, 114.1], y=[30.1, 30.0])
    view = view_map(degrees.rio.write_crs("EPSG:4490"))
    assert view.place["kind"] == "geographic"
    assert view.place["aspect"] == pytest.approx(1 / np.cos(np.radians(30.05)))
    assert view.pick(114.0, 30.1)["longitude"] == 114.0


def test_colours_and_legend_are_those_of_the_report(layers):
    score = build_grid(np.random.default_rng(3).random((30, 30)))
    for grid in (layers["copper"], layers["rocks"], score):
        view = view_map(grid)
        expected = map_colours(grid)
        shown = picture(view.shown)
        np.testing.assert_array_equal(shown, expected.paint(grid.to_numpy()))
        legend = view.shown["legend"]
        assert legend["title"] == expected.title
        assert [tuple(pair) for pair in legend.get("entries", [])] == expected.entries()
    assert view_map(layers).shown["legend"]["gaps"]


def test_the_report_draws_with_the_same_colours(layers):
    from matplotlib.colors import to_hex

    from prospect.report import figure_map

    figure = figure_map(layers["rocks"])
    patches = figure.legends[0].get_patches()
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    drawn = [
        (label, to_hex(patch.get_facecolor()))
        for label, patch in zip(labels, patches, strict=False)
    ]
    assert drawn[:3] == map_colours(layers["rocks"]).entries()


def test_pictures_lie_where_their_cells_lie():
    values = np.zeros((1300, 2100))
    values[650:, :1050] = 5.0
    view = view_map(build_grid(values, name="step"))
    shown = picture(view.shown)
    assert max(shown.shape) <= 1024
    west, east, _bottom, top = view.shown["edges"]
    cell = (east - west) / shown.shape[1]
    assert west == pytest.approx(500_000, abs=cell)
    assert top == pytest.approx(3_400_000, abs=cell)
    turn = np.flatnonzero(np.diff(shown[-1, :, 0].astype(int)))
    assert west + (turn[0] + 1) * cell == pytest.approx(605_000, abs=cell)
    low = np.flatnonzero(np.diff(shown[:, 0, 0].astype(int)))
    assert top - (low[0] + 1) * cell == pytest.approx(3_335_000, abs=cell)


def test_zooming_in_shows_the_cells_themselves():
    values = np.random.default_rng(2).random((1500, 2500))
    grid = build_grid(values, name="noise")
    view = view_map(grid)
    view._told(view, {"kind": "look", "edges": [5e5, 7.5e5, 3.2e6, 3.4e6]}, [])
    assert view.detail == {}, "the whole map needs no other picture"
    edges = [510_030, 520_000, 3_389_970, 3_395_000]
    view._told(view, {"kind": "look", "edges": edges}, [])
    sharp = picture(view.detail)
    assert sharp.shape[:2] == (51, 100)
    assert view.detail["edges"] == [510_000, 520_000, 3_389_900, 3_395_000]
    expected = map_colours(grid).paint(values[50:101, 100:200])
    np.testing.assert_array_equal(sharp, expected)
    view._told(view, {"kind": "look", "edges": [0, 1, 0, 1]}, [])
    assert view.detail == {}


def test_lazy_layers_are_read_when_shown_or_asked_and_no_more(make_grid):
    read = {"first": 0, "second": 0}

    def lazy(name):
        def block(values):
            read[name] += 1
            return values + 1

        base = dask.array.zeros((4096, 4096), chunks=512)
        return make_grid(np.zeros((1, 1))).pipe(
            lambda _: xr.DataArray(
                base.map_blocks(block, meta=np.zeros((0, 0))),
                {
                    "y": 3_400_000 - 100 * (np.arange(4096) + 0.5),
                    "x": 500_000 + 100 * (np.arange(4096) + 0.5),
                },
                ("y", "x"),
                name,
            ).rio.write_crs("EPSG:4547")
        )

    view = view_map({name: lazy(name) for name in read})
    assert read == {"first": 64, "second": 0}
    assert view._layers[0].small.size <= 1500**2
    view.pick(500_050, 3_399_950)
    assert read == {"first": 65, "second": 1}
    view.layer = 1
    assert read == {"first": 65, "second": 65}
    view.layer = 0
    assert read == {"first": 65, "second": 65}, "pictures are kept"


def test_lazy_grid_of_a_file(tmp_path, layers):
    save_grid(layers["copper"], tmp_path / "copper.tif")
    grid = open_grid(tmp_path / "copper.tif")
    row = view_map({"copper": grid}).pick(503_333, 3_397_777)
    there = layers["copper"].sel(x=503_333, y=3_397_777, method="nearest")
    assert row["copper"] == pytest.approx(float(there), rel=1e-6)


def test_what_goes_wrong_while_reading_is_said_on_the_page(layers):
    def fail(_values):
        raise OSError("disk unplugged")

    lost = layers["copper"].chunk().copy()
    lost.data = lost.data.map_blocks(fail, meta=np.zeros((0, 0)))
    view = view_map({"copper": layers["copper"], "lost": lost})
    view._told(view, {"kind": "pick", "x": 503_333, "y": 3_397_777}, [])
    assert view.note == "OSError: disk unplugged"
    assert view.picked.empty
    view.layer = 1
    assert view.note == "OSError: disk unplugged"
    view.layer = 0
    assert view.note == ""


def test_features_at_a_place_are_told(layers, samples, targets):
    faults = gpd.GeoDataFrame(
        {"kind": ["thrust"]},
        geometry=[LineString([(500_000, 3_396_000), (506_000, 3_400_000)])],
        crs="EPSG:4547",
    ).to_crs("EPSG:4326")
    view = view_map(
        layers, points={"samples": samples, "faults": faults}, targets=targets
    )
    assert [one["label"] for one in view.overlays] == [
        "target (2)",
        "samples (60)",
        "faults (1)",
    ]
    assert [path["number"] for path in view.overlays[0]["paths"]] == ["2", "1"]
    first = samples.iloc[7]
    view.pick(first.geometry.x + 3, first.geometry.y - 2, reach=5)
    told = [one for one in view.picks[0]["features"] if one["name"] == "samples"]
    assert told[0]["text"].startswith("sample_id = S07; Cu_ppm = ")
    view.pick(504_300, 3_398_800)
    assert view.picks[0]["features"] == [{"name": "target 1", "text": ""}]
    view.pick(503_000, 3_398_001, reach=20)
    assert [one["name"] for one in view.picks[0]["features"]] == ["target 2", "faults"]


def test_basemap_of_relief_and_of_bands(layers, make_grid):
    relief = make_grid(np.add.outer(np.arange(20.0), np.arange(30.0)), cell=200)
    view = view_map(layers, basemap=relief, lang="zh")
    assert view.titles[-1] == "地形晕渲"
    assert view.below == 2
    assert len(np.unique(picture(view.under)[..., 0])) >= 1
    bands = xr.concat([relief, relief + 1, relief + 2], "band")
    view = view_map(layers, basemap=bands)
    assert picture(view.under).shape == (20, 30, 4)
    view.below = 1
    assert view.under["title"] == "rocks"
    view.below = -1
    assert view.under == {}
    with pytest.raises(ValueError, match="three bands"):
        view_map(layers, basemap=bands.isel(band=[0, 1]))


def test_layers_may_have_their_own_cells(layers):
    coarse = build_grid(np.arange(4.0).reshape(2, 2), name="coarse", cell=4000)
    view = view_map({"copper": layers["copper"], "coarse": coarse})
    assert view.place["edges"] == [500_000, 508_000, 3_392_000, 3_400_000]
    assert view.pick(507_000, 3_393_000)["coarse"] == 3
    assert view.table["copper"].tolist() == ["outside this layer"]


def test_layers_are_called_by_their_titles(layers):
    view = view_map(layers, titles={"rocks": "岩石"})
    assert view.titles == ["Copper", "岩石"]
    assert "rocks" in view.picked
    score = layers["copper"].assign_attrs(
        units="probability per unit cell", long_name="probability of a deposit"
    )
    view = view_map({"score": score}, lang="zh")
    assert view.titles == ["远景得分"]
    view.pick(503_000, 3_398_000)
    assert view.table["score"][0].endswith(" /单位网格")


def test_a_layer_without_a_value_is_said(layers):
    view = view_map({"empty": layers["copper"] * np.nan})
    assert view.shown["legend"]["empty"] == "this layer holds no value at all"
    assert view._repr_mimebundle_()[0]["image/png"]


@pytest.mark.parametrize("crs", ["EPSG:4547", None])
def test_a_picture_stands_where_nothing_runs(
    layers, samples, targets, crs, monkeypatch
):
    if crs is None:
        layers = layers.drop_vars("spatial_ref")
        samples, targets = (
            f.set_crs(None, allow_override=True) for f in (samples, targets)
        )
    view = view_map(layers, points=samples, targets=targets, lang="zh")
    view.pick(503_000, 3_398_000)
    data, _ = view._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    still = np.asarray(Image.open(io.BytesIO(base64.b64decode(data["image/png"]))))
    assert len(np.unique(still.reshape(-1, still.shape[-1]), axis=0)) > 200
    monkeypatch.setenv("PROSPECT_VIEW", "still")
    assert set(view._repr_mimebundle_()[0]) == {"text/plain", "image/png"}


def test_input_is_left_alone(layers, samples):
    before, table = layers.copy(deep=True), samples.copy()
    view_map(layers, points=samples).pick(503_000, 3_398_000)
    xr.testing.assert_identical(layers, before)
    pd.testing.assert_frame_equal(samples, table)


def test_what_cannot_be_shown_is_refused(layers, samples):
    with pytest.raises(ValueError, match="there is no layer to show"):
        view_map({})
    with pytest.raises(ValueError, match=r"layer 'cube' has dimensions.*isel"):
        view_map({"cube": xr.DataArray(np.zeros((2, 3, 4)), dims=("band", "y", "x"))})
    other = match_grid(
        layers["copper"], like=layers["copper"].rio.reproject("EPSG:4490")
    )
    with pytest.raises(ValueError, match=r"layer 'other' is on EPSG:4490.*match_grid"):
        view_map({"copper": layers["copper"], "other": other})
    with pytest.raises(ValueError, match="no CRS"):
        view_map({"a": layers["copper"], "b": layers["rocks"].drop_vars("spatial_ref")})
    with pytest.raises(ValueError, match="features of 'points' have no CRS"):
        view_map(layers, points=samples.set_crs(None, allow_override=True))
    with pytest.raises(TypeError, match="not a GeoDataFrame"):
        view_map(layers, points={"a": pd.DataFrame()})
    with pytest.raises(ValueError, match="a place has two numbers"):
        view_map(layers).pick(np.nan, 0)
    with pytest.raises(ValueError, match="is not a language"):
        view_map(layers, lang="fr")
