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
#     tasks: [prospectivity, targeting, validation]
#     minerals: [copper, gold]
#     sensors: []
#     data: [synthetic_district]
#     minutes: 1
#     memory_gb: 1.5
#     test_parameters: {n_background: 500}
# ---

# %% [markdown]
# # Prospecting, end to end
#
# **Where should we look next?** From a folder of maps and tables to a short list of targets, with an honest answer to
# how far the list can be trusted.
#
# | | |
# |---|---|
# | For | geologists who have maps and known deposits and want a first prospectivity map |
# | You will learn | to read real tables and grids, turn them into evidence, fit and *validate* a model, map it, cut targets |
# | Needs | about 1 minute and 1.5 GB of memory on 2 cores |
# | Data and licence | the synthetic district that comes with the workbench, `synthetic_district` (Apache-2.0); its answer is known, so we can check ours |
#
# The same job in one line is at the end. Here we go step by step, because each step is a decision.

# %%
import tempfile
from pathlib import Path

import pandas as pd
from IPython.display import display

import prospect
import survey
from prospect import evidence, models, report, targets, validation, view

pd.options.display.float_format = "{:.3f}".format

# %% [markdown]
# ## Parameters
#
# What a run depends on, in one place. Change a value and run everything again.

# %% tags=["parameters"]
# cells drawn as background
n_background = 5000
# metres kept clear around every known deposit
exclusion = 500.0
# folds of the validation
n_folds = 5
# share of the area that becomes targets, 0 to 1
target_share = 0.05
# start of all random numbers: the same seed gives the same result
seed = 42
# compute the map once more on workers of a cluster: True or False
use_cluster = False
# language of the figures: en or zh
lang = "en"

# %% [markdown]
# ## 1. What did we measure?
#
# `sample_district` copies the sample data into a folder of ours. With your own data, this is where your files lie.

# %%
folder = prospect.sample_district(Path(tempfile.mkdtemp()) / "district")
plan = prospect.read_district(folder / "district.toml")
sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))[:40]

# %% [markdown]
# The district file says which files there are and how each is meant to be used. Before anything is computed, everything
# that is wrong with it is listed at once. An empty list is what we want to see.

# %%
prospect.check_district(folder / "district.toml")

# %% [markdown]
# Stream sediments come from a laboratory that writes Chinese headers, GBK encoding, units in the header and `<0.5` for
# what it could not measure. The reader understands all four; nothing is halved or dropped on the way.

# %%
assays = next(s for s in plan.evidence if s.treatment == "interpolated")
samples = survey.read_samples(
    plan.path(assays), crs=assays.crs, x=assays.x, y=assays.y, encoding=assays.encoding
)
samples.drop(columns="geometry").head()

# %%
censored = [column for column in samples if column.endswith("_censored")]
samples[censored].mean().rename("share below detection").to_frame()

# %% [markdown]
# ## 2. From measurements to evidence
#
# One pixel grid for everything: a region, a coordinate system in metres, a cell size. Each treatment returns a lazy grid
# on it: nothing is computed until it is needed, block by block.

# %%
grid = prospect.district_geobox(plan)
layers = {
    section.name: evidence.build_layer(section, folder=folder, like=grid)
    for section in plan.evidence
}
stack = prospect.stack_evidence(layers)
stack

# %%
names = {
    section.name: section.title_zh if lang == "zh" else section.title
    for section in plan.evidence
}
report.figure_evidence(stack, titles=names, lang=lang)

# %% [markdown]
# ## 3. Known deposits, and what they are compared with
#
# One deposit a cell, so that nothing counts twice. The background is drawn at random, away from known deposits: these are
# cells *without a known deposit*, not cells proven barren.

# %%
known = plan.deposits
deposits = survey.read_features(
    plan.path(known), crs=known.crs, x=known.x, y=known.y, where=known.where
)
deposits = prospect.one_per_cell(deposits, like=grid, id_column=known.id)
background = prospect.draw_background(
    stack,
    deposits,
    method="random",
    n=n_background,
    exclusion=exclusion,
    random_state=seed,
)
training = prospect.sample_stack(
    stack, deposits, background, unit_cell_area=plan.unit_cell_area
)
len(deposits), deposits.attrs["dropped"], len(background)

# %% [markdown]
# Does a layer give the answer away? An id, a coordinate or a distance to the deposits themselves would make every score
# look wonderful and every map useless.

# %%
validation.find_leakage(training, stack=stack)

# %% [markdown]
# ## 4. Which evidence speaks for a deposit?
#
# Weights of evidence answer it layer by layer: a positive weight says that deposits are more frequent there than
# elsewhere. The studentised contrast says whether that could be chance; above 2 it hardly is.

# %%
faults = next(s.name for s in plan.evidence if s.treatment == "distance_to")
classes = evidence.classify(stack[faults], method="quantile", n_classes=8)
weights = models.weights_table(
    classes, deposits, direction="ascending", unit_cell_area=plan.unit_cell_area
)
weights[["class", "area_km2", "n_deposits", "contrast", "studentized_contrast"]]

# %% [markdown]
# ## 5. A model, and how good it really is
#
# Neighbouring cells resemble each other. When a model is tested on random cells, it has seen their neighbours, and the
# score flatters. So every score stands beside two others: on *spatial blocks* the model has not seen, and of the *null
# model* that knows nothing but the distance to the nearest known deposit.

