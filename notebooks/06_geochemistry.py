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
#     tasks: [geochemistry, quality, anomalies, gridding, validation]
#     minerals: [gold, silver, copper]
#     sensors: [laboratory]
#     data: [geochem/gswa_stream_sediment_au, synthetic_district]
#     minutes: 1
#     memory_gb: 1
#     test_parameters: {cell_size: 2000.0}
# ---

# %% [markdown]
# # Geochemistry: from laboratory tables to rated anomalies
#
# **Which anomalies deserve a second visit?** From a published table of stream sediments, with all its faults, to a
# register of anomalies, and an honest look at what known gold says about it.
#
# | | |
# |---|---|
# | For | exploration geochemists, and geologists who get a table of assays and must make a map of it |
# | You will learn | to find out what a table really holds, judge its quality, treat values below detection, take thresholds, krige and cut anomalies, and test the result |
# | Needs | about 1 minute and 1 GB of memory on 2 cores |
# | Data and licence | `geochem/gswa_stream_sediment_au`: stream sediments from exploration reports and gold sites in south-western Australia, © State of Western Australia (Geological Survey), CC BY 4.0; 3.5 MB, fetched once. The control samples of step 3 come with the sample district, `synthetic_district` (Apache-2.0) |
#
# None of the numbers was cleaned for this notebook. That is the point of it.

# %%
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import prospect
import survey
from prospect import geochem, gridding, report, validation
from survey import quality

pd.options.display.float_format = "{:.4g}".format
pd.options.display.max_columns = 30
pd.options.display.max_colwidth = 120

# %% [markdown]
# ## Parameters
#
# What a run depends on, in one place. Change a value and run everything again.

# %% tags=["parameters"]
# side of a cell of the maps, metres
cell_size = 1000.0
# distance from a sample beyond which nothing is mapped, metres
reach = 8000.0
# distance within which two samples count as of one place, metres
same_place = 60.0
# standard deviations above the background where an anomaly begins
k = 2.0
# width of a class of distances of the variogram, metres
lag = 2000.0
# side of the blocks held back in cross-validation, metres
block_size = 20_000.0
# anomalies that are checked against known gold
n_first = 5
# coordinate system to work in, GDA94 / MGA zone 50: metres
crs = "EPSG:28350"
# start of all random numbers: the same seed gives the same result
seed = 42
# language of the figures: en or zh
lang = "en"

# %% [markdown]
# ## 1. What does the table hold?
#
# The coordinates are degrees on GDA94. Distances, areas and kriging need metres, so the first thing after reading is to
# project. The reader says what it found and what it assumed; nothing is dropped on the way.

# %%
folder = prospect.fetch_data("geochem/gswa_stream_sediment_au")
table = survey.read_samples(
    folder / "sediment_samples.csv",
    crs="EPSG:4283",
    x="X",
    y="Y",
    sample_id="SAMPLEID",
)
table = table.to_crs(crs).rename(
    columns={"WAMEX_A_NO": "report", "COMPSAMPID": "field_number"}
)
for note in table.attrs["notes"]:
    print("-", note)
len(table)

# %% [markdown]
# -9999 stands for *not analysed* and is missing now. A negative number is a value below detection: its size is the limit.
# And zeros? No method measures a zero. They stay as they are until we know who wrote them.
#
# A table like this one is a pile of reports by different companies and laboratories. Look at it report by report.

# %%
elements = ["Au_ppm", "As_ppm", "Cu_ppm", "Fe_ppm"]
by_report = table.groupby("report")
overview = by_report[elements].median()
overview.insert(0, "samples", by_report.size())
for name in elements[:2]:
    overview[f"zeros {name}"] = by_report[name].agg(lambda v: v.eq(0).sum())
    flagged = table.groupby("report")[f"{name}_censored"].sum()
    overview[f"negative {name}"] = flagged
overview

# %% [markdown]
# Copper of 7 ppm in some reports and 0.5 ppm in others, over the same ground: these are not the same thing. The table does
# not name the method, but such a gap is what separates a strong acid digestion from a weak leach. And one report has a
# median of gold three orders of magnitude above the others. Here are the richest samples of the whole table:

# %%
table.nlargest(8, "Au_ppm")[["report", "field_number", *elements]]

