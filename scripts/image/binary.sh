#!/usr/bin/env bash
# binary.sh [FILE [WHAT...]]: compiles the program for release as one static binary, and copies it to FILE. WHAT is then
# compiled with the same flags, as in `--example NAME`.
#
# Static by glibc: its resolver and its name service for files and DNS are in libc.a since 2.34, so that the program looks
# names up in an empty root (tests/image shows it); musl would take a second toolchain, which not every machine can fetch.
# The same source, Rust and C library give the same bytes in whatever folder: paths are replaced, and nothing else of the
# machine goes in.

. "$(dirname "$0")/../lib.sh"

cd "$ROOT"
need cargo "install a Rust toolchain"
triple=$(rustc -vV | sed -n 's/^host: //p')
case $triple in
*-linux-gnu) ;;
*) die "the image's binary is compiled on Linux with glibc; this is $triple" ;;
esac
target=${CARGO_TARGET_DIR:-$ROOT/target}

# Before the flags are made of the folders that it fills: other flags would compile everything again.
cargo fetch --locked --quiet --target "$triple"
# Registries differ in the name of their folder, machines in that of the home.
replaced="--remap-path-prefix=$ROOT=/source"
replaced_in_c="-ffile-prefix-map=$ROOT=/source -ffile-prefix-map=$target=/target"
for folder in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*/; do
    folder=${folder%/}
    replaced+=" --remap-path-prefix=$folder=/dependencies"
    replaced_in_c+=" -ffile-prefix-map=$folder=/dependencies"
done
name=$(tr 'a-z-' 'A-Z_' <<<"$triple")
# With --target these flags are those of the program alone: procedural macros cannot be linked statically.
export "CARGO_TARGET_${name}_RUSTFLAGS=-C target-feature=+crt-static $replaced"
export "CFLAGS_$(tr - _ <<<"$triple")=$replaced_in_c"
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS
# The simulator too, which the benchmark takes, and the whole workspace: for one package alone Cargo switches on other
# features of shared crates, and would compile them a second time into another binary.
cargo build --locked --release --workspace --bins --target "$triple"
if [ -n "${1:-}" ]; then
    install -D -m 0755 "$target/$triple/release/orgpulse" "$1"
fi
# By itself: an example brings the features of what only tests depend on.
if [ $# -gt 1 ]; then
    cargo build --locked --release --target "$triple" "${@:2}"
fi
