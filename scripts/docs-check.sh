#!/usr/bin/env bash
# Fails when a generated document in the checkout is not what the program says today. Leaves the checkout as it is.

. "$(dirname "$0")/lib.sh"

fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
"$ROOT/scripts/docs.sh" "$fresh"

failed=0
while read -r document; do
    diff -u --label "committed $document" --label "generated $document" "$ROOT/$document" "$fresh/$document" || failed=1
done < <(cd "$fresh" && find . -type f | sed 's#^\./##' | sort)
[ "$failed" -eq 0 ] || die "generated documents are out of date; run: make docs, and commit the result"
echo "docs ok"