# %% [markdown]
# ## 2. The same sample, twice
#
# More than a thousand samples share their place with another one. Are they duplicates that tell us about precision? The field
# number knows: we pair every result with the first report of the same sample.

# %%
table = table.sort_values(["report", "sample_id"], ignore_index=True)
first = table.groupby("field_number")["sample_id"].transform("first")
table["lab_batch"] = table["report"].astype(str)
again = table.assign(original_id=first, qc_type="laboratory check")
again = again.loc[first != table["sample_id"]]
wanted = ["sample_id", "original_id", "qc_type", "lab_batch", *elements]
twins = quality.pair_duplicates(table, pd.DataFrame(again[wanted]))
twins["equal"] = np.isclose(twins["first"], twins["second"], rtol=1e-5, atol=0)
twins["ratio"] = twins["second"] / twins["first"].where(twins["first"] > 0)
twins.pivot_table(
    index=["lab_batch", "original_lab_batch"],
    columns="analyte",
    values=["equal", "ratio"],
    aggfunc={"equal": ["size", "mean"], "ratio": "median"},
    observed=True,
)

# %% [markdown]
# This is worth more than any statistic of precision:
#
# - Most pairs are **equal to the last digit**. They are one result, published again. Taken as duplicates they would promise
#   a perfect laboratory; taken as samples they would count the same ground two or three times.
# - Report 100924 has the same numbers, but iron a thousand times lower: a **unit** was mistaken.
# - In report 104743 nothing agrees. Compare one sample in both reports:

# %%
shifted = table.loc[table["report"] == 104743, "field_number"].iloc[0]
both = table.loc[table["field_number"] == shifted]
both.set_index("report")[["Ag_ppm", "As_ppm", "Au_ppm", "Ba_ppm", "Bi_ppm"]]

# %% [markdown]
# The columns are **shifted by one**: what stands under Ag is arsenic, what stands under As is gold. Whoever maps this table
# unread finds six wonderful gold anomalies, none of which exists.
#
# Reports 65295 and 69180 also share their samples. Gold was rounded on the way, and arsenic tells a story of its own:

# %%
pair = twins.query("lab_batch == '69180' and analyte == 'As_ppm'")
differ = pair.loc[~pair["equal"]]
differ.groupby(["first", "second"]).size().rename("pairs").to_frame()

# %% [markdown]
# What the later report calls 0 is one and the same small number in the earlier one: somebody had **replaced** the values
# below detection, silently. And one sample is a thousand times richer in one report than in the other.
#
# So we keep one report of each sample: the one that has all of them and says openly what it could not measure.

# %%
repeats = [65295, 95015, 95016, 96359, 96360, 100924, 104743]
samples = table.loc[~table["report"].isin(repeats)].reset_index(drop=True)
left_out = table.loc[table["report"].isin(repeats), "field_number"]
lost = sorted(set(left_out) - set(samples["field_number"]))
print(len(table), "rows,", len(samples), "samples; field numbers not kept:", lost)
table[table["field_number"].isin([lost[0], lost[0].replace("BMC", "HMC")])][
    ["report", "field_number", "X", "Y", *elements]
]

# %% [markdown]
# The one number that is not kept is the same sample, typed differently.

# %% [markdown]
# ## 3. Can the numbers be trusted?
#
# **In the field.** Samples taken twice at one place, in one campaign, tell how far *sampling and analysis together* repeat.
# The table does not mark them, but their places do.

# %%
one, other = samples.sindex.query(
    samples.geometry, predicate="dwithin", distance=same_place
)
near = (one < other) & (
    samples["report"].to_numpy()[one] == samples["report"].to_numpy()[other]
)
doubles = pd.DataFrame(samples.iloc[other[near]]).drop(columns="geometry")
doubles["original_id"] = samples["sample_id"].to_numpy()[one[near]]
doubles["qc_type"] = "field duplicate"
doubles = doubles.drop_duplicates("sample_id")
pairs = quality.pair_duplicates(samples, doubles)
precision = quality.duplicate_precision(pairs).set_index("analyte")
precision.loc[
    ["Au_ppm", "As_ppm", "Cu_ppm", "Pb_ppm", "Ni_ppm"],
    ["n", "n_censored_one", "hard_median_pct", "cv_rms_pct", "between_pct"],
]

