"""Tables of samples from any file, with nothing lost on the way."""

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from survey import DataProblems, read_samples, save_features

CHINESE = (
    "样品编号,经度,纬度,铜(ppm),Au/10-9,SiO2(%),备注\n"
    "S1,118.5,34.2,<0.5,1.2,65.1,河床\n"
    "S2,118.6,34.3,12,未检出,66,\n"
    "S3,118.7,34.4,>1000,-0.5,64,塘\n"
)


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def problems_of(path, **how):
    with pytest.raises(DataProblems) as caught:
        read_samples(path, **how)
    return caught.value.problems


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_chinese_table(tmp_path, encoding):
    samples = read_samples(write(tmp_path / "a.csv", CHINESE, encoding), crs=4490)
    assert samples.columns.tolist() == [
        *(
            "sample_id",
            "经度",
            "纬度",
            "Cu_ppm",
            "Cu_ppm_censored",
            "Cu_ppm_over_range",
        ),
        *("Au_ppb", "Au_ppb_censored", "SiO2_pct", "备注", "geometry"),
    ]
    assert samples["sample_id"].tolist() == ["S1", "S2", "S3"]
    assert samples["Cu_ppm"].tolist() == [0.5, 12, 1000]
    assert samples["Cu_ppm_censored"].tolist() == [True, False, False]
    assert samples["Cu_ppm_over_range"].tolist() == [False, False, True]
    np.testing.assert_equal(samples["Au_ppb"].to_numpy(), [1.2, np.nan, 0.5])
    assert samples["Au_ppb_censored"].tolist() == [False, True, True]
    assert samples["备注"].fillna("").tolist() == ["河床", "", "塘"]
    assert samples.crs.to_epsg() == 4490
    assert samples.geometry.x.tolist() == [118.5, 118.6, 118.7]
    attrs = samples.attrs
    assert attrs["columns"]["Cu_ppm"] == "铜(ppm)"
    assert attrs["columns"]["sample_id"] == "样品编号"
    assert attrs["units"] == {"Cu_ppm": "ppm", "Au_ppb": "ppb", "SiO2_pct": "pct"}
    assert attrs["censored"] == {"Cu_ppm": 1, "Au_ppb": 2}
    assert attrs["censored_without_limit"] == {"Au_ppb": 1}
    assert attrs["over_range"] == {"Cu_ppm": 1}


def test_all_problems_at_once_with_row_column_value_and_remedy(tmp_path):
    path = write(
        tmp_path / "bad.csv",
        "ID,lon,lat,Cu_ppm,Zn_ppm\n"
        "A,118.5,34.2,12x,1\n"
        "B,,34.2,3,two\n"
        "C,118.7,here,4,5\n"
        "A,118.8,34.2,6,7\n",
    )
    problems = problems_of(path)
    assert {(p.row, p.column, p.value) for p in problems} == {
        (None, None, None),
        (1, "Cu_ppm", "12x"),
        (2, "Zn_ppm", "two"),
        (2, "lon", ""),
        (3, "lat", "here"),
        (1, None, "A"),
    }
    assert all(p.remedy and p.file == str(path) for p in problems)
    assert "stands for different rows (1, 4)" in str(problems)
    assert any("crs=" in p.remedy for p in problems)


def test_row_numbers_count_lines_left_out(tmp_path):
    text = 'ID,lon,lat,Cu_ppm\nA,118,34,"1\n"\n,,,\nB,118,34,x\n'
    (problem,) = problems_of(write(tmp_path / "a.csv", text), crs=4326)
    assert (problem.row, problem.value) == (3, "x")


def test_a_column_of_text_is_one_problem(tmp_path):
    rows = "".join(f"{i},118.5,34.2,low\n" for i in range(150))
    path = write(tmp_path / "a.csv", "ID,lon,lat,Cu_ppm\n" + rows)
    (problem,) = problems_of(path, crs=4326)
    assert "text in 150 of 150 cells" in problem.what


def test_negative_values(tmp_path):
    text = "ID,lon,lat,Cu_ppm\nA,118.5,34.2,-0.5\nB,118.6,34.2,-9999\nC,118.7,34.2,3\n"
    path = write(tmp_path / "a.csv", text)
    samples = read_samples(path, crs=4326)
    np.testing.assert_equal(samples["Cu_ppm"].to_numpy(), [0.5, np.nan, 3])
    assert samples["Cu_ppm_censored"].tolist() == [True, False, False]
    assert samples.attrs["missing"] == {"Cu_ppm": 1}
    kept = read_samples(path, crs=4326, negative="keep")
    np.testing.assert_equal(kept["Cu_ppm"].to_numpy(), [-0.5, np.nan, 3])
    assert "Cu_ppm_censored" not in kept
    (problem,) = problems_of(path, crs=4326, negative="error")
    assert (problem.row, problem.column, problem.value) == (1, "Cu_ppm", "-0.5")
    with pytest.raises(ValueError, match=r"negative must be .* got 'drop'"):
        read_samples(path, crs=4326, negative="drop")


