"""Vector features in and out of files."""

import hashlib
import shutil
import sqlite3

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from survey import DataProblems, read_features, save_features

BOWTIE = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])


def polygons(**columns):
    shapes = [shapely.box(5e5 + i, 4e6, 5e5 + i + 50, 4e6 + 50) for i in (0, 100, 200)]
    columns = columns or {"单位": ["花岗岩", "砂岩", None], "Au_t": [1.5, 0.1, np.nan]}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:32650")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# ---- reading -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
def test_round_trip(tmp_path, suffix):
    features = polygons()
    before = features.copy()
    path = save_features(features, tmp_path / "new" / f"a{suffix}")
    again = read_features(path)
    assert again.geometry.geom_equals(features.geometry).all()
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.drop(columns="geometry")),
        pd.DataFrame(features.drop(columns="geometry")),
    )
    assert again.crs == features.crs
    assert again.attrs == {"notes": [], "dropped": {}, "source": f"a{suffix}"}
    pd.testing.assert_frame_equal(features, before)


@pytest.mark.parametrize("page", [None, "GBK", "936", "UTF-8"])
def test_chinese_shapefile(tmp_path, page):
    path = tmp_path / "a.shp"
    encoding = "utf-8" if page == "UTF-8" else "gbk"
    polygons().to_file(path, encoding=encoding, engine="pyogrio")
    path.with_suffix(".cpg").unlink()
    if page:
        path.with_suffix(".cpg").write_text(page)
    features = read_features(path)
    assert features["单位"].tolist()[:2] == ["花岗岩", "砂岩"]
    stated = read_features(path, encoding=encoding)
    assert stated["单位"].tolist()[:2] == ["花岗岩", "砂岩"]
    if page is None:
        assert any("gb18030" in note for note in features.attrs["notes"])
        with pytest.raises(DataProblems, match=r"not utf-8.*encoding='gb18030'"):
            read_features(path, encoding="utf-8")


def test_a_cpg_that_is_wrong_is_found_out(tmp_path):
    path = tmp_path / "a.shp"
    polygons().to_file(path, encoding="gbk", engine="pyogrio")
    path.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(DataProblems, match="encoding='gb18030'"):
        read_features(path)
    assert read_features(path, encoding="gbk")["单位"][0] == "花岗岩"


def test_shapefile_without_companions(tmp_path):
    polygons().to_file(tmp_path / "a.shp", encoding="utf-8")
    (tmp_path / "a.dbf").unlink()
    features = read_features(tmp_path / "a.shp")
    assert len(features) == 3
    assert any("without attributes" in note for note in features.attrs["notes"])
    (tmp_path / "a.prj").unlink()
    with pytest.raises(DataProblems, match="declares no coordinate system"):
        read_features(tmp_path / "a.shp")
    assert read_features(tmp_path / "a.shp", crs=32650).crs.to_epsg() == 32650
    (tmp_path / "a.shx").unlink()
    with pytest.raises(DataProblems, match=r"its companion a.shx is missing"):
        read_features(tmp_path / "a.shp")


def test_damaged_files(tmp_path):
    (tmp_path / "a.gpkg").write_bytes(b"not a database")
    (tmp_path / "b.geojson").write_text('{"type": "FeatureColl')
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    for name in ("a.gpkg", "b.geojson", "c.parquet"):
        with pytest.raises(DataProblems, match="not readable"):
            read_features(tmp_path / name)
    with pytest.raises(FileNotFoundError, match="there is no file"):
        read_features(tmp_path / "d.gpkg")


def test_layers_must_be_named(tmp_path):
    path = tmp_path / "a.gpkg"
    polygons().to_file(path, layer="geology")
    polygons().to_file(path, layer="faults")
    with pytest.raises(DataProblems, match=r"2 layers .* one of: geology, faults"):
        read_features(path)
    with pytest.raises(DataProblems, match=r"no layer 'fault'.*geology, faults"):
        read_features(path, layer="fault")
    assert len(read_features(path, layer="faults")) == 3


def test_stated_and_declared_systems(tmp_path):
    path = save_features(polygons(), tmp_path / "a.gpkg")
    assert read_features(path, crs="UTM 50N").crs.to_epsg() == 32650
    with pytest.raises(DataProblems, match=r"EPSG:32650.*crs= says EPSG:32651"):
        read_features(path, crs=32651)
    with pytest.raises(ValueError, match=r"a.gpkg: 'nonsense' is not a CRS"):
        read_features(path, crs="nonsense")


