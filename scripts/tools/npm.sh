#!/usr/bin/env bash
# GitHub's public GraphQL schema, as npm publishes it: the simulator validates every document against it.
# The lockfile pins versions and sha512 sums and names no registry, so any mirror that npm is set up with will do.

. "$(dirname "$0")/../lib.sh"

pins=$ROOT/scripts/tools
product=$TOOLS/npm/node_modules/@octokit/graphql-schema/schema.graphql
key=$(key_of "$pins/package.json" "$pins/package-lock.json")
fresh npm "$key" "$product" && exit 0

need npm "install Node.js, which brings npm"
mkdir -p "$TOOLS/npm"
cp "$pins/package.json" "$pins/package-lock.json" "$TOOLS/npm/"
cd "$TOOLS/npm"
# No install scripts: the schema is data, nothing of these packages is run.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
[ -s "$product" ] || die "npm ci succeeded, but there is no $product"
installed npm "$key"
