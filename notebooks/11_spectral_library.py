# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
#   workbench:
#     format: 1
#     language: en
#     tasks: [spectral-library, remote-sensing, validation]
#     minerals: [kaolinite, alunite, muscovite, illite, montmorillonite, chlorite, epidote, calcite, dolomite, gypsum, jarosite, talc]
#     sensors: [spectrometer, emit, aster, sentinel2, aviris]
#     data: [spectral/usgs_splib07_aviris95, spectral/usgs_splib07_1nm_rules, spectral/aster_library_ascii, spectral/emit_10x10, spectral/sensor_responses]
#     minutes: 1
#     memory_gb: 1
#     test_parameters: {n_draws: 1}
# ---

# %% [markdown]
# # Spectral library: from measured spectra to a library that answers
#
# **What could this spectrum be, and which instrument could tell?** From files of several kinds to one library that is asked by
# words, by absorption and by an unknown spectrum, and an honest look at how far its answers can be trusted.
#
# | | |
# |---|---|
# | For | geologists who measure rocks, or read images, and want reference spectra at hand |
# | You will learn | to read spectra of any format and see what was cleaned, keep them with their origin, find them again, compare them, and judge what ASTER, Sentinel-2 and EMIT can tell apart |
# | Needs | less than 1 minute and 1 GB of memory on 2 cores |
# | Data and licence | USGS Spectral Library 7 as seen by AVIRIS, `spectral/usgs_splib07_aviris95`, and 77 of its spectra at 1 nm, `spectral/usgs_splib07_1nm_rules` (public domain); three spectra of the ASTER library, `spectral/aster_library_ascii` (JPL, JHU and USGS; free to use with citation); a piece of an EMIT scene, `spectral/emit_10x10` (NASA/JPL, Apache-2.0); response curves of ASTER, `spectral/sensor_responses` (Apache-2.0). 5 MB, fetched once; the table at 1 nm and the curves come from a local copy of the data (`PROSPECT_DATA_DIR`) |
#
# All spectra are real, with all that real files bring.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import prospect
import spectral
from prospect import report
from spectral import library, mapping

pd.options.display.float_format = "{:.4g}".format
pd.options.display.max_columns = 30
pd.options.display.max_colwidth = 70

# %% [markdown]
# ## Parameters
#
# What a run depends on, in one place. Change a value and run everything again.

# %% tags=["parameters"]
# range where clays, micas and carbonates absorb, nm
clay_window = (2000, 2450)
# the same with the shoulder before it, nm
swir = (1550, 2450)
# minerals compared with each other in steps 5 to 7
minerals = [
    *("kaolinite", "halloysite", "alunite", "muscovite", "illite", "montmorillonite"),
    *("clinochlore", "epidote", "calcite", "dolomite", "gypsum", "jarosite"),
    *("talc", "antigorite"),
]
# signal to noise of the instruments compared, equal in all bands
signal_to_noise = 100
# draws of noise
n_draws = 5
# start of all random numbers: the same seed gives the same result
seed = 42
# language of the figures: en or zh
lang = "en"

# %% [markdown]
# ## 1. What does a library file really hold?
#
# The USGS library is the reference of the field. Its ENVI file lists 3,139 records under one heading: spectra, but also their
# error bars, the wavelengths themselves, and the number -1.23e34 wherever a channel was deleted. A program that reads records as
# spectra will offer "error bars" as a mineral. This one puts each where it belongs, and counts.

# %%
folder = prospect.fetch_data("spectral/usgs_splib07_aviris95")
splib = library.read_spectra(folder / "s07_AV95_envi.sli")
for note in splib.attrs["notes"]:
    print("-", note)
len(splib)

# %% [markdown]
# *Each detector up to the middle*: AVIRIS measures some wavelengths with two detectors. Joined in order of wavelength, the step
# between the two would look like an absorption. `spectral.open_cube` marks the same bands in an image.
#
# The names follow a pattern, and so the mineral, the sample, the spectrometer and the purity can be read from them.

