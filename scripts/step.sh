#!/usr/bin/env bash
# step.sh NAME COMMAND...: runs one step of the Makefile under a heading, and notes how long it took in
# $ORGPULSE_TIMINGS when that is set (.ci/run prints it).

set -euo pipefail

name=$1
shift
printf '\n=== %s\n' "$name" >&2
started=$(date +%s)
status=0
"$@" || status=$?
took=$(($(date +%s) - started))
verdict=ok
[ "$status" -eq 0 ] || verdict="FAILED ($status)"
if [ -n "${ORGPULSE_TIMINGS:-}" ]; then
    printf '%6d s  %-16s %s\n' "$took" "$name" "$verdict" >>"$ORGPULSE_TIMINGS"
fi
printf '=== %s: %s, %d s\n' "$name" "$verdict" "$took" >&2
exit "$status"
