#!/usr/bin/env bash
# docs.sh [FOLDER]: writes the generated documents, from the program's own tables, into the checkout or into FOLDER.

. "$(dirname "$0")/lib.sh"

orgpulse=$BUILT/orgpulse
[ -x "$orgpulse" ] || die "there is no $orgpulse; run: make build"
export PYTHONDONTWRITEBYTECODE=1
python3 "$ROOT/scripts/docs.py" "$orgpulse" "${1:-$ROOT}"
python3 "$ROOT/scripts/chart.py" "$orgpulse" "${1:-$ROOT}"
