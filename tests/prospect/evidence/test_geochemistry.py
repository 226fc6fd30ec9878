"""Treatments of geochemistry in a district file, on the sample district."""

from pathlib import Path

import numpy as np
import pytest

from prospect import check_district, read_district
from prospect._district import Evidence
from prospect.evidence import build_layer, interpolate
from prospect.geochem import (
    RobustPCA,
    catchment_grid,
    clr,
    delineate_catchments,
    filter_spectrum,
    impute_censored,
    outlier_distance,
    residuals_by_group,
    singularity_index,
)
from survey import (
    DataProblems,
    make_geobox,
    open_grid,
    read_features,
    read_samples,
    save_features,
)

FOLDER = "data_samples/synthetic_district"
SOURCE = {"file": "geochemistry/stream_sediments_gbk.csv", "crs": "EPSG:4547"}
METALS = ["Cu_ppm", "Au_ppb", "Ag_ppm", "Pb_ppm", "Zn_ppm", "As_ppm"]
UNITS = {"file": "geology/geology.gpkg", "layer": "units", "column": "name"}


@pytest.fixture(scope="module")
def like():
    return make_geobox((520000, 540000, 3400000, 3420000), crs=4547, resolution=250)


@pytest.fixture(scope="module")
def samples():
    return read_samples(f"{FOLDER}/{SOURCE['file']}", crs=SOURCE["crs"])


def layer(like, treatment, **options):
    section = Evidence(name="x", treatment=treatment, **(SOURCE | options))
    return build_layer(section, folder=FOLDER, like=like)


def by_hand(samples, values, like):
    table = samples[["geometry"]].assign(x=np.asarray(values, dtype=float))
    return interpolate(table, "x", like=like)


def test_log_ratio_is_the_clr_of_imputed_contents(samples, like):
    found = layer(like, "log_ratio", column="Cu_ppm", columns=METALS, impute="lr_em")
    table = clr(impute_censored(samples, columns=METALS), columns=METALS, missing="nan")
    np.testing.assert_array_equal(found, by_hand(samples, table["Cu_clr"], like))
    marks = [f"{name}_censored" for name in METALS if f"{name}_censored" in samples]
    share = samples[marks].any(axis=1).mean()
    assert found.attrs["imputed_share"] == pytest.approx(share)
    assert found.attrs["long_name"] == "clr(Cu)"


def test_headers_of_the_file_name_columns_too(like):
    headers = [f"{name.split('_')[0]}(10-6)" for name in METALS if name != "Au_ppb"]
    found = layer(
        like, "log_ratio", column="Cu(10-6)", columns=headers, impute="mult_repl"
    )
    assert np.isfinite(found).all()


def test_component_scores_and_their_loadings(samples, like):
    found = layer(like, "component", columns=METALS, impute="lr_em", component=2)
    table = impute_censored(samples, columns=METALS).dropna(subset=METALS)
    model = RobustPCA(n_components=2, columns=METALS, random_state=0)
    scores = model.fit(table).transform(table)
    np.testing.assert_allclose(found, by_hand(table, scores.iloc[:, 1], like))
    assert "loadings: " in found.attrs["notes"][-2]
    assert found.attrs["notes"][-1].startswith("3 samples with a missing part")


def test_outlier_distance(samples, like):
    found = layer(like, "outlier_distance", columns=METALS, impute="lr_em")
    table = impute_censored(samples, columns=METALS).dropna(subset=METALS)
    distance = outlier_distance(table, columns=METALS, random_state=0)["distance"]
    np.testing.assert_array_equal(found, by_hand(table, distance, like))


def test_contrast_to_the_background_of_each_rock(samples, like):
    found = layer(like, "background_contrast", column="Cu_ppm", geology=UNITS)
    rocks = read_features(f"{FOLDER}/{UNITS['file']}", layer="units")
    table = residuals_by_group(samples, "Cu_ppm", by=(rocks, "name")).samples
    expected = by_hand(samples, table["Cu_ppm_contrast"], like)
    np.testing.assert_array_equal(found, expected)
    alone = layer(like, "background_contrast", column="Cu_ppm")
    assert not np.allclose(alone, found)
    batches = layer(like, "background_contrast", column="Cu_ppm", by="分析批次")
    assert not np.allclose(batches, alone)


