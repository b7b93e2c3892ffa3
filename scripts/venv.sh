#!/bin/sh
# Makes .venv and installs this project into it with the pinned constraints.
# usage: scripts/venv.sh EXTRA   (local: what `make demo` needs; dev: what `make test` needs too)
set -eu
extra=$1
cd "$(dirname "$0")/.."

fail() { echo "make: $1" >&2; exit 1; }

find_python() {
    for name in ${PYTHON:-} python3.11 python3.12 python3.13 python3; do
        if command -v "$name" >/dev/null 2>&1 &&
            "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
}

python=$(find_python)
[ -n "$python" ] || fail "Python 3.11 or newer is needed and none was found: install it (Debian: apt-get install python3 python3-venv; macOS: brew install python@3.13), or name one with make PYTHON=/path/to/python3."
[ -w . ] || fail "this folder cannot be written by $(id -un): clone the repository into a folder of your own."

if [ ! -x .venv/bin/python ] || ! .venv/bin/python -c '' 2>/dev/null; then
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "Python's venv module is missing: install it (Debian: apt-get install python3-venv) and run make again."
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv .venv || fail "the virtual environment could not be made: remove .venv and run make again."
fi
[ -w .venv ] || fail ".venv belongs to another user: remove it, or clone the repository into a folder of your own."

echo "Installing the pinned packages (about a minute the first time) ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$extra]" ||
    fail "the packages could not be installed: check that pip can reach its package index, then run make again."
touch ".venv/.installed-$extra"
[ "$extra" != dev ] || touch .venv/.installed-local
