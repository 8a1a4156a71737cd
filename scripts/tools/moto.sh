#!/usr/bin/env bash
# moto's server, which stands in for AWS in tests/real/moto_*.py. An environment of its own: boto3 wants another
# python-dateutil than Datadog's client.

. "$(dirname "$0")/../lib.sh"

pins=$ROOT/scripts/tools/moto.txt
python=$TOOLS/moto/bin/python
key=$(KEY_EXTRA=$(python3 --version 2>/dev/null) key_of "$0" "$pins")
# The interpreter is tried: a venv outlives neither its Python nor a move of the checkout.
if fresh moto "$key" "$python" && "$python" -c 'import moto.server, boto3' 2>/dev/null; then
    exit 0
fi

need python3 "install Python 3.10 or newer"
python3 -c 'import ensurepip, venv' 2>/dev/null ||
    die "this Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    say "moto is not installed: it needs Python 3.10 or newer, this is $(python3 --version)"
    exit 0
fi

rm -rf "$TOOLS/moto"
python3 -m venv "$TOOLS/moto"
"$python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: -r "$pins"
"$python" -c 'import moto.server, boto3'
installed moto "$key"
