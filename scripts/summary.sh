#!/usr/bin/env bash
# Ends `make test`: what passed is known by now; this repeats what did not run, so that it cannot scroll away.

. "$(dirname "$0")/lib.sh"

if [ -s "${ORGPULSE_NOT_RUN:-/dev/null}" ]; then
    say ""
    say "passed, but these did not run on this machine:"
    sed 's/^/  - /' "$ORGPULSE_NOT_RUN" >&2
else
    say ""
    say "every check and test passed"
fi