# %%
parts = ["name", "mineral", "group", "sample_id", "instrument", "purity"]
splib.loc[splib["mineral"].eq("kaolinite"), parts].head()

# %% [markdown]
# Little more than half of it is minerals of one name. The rest are mixtures, rocks, plants, plastics, water. They are kept, since
# that is what an unknown spectrum may turn out to be.

# %%
kinds = {True: "one mineral", False: "anything else"}
splib["mineral"].notna().map(kinds).value_counts().to_frame("spectra")

# %% [markdown]
# ## 2. Other formats, and a file that does not tell its scale
#
# `read_spectra` tells the format from the content. Text files of the ASTER library run from long to short wavelengths, in
# micrometres and percent; a plain table has a spectrum a row.

# %%
aster_library = library.read_spectra(
    prospect.fetch_data("spectral/aster_library_ascii")
)
fine = library.read_spectra(prospect.fetch_data("spectral/usgs_splib07_1nm_rules"))
for records in (aster_library, fine):
    print(records.attrs["provenance"]["file"], f"({len(records)} spectra)")
    for note in records.attrs["notes"]:
        print("-", note)

# %% [markdown]
# The 1 nm table holds 77 spectra of 72 records: five serve two rules of a mineral expert system. Its empty cells are channels
# that the spectrometer did not reach. And the table of endmembers that comes with the EMIT scene:

# %%
scene = prospect.fetch_data("spectral/emit_10x10")
try:
    endmembers = library.read_spectra(scene / "basic_endmember_library.csv")
except ValueError as error:
    print(str(error).splitlines()[0])
    print(str(error).splitlines()[1])

# %% [markdown]
# No reflectance is 2681. Dividing by a guess would be easy, and wrong one day: the reader says what it suspects, and we decide.

# %%
endmembers = library.read_spectra(scene / "basic_endmember_library.csv", scale=10_000)
for note in endmembers.attrs["notes"]:
    print("-", note)

# %% [markdown]
# ## 3. One library, with the origin of every spectrum
#
# A library is a folder that only grows. Each import is a version; nothing is overwritten, so what you cite today can be
# opened next year. File, checksum, date and notes come from the reader; licence and citation from us.

# %%
home = Path(tempfile.mkdtemp())
shelf = library.open_library(home / "reference", create=True)
usgs = {
    "licence": "public domain",
    "citation": "Kokaly et al. (2017), USGS Data Series 1035",
}
shelf.add(splib, provenance=usgs)
shelf.add(fine, prefix="1nm:", provenance=usgs)
shelf.add(
    aster_library,
    provenance={
        "licence": "free to use with citation",
        "citation": "Baldridge et al. (2009), Remote Sensing of Environment 113",
    },
)
shelf.add(
    endmembers,
    prefix="emit:",
    provenance={"licence": "Apache-2.0", "citation": "NASA/JPL, SpectralUnmixing"},
)
history = shelf.history()
history[["version", "spectra", "file", "format", "licence", "citation"]]

# %% [markdown]
# ## 4. Ask by words, by kind, by absorption
#
# Words may be English or Chinese, a synonym, a sample number, a spectrometer. All must occur.

# %%
shown = ["name", "mineral", "instrument", "first_nm", "last_nm", "source"]
shelf.search(words="高岭石 NIC4")[shown].head()

# %%
questions = {
    "words: sphene": {"words": "sphene"},
    "words: 绢云母": {"words": "绢云母"},
    "group: white_mica": {"group": "white_mica"},
    "group: 碳酸盐": {"group": "碳酸盐"},
    "pure, whole range": {"where": "purity = 'a' and first_nm < 400"},
}
answers = {asked: shelf.search(**how) for asked, how in questions.items()}
pd.DataFrame(
    {
        asked: {
            "spectra": len(found),
            "samples": found["sample_id"].nunique(),
            "first minerals": ", ".join(found["mineral"].dropna().unique()[:4]),
        }
        for asked, found in answers.items()
    }
).T

