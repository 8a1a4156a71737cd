#!/usr/bin/env bash
# Tests against software that others wrote. First each test tries itself, so that a pass of the second half means something.

. "$(dirname "$0")/lib.sh"

python=$TOOLS/venv/bin/python
victoria=$TOOLS/victoria-metrics/victoria-metrics
[ -x "$python" ] || die "there is no $python; run: make tools"

cd "$ROOT"
export PYTHONDONTWRITEBYTECODE=1
if [ -x "$victoria" ]; then
    "$python" tests/real/datadog.py --self-test --victoria "$victoria"
    "$python" tests/real/datadog.py --victoria "$victoria" \
        --orgpulse "$BUILT/orgpulse" --simulator "$BUILT/simulator" \
        --schema "$TOOLS/npm/node_modules/@octokit/graphql-schema/schema.graphql"
else
    cannot "the read-back from VictoriaMetrics" "it is not installed" "run: make tools, and read what it says"
fi

# Its own Python, which has what the test needs to find SkyPilot's processes again.
servers=$TOOLS/skypilot
if [ -e "$servers/ready" ]; then
    "$servers/0.14.1/bin/python" tests/real/skypilot.py --self-test
    "$servers/0.14.1/bin/python" tests/real/skypilot.py --servers "$servers" --orgpulse "$BUILT/orgpulse"
else
    cannot "the collection from SkyPilot's API server" "it is not installed" "run: make tools, and read what it says"
fi

moto=$TOOLS/moto/bin/python
if [ -x "$moto" ]; then
    "$moto" tests/real/moto_secrets.py --self-test
    "$moto" tests/real/moto_secrets.py --orgpulse "$BUILT/orgpulse"
    "$moto" tests/real/moto_ec2.py --self-test
    "$moto" tests/real/moto_ec2.py --orgpulse "$BUILT/orgpulse"
else
    cannot "the reading of secrets and of EC2 from moto" "it is not installed" "run: make tools, and read what it says"
fi

# Plain Python: the servers are asked over HTTP, and helm's folder has what reads YAML.
api_server=$TOOLS/kubernetes/bin
if ! [ -x "$api_server/kube-apiserver" ]; then
    cannot "the collection from an API server of Kubernetes" "it is not installed" "run: make tools, and read what it says"
elif ! command -v openssl >/dev/null; then
    cannot "the collection from an API server of Kubernetes" "there is no openssl to make keys with" "install openssl"
else
    flags=()
    if ! unshare --user --map-root-user --mount true 2>/dev/null; then
        cannot "the collection as in a pod of Kubernetes" "this machine gives no process a /run of its own" \
            "run it where unshare --user --map-root-user --mount works"
        flags+=(--not-in-a-pod)
    fi
    python3 tests/real/kubernetes.py --self-test
    python3 tests/real/kubernetes.py --binaries "$api_server" --helm "$TOOLS/helm" --chart charts/orgpulse \
        --orgpulse "$BUILT/orgpulse" "${flags[@]}"
fi
