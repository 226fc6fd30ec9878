"""Groups, abundance proxy, composition and alteration zones: numbers end to end."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import (
    alteration_zones,
    chlorite_composition,
    identify_minerals,
    mineral_abundance,
    mineral_groups,
    read_mineral_rules,
    white_mica_composition,
)
from spectral.mapping.minerals._shapes import model_spectrum

WAVE = np.arange(400.0, 2500.0, 5.0)
RULES = read_mineral_rules()


def dips(*bands, level=0.4):
    values = np.full(WAVE.size, level)
    for centre, width, depth in bands:
        values *= 1 - depth * np.exp(-4 * np.log(2) * ((WAVE - centre) / width) ** 2)
    return values


def cube_of(spectra, shape):
    values = np.asarray(spectra, float).T.reshape(WAVE.size, *shape)
    coords = {"wavelength": WAVE, "y": np.arange(shape[0]), "x": np.arange(shape[1])}
    return xr.DataArray(values, coords, dims=("wavelength", "y", "x"))


def modelled(name, share, level=0.4):
    """A flat spectrum with a share of a rule's own bands, area by area."""
    rule = RULES.rules[RULES.names.index(name)]
    pure = np.ones(WAVE.size)
    for feature in rule.features:
        inside = (feature.window[0] <= WAVE) & (feature.window[3] >= WAVE)
        pure[inside] *= model_spectrum(feature.model, WAVE, None)[inside]
    return level * (share * pure + 1 - share)


PYROPHYLLITE = [modelled("pyrophyllite", share) for share in (1.0, 0.4, 0.2, 0.0)]
LEAF = dips((675, 150, 0.8))
LEAF[WAVE > 740] = 0.5


@pytest.fixture(scope="module")
def mapped():
    gap = np.where(WAVE == 2200, np.nan, dips())
    return cube_of([*PYROPHYLLITE, LEAF, gap], (2, 3))


@pytest.fixture(scope="module")
def found(mapped):
    return identify_minerals(mapped, RULES, scores=True)


def test_abundance_from_end_to_end(found):
    """A linear mixture with a flat ground of equal brightness gives its share back."""
    got = mineral_abundance(found, mineral="pyrophyllite").values.ravel()
    np.testing.assert_allclose(got[:4], [1, 0.4, 0.2, 0], atol=0.012)
    assert got[4] == 0  # leaves
    assert np.isnan(got[5])  # missing


def test_abundance_takes_the_purity_of_the_reference(found):
    """Band depth alone is no abundance: the factor must not be forgotten."""
    one = mineral_abundance(found, mineral="pyrophyllite")
    half = mineral_abundance(
        found, mineral="pyrophyllite", purity={"pyrophyllite": 0.85}
    )
    np.testing.assert_allclose(half, 0.85 * one, rtol=1e-6)
    winner = mineral_abundance(found, purity=0.5).values.ravel()
    np.testing.assert_allclose(winner[:3], [0.5, 0.2, 0.1], atol=0.006)
    assert np.isnan(winner[3:]).all()  # unclassified, leaves, missing
    assert "not a volume" in one.attrs["caveat"]


def test_abundance_without_scores_counts_winners(mapped, found):
    plain = identify_minerals(mapped, RULES)
    xr.testing.assert_allclose(
        mineral_abundance(plain, mineral="pyrophyllite"),
        mineral_abundance(found, mineral="pyrophyllite"),
    )


def test_abundance_errors(found, mapped):
    with pytest.raises(KeyError, match="no rule 'gold'"):
        mineral_abundance(found, mineral="gold")
    with pytest.raises(KeyError, match="purity names"):
        mineral_abundance(found, purity={"gold": 0.5})
    with pytest.raises(ValueError, match="above 0 and up to 1"):
        mineral_abundance(found, purity=30.0)
    short = identify_minerals(
        mapped.sel(wavelength=slice(2000, 2500)), RULES, scores=True
    )
    with pytest.raises(KeyError, match="'hematite' could not be judged"):
        mineral_abundance(short, mineral="hematite")
    with pytest.raises(ValueError, match="lost its attrs"):
        mineral_abundance(found.drop_attrs())
    with pytest.raises(ValueError, match="no 'mineral'"):
        mineral_groups(found[["fit"]])


def test_groups(found):
    groups = mineral_groups(found)
    keys = groups.attrs["groups"]
    named = [
        "nan" if np.isnan(c) else keys.get(int(c), "-") for c in groups.values.ravel()
    ]
    assert named == ["pyrophyllite"] * 3 + ["-", "vegetation", "nan"]
    assert groups.attrs["classes_zh"][0] == "未分类"
    assert set(groups.attrs["maskers"]) < set(keys)
    lazy = identify_minerals(found["mineral"].pipe(lambda _: LAZY), RULES)
    assert mineral_groups(lazy).chunks is not None


LAZY = cube_of(PYROPHYLLITE, (2, 2)).chunk({"y": 1})