# %%
report.figure_duplicates(
    pairs, "Au_ppm", title="Gold at one place, sampled twice", lang=lang
)

# %% [markdown]
# Does the difference of two samples grow with the content? Points above the line repeat worse than was asked for.

# %%
report.figure_thompson_howarth(
    pairs,
    "Cu_ppm",
    target_rsd=20.0,
    title="Copper: difference against content",
    lang=lang,
)

# %% [markdown]
# Gold repeats worse than copper or nickel, and that need not be bad work: in a stream a few grains decide. `between_pct` is the
# share of the variance (of logarithms) that lies between places. What remains is noise that no map can turn into geology;
# the variogram of step 8 will meet it again as its nugget. The pairs are few and the campaigns differ in method, which
# flatters `between_pct`: read the figures as orders of magnitude.
#
# **In the laboratory.** Reference materials, blanks and duplicates by batch were not published with this table. With your
# own data they come first. Here are those of the sample district, where faults of whole batches were planted on purpose.

# %%
district = prospect.sample_district(Path(tempfile.mkdtemp()) / "district")
laboratory = district / "geochemistry"
assays = [
    quality.read_assays(laboratory / name)
    for name in ("stream_sediments_gbk.csv", "soils.csv")
]
found = quality.assess_quality(
    pd.concat(assays),
    quality.read_assays(laboratory / "quality_control.csv"),
    certified=quality.read_certified(laboratory / "reference_materials.csv"),
)
found.verdicts["verdict"].value_counts().to_frame()

# %%
doubtful = found.verdicts.query("verdict != 'accept'")
doubtful[["lab_batch", "analyte", "verdict", "bias_pct", "reason"]]

# %% [markdown]
# One of them, control sample by control sample:

# %%
report.figure_control_chart(
    found.references, "Cu_ppm", title="Copper, sample district", lang=lang
)

# %% [markdown]
# Batch T3 stands above the centre line: a bias of a whole batch, which no duplicate would have shown. Rules also have their
# price: with so many results some fail by chance, and the report says how many to expect. Planted as well, and *not* found,
# is a bias of copper in S3: three controls in a batch are too few. The report opens in any browser, in English or
# Chinese, with every verdict and its reason.

# %%
page = Path(tempfile.mkdtemp()) / "quality.html"
report.write_quality_report(found, page, name="Sample district")
print(page.name, round(page.stat().st_size / 1e6, 1), "MB")

# %% [markdown]
# ## 4. Two methods, two campaigns
#
# Samples of strong digestion and of weak leach cannot share one map as they are. Levelling brings campaigns to one level: by
# the ratio of their medians, or by what both found at the same place. Gold is easier to read in ppb.

# %%
campaigns = {93974: "leach, north", 94616: "leach, south", 74821: "digestion, local"}
samples["campaign"] = samples["report"].map(campaigns).fillna("digestion, south")
samples = quality.convert_unit(samples, "Au_ppm", "ppb")
parts = [
    *("Au_ppb", "Ag_ppm", "As_ppm", "Cu_ppm", "Pb_ppm", "Zn_ppm", "Ni_ppm", "Co_ppm"),
    *("Fe_ppm", "Mn_ppm", "Mo_ppm", "Cr_ppm", "Ba_ppm", "Ca_ppm", "Mg_ppm", "Sr_ppm"),
    *("Rb_ppm", "Li_ppm", "Ce_ppm", "Y_ppm", "U_ppm", "Th_ppm", "Ti_ppm", "Sc_ppm"),
    "Br_ppm",
]
for name in parts:
    zero = samples[name].eq(0)
    lowest = samples.loc[samples[name] > 0].groupby("report")[name].min()
    samples.loc[zero, name] = samples.loc[zero, "report"].map(lowest)
    samples[f"{name}_censored"] = zero | samples.get(f"{name}_censored", False)
samples.groupby("campaign")["Au_ppb_censored"].agg(["size", "sum", "mean"])

# %% [markdown]
# Here the zeros have found their meaning: below the lowest value that their report ever tells. That is an assumption, and it
# is now written down, as a flag and a limit, instead of half a limit that nobody can see.

