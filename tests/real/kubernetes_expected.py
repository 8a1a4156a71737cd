"""What a cluster must be reported as, counted from its description by the words of the metric specification."""

from fractions import Fraction

from kubernetes_cluster import CPU_BY_TEXT
from kubernetes_cluster import MEMORY_BY_TEXT
from kubernetes_cluster import OVERHEAD_CPU
from kubernetes_cluster import OVERHEAD_MEMORY
from kubernetes_cluster import WEEK

PULL_ERRORS = ("ErrImagePull", "ImagePullBackOff", "InvalidImageName")
# What is read together, and fails together.
GROUPS = {
    "pods": ["pods.total", "pods.running", "pods.pending", "pods.failed", "pods.unschedulable", "pods.crash_looping"]
    + ["pods.image_pull_errors", "pods.high_restarts", "restarts_total", "restarts_7d", "oomkilled_7d"],
    "deployments": [f"deployments.{which}" for which in ("total", "available", "unavailable", "zero_replicas")],
    "nodes": ["nodes.ready", "nodes.not_ready"],
    "usage": ["pods.idle_count", "resources.overallocated_pods"]
    + ["resources.cpu_request_waste_cores", "resources.memory_request_waste_gb"]
    + ["resources.cpu_efficiency_pct", "resources.memory_efficiency_pct"],
    "gpu": ["resources.gpu_allocation_efficiency_pct"],
}


def gauges(cluster, namespaces=None):
    """Every gauge by its group and its name; one without a value is not there. With `namespaces` of these alone.

    The GPUs of the nodes serve all namespaces: what some of them ask for is no share of that.
    """

    def seen(things):
        return [thing for thing in things if namespaces is None or thing.namespace in namespaces]

    pods, now = seen(cluster.pods), cluster.now
    found = of_pods(pods, now) | of_deployments(seen(cluster.deployments)) | of_nodes(cluster.nodes)
    found |= of_usage(pods) | (of_gpus(pods, cluster.nodes) if namespaces is None else dict.fromkeys(GROUPS["gpu"]))
    return {
        group: {f"k8s.{name}": found[name] for name in names if found[name] is not None} for group, names in GROUPS.items()
    }


def of_pods(pods, now):
    def count(holds):
        return sum(any(holds(one) for one in reported(pod)) for pod in pods)

    statuses = [one for pod in pods for one in reported(pod)]
    return {
        "pods.total": len(pods),
        "pods.running": sum(pod.phase == "Running" for pod in pods),
        "pods.pending": sum(pod.phase == "Pending" for pod in pods),
        "pods.failed": sum(pod.phase == "Failed" for pod in pods),
        "pods.unschedulable": sum(pod.phase == "Pending" and pod.unscheduled == "Unschedulable" for pod in pods),
        "pods.crash_looping": count(lambda one: one.waiting == "CrashLoopBackOff"),
        "pods.image_pull_errors": count(lambda one: one.waiting in PULL_ERRORS),
        "pods.high_restarts": count(lambda one: one.restarts > 5),
        "restarts_total": sum(one.restarts for one in statuses),
        "restarts_7d": sum(restarts_in_week(pod, now) for pod in pods),
        "oomkilled_7d": sum(
            any(end and end.reason == "OOMKilled" and in_week(end.at, now) for end in (one.ended, one.last))
            for one in statuses
        ),
    }


def restarts_in_week(pod, now):
    if pod.started is not None and in_week(pod.started, now):
        return sum(one.restarts for one in reported(pod))
    return sum(one.last is not None and in_week(one.last.at, now) for one in reported(pod))


def of_deployments(deployments):
    available = sum(one.available == "True" for one in deployments)
    return {
        "deployments.total": len(deployments),
        "deployments.available": available,
        "deployments.unavailable": len(deployments) - available,
        "deployments.zero_replicas": sum(one.replicas == 0 for one in deployments),
    }


def of_nodes(nodes):
    ready = sum(node.ready == "True" for node in nodes)
    return {"nodes.ready": ready, "nodes.not_ready": len(nodes) - ready}


def of_usage(pods):
    measured = [pod for pod in pods if pod.phase == "Running" and pod.usage is not None]
    cpu = [(asked_cpu(pod), sum(cpu for (_, cpu), _ in pod.usage)) for pod in measured]
    memory = [(asked_memory(pod), sum(memory for _, (_, memory) in pod.usage)) for pod in measured]
    return {
        "pods.idle_count": sum(c < 10**6 and m < 10 << 20 for (_, c), (_, m) in zip(cpu, memory)),
        "resources.cpu_request_waste_cores": float(Fraction(wasted(cpu), 10**9)),
        "resources.memory_request_waste_gb": float(Fraction(wasted(memory), 1 << 30)),
        "resources.cpu_efficiency_pct": efficiency(cpu),
        "resources.memory_efficiency_pct": efficiency(memory),
        "resources.overallocated_pods": sum(
            any(used * 5 < asked for asked, used in each) for each in zip(cpu, memory)
        ),
    }


def of_gpus(pods, nodes):
    there = sum(node.gpus - node.reserved_gpus for node in nodes if node.ready == "True")
    held = [pod for pod in pods if pod.node and pod.phase not in ("Succeeded", "Failed")]
    asked = sum(map(asked_gpus, held))
    return {"resources.gpu_allocation_efficiency_pct": float(Fraction(100 * asked, there)) if there else None}


def asked_cpu(pod):
    each = [CPU_BY_TEXT.get(one.cpu, 0) for one in pod.containers]
    return CPU_BY_TEXT.get(pod.whole_cpu, of_containers(pod, each)) + (OVERHEAD_CPU[1] if pod.overhead else 0)


def asked_memory(pod):
    each = [MEMORY_BY_TEXT.get(one.memory, 0) for one in pod.containers]
    return MEMORY_BY_TEXT.get(pod.whole_memory, of_containers(pod, each)) + (OVERHEAD_MEMORY[1] if pod.overhead else 0)


def asked_gpus(pod):
    return of_containers(pod, [one.gpu for one in pod.containers])


def of_containers(pod, each):
    """The most that is asked for at a time: by containers and sidecars together, or before, by an init container and the
    sidecars that run by then. kubernetes_witness.py holds it to the server's own count."""
    pairs = [*zip(pod.containers, each)]
    most = sum(asked for one, asked in pairs if one.kind != "init")
    for place, (one, asked) in enumerate(pairs):
        if one.kind == "init":
            most = max(most, asked + sum(before for other, before in pairs[:place] if other.kind == "sidecar"))
    return most


def wasted(pairs):
    return sum(max(0, asked - used) for asked, used in pairs)


def efficiency(pairs):
    asked = sum(asked for asked, _ in pairs)
    return float(Fraction(100 * sum(used for asked, used in pairs if asked), asked)) if asked else None


def in_week(instant, now):
    return now - WEEK < instant <= now


def reported(pod):
    """The containers that have a status."""
    return [] if pod.silent else pod.containers
