#!/usr/bin/env bash
# The long form of tests that `make unit` runs short: 200 seeded organisations, 100 killed pushes.

. "$(dirname "$0")/lib.sh"

cd "$ROOT"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export ORGPULSE_ORGANISATIONS=${ORGPULSE_ORGANISATIONS:-200} ORGPULSE_KILLS=${ORGPULSE_KILLS:-100} ORGPULSE_KILL_ROUNDS=${ORGPULSE_KILL_ROUNDS:-100}
cargo test --locked --workspace -- --nocapture seeded_organisations kill 2>&1 | tee "$log"
# A filter that matches nothing passes; that would be a soak of no organisation at all.
passed=$(grep -cE '^test .*(seeded_organisations|kill).* ok$|^test result: ok\. [1-9]' "$log")
[ "$passed" -ge 2 ] || die "the seeded organisations and the killed pushes were not tested"