def test_logratios_are_not_taken_for_limits(tmp_path):
    values = np.random.default_rng(1).normal(-1, 1, 100)
    rows = "".join(f"{i},118.5,34.2,{value}\n" for i, value in enumerate(values))
    path = write(tmp_path / "a.csv", "ID,lon,lat,Cu\n" + rows)
    (problem,) = problems_of(path, crs=4326)
    assert "negative='keep'" in problem.remedy
    np.testing.assert_array_equal(
        read_samples(path, crs=4326, negative="keep")["Cu"], values
    )


def test_identical_rows_are_dropped_and_counted(tmp_path):
    text = "ID,lon,lat,Cu_ppm\nA,118.5,34.2,1\nB,118.6,34.2,2\nA,118.5,34.2,1\n"
    samples = read_samples(write(tmp_path / "a.csv", text), crs=4326)
    assert samples["sample_id"].tolist() == ["A", "B"]
    assert samples.attrs["dropped"] == {"identical rows": 1}
    assert samples.index.tolist() == [0, 1]


def test_ids(tmp_path):
    text = (
        "lab,size,lon,lat,Cu_ppm\n007,1,118.5,34.2,1\n007,2,118.6,34.2,2\n,3,118,34,1\n"
    )
    path = write(tmp_path / "a.csv", text)
    assert read_samples(path, crs=4326)["sample_id"].tolist() == ["1", "2", "3"]
    pair = read_samples(path, crs=4326, sample_id=["lab", "size"])
    assert pair["sample_id"].tolist() == ["007-1", "007-2", "-3"]
    (problem,) = problems_of(path, crs=4326, sample_id="lab")
    assert "they differ in column 'size'" in problem.what
    with pytest.raises(ValueError, match=r"no column 'label' .*'lab'"):
        read_samples(path, crs=4326, sample_id="label")
    numbered = read_samples(path, crs=4326, sample_id=False)
    assert numbered["lab"].fillna("").tolist() == ["007", "007", ""]


def test_missing_ids_are_named_by_row(tmp_path):
    text = "ID,lon,lat\nA,118.5,34.2\n,118.6,34.2\n"
    samples = read_samples(write(tmp_path / "a.csv", text), crs=4326)
    assert samples["sample_id"].tolist() == ["A", "row-2"]
    assert any("no id" in note for note in samples.attrs["notes"])


@pytest.mark.parametrize(
    ("header", "place", "crs"),
    [
        ("Easting,Northing", "448681,4418600", 32650),
        ("横坐标,纵坐标", "39448681,4418600", 4527),
        ("XCOO,YCOO", "448681,4418600", 32650),
        ("东经,北纬", "116°24′00″,39°54′00″", 4490),
        ("LONGITUDE,LATITUDE", "116.4,39.9", 4326),
        ("Y坐标,X坐标", "4418600,448681", 4548),
    ],
)
def test_coordinate_columns_are_recognised(tmp_path, header, place, crs):
    path = write(tmp_path / "a.csv", f"ID,{header}\nA,{place}\n")
    samples = read_samples(path, crs=crs)
    degrees = samples.to_crs(4326).geometry[0]
    assert (round(degrees.x, 1), round(degrees.y, 1)) == (116.4, 39.9)


def test_northing_called_x_is_explained(tmp_path):
    path = write(tmp_path / "a.csv", "ID,X,Y\nA,4418600,39448681\n")
    (problem,) = problems_of(path, crs="CGCS2000 3度带 39带")
    assert "easting and northing are exchanged" in problem.what
    assert read_samples(path, crs=4527, x="Y", y="X").geometry[0].x == 39448681


def test_columns_are_listed_when_coordinates_are_not_recognised(tmp_path):
    path = write(tmp_path / "a.csv", "ID,p,q\nA,1,2\n")
    (problem,) = problems_of(path, crs=4326)
    assert "from the columns: ID, p, q" in problem.remedy
    with pytest.raises(ValueError, match="state both x= and y="):
        read_samples(path, crs=4326, x="p")
    both = "ID,lon,lat,easting,northing\nA,116.4,39.9,448681,4418600\n"
    path = write(tmp_path / "b.csv", both)
    assert "several pairs" in problems_of(path)[0].what
    assert read_samples(path, crs=32650).geometry[0].x == 448681
    assert read_samples(path, crs=4326).geometry[0].x == 116.4


