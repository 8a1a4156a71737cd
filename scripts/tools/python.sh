#!/usr/bin/env bash
# A virtual environment with Datadog's own Python client: a strict reader of what orgpulse sends.
# Every package is pinned to a version and a sha256 sum, whatever index pip is set up with.

. "$(dirname "$0")/../lib.sh"

pins=$ROOT/scripts/tools/requirements.txt
python=$TOOLS/venv/bin/python
key=$(key_of "$pins")
# The interpreter is tried: a venv outlives neither its Python nor a move of the checkout.
if fresh python "$key" "$python" && "$python" -c 'import datadog_api_client' 2>/dev/null; then
    exit 0
fi

need python3 "install Python 3.9 or newer"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    die "this Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
rm -rf "$TOOLS/venv"
python3 -m venv "$TOOLS/venv"
"$python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$pins"
installed python "$key"
