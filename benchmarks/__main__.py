"""
All benchmarks, one after the other: `make bench`, or `python -m benchmarks [NAME …]`.

The raster benchmark writes about 8 GB into a temporary folder; name others to leave it
out. Peers are used where their environments are found (see the benchmarks themselves).
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    wanted = sys.argv[1:]
    failed = []
    for script in sorted(FOLDER.glob("bench_*.py")):
        name = script.stem.removeprefix("bench_")
        if wanted and name not in wanted:
            continue
        print(f"\n=== {name}", flush=True)
        if subprocess.run([sys.executable, str(script)], check=False).returncode:
            failed.append(name)
    print(f"\nfailed: {', '.join(failed) or 'none'}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
