#!/usr/bin/env bash
# SkyPilot's own API server, two releases of it, which tests/real/skypilot.py asks as a collector would.
# The dependencies are installed once; each release has a small virtual environment of its own beside them, which finds
# them by a .pth file: SkyPilot starts `python3` from the PATH without PYTHONPATH.

. "$(dirname "$0")/../lib.sh"

pins=$ROOT/scripts/tools/skypilot
home=$TOOLS/skypilot
product=$home/ready
key=$(KEY_EXTRA=$(python3 --version 2>/dev/null) key_of "$0" "$pins"/*.txt)
if fresh skypilot "$key" "$product" && "$home/0.14.1/bin/python" -c 'import psutil' 2>/dev/null; then
    exit 0
fi

need python3 "install Python 3.11 or newer"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    die "this Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
# The pinned numpy and pandas have wheels for these only; building them would take longer than all the tests.
if ! python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'; then
    say "SkyPilot's API server is not installed: it needs Python 3.11 to 3.14, this is $(python3 --version)"
    exit 0
fi

rm -rf "$home"
mkdir -p "$home"
python3 -m venv "$home/installer"
pip() {
    "$home/installer/bin/python" -m pip --quiet --disable-pip-version-check --no-input install \
        --no-deps --no-compile --only-binary :all: "$@"
}
pip --target "$home/shared" -r "$pins/shared.txt"
for release in 0.14.1 0.11.0; do
    python3 -m venv --without-pip "$home/$release"
    packages=$("$home/$release/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    pip --require-hashes --target "$packages" -r "$pins/$release.txt"
    echo "$home/shared" >"$packages/shared.pth"
done
rm -rf "$home/installer"
touch "$product"
installed skypilot "$key"
