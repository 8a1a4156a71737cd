#!/usr/bin/env bash
# chart.sh [--update]: the chart's tests (tests/chart/run.py says what they hold), and the workflows of .github by actionlint.
# --update writes tests/chart/golden anew.

. "$(dirname "$0")/lib.sh"

cd "$ROOT"
export PYTHONDONTWRITEBYTECODE=1
orgpulse=$BUILT/orgpulse
if [ ! -x "$TOOLS/helm/bin/helm" ]; then
    cannot "the tests of the chart and the workflows" "helm is not installed" "run: make tools, and read what it says"
    exit 0
fi
[ -x "$orgpulse" ] || die "there is no $orgpulse; run: make build"

if [ "${1:-}" = --update ]; then
    exec python3 tests/chart/run.py --orgpulse "$orgpulse" --update
fi
"$TOOLS/helm/bin/actionlint" -color=false -shellcheck= -pyflakes= .github/workflows/*.yaml docs/examples/*.yaml
python3 tests/chart/run.py --orgpulse "$orgpulse" --self-test
kubernetes=$TOOLS/kubernetes/bin
if [ -x "$kubernetes/kube-apiserver" ]; then
    python3 tests/chart/run.py --orgpulse "$orgpulse" --kubernetes "$kubernetes"
else
    python3 tests/chart/run.py --orgpulse "$orgpulse"
    cannot "the installation of the chart on a real API server" "it is not installed" "run: make tools, and read what it says"
fi
