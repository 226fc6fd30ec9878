#!/bin/sh
# Environment of the peer eis_toolkit 1.1.6, apart from ours (2.7 GB, some minutes).
#
#   sh benchmarks/peers/make_eis_env.sh FOLDER [PYTHON]
#
# FOLDER is made new; PYTHON is a Python 3.10 (default: python3.10). The benchmarks take
# the interpreter FOLDER/bin/python by --peer or by the variable PROSPECT_PEER_PYTHON.
# Needs libgdal-dev and a C++ compiler: there is no wheel of GDAL on the package index.
set -eu

folder=${1:?folder of the new environment}
python=${2:-python3.10}

if ! command -v gdal-config >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -q
        apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends libgdal-dev g++
    else
        echo "gdal-config is missing: install libgdal-dev (apt-get install libgdal-dev g++)" >&2
        exit 1
    fi
fi

"$python" -m venv "$folder"
pip="$folder/bin/python -m pip install -q --disable-pip-version-check"
$pip "setuptools<70" "numpy<1.27" wheel
$pip --no-build-isolation "gdal==$(gdal-config --version)"
$pip "eis_toolkit==1.1.6"
# What its declared ranges resolve to today does not run: these versions do.
$pip "scikit-learn==1.4.2" "imbalanced-learn==0.11.0" "rasterio==1.3.10" "affine<3" \
    "click==8.1.7"
TF_CPP_MIN_LOG_LEVEL=3 "$folder/bin/python" -c "import eis_toolkit, sklearn, rasterio; \
print('eis_toolkit', eis_toolkit.__version__ if hasattr(eis_toolkit, '__version__') else '1.1.6', \
'scikit-learn', sklearn.__version__, 'rasterio', rasterio.__version__)"