# %%
categorical = [
    n for n, g in stack.data_vars.items() if g.attrs["kind"] == "categorical"
]
forest = models.make_model("random_forest", categorical=categorical, random_state=seed)
checked = validation.validate(
    forest, training, folds=n_folds, stack=stack, random_state=seed
)
checked.scores

# %%
for note in checked.notes:
    print("-", note)

# %% [markdown]
# How does each score come about, from the strictest threshold to the loosest?

# %%
report.figure_curves(checked.curves, lang=lang)

# %% [markdown]
# ## 6. The map
#
# The fitted model is applied block by block: the memory it takes does not grow with the map. The sampled background makes
# deposits look frequent, so the probabilities are brought back to what is known about the region: deposits per unit cell.

# %%
forest.fit(training.X, training.y, sample_weight=training.weight)
prior = training.y.sum() / training.weight.sum()  # deposits per unit cell
result = prospect.predict_map(forest, stack, prior=prior).compute()
report.figure_map(
    result["score"],
    deposits=deposits,
    title="Random forest: probability per unit cell",
    lang=lang,
)

# %% [markdown]
# Where the trees of the forest disagree, the map should be read with care.

# %%
report.figure_map(
    result["uncertainty"], title="Standard deviation between trees", lang=lang
)

# %% [markdown]
# Why is the score high here? Click on the map, and every layer says what it is at that place. Where no kernel runs, a picture
# stands instead.

# %%
view.view_map(
    {"score": result["score"], "uncertainty": result["uncertainty"], **layers},
    points={"deposits": deposits},
    titles=names,
    lang=lang,
)

# %% [markdown]
# A larger district asks for more than this process. With `use_cluster = True` workers of your own compute the map: those of
# the shared workbench where there is one, else of this machine. The map is the same.

# %%
if use_cluster:
    with prospect.compute.connect(workers=2) as client:
        display(client)
        again = prospect.predict_map(forest, stack, prior=prior).compute()
    print("the same map:", bool(again["score"].equals(result["score"])))
else:
    print("computed by the threads of this process")

# %% [markdown]
# ## 7. Targets, with reasons
#
# The most favourable 5 % of the ground is cut into polygons and ranked. Each target says which layers speak for it and which against,
# in log-odds.

# %%
ranked = targets.delineate_targets(
    result["score"],
    area_share=target_share,
    deposits=deposits,
    uncertainty=result["uncertainty"],
)
ranked, reasons = targets.explain_targets(
    ranked, forest, stack, training.X[training.y == 0], random_state=seed
)
ranked[
    ["rank", "score", "area_km2", "n_deposits", "evidence_for", "evidence_against"]
].head(8)

# %% tags=["thumbnail"]
report.figure_map(
    result["score"],
    deposits=deposits,
    targets=ranked,
    title="Ranked targets",
    lang=lang,
)

# %% [markdown]
# The same over the terrain, to turn with the mouse.

# %%
view.view_scene(
    result["score"],
    elevation=survey.open_grid(folder / "terrain" / "elevation.tif"),
    deposits=deposits,
    targets=ranked,
    lang=lang,
)

# %% [markdown]
# ## 8. Did we find it?
#
# Only a synthetic district can answer this: fifteen deposits were hidden from us. From the best ground to the worst, how
# many of them does the map capture, and on how much of the area? Where the two curves cross, the map captures as large
# a share of the deposits as it leaves ground aside.

# %%
hidden = survey.read_features(
    folder / "truth" / "hidden_deposits.csv", crs=known.crs, x=known.x, y=known.y
)
curve = validation.prediction_area(result["score"], hidden)
report.figure_prediction_area(curve.table, crossing=curve._asdict(), lang=lang)

# %% [markdown]
# ## The same in one call
#
# `run_district` does all this for every model of the district file, with maps, targets, models and their cards, figures, a
# report in English or Chinese, a 3D scene and a manifest of everything that went in. A second run reuses what has not
# changed.
#
# ```python
# result = prospect.run_district("district.toml", out="result", lang="zh")
# ```
#
# or, in a terminal, `prospect run district.toml --lang zh`.
#
# ## Limits
#
# The score ranks ground for one deposit type inside one region. It says nothing about depth, size or grade, and
# it inherits every bias of where people have looked so far.
#
# ## Exercises with your own data
#
# - Point `prospect new FOLDER` at a folder of your own maps and tables: it writes a district file and says what it guessed and what
#   you have to decide. Run the steps above on it.
# - Change the treatment of a layer in `district.toml` and see whether the *spatial* score follows.
# - Draw the background by another rule (`method="stratified"`). Do the same targets remain?
#
# ## References
#
# - Bonham-Carter (1994), *Geographic Information Systems for Geoscientists*: weights of evidence and the studentised contrast.
# - Breiman (2001), Random forests, Machine Learning 45.
# - Roberts et al. (2017), Cross-validation strategies for data with spatial structure, Ecography 40.
# - Yousefi and Carranza (2015), Prediction-area plot, Computers & Geosciences 79.
#
# ## Next
#
# `06_geochemistry` turns a laboratory table into a layer of evidence; `12_mineral_mapping` does the same with an image.
