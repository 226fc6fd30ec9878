"""Kriging on real data, against other programs and against what was held out."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from prospect.gridding import (
    Coregionalization,
    Neighbourhood,
    Structure,
    VariogramModel,
    cokrige,
    experimental_variogram,
    fit_coregionalization,
    fit_variogram,
    krige,
    krige_points,
    simulate,
)
from survey import make_geobox

# of the gstat tutorial (log of zinc), and what gstlearn 1.11.1 gives with it
TUTORIAL = VariogramModel(0.0507, [Structure("spherical", 0.5906, 897)])
PLACES = [(179500, 330500), (180500, 332000), (181000, 333000), (179020, 329700)]
ONE = Neighbourhood(neighbours=155)


@pytest.fixture(scope="module")
def meuse(real_data):
    table = pd.read_csv(real_data("geochem/meuse") / "meuse.csv")
    table["log_zinc"] = np.log(table["zinc"])
    return points(table, "x", "y", "EPSG:28992")


@pytest.fixture(scope="module")
def jura(real_data):
    folder = real_data("geochem/jura")
    found = []
    for name in ("prediction", "validation"):
        table = pd.read_csv(folder / f"{name}.csv")
        table[["Xloc", "Yloc"]] *= 1000
        found.append(points(table, "Xloc", "Yloc", "EPSG:32632"))
    return found


def points(table, x, y, crs):
    return gpd.GeoDataFrame(
        table, geometry=gpd.points_from_xy(table[x], table[y]), crs=crs
    )


def grid_of(west, north, side, shape, crs):
    return GeoBox(shape, Affine(side, 0, west, 0, -side, north), crs)


def targets(crs="EPSG:28992"):
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(*np.transpose(PLACES)), crs=crs)


def test_variogram_is_that_of_gstat(meuse):
    found = experimental_variogram(meuse, "log_zinc")
    assert found["n_pairs"].tolist()[:6] == [57, 299, 419, 457, 547, 533]
    np.testing.assert_allclose(
        found["lag"][:4], [79.29244, 163.97367, 267.36483, 372.73542], rtol=1e-6
    )
    np.testing.assert_allclose(
        found["gamma"][:4], [0.1234479, 0.2162185, 0.3027859, 0.4121448], rtol=1e-6
    )
    model = fit_variogram(found, models=["spherical"])
    assert model.nugget == pytest.approx(0.0507, abs=5e-5)
    assert model.structures[0].sill == pytest.approx(0.5906, abs=5e-5)
    assert model.range == pytest.approx(897, abs=0.5)


@pytest.mark.parametrize(
    ("model", "options", "estimate", "sd"),
    [
        (
            TUTORIAL, {"neighbourhood": ONE},
            [5.1744896, 5.0781215, 5.5328499, 6.4194636],
            [0.41235802, 0.39478514, 0.37072324, 0.3828228],
        ),
        (
            TUTORIAL, {"neighbourhood": ONE, "drift": "linear"},
            [5.1821191, 5.0619023, 5.5310683, 6.4029543],
            [0.41237877, 0.39485174, 0.37072745, 0.38368287],
        ),
        (
            TUTORIAL, {"neighbourhood": Neighbourhood(neighbours=12)},
            [5.1957443, 5.0520764, 5.5495027, 6.4223319],
            [0.41411402, 0.39734035, 0.371894, 0.38481753],
        ),
        (
            VariogramModel(0.05, [Structure("spherical", 0.6, 1500, 0.4, 45)]),
            {"neighbourhood": ONE},
            [5.2418862, 5.1606249, 5.4999608, 6.3652735],
            [0.43736556, 0.37103582, 0.34162719, 0.38090398],
        ),
        (
            VariogramModel(0.05, [Structure("cubic", 0.6, 900)]),
            {"neighbourhood": ONE},
            [5.1028513, 4.9709485, 5.49193, 6.4526063],
            [0.2869551, 0.28570646, 0.27245023, 0.31264618],
        ),
    ],
)  # fmt: skip
def test_kriging_is_that_of_gstlearn(meuse, model, options, estimate, sd):
    found = krige_points(meuse, "log_zinc", at=targets(), variogram=model, **options)
    np.testing.assert_allclose(found["estimate"], estimate, rtol=1e-6)
    np.testing.assert_allclose(np.sqrt(found["variance"]), sd, rtol=1e-6)


def test_block_kriging_is_that_of_gstlearn(meuse):
    like = grid_of(179_950, 331_150, 100, (2, 2), "EPSG:28992")
    found = krige(
        meuse, "log_zinc", like=like, variogram=TUTORIAL, block=5, neighbourhood=ONE
    )
    # gstlearn begins in the south
    np.testing.assert_allclose(
        found["estimate"].to_numpy()[::-1].ravel(),
        [5.0591087, 4.9769153, 4.9281222, 4.8959887],
        rtol=1e-4,
    )
    np.testing.assert_allclose(
        np.sqrt(found["variance"].to_numpy()[::-1].ravel()),
        [0.25959459, 0.30431644, 0.20290498, 0.25298019],
        rtol=0.015,  # gstlearn moves the points of a block's own variance about
    )


MODEL = Coregionalization(
    ["Ni", "Zn"],
    [[10, 20], [20, 400]],
    [Structure("spherical", 1, 1200)],
    [[[60, 90], [90, 450]]],
)


@pytest.mark.parametrize(
    ("every", "estimate", "sd"),
    [
        (
            None,
            [8.4998686, 23.665983, 24.061448, 21.807238, 24.345795],
            [4.5321676, 4.8934793, 5.9481317, 5.189859, 5.9079769],
        ),
        (
            2,
            [8.8765927, 20.633476, 24.153642, 20.837794, 22.804866],
            [4.7499532, 5.2787302, 6.397645, 5.4696256, 5.9977409],
        ),
    ],
)
def test_cokriging_is_that_of_gstlearn(jura, every, estimate, sd):
    """With all samples, and with nickel missing in every second."""
    known, held = jura
    known = known.assign(Ni=known["Ni"].where(np.arange(len(known)) % 2 == 1)) if (
        every
    ) else known  # fmt: skip
    for i in range(5):
        x, y = held.geometry.iloc[i].x, held.geometry.iloc[i].y
        like = grid_of(x - 5, y + 5, 10, (1, 1), "EPSG:32632")
        found = cokrige(
            known, "Ni", secondary="Zn", like=like, variogram=MODEL,
            neighbourhood=Neighbourhood(neighbours=259),
        )  # fmt: skip
        assert found["estimate"].to_numpy()[0, 0] == pytest.approx(
            estimate[i], rel=2e-6
        )
        assert found["variance"].to_numpy()[0, 0] ** 0.5 == pytest.approx(
            sd[i], rel=2e-6
        )


def test_cokriging_helps_where_the_variable_is_sparse(jura):
    """Every fourth nickel value known, zinc everywhere: the held-out sites gain."""
    known, held = jura
    sparse = known.assign(Ni=known["Ni"].where(np.arange(len(known)) % 4 == 0))
    shape = [Structure("spherical", 1, 1300)]
    model = fit_coregionalization(known, ["Ni", "Co"], structures=shape)
    own = model.model("Ni", "Ni")
    alone = krige_points(sparse, "Ni", at=held, variogram=own)["estimate"]
    like = make_geobox((0, 6000, 0, 6000), crs="EPSG:32632", resolution=50)
    found = cokrige(sparse, "Ni", secondary="Co", like=like, variogram=model)
    helped = found["estimate"].sel(
        x=held.geometry.x.to_xarray(), y=held.geometry.y.to_xarray(), method="nearest"
    )
    errors = [
        np.abs(e - held["Ni"].to_numpy()).mean() for e in (alone, helped.to_numpy())
    ]
    assert errors[1] < errors[0]


def test_jura_validation_set(jura):
    """Goovaerts (1997): kriging predicts the 100 sites held out."""
    known, held = jura
    for name, most in (("Cd", 1.05), ("Co", 0.75), ("Ni", 0.85)):
        model = fit_variogram(experimental_variogram(known, name, lag=200, n_lags=10))
        found = krige_points(known, name, at=held, variogram=model)
        error = found["estimate"] - held[name]
        plain = known[name].mean() - held[name]
        assert error.abs().mean() < most * plain.abs().mean()
        standardised = error / np.sqrt(found["variance"])
        assert abs(standardised.mean()) < 0.3
        assert 0.6 < standardised.std() < 1.4


def test_walker_lake_against_the_truth(real_data):
    """The exhaustive mean of V is 277.98, that of the clustered samples 435.30."""
    folder = real_data("geochem/walker_lake")
    table = pd.read_csv(folder / "samples.csv")
    samples = points(table, "X", "Y", "EPSG:32611")
    truth = pd.read_csv(folder / "exhaustive.csv")
    truth = truth.pivot_table(index="Y", columns="X", values="V")[::-1]
    assert samples["V"].mean() == pytest.approx(435.30, abs=0.005)
    assert truth.to_numpy().mean() == pytest.approx(277.98, abs=0.005)
    like = grid_of(0.5, 300.5, 1, (300, 260), "EPSG:32611")
    # of the book's chapter 16: nugget 22,000, short and long structure
    model = VariogramModel(
        22_000,
        [
            Structure("spherical", 40_000, 30, 25 / 30, 166),
            Structure("spherical", 45_000, 150, 1 / 3, 166),
        ],
    )
    found = krige(samples, "V", like=like, variogram=model).compute()
    estimate = found["estimate"].to_numpy()
    assert float(found["y"][0]) == 300
    error = estimate - truth.to_numpy()
    assert abs(estimate.mean() - 277.98) < 25
    assert np.corrcoef(estimate.ravel(), truth.to_numpy().ravel())[0, 1] > 0.75
    assert np.sqrt((error**2).mean()) < 0.7 * truth.to_numpy().std()
    # values of the samples stand where the samples are
    at = samples.set_index(["Y", "X"])["V"]
    there = truth.stack()[at.index]  # noqa: PD013
    assert (there - at).abs().median() < 1
    maps = simulate(
        samples, "V", like=like, n=2, random_state=1,
        variogram=VariogramModel(
            0.2, [Structure("spherical", 0.8, 40, 0.6, 166)]
        ),
    ).compute()  # fmt: skip
    # kriging smooths, realisations do not
    assert estimate.std() < 0.9 * truth.to_numpy().std() < 1.4 * float(maps.std())
