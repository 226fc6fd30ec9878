"""Search by spectrum against brute force; coverage is never passed over."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from spectral import resample
from spectral.library import open_library, read_envi_library, stack_spectra
from spectral.library._index import BLOCKS
from spectral.library._match import exact, rank, totals

WAVES = np.arange(1000.0, 2501.0, 5.0)
INDEX = BLOCKS["solar"]


def dip(waves, centre, depth, width=40):
    return 1 - depth * np.exp(-4 * np.log(2) * ((waves - centre) / width) ** 2)


def make(values, waves=WAVES, first=0):
    rows = [
        {
            "spectrum_id": f"s{first + i}",
            "name": f"Sample {first + i}",
            "wavelength": waves,
            "reflectance": row,
        }
        for i, row in enumerate(values)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(3)
    centres = rng.uniform(1300, 2400, (60, 3))
    rows = [
        0.5 * np.prod([dip(WAVES, c, 0.3, 60) for c in row], axis=0) for row in centres
    ]
    return (np.array(rows) * rng.uniform(0.5, 1.5, (60, 1))).astype("float32")


@pytest.fixture(scope="module")
def library(values, tmp_path_factory):
    found = open_library(tmp_path_factory.mktemp("match") / "lib", create=True)
    found.add(make(values[:40]))
    found.add(make(values[40:], first=40))
    return found


def brute(spectra, query, metric):
    """Over all index channels both have."""
    found = []
    for row in spectra:
        both = np.isfinite(row) & np.isfinite(query)
        s, q = row[both].astype("f8"), query[both].astype("f8")
        if metric == "angle":
            found.append(np.arccos(s @ q / np.sqrt((s @ s) * (q @ q))))
        elif metric == "correlation":
            flat = s.std() < 3e-6 * s.mean()
            found.append(np.nan if flat else np.corrcoef(s, q)[0, 1])
        else:
            found.append(np.sqrt(np.mean((s - q) ** 2)))
    return np.array(found)


def on_index(records):
    return resample(
        stack_spectra(records), wavelength=INDEX, fwhm=np.gradient(INDEX)
    ).to_numpy()


@pytest.mark.parametrize("metric", ["angle", "correlation", "rms"])
@pytest.mark.parametrize("window", [None, (2000, 2400), [(1300, 1500), (2100, 2300)]])
def test_ten_nearest_are_those_of_brute_force(library, values, metric, window):
    query = library.read("s7")[0] * dip(WAVES, 2200, 0.05)
    found = library.match(query.astype("f8"), metric=metric, window=window)
    spectra = on_index(make(values))
    wanted = on_index(make([query.to_numpy()]))[0]
    if window:
        pairs = [window] if np.ndim(window) == 1 else window
        inside = np.zeros(INDEX.size, bool)
        for low, high in pairs:
            inside[np.searchsorted(INDEX, low) : np.searchsorted(INDEX, high + 1)] = (
                True
            )
        wanted = np.where(inside, wanted, np.nan)
    truth = brute(spectra, wanted, metric)
    sign = -1 if metric == "correlation" else 1
    best = sign * np.sort(sign * truth)[:10]
    np.testing.assert_allclose(found[metric], best, atol=2e-6)
    rows = [int(name[1:]) for name in found["spectrum_id"]]
    np.testing.assert_allclose(truth[rows], found[metric], atol=2e-6)
    assert (found["coverage"] == 1).all()
    assert (found["shared"] == np.isfinite(wanted).sum()).all()
    assert set(found["version"]) <= {1, 2}


def test_itself_comes_first_with_an_angle_of_zero(library, values):
    found = library.match(library.read("s3")[0], n=1)
    assert found["spectrum_id"][0] == "s3"
    assert found["angle"][0] < 1e-7
    scaled = library.match(0.37 * library.read("s3")[0], n=1)
    assert scaled["angle"][0] < 2e-7


def test_a_library_is_matched_spectrum_by_spectrum(library):
    found = library.match(library.read(["s50", "s2"]), n=3)
    assert list(found["query"]) == ["s50"] * 3 + ["s2"] * 3
    assert list(found["spectrum_id"].iloc[[0, 3]]) == ["s50", "s2"]


def test_short_overlap_is_not_ranked_unless_asked_for(tmp_path, values):
    found = open_library(tmp_path / "short", create=True)
    found.add(make(values[:5]))
    cut = values[5:6].copy()
    cut[:, WAVES < 2300] = np.nan
    cut[:, WAVES >= 2300] = values[0, WAVES >= 2300]
    found.add(make(cut, first=5))
    found.add(make(np.full((1, 21), 0.5), np.arange(400.0, 421.0), first=6))
    query = found.read("s0")[0]
    table = found.match(query)
    assert "s5" not in set(table["spectrum_id"])
    assert table.attrs["notes"] == [
        "1 spectra have less than 90% of the channels asked for and were not ranked; "
        "min_coverage= lets them in",
        "1 spectra have none of the channels asked for, or too broad ones, and were "
        "not ranked",
    ]
    loose = found.match(query, min_coverage=0.1).set_index("spectrum_id")
    assert loose.loc["s5", "angle"] < 1e-3
    assert loose.loc["s5", "coverage"] == pytest.approx(41 / 201, abs=0.01)
    assert loose.loc["s0", "coverage"] == 1
    inside = found.match(query, window=(2310, 2490))
    assert set(inside["spectrum_id"].iloc[:2]) == {"s0", "s5"}


def test_broad_bands_are_compared_as_bands(library, values):
    bands = xr.DataArray(
        np.zeros(6),
        dims="wavelength",
        coords={
            "wavelength": [1650.0, 2165, 2205, 2260, 2330, 2395],
            "fwhm": ("wavelength", [100.0, 40, 40, 50, 70, 70]),
        },
    )
    query = resample(library.read("s9"), like=bands)[0]
    found = library.match(query)
    truth = brute(
        resample(stack_spectra(make(values)), like=bands).to_numpy(),
        query.to_numpy(),
        "angle",
    )
    order = np.argsort(truth)[:10]
    assert found["spectrum_id"][0] == "s9"
    assert (found["shared"] == 6).all()
    # the library stands on the index, a little smoother than itself
    np.testing.assert_allclose(found["angle"], truth[order], atol=0.004)
    again = library.match(query)
    pd.testing.assert_frame_equal(found, again)


def test_bad_bands_and_gaps_of_the_query_say_nothing(library):
    query = library.read("s4")[0]
    spoilt = query.copy(deep=True)
    spoilt[100:120] = 1.4
    bad = np.arange(WAVES.size) // 20 == 5
    marked = spoilt.assign_coords(bad_bands=("wavelength", bad))
    assert library.match(marked, n=1)["angle"][0] < 1e-6
    assert library.match(spoilt.where(~bad), n=1)["angle"][0] < 1e-6
    assert library.match(spoilt, n=1)["angle"][0] > 0.1


def test_thermal_range(tmp_path):
    waves = np.arange(8000.0, 12001.0, 25)
    rows = [0.3 * dip(waves, c, 0.5, 600) for c in (8600, 9200, 9900)]
    found = open_library(tmp_path / "tir", create=True)
    found.add(make(rows, waves))
    query = stack_spectra(make([rows[1]], waves, first=9))[0]
    table = found.match(query, n=2)
    assert table["spectrum_id"][0] == "s1"
    assert table["angle"][0] < 1e-7
    assert len(list((tmp_path / "tir" / "index").glob("*solar.npy"))) == 0


def test_removed_and_replaced_spectra_do_not_come_back(tmp_path, values):
    found = open_library(tmp_path / "gone", create=True)
    found.add(make(values[:5]))
    query = found.read("s0")[0]
    found.remove("s0", reason="test")
    found.add(make(values[9:10], first=1), replace=True)
    table = found.match(query)
    assert set(table["spectrum_id"]) == {"s1", "s2", "s3", "s4"}
    assert found.match(query, n=1)["angle"][0] > 0.01
    near = found.match(stack_spectra(make(values[9:10]))[0], n=1)
    assert near["spectrum_id"][0] == "s1"
    assert near["angle"][0] < 1e-7


def test_dark_spectra_are_counted(tmp_path, values):
    found = open_library(tmp_path / "dark", create=True)
    found.add(make(np.stack([values[0], 0 * values[0]])))
    table = found.match(found.read("s0")[0])
    assert list(table["spectrum_id"]) == ["s0"]
    assert table.attrs["notes"] == ["1 spectra are zero or constant there: not ranked"]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 99),
    metric=st.sampled_from(["angle", "correlation", "rms"]),
    level=st.floats(0.0, 5.0),
)
def test_float32_never_loses_a_candidate(seed, metric, level):
    rng = np.random.default_rng(seed)
    spectra = (level + 0.02 * rng.random((200, 120))).astype("float32")
    spectra[rng.random(spectra.shape) < 0.05] = np.nan
    query = spectra[0] + 1e-4 * rng.random(120)
    query[:7] = np.nan
    fast = rank(totals([(spectra, query)], 200, metric), metric)
    truth = exact(spectra, query, metric)
    wanted = {"angle": -np.cos(truth), "correlation": -truth, "rms": truth**2}[metric]
    np.testing.assert_allclose(fast, wanted, atol=5e-6)


def test_bad_queries(library):
    query = library.read("s1")[0]
    with pytest.raises(ValueError, match="metric is angle, correlation, rms"):
        library.match(query, metric="cosine")
    with pytest.raises(ValueError, match="fewer than 3 channels in the window"):
        library.match(query, window=(400, 500))
    with pytest.raises(ValueError, match="a window is"):
        library.match(query, window=(2400, 2000))
    with pytest.raises(ValueError, match="n is 1 or more"):
        library.match(query, n=0)
    with pytest.raises(ValueError, match="has 2 channels with values"):
        library.match(query[:2])
    with pytest.raises(ValueError, match="One pixel of a cube"):
        library.match(query.expand_dims(y=2, x=2))
    with pytest.raises(TypeError, match="not as ndarray"):
        library.match(query.to_numpy())
    far = query.assign_coords(wavelength=np.linspace(20_000, 40_000, query.size))
    with pytest.raises(ValueError, match="fewer than 3 channels on the index"):
        library.match(far)


def test_splib07_finds_its_own_minerals(real_data, tmp_path):
    path = real_data("spectral/usgs_splib07_aviris95") / "s07_AV95_envi.sli"
    found = open_library(tmp_path / "splib07", create=True)
    found.add(read_envi_library(path))
    for mineral in ("kaolinite", "alunite", "calcite", "muscovite"):
        cards = found.search(mineral=mineral, where="channels > 200")
        near = found.match(found.read(cards.iloc[:1])[0], n=5, window=(2000, 2450))
        assert near["angle"][0] < 1e-6
        assert (near["mineral"] == mineral).sum() >= 3, near
    both = found.find_features([(1470, 1490), (2150, 2180)], depth=0.2)
    assert both["mineral"].value_counts().index[0] == "alunite"
    assert (both["depth"].diff().dropna() <= 0).all()