def test_two_columns_of_one_analyte(tmp_path):
    text = "ID,lon,lat,Cu(ppm),Cu(mg/kg)\nA,118.5,34.2,1,2\n"
    (problem,) = problems_of(write(tmp_path / "a.csv", text), crs=4326)
    assert "'Cu(ppm)' and 'Cu(mg/kg)' are both Cu_ppm" in problem.what


@pytest.mark.parametrize(
    "header", ["CuCen", "Cu_censored", "Cu_flag", "Cu_Qualifier", "Cu_511_T"]
)
def test_flags_in_their_own_column(tmp_path, header):
    mark = "TRUE" if "en" in header else "<"
    text = f"ID,lon,lat,Cu,{header}\nA,118.5,34.2,5,{mark}\nB,118.6,34.2,7,\n"
    samples = read_samples(write(tmp_path / "a.csv", text), crs=4326)
    assert samples["Cu_censored"].tolist() == [True, False]
    assert samples["Cu"].tolist() == [5, 7]


def test_text_that_begins_like_a_number_stays_text(tmp_path):
    text = "ID,lon,lat,code,card\n01,118.5,34.2,007,12345678901234567\n"
    samples = read_samples(write(tmp_path / "a.csv", text), crs=4326)
    assert samples.loc[0, ["sample_id", "code", "card"]].tolist() == [
        *("01", "007", "12345678901234567")
    ]


def test_unreadable_encoding_asks_for_it(tmp_path):
    text = "ID,lon,lat,ort\nA,13.0,55.6,Malmö\n"
    path = write(tmp_path / "a.csv", text, "cp1252")
    with pytest.raises(DataProblems, match="encoding='gb18030'"):
        read_samples(path, crs=4326)
    assert read_samples(path, crs=4326, encoding="cp1252")["ort"][0] == "Malmö"


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".parquet"])
def test_saved_samples_are_read_back(tmp_path, suffix):
    samples = read_samples(write(tmp_path / "a.csv", CHINESE), crs=4490)
    path = save_features(samples, tmp_path / f"b{suffix}")
    again = read_samples(path)
    pd.testing.assert_frame_equal(
        pd.DataFrame(again.drop(columns="geometry")),
        pd.DataFrame(samples.drop(columns="geometry")),
        check_dtype=False,
    )
    assert again.geometry.geom_equals(samples.geometry).all()
    assert again.crs == samples.crs


def test_layers_that_are_no_points(tmp_path):
    frame = gpd.GeoDataFrame(
        {"Cu_ppm": [1.0, 2.0]},
        geometry=gpd.GeoSeries.from_wkt(["POINT (118 34)", "LINESTRING (0 0, 1 1)"]),
        crs=4326,
    )
    frame.to_file(tmp_path / "a.gpkg")
    with pytest.raises(DataProblems, match="1 of 2 geometries are not points"):
        read_samples(tmp_path / "a.gpkg")
    frame.loc[1, "geometry"] = None
    frame.to_file(tmp_path / "b.gpkg")
    with pytest.raises(DataProblems, match="row 2: the row has no place"):
        read_samples(tmp_path / "b.gpkg")


