#!/usr/bin/env bash
# Tests against software that others wrote. First each test tries itself, so that a pass of the second half means something.

. "$(dirname "$0")/lib.sh"

python=$TOOLS/venv/bin/python
victoria=$TOOLS/victoria-metrics/victoria-metrics
[ -x "$python" ] || die "there is no $python; run: make tools"
if [ ! -x "$victoria" ]; then
    cannot "the read-back from VictoriaMetrics" "it is not installed" "run: make tools, and read what it says"
    exit 0
fi

cd "$ROOT"
export PYTHONDONTWRITEBYTECODE=1
"$python" tests/real/datadog.py --self-test --victoria "$victoria"
"$python" tests/real/datadog.py --victoria "$victoria" \
    --orgpulse "$BUILT/orgpulse" --simulator "$BUILT/simulator" \
    --schema "$TOOLS/npm/node_modules/@octokit/graphql-schema/schema.graphql"
