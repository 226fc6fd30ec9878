"""Our rules on real spectra: one half of the samples was used to set them, one not."""

import re
from collections import Counter

import numpy as np
import pytest
import xarray as xr

from spectral.mapping import identify_minerals, read_mineral_rules

# first word of a splib07 name: rules that are right
RIGHT = {
    "Muscovite": "white_mica", "Paragonite": "white_mica",
    "Illite": "illite white_mica",
    "Kaolinite": "kaolinite", "Dickite": "dickite", "Halloysite": "halloysite",
    "Endellite": "halloysite", "Montmorillonite": "montmorillonite",
    "Nontronite": "nontronite", "Hectorite": "magnesium_smectite",
    "Saponite": "magnesium_smectite", "Pyrophyllite": "pyrophyllite",
    "Alunite": "alunite", "Jarosite": "jarosite", "Gypsum": "gypsum",
    "Buddingtonite": "buddingtonite", "Topaz": "topaz", "Tourmaline": "tourmaline",
    "Elbaite": "tourmaline", "Calcite": "calcite", "Dolomite": "dolomite",
    "Siderite": "iron_carbonate", "Magnesite+Hydromag": "magnesite",
    "Chlorite": "chlorite", "Clinochlore": "chlorite", "Prochlorite": "chlorite",
    "Thuringite": "chlorite", "Clinochlore_Fe": "chlorite", "Epidote": "epidote",
    "ClinozoisiteEpidote": "epidote", "Actinolite": "amphibole",
    "Tremolite": "amphibole", "Hornblende": "hornblende amphibole", "Talc": "talc",
    "Serpentine": "serpentine", "Antigorite": "serpentine", "Lizardite": "serpentine",
    "Chrysotile": "serpentine", "Phlogopite": "phlogopite", "Biotite": "phlogopite",
    "Opal": "opal", "Chalcedony": "chalcedony opal", "Hematite": "hematite",
    "Goethite": "goethite", "Andradite": "andradite", "Diopside": "clinopyroxene",
    "Hedenbergite": "clinopyroxene", "Augite": "clinopyroxene",
    "Hypersthene": "orthopyroxene", "Enstatite": "orthopyroxene",
    "Bronzite": "orthopyroxene", "Olivine": "olivine",
}  # fmt: skip
IRON = {
    "Hematite", "Goethite", "Andradite", "Diopside", "Hedenbergite", "Augite",
    "Hypersthene", "Enstatite", "Bronzite", "Olivine",
}  # fmt: skip


@pytest.fixture(scope="module")
def aviris(real_data):
    """Names, wavelengths (nm, ascending) and spectra of splib07 at 224 channels."""
    base = real_data("spectral/usgs_splib07_aviris95") / "s07_AV95_envi"
    header = base.with_suffix(".hdr").read_text(encoding="latin-1")

    def field(key):
        return (
            re.search(key + r"\s*=\s*\{(.*?)\}", header, re.DOTALL).group(1).split(",")
        )

    names = [name.strip() for name in field("spectra names")]
    wave = 1000 * np.array(field("wavelength"), float)
    spectra = np.fromfile(base.with_suffix(".sli"), "<f4").reshape(len(names), -1)
    spectra = np.where(spectra < -1e30, np.nan, spectra).astype(float)
    forward = wave > np.maximum.accumulate(np.r_[0.0, wave[:-1]]) + 1
    return names, wave[forward], spectra[:, forward]


def samples(names):
    """Records by mineral and half: each mineral's samples by name, every other one."""
    found = {}
    for i, name in enumerate(names[2:], 2):
        words = name.split()
        if "rror" not in name and words[0] in RIGHT:
            sample = re.sub(r"\.[0-9a-zA-Z]+$", "", words[1])
            found.setdefault(words[0], {}).setdefault(sample, []).append(i)
    return {
        (mineral, k % 2, i)
        for mineral, each in found.items()
        for k, sample in enumerate(sorted(each))
        for i in each[sample]
    }


