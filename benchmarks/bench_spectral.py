"""
Spectral methods beside SPy, pysptools, hylite, cramm and scipy, on one made-up cube.

    python benchmarks/bench_spectral.py [--peer PYTHON] [--size 1000] [--bands 200]
                                        [--only sam_best,mnf] [--quick]

The peers' environment is made by benchmarks/peers/make_spectral_env.sh; without it ours
and scipy run alone. Every measurement is a process of its own, one after the other, on
the same file; the first call on a small piece (imports, compiling, caches) does not
count. Wall clock and processor time of all threads are the best of some runs; peak
memory is the process's, with its input, counted by the system.

A peer that would need minutes gets some of the pixels, taken at random, or some of the
directions; its times are multiplied and marked x. Answers are compared as saved: with
ours, and with NumPy in float64 by the textbook ("exact") where there is such a way;
differences are the largest of 20,000 pixels, relative to the largest value for
statistics, eigenvalues, RX and SID. SPy resamples by another rule (its channels are
flat over their width), and hylite's NNLS solves another problem. The factors at the end
are those that issue 4 requires at 1000 x 1000 x 200 on two cores.

Run it on an idle machine: BLAS threads that wait for one another while others compute
have been seen to make SPy's statistics ten times slower, which flatters ours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from peers.children import ROOT, run_child

HERE = Path(__file__).parent
TASKS = HERE / "spectral_tasks"
sys.path.insert(0, str(TASKS))
PEERS = HERE / "peers/spectral_peers.py"
PEER_VARIABLE = "PROSPECT_SPECTRAL_PEER_PYTHON"
RULES = "spectral/usgs_splib07_1nm_rules"
GROWN = ("sam_best", "statistics", "fcls")


class Task(NamedTuple):
    """What is done, by whom, and on how many pixels if not on all (0)."""

    label: str
    peers: dict = {}  # noqa: RUF012 - never changed
    exact: bool = False
    cube: str = "cube"


TABLE = {
    "sam_best": Task("SAM, best of 50", {"SPy": 0}, exact=True),
    "sam_all": Task(
        "SAM, all 50 angles",
        {"SPy": 0, "pysptools": 200_000, "hylite": 0},
        exact=True,
    ),
    "sid": Task("SID, all 50", {"pysptools": 10_000}),
    "statistics": Task("mean, covariance, noise", {"SPy": 0}, exact=True),
    "mnf": Task("MNF, 20 components", {"SPy": 0}, exact=True),
    "mf_1": Task("MF, 1 target", {"SPy": 0, "pysptools": 0}, exact=True),
    "mf_50": Task("MF, 50 targets", exact=True),
    "mf_1_given": Task("MF, 1, statistics given"),
    "mf_50_given": Task("MF, 50, statistics given"),
    "ace": Task("ACE, 1 target", {"SPy": 0, "pysptools": 0}, exact=True),
    "rx": Task("RX, whole scene", {"SPy": 0}, exact=True),
    "ucls": Task("UCLS, 10", {"SPy": 50_000, "pysptools": 0}, exact=True),
    "nnls": Task("NNLS, 10", {"scipy": 50_000, "hylite": 50_000}),
    "fcls": Task("FCLS, 10", {"scipy": 50_000, "pysptools": 4_000}),
    "hull": Task(
        "continuum, hull", {"SPy": 20_000, "hylite": 100_000, "pysptools": 2_000}
    ),
    "ppi": Task("PPI, 1000 skewers", {"SPy": 20_000}),
    "n_findr": Task("N-FINDR, 10", {"pysptools": 20_000}),
    "minerals": Task("MICA, 77 rules", {"cramm": 50_000}, cube="minerals"),
    "resample": Task("resample to 95 bands", {"SPy": 0}),
}
# task, beside whom, factor, whether ours may take so often its time (else: a fraction)
REQUIRED = (
    ("sam_best", "GEMM + pass", 2, True),
    ("statistics", "SPy", 3.5, False),
    ("mnf", "SPy", 5, False),
    ("mf_50", "mf_1", 1.5, True),
    ("nnls", "scipy", 8, False),
    ("fcls", "scipy", 8, False),
    ("fcls", "pysptools", 200, False),
    ("n_findr", "pysptools", 100, False),
    ("ppi", "SPy", 300, False),
    ("hull", "hylite", 3, False),
    ("minerals", "cramm", 10, False),
)
SKEWERS = 100  # SPy's PPI does one in so many
NO_PEERS = (
    "no peers: make their environment (benchmarks/peers/make_spectral_env.sh) and give "
    f"--peer or {PEER_VARIABLE}; ours and scipy run alone"
)


class Bench:
    """The sides' interpreters, the scene's folder, and what was measured."""

    def __init__(self, asked, folder):
        self.asked, self.folder = asked, folder
        self.all = asked.size**2
        self.found = {}

    def measure(self, task, side, *, save=True, **options):
        """Wall and processor seconds for the whole scene, and the peak."""
        table = TABLE.get(task, Task(task))
        # ours takes the pixels of its peer only to compare what searches find
        pixels = table.peers.get(side, min(table.peers.values(), default=0))
        if self.asked.quick:
            pixels //= 5
        pixels = pixels if 0 < pixels < self.all else 0
        options = {"cube": table.cube, "repeats": self.asked.repeats} | options
        options["pixels"] = pixels or self.all
        if save:
            options["out"] = f"{task}_{side}.npz"
        if side in {"ours", "exact", "scipy"}:
            script = TASKS / ("ours.py" if side == "ours" else "plain.py")
            python, name = sys.executable, task
        else:
            script, python, name = PEERS, self.asked.peer, f"{side}:{task}"
        told = run_child(
            python, script, name, self.folder, as_json(options), ours=side == "ours"
        )
        times = 1 if side == "ours" else self.all / options["pixels"]
        if (task, side) == ("ppi", "SPy"):
            times = SKEWERS
        told["seconds"] *= times
        told["cpu"] *= times
        told["part"] = times > 1
        self.found[task, side] = told
        return told

    def difference(self, task, side, beside):
        """How the saved answers of two sides differ, in words."""
        from answers import compared

        files = [self.folder / f"{task}_{name}.npz" for name in (beside, side)]
        return compared(task, *files) if all(f.exists() for f in files) else ""

    def task(self, name):
        """Measure all sides of a task, one after the other; print a row each."""
        table = TABLE[name]
        if table.exact:
            self.measure(name, "exact", repeats=1, warm=False)
        peers = [side for side in table.peers if side == "scipy" or self.asked.peer]
        ours = self.measure(name, "ours")
        self.row(table.label, "ours", ours, self.words(name, "ours", table))
        for side in peers:
            told = self.measure(name, side)
            ratio = [told[key] / ours[key] for key in ("seconds", "cpu")]
            faster = f"{ratio[0]:8.1f} {ratio[1]:8.1f}"
            self.row("", side, told, self.words(name, side, table), faster)

    def words(self, task, side, table):
        """What is told of a side's answers."""
        said = []
        if side != "ours":
            said.append("from ours: " + self.difference(task, side, "ours"))
        if table.exact:
            said.append("from exact: " + self.difference(task, side, "exact"))
        return "; ".join(said)

    def row(self, label, side, told, words, faster=" " * 17):
        """Print one side of one task."""
        mark = "x" if told["part"] else " "
        wall, cpu = (f"{told[key]:9.2f}{mark}" for key in ("seconds", "cpu"))
        print(
            f"{label:25s} {side:9s} {wall} {cpu} {told['peak_mib']:7.0f} {faster}"
            f"  {words}",
            flush=True,
        )

    def limits(self):
        """Seconds of one product of matrices and one pass over the cube."""
        labels = {"gemm": "limit: GEMM 50 x bands", "memory": "limit: one pass"}
        for name, label in labels.items():
            told = self.measure(name, "scipy", save=False, repeats=5, warm=False)
            self.row(label, "NumPy", told, "")
        both = [self.found[name, "scipy"] for name in labels]
        total = {key: sum(told[key] for told in both) for key in ("seconds", "cpu")}
        self.found["sam_best", "GEMM + pass"] = total

    def required(self):
        """Print each required factor, what was measured, and whether it is met."""
        print("\nrequired (by wall clock; by processor time)", end="")
        full = self.asked.size == 1000 and self.asked.bands == 200
        print(":" if full else " at 1000 x 1000 x 200; this is another size:")
        for task, side, factor, at_most in REQUIRED:
            beside = (side, "ours") if side in TABLE else (task, side)
            if (task, "ours") not in self.found or beside not in self.found:
                continue
            ours, other = self.found[task, "ours"], self.found[beside]
            told = [
                ours[k] / other[k] if at_most else other[k] / ours[k]
                for k in ("seconds", "cpu")
            ]
            good = [t <= factor if at_most else t >= factor for t in told]
            met = ["met" if each else "MISSED" for each in good]
            sign, name = ("<=", "time of") if at_most else (">=", "faster than")
            print(
                f"  {TABLE[task].label:25s} {sign} {factor:5.1f} x {name} {side:12s}"
                f" {told[0]:8.2f} {met[0]:7s} {told[1]:8.2f} {met[1]}"
            )

    def growth(self):
        """Print seconds a million pixels at three sizes."""
        print("\nours, how cost grows with the pixels (seconds a million pixels)")
        for task in GROWN:
            line = f"  {TABLE[task].label:25s}"
            for scale in (0.25, 1, 4):
                million = scale * self.all / 1e6
                told = self.measure(task, "ours", save=False, scale=scale)
                line += (
                    f" {million:7.3f} Mpx {told['seconds'] / million:6.2f} wall"
                    f" {told['cpu'] / million:6.2f} cpu {told['peak_mib']:6.0f} MiB |"
                )
            print(line, flush=True)