def test_singularity_of_samples_and_of_grids(samples, like):
    found = layer(like, "singularity", column="Cu_ppm", sizes=[3, 5, 9])
    field = interpolate(samples, "Cu_ppm", like=like)
    alpha = singularity_index(field, sizes=(3, 5, 9))["alpha"]
    np.testing.assert_array_equal(found, alpha)
    assert found.attrs["units"] == "1"
    ground = layer(like, "singularity", file="terrain/elevation.tif")
    assert float(ground.mean()) == pytest.approx(2, abs=0.02)


def test_spectrum_anomaly_is_a_part_of_the_field(samples, like):
    found = layer(like, "spectrum_anomaly", column="Cu_ppm", breaks=[1.0])
    field = interpolate(samples, "Cu_ppm", like=like)
    parts = filter_spectrum(field, [1.0])
    np.testing.assert_allclose(found, parts["anomaly"], rtol=1e-6, atol=1e-6)
    assert found.attrs["notes"][-1] == "split at a power of 1"
    assert found.attrs["units"] == "ppm"
    assert "split at a power of" in str(
        layer(like, "spectrum_anomaly", column="Cu_ppm").attrs["notes"]
    )


def test_catchments_paint_basins(samples, like):
    options = {"dem": {"file": "terrain/elevation.tif"}, "snap_distance": 300}
    found = layer(like, "catchment", column="Cu_ppm", **options)
    dem = open_grid(f"{FOLDER}/terrain/elevation.tif")
    basins = delineate_catchments(samples, dem, snap_distance=300, unplaced="keep")
    joined = basins.merge(samples[["sample_id", "Cu_ppm"]], on="sample_id", how="left")
    np.testing.assert_array_equal(found, catchment_grid(joined, "Cu_ppm", like=like))
    above = layer(like, "catchment", column="Cu_ppm", geology=UNITS, **options)
    assert above.attrs["units"] == "lg ratio"
    assert abs(float(np.nanmedian(above))) < 0.1
    assert "too far from a stream" in str(above.attrs["notes"])


def test_alteration_index(like, tmp_path, samples):
    table = samples[["sample_id", "geometry"]].assign(
        Na2O_pct=2.0, K2O_pct=np.linspace(1, 4, len(samples)), CaO_pct=1.0, MgO_pct=3.0
    )
    path = save_features(table, tmp_path / "oxides.gpkg")
    section = Evidence(
        name="ai", treatment="alteration_index", file=str(path), index="ishikawa"
    )
    found = build_layer(section, folder=tmp_path, like=like)
    values = 100 * (table["K2O_pct"] + 3) / (table["K2O_pct"] + 6)
    assert float(found.min()) == pytest.approx(values.min(), abs=0.5)
    assert float(found.max()) == pytest.approx(values.max(), abs=0.5)


@pytest.mark.parametrize(
    "method", ["kriging", "natural_neighbour", "minimum_curvature"]
)
def test_interpolated_by_the_methods_of_gridding(samples, like, method):
    found = layer(
        like, "interpolated", column="Cu_ppm", method=method, transform="log10"
    )
    assert found.attrs["units"] == "log10(ppm)"
    middle = found.to_numpy()[20:60, 20:60]
    idw = layer(like, "interpolated", column="Cu_ppm", transform="log10")
    assert np.corrcoef(middle.ravel(), idw.to_numpy()[20:60, 20:60].ravel())[0, 1] > 0.9


@pytest.mark.parametrize(
    ("treatment", "options", "message"),
    [
        ("log_ratio", {"column": "Cu_ppm"}, "needs 'columns'"),
        ("component", {}, "needs 'columns'"),
        ("catchment", {"column": "Cu_ppm"}, "needs 'dem'"),
        ("alteration_index", {}, "needs 'index'"),
        ("log_ratio", {"column": "Cu_ppm", "columns": METALS}, "impute them first"),
    ],
)
def test_what_is_missing_is_said(like, treatment, options, message):
    with pytest.raises(DataProblems, match=message):
        layer(like, treatment, **options)


def test_the_district_of_all_treatments_is_sound():
    path = f"{FOLDER}/geochemistry.toml"
    assert check_district(path) == []
    names = {each.file for each in read_district(path).sources}
    assert {"terrain/elevation.tif", "geology/geology.gpkg"} <= names


def test_a_further_source_that_is_absent_is_found(tmp_path):
    text = Path(FOLDER, "geochemistry.toml").read_text(encoding="utf-8")
    (tmp_path / "d.toml").write_text(text, encoding="utf-8")
    files = {problem.file for problem in check_district(tmp_path / "d.toml")}
    assert any("elevation.tif" in str(file) for file in files)
    assert any("geology.gpkg" in str(file) for file in files)
