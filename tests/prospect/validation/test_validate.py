"""The whole validation: honest where random folds flatter."""

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from prospect._labels import Training
from prospect._note import read_note
from prospect.report import Words
from prospect.report._quality import verdict
from prospect.validation import find_leakage, validate
from prospect.validation._notes import notes_on
from prospect.validation._predict import fit_weighted, takes_weight
from prospect.validation._scores import Difference


def make_training(seed=0, n=600, n_deposits=60):
    """Clustered deposits; one true layer, one smooth layer without meaning."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 50_000, (n, 2))
    centres = rng.uniform(5000, 45_000, (10, 2))
    places[:n_deposits] = centres[np.arange(n_deposits) % 10]
    places[:n_deposits] += rng.normal(0, 700, (n_deposits, 2))
    y = (np.arange(n) < n_deposits).astype(int)
    smooth = np.sin(places[:, 0] / 4000) + np.cos(places[:, 1] / 3000)
    wave = np.sin(places[:, 1] / 2500) - np.cos(places[:, 0] / 5000)
    X = pd.DataFrame({"true": rng.normal(1.5 * y), "smooth": smooth, "wave": wave})
    X.loc[::9, "true"] = np.nan
    points = gpd.GeoSeries.from_xy(*places.T, crs="EPSG:32654")
    return Training(X, y, points, np.where(y == 1, 1.0, 4.0))


@pytest.fixture(scope="module")
def result():
    model = RandomForestClassifier(20, min_samples_leaf=3, random_state=0)
    return validate(model, make_training(), random_state=0)


def test_every_score_stands_beside_its_null(result):
    keys = result.scores[["folds", "model", "score"]]
    assert len(keys) == 3 * 2 * 3
    assert not keys.duplicated().any()
    table = result.scores
    assert table[["pooled", "mean_of_folds"]].notna().all(axis=None)
    assert (table["low"] <= table["pooled"]).all()
    assert (table["high"] >= table["pooled"]).all()
    assert table["n_folds"].eq(5).all()


def test_random_folds_flatter_and_it_is_said(result):
    auc = result.scores.query("score == 'auc'").set_index(["folds", "model"])["pooled"]
    assert auc["random", "null_distance"] > 0.95
    assert auc["buffered", "null_distance"] < 0.6
    assert auc["random", "model"] > auc["buffered", "model"]
    assert any("random folds flatter this model by" in note for note in result.notes)
    assert any("distance to known deposits" in note for note in result.notes)


def test_predictions_are_held_out_and_give_the_scores(result):
    training = make_training()
    scores = result.scores.query("model == 'model' and score == 'auc'")
    for kind, table in result.predictions.groupby("folds"):
        assert sorted(table["row"]) == list(range(600))
        assert table[["probability", "null"]].notna().all(axis=None)
        pooled = roc_auc_score(
            table["y"], table["probability"], sample_weight=table["weight"]
        )
        row = scores[scores["folds"] == kind].iloc[0]
        assert row["pooled"] == pytest.approx(pooled)
        folds = [
            roc_auc_score(f["y"], f["probability"], sample_weight=f["weight"])
            for _, f in table.groupby("fold")
        ]
        assert row["mean_of_folds"] == pytest.approx(np.mean(folds))
    block = result.predictions.query("folds == 'blocks'").set_index("row")
    known = block.index[(block["y"] == 1) & (block["fold"] != block.loc[0, "fold"])]
    nearest = training.points[known].distance(training.points[0]).min()
    assert block.loc[0, "null"] == pytest.approx(-nearest)


def test_difference_is_paired_and_agrees_with_the_note(result):
    auc = result.scores.query("score == 'auc' and folds == 'blocks'")
    pooled = auc.set_index("model")["pooled"]
    value, low, high = result.difference
    assert value == pytest.approx(pooled["model"] - pooled["null_distance"])
    assert low <= value <= high
    [note] = [n for n in result.notes if n.code.startswith("null_")]
    expected = "null_unbeaten" if value <= 0 else "null_beaten"
    if value > 0 and low <= 0:
        expected = "null_perhaps"
    assert note.code == expected
    assert result.to_dict()["difference"] == {"value": value, "low": low, "high": high}


@pytest.mark.parametrize(
    ("difference", "code"),
    [
        ((0.2, 0.1, 0.3), "null_beaten"),
        ((0.2, -0.1, 0.3), "null_perhaps"),
        ((0.2, np.nan, np.nan), "null_higher"),
        ((0.0, -0.1, 0.1), "null_unbeaten"),
        ((-0.2, np.nan, np.nan), "null_not_higher"),
    ],
)
def test_note_on_the_null_model_says_what_the_verdict_says(difference, code):
    verdicts = {
        "null_beaten": "good",
        "null_perhaps": "doubt",
        "null_higher": "doubt",
        "null_unbeaten": "bad",
        "null_not_higher": "bad",
    }
    scores = pd.DataFrame({"model": [], "score": [], "folds": [], "pooled": []})
    found = notes_on(scores, Difference(*difference), np.arange(12), 1000)
    assert found[0].code == code
    value, low, high = (None if np.isnan(v) else v for v in difference)
    ends = {"low": None, "high": None} if low is None else {"low": 0.5, "high": 0.9}
    row = {"score": "auc", "folds": "blocks", "mean_of_folds": None}
    model = {
        "key": "forest",
        "difference": {"value": value, "low": low, "high": high},
        "scores": [
            row | ends | {"model": "model", "pooled": 0.6 + value},
            row | ends | {"model": "null_distance", "pooled": 0.6},
        ],
    }
    assert verdict(model, Words("en")).level == verdicts[code]


def test_notes_are_data_that_can_be_said_in_chinese(result):
    coded = json.loads(json.dumps(result.to_dict()["notes"], allow_nan=False))
    again = [read_note(note) for note in coded]
    assert again == result.notes
    for note in again:
        assert any("\u4e00" <= c <= "\u9fff" for c in note.say("zh"))


def test_independent_deposits_are_the_clusters(result):
    assert result.n_deposits == 60
    assert 2 <= result.n_independent <= 10
    assert any("independent clusters" in note for note in result.notes)


def test_curves_do_not_mix_seen_and_unseen_deposits(result):
    kinds = set(
        map(tuple, result.curves[["folds", "kind"]].drop_duplicates().to_numpy())
    )
    held = {(f, "prediction_rate") for f in ("blocks", "buffered", "random")}
    assert kinds == held | {("none", "success_rate")}
    area = {
        k: np.trapezoid(t["captured"], t["area_share"])
        for k, t in result.curves.groupby("folds")
    }
    assert area["none"] > area["blocks"]
    found = result.prediction_area
    assert found.captured + found.area_share == pytest.approx(1)


def test_result_is_ready_for_json(result):
    text = json.dumps(result.to_dict(), allow_nan=False)
    back = json.loads(text)
    assert len(back["scores"]) == 18
    assert set(back["prediction_area"]["crossing"]) == {
        "value", "captured", "area_share", "density",
    }  # fmt: skip
    assert {row["layer"] for row in back["range_table"]} == {"true", "smooth", "wave"}


def test_same_seed_same_result():
    model = make_pipeline(
        StandardScaler(), DecisionTreeClassifier(max_depth=3, random_state=0)
    )
    training = make_training()
    before = training.X.copy()
    one, two = (
        validate(model, training, block_size=4000, buffer=1000, random_state=3)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.scores, two.scores)
    assert (one.block_size, one.buffer, one.range_table) == (4000, 1000, None)
    pd.testing.assert_frame_equal(training.X, before)


def test_weights_reach_the_model():
    training = make_training()
    training = training._replace(X=training.X[["smooth", "wave"]])
    rows = np.arange(600)
    plain, piped = LogisticRegression(), make_pipeline(LogisticRegression())
    assert takes_weight(plain)
    assert takes_weight(piped)
    one, two = fit_weighted(plain, training, rows), fit_weighted(piped, training, rows)
    expected = LogisticRegression().fit(
        training.X, training.y, sample_weight=training.weight
    )
    np.testing.assert_allclose(one.coef_, expected.coef_)
    np.testing.assert_allclose(two[-1].coef_, expected.coef_)


def test_auto_sizes_give_way_and_say_so():
    training = make_training(n_deposits=20)
    far = training.X.assign(
        true=training.points.x, smooth=training.points.y, wave=training.points.x
    )
    model = DecisionTreeClassifier(max_depth=3)
    result = validate(model, training._replace(X=far), folds=8, random_state=0)
    assert any("in blocks of that size" in note for note in result.notes)
    assert any("stands for it" in note for note in result.notes)
    assert result.block_size < result.range_table["range"].median()


def test_wrong_tables_are_refused():
    model, training = LogisticRegression(), make_training()
    with pytest.raises(ValueError, match="61 folds of 60 deposits"):
        validate(model, training, folds=61, random_state=0)
    with pytest.raises(ValueError, match="y holds \\[0\\]"):
        validate(model, training._replace(y=np.zeros(600, int)), random_state=0)
    with pytest.raises(ValueError, match="one of each per row"):
        validate(model, training._replace(y=training.y[:5]), random_state=0)
    with pytest.raises(ValueError, match="score 'f1' is not known"):
        validate(model, training, scores=["f1"], random_state=0)
    degrees = training.points.to_crs("EPSG:4326")
    with pytest.raises(ValueError, match="needs metres"):
        validate(model, training._replace(points=degrees), random_state=0)
    with pytest.raises(ValueError, match="take a smaller buffer"):
        validate(model, training, block_size=4000, buffer=10**6, random_state=0)
    with pytest.raises(ValueError, match="take a smaller block_size"):
        validate(model, training, block_size=10**6, buffer=0, random_state=0)


# leakage


def test_layers_that_give_the_answer_away_are_found():
    training = make_training()
    at = training.points[training.y == 1].union_all()
    rng = np.random.default_rng(0)
    X = training.X.assign(
        to_deposit=training.points.distance(at) + rng.normal(0, 20, 600),
        number=np.arange(600) * 3 + 7,
        north=training.points.y / 1000 - 3,
        diagonal=training.points.x + 2 * training.points.y,
        drilled=np.where(training.y == 1, 5.0, np.nan),
        grade=training.y + rng.normal(0, 0.1, 600),
    )
    before = X.copy()
    found = {p.layer: p for p in find_leakage(training._replace(X=X))}
    assert set(found) == set(X) - {"true", "smooth", "wave"}
    says = {
        "to_deposit": "follows the distance to the deposits",
        "number": "looks like an id",
        "north": "is a coordinate",
        "diagonal": "is a coordinate",
        "drilled": "values at the deposits only",
        "grade": "alone tells deposits from background",
    }
    for layer, words in says.items():
        assert words in found[layer].what
        assert not found[layer].what.say("zh").isascii()
        assert found[layer].remedy
    assert found["north"].severity == "warning"
    assert found["to_deposit"].severity == "error"
    pd.testing.assert_frame_equal(X, before)


def test_categories_are_not_taken_for_coordinates():
    training = make_training()
    X = training.X.assign(zone=(training.points.x // 2).round())
    assert [p.layer for p in find_leakage(training._replace(X=X))] == ["zone"]
    X.attrs["kinds"] = {"zone": "categorical"}
    assert find_leakage(training._replace(X=X)) == []


def test_cloncurry_is_scored_honestly(real_data):
    import rioxarray

    from prospect._labels import draw_background, one_per_cell, sample_stack
    from prospect._stack import stack_evidence

    folder = real_data("mpm/cloncurry_iocg")
    layers = {
        path.stem: rioxarray.open_rasterio(path, chunks=True).isel(band=0, drop=True)
        for path in sorted((folder / "evidence").glob("*.tif"))
    }
    layers["StratNo"].attrs["kind"] = "categorical"
    stack = stack_evidence(layers)
    deposits = gpd.read_file(folder / "deposits" / "IOCG_Deposits.shp")
    known = one_per_cell(deposits, like=stack)
    assert len(known) == 252
    assert known.attrs["dropped"]["same_cell"]["count"] == 6
    background = draw_background(stack, known, n=3000, exclusion=500, random_state=0)
    training = sample_stack(stack, known, background)
    assert find_leakage(training, stack) == []
    model = RandomForestClassifier(30, min_samples_leaf=5, random_state=0)
    result = validate(model, training, stack=stack, random_state=0)
    auc = result.scores.query("score == 'auc'").set_index(["folds", "model"])["pooled"]
    assert auc["random", "model"] > auc["blocks", "model"] + 0.03
    assert auc["random", "null_distance"] > 0.8
    assert auc["buffered", "null_distance"] < 0.6
    assert 2 <= result.n_independent < 40
    assert result.range_table.loc["FaultDensity", "capped"]
