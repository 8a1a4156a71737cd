#!/usr/bin/env bash
# What tests/chart needs: helm, kubeconform with the schemas of the three newest versions of Kubernetes, actionlint for the
# workflows, a reader of YAML. The programs are built from the Go modules that helm/go.sum pins: about 150 CPU
# seconds, once. What debuggers read is a tenth of it, and left out.

. "$(dirname "$0")/../lib.sh"

pins=$ROOT/scripts/tools/helm
home=$TOOLS/helm
# Helm says to charts that it speaks to this version; its own build does the same (1.20 otherwise).
minor=37
kubernetes=(v1.37.0 v1.36.0 v1.35.0)
key=$(KEY_EXTRA="$(go version 2>/dev/null) $(python3 -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)" \
    key_of "$0" "$pins/go.mod" "$pins/go.sum" "$pins/requirements.txt")
fresh helm "$key" "$home/bin/helm" && exit 0

need python3 "install Python 3.9 or newer"
python3 -c 'import pip' 2>/dev/null || die "this Python has no pip; on Debian and Ubuntu: apt-get install python3-pip"

# The go line of helm's own go.mod.
oldest=1.26
if ! go version 2>/dev/null | awk -v oldest="$oldest" '{ split(substr($3, 3), is, "."); split(oldest, must, ".")
        right = is[1] > must[1] || is[1] == must[1] && is[2] >= must[2] } END { exit !right }'; then
    cannot "the tests of the chart and the workflows" "helm takes Go $oldest, here is $(go version 2>/dev/null || echo none)" \
        "install Go $oldest or newer; then: make tools"
    exit 0
fi

rm -rf "$home"
mkdir -p "$home/bin" "$home/schemas"

# Go as it is on this machine: no other toolchain is fetched, and no C compiler is needed.
export GOTOOLCHAIN=local GOFLAGS='-mod=readonly -buildvcs=false' CGO_ENABLED=0
helm=helm.sh/helm/v3
version=$(cd "$pins" && go list -m -f '{{.Version}}' "$helm")
flags="-s -w -X $helm/internal/version.version=$version"
for package in pkg/chartutil pkg/lint/rules; do
    flags+=" -X $helm/$package.k8sVersionMajor=1 -X $helm/$package.k8sVersionMinor=$minor"
done
(cd "$pins" && go build -trimpath -gcflags all=-dwarf=false -ldflags "$flags" -o "$home/bin/" "$helm/cmd/helm")
(cd "$pins" && go build -trimpath -gcflags all=-dwarf=false -ldflags '-s -w' -o "$home/bin/" \
    github.com/yannh/kubeconform/cmd/kubeconform github.com/rhysd/actionlint/cmd/actionlint)

wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
python3 -m pip download --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
    --require-hashes -r "$pins/requirements.txt" -d "$wheels"
# Of 400 MB of schemas those of three versions, without a second copy that allows unknown fields.
python3 - "$wheels" "$home" "${kubernetes[@]}" <<'PYTHON'
import json, pathlib, sys, zipfile

wheels, home, versions = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
[schemas] = wheels.glob("kubernetes_validate-*.whl")
with zipfile.ZipFile(schemas) as wheel:
    for version in versions:
        begin = f"kubernetes_validate/kubernetes-json-schema/{version}-local-strict/"
        names = [name for name in wheel.namelist() if name.startswith(begin) and name.endswith(".json")]
        if not names:
            sys.exit(f"error: {schemas.name} has no schemas of Kubernetes {version}")
        (home / "schemas" / version).mkdir()
        for name in names:
            # They refer to each other by where a server would have them; here they lie side by side.
            schema = json.loads(wheel.read(name))
            schema.pop("$id", None)
            text = json.dumps(schema).replace('"/api/_definitions.json#', '"_definitions.json#')
            (home / "schemas" / version / name[len(begin):]).write_text(text)
[yaml] = wheels.glob("ruamel*.whl")
with zipfile.ZipFile(yaml) as wheel:
    wheel.extractall(home / "python")
PYTHON
installed helm "$key"