# %%
both = samples["campaign"].to_numpy()[[one, other]]
across = (both[0] == "digestion, south") & (both[1] == "leach, south")
sites_of_both = pd.concat(
    samples.iloc[each[across]].assign(material=range(across.sum()))
    for each in (one, other)
)
levels = {}
for name in ("Cu_ppm", "Pb_ppm", "Au_ppb"):
    south = samples[samples["campaign"].str.contains("south")]
    for method, extra in (
        ("median_ratio", {}),
        ("standards", {"standards": sites_of_both}),
    ):
        found = geochem.level_campaigns(
            south,
            name,
            by="campaign",
            reference="leach, south",
            method=method,
            fewest=5,
            **extra,
        )
        levels[name, method] = found.table.loc["digestion, south"]
pd.DataFrame(levels).T[["n", "n_standards", "factor", "low", "high", "overlap"]]

# %% [markdown]
# A factor for each element, from a hundredth for lead to nearly one for gold: the leach takes what is loosely bound, and that
# differs from element to element, and from sediment to sediment. Samples of the same places give factors with wide
# intervals, and for gold they are too few to say whether there is a difference at all. Levelling would write this
# uncertainty into the map as if it were geology.
#
# So we do what the data allow: the two leach campaigns, of one method by all we see, make the map; the others are left aside.
# The two share no ground, so nothing could tell a difference between their laboratories from one between their rocks.

# %%
leach = samples[samples["campaign"].str.startswith("leach")].reset_index(drop=True)
leach.groupby("campaign")[["Au_ppb", "As_ppm", "Cu_ppm"]].median()

# %% [markdown]
# ## 5. Below detection
#
# Half the limit is a number that nobody measured. Statistics of censored values do without: Kaplan-Meier puts nothing in
# their place. A column of which most lies below detection cannot tell a pattern; it is better left out than imputed.

# %%
statistics = geochem.censored_table(leach, columns=parts)
statistics[
    [
        "analyte",
        "n",
        "n_censored",
        "share_censored",
        "q25_text",
        "median_text",
        "maximum",
    ]
].head(12)

# %% [markdown]
# Log-ratios need complete samples. Imputing takes the value that the other elements of the sample let expect, *below the limit*;
# what was imputed stays marked, and every map made from it says so.

# %%
complete = geochem.impute_censored(leach, columns=parts)
shares = pd.Series(complete.attrs["imputed_share"], name="imputed")
shares[shares > 0].sort_values(ascending=False).to_frame()

# %% [markdown]
# ## 6. What goes with gold?
#
# Contents of one sample are parts of a whole: when calcium rises, everything else must fall. Log-ratios take that out, and a robust
# estimate keeps a few wild samples from turning the axes. Two tips close together mean two elements in constant proportion.

# %%
model = geochem.RobustPCA(n_components=4, columns=parts, random_state=seed)
scores = model.fit(complete).transform(complete)
report.figure_biplot(
    model,
    scores,
    groups=complete["campaign"],
    title="Stream sediments, weak leach",
    lang=lang,
)

# %%
loadings = model.loadings_[["PC1", "PC2"]]
loadings.loc[
    ["Au_ppb", "Ag_ppm", "Cu_ppm", "Ni_ppm", "As_ppm", "Br_ppm", "Fe_ppm", "Th_ppm"]
]

# %% [markdown]
# The two campaigns overlap over most of the cloud; the north lies higher, by its rocks or by its laboratory. The first component
# holds bromine, magnesium and arsenic against thorium, cerium, iron and titanium: what salt and carbonate bring against what
# minerals of clay, iron and sand bring. Gold leans to the first side. Part of its variation follows the *sediment*, not the
# ore, and a map of gold alone cannot tell the two apart. In the second, gold goes with silver, copper and nickel.

# %% [markdown]
# ## 7. Where does an anomaly begin?
#
# There is no one threshold. Several methods side by side show how far the answer depends on the question.

# %%
targets = ["Au_ppb", "Ag_ppm", "As_ppm", "Cu_ppm", "Ni_ppm", "Mo_ppm"]
methods = ["iterative", "median_mad", "tukey", "percentile_97.5", "mixture"]
background = geochem.background_table(complete, targets, methods=methods, k=k)
background.pivot_table("threshold", index="analyte", columns="method")[methods]