@pytest.mark.parametrize(
    ("at", "label"),
    [
        (2190, "paragonitic"),
        (2199, "Al-rich"),
        (2205, "muscovite"),
        (2217, "phengitic"),
    ],
)
def test_white_mica(at, label):
    cube = cube_of([dips((at, 42, 0.25), (2347, 50, 0.08))], (1, 1))
    found = white_mica_composition(cube)
    assert found["position"].item() == pytest.approx(at, abs=0.7)
    assert found["state"].item() == 1
    name = found["composition"].attrs["classes"][int(found["composition"].item())]
    assert label in name
    low, high = found["composition"].attrs["limits"][int(found["composition"].item())]
    assert low <= at < high
    assert found.attrs["references"]


def test_white_mica_is_masked_where_it_cannot_be_read():
    kaolinite = modelled("kaolinite", 1.0)
    shallow = dips((2205, 42, 0.02))
    gap = np.where(WAVE == 2205, np.nan, kaolinite)
    cube = cube_of([kaolinite, shallow, gap, dips((2205, 42, 0.2))], (2, 2))
    found = white_mica_composition(cube)
    np.testing.assert_array_equal(found["state"].values.ravel(), [2, 0, np.nan, 1])
    assert np.isfinite(found["position"].values.ravel()).tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(
        found["composition"].values.ravel(), [0, 0, np.nan, 3]
    )
    lazy = white_mica_composition(cube.chunk({"y": 1}))
    assert lazy["position"].chunks is not None
    xr.testing.assert_allclose(lazy.compute(), found)


@pytest.mark.parametrize(
    ("rule", "label", "place"),
    [("chlorite_mg", "Mg chlorite", 2247), ("chlorite_fe", "Fe chlorite", 2258)],
)
def test_chlorite(rule, label, place):
    pure = np.ones(WAVE.size)
    whole = RULES.rules[RULES.names.index(rule)].features[1]
    pure *= model_spectrum(whole.model, WAVE, None)
    cube = cube_of([0.3 * pure, modelled("calcite", 1.0)], (1, 2))
    found = chlorite_composition(cube)
    code = int(found["composition"].values[0, 0])
    assert found["composition"].attrs["classes"][code] == label
    assert float(found["position"][0, 0]) == pytest.approx(place, abs=4)
    assert 2320 < float(found["position_2350"][0, 0]) < 2365
    assert float(found["state"][0, 1]) == 2
    assert np.isnan(found["position"][0, 1])


def test_chlorite_and_mica_positions_of_splib07(mica_library):
    """Al-rich to phengitic and Mg to Fe come in the order of their names."""
    swir = mica_library.sel(wavelength=slice(2000, 2500))
    names = ["muscovite_medhighAl", "muscovite_medAl", "muscovite_lowAl"]
    mica = white_mica_composition(swir.sel(spectrum=names))["position"].values
    assert (np.diff(mica) > 2).all()
    names = ["chlorite_lowFe", "clinochlore_Fe", "thuringite"]
    chlorite = chlorite_composition(swir.sel(spectrum=names))["position"].values
    assert (np.diff(chlorite) > 2).all()


def test_zones(found):
    zones = alteration_zones(found)
    assert set(zones) >= {
        "advanced_argillic", "argillic", "phyllic", "propylitic", "skarn", "carbonate",
        "silicic", "iron_oxides",
    }  # fmt: skip
    advanced = zones["advanced_argillic"].values.ravel()
    assert advanced[0] > 0.95
    assert (np.diff(advanced[:4]) <= 0).all()
    assert advanced[3] == 0  # nothing found on bare ground
    assert np.isnan(advanced[4:]).all()  # leaves, missing
    for grid in zones.data_vars.values():
        values = grid.values[np.isfinite(grid.values)]
        assert ((values >= 0) & (values <= 1)).all()
        assert grid.attrs["references"]
        assert grid.attrs["long_name_zh"]
    assert zones["propylitic"].values.ravel()[0] == 0
    assert zones["advanced_argillic"].attrs["minerals"]["pyrophyllite"] == 1


def test_iron_and_clay_of_one_pixel_both_count():
    both = modelled("hematite", 1.0) * modelled("kaolinite", 1.0) / 0.4
    zones = alteration_zones(
        identify_minerals(cube_of([both], (1, 1)), RULES, scores=True)
    )
    assert zones["iron_oxides"].item() > 0.6
    assert zones["argillic"].item() > 0.6


def test_zones_that_bands_cannot_judge_are_unknown(mapped):
    short = identify_minerals(
        mapped.sel(wavelength=slice(2000, 2500)), RULES, scores=True
    )
    zones = alteration_zones(short)
    assert zones["iron_oxides"].attrs["not_judged"] == ["hematite", "goethite"]
    vnir = identify_minerals(
        mapped.sel(wavelength=slice(400, 1350)), RULES, scores=True
    )
    zones = alteration_zones(vnir)
    assert np.isnan(zones["advanced_argillic"].values).all()
    assert "advanced_argillic: none" in zones.attrs["notes"][0]


