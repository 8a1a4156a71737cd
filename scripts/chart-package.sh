#!/usr/bin/env bash
# chart-package.sh IMAGE FOLDER: packs the chart into FOLDER as orgpulse-chart-VERSION.tgz, with IMAGE as its image. In the
# checkout the chart names none: a default that somebody else may push to would be a trap.

. "$(dirname "$0")/lib.sh"

image=$1 folder=$2
helm=$TOOLS/helm/bin/helm
[ -x "$helm" ] || die "there is no $helm; run: make tools"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -R "$ROOT/charts/orgpulse" "$work/orgpulse"
sed -i "s|^  repository: \"\"\$|  repository: $image|" "$work/orgpulse/values.yaml"
"$helm" package "$work/orgpulse" --destination "$work" >/dev/null
version=$(sed -n 's/^version: //p' "$work/orgpulse/Chart.yaml")
# As a user without values of their own would take it.
"$helm" template pulse "$work/orgpulse-$version.tgz" | grep -qF "image: \"$image:" || die "the packed chart does not take $image"
mkdir -p "$folder"
mv "$work/orgpulse-$version.tgz" "$folder/orgpulse-chart-$version.tgz"
echo "$folder/orgpulse-chart-$version.tgz"