# %% [markdown]
# By what absorbs: kaolinite has a double feature near 2165 and 2207 nm. Which spectra have both?

# %%
doublet = [(2155, 2175), (2195, 2215)]
both = shelf.find_features(doublet, depth=0.05)
narrow = shelf.find_features(doublet, depth=0.05, width=(5, 80))
counts = pd.DataFrame(
    {
        label: found["mineral"].fillna("(no single mineral)").value_counts()
        for label, found in {"any width": both, "5 to 80 nm wide": narrow}.items()
    }
)
counts.fillna(0).astype(int).sort_values("any width", ascending=False).head(6)

# %%
both[["name", "mineral", "position", "depth", "width", "position_2", "depth_2"]].head(6)

# %% [markdown]
# The deepest of them are alunite, and naphthalene: mothballs. A position is not a mineral. Depth is measured below the upper
# hull of the whole spectrum, so that broad absorptions count too; asking for narrow ones leaves kaolinite, its mixtures, and
# dumortierite, which really absorbs there.
#
# ## 5. Look at them
#
# One sample of kaolinite, measured by three spectrometers (one of them twice). One standard deviation, from the error bars of
# step 1, is shaded, but hardly wider than the line.

# %%
same = shelf.replicates("Kaolinite_CM9_BECKb_AREF")
same = same[same["source"] == "s07_AV95_envi"]
report.figure_spectra(
    shelf.read(same),
    labels=same.set_index("spectrum_id")["name"].str.slice(14).to_dict(),
    title="Kaolinite CM9, by spectrometer",
    lang=lang,
)

# %% [markdown]
# The spectra differ by many times their error bars: these tell how one measurement repeats, not what packing, lighting and the
# instrument add. What repeats are the absorptions. So spectra are compared by their angle, which does not see brightness,
# or by their features below a continuum, which do not see slope either.

# %%
names = {
    "Kaolinite_CM9_BECKb_AREF": "kaolinite",
    "Muscovite_GDS113_Ruby_BECKa_AREF": "muscovite",
    "Calcite_WS272_BECKa_AREF": "calcite",
}
three = shelf.read(list(names)).sel(wavelength=slice(*clay_window))
features = mapping.find_features(three)
report.figure_spectra(
    three,
    continuum=mapping.continuum(three),
    features=features,
    labels=names,
    offset="auto",
    title="Three minerals, their continuum and absorptions",
    lang=lang,
)

# %%
deepest = features.sort_values("depth", ascending=False).groupby("spectrum").head(2)
deepest = deepest.assign(mineral=deepest["spectrum"].map(names))
deepest.set_index(["mineral", "order"]).sort_index()[
    ["position", "depth", "width", "asymmetry", "left", "right"]
]

# %% [markdown]
# **How alike are spectra that should be alike?** Before comparing anything with a library, compare the library with itself: all
# pairs of spectra of the minerals chosen above, sorted by whether they share the specimen, the mineral, or nothing. Samples
# such as HS295.1B and HS295.3B are grain sizes of one specimen: treated as two, they would be a test that knows the answer.

# %%
chosen = shelf.search(
    mineral=minerals,
    source="s07_AV95_envi",
    where=f"first_nm < {clay_window[0] - 20} and last_nm > {clay_window[1] + 20}",
)
spectra = shelf.read(chosen).sel(wavelength=slice(*clay_window))
spectra = spectra[np.isfinite(spectra).all("wavelength")]
angles = mapping.spectral_angle(spectra, spectra).transpose("spectrum", "target")
one, other = np.triu_indices(len(spectra), 1)
between = np.degrees(angles.to_numpy()[one, other])
specimens = shelf.search().set_index("spectrum_id")["sample_id"]
specimens = specimens.str.replace(r"\.\w+$", "", regex=True)
rock = specimens.reindex(spectra["spectrum"].to_numpy()).to_numpy()
kind = spectra["mineral"].to_numpy()
same_specimen, same_mineral = rock[one] == rock[other], kind[one] == kind[other]
pairs = {
    "same specimen, measured again": same_specimen,
    "same mineral, other specimen": same_mineral & ~same_specimen,
    "other mineral": ~same_mineral & ~same_specimen,
}
alike = pd.DataFrame(
    {
        label: {
            "pairs": which.sum(),
            **{f"{q} % below": np.percentile(between[which], q) for q in (10, 50, 90)},
            "within 0.1 rad (5.7°)": np.mean(between[which] < np.degrees(0.1)),
        }
        for label, which in pairs.items()
    }
).T
alike.astype({"pairs": int})

