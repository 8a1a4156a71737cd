//go:build tools

// Package kubernetes names what kubernetes.sh builds, for `go mod tidy` to keep in go.mod and go.sum.
package kubernetes

import (
	_ "go.etcd.io/etcd/server/v3"
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
