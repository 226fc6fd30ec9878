"""
Centred log-ratios beside a memory copy, eis_toolkit and scikit-bio; the EM's growth.

Run `python benchmarks/bench_clr.py`. Interpreters that have a peer are named with
`--peer PATH_TO_PYTHON`, as often as there are; a peer that none of them has is left
out, and the output says so. Every measurement is a process of its own, sides alternate;
medians of the wall clock and of the processor time of all threads are printed, peak
memory with the input, and the largest difference to a plain calculation.

The copy is NumPy's, into fresh memory as the result is; it does no arithmetic. A peer
that goes row by row gets a table of `--peer-rows` rows, and ours the same beside it.
All get parts that sum to 1, because one peer takes no others. The EM is run on tables
with 10 % of the cells below limits that differ by campaign.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PEERS = {
    "eis_toolkit": """
import pandas as pd
from eis_toolkit.transformations.coda.clr import clr_transform
def load(values):
    return pd.DataFrame(values, columns=[f"P{i}" for i in range(values.shape[1])])
def work(table):
    return clr_transform(table).to_numpy()
""",
    "scikit-bio": """
from skbio.stats.composition import clr as work
def load(values):
    return values
""",
    "NumPy copy": """
def load(values):
    return values
def work(values):
    return values.copy()
""",
    "ours (table)": """
import pandas as pd
from prospect.geochem import clr
def load(values):
    names = [f"P{i}" for i in range(values.shape[1])]
    table = pd.DataFrame(values, columns=names)
    clr(table[:10])
    return table
def work(table):
    return clr(table).to_numpy()
""",
    "ours (array)": """
from prospect.geochem import clr
def load(values):
    clr(values[:10])
    return values
def work(values):
    return clr(values)
""",
}
CHILD = """
import json, resource, sys, time
import numpy as np
{code}
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
data = load(np.load(sys.argv[1]))
start, used = time.perf_counter(), time.process_time()
found = work(data)
seconds, used = time.perf_counter() - start, time.process_time() - used
print(json.dumps(dict(seconds=seconds, used=used, peak=peak())))
np.save(sys.argv[2], np.asarray(found)[:20000])
"""
EM = """
import json, sys, time
import numpy as np, pandas as pd
from prospect.geochem import impute_censored
rows, parts = int(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(0)
loads = random.normal(size=(parts, 5)) * 0.4
logs = random.normal(size=(rows, 5)) @ loads.T + random.normal(0, 0.3, (rows, parts))
limits = np.quantile(logs, 0.15, axis=0) + random.choice([0, 0.1], (rows, 1))
limits[:, : parts // 3] = -np.inf
hidden = logs < limits
names = [f"P{i}" for i in range(parts)]
table = pd.DataFrame(np.exp(np.where(hidden, limits, logs)), columns=names)
for name, flags in zip(names, hidden.T):
    table[name + "_censored"] = flags
start = time.perf_counter()
found = impute_censored(table, columns=names)
seconds = time.perf_counter() - start
said = found.attrs["imputation"]
print(json.dumps(dict(seconds=seconds, share=hidden.mean(), **{
    key: said[key] for key in ("iterations", "converged")})))
"""


def run(python, code, *arguments):
    command = [str(python), "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def compare(sides, values, folder, repeats):
    """Print how long each side takes and how its answer differs from the first."""
    import numpy as np

    np.save(folder / "values.npy", values)
    runs = {side: [] for side in sides}
    for _ in range(repeats):
        for side, python in sides.items():
            code = CHILD.format(code=PEERS[side])
            files = folder / "values.npy", folder / f"{side}.npy"
            runs[side].append(run(python, code, *files))
    first = next(iter(sides))
    base = statistics.median(each["seconds"] for each in runs[first])
    for side in sides:
        wall, used, top = (
            statistics.median(each[key] for each in runs[side])
            for key in ("seconds", "used", "peak")
        )
        line = (
            f"  {side:13s} {wall:8.3f} s ({wall / base:8.1f} x {first}), processor "
            f"{used:7.3f} s, peak {top:5.0f} MiB"
        )
        if side != "NumPy copy":
            expected = np.log(values[:20000])
            expected -= expected.mean(axis=1, keepdims=True)
            away = np.abs(np.load(folder / f"{side}.npy") - expected).max()
            line += f", off by {away:.0e}"
        print(line, flush=True)


def who_has(module, pythons):
    for python in pythons:
        command = [str(python), "-c", f"import {module}"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return python
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parts", type=int, default=40)
    parser.add_argument("--peer-rows", type=int, default=2_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--em", type=int, nargs="*", default=[1_000, 3_000, 10_000])
    parser.add_argument("--em-parts", type=int, default=30)
    parser.add_argument("--peer", type=Path, action="append", default=[])
    asked = parser.parse_args()
    modules = {"eis_toolkit": "eis_toolkit", "scikit-bio": "skbio"}
    found = {side: who_has(modules[side], asked.peer) for side in modules}
    for side in modules:
        if found[side] is None:
            print(f"{side} is left out: name an interpreter that has it with --peer")
    with tempfile.TemporaryDirectory() as name:
        measure(asked, found, Path(name))
    for rows in asked.em:
        said = run(sys.executable, EM, rows, asked.em_parts)
        print(
            f"EM, {rows} x {asked.em_parts}, {said['share']:.0%} below limits: "
            f"{said['seconds']:.2f} s, {said['iterations']} iterations, converged: "
            f"{said['converged']}",
            flush=True,
        )


def measure(asked, found, folder):
    import numpy as np

    random = np.random.default_rng(7)
    values = random.lognormal(size=(asked.rows, asked.parts))
    values /= values.sum(axis=1, keepdims=True)
    sides = dict.fromkeys(
        ["NumPy copy", "ours (table)", "ours (array)"], sys.executable
    )
    if found["scikit-bio"]:
        sides["scikit-bio"] = found["scikit-bio"]
    print(f"{asked.rows} x {asked.parts}, {asked.repeats} runs each", flush=True)
    compare(sides, values, folder, asked.repeats)
    if found["eis_toolkit"]:
        few = values[: asked.peer_rows, :10]
        few = few / few.sum(axis=1, keepdims=True)
        sides = {"ours (table)": sys.executable, "eis_toolkit": found["eis_toolkit"]}
        print(f"{asked.peer_rows} x 10, row by row", flush=True)
        compare(sides, few, folder, asked.repeats)


if __name__ == "__main__":
    main()
