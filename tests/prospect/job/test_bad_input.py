"""Bad input is refused with file, row, value and remedy, before any work is done."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from typer.testing import CliRunner

from prospect import check_district
from prospect.cli._app import app

COLUMNS, ROWS = 60, 50


def _write(path, **changes):
    """Write the magnetic grid again with other options."""
    with rasterio.open(path) as source:
        values, profile = source.read(), source.profile
    values = changes.pop("values", values)
    path.unlink()
    with rasterio.open(path, "w", **profile | changes) as target:
        target.write(values.astype("float32"))


def _swap(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def _deposits(folder, change):
    table = gpd.read_file(folder / "deposits.gpkg")
    (folder / "deposits.gpkg").unlink()
    change(table).to_file(folder / "deposits.gpkg")


def no_crs(path):
    _write(path.parent / "mag.tif", crs=None)


def degrees_for_metres(path):
    _write(path.parent / "mag.tif", crs="EPSG:4326")


def far_away(path):
    moved = rasterio.transform.from_origin(700_000, 7_600_000, 100, 100)
    _write(path.parent / "mag.tif", transform=moved)


def other_crs_than_declared(path):
    _swap(path, 'file = "mag.tif"', 'file = "mag.tif"\ncrs = "EPSG:32755"')


def mask_of_lines(path):
    _swap(path, "[deposits]", '[mask]\nfile = "faults.geojson"\n\n[deposits]')


def mask_of_nothing(path):
    small = gpd.GeoSeries.from_wkt(["POINT (403020 7597020)"], crs="EPSG:32754")
    small.buffer(10).to_file(path.parent / "small.geojson")
    _swap(path, "[deposits]", '[mask]\nfile = "small.geojson"\n\n[deposits]')


def no_file_name(path):
    _swap(path, 'file = "mag.tif"', 'file = ""')


def faults_far_away(path):
    file = path.parent / "faults.geojson"
    lines = gpd.read_file(file)
    lines.set_geometry(lines.translate(20_000, 0)).to_file(file)


def elevation_missing(path):
    path.write_text(path.read_text("utf-8") + '\n[scene.elevation]\nfile = "dem.tif"\n')


def bad_effort(path):
    new = 'method = "bias_aware"\neffort = { file = "soil.csv" }'
    _swap(path, 'method = "random"', new)


def nothing_in_the_region(path):
    with rasterio.open(path.parent / "mag.tif") as source:
        values, profile = source.read(), source.profile
    profile.update(width=2 * COLUMNS)
    wide = np.concatenate([np.full_like(values, np.nan), values], axis=2)
    moved = rasterio.transform.from_origin(400_000, 7_600_000, 100, 100)
    _write(path.parent / "mag.tif", values=wide, width=2 * COLUMNS, transform=moved)


def district_is_no_utf8(path):
    path.write_bytes(path.read_bytes().replace(b"tiny", "矿区".encode("gbk")))


def own_folder(path):
    _swap(path, 'name = "tiny"', 'name = "tiny"\nfolder = "data"')


def names_twice(path):
    _swap(path, 'name = "fault_distance"', 'name = "mag"')


def key_missing(path):
    _swap(path, 'file = "mag.tif"\n', "")


def all_missing(path):
    _write(path.parent / "mag.tif", values=np.full((1, ROWS, COLUMNS), np.nan))


def truncated(path):
    file = path.parent / "mag.tif"
    file.write_bytes(file.read_bytes()[:6000])


def truncated_head(path):
    file = path.parent / "mag.tif"
    file.write_bytes(file.read_bytes()[:5])


def empty_file(path):
    (path.parent / "mag.tif").write_bytes(b"")


def text_as_grid(path):
    (path.parent / "mag.tif").write_text("sample_id,x,y\n")


def missing_file(path):
    (path.parent / "faults.geojson").unlink()


def wrong_band(path):
    _swap(path, 'treatment = "as_is"', 'treatment = "as_is"\nband = 3')


def no_deposit_inside(path):
    _deposits(path.parent, lambda t: t.set_geometry(t.translate(50_000, 0)))


def too_few_deposits(path):
    _deposits(path.parent, lambda t: t.iloc[:3])
    _swap(path, "folds = 2", "folds = 5")


def no_deposit_at_all(path):
    _deposits(path.parent, lambda t: t.iloc[:0])


def ids_twice(path):
    _deposits(path.parent, lambda t: t.assign(site=["S07", *t["site"][1:]]))


def unknown_id_column(path):
    _swap(path, 'id = "site"', 'id = "Site"')


def text_for_size(path):
    def change(table):
        sizes = table["Au_t"].astype(str)
        sizes.iloc[4] = "about 12"
        return table.assign(Au_t=sizes)

    _deposits(path.parent, change)


def swapped(path):
    def change(table):
        places = table.to_crs("EPSG:4326").geometry
        turned = gpd.points_from_xy(places.y, places.x, crs="EPSG:4326")
        return table.set_geometry(turned)

    _deposits(path.parent, change)


def deposits_without_crs(path):
    table = gpd.read_file(path.parent / "deposits.gpkg")
    table.assign(x=table.geometry.x, y=table.geometry.y).drop(
        columns="geometry"
    ).to_csv(path.parent / "deposits.csv", index=False)
    _swap(path, "deposits.gpkg", "deposits.csv")


def polygons_as_deposits(path):
    _deposits(path.parent, lambda t: t.set_geometry(t.buffer(50)))


def text_in_assays(path):
    soil = path.parent / "soil.csv"
    lines = soil.read_text().splitlines()
    lines[3] = ",".join([*lines[3].split(",")[:3], "high"])
    soil.write_text("\n".join(lines))


def unreadable_bytes(path):
    soil = path.parent / "soil.csv"
    soil.write_bytes(b"\xff\xfe\x00\xd8\x81\x00\xff" + soil.read_bytes())


def wrong_encoding(path):
    _swap(path, 'column = "As_ppm"', 'column = "As_ppm"\nencoding = "utf-99"')


def no_coordinates(path):
    soil = path.parent / "soil.csv"
    _swap(soil, "sample_id,x,y,", "sample_id,a,b,")


def coordinate_not_number(path):
    soil = path.parent / "soil.csv"
    lines = soil.read_text().splitlines()
    lines[5] = lines[5].replace(lines[5].split(",")[1], "east")
    soil.write_text("\n".join(lines))


def unknown_column(path):
    _swap(path, 'column = "As_ppm"', 'column = "Cu_ppm"')


def wrong_filter(path):
    _swap(path, 'size = "Au_t"', 'size = "Au_t"\nwhere = "Type == \'mine\'"')


def filter_keeps_none(path):
    _swap(path, 'size = "Au_t"', 'size = "Au_t"\nwhere = "Au_t > 1e9"')


def unknown_key(path):
    _swap(path, 'units = "nT"', 'unit = "nT"')


def no_toml(path):
    _swap(path, 'name = "tiny"', "name = tiny")


def unknown_data(path):
    _swap(path, 'file = "mag.tif"', 'file = "data:mpm/nowhere/mag.tif"')


def district_in_degrees(path):
    _swap(
        path,
        'crs = "EPSG:32754"\nresolution = 100',
        'crs = "EPSG:4326"\nresolution = 0.001',
    )
    _swap(path, "[400000, 406000, 7595000, 7600000]", "[140.04, 140.1, -21.74, -21.7]")


def unknown_crs(path):
    _swap(path, 'crs = "EPSG:32754"\nresolution', 'crs = "EPSG:327540"\nresolution')


def region_turned_round(path):
    _swap(
        path, "[400000, 406000, 7595000, 7600000]", "[400000, 7595000, 406000, 7600000]"
    )


def too_many_cells(path):
    _swap(path, "resolution = 100", "resolution = 0.01")


def unit_cells_too_large(path):
    _swap(path, "unit_cell_area = 0.01", "unit_cell_area = 5")


def unknown_strata(path):
    _swap(path, 'method = "random"', 'method = "stratified"\nstrata = "geology"')


def unknown_model_parameter(path):
    _swap(
        path,
        'kind = "logistic_regression"',
        'kind = "logistic_regression"\nparams = { depth = 3 }',
    )


def radius_missing(path):
    _swap(path, '"distance_to"', '"density_of"')


def unknown_derivative(path):
    _swap(path, '"as_is"', '"terrain"\nderivative = "steepness"')


def unknown_method(path):
    _swap(path, 'transform = "log10"', 'method = "guess"')


def unknown_index(path):
    _swap(path, '"as_is"', '"index"\nindex = "NDXX"\nbands = { red = 1, nir = 2 }')


def unknown_resampling(path):
    _swap(path, '"as_is"', '"as_is"\nresampling = "sharpest"')


def unknown_region_from(path):
    _swap(
        path, "region = [400000, 406000, 7595000, 7600000]", 'region_from = "magnetics"'
    )


def unknown_layer(path):
    _swap(path, 'id = "site"', 'id = "site"\nlayer = "gold"')


FAULTS = {
    no_crs: ["mag.tif", "declares no CRS, and none is guessed", "crs="],
    degrees_for_metres: ["mag.tif", "they look like metres", "mend the CRS"],
    other_crs_than_declared: ["mag.tif", "but crs= says", "leave crs= out"],
    far_away: ["mag.tif", "mag", "does not overlap", "check the CRS"],
    nothing_in_the_region: ["mag.tif", "no value in the region", "nodata"],
    all_missing: ["mag.tif", "mag", "all is nodata", "leave the layer out"],
    truncated: ["mag.tif", "cut short or damaged", "export the file again"],
    truncated_head: ["mag.tif", "cannot be read as a grid", "fetch it again"],
    empty_file: ["mag.tif", "the file is empty", "export it again"],
    text_as_grid: ["mag.tif", "cannot be read as a grid", "GeoTIFF"],
    missing_file: ["faults.geojson", "no such file", "check the name"],
    elevation_missing: ["dem.tif", "no such file", "check the name"],
    wrong_band: ["mag.tif", "no band 3", "bands count from 1"],
    no_deposit_inside: ["deposits.gpkg", "none of the 40 deposits", "check the CRS"],
    no_deposit_at_all: ["deposits.gpkg", "no record is left", "check the file"],
    too_few_deposits: ["deposits.gpkg", "3 deposits", "5 folds", "use fewer folds"],
    ids_twice: ["deposits.gpkg", "site", "S07", "2 times, in rows 1, 8", "its own id"],
    unknown_id_column: ["deposits.gpkg", "Site", "no such column", "site, Au_t"],
    text_for_size: ["deposits.gpkg", "5", "Au_t", "about 12", "write a number"],
    swapped: ["deposits.gpkg", "1", "latitude and longitude are exchanged", "x="],
    deposits_without_crs: ["deposits.csv", "declares no coordinate system", "crs="],
    polygons_as_deposits: ["deposits.gpkg", "must be points, found Polygon", "points"],
    text_in_assays: ["soil.csv", "3", "As_ppm", "high", "not a number", "12.5"],
    unreadable_bytes: ["soil.csv", "As", "utf-16", "state the encoding"],
    wrong_encoding: ["soil.csv", "'utf-99' is unknown", "state the encoding"],
    no_coordinates: ["soil.csv", "no coordinate columns", "sample_id, a, b, As_ppm"],
    coordinate_not_number: ["soil.csv", "5", "x", "east", "not a coordinate"],
    unknown_column: ["soil.csv", "Cu_ppm", "no such column", "As_ppm"],
    wrong_filter: ["deposits.gpkg", "Type == 'mine'", "not a query", "site, Au_t"],
    filter_keeps_none: ["deposits.gpkg", "Au_t > 1e9", "none of 40 rows", "spelling"],
    mask_of_lines: ["faults.geojson", "mask", "must be polygons, found LineString"],
    mask_of_nothing: ["small.geojson", "mask", "less than one cell", "CRS"],
    no_file_name: ["district.toml", "evidence 1 'mag', file", "at least 1"],
    faults_far_away: ["faults.geojson", "does not overlap", "check the CRS"],
    bad_effort: ["soil.csv", "background.effort", "no coordinate system", "crs="],
    unknown_key: ["district.toml", "nT", "evidence 1 'mag', unit", "'units'?"],
    key_missing: ["district.toml", "evidence 1 'mag', file", "add this key"],
    names_twice: ["district.toml", "must be unique; twice: ['mag']"],
    own_folder: ["district.toml", "folder: no such key", "data"],
    no_toml: ["district.toml", "not TOML", "line 2", "quotes"],
    district_is_no_utf8: ["district.toml", "not UTF-8", "save the district file"],
    unknown_data: ["data:mpm/nowhere/mag.tif", "no data set 'mpm/nowhere'"],
    district_in_degrees: ["district.toml", "in degrees (EPSG:4326)", "EPSG:32754"],
    unknown_crs: ["district.toml", "'EPSG:327540' is not a CRS", "EPSG:32650"],
    region_turned_round: ["district.toml", "71950 × 71940", "west, east, south"],
    too_many_cells: ["district.toml", "0.01", "600000 × 500000", "coarser"],
    unit_cells_too_large: ["deposits.gpkg", "6 unit cells", "40 deposits", "smaller"],
    unknown_strata: ["district.toml", "geology", "no such layer", "fault_distance"],
    unknown_region_from: ["magnetics", "no such file", "check the name"],
    unknown_model_parameter: ["district.toml", "no setting ['depth']", "max_iter"],
    radius_missing: ["district.toml", "needs 'radius'", "add radius"],
    unknown_derivative: ["mag.tif", "steepness", "slope"],
    unknown_method: ["soil.csv", "'guess'", "idw"],
    unknown_index: ["mag.tif", "no band 2", "bands count from 1"],
    unknown_resampling: ["mag.tif", "'sharpest'", "bilinear"],
    unknown_layer: ["deposits.gpkg", "no layer 'gold'", "deposits"],
}


def said(problem):
    fields = (problem.file, problem.layer, problem.row, problem.column, problem.value)
    return "\t".join(map(str, (*fields, problem.what, problem.remedy)))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_fault_is_told_once_with_place_and_remedy_and_stops_the_run(fault, tiny):
    fault(tiny)
    problems = check_district(tiny)
    assert len(problems) == 1, problems
    assert problems[0].severity == "error"
    for words in FAULTS[fault]:
        assert words in said(problems[0])
    assert problems[0].remedy

    result = tiny.parent / "result"
    command = ["run", str(tiny), "--out", str(result), "--no-scene"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 3, done.output
    assert done.stdout == ""
    for words in FAULTS[fault]:
        assert words in done.stderr
    assert not result.exists()


def test_several_faults_are_listed_together(tiny):
    mistakes = (far_away, missing_file, text_in_assays, ids_twice, text_for_size)
    for fault in (*mistakes, unknown_strata):
        fault(tiny)
    problems = check_district(tiny)
    assert len(problems) == 6
    files = sorted({problem.file.rsplit("/")[-1] for problem in problems})
    names = "deposits.gpkg district.toml faults.geojson mag.tif soil.csv"
    assert files == names.split()
    done = CliRunner().invoke(app, ["check", str(tiny)])
    assert done.exit_code == 3
    assert len(done.stdout.splitlines()) == 7


def test_faults_of_the_files_are_listed_though_the_region_is_unknown(tiny):
    unknown_crs(tiny)
    text_in_assays(tiny)
    text_for_size(tiny)
    files = [problem.file.rsplit("/")[-1] for problem in check_district(tiny)]
    assert files == ["district.toml", "soil.csv", "deposits.gpkg"]


def test_all_unknown_keys_are_listed_together(tiny):
    unknown_key(tiny)
    _swap(tiny, "folds = 2", 'fold = 2\nblock_size_m = "wide"')
    _swap(tiny, 'kind = "logistic_regression"', 'kind = "neural_network"')
    assert len(check_district(tiny)) == 4


def test_column_of_text_is_not_listed_row_by_row_without_end(tiny):
    _deposits(tiny.parent, lambda t: t.assign(Au_t="large"))
    problems = check_district(tiny)
    assert len(problems) == 21
    assert problems[-1].what == "20 more rows have text where a number is due"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda path: _write(
                path.parent / "mag.tif", values=np.full((1, ROWS, COLUMNS), 4.0)
            ),
            "mag.tif, layer 'mag': the grid seems to be constant (4)",
        ),
        (
            lambda path: _swap(path, "[400000, 406000,", "[400000, 405000,"),
            "of 40 deposits lie outside the region",
        ),
        (
            lambda path: _deposits(
                path.parent, lambda t: t.set_geometry([None, *t.geometry[1:]])
            ),
            "deposits.gpkg: 1 records without geometry are left out",
        ),
    ],
)
def test_warning_does_not_stop_the_check(spoil, words, tiny):
    spoil(tiny)
    (problem,) = check_district(tiny)
    assert problem.severity == "warning"
    assert words in str(problem)
    done = CliRunner().invoke(app, ["check", str(tiny)])
    assert done.exit_code == 0


def test_faults_beside_the_region_are_evidence_too(tiny):
    file = tiny.parent / "faults.geojson"
    lines = gpd.read_file(file)
    lines.set_geometry(lines.translate(7_000, 0)).to_file(file)
    assert check_district(tiny) == []


def test_rare_values_of_a_large_grid_are_neither_missing_nor_constant(tiny):
    side = 2000
    rare = np.full((1, side, side), np.nan)
    rare[0, 1, 1], rare[0, 3, 5] = 1, 2
    shape = {"height": side, "width": side}
    place = rasterio.transform.from_origin(400_000, 7_600_000, 3, 2.5)
    _write(tiny.parent / "mag.tif", values=rare, transform=place, **shape)
    assert check_district(tiny) == []


def test_table_header_names_the_column_as_well(tiny):
    soil = tiny.parent / "soil.csv"
    table = pd.read_csv(soil).rename(columns={"As_ppm": "As(ppm)"})
    table.to_csv(soil, index=False)
    _swap(tiny, 'column = "As_ppm"', 'column = "As(ppm)"')
    assert check_district(tiny) == []
