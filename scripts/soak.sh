#!/usr/bin/env bash
# The long form of tests that `make unit` runs short: 200 seeded organisations, 100 killed pushes.

. "$(dirname "$0")/lib.sh"

cd "$ROOT"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export ORGPULSE_ORGANISATIONS=${ORGPULSE_ORGANISATIONS:-200} ORGPULSE_KILLS=${ORGPULSE_KILLS:-100} ORGPULSE_KILL_ROUNDS=${ORGPULSE_KILL_ROUNDS:-100}
tests=(seeded_organisations killed_at_any_moment kill_at_any_moment)
cargo test --locked --workspace -- "${tests[@]}" 2>&1 | tee "$log"
# A filter that matches nothing passes; that would be a soak of no organisation at all.
for test in "${tests[@]}"; do
    grep -qE "^test .*$test.* \.\.\. ok$" "$log" || die "no test called *$test* has passed"
done
