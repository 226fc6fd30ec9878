"""Child processes of the benchmarks: started, timed, their peak memory taken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
PEER_VARIABLE = "PROSPECT_PEER_PYTHON"


def run_child(python, script, *arguments, ours=False):
    """
    Run a script; return what its last line says (JSON) and its peak memory in MiB.

    The peak is what the system counted for the process, not what it says of itself.
    """
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    environment.pop("PYTHONPATH", None)
    if ours:
        environment["PYTHONPATH"] = str(ROOT)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        command = [str(python), str(script), *map(str, arguments)]
        child = subprocess.Popen(command, stdout=out, stderr=errors, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if child.returncode:
            sys.exit(f"{script} failed:\n{errors.read().decode()[-3000:]}")
        said = json.loads(out.read().decode().strip().splitlines()[-1])
    return said | {"peak_mib": usage.ru_maxrss / 1024}


def peer_python(given):
    """Interpreter of the peer's environment, by option or variable, or None."""
    found = given or os.environ.get(PEER_VARIABLE)
    if not found:
        print(
            f"no peer: make its environment (benchmarks/peers/make_eis_env.sh) and "
            f"give --peer or {PEER_VARIABLE}; ours runs alone"
        )
    return found
