#!/usr/bin/env bash
# Puts DuckDB and pyiceberg, pinned, into $TIDELOG_CACHE/venv-duckdb. Does nothing when it is there.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
venv="${TIDELOG_CACHE:-$HOME/.cache/tidelog}/venv-duckdb"
pinned="$(sha256sum <"$here/requirements.txt")"
[ "$(cat "$venv/pinned" 2>/dev/null || true)" = "$pinned" ] && exit 0
rm -rf "$venv"
python3 -m venv "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
echo "$pinned" >"$venv/pinned"
