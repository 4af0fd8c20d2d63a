#!/usr/bin/env bash
# Makes .venv with every extra from uv.lock, whether or not uv is installed. `make setup` runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
began=$SECONDS

fail() { printf 'setup: %s\n  What to do: %s\n' "$1" "$2" >&2; exit 1; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

[ -w . ] || fail "$PWD belongs to another user, and .venv goes there" \
  "clone the project into a folder of your own"
python=${PYTHON:-}
if [ -z "$python" ]; then # the usual one, or on older systems a newer one beside it
  for python in python3 python3.14 python3.13 python3.12 python3.11 python3; do
    if fits "$python"; then break; fi
  done
fi
mend="install Python 3.11 or later, or name it: make setup PYTHON=/path/to/python"
command -v "$python" >/dev/null || fail "there is no $python" "$mend"
fits "$python" || fail "$("$python" --version 2>&1 | tail -1) is too old" "$mend"

uv=$(command -v uv || true)
if [ ! -x .venv/bin/python ]; then
  if [ -n "$uv" ]; then
    "$uv" venv --quiet --python "$python" .venv
  else
    "$python" -m venv .venv 2>.venv-error || {
      said=$(cat .venv-error); rm -f .venv-error
      fail "$python cannot make a virtual environment: $said" \
        "install uv, or your system's package for it (Debian: python3-venv)"
    }
    rm -f .venv-error
  fi
fi
if [ -z "$uv" ]; then
  uv=.venv/bin/uv
  if [ ! -x "$uv" ]; then
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    .venv/bin/python -m pip install --quiet uv
  fi
fi
# Inexact: what a developer added to the environment stays, uv itself too.
VIRTUAL_ENV=$PWD/.venv UV_PROJECT_ENVIRONMENT=.venv \
  "$uv" sync --locked --all-extras --inexact --compile-bytecode --python .venv/bin/python
# Once, here: else each process that may not write beside its sources compiles them anew.
.venv/bin/python -m compileall -q -j 0 schemas services deploy
echo "setup: .venv is ready after $((SECONDS - began)) s"
