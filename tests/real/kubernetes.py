#!/usr/bin/env python3
"""Collects from a real API server of Kubernetes, and compares every gauge with the description of what was written to it.

    description -> kube-apiserver with etcd -> orgpulse, as the chart's own service account -> gauges
         +------> counted by the words of the specification -------------------------------> the same, and no others

--self-test holds the counting against a cluster small enough to count by hand.
"""

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

import kubernetes_account as accounts
import kubernetes_cluster as clusters
import kubernetes_expected as expected
import kubernetes_seed as seed
import kubernetes_witness as witness
from kubernetes_access import access_faults
from kubernetes_access import in_a_pod
from kubernetes_faults import killed_midway
from kubernetes_faults import server_faults
from kubernetes_metrics import MetricsApi
from kubernetes_run import Orgpulse
from kubernetes_run import faults_of
from kubernetes_selftest import self_test
from kubernetes_server import Server

# Old pages come from the store, as before 1.34, and not from snapshots in memory: only the store forgets on request.
FLAGS = ("--feature-gates=ListFromCacheSnapshot=false",)
PAGE = 500
# Some that exist, and one that nobody has made: to list in it is no mistake, and finds nothing.
SOME_NAMESPACES = ("team-0", "team-7", "team-39", "nobody")
MEASURED_PODS = 10_000
# The instant of the runs lies ahead: what was created after it does not exist yet, and the writing takes its time.
AHEAD = 900


def main():
    parser = argparse.ArgumentParser(description="Collect from a real API server of Kubernetes.")
    parser.add_argument("--self-test", action="store_true", help="test this test")
    parser.add_argument("--binaries", type=Path, help="the folder with kube-apiserver and etcd")
    parser.add_argument("--helm", type=Path, help="the folder with bin/helm and python/ruamel")
    parser.add_argument("--chart", type=Path)
    parser.add_argument("--orgpulse", type=Path)
    parser.add_argument("--not-in-a-pod", action="store_true", help="this machine lets no process have a /run of its own")
    parser.add_argument("--measure", type=Path, metavar="FILE", help="one run with 10,000 pods, whose figures go to this file")
    options = parser.parse_args()
    # A test that is ended early ends the servers, too: they would outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.self_test:
        found = self_test()
    else:
        with tempfile.TemporaryDirectory(prefix="orgpulse-kubernetes-") as folder:
            found = (measured if options.measure else faults)(options, Path(folder))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if found else 0


def faults(options, folder):
    began = time.monotonic()
    now = int(time.time()) + AHEAD
    cluster = clusters.describe(now)
    orgpulse = Orgpulse(options.orgpulse.resolve(), folder, now)
    with Server(options.binaries, folder / "server", FLAGS) as server:
        seed.prepare(server)
        found = [f"what is requested: {fault}" for fault in witness.request_faults(server)]
        seed.write(server, cluster)
        seeded = time.monotonic() - began
        if seeded > AHEAD:
            return [f"the writing took {seeded:.0f} s, more than {AHEAD}"]
        account = accounts.Account(server, accounts.rendered(options.chart, options.helm))
        kubeconfig = server.kubeconfig(folder / "kubeconfig", account.token)
        wanted = expected.gauges(cluster)

        # Before anything is registered there is no such API, which is no failure.
        run = orgpulse.collect(kubeconfig)
        found += [f"without the metrics API: {fault}" for fault in faults_of(run, wanted, absent=["usage"])]
        with MetricsApi(server, folder, cluster) as metrics:
            first = len(server.audit())
            whole = orgpulse.collect(kubeconfig)
            found += faults_of(whole, wanted, secret=account.token)
            found += request_faults(whole, server.audit()[first:], account, cluster)
            found += namespace_faults(options, server, orgpulse, account, cluster)
            found += right_faults(server, orgpulse, account, kubeconfig, wanted)
            found += access_faults(server, orgpulse, account, folder, wanted)
            if not options.not_in_a_pod:
                found += in_a_pod(server, orgpulse, account, folder, wanted)
            found += server_faults(server, orgpulse, account, folder, wanted)
            metrics.stop()
            run = orgpulse.collect(kubeconfig)
            found += [f"with a dead metrics API: {fault}" for fault in faults_of(run, wanted, {"usage": "unreachable"})]
        found += gpu_faults(server, orgpulse, kubeconfig, cluster)
        found += killed_midway(server, orgpulse, account, folder, expected.gauges(cluster))
    if not found:
        print(
            f"kubernetes ok: {len(cluster.pods)} pods, {sum(map(len, wanted.values()))} gauges, "
            f"{whole.collector['api_requests']} requests, {whole.seconds:.1f} s, {whole.mebibytes:.0f} MiB; "
            f"written after {seeded:.0f} s, all in {time.monotonic() - began:.0f} s"
        )
    return found