# %% [markdown]
# Angles in degrees. No threshold takes all spectra of one mineral and none of another: the groups overlap. One of 0.1 rad, the
# default of much software, takes seven in ten of the same mineral and one in six of the *others*, of which there are ten times as
# many. Grain size, composition and impurity can move a spectrum as far as the step to another mineral.
#
# ## 6. Ask by spectrum
#
# Here is an unknown: a pixel of a real EMIT image over the hills of Pasadena. What resembles it?

# %%
image = spectral.open_cube(scene / "emit20250324t221005_jpl_unmix_ex")
for note in image.attrs["notes"]:
    print("-", note)
pixel = image.isel(y=0, x=3)
found = shelf.match(pixel, n=5)
for note in found.attrs["notes"]:
    print("-", note)
found[["name", "mineral", "angle", "coverage", "shared", "instrument"]]

# %% [markdown]
# Rangeland: field spectra of dry grass, shrub and soil together, a plausible answer for dry hills. `coverage` is the share of the
# pixel's channels that the library spectrum has, 0.94 here, since field spectra lack those next to water vapour. What covers less
# than 0.9 is not ranked at all: a short piece of spectrum is easily matched. The same question to the clay window alone:

# %%
part = shelf.match(pixel, n=5, window=clay_window)
part[["name", "mineral", "angle", "coverage", "shared", "instrument"]]

# %%
shown = image.isel(wavelength=np.flatnonzero(~image["bad_bands"].to_numpy()))
shown = shown.isel(y=0, x=3).drop_vars(["x", "y"])
titles = shelf.search().set_index("spectrum_id")["name"]
titles = titles.str.replace(r"\s\S+ [AR]REF$", "", regex=True).to_dict()
matches = shelf.read(found["spectrum_id"].iloc[:2], like=image)
matches = matches.sel(wavelength=shown["wavelength"])
bright = (shown * matches).sum("wavelength") / (matches**2).sum("wavelength")
report.figure_spectra(
    shown.expand_dims(spectrum=["EMIT pixel"]),
    matches=matches * bright,
    labels=titles,
    title="Nearest over the whole range, at the brightness of the pixel",
    lang=lang,
)

# %% [markdown]
# And those of the clay window, drawn the same way:

# %%
shown = shown.sel(wavelength=slice(*clay_window))
matches = shelf.read(part["spectrum_id"].iloc[:4], like=image)
matches = matches.sel(wavelength=shown["wavelength"])
bright = (shown * matches).sum("wavelength") / (matches**2).sum("wavelength")
report.figure_spectra(
    shown.expand_dims(spectrum=["EMIT pixel"]),
    matches=matches * bright,
    labels=titles,
    title="Nearest in the clay window, at the brightness of the pixel",
    lang=lang,
)

# %% [markdown]
# In the window the angles are *smaller*, and the answers contradict each other: rust, feldspar, dry grass. Where there is hardly a
# feature, many things look alike. **A small angle says that little in the window speaks against a spectrum.** It does not say that
# the ground is that. A pixel of 60 m is a mixture, and a library of pure things has no entry for it.
#
# How often is the nearest spectrum right, when the answer is known? Take one spectrum of each specimen as the unknown, hide
# everything else of that specimen, and see which mineral comes first.

