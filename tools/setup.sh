#!/bin/sh
# Make .venv from requirements.lock. Nothing outside the project is changed.
# Usage: tools/setup.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${1:-python3}

fail() { echo "set-up: $1" >&2; exit 1; }

command -v "$python" >/dev/null 2>&1 ||
  fail "'$python' was not found. Install Python 3.11 to 3.13 (Debian: apt-get install python3 python3-venv), or name one: make repro PYTHON=python3.12"
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
case "$version" in
  3.11|3.12|3.13) ;;
  *) fail "'$python' is Python $version; Recur needs 3.11, 3.12 or 3.13. Name another: make repro PYTHON=python3.12" ;;
esac
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "'$python' lacks venv. Debian or Ubuntu: apt-get install python$version-venv"

# The stamp goes first: a set-up that is interrupted is then not taken for a finished one.
rm -f .venv/.ready
if [ "$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ]; then
  echo "set-up: making .venv with Python $version"
  "$python" -m venv --clear .venv
fi
if ! .venv/bin/uv --version >/dev/null 2>&1; then
  # uv itself comes from the lock too, checked by its hashes.
  awk '/^uv==/ {keep = 1} keep {print} !/\\$/ {keep = 0}' requirements.lock > .venv/uv.lock
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement .venv/uv.lock
fi
echo "set-up: installing the packages of requirements.lock"
# Compiled once here: where PYTHONDONTWRITEBYTECODE is set, as in many containers, each stage would compile Keras anew.
VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip sync --quiet --compile-bytecode --require-hashes requirements.lock
# Recur itself, as a link to this folder, so that the program `recur` is there and follows what is edited; after the
# packages, for `sync` removes what the lock does not name. It needs no network: uv builds it by its own backend, as long
# as its version lies in the range of pyproject.toml's [build-system].
VIRTUAL_ENV=$PWD/.venv .venv/bin/uv pip install --quiet --no-deps --offline --editable .
touch .venv/.ready