def as_json(options):
    import json

    return json.dumps(options)


def data_folder():
    """Folder with the real rules and spectra, or None."""
    base = os.environ.get("PROSPECT_DATA_DIR") or ROOT.parent / "shared/data"
    return Path(base) if (Path(base) / RULES).is_dir() else None


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--peer", default=os.environ.get(PEER_VARIABLE))
    parser.add_argument("--size", type=int, default=300, help="pixels a side")
    parser.add_argument("--bands", type=int, default=200)
    parser.add_argument("--only", default="", help=f"of {', '.join(TABLE)}")
    parser.add_argument("--quick", action="store_true", help="one run, fewer pixels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", help="for the scene: 3.2 GB at full size")
    asked = parser.parse_args()
    unknown = set(filter(None, asked.only.split(","))) - set(TABLE)
    if unknown:
        names = ", ".join(sorted(unknown))
        parser.error(f"no task {names}: there are {', '.join(TABLE)}")
    if asked.quick:
        asked.repeats = 1
    return asked


def main():
    asked = arguments()
    wanted = asked.only.split(",") if asked.only else list(TABLE)
    data = data_folder()
    if data is None and "minerals" in wanted:
        print(f"MICA is left out: set PROSPECT_DATA_DIR to a folder with {RULES}")
        wanted.remove("minerals")
    if not asked.peer:
        print(NO_PEERS)
    os.environ["BENCH_RULES"] = str((data or Path()) / RULES)
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        options = [name, str(asked.size), str(asked.bands)]
        if "minerals" in wanted:
            options.append(str(data))
        subprocess.run([sys.executable, TASKS / "scene.py", *options], check=True)
        bench = Bench(asked, Path(name))
        print(
            f"{asked.size} x {asked.size} x {asked.bands} float32, "
            f"{len(os.sched_getaffinity(0))} cores\n"
            f"{'':25s} {'':9s} {'wall s':>9s}  {'cpu s':>9s}  {'MiB':>7s} "
            f"{'x wall':>8s} {'x cpu':>8s}  answers"
        )
        bench.limits()
        for task in wanted:
            bench.task(task)
        bench.required()
        if not asked.quick and not asked.only:
            bench.growth()


if __name__ == "__main__":
    main()