def answers(aviris, half):
    """(mineral, rule or "-") of each record of a half."""
    names, wave, spectra = aviris
    ours = read_mineral_rules()
    parts = {True: ours.within(300, 1300), False: ours.within(1300, 2600)}
    given = []
    groups = {}
    for mineral, which, i in sorted(samples(names)):
        known = np.isfinite(spectra[i])
        iron = mineral in IRON
        if which != half or known.sum() <= 100:
            continue
        if not iron and not known[(wave > 2100) & (wave < 2400)].all():
            continue
        if (iron or mineral == "Siderite") and known[wave < 800].mean() <= 0.8:
            continue
        groups.setdefault((iron, known.tobytes()), []).append((mineral, i))
    for (iron, mask), records in groups.items():
        known = np.frombuffer(mask, bool)
        library = xr.DataArray(
            np.array([spectra[i][known] for _, i in records]),
            {
                "wavelength": wave[known],
                "fwhm": ("wavelength", np.full(known.sum(), 10)),
            },
            dims=("spectrum", "wavelength"),
        )
        found = identify_minerals(library, parts[iron])["mineral"]
        rule = found.attrs["rules"]
        given += [
            (mineral, rule.get(int(code), "-"))
            for (mineral, _), code in zip(records, found.values, strict=True)
        ]
    return given


@pytest.mark.parametrize(
    ("half", "least"),
    [
        pytest.param(0, 0.88, id="tuned"),
        pytest.param(1, 0.88, id="other half, looked at"),
    ],
)
def test_splib07_by_mineral_name(aviris, half, least):
    given = answers(aviris, half)
    right = [rule.startswith(tuple(RIGHT[m].split())) for m, rule in given]
    answered = [rule != "-" for _, rule in given]
    assert len(given) > 200
    assert np.mean(right) > least
    assert np.sum(right) / np.sum(answered) > 0.92
    wrong = Counter(pair for pair, good in zip(given, right, strict=True) if not good)
    # known weakness, so that a change for better or worse is seen
    assert wrong[("Talc", "amphibole")] == (0 if half == 0 else 7)
    assert wrong[("Kaolinite", "white_mica_medium_al")] == 0


GROUPS = {
    "muscovite": "white_mica", "illite": "white_mica", "kaolinite": "kaolin",
    "alunite": "sulfate", "jarosite": "sulfate", "gypsum": "sulfate",
    "buddingtonite": "ammonium", "pyrophyllite": "pyrophyllite", "topaz": "topaz",
    "montmorillonite": "smectite", "nontronite": "smectite", "hectorite": "smectite",
    "calcite": "carbonate", "dolomite": "carbonate", "carbonate": "carbonate",
    "chlorite": "chlorite", "clinochlore": "chlorite", "thuringite": "chlorite",
    "epidote": "epidote", "chalcedony": "silica", "hydrated": "silica",
    "tremolite": "amphibole talc", "talc": "amphibole talc",
    "serpentine": "serpentine", "vegetation": "vegetation dry_vegetation",
    "snow": "snow", "dry": "dry_vegetation", "water": "water",
}  # fmt: skip


def test_the_77_references_fall_into_their_groups(splib, mica_library):
    """Pure references; mixtures and halves of names with + or . are left out."""
    names = splib[0]
    pure = [n for n in names if "+" not in n and not re.search(r"\.\d", n)]
    rules = read_mineral_rules().within(1300, 2600)
    rules = read_mineral_rules().select([*rules.names, "vegetation", "water", "snow"])
    right, told = 0, []
    for name in pure:
        one = mica_library.sel(spectrum=name).dropna("wavelength")
        found = identify_minerals(one, rules)["mineral"]
        group = found.attrs["groups"].get(int(found), "-")
        good = group in GROUPS[re.split(r"[_ ]", name)[0]].split()
        right += good
        told += [] if good else [(name, group)]
    assert len(pure) > 45
    assert right / len(pure) > 0.85, told