def request_faults(run, asked, account, cluster):
    """What the server's own log says that it was asked: lists in pages, by this account, and each counted."""
    found = [f"{one.path} was asked by {one.user}" for one in asked if one.user != account.user]
    found += [f"{one.path} answered {one.code}" for one in asked if one.code != 200]
    found += [f"{one.path} asks for pages of another size" for one in asked if one.query.get("limit") != str(PAGE)]
    pages = {"list pods": cluster.pods, "list nodes": cluster.nodes, "list deployments.apps": cluster.deployments}
    wanted = {right: -(-len(things) // PAGE) for right, things in pages.items()} | {"list pods.metrics.k8s.io": 1}
    told = {right: sum(one.right == right for one in asked) for right in {one.right for one in asked}}
    if told != wanted:
        found.append(f"the server was asked {told}, expected {wanted}")
    if run.collector["api_requests"] != len(asked):
        found.append(f"api_requests says {run.collector['api_requests']}, the server's log has {len(asked)}")
    return found


def namespace_faults(options, server, orgpulse, account, cluster):
    """Some namespaces only, as the account and the roles that the chart renders for them."""
    # A role needs its namespace to exist; orgpulse does not.
    server.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in SOME_NAMESPACES])
    account.take_roles()
    narrow = accounts.Account(server, accounts.rendered(options.chart, options.helm, SOME_NAMESPACES))
    kubeconfig = server.kubeconfig(orgpulse.folder / "narrow", narrow.token)
    wanted = expected.gauges(cluster, SOME_NAMESPACES)
    these = {"K8S_NAMESPACES": ",".join(SOME_NAMESPACES)}
    found = faults_of(orgpulse.collect(kubeconfig, **these), wanted, absent=["gpu"])
    # Of the many roles the cluster's own and one namespace's: one that cannot be read leaves no sum of the others.
    rights = [*narrow.rights()]
    for index, right, rule in [one for one in rights if one[0] in (rights[0][0], rights[-1][0])]:
        failed = dict.fromkeys(accounts.NEEDED_BY.get(right, set()) - {"gpu"}, "forbidden")
        with narrow.without(index, rule):
            run = orgpulse.collect(kubeconfig, **these)
        found += [f"without {right}: {fault}" for fault in faults_of(run, wanted, failed, absent=["gpu"])]
    refused = dict.fromkeys(("pods", "deployments", "usage", "gpu"), "forbidden")
    faults = faults_of(orgpulse.collect(kubeconfig), expected.gauges(cluster), refused)
    found += [f"all of them asked for: {fault}" for fault in faults]
    narrow.take_roles()
    server.apply(account.objects)
    return [f"with namespaces: {fault}" for fault in found]


def right_faults(server, orgpulse, account, kubeconfig, wanted):
    """Each right taken in turn breaks exactly what needs it; a right that breaks nothing is one too many."""
    found = []
    rights = [*account.rights()]
    given = sorted(right for _, right, _ in rights)
    if given != sorted(accounts.NEEDED_BY):
        found.append(f"the chart gives the rights {given}, needed are {sorted(accounts.NEEDED_BY)}")
    for index, right, rule in rights:
        with account.without(index, rule):
            run = orgpulse.collect(kubeconfig)
            code, told = orgpulse.doctor(kubeconfig)
        failed = dict.fromkeys(accounts.NEEDED_BY.get(right, ()), "forbidden")
        found += [f"without {right}: {fault}" for fault in faults_of(run, wanted, failed)]
        resource = right.split()[1].partition(".")[0]
        if code == 0 or "forbidden" not in told or resource not in told:
            found.append(f"without {right}: doctor ends with code {code} and does not tell of it: {told[-1500:]}")
    first = len(server.audit())
    _, told = orgpulse.doctor(kubeconfig)
    asked = server.audit()[first:]
    # Nothing is set for Datadog, of which it tells as well.
    failed = [line for line in told.splitlines() if line.startswith("FAIL") and "datadog" not in line]
    if failed or told.count("allowed at") != len(given):
        found.append(f"with all rights doctor says {told[-2500:]}")
    if sorted(one.right for one in asked) != given or any(one.query.get("limit") != "1" for one in asked):
        found.append(f"doctor does not try each right with the least of lists: {[one.path for one in asked]}")
    return found


def gpu_faults(server, orgpulse, kubeconfig, cluster):
    """Nodes without any GPU: the share of them has no value."""
    for node in cluster.nodes:
        if node.gpus:
            body = {"status": {"capacity": {clusters.GPU: None}, "allocatable": {clusters.GPU: None}}}
            server.admin.patch(f"/api/v1/nodes/{node.name}/status", body)
    run = orgpulse.collect(kubeconfig)
    return [
        f"without a node with GPUs: {fault}"
        for fault in faults_of(run, expected.gauges(cluster), absent=["usage", "gpu"])
    ]


def measured(options, folder):
    """The figures of one run with many pods, and what is wrong with its values: figures of a wrong run mean nothing."""
    now = int(time.time()) + AHEAD
    some = clusters.describe(now, pods=1000)
    orgpulse = Orgpulse(options.orgpulse.resolve(), folder, now)
    with Server(options.binaries, folder / "server") as server:
        seed.prepare(server)
        seed.write(server, some)
        cluster = seed.multiply(server, some, MEASURED_PODS)
        account = accounts.Account(server, accounts.rendered(options.chart, options.helm))
        kubeconfig = server.kubeconfig(folder / "kubeconfig", account.token)
        with MetricsApi(server, folder, cluster):
            run = orgpulse.collect(kubeconfig)
    collector = run.collector
    figures = {
        "seconds": collector["duration_seconds"],
        "requests": collector["api_requests"],
        "mebibytes": run.mebibytes,
    }
    options.measure.write_text(json.dumps(figures))
    return faults_of(run, expected.gauges(cluster))


if __name__ == "__main__":
    sys.exit(main())
