"""
The whole job on real data: Cloncurry, 4 models, files to report, stage by stage.

    PROSPECT_DATA_DIR=… python benchmarks/bench_job.py [district.toml]

In a process of its own, on two threads. A stage that takes more than half of the total
is marked. Ends with a second run on unchanged input, and the time of `import prospect`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
DISTRICT = ROOT / "data_samples/districts/cloncurry_iocg.toml"
CHILD = """
import json, resource, sys, time
start = time.perf_counter()
import prospect
imported = time.perf_counter() - start
result = prospect.run_district(sys.argv[1], out=sys.argv[2], n_jobs=2)
steps = [(s.name, s.seconds, s.reused) for s in result.steps]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
total = time.perf_counter() - start
print(json.dumps({"import": imported, "total": total, "peak": peak, "steps": steps}))
"""


def run(district, folder):
    command = [sys.executable, "-c", CHILD, str(district), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def import_seconds():
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import prospect"], check=True)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("district", nargs="?", default=DISTRICT, type=Path)
    district = parser.parse_args().district
    with tempfile.TemporaryDirectory() as folder:
        first, second = run(district, folder), run(district, folder)
    print(f"{district.stem}: {first['total']:.1f} s, peak {first['peak']:.0f} MiB")
    for name, seconds, _ in first["steps"]:
        share = seconds / first["total"]
        mark = "  more than half of the total" if share > 0.5 else ""
        print(f"  {name:32}{seconds:8.2f} s {share:6.1%}{mark}")
    reused = sum(reused for _, _, reused in second["steps"])
    print(
        f"second run: {second['total']:.1f} s, {reused} of {len(second['steps'])} "
        "steps reused"
    )
    print(
        f"import prospect: {first['import']:.3f} s; with the interpreter's own start "
        f"{min(import_seconds() for _ in range(3)):.3f} s"
    )


if __name__ == "__main__":
    main()
