"""Writes a described cluster to an API server, as its users, its scheduler and its kubelets would."""

import copy
import dataclasses
import datetime
import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from kubernetes_cluster import GPU
from kubernetes_cluster import NAMESPACES
from kubernetes_cluster import OVERHEAD_CPU
from kubernetes_cluster import OVERHEAD_MEMORY

WRITERS = 8
RUNTIME_CLASS = "sandboxed"
# What pods of real clusters carry besides, which a reader has to read past.
LABELS = {f"app.kubernetes.io/{key}": f"the-{key}-of-it" for key in ("name", "instance", "version", "component", "part-of")}
ENVIRONMENT = [{"name": f"SETTING_NUMBER_{number}", "value": f"the value of setting {number}"} for number in range(12)]
MOUNTS = [{"name": name, "mountPath": f"/mnt/{name}", "readOnly": True} for name in ("settings", "scratch", "cache")]
VOLUMES = [{"name": mount["name"], "emptyDir": {}} for mount in MOUNTS]
HEALTHY = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady")


def prepare(server):
    """What must be there before the first pod."""
    server.apply(
        [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{index}"}} for index in range(NAMESPACES)]
        + [
            {
                "apiVersion": "node.k8s.io/v1",
                "kind": "RuntimeClass",
                "metadata": {"name": RUNTIME_CLASS},
                "handler": "sandbox",
                "overhead": {"podFixed": {"cpu": OVERHEAD_CPU[0], "memory": OVERHEAD_MEMORY[0]}},
            }
        ]
    )


def write(server, cluster):
    """Everything of the cluster, by the API alone; statuses through the status subresource."""
    client = server.admin
    with ThreadPoolExecutor(WRITERS) as pool:
        done = [
            *pool.map(lambda pod: write_pod(client, pod), cluster.pods),
            *pool.map(lambda one: write_deployment(client, one), cluster.deployments),
            *pool.map(lambda node: client.post("/api/v1/nodes", node_object(node)), cluster.nodes),
        ]
    return len(done)


def write_pod(client, pod):
    folder = f"/api/v1/namespaces/{pod.namespace}/pods"
    client.post(folder, pod_object(pod))
    # As the server makes them: pending, without a word of any container.
    if not (pod.silent and pod.phase == "Pending" and not pod.unscheduled):
        client.patch(f"{folder}/{pod.name}/status", {"status": pod_status(pod)})
    if pod.deleting:
        client.delete(f"{folder}/{pod.name}", {"gracePeriodSeconds": 3600})


def write_deployment(client, one):
    folder = f"/apis/apps/v1/namespaces/{one.namespace}/deployments"
    labels = {"app": one.name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "example/main:1"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    if one.replicas is not None:
        spec["replicas"] = one.replicas
    client.post(folder, {"metadata": {"name": one.name}, "spec": spec})
    if one.available:
        progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
        available = {"type": "Available", "status": one.available, "reason": "Test"}
        status = {"observedGeneration": 1, "conditions": [progressing, available]}
        client.patch(f"{folder}/{one.name}/status", {"status": status})


def pod_object(pod):
    lists = {"containers": [], "initContainers": []}
    for name, container in named(pod):
        described = {"name": name, "image": "example/main:1", "env": ENVIRONMENT, "volumeMounts": MOUNTS}
        asked = {"cpu": container.cpu, "memory": container.memory}
        asked = {resource: text for resource, text in asked.items() if text is not None}
        gpus = {GPU: str(container.gpu)} if container.gpu else {}
        # The limits of GPUs are their requests; of the others requests alone, where limits do not give them.
        described["resources"] = {"limits": asked | gpus} if container.only_limits else {"requests": asked, "limits": gpus}
        if container.kind == "sidecar":
            described["restartPolicy"] = "Always"
        lists["containers" if container.kind == "main" else "initContainers"].append(described)
    # Every pod has at least one container that is not for its start alone.
    lists["containers"] = lists["containers"] or [{"name": "idle", "image": "example/idle:1"}]
    spec = lists | {"volumes": VOLUMES}
    if pod.node:
        spec["nodeName"] = pod.node
    if pod.whole_cpu:
        spec["resources"] = {"requests": {"cpu": pod.whole_cpu, "memory": pod.whole_memory}}
    if pod.overhead:
        spec["runtimeClassName"] = RUNTIME_CLASS
    return {"metadata": {"name": pod.name, "labels": LABELS}, "spec": spec}


def pod_status(pod):
    status = {"phase": pod.phase}
    if pod.started is not None:
        status["startTime"] = instant(pod.started)
    conditions = [{"type": kind, "status": "True" if pod.phase == "Running" else "False"} for kind in HEALTHY]
    placed = {"type": "PodScheduled", "status": "False", "reason": pod.unscheduled, "message": "0 nodes are available"}
    status["conditions"] = [placed if pod.unscheduled else {"type": "PodScheduled", "status": "True"}, *conditions]
    for name, container in [] if pod.silent else named(pod):
        kind = "containerStatuses" if container.kind == "main" else "initContainerStatuses"
        status.setdefault(kind, []).append(container_status(name, container, pod.started))
    return status


def container_status(name, container, started):
    if container.waiting:
        state = {"waiting": {"reason": container.waiting, "message": "back-off 5m0s"}}
    elif container.ended:
        state = termination(container.ended)
    else:
        state = {"running": {"startedAt": instant(started or 0)}}
    return {
        "name": name,
        "image": "example/main:1",
        "imageID": "example/main@sha256:" + "0" * 64,
        "ready": "running" in state,
        "restartCount": container.restarts,
        "state": state,
        "lastState": termination(container.last) if container.last else {},
    }


def termination(ended):
    # 137 is what the kernel's killer leaves, and what any kill leaves, too.
    code = {"Completed": 0, "OOMKilled": 137, "Error": 137}[ended.reason]
    began = instant(ended.at - 60)
    return {"terminated": {"exitCode": code, "reason": ended.reason, "startedAt": began, "finishedAt": instant(ended.at)}}


def node_object(node):
    conditions = [{"type": kind, "status": "False"} for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")]
    if node.ready is not None:
        conditions.append({"type": "Ready", "status": node.ready, "reason": "Test"})
    capacity = {"cpu": "96", "memory": "768Gi", "pods": "110"}
    allocatable = dict(capacity)
    if node.gpus:
        capacity[GPU], allocatable[GPU] = str(node.gpus), str(node.gpus - node.reserved_gpus)
    status = {"capacity": capacity, "allocatable": allocatable, "conditions": conditions}
    return {"metadata": {"name": node.name, "labels": LABELS}, "status": status}


def named(pod):
    return [(f"container-{index}", container) for index, container in enumerate(pod.containers)]


def instant(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def multiply(server, cluster, wanted):
    """A cluster of `wanted` pods, made of the first one's: as the server gives them out, under other names.

    Written past the API server, which would take a minute for ten thousand.
    """
    listed = server.admin.get("/api/v1/pods")["items"]
    originals = {(item["metadata"]["namespace"], item["metadata"]["name"]): item for item in listed}
    pods, documents = list(cluster.pods), []
    while len(pods) < wanted:
        pod = cluster.pods[len(pods) % len(cluster.pods)]
        twin = dataclasses.replace(pod, name=f"{pod.name}-{len(pods)}", deleting=False)
        document = {"apiVersion": "v1", "kind": "Pod"} | copy.deepcopy(originals[pod.namespace, pod.name])
        # The store itself knows the revision; what is being deleted is not doubled.
        for key in ("resourceVersion", "deletionTimestamp", "deletionGracePeriodSeconds"):
            document["metadata"].pop(key, None)
        document["metadata"] |= {"name": twin.name, "uid": str(uuid.UUID(int=len(pods)))}
        documents.append((f"/registry/pods/{twin.namespace}/{twin.name}", json.dumps(document)))
        pods.append(twin)
    server.store.put(documents)
    return dataclasses.replace(cluster, pods=pods)
