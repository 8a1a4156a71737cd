#!/usr/bin/env bash
# A real API server of Kubernetes with its store, which tests/real/kubernetes.py and the chart's tests ask: kube-apiserver,
# of which there is no package anywhere, and etcd, which is of the same stuff. Built from the Go modules that
# kubernetes/go.sum pins: 7 CPU minutes, once. 3 GB of disk for as long as it lasts; 130 MB stay.

. "$(dirname "$0")/../lib.sh"

pins=$ROOT/scripts/tools/kubernetes
home=$TOOLS/kubernetes
key=$(KEY_EXTRA="$(uname -sm)" key_of "$0" "$pins"/*)
fresh kubernetes "$key" "$home/bin/kube-apiserver" && "$home/bin/etcd" --version >/dev/null 2>&1 && exit 0

# The go line of Kubernetes' own go.mod.
oldest=1.24
remedy="install Go $oldest or newer; then: make tools"
if ! command -v go >/dev/null; then
    cannot "the collection from a real API server of Kubernetes" "there is no Go to build it with" "$remedy"
    exit 0
fi
# Go as it is on this machine: no other toolchain is fetched, and no C compiler is needed.
export GOTOOLCHAIN=local CGO_ENABLED=0
if ! go version | awk -v oldest="$oldest" '{ split(substr($3, 3), is, "."); split(oldest, must, ".")
        exit !(is[1] > must[1] || is[1] == must[1] && is[2] >= must[2]) }'; then
    cannot "the collection from a real API server of Kubernetes" "it is too new for $(go version)" "$remedy"
    exit 0
fi

# Modules and compiled packages go where they can be deleted: nothing else uses them, and they are twenty times the programs.
work=$home/build
discard() {
    rm -rf "$work"
}
trap discard EXIT
discard
mkdir -p "$home/bin" "$work"
export GOMODCACHE=$work/modules GOCACHE=$work/cache GOTMPDIR=$work GOFLAGS='-mod=readonly -modcacherw -buildvcs=false'

cd "$pins"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=$(cut -d . -f 2 <<<"$version")
# Without these the server calls itself v0.0.0-master, which Helm cannot compare with a chart's kubeVersion.
flags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags+=" -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
done
# What debuggers read is a tenth of the build.
build() {
    # A line a module says nothing to anybody.
    nice go build -trimpath -gcflags all=-dwarf=false -ldflags "$flags" -o "$home/bin/$1" "$2" \
        2> >(grep -v "^go: downloading" >&2)
}
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
installed kubernetes "$key"
