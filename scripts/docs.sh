#!/usr/bin/env bash
# docs.sh [FOLDER]: writes the generated documents, from the program's own tables, into the checkout or into FOLDER.

. "$(dirname "$0")/lib.sh"

orgpulse=$BUILT/orgpulse
[ -x "$orgpulse" ] || die "there is no $orgpulse; run: make build"
python3 "$ROOT/scripts/docs.py" "$orgpulse" "${1:-$ROOT}"
