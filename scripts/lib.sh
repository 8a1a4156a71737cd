# Shared by the scripts of this folder; sourced, never run.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS=$ROOT/.tools
# Where cargo puts what the dev profile builds.
BUILT=${CARGO_TARGET_DIR:-$ROOT/target}/debug

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "error: $*"
    exit 1
}

# cannot WHAT WHY REMEDY: something that should run cannot run on this machine.
# Locally the rest goes on, and `make test` repeats the list at its end; under CI a check that did not run is a failure.
cannot() {
    say ""
    say "NOT RUN: $1"
    say "  why:    $2"
    say "  remedy: $3"
    say ""
    if [ "${CI:-}" = true ]; then
        exit 1
    fi
    note_not_run "$1: $2"
}

# Remembers one line for the summary at the end of `make test`.
note_not_run() {
    if [ -n "${ORGPULSE_NOT_RUN:-}" ]; then
        printf '%s\n' "$1" >>"$ORGPULSE_NOT_RUN"
    fi
}

need() {
    command -v "$1" >/dev/null 2>&1 || die "$1 is not on the PATH; $2"
}

# One key for everything that decides what an installation holds: the files given and the text in $KEY_EXTRA.
# Not modification times: a fresh clone beside a kept .tools would install everything again.
key_of() {
    { cat "$@"; printf '%s' "${KEY_EXTRA:-}"; } | cksum | tr ' ' '-'
}

# fresh NAME KEY PRODUCT: whether NAME is installed from exactly these pins, and its product is still there.
fresh() {
    [ -e "$3" ] && [ -f "$TOOLS/stamps/$1" ] && [ "$(cat "$TOOLS/stamps/$1")" = "$2" ]
}

installed() {
    mkdir -p "$TOOLS/stamps"
    printf '%s\n' "$2" >"$TOOLS/stamps/$1"
}