# %%
gold = background.query("analyte == 'Au_ppb'").set_index("method")["threshold"]
report.figure_distribution(
    complete,
    "Au_ppb",
    thresholds=gold.to_dict(),
    title="Gold and five thresholds",
    lang=lang,
)

# %% [markdown]
# Is there a break in the distribution that would be a natural threshold? Two ways to look for one:

# %%
mixture = geochem.threshold_mixture(leach, "Au_ppb", random_state=seed)
report.figure_probability_plot(
    leach, "Au_ppb", mixture=mixture, title="Is gold a mixture?", lang=lang
)

# %%
fractal = geochem.concentration_number(leach, "Au_ppb", random_state=seed)
report.figure_fractal(fractal, lang=lang)

# %% [markdown]
# - For gold, four of the five methods agree within a third, Tukey's fence lies far above: with so skewed a tail it asks for more.
# - The mixture finds **one** lognormal population: nothing but the upper tail leaves the line. There is no second
#   population whose border would be a natural threshold.
# - The concentration-number curve breaks twice. But look at the grey bands, where the break may lie as well: the data leave
#   the upper one open over more than a factor of ten.
#
# An honest threshold is a convention, stated. Ours is the iterated background plus `k` standard deviations, in logarithms.

# %%
threshold = background.query("method == 'iterative'").set_index("analyte")["threshold"]
threshold.to_frame().T

# %% [markdown]
# ## 8. From points to a map
#
# How alike are neighbours? The variogram answers before any map is drawn. Twelve classes of distance reach three times as far as
# the map will: what lies beyond does not matter to it.

# %%
experimental = gridding.experimental_variogram(
    complete, "Au_ppb", transform="log10", lag=lag, n_lags=12
)
variogram = gridding.fit_variogram(experimental)
print(variogram)
sill = variogram.nugget + sum(part.sill for part in variogram.structures)
print(f"nugget: {variogram.nugget / sill:.0%} of the sill")

# %%
report.figure_variogram(
    experimental, model=variogram, title="lg Au, weak leach", lang=lang
)

# %% [markdown]
# More than half of what gold varies, it varies within the shortest distance: the noise that the duplicates announced, and
# geology finer than the sampling. A map cannot know it, and should not pretend to.
#
# Kriging uses that model and says how sure it is, cell by cell. Inverse distance knows no such thing.

# %%
west, south, east, north = complete.total_bounds
grid = survey.make_geobox(
    (west - reach, east + reach, south - reach, north + reach),
    crs=crs,
    resolution=cell_size,
)
kriged = gridding.krige(
    complete,
    "Au_ppb",
    like=grid,
    variogram=variogram,
    transform="log10",
    neighbourhood=gridding.Neighbourhood(neighbours=48, max_distance=reach),
).compute()
maps = {
    name: gridding.inverse_distance(
        complete, name, like=grid, max_distance=reach
    ).compute()
    for name in targets
}
report.figure_element_map(
    kriged["estimate"], samples=complete, title="Gold, kriged", lang=lang
)

# %%
deviation = (kriged["variance"] ** 0.5).assign_attrs(units="ppb")
report.figure_map(deviation, title="Standard deviation of kriging", lang=lang)

# %% [markdown]
# The same samples by inverse distance:

# %%
report.figure_element_map(
    maps["Au_ppb"], samples=complete, title="Gold, inverse distance", lang=lang
)

# %% [markdown]
# Which is right? Hold back samples and ask. One sample at a time flatters, since its neighbours stay; whole blocks tell
# what the map is worth away from them.

# %%
tested = gridding.cross_validate(
    complete, "Au_ppb", variogram=variogram, transform="log10", block_size=block_size
)
tested.scores

# %%
held = tested.table.set_index("sample_id")
points = complete.filter(regex="^Au_ppb|sample_id|geometry")
points = points.set_index("sample_id").loc[held.index]
here = {"x": points.geometry.x.to_xarray(), "y": points.geometry.y.to_xarray()}
for block in held["block"].unique():
    inside = held["block"].eq(block)
    rest = points[~inside].reset_index()
    spread = gridding.inverse_distance(rest, "Au_ppb", like=grid)
    at = {name: values[inside.to_numpy()] for name, values in here.items()}
    read = spread.sel(at, method="nearest")
    held.loc[inside, "inverse_distance_blocks"] = read.to_numpy()