# %%
pure = shelf.search(
    mineral=minerals,
    source="s07_AV95_envi",
    where="first_nm < 450 and last_nm > 2490",
)
pure["specimen"] = pure["spectrum_id"].map(specimens)
pure = pure.drop_duplicates("specimen")
enough = pure.groupby("mineral")["mineral"].transform("size") >= 3
pure = pure[enough].reset_index(drop=True)
truth = pure.set_index("spectrum_id")[["mineral", "group"]]
ranked = shelf.match(shelf.read(pure), n=40, window=clay_window)
own = ranked["query"].map(specimens) == ranked["spectrum_id"].map(specimens)
usable = ranked["mineral"].notna() & ranked["source"].eq("s07_AV95_envi")
ranked = ranked[usable & ~own]
first = ranked.groupby("query").first()
first["asked"] = truth["mineral"].reindex(first.index)
first["right"] = first["mineral"] == first["asked"]
first["right group"] = first["group"] == truth["group"].reindex(first.index)
by_mineral = first.groupby("asked")
right = by_mineral[["right", "right group"]].mean()
right.insert(0, "specimens", by_mineral.size())
right["taken for"] = by_mineral[["mineral", "right"]].apply(
    lambda rows: ", ".join(rows.loc[~rows["right"], "mineral"].unique())
)
right.loc["all"] = [len(first), first["right"].mean(), first["right group"].mean(), ""]
right.round(2)

# %% [markdown]
# Some mistakes are neighbours, kaolinite and halloysite, muscovite and lepidolite, and *chlorite* for clinochlore is only a coarser
# name: by *group* the answer is safer. Not one illite was recognised: what is sold as illite lies between mica and clay. Others,
# such as nahcolite for jarosite, are plain nonsense that happens to run parallel. The features that tell minerals apart are
# worth more than an angle over a whole window; notebook 12 identifies minerals that way.
#
# ## 7. What would a satellite see?
#
# The same library through other eyes. `sensor=` weighs each spectrum with the bands of the instrument; what the spectrum does not
# cover is missing and said, and the error bars go along.

# %%
simple = {
    "1nm:kaolinite_wxl": "kaolinite",
    "1nm:muscovite_medhighAl": "muscovite",
    "1nm:calcite": "calcite",
}
lab = shelf.read(list(simple)).sel(wavelength=slice(*swir))
views = {
    name: spectral.resample(lab, sensor=name).dropna("wavelength")
    for name in ("emit", "aster", "sentinel2a")
}
report.figure_spectra(
    lab, labels=simple, offset="auto", title="Laboratory, channels of 1 nm", lang=lang
)

# %% tags=["thumbnail"]
report.figure_spectra(
    views["emit"],
    labels=simple,
    offset="auto",
    title="EMIT, bands of 7.4 nm",
    lang=lang,
)

# %% [markdown]
# The same three minerals in six bands:

# %%
report.figure_spectra(
    views["aster"], labels=simple, offset="auto", title="ASTER, six bands", lang=lang
)

# %% [markdown]
# EMIT keeps the double feature of kaolinite. ASTER cannot show a doublet, but its band 5 (2167 nm) falls into the first half,
# where muscovite is bright, and its band 8 (2335 nm) into the feature of calcite: that is what its band ratios live on. Sentinel-2
# has two bands in this range, and with two bands only one number is left:

# %%
apart = {}
for name, seen in views.items():
    found = np.degrees(mapping.spectral_angle(seen, seen)).to_numpy()
    apart[name] = {
        "bands": seen.sizes["wavelength"],
        "kaolinite / muscovite": found[0, 1],
        "kaolinite / calcite": found[0, 2],
        "muscovite / calcite": found[1, 2],
        "angle that noise makes": np.degrees(1 / signal_to_noise)
        * np.sqrt(1 - 1 / seen.sizes["wavelength"]),
    }
pd.DataFrame(apart).T

