"""What the API server itself counts as a pod's request: its quotas say it, by the code that the scheduler uses, too."""

import time
from fractions import Fraction

import kubernetes_cluster as clusters
import kubernetes_expected as expected
from kubernetes_client import Refused
from kubernetes_cluster import Container
from kubernetes_cluster import Pod
from kubernetes_seed import pod_object

NAMESPACE = "witness"
QUOTA = f"/api/v1/namespaces/{NAMESPACE}/resourcequotas/all"
GPUS = f"requests.{clusters.GPU}"
ENOUGH = {"requests.cpu": "100000", "requests.memory": "100000Gi", GPUS: "100000"}
UNITS = {"": 1, "m": Fraction(1, 1000), "k": 1000, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}
PATIENCE = 30


def request_faults(server):
    """The quota's count against ours, pod by pod; none of the pods stays."""
    server.apply([{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}])
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all", "namespace": NAMESPACE}}
    server.apply([quota | {"spec": {"hard": ENOUGH}}])
    # The controller that sums up what there is does not run: we say that there is nothing.
    server.admin.patch(f"{QUOTA}/status", {"status": {"hard": ENOUGH, "used": dict.fromkeys(ENOUGH, "0")}})
    found, counted = [], 0
    before = used(server)
    for number, pod in enumerate(shapes()):
        pod.namespace, pod.name = NAMESPACE, f"pod-{number}"
        after = create(server, pod, before)
        told = [after[name] - before[name] for name in ENOUGH]
        ours = [Fraction(expected.asked_cpu(pod), 10**9), expected.asked_memory(pod), expected.asked_gpus(pod)]
        if told != ours:
            found.append(f"of {pod.containers} the server counts {told}, we {ours}")
        before, counted = after, counted + 1
    server.admin.delete(QUOTA)
    server.admin.delete(f"/api/v1/namespaces/{NAMESPACE}/pods", {"gracePeriodSeconds": 0})
    return found if counted else ["no pod was counted"]


def create(server, pod, before):
    """Creates it, and gives what is used then; again while the server does not know the quota."""
    folder = f"/api/v1/namespaces/{NAMESPACE}/pods"
    end = time.monotonic() + PATIENCE
    while True:
        try:
            server.admin.post(folder, pod_object(pod))
        except Refused as refused:
            if "status unknown for quota" not in str(refused) or time.monotonic() > end:
                raise
        else:
            after = used(server)
            # Every one of them asks for something.
            if after != before:
                return after
            server.admin.delete(f"{folder}/{pod.name}", {"gracePeriodSeconds": 0})
            if time.monotonic() > end:
                raise RuntimeError(f"the quota does not count {pod}")
        time.sleep(0.05)


def used(server):
    status = server.admin.get(QUOTA)["status"]["used"]
    return {name: number(status[name]) for name in ENOUGH}


def number(text):
    digits = text.rstrip("mkMGKi")
    return Fraction(digits) * UNITS[text[len(digits) :]]


def shapes():
    """Pods in each way that requests add up. A quota wants every container to ask for CPU and memory."""

    def of(*containers, **given):
        return Pod("Pending", list(containers), **given)

    main, small = Container("500m", "0.5Gi"), Container("100m", "128Mi")
    large, larger = Container("1", "1Gi", 2, kind="init"), Container("2", "129M", kind="init")
    sidecar = Container("0.25", "262144Ki", 1, kind="sidecar")
    yield of(main)
    yield of(main, small)
    yield of(Container("1500m", "1500k", 4, only_limits=True), small)
    yield of(large, main, small)
    yield of(large, larger, main)
    yield of(Container("100m", "128Mi", kind="init"), main, main)
    yield of(sidecar, main)
    # The sidecar runs beside what is started after it, and not beside what ended before.
    yield of(sidecar, large, main)
    yield of(large, sidecar, main)
    yield of(large, sidecar, larger, sidecar, main)
    yield of(sidecar, larger, main, overhead=True)
    yield of(main, whole_cpu="2", whole_memory="1Gi")
    yield of(large, sidecar, main, whole_cpu="2", whole_memory="1Gi", overhead=True)