estimates = ["estimate", "estimate_blocks", "inverse_distance_blocks"]
held[["value", *estimates]].corr("spearman").loc[estimates, ["value"]]

# %% [markdown]
# Ranks are what a geologist uses a map for: does the map call rich what is rich? Among their neighbours samples are foretold
# better than away from them, as it must be, and away from them kriging and inverse distance come out close. What
# kriging has more is that it knows its error: standardised errors of a standard deviation near 1 mean that the map of the
# variance can be believed. Neither map foretells a single sample well. That is the data, not the method.

# %% [markdown]
# ## 9. Rich for its surroundings
#
# A threshold asks whether a place is rich. The singularity index asks whether it is richer than its surroundings, at every
# scale: `delta_alpha` above 0 means enrichment towards the place, however low the background.

# %%
singular = geochem.singularity_index(maps["Au_ppb"]).compute()
report.figure_map(
    singular["delta_alpha"], title="Gold: local enrichment (2 - alpha)", lang=lang
)

# %% [markdown]
# ## 10. Anomalies, cut, joined and rated
#
# T was taken from samples, so it belongs to a map that keeps the contents of samples.

# %%
pd.DataFrame(
    {
        "T": threshold,
        "inverse distance, highest": {n: float(g.max()) for n, g in maps.items()},
        "kriged, highest": {"Au_ppb": float(kriged["estimate"].max())},
    }
)

# %% [markdown]
# The kriged map hardly reaches T: it shows what to *expect* of the ground, and leaves out what it cannot know. The same T on it
# would find next to nothing. The map by inverse distance keeps the samples, and every bull's eye of a single rich one with
# them. We cut anomalies from it, and say how many samples each rests on.

# %%
cut = {
    name: geochem.delineate_anomalies(
        maps[name],
        threshold=threshold[name],
        samples=complete,
        column=name,
        min_area_km2=2.0,
    )
    for name in targets
}
joined = geochem.combine_anomalies([each.anomalies for each in cut.values()])
rated = geochem.rate_anomalies(joined)
register = geochem.anomaly_register(rated, lang=lang)
register.iloc[:8, :11]

# %%
cut["Au_ppb"].anomalies[
    ["anomaly_id", "area_km2", "mean", "max", "n_samples", "n_anomalous", "contrast"]
].head(n_first)

# %% [markdown]
# `n_anomalous` is the column to read before spending money. With the parameters above only Au-3 rests on more than one anomalous
# sample. The others are, whatever their square kilometres, a sample to take again. The rating knows size and contrast, not
# that; rank by rank, read both tables.

# %% tags=["thumbnail"]
report.figure_element_map(
    maps["Au_ppb"],
    zones=cut["Au_ppb"].zones,
    composites=rated.head(n_first),
    title="Gold, with zones and the first anomalies",
    lang=lang,
)

# %%
report.figure_anomaly_sheet(
    rated.head(1),
    {name: maps[name] for name in ("Au_ppb", "Ag_ppm", "Cu_ppm")},
    zones={name: each.zones for name, each in cut.items()},
    samples=complete,
    title="First anomaly",
    lang=lang,
)

# %% [markdown]
# ## 11. What does known gold say?
#
# The gold sites took no part in anything so far. How many lie in the first anomalies, and how many would by chance, if
# sites were scattered over the mapped ground?

# %%
sites = survey.read_features(
    folder / "gold_sites.csv", crs="EPSG:4283", x="X", y="Y"
).to_crs(crs)
mapped_km2 = float(np.isfinite(maps["Au_ppb"]).sum()) * (cell_size / 1000) ** 2
hits = rated[["rank", "analytes", "members", "area_km2", "geometry"]].copy()
hits["sites"] = [sites.within(outline).sum() for outline in hits.geometry]
hits["by_chance"] = len(sites) * hits["area_km2"] / mapped_km2
hits.drop(columns="geometry").head(n_first)