@given(
    st.lists(
        st.tuples(st.floats(0.001, 1e5), st.sampled_from(["", "<", ">"])),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None)
def test_no_value_and_no_mark_is_lost(tmp_path_factory, cells):
    rows = "".join(f"{i},118,34,{s}{v!r}\n" for i, (v, s) in enumerate(cells))
    path = tmp_path_factory.mktemp("t") / "a.csv"
    samples = read_samples(write(path, "ID,lon,lat,Cu_ppm\n" + rows), crs=4326)
    assert samples["Cu_ppm"].tolist() == [value for value, _ in cells]
    for column, sign in (("Cu_ppm_censored", "<"), ("Cu_ppm_over_range", ">")):
        marks = samples.get(column, pd.Series(False, index=samples.index))
        assert marks.tolist() == [mark == sign for _, mark in cells]


def test_western_australian_sediments(real_data, caplog):
    path = real_data("geochem/gswa_stream_sediment_au") / "sediment_samples.csv"
    with caplog.at_level(logging.INFO, logger="survey"):
        samples = read_samples(path, crs="EPSG:4283")
    assert len(samples) == 1392
    assert sum(samples.attrs["censored"].values()) == 3837
    assert samples.attrs["zero"]["Au_ppm"] == 154
    raw = pd.read_csv(path)
    names = list(samples.attrs["units"])
    assert sum(samples.attrs["missing"].values()) == (raw[names] == -9999).sum().sum()
    for name in names:
        expected = raw[name].mask(raw[name] == -9999).abs()
        pd.testing.assert_series_equal(samples[name], expected, check_dtype=False)
    assert "taken as missing" in caplog.text
    with pytest.raises(DataProblems, match=r"what look like degrees.*EPSG:4283"):
        read_samples(path, crs="EPSG:28350")


@pytest.mark.parametrize(
    "medium", ["moss", "ohorizon", "bhorizon", "chorizon", "topsoil"]
)
def test_kola(real_data, medium):
    path = real_data("geochem/kola") / f"{medium}.csv"
    samples = read_samples(path, crs="EPSG:32636")
    raw = pd.read_csv(path)
    assert len(samples) == len(raw)
    assert samples.geometry.x.tolist() == raw["XCOO"].tolist()
    numbers = raw.select_dtypes("number").columns.drop(["ID", "XCOO", "YCOO"])
    for name in numbers:
        np.testing.assert_array_equal(samples[name].to_numpy(), raw[name].to_numpy())
    with pytest.raises(DataProblems, match="none is guessed"):
        read_samples(path)


def test_finnish_till_with_flags_beside(real_data):
    folder = real_data("geochem/gtk_till_central_lapland")
    path = folder / "IOCG_CLB_Till_Geochem_reg_511p.gpkg"
    samples = read_samples(path)
    assert len(samples) == 1112
    assert samples["Zr_ppm_511_censored"].sum() == 166
    assert samples.attrs["censored"] == {
        "Co_ppm_511": 1,
        "K_ppm_511P": 2,
        "Th_ppm_511": 19,
        "Zr_ppm_511": 166,
    }
    assert samples.loc[samples["Zr_ppm_511_censored"], "Zr_ppm_511"].isna().all()
    assert samples["Map_sheet_"].dtype == "str"
    kkj = read_samples(path, x="Easting_kk", y="Northing_k", crs="EPSG:2393")
    shift = kkj.to_crs(3067).distance(samples.geometry)
    assert shift.max() < 5


def test_australian_deposits_with_breaks_in_quotes(real_data):
    path = real_data("mpm/australia_deposits") / "deposit_locations.csv"
    samples = read_samples(path, crs="EPSG:4326")
    assert len(samples) == 3035
    raw = pd.read_csv(path)
    assert samples["name"].tolist() == raw["name"].tolist()
    assert samples["sample_id"].tolist() == raw["id"].astype(str).tolist()


def test_tables_without_places_are_refused(real_data):
    path = real_data("geochem/censored_nada") / "CuZn.csv"
    with pytest.raises(DataProblems, match="Cu, CuCen, Zn, ZnCen, Zone"):
        read_samples(path, crs="EPSG:4326")


@pytest.mark.parametrize("element", ["Cu", "Zn"])
def test_marks_of_helsel(real_data, tmp_path, element):
    table = pd.read_csv(real_data("geochem/censored_nada") / "CuZn.csv")
    table.assign(lon=118.0, lat=34.0).to_csv(tmp_path / "a.csv", index_label="ID")
    samples = read_samples(tmp_path / "a.csv", crs=4326)
    marks = table[f"{element}Cen"].fillna(False).tolist()
    assert samples[f"{element}_censored"].tolist() == marks
    np.testing.assert_array_equal(samples[element], table[element])


def test_companions_that_say_nothing_are_problems(tmp_path):
    text = (
        "id,x,y,Cu_ppm,Cu_ppm_censored,Cu_ppm_detection_limit,"
        "Zn_ppm,Zn_ppm_detection_limit\n"
        "a,500100,4000000,5,maybe,1,40,-1\n"
        "b,500200,4000100,6,True,abc,50,\n"
        "c,500300,4000200,7,no,,60,0\n"
    )
    problems = problems_of(write(tmp_path / "a.csv", text), crs=32633)
    assert [(p.row, p.column, p.value) for p in problems] == [
        (1, "Cu_ppm_censored", "maybe"),
        (2, "Cu_ppm_detection_limit", "abc"),
        (1, "Zn_ppm_detection_limit", "-1.0"),
        (3, "Zn_ppm_detection_limit", "0.0"),
    ]
    assert all("write" in p.remedy for p in problems)


def test_values_below_their_limit_are_listed(tmp_path):
    text = (
        "id,x,y,Cu_ppm,Cu_ppm_detection_limit\n"
        "a,500100,4000000,5,1\nb,500200,4000100,6,10\nc,500300,4000200,<10,10\n"
    )
    samples = read_samples(write(tmp_path / "a.csv", text), crs=32633)
    notes = [note for note in samples.attrs["notes"] if "their limit" in note]
    assert len(notes) == 1
    assert "Cu_ppm: 1 values" in notes[0]
    assert "(row 2: 6 < 10)" in notes[0]


def test_negative_contents_are_counted_in_the_notes(tmp_path):
    text = "id,x,y,Cu_ppm\na,500100,4000000,5\nb,500200,4000100,-5\n"
    samples = read_samples(write(tmp_path / "a.csv", text), crs=32633)
    assert any("1 negative contents" in note for note in samples.attrs["notes"])