def test_geojson_without_declaration_takes_the_stated_system(tmp_path):
    features = polygons().set_crs(None, allow_override=True)
    text = features.to_json(drop_id=True)
    path = write(tmp_path / "a.geojson", text)
    with pytest.raises(DataProblems, match="metres where WGS 84 has degrees"):
        read_features(path)
    assert read_features(path, crs=32650).crs.to_epsg() == 32650


def test_geometries_are_repaired_or_dropped_and_counted(tmp_path):
    shapes = [BOWTIE, None, shapely.Polygon(), shapely.box(0, 0, 1, 1)]
    frame = gpd.GeoDataFrame({"n": range(4)}, geometry=shapes, crs=32650)
    frame.geometry = frame.geometry.translate(5e5, 4e6)
    frame.to_parquet(tmp_path / "a.parquet")
    features = read_features(tmp_path / "a.parquet")
    assert features["n"].tolist() == [0, 3]
    assert features.is_valid.all()
    assert features.geometry[0].area == 5000
    assert features.attrs["dropped"] == {"empty geometries": 2}
    assert "1 invalid polygons repaired" in features.attrs["notes"]


def test_where(tmp_path):
    path = save_features(polygons(), tmp_path / "a.gpkg")
    assert len(read_features(path, where="Au_t > 1")) == 1
    chosen = read_features(path, where="单位.str.contains('岩')")
    assert chosen["单位"].tolist() == ["花岗岩", "砂岩"]
    assert chosen.index.tolist() == [0, 1]
    assert chosen.attrs["dropped"] == {"rows not selected by where": 1}


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("gold > 1", "not a query on this table .*'gold'"),
        ("Au_t >", "not a query on this table"),
        ("Au_t > 'a'", "not a query on this table"),
        ("Au_t", "does not say yes or no"),
        ("Au_t > 100", "keeps none of 3 rows"),
    ],
)
def test_where_that_does_not_work_lists_the_columns(tmp_path, where, message):
    path = save_features(polygons(), tmp_path / "a.gpkg")
    with pytest.raises(ValueError, match=message) as caught:
        read_features(path, where=where)
    assert "单位, Au_t" in str(caught.value)


def test_tables_of_points_and_text(tmp_path):
    points = write(tmp_path / "a.csv", "east;north;Name\n500000,5;4400000;a\n")
    assert read_features(points, crs=32650).geometry[0].x == 500000.5
    lines = write(tmp_path / "b.csv", 'n,WKT\n1,"LINESTRING (118 34, 119 35)"\n')
    features = read_features(lines, crs=4326)
    assert features.geom_type.tolist() == ["LineString"]
    assert features.columns.tolist() == ["n", "geometry"]
    bad = write(tmp_path / "c.csv", "n,WKT\n1,POINT (118 34)\n2,POINT (118\n3,\n")
    with pytest.raises(DataProblems, match=r"row 2, .*not a geometry[\s\S]*row 3"):
        read_features(bad, crs=4326)
    with pytest.raises(ValueError, match="are for tables"):
        read_features(save_features(polygons(), tmp_path / "d.gpkg"), x="a", y="b")


def test_segments(tmp_path):
    text = "x0,y0,x1,y1\n500000,4400000,503000,4404000\n500000,4400000,500000,oops\n"
    path = write(tmp_path / "a.csv", text)
    columns = ("x0", "y0", "x1", "y1")
    with pytest.raises(DataProblems, match="row 2, column 'y1', value 'oops'"):
        read_features(path, crs=32650, segment=columns)
    with pytest.raises(ValueError, match="no column 'y2'"):
        read_features(path, crs=32650, segment=("x0", "y0", "x1", "y2"))
    with pytest.raises(DataProblems, match="segment="):
        read_features(path, crs=32650)
    write(path, text.replace("oops", "4400010"))
    assert read_features(path, crs=32650, segment=columns).length.tolist() == [5000, 10]


# ---- writing -----------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
def test_equal_features_give_equal_bytes(tmp_path, suffix):
    paths = [
        save_features(polygons(), tmp_path / folder / f"a{suffix}", style="<qgis/>")
        for folder in ("one", "two")
    ]
    first, second = (hashlib.sha256(p.read_bytes()).hexdigest() for p in paths)
    assert first == second