# %%
groups = sites.buffer(2500).union_all().geoms
summary = {
    "first anomalies": hits.head(n_first),
    "all anomalies": hits,
    "gold alone": hits[hits["analytes"].str.contains("Au")],
}
pd.DataFrame(
    {
        name: {
            "sites": part["sites"].sum(),
            "of": len(sites),
            "by chance": part["by_chance"].sum(),
            "groups of sites": sum(
                sites[sites.within(group)].within(part.union_all()).any()
                for group in groups
            ),
            "of groups": len(groups),
            "share of ground": part["area_km2"].sum() / mapped_km2,
        }
        for name, part in summary.items()
    }
).T

# %% [markdown]
# Many times more than by chance. But look again: nearly all of these sites lie in **one** anomaly. Sites come in groups, since
# one discovery draws the next holes around it, and a group is found or missed as a whole. By groups the same success looks
# different. What would chance do with such a group? Move all sites together over the map, keeping their pattern, and
# count again at every position where they all fall on mapped ground.

# %%
anomalous = (maps["Au_ppb"] >= threshold["Au_ppb"]).to_numpy()
known = np.isfinite(maps["Au_ppb"]).to_numpy()
rows = maps["Au_ppb"].get_index("y").get_indexer(sites.geometry.y, method="nearest")
columns = maps["Au_ppb"].get_index("x").get_indexer(sites.geometry.x, method="nearest")
steps_down = range(-rows.min(), known.shape[0] - rows.max())
steps_right = range(-columns.min(), known.shape[1] - columns.max())
moved = [
    anomalous[rows + down, columns + right].sum()
    for down in steps_down
    for right in steps_right
    if known[rows + down, columns + right].all()
]
seen = anomalous[rows, columns].sum()
print(
    f"{seen} sites on anomalous cells; the group of sites was moved {len(moved)} times"
)
print(f"as many or more in {np.mean(np.array(moved) >= seen):.1%} of the positions")

# %%
report.figure_map(
    maps["Au_ppb"],
    role="score",
    deposits=sites,
    targets=rated.head(n_first),
    title="Gold (ppb) by share of ground, and known sites",
    lang=lang,
)

# %% [markdown]
# From the richest ground to the poorest: how many sites are captured on how much of it?

# %%
curve = validation.prediction_area(maps["Au_ppb"], sites)
report.figure_prediction_area(curve.table, crossing=curve._asdict(), lang=lang)

# %% [markdown]
# So: a good sign, and no proof. The gold map favours ground with known gold, but one group of sites carries most of that, and
# most groups lie on ground that the samples call ordinary. The anomaly that holds the group is the one that rests on several
# samples, not the one with the highest score. Of the others we know only that no site was *registered* there.

# %% [markdown]
# ## Limits
#
# One table without its laboratory certificates: method, digestion and limits are inferred from the numbers.
# Stream sediments speak for the basin above them, and these were mapped as points, since there is no elevation model with
# the set. Rank and score order these anomalies among themselves and mean nothing beside those of another survey.
#
# ## Exercises with your own data
#
# - `survey.read_samples` reads your table; `quality.read_assays` keeps every batch, method and limit. Have the control samples
#   with them.
# - Keep the repeated reports in (step 2, `repeats = []`) and see what becomes of the first anomalies.
# - Cut anomalies from the kriged map at its own threshold (`geochem.concentration_area`). Which anomalies remain?
# - Take gold as a log-ratio, `geochem.clr(complete, columns=parts)`, or map the scores of the second component. Do the groups of
#   sites that gold missed stand out?
# - The same in a terminal: `prospect geochem -h`.
#
# ## References
#
# - Helsel (2012), *Statistics for Censored Environmental Data*.
# - Filzmoser, Hron and Reimann (2009), robust principal components, Environmetrics 20.
# - Reimann, Filzmoser and Garrett (2005), background and threshold, Science of the Total Environment 346.
# - Cheng (2007), singularity, Ore Geology Reviews 32.
# - Chilès and Delfiner (2012), *Geostatistics*.
# - Stanley and Lawie (2007), duplicates, Exploration and Mining Geology 16.
#
# ## Next
#
# `07_geochem_china_practice` goes through Chinese practice on a district whose answer is known;
# `01_prospecting_end_to_end` takes geochemistry as one layer of evidence among
# others, in a model that is validated.
