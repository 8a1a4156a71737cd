#!/usr/bin/env bash
# The dependency policy: deny.toml's bans, licences and sources, unused dependencies, and known vulnerabilities.
#
# The advisories come from a git repository and no package registry carries them. Where it cannot be fetched, that one
# check is reported as not run; with ORGPULSE_REQUIRE_ADVISORIES=1 this is a failure. CI=true
# alone does not make it one: a build that reaches nothing but package registries must be able to pass.

. "$(dirname "$0")/lib.sh"

cd "$ROOT"
export PATH=$TOOLS/cargo/bin:$PATH
need cargo-deny "run: make tools"
need cargo-machete "run: make tools"

cargo-deny --locked --log-level error check --hide-inclusion-graph --allow no-license-field bans licenses sources
# --with-metadata knows crates whose library has another name, but may rewrite Cargo.lock: names are plain here.
cargo-machete --skip-target-dir "$ROOT"

# Never ask for a password, never hang on a line that delivers nothing.
export GIT_TERMINAL_PROMPT=0 GIT_HTTP_LOW_SPEED_LIMIT=1000 GIT_HTTP_LOW_SPEED_TIME=30
limit=()
command -v timeout >/dev/null && limit=(timeout 120)
if reason=$(${limit[@]+"${limit[@]}"} cargo-deny --locked fetch db 2>&1); then
    cargo-deny --locked --log-level error check --hide-inclusion-graph advisories
    exit 0
fi
say "$reason"
say ""
say "NOT RUN: the check for known vulnerabilities (cargo deny check advisories)"
say "  why:    the RustSec advisory database could not be fetched (its answer stands above)"
say "  remedy: run make deny on a machine that reaches it; ORGPULSE_REQUIRE_ADVISORIES=1 makes its absence a failure"
say ""
if [ "${ORGPULSE_REQUIRE_ADVISORIES:-}" = 1 ]; then
    die "ORGPULSE_REQUIRE_ADVISORIES=1: a check for vulnerabilities that did not run is a failure"
fi
note_not_run "the check for known vulnerabilities: the RustSec advisory database could not be fetched"
