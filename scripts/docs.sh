#!/usr/bin/env bash
# docs.sh [FOLDER]: writes the generated documents, from the program's own catalog, into the checkout or into FOLDER.

. "$(dirname "$0")/lib.sh"

into=${1:-$ROOT}
orgpulse=$BUILT/orgpulse
[ -x "$orgpulse" ] || die "there is no $orgpulse; run: make build"

mkdir -p "$into/docs"
# Written beside and moved: a program that fails midway leaves the old document, not half of a new one.
"$orgpulse" metrics --format markdown >"$into/docs/METRICS.md.new"
[ -s "$into/docs/METRICS.md.new" ] || die "orgpulse metrics --format markdown printed nothing"
mv "$into/docs/METRICS.md.new" "$into/docs/METRICS.md"
