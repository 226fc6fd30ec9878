#!/bin/sh
# Print the Python that builds the environment: PYTHON, else the first of the usual
# names that is 3.11, 3.12 or 3.13. A name that does not run (a pyenv shim) is passed over.

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

if [ -n "$PYTHON" ]; then
    fits "$PYTHON" && echo "$PYTHON" && exit 0
    echo "PYTHON=$PYTHON does not run or is not Python 3.11, 3.12 or 3.13." >&2
    exit 1
fi
for name in python3 python3.12 python3.13 python3.11 python; do
    fits "$name" && echo "$name" && exit 0
done
echo "Python 3.11, 3.12 or 3.13 is needed and none was found (python3 here: $(python3 -V 2>&1))." >&2
echo "Install one (Debian, Ubuntu: sudo apt-get install python3 python3-venv) or name it:" >&2
echo "  make PYTHON=/path/to/python3.12 demo" >&2
exit 1
