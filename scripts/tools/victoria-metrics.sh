#!/usr/bin/env bash
# VictoriaMetrics: an independent implementation of Datadog's series intake, which tests/real pushes to.
# It takes /datadog/api/v2/series since 1.108; Debian 12's own package (1.79) knows v1 only.
#
# Two ways, the first that the machine can go:
#   1. Debian: the package of Debian 13, unpacked into .tools and never installed. apt works on private lists with the
#      mirror and the settings that the machine has, and checks the archive's signature. No root needed, 1 to 5 s.
#   2. Go 1.23 or newer: built from the module proxy. About 40 CPU seconds.

. "$(dirname "$0")/../lib.sh"

version=1.112.0
suite=trixie
home=$TOOLS/victoria-metrics
product=$home/victoria-metrics
key="$version $(uname -sm)"
fresh victoria-metrics "$key" "$product" && exit 0

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT

# The first archive of Debian's own main component that apt is set up with.
debian_site() {
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(COMPONENT) $(SITE) $(REPO_URI)' 'Created-By: Packages' \
        | awk '$1 == "Debian" && $2 == "Debian" && $3 == "main" { print $NF; exit }'
}

from_debian() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { say "no apt-get or dpkg-deb"; return 1; }
    local site keyring="" each
    site=$(debian_site) || return 1
    [ -n "$site" ] || { say "apt is not set up with a Debian archive (or has no lists: apt-get update)"; return 1; }
    for each in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        [ -r "$each" ] && keyring=$each
    done
    [ -n "$keyring" ] || { say "Debian's archive keys are missing (package debian-archive-keyring)"; return 1; }

    mkdir -p "$work"/{lists,cache/archives}/partial
    echo "deb [signed-by=$keyring] $site $suite main" >"$work/sources.list"
    # Hooks of the machine (images for containers empty the system's caches) have no business here. Sandbox user root: apt
    # as root would switch to a user that may not enter this folder; without root it is unused.
    cat >"$work/apt.conf" <<EOF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$work/lists";
Dir::State::status "/dev/null";
Dir::Cache "$work/cache";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
APT::Sandbox::User "root";
EOF
    (
        cd "$work"
        apt-get -c "$work/apt.conf" -qq update
        local found
        found=$(apt-cache -c "$work/apt.conf" show victoria-metrics | awk '$1 == "Version:" { print $2; exit }')
        case $found in
        "$version"[+-]*) ;;
        *) say "$suite has victoria-metrics '$found', pinned is $version"; exit 1 ;;
        esac
        apt-get -c "$work/apt.conf" -qq download "victoria-metrics=$found"
        dpkg-deb -x victoria-metrics_*.deb unpacked
    ) || return 1
    mkdir -p "$home"
    cp "$work/unpacked/usr/bin/victoria-metrics" "$product"
}

from_go() {
    command -v go >/dev/null || { say "no go"; return 1; }
    local module=github.com/VictoriaMetrics/VictoriaMetrics source
    # Go as it is on this machine: no other toolchain is fetched, and no C compiler is needed.
    export GOTOOLCHAIN=local GOFLAGS=-mod=mod CGO_ENABLED=0
    source=$(cd "$work" && go mod download -json "$module@v$version" |
        python3 -c 'import json, sys; m = json.load(sys.stdin); print(m["Dir"]) if "Dir" in m else sys.exit(m["Error"])') ||
        return 1
    # `go install module@version` refuses a go.mod with a replace line, so it is built as the main module, from a copy.
    cp -R "$source" "$work/source" && chmod -R u+w "$work/source"
    mkdir -p "$home"
    (cd "$work/source" && go build -trimpath -o "$product" ./app/victoria-metrics) || return 1
}

runs() {
    # A version flag proves that the loader is content: the package was made for a newer Debian.
    "$product" -version >/dev/null 2>&1 || { say "$product does not start here"; rm -f "$product"; return 1; }
}

if (from_debian && runs) || (from_go && runs); then
    installed victoria-metrics "$key"
    exit 0
fi
rm -f "$product" "$TOOLS/stamps/victoria-metrics"
cannot "the read-back from VictoriaMetrics" \
    "neither Debian's package nor a build with Go was possible (the reasons stand above)" \
    "on Debian run apt-get update once; elsewhere install Go 1.23 or newer; then: make tools"
