"""Whether the test would find what it looks for: a cluster counted by hand, and each kind of difference."""

import kubernetes_cluster as clusters
import kubernetes_expected as expected
from kubernetes_cluster import DAY
from kubernetes_cluster import Container
from kubernetes_cluster import Deployment
from kubernetes_cluster import Ended
from kubernetes_cluster import Node
from kubernetes_cluster import Pod
from kubernetes_cluster import usage
from kubernetes_run import TAG
from kubernetes_run import compare

NOW = 1_800_000_000


def self_test():
    told = {name: value for group in expected.gauges(by_hand()).values() for name, value in group.items()}
    wanted = {f"k8s.{name}": value for name, value in COUNTED.items()}
    gauges = [{"name": name, "value": value, "tags": TAGS} for name, value in wanted.items()]
    found = [f"self-test: {fault}" for fault in compare(gauges, told)]
    name = gauges[0]["name"]
    for what, changed, word in (
        ("another value", [gauges[0] | {"value": gauges[0]["value"] + 1}, *gauges[1:]], "should be"),
        ("nearly the value", [gauges[0] | {"value": gauges[0]["value"] * (1 + 1e-6)}, *gauges[1:]], "should be"),
        ("a gauge left out", gauges[1:], "is missing"),
        ("a gauge too many", [*gauges, {"name": "k8s.x", "value": 0, "tags": TAGS}], "no value"),
        ("a gauge twice", [*gauges, gauges[0]], "twice"),
        ("no tag", [gauges[0] | {"tags": ["source:kubernetes"]}, *gauges[1:]], "tags"),
    ):
        faults = compare(changed, told)
        if len(faults) != 1 or word not in faults[0] or name not in faults[0] and "k8s.x" not in faults[0]:
            found.append(f"self-test: {what}: found {faults}")
    # A cluster that leaves a gauge at 0 would not show whether it is counted at all.
    whole = expected.gauges(clusters.describe(NOW))
    for group, names in expected.GROUPS.items():
        found += [f"self-test: nothing makes {name} differ from 0" for name in names if not whole[group].get(f"k8s.{name}")]
    if not found:
        print("kubernetes self-test ok")
    return found


TAGS = ["source:kubernetes", f"cluster:{TAG}"]
COUNTED = {
    "pods.total": 7, "pods.running": 4, "pods.pending": 2, "pods.failed": 1, "pods.unschedulable": 1,
    "pods.crash_looping": 1, "pods.image_pull_errors": 1, "pods.high_restarts": 1,
    # 6 + 2 of the crash loop, 3 of the old pod.
    "restarts_total": 11,
    # All of the young pod; of the old one that which ended a second inside of the week.
    "restarts_7d": 9, "oomkilled_7d": 3,
    "deployments.total": 3, "deployments.available": 2, "deployments.unavailable": 1, "deployments.zero_replicas": 1,
    "nodes.ready": 2, "nodes.not_ready": 1,
    "pods.idle_count": 1,
    # Asked: 2 cores at the start beats 100m + 500m, and 250m on top; 1 core. Used: 250m; 2 cores.
    "resources.cpu_request_waste_cores": 2.0, "resources.cpu_efficiency_pct": 100 * 2.25 / 3.25,
    # Asked: 128 MiB + 1 GiB beats 128 MiB at the start, and 120 MiB on top; 512 MiB. Used: 632 MiB; 128 MiB. The idle pod
    # asks for nothing.
    "resources.memory_request_waste_gb": 1.0, "resources.memory_efficiency_pct": 100 * 760 / 1784,
    "resources.overallocated_pods": 1,
    # 4 at the start beat 1; 2 are asked for by a pod that waits for its image; 7 of 8 are for pods, and 8.
    "resources.gpu_allocation_efficiency_pct": 40.0,
}  # fmt: skip


def by_hand():
    edge = NOW - 7 * DAY
    pods = [
        Pod(
            "Running",
            [
                Container("2", "128Mi", kind="init"),
                Container("100m", "128Mi", kind="sidecar"),
                Container("500m", "1Gi"),
            ],
            NOW - 30 * DAY,
            "a",
            overhead=True,
            usage=usage((250 * 10**6, 0), (0, 632 << 10)),
        ),
        Pod(
            "Running",
            [
                Container("1", "0.5Gi", restarts=6, waiting="CrashLoopBackOff", last=Ended("OOMKilled", NOW)),
                Container(restarts=2, kind="init", last=Ended("Error", edge)),
            ],
            edge + 1,
            "a",
            usage=usage((2 * 10**9, 128 << 10)),
        ),
        Pod(
            "Running",
            [
                Container(restarts=1, last=Ended("OOMKilled", edge + 1), ended=Ended("Error", NOW)),
                Container(restarts=2, last=Ended("OOMKilled", edge)),
            ],
            edge,
            "b",
            usage=usage((999_999, 1)),
        ),
        # Not measured.
        Pod("Running", [Container(gpu=4, kind="init"), Container(gpu=1, ended=Ended("OOMKilled", NOW - DAY))], NOW, "a"),
        Pod("Pending", [Container(gpu=2, waiting="ErrImagePull"), Container(waiting="ImagePullBackOff")], NOW, "c"),
        Pod("Pending", [Container("2", "1Gi", 8)], None, None, unscheduled="Unschedulable", silent=True),
        Pod("Failed", [Container("2", "1Gi", 8)], NOW, "a", unscheduled="Unschedulable", usage=usage((0, 0))),
    ]
    deployments = [Deployment(0, "True"), Deployment(None, "False"), Deployment(5, "True")]
    return clusters.Cluster(NOW, pods, deployments, [Node("a", "True", 8, 1), Node("b", "True", 8), Node("c", None, 8)])
