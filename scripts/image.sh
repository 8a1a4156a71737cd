#!/usr/bin/env bash
# image.sh [--dev]: compiles the static binary, writes the image as an OCI archive with its bill of materials into
# target/image, and tries it in an empty root (tests/image). No registry, no daemon.
#
# --dev does the same with the binary and libraries of the dev profile, which `make test` has at hand: all but the static
# binary itself, whose release build takes a quarter of an hour on two cores.

. "$(dirname "$0")/lib.sh"

cd "$ROOT"
export PYTHONDONTWRITEBYTECODE=1
need python3 "install Python 3.9 or newer"
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml | head -1)
triple=$(rustc -vV | sed -n 's/^host: //p')
case $triple in
x86_64-*) platform=linux/amd64 ;;
aarch64-*) platform=linux/arm64 ;;
*) die "no image is made for $triple" ;;
esac
# What stands in the Dockerfile and the workflows for those who build without this script.
rust=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
for pin in "Dockerfile:ARG VERSION=$version" "Dockerfile:ARG RUST=$rust-bookworm" \
    ".github/workflows/ci.yaml:  RUST: $rust.0" ".github/workflows/release.yaml:  RUST: $rust.0" \
    "docs/examples/collect-from-ci.yaml:      VERSION: $version"; do
    grep -qFx "${pin#*:}" "${pin%%:*}" || die "${pin%%:*} has not the line '${pin#*:}', as Cargo.toml would have it"
done
# The time of the last commit: the same source gives the same image.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
products=${CARGO_TARGET_DIR:-$ROOT/target}/image
flags=() level=9
if [ "${1:-}" = --dev ]; then
    products=$work/products
    flags=(--dynamic) level=1
    [ -x "$BUILT/orgpulse" ] || die "there is no $BUILT/orgpulse; run: make build"
    strip --strip-debug -o "$work/orgpulse" "$BUILT/orgpulse"
else
    scripts/image/binary.sh "$work/orgpulse"
fi
mkdir -p "$products"

write() {
    rm -rf "$work/root"
    scripts/image/root.sh "$work/orgpulse" "$work/root"
    if [ "${flags[*]:-}" = --dynamic ]; then
        # The loader and the libraries, at the places where the binary looks for them.
        ldd "$work/orgpulse" | grep -o '/[^ ]*' | while read -r library; do
            install -D -m 0755 "$library" "$work/root$library"
        done
    fi
    scripts/image/oci.py --dockerfile Dockerfile --output "$1" --level "$level" --argument "VERSION=$version" \
        --argument "REVISION=$revision" --argument "SOURCE=${IMAGE_SOURCE:-}" "$platform" "$work/root"
}

archive=$products/orgpulse-$version-${platform#linux/}.oci.tar
bill=$products/orgpulse-$version-${platform#linux/}.cdx.json
digest=$(write "$archive")
sleep 1
[ "$(write "$work/again.tar")" = "$digest" ] && cmp -s "$archive" "$work/again.tar" ||
    die "two images of one binary differ"
scripts/image/sbom.py "$triple" >"$bill"
status=0
python3 tests/image/run.py ${flags[@]+"${flags[@]}"} --archive "$archive" \
    --bill "$bill" --version "$version" || status=$?
# The test's own word for a machine that lets nobody make namespaces.
if [ "$status" -eq 77 ]; then
    cannot "the image in an empty root" "this machine allows no namespaces (its answer stands above)" "run it as root"
elif [ "$status" -ne 0 ]; then
    exit "$status"
fi
if [ "${flags[*]:-}" != --dynamic ]; then
    install -m 0755 "$work/orgpulse" "$products/orgpulse-$version-${platform#linux/}"
    (cd "$products" && sha256sum "orgpulse-$version-${platform#linux/}"* >"SHA256SUMS-${platform#linux/}")
    echo "image: $archive, $digest"
fi