# %% [markdown]
# Angles in degrees; noise of one part in `signal_to_noise` in every band. To Sentinel-2 muscovite and calcite are less than 1° apart,
# not twice the noise. That ASTER shows *larger* angles than EMIT is no merit: its few bands stand where minerals differ, while
# most bands of EMIT see nothing to tell them apart, and an angle weighs all alike. And 5° are far more than noise, but little more
# than what step 5 found between samples of one mineral.
#
# So the fair test is the one of step 6 again, with real specimens: does the nearest spectrum of another one have the
# right mineral, if all are seen by that instrument, with noise and without? Over three ranges: all, iron and colour, clay and carbonate.

# %%
rng = np.random.default_rng(seed)
shares = {}
for name in views:
    for low, high in ((400, 2500), (400, 1000), swir):
        seen = shelf.read(pure, sensor=name).sel(wavelength=slice(low, high))
        seen = seen.dropna("wavelength")
        mineral = seen["mineral"].to_numpy()
        row = {"bands": seen.sizes["wavelength"]}
        for label, draws, noise in (
            ("no noise", 1, 0.0),
            ("with noise", n_draws, 1 / signal_to_noise),
        ):
            hits = []
            for _ in range(draws):
                error = seen.copy(data=rng.normal(0, noise, seen.shape))
                noisy = seen + seen.mean("wavelength") * error
                found = mapping.spectral_angle(noisy, seen)
                found = found.transpose("spectrum", "target").to_numpy().copy()
                np.fill_diagonal(found, np.inf)
                hits.append(np.mean(mineral[found.argmin(1)] == mineral))
            row[label] = np.mean(hits)
        shares[name, f"{low}-{high} nm"] = row
shares = pd.DataFrame(shares).T
frequency = pure["mineral"].value_counts(normalize=True)
shares["by chance"] = (frequency**2).sum()
shares.astype({"bands": int}).round(2)

# %% [markdown]
# More bands help, and noise hardly matters here: nature varies more than the instrument errs. Now compare the rows. In the
# clay window EMIT and ASTER get far, and Sentinel-2 hardly farther than chance. Yet between 400 and 1000 nm, where clays and
# carbonates have next to no absorption of their own, four in ten are right with any instrument. Jarosite has its iron there; the
# others are known by the colour of what came with the mineral, and on other ground that will be another colour. A score
# over the whole range does not tell which of the two it rests on; ask for it by range. All of this is for pure specimens in the
# laboratory: under atmosphere, vegetation and mixture every number falls.
#
# Bands by name are flat and nominal. Where measured response curves exist, take them, and see whether it matters:

# %%
curves = spectral.read_responses(
    prospect.fetch_data("spectral/sensor_responses") / "pyrsr" / "Terra" / "ASTER"
)
curves = curves.drop_sel(band="B3B")  # looks backward, at the wavelengths of B3N
measured = spectral.resample(lab, responses=curves).dropna("wavelength")
nominal = views["aster"]
pd.DataFrame(
    (measured.to_numpy() - nominal.to_numpy()) / nominal.to_numpy(),
    index=list(simple.values()),
    columns=[f"{w:.0f} nm" for w in measured["wavelength"].to_numpy()],
).style.format("{:+.2%}")

# %% [markdown]
# Little more than a percent, on the flanks of the feature of calcite; most differ by less than half of one. And what do error bars
# become? A wide band averages channels, so the error of its mean is smaller, *if the channels err
# independently*, which neighbours rarely do. `spectral.resample_covariance` takes what you know about that.

# %%
seen = shelf.read("Kaolinite_CM9_BECKb_AREF", sensor="aster").isel(spectrum=0)
seen = seen.dropna("wavelength")
pd.DataFrame(
    {
        "reflectance": seen.to_numpy(),
        "coverage": seen["coverage"].to_numpy(),
        "uncertainty": seen["uncertainty"].to_numpy(),
    },
    index=pd.Index(seen["band"].to_numpy(), name="band"),
)

# %% [markdown]
# ## 8. Take it with you, share it, add your own
#
# Export goes to ENVI or CSV, on the bands of an image or a sensor.