def test_geopackage_does_not_count_its_changes(tmp_path):
    path = save_features(polygons(), tmp_path / "a.gpkg", style="<qgis/>")
    content = path.read_bytes()
    assert content[24:28] == content[92:96] == b"\0\0\0\1"
    with sqlite3.connect(path) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_style_is_where_qgis_looks(tmp_path):
    style = "<qgis version='3.40'><renderer-v2/></qgis>"
    path = save_features(polygons(), tmp_path / "a.gpkg", layer="目标", style=style)
    with sqlite3.connect(path) as base:
        row = base.execute(
            "SELECT f_table_name, f_geometry_column, styleQML, useAsDefault "
            "FROM layer_styles"
        ).fetchall()
        stamps = base.execute("SELECT last_change FROM gpkg_contents").fetchall()
    column = pyogrio.read_info(path, layer="目标")["geometry_name"]
    assert row == [("目标", column, style, 1)]
    assert {stamp for (stamp,) in stamps} == {"2000-01-01T00:00:00.000Z"}
    assert pyogrio.list_layers(path)[:, 0].tolist() == ["目标", "layer_styles"]
    assert len(read_features(path)) == 3
    other = save_features(polygons(), tmp_path / "b.geojson", style=style)
    assert other.with_suffix(".qml").read_text() == style


def test_what_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match=r"written to .gpkg, .geojson.*not to 'a.shp'"):
        save_features(polygons(), tmp_path / "a.shp")
    bare = polygons().set_crs(None, allow_override=True)
    with pytest.raises(ValueError, match="the features have no CRS"):
        save_features(bare, tmp_path / "a.gpkg")
    with pytest.raises(ValueError, match=r"columns \['cu'\] repeat"):
        save_features(polygons(Cu=[1] * 3, cu=[2] * 3), tmp_path / "a.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_keeps_the_last_good_file(tmp_path, monkeypatch):
    path = save_features(polygons(), tmp_path / "a.gpkg")
    good = path.read_bytes()

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pyogrio, "write_dataframe", full)
    with pytest.raises(OSError, match="No space left"):
        save_features(polygons(), path)
    assert path.read_bytes() == good
    assert [each.name for each in tmp_path.iterdir()] == ["a.gpkg"]


def test_mixed_and_empty_features(tmp_path):
    features = polygons()
    features.loc[0, "geometry"] = shapely.MultiPolygon([features.geometry[0]])
    again = read_features(save_features(features, tmp_path / "a.gpkg"))
    assert again.area.tolist() == [2500] * 3
    none = save_features(polygons().iloc[:0], tmp_path / "b.gpkg")
    assert len(read_features(none)) == 0


# ---- real files --------------------------------------------------------------


def test_gawler(real_data):
    folder = real_data("mpm/gawler_vectors")
    counts = {
        "faults_archaean_mesoproterozoic": 9400,
        "faults_neoproterozoic_ordovician": 5097,
        "gairdner_dolerite": 767,
        "mines_and_mineral_occurrences_all": 8677,
    }
    for name, count in counts.items():
        features = read_features(folder / f"{name}.shp")
        assert len(features) == count
        assert features.crs.to_epsg() == 4283
        assert features.is_valid.all()


def test_murchison_is_not_guessed(real_data, tmp_path):
    folder = real_data("mpm/murchison_gold")
    for name in ("gold_deposits.csv", "greenstone.gpkg"):
        with pytest.raises(DataProblems, match="none is guessed"):
            read_features(folder / name)
    with pytest.raises(DataProblems, match="metres where WGS 84 has degrees"):
        read_features(folder / "greenstone.gpkg", crs="EPSG:4326")
    gold = read_features(folder / "gold_deposits.csv", crs="EPSG:20350")
    segment = ("x0", "y0", "x1", "y1")
    faults = read_features(
        folder / "fault_segments.csv", crs="EPSG:20350", segment=segment
    )
    assert (len(gold), len(faults)) == (255, 3252)
    nearest = gold.sjoin_nearest(faults, distance_col="d").groupby(level=0)["d"].min()
    assert round(nearest.median() / 1000, 2) == 1.47


def test_cloncurry_and_its_traps(real_data, tmp_path):
    folder = real_data("mpm/cloncurry_iocg") / "deposits"
    assert len(read_features(folder / "IOCG_Deposits.shp", crs="EPSG:7845")) == 258
    with pytest.raises(DataProblems, match="EPSG:7845"):
        read_features(folder / "IOCG_Deposits.shp", crs="EPSG:4326")
    for each in folder.iterdir():
        shutil.copyfile(each, tmp_path / each.name)
    (tmp_path / "IOCG_Deposits.shp").write_bytes(
        (folder / "IOCG_Deposits.shp").read_bytes()[:2000]
    )
    with pytest.raises(
        DataProblems, match=r"IOCG_Deposits.shp: cut short: 2000 of 7324"
    ):
        read_features(tmp_path / "IOCG_Deposits.shp")
