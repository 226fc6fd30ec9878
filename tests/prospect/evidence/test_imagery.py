"""Treatments of imagery in a district file, on the strip of the sample district."""

import numpy as np
import pandas as pd
import pytest

from prospect import check_district, read_district
from prospect._district import Evidence
from prospect.evidence import build_layer
from spectral import open_cube
from spectral.indices import spectral_index
from spectral.library import load_library
from spectral.mapping import ace, minimum_wavelength, spectral_angle, unmix
from survey import make_geobox, match_grid

FOLDER = "data_samples/synthetic_district"
SOURCE = {"file": "imagery/swir_strip.hdr"}
WAVES = np.linspace(2000, 2495, 100)


@pytest.fixture(scope="module")
def like():
    return make_geobox((530900, 532600, 3405900, 3407100), crs=4547, resolution=50)


@pytest.fixture(scope="module")
def cube():
    return open_cube(f"{FOLDER}/imagery/swir_strip.hdr")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Spectra like those the strip was made of, as a table."""
    path = tmp_path_factory.mktemp("spectra") / "minerals.csv"
    shapes = {
        "white mica": (0.42, (2203, 16, 0.34), (2348, 22, 0.16), (2435, 20, 0.10)),
        "calcite": (0.48, (2340, 20, 0.30), (2300, 32, 0.06)),
        "ground": (0.28,),
    }
    rows = {}
    for name, (level, *features) in shapes.items():
        rows[name] = np.full(WAVES.size, level)
        for centre, width, depth in features:
            rows[name] *= 1 - depth * np.exp(-(((WAVES - centre) / width) ** 2))
    table = pd.DataFrame.from_dict(
        rows, orient="index", columns=[f"{w:g}nm" for w in WAVES]
    )
    table.rename_axis("name").to_csv(path)
    return str(path)


def layer(like, treatment, **options):
    section = Evidence(name="x", treatment=treatment, **(SOURCE | options))
    return build_layer(section, folder=FOLDER, like=like)


def same(found, grid, like):
    expected = match_grid(grid.assign_attrs(kind="continuous"), like=like)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert 0.1 < np.isfinite(found.values).mean() < 1, "the strip covers a part"


@pytest.mark.parametrize("method", ["ace", "angle"])
def test_target(cube, library, like, method):
    found = layer(
        like, "target", library={"file": library}, spectrum="calcite", method=method
    )
    spectra = load_library(library, like=cube, spectra=["calcite"])
    score = {"ace": ace, "angle": spectral_angle}[method](cube, spectra)
    same(found, score.isel(target=0, drop=True), like)
    assert found.chunks is not None
    assert "calcite" in found.attrs["long_name"]
    assert found.attrs["source"] == SOURCE["file"]


def test_abundance(cube, library, like):
    found = layer(like, "abundance", library={"file": library}, spectrum="white mica")
    shares = unmix(cube, load_library(library, like=cube))["abundance"]
    same(found, shares.sel(endmember="white mica", drop=True), like)


@pytest.mark.parametrize("measure", ["depth", "position"])
def test_absorption(cube, like, measure):
    found = layer(like, "absorption", window=(2180, 2230), measure=measure)
    same(found, minimum_wavelength(cube, (2180, 2230))[measure], like)


def test_index_of_a_cube_needs_no_bands(cube, like):
    found = layer(like, "index", index="r2250 / r2200")
    same(found, spectral_index("r2250 / r2200", cube), like)


@pytest.mark.parametrize("treatment", ["target", "abundance"])
def test_a_name_that_means_several_spectra_is_refused(
    like, library, tmp_path, treatment
):
    path = tmp_path / "several.csv"
    table = pd.read_csv(library)
    table["name"] = ["mica", "carbonate a", "carbonate b"]
    table.to_csv(path, index=False)
    with pytest.raises(ValueError, match=r"means 2 spectra.*carbonate a, carbonate b"):
        layer(like, treatment, library={"file": str(path)}, spectrum="carbonate")


def test_problems_are_told(like, library, tmp_path):
    with pytest.raises(ValueError, match="needs 'library'"):
        layer(like, "target", spectrum="calcite")
    with pytest.raises(ValueError, match="method of a target is one of"):
        layer(like, "target", library={"file": library}, spectrum="x", method="nearest")
    with pytest.raises(KeyError, match="no spectrum or mineral 'gold'"):
        layer(like, "target", library={"file": library}, spectrum="gold")
    bare = tmp_path / "bare.img"
    np.full((2, 3, 4), 0.3, "float32").tofile(bare)
    bare.with_suffix(".hdr").write_text(
        "ENVI\nsamples = 4\nlines = 3\nbands = 2\ndata type = 4\ninterleave = bsq\n"
        "byte order = 0\nwavelength units = nm\nwavelength = {2100, 2200}\n"
    )
    with pytest.raises(ValueError, match="no map coordinates"):
        layer(like, "absorption", file=str(bare), window=(2100, 2200))


def test_check_looks_at_cubes(tmp_path, library):
    text = open(f"{FOLDER}/district.toml", encoding="utf-8").read()  # noqa: PTH123, SIM115
    root = str(tmp_path.cwd() / FOLDER)
    for name in ("geology", "geochemistry", "imagery", "terrain", "other", "deposits",
                 "geophysics"):  # fmt: skip
        text = text.replace(f'"{name}/', f'"{root}/{name}/')
    section = (
        f'[[evidence]]\nname = "mica"\nfile = "{root}/imagery/swir_strip.hdr"\n'
        'treatment = "abundance"\nspectrum = "white mica"\n'
        f'library = {{ file = "{library}" }}\ndirection = "descending"\n\n[deposits]'
    )
    path = tmp_path / "district.toml"
    path.write_text(text.replace("[deposits]", section, 1), "utf-8")
    district = read_district(path)
    assert library in [source.file for source in district.sources]
    errors = [p for p in check_district(path) if p.severity == "error"]
    assert not errors
    path.write_text(
        text.replace("[deposits]", section.replace("white mica", "gold"), 1), "utf-8"
    )
    told = [str(p) for p in check_district(path) if p.severity == "error"]
    assert any("no spectrum or mineral 'gold'" in problem for problem in told)


def test_mineral_and_alteration(cube, like):
    from prospect.imagery import alteration_evidence, mineral_evidence

    same(
        layer(like, "mineral", mineral="calcite"),
        mineral_evidence(cube, "calcite"),
        like,
    )
    found = layer(like, "alteration", zone="phyllic")
    same(found, alteration_evidence(cube, "phyllic"), like)
    assert found.attrs["units"] == "1"
    assert any("cannot be judged on these bands" in n for n in found.attrs["notes"])
    with pytest.raises(ValueError, match="needs 'zone'"):
        layer(like, "alteration")


def test_mineral_by_rules_and_references_of_a_file(cube, like, real_data):
    folder = real_data("spectral/usgs_splib07_1nm_rules")
    spectra = str(folder / "splib07_77_reference_spectra_1nm.csv")
    found = layer(
        like, "mineral", mineral="calcite",
        rules={"file": str(folder / "mica_rules.json")},
        library={"file": spectra},
    )  # fmt: skip
    assert float(found.max()) > 0