# %%
written = shelf.export(pure, home / "alteration_for_emit.sli", like=image)
[(path.name, path.stat().st_size) for path in written]

# %% [markdown]
# A library is a folder, so it can lie on a shared drive, read-only. Open it *below* one of your own: both are searched as one, only
# yours is written to. Here the mean of our image, with its spread, becomes a spectrum of ours.

# %%
own = library.open_library([home / "reference", home / "mine"], create=True)
hill = image.mean(["y", "x"]).expand_dims(spectrum=["hills of Pasadena, mean"])
spread = image.std(["y", "x"]).to_numpy()
hill = hill.assign_coords(uncertainty=(hill.dims, spread[np.newaxis]))
own.add(hill, prefix="mine:", provenance={"who": "me", "note": "100 pixels"})
own.match(image.isel(y=1, x=2), n=3)[["name", "angle", "coverage", "folder"]].assign(
    folder=lambda table: table["folder"].map(lambda path: Path(path).name)
)

# %% [markdown]
# What was wrong is taken out with a reason, and older versions still have it. `verify` compares every file with what was written.

# %%
twins = ["1nm:calcite_abundant", "1nm:dolomite_abundant"]
before = shelf.version
shelf.remove(twins, reason="the same record as 1nm:calcite and 1nm:dolomite")
then = library.open_library(home / "reference", as_of=before)
print(len(then), "spectra in version", before, "and", len(shelf), "in", shelf.version)
print("faults:", shelf.verify())

# %% [markdown]
# ## What could this spectrum be, and which instrument could tell?
#
# - The library answers with what is *nearest*, never with what is *there*. For pure specimens it named the right mineral in three
#   of four cases and the right group somewhat more often; for a pixel it said "rangeland", or rust, as the window would have it.
# - No threshold of angle separates minerals, since specimens of one mineral differ as much.
# - EMIT resolves the features that tell clays, micas and carbonates apart. ASTER has bands where some of them stand. Sentinel-2 does
#   not see them, whatever a score over its whole range may suggest.
#
# ## Limits
#
# A dozen minerals, three to eighteen specimens of each, from one collection: the shares of steps 6 and 7 describe this
# library, not your ground, and with 87 spectra they are uncertain by some four percent. Specimens were told apart by their
# numbers, and under one mineral name not all are pure. Noise was drawn equal and independent in all bands; that of a real
# instrument grows where light is scarce. Sensors are nominal unless you give their curves.
#
# ## Exercises with your own data
#
# - `prospect library add mylib measurements/ --create --who me` reads a folder of ASD, SVC, Spectral Evolution, SPECPR, RELAB, ECOSTRESS, ENVI or
#   CSV files, or a zip of them; `prospect library search mylib "高岭石" --feature 2195-2215` asks it; `prospect library search mylib --spectrum unknown.asd`
#   asks by spectrum.
# - Measure one of your samples five times, turned and repacked, and compare: how far apart are the five, in degrees?
# - `spectral.mean_spectra(cube, outcrops)` makes a library of polygons on an image. Add it, with its spread, and match it.
# - `prospect.view.view_cube(cube, library=shelf)` shows an image to click in, each pixel beside its nearest spectra.
# - Repeat step 7 with `minerals = ["goethite", "hematite", "jarosite"]` and the range 400-1000 nm. What can Sentinel-2 tell now?
#
# ## References
#
# - Kokaly et al. (2017), USGS Spectral Library Version 7, Data Series 1035.
# - Baldridge et al. (2009), ASTER spectral library 2.0, Remote Sensing of Environment 113.
# - Kruse et al. (1993), spectral angle, Remote Sensing of Environment 44.
# - Clark and Roush (1984), continuum, Journal of Geophysical Research 89.
# - Green et al. (2020), EMIT, IEEE Aerospace Conference.
#
# ## Next
#
# `12_mineral_mapping` takes the library to an image: minerals with reasons, and alteration as evidence.
