#!/usr/bin/env bash
# The long form of tests that `make unit` runs short: those marked #[ignore] whose name begins with soak_.

. "$(dirname "$0")/lib.sh"

cd "$ROOT"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cargo test --locked --workspace -- --ignored --nocapture soak_ 2>&1 | tee "$log"
# A filter that matches nothing passes; that would be a soak of no organisation at all.
grep -qE '^test result: ok\. [1-9]' "$log" || die "no test is named soak_*"
