#!/usr/bin/env bash
# Says which checks cannot run because the vendors' published contracts, or the specification of the metrics, are not
# beside the checkout. The tests themselves look in the same places, and fail under CI=true.

. "$(dirname "$0")/lib.sh"

look() {
    if [ ! -e "$1" ]; then
        cannot "the checks against $2" "there is no $1" "set $3 to the folder, or put it there"
    fi
}

look "${ORGPULSE_CONTRACTS:-$ROOT/../shared/contracts}" "the vendors' published contracts" ORGPULSE_CONTRACTS
look "${ORGPULSE_SPEC:-$ROOT/../shared/spec}" "the specification of the metrics" ORGPULSE_SPEC