def test_zones_lazy_and_without_scores(mapped, found):
    lazy = identify_minerals(mapped.chunk({"y": 1}), RULES, scores=True)
    zones = alteration_zones(lazy)
    assert zones["phyllic"].chunks is not None
    xr.testing.assert_allclose(zones.compute(), alteration_zones(found))
    plain = alteration_zones(identify_minerals(mapped, RULES))
    assert float(plain["advanced_argillic"][0, 0]) > 0.95


def test_zones_of_mica_rules(mica_library, mica_rules):
    swir = mica_library.sel(spectrum=["alunite_K_250C", "calcite", "muscovite_medAl"])
    swir = swir.sel(wavelength=slice(1400, 2400))
    assert swir.notnull().all()
    library = mica_library.sel(wavelength=slice(1400, 2400))
    found = identify_minerals(swir, mica_rules, library=library, scores=True)
    zones = alteration_zones(found)
    best = [max(zones, key=lambda z: float(zones[z][i])) for i in range(3)]
    assert best == ["advanced_argillic", "carbonate", "phyllic"]


def test_zone_file_with_problems(tmp_path, found):
    path = tmp_path / "zones.toml"
    path.write_text(
        '[references]\na = "A"\n[zones.one]\nen = "one"\nreferences = ["b"]\n'
        "minerals = { gold = 2 }\ncolour = 3\n",
        encoding="utf-8",
    )
    with pytest.raises(ValueError, match=r"zones\.toml has 4 problems") as caught:
        alteration_zones(found, rules=path)
    for part in ("one.zh: is missing", "one.minerals.gold = 2", "colour", "'b': is no"):
        assert part in str(caught.value).replace("references = 'b'", "'b'"), part
    path.write_text('[zones.one]\nen = "a"\nzh = "b"\nminerals = { gold = 1 }\n')
    with pytest.raises(ValueError, match="no mineral of the zones"):
        alteration_zones(found, rules=path)


def test_strip_of_the_sample_district():
    """Agreement with the cover that was mixed, all four minerals under noise."""
    import spectral
    from data_samples.generator._geology import make_geology
    from data_samples.generator._imagery import make_strip

    strip, cover = make_strip(make_geology())
    folder = Path(__file__).parents[4] / "data_samples/synthetic_district/imagery"
    cube = spectral.open_cube(folder / "swir_strip.hdr").compute()
    np.testing.assert_allclose(cube.values * 10_000, strip, atol=0.01)
    found = identify_minerals(cube, RULES, scores=True)
    rule = found["mineral"].attrs["rules"]
    named = np.array([rule.get(int(c), "-") for c in found["mineral"].values.ravel()])
    share = np.array([cover[name].ravel() for name in cover])
    main, much = np.array(list(cover))[share.argmax(0)], share.max(0) > 0.3
    groups = {
        "calcite": ("calcite",),
        "chlorite": ("chlorite", "epidote"),  # told apart by 1550 nm, not covered here
        "kaolinite": ("kaolinite",),
        "white mica": ("white_mica", "kaolinite_white_mica"),
    }
    right = {
        name: np.mean([one.startswith(start) for one in named[(main == name) & much]])
        for name, start in groups.items()
    }
    assert right["calcite"] > 0.98
    assert right["kaolinite"] > 0.98
    assert right["chlorite"] > 0.9
    assert (
        right["white mica"] > 0.6
    )  # the rest is called kaolinite, mixed in throughout
    proxies = {
        "calcite": "calcite",
        "chlorite": "chlorite_mg",
        "kaolinite": "kaolinite",
    }
    for name, one in proxies.items():
        depth = mineral_abundance(found, mineral=one).values.ravel()
        assert np.corrcoef(depth, cover[name].ravel())[0, 1] > 0.9
    mica = white_mica_composition(cube)["position"]
    assert float(mica.median()) == pytest.approx(2203, abs=1.5)
    zones = alteration_zones(found)
    carbonate = zones["carbonate"].values.ravel()
    assert np.corrcoef(carbonate, cover["calcite"].ravel())[0, 1] > 0.9
    clay = cover["kaolinite"] + cover["white mica"]
    argillic = zones["argillic"].values.ravel()
    assert np.corrcoef(argillic, clay.ravel())[0, 1] > 0.85


def test_real_emit_pixels(real_data):
    """A suburb with trees: leaves over most pixels, and no clay claimed anywhere."""
    import spectral

    folder = real_data("spectral/emit_10x10")
    cube = spectral.open_cube(folder / "emit20250324t221005_jpl_unmix_ex.hdr").compute()
    found = identify_minerals(cube, RULES, scores=True)
    groups = mineral_groups(found)
    keys = groups.attrs["groups"]
    counts = [keys.get(int(code), "-") for code in groups.values.ravel()]
    assert counts.count("vegetation") > 60
    assert "kaolin" not in counts
    evidence = alteration_zones(found)["argillic"].values
    assert np.isnan(evidence).sum() == counts.count("vegetation")
