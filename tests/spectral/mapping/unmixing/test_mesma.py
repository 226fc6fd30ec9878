"""Each pixel its own model: every model solved one by one must agree."""

import itertools

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import mesma, score_endmembers, shade_free
from spectral.mapping.unmixing._models import list_models

from .conftest import as_cube, as_library

GROUPS = ["mica", "mica", "mica", "clay", "clay", "lime"]


@pytest.fixture
def library():
    rng = np.random.default_rng(6)
    walk = np.cumsum(rng.normal(0, 0.05, (6, 25)), axis=1)
    return as_library((0.4 + walk).clip(0.05, 0.9), list("abcdef")).assign_coords(
        group=("spectrum", GROUPS)
    )


@pytest.fixture
def image(library):
    rng = np.random.default_rng(9)
    shares = rng.dirichlet([0.5, 0.2, 0.2, 0.5, 0.2, 0.5, 0.6], 120).T[:6]
    values = library.values.T @ shares + rng.normal(0, 0.006, (25, 120))
    return as_cube(values, (10, 12), library["wavelength"].values)


def one_by_one(pixel, spectra, shade, options):
    """Every model by least squares, in the published order of decisions."""
    low, high, limit, gain, most = options
    kept = (0, None, None, np.nan)
    groups = list(dict.fromkeys(GROUPS))
    for size in range(1, most + 1):
        best = None
        for chosen in itertools.combinations(groups, size):
            rows = [[i for i, g in enumerate(GROUPS) if g == name] for name in chosen]
            for pick in itertools.product(*rows):
                base = shade if shade is not None else spectra[pick[-1]]
                free = pick if shade is not None else pick[:-1]
                found = np.linalg.lstsq(
                    (spectra[list(free)] - base).T, pixel - base, rcond=None
                )[0]
                shares = np.append(found, 1 - found.sum())
                misfit = pixel - base - found @ (spectra[list(free)] - base)
                rms = np.sqrt((misfit**2).mean())
                good = (shares >= low).all() and (shares <= high).all()
                if good and rms <= limit and (best is None or rms < best[3]):
                    best = (chosen, pick, shares, rms)
        if best and (np.isnan(kept[3]) or best[3] < kept[3] - gain):
            kept = best
    return kept


@pytest.mark.parametrize("shade", ["zero", "dark", "none"])
@pytest.mark.parametrize("most", [1, 2, 3])
def test_equals_every_model_solved_alone(image, library, shade, most):
    waves = library["wavelength"].values
    given = {
        "zero": True,
        "dark": as_library(np.full((1, 25), 0.03), ["dark"], waves)[0],
        "none": False,
    }[shade]
    dark = {"zero": np.zeros(25), "dark": np.full(25, 0.03), "none": None}[shade]
    options = (-0.05, 1.05, 0.03, 0.004, most)
    found = mesma(
        image,
        library,
        max_members=most,
        residual_limit=0.03,
        min_gain=0.004,
        shade=given,
    )
    classes = found["model"].attrs["classes"]
    counted = set()
    for y, x in itertools.product(range(10), range(12)):
        at = {"y": y, "x": x}
        chosen, pick, shares, rms = one_by_one(
            image.isel(at).values, library.values, dark, options
        )
        code = int(found["model"].isel(at))
        counted.add(code)
        assert classes[code] == (" + ".join(chosen) if chosen else "unclassified")
        abundance = found["abundance"].isel(at)
        if not chosen:
            assert bool(abundance.isnull().all())
            assert np.isnan(found["residual"].isel(at))
            assert (found["spectrum"].isel(at) == 0).all()
            continue
        assert float(found["residual"].isel(at)) == pytest.approx(rms, abs=1e-7)
        for name, i, share in zip(chosen, pick, shares, strict=False):
            assert float(abundance.sel(endmember=name)) == pytest.approx(
                share, abs=1e-7
            )
            assert float(found["spectrum"].isel(at).sel(endmember=name)) == i + 1
        assert float(abundance.sum()) == pytest.approx(1, abs=1e-7)
    assert len(counted) > 3


def test_known_models_of_real_minerals_come_back(minerals):
    rng = np.random.default_rng(1)
    some = minerals[[3, 4, 20, 21, 40, 60]]
    waves = some["wavelength"].values
    pairs = [(0, 2), (1, 4), (3, 5), (2, 4)]
    shares = rng.uniform(0.2, 0.45, (len(pairs), 2))
    pixels = np.array(
        [
            share @ some.values[list(pair)]
            for pair, share in zip(pairs, shares, strict=True)
        ]
    )
    found = mesma(
        as_cube(pixels.T, (1, 4), waves),
        some,
        groups=["a", "a", "b", "b", "c", "d"],
        min_gain=1e-6,
    )
    for x, (pair, share) in enumerate(zip(pairs, shares, strict=True)):
        numbers = found["spectrum"].values[:, 0, x]
        assert sorted(numbers[numbers > 0] - 1) == list(pair)
        part = found["abundance"].values[:-1, 0, x]
        np.testing.assert_allclose(part[part != 0], share, atol=1e-6)
    free = shade_free(found["abundance"])
    np.testing.assert_allclose(free.sum("endmember"), 1)


def test_chunks_gaps_and_metadata(image, library):
    cube = image.astype("float32").copy()
    cube[2, 4, 5] = np.nan
    cube[:, 0, 0] = 3.0
    before = cube.copy(deep=True)
    found = mesma(cube, library)
    lazy = mesma(cube.chunk({"y": 3, "x": 5, "wavelength": 4}), library)
    assert lazy["model"].chunks
    xr.testing.assert_identical(lazy.compute(), found)
    xr.testing.assert_identical(cube, before)
    crop = mesma(cube[:, 3:7, 2:], library)
    xr.testing.assert_identical(crop, found.isel(y=slice(3, 7), x=slice(2, None)))
    assert np.isnan(found["model"].values[4, 5])
    assert found["model"].values[0, 0] == 0
    assert found["model"].attrs["kind"] == "categorical"
    assert found["spectrum"].attrs["classes"][4] == "d"
    assert list(found["endmember"].values) == ["mica", "clay", "lime", "shade"]
    assert found.attrs["models"] == 6 + 11
    assert found["abundance"].dtype == "float32"


def test_collinear_models_are_left_out_and_counted(library):
    spectra = np.vstack([library.values, 0.5 * library.values[:1]])
    models, dropped = list_models([*GROUPS, "lime"], spectra, 2, sum_to_one=False)
    assert dropped == 1
    assert [0, 6] not in models.members.tolist()
    twin = np.vstack([library.values, library.values[:1]])
    assert list_models([*GROUPS, "lime"], twin, 2, sum_to_one=True)[1] == 1


def test_scores_by_hand(library):
    table = score_endmembers(library, residual_limit=0.1)
    spectra = library.values
    for i, row in table.iterrows():
        inside = [j for j in range(6) if GROUPS[j] == GROUPS[i] and j != i]
        rms, angles, modelled = {}, {}, 0
        for j in range(6):
            share = np.clip(
                spectra[i] @ spectra[j] / (spectra[i] @ spectra[i]), -0.05, 1.05
            )
            rms[j] = np.sqrt(((spectra[j] - share * spectra[i]) ** 2).mean())
            cosine = spectra[i] @ spectra[j]
            cosine /= np.linalg.norm(spectra[i]) * np.linalg.norm(spectra[j])
            angles[j] = np.arccos(min(cosine, 1))
            modelled += GROUPS[j] != GROUPS[i] and rms[j] <= 0.1
        assert row["count_outside"] == modelled
        assert row["count_inside"] == sum(rms[j] <= 0.1 for j in inside)
        if inside:
            assert row["ear"] == pytest.approx(np.mean([rms[j] for j in inside]))
            assert row["masa"] == pytest.approx(np.mean([angles[j] for j in inside]))
        else:
            assert np.isnan(row["ear"])
    assert table["count_inside"].sum() > 0
    with pytest.raises(ValueError, match=r"stand for nothing: \['a'\]"):
        score_endmembers(library.where(library["spectrum"] != "a", 0.0))


def test_errors_say_what_to_do(image, library):
    with pytest.raises(ValueError, match=r"no coordinate 'kind'.*\['group'\]"):
        mesma(image, library, groups="kind")
    with pytest.raises(ValueError, match="2 groups for 6 spectra"):
        mesma(image, library, groups=["a", "b"])
    with pytest.raises(
        ValueError, match=r"1 of 6 spectra have no group, numbers \[6\]"
    ):
        mesma(image, library, groups=[*GROUPS[:5], ""])
    with pytest.raises(ValueError, match="max_members must be at least 1; got 0"):
        mesma(image, library, max_members=0)
    with pytest.raises(ValueError, match="fraction_range must rise"):
        mesma(image, library, fraction_range=(1, 0))
    with pytest.raises(ValueError, match="residual_limit must be above zero"):
        mesma(image, library, residual_limit=0)
    with pytest.raises(ValueError, match="a group is called 'shade'"):
        mesma(image, library, groups=["shade", *GROUPS[1:]])
    with pytest.raises(ValueError, match="endmembers / 10000"):
        mesma(image, library * 10_000)
    many = xr.concat([library] * 350, "spectrum").assign_coords(
        spectrum=[f"s{i}" for i in range(2100)]
    )
    with pytest.raises(ValueError, match=r"models of up to 2.*score_endmembers"):
        mesma(image, many)


def test_fewer_groups_than_members_are_used_and_told(smooth, scene):
    one = mesma(scene, smooth, groups=["rock"] * 5)
    alone = mesma(scene, smooth, groups=["rock"] * 5, max_members=1)
    assert one.attrs["notes"] == [
        "models have at most 1 groups, not max_members=2: there are 1 groups and 40 "
        "good bands"
    ]
    assert alone.attrs["notes"] == []
    for name in ("model", "abundance", "residual"):
        np.testing.assert_array_equal(one[name], alone[name])
