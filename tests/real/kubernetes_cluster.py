"""A made-up cluster, described in plain numbers: what is written to the API server, and what the gauges are counted from.

CPU is counted in billionths of a core, memory in bytes, as a text and as a number: nothing here parses a quantity.
"""

import dataclasses
import random

DAY = 86400
WEEK = 7 * DAY
NAMESPACES = 40
GPU = "nvidia.com/gpu"

# As people write them; the server keeps them in a form of its own.
CPU = [("100m", 10**8), ("0.25", 25 * 10**7), ("500m", 5 * 10**8), ("1", 10**9), ("2", 2 * 10**9), ("1500m", 15 * 10**8)]
MEMORY = [
    ("128Mi", 128 << 20), ("1Gi", 1 << 30), ("0.5Gi", 1 << 29), ("129M", 129 * 10**6), ("134217728", 1 << 27),
    ("2e8", 2 * 10**8), ("262144Ki", 1 << 28), ("1500k", 1500000), ("100000000000m", 10**8),
]  # fmt: skip
CPU_BY_TEXT, MEMORY_BY_TEXT = dict(CPU), dict(MEMORY)


@dataclasses.dataclass
class Ended:
    """A termination: why, and when."""

    reason: str
    at: int


@dataclasses.dataclass
class Container:
    cpu: str = None
    memory: str = None
    gpu: int = 0
    # Requests come from the limits, as the API server fills them in.
    only_limits: bool = False
    # "main", "init" or "sidecar", which is an init container that is kept running.
    kind: str = "main"
    restarts: int = 0
    waiting: str = None
    ended: Ended = None
    last: Ended = None


@dataclasses.dataclass
class Pod:
    phase: str
    containers: list
    started: int = None
    node: str = None
    # Reason of the condition PodScheduled=False.
    unscheduled: str = None
    # The pod's own cost, from a RuntimeClass: CPU 250m, memory 120Mi.
    overhead: bool = False
    # What the pod asks for as a whole, instead of the sum of its containers.
    whole_cpu: str = None
    whole_memory: str = None
    # Texts and numbers of CPU and memory, one pair for each container; None without.
    usage: list = None
    # The kubelet has not reported yet, or never will: no container has a status.
    silent: bool = False
    deleting: bool = False
    namespace: str = None
    name: str = None


@dataclasses.dataclass
class Deployment:
    # None: left to the server, which takes 1.
    replicas: int
    # The condition Available; None without.
    available: str
    namespace: str = None
    name: str = None


@dataclasses.dataclass
class Node:
    name: str
    # The condition Ready; None without.
    ready: str
    gpus: int = 0
    # GPUs of the machine that are not for pods.
    reserved_gpus: int = 0


@dataclasses.dataclass
class Cluster:
    now: int
    pods: list
    deployments: list
    nodes: list


OVERHEAD_CPU, OVERHEAD_MEMORY = ("250m", 25 * 10**7), ("120Mi", 120 << 20)


def usage(*pairs):
    """Pairs of billionths of a core and KiB, as metrics-server writes them."""
    return [((f"{cpu}n", cpu), (f"{memory}Ki", memory << 10)) for cpu, memory in pairs]


def describe(now, pods=3000, deployments=620, nodes=520, seed=7):
    """The same cluster for the same arguments, apart from the instants, which hang on `now`."""
    draw = random.Random(seed)
    kinds = list(kinds_of_pods(now))
    found = []
    for index in range(pods):
        # Every kind comes up, the odd ones less often than plain pods.
        make = kinds[index] if index < len(kinds) else plain if draw.random() < 0.55 else draw.choice(kinds)
        pod = make(draw, now)
        # The same names in every namespace: a reader that forgets the namespace mixes them up.
        pod.namespace, pod.name = f"team-{index % NAMESPACES}", f"pod-{index // NAMESPACES}"
        found.append(pod)
    return Cluster(now, found, [deployment(index) for index in range(deployments)], [node(index) for index in range(nodes)])


def deployment(index):
    replicas = (3, None, 0, 1, 25)[index % 5]
    # Nothing wanted and all there is Available=True, too; a new deployment has no condition yet.
    available = "True" if replicas == 0 else ("True", "False", "True", None, "Unknown", "True", "False")[index % 7]
    return Deployment(replicas, available, f"team-{index % NAMESPACES}", f"deployment-{index // NAMESPACES}")


def node(index):
    ready = {3: "False", 5: "Unknown", 7: None}.get(index % 20, "True")
    gpus = 8 if index % 9 == 0 else 0
    return Node(f"node-{index}", ready, gpus, 1 if index % 27 == 0 else 0)


def somewhere(draw):
    return f"node-{draw.randrange(500)}"


def plain(draw, now):
    """One or two containers that use part of what they ask for, or more."""
    containers = [Container(draw.choice(CPU)[0], draw.choice(MEMORY)[0]) for _ in range(draw.choice((1, 1, 2)))]
    used = usage(*((draw.randrange(2 * 10**6, 2 * 10**9), draw.randrange(12 << 10, 600 << 10)) for _ in containers))
    return Pod("Running", containers, now - draw.randrange(60, 60 * DAY), somewhere(draw), usage=used)


def kinds_of_pods(now):
    yield plain
    yield from of_resources()
    yield from of_trouble()
    yield from of_restarts(now)
    yield from of_gpus()
    yield from of_phases()


def running(**given):
    """A kind of running pod: `given` but for the place and the start, where it does not say them."""
    return lambda draw, now: Pod("Running", **{"started": now - 3600, "node": somewhere(draw)} | given)


def of_resources():
    def of(cpu, memory, used, **given):
        return running(containers=[Container(cpu, memory)], usage=used, **given)

    # Idle, and both sides of the two thresholds, 1m and 10Mi.
    yield of(None, None, usage((0, 0)))
    yield of("500m", "128Mi", usage((999_999, (10 << 10) - 1)))
    yield of("100m", "128Mi", usage((1_000_000, 5)))
    yield of("100m", "128Mi", usage((5, 10 << 10)))
    # Overallocated: both sides of a fifth of the CPU, then of the memory.
    yield of("100m", "128Mi", usage((19_999_999, 100 << 10)))
    yield of("100m", "1Gi", [(("20m", 20 * 10**6), ("1Gi", 1 << 30))])
    yield of("500m", "1500k", [(("500m", 5 * 10**8), ("299999", 299_999))])
    yield of("500m", "1500k", [(("0.5", 5 * 10**8), ("300k", 300_000))])
    # More than asked for, nothing asked for, one of the two asked for.
    yield of("100m", "128Mi", [(("3", 3 * 10**9), ("2Gi", 2 << 30))])
    yield of(None, None, [(("1500000u", 15 * 10**8), ("3e8", 3 * 10**8))])
    yield of("2", None, usage((10**9, 400 << 10)))
    yield of(None, "1Gi", usage((10**9, 400 << 10)))
    # Not measured yet.
    yield of("2", "1Gi", None)
    # Requests that the server takes from the limits.
    yield running(containers=[Container("1", "1Gi", only_limits=True)], usage=usage((10**8, 300 << 10)))
    # The init container asks for more than the others together; then the others for more than it.
    for init, main in (("2", "100m"), ("100m", "500m")):
        asked = [Container(init, "1Gi", kind="init"), Container(main, "128Mi"), Container(main, "0.5Gi")]
        yield running(containers=asked, usage=usage((10**8, 90 << 10), (10**8, 90 << 10)))
    # A sidecar counts beside the containers, the larger of the ordinary init containers does not.
    asked = [Container("1", "128Mi", kind="init"), Container("500m", "1Gi", kind="sidecar"), Container("1", "128Mi")]
    yield running(containers=asked, usage=usage((2 * 10**8, 80 << 10), (5 * 10**8, 100 << 10)))
    # It counts where it ends after the sidecar has begun: both are there then.
    asked = [Container("500m", "1Gi", kind="sidecar"), Container("2", "128Mi", kind="init"), Container("1", "128Mi")]
    yield running(containers=asked, usage=usage((2 * 10**8, 80 << 10), (5 * 10**8, 100 << 10)))
    asked = [Container("100m", "128Mi"), Container("500m", "128Mi")]
    yield running(
        containers=asked, whole_cpu="2", whole_memory="1Gi", usage=usage((2 * 10**8, 80 << 10), (5 * 10**8, 100 << 10))
    )
    yield running(containers=[Container("500m", "128Mi")], overhead=True, usage=usage((10**8, 100 << 10)))
    # Phases that are not running, though there is usage: it was measured a moment ago.
    for phase in ("Succeeded", "Failed", "Pending"):
        yield lambda draw, now, phase=phase: Pod(
            phase, [Container("2", "1Gi")], now - DAY, somewhere(draw), usage=usage((5, 5))
        )


def of_trouble():
    def waiting(phase, *reasons, kind="main", restarts=0, last=None):
        def make(draw, now):
            # Restarts give a last termination, an hour ago.
            ended = Ended(last, now - 3600) if last else None
            containers = [Container("100m", "128Mi")] if kind != "main" else []
            containers += [
                Container("100m", "128Mi", kind=kind, waiting=reason, restarts=restarts, last=ended) for reason in reasons
            ]
            return Pod(phase, containers, now - draw.choice((2, 20)) * DAY, somewhere(draw))

        return make

    yield waiting("Running", "CrashLoopBackOff", restarts=12, last="Error")
    yield waiting("Running", "CrashLoopBackOff", "CrashLoopBackOff", restarts=4, last="OOMKilled")
    yield waiting("Pending", "CrashLoopBackOff", kind="init", restarts=7, last="Error")
    yield waiting("Pending", "CrashLoopBackOff", kind="sidecar", restarts=2, last="Completed")
    yield waiting("Running", "CrashLoopBackOff", "ImagePullBackOff", restarts=1, last="Error")
    for reason in ("ErrImagePull", "ImagePullBackOff", "InvalidImageName"):
        yield waiting("Pending", reason)
        yield waiting("Pending", reason, kind="init")
    yield waiting("Pending", "ErrImagePull", "ImagePullBackOff")
    # Neither a crash loop nor the pull of an image.
    for reason in ("ContainerCreating", "CreateContainerConfigError", "RunContainerError", "PodInitializing"):
        yield waiting("Pending", reason)


def of_restarts(now):
    def of(*containers, started=now - 20 * DAY):
        return lambda draw, now: Pod("Running", list(containers), started, somewhere(draw))

    second = 1
    # Five times is not high, and neither is three times twice; six times is.
    yield of(Container(restarts=5, last=Ended("Error", now - 8 * DAY)), started=now - 2 * DAY)
    yield of(Container(restarts=3, last=Ended("Error", now)), Container(restarts=3, last=Ended("Error", now - 60)))
    yield of(Container(restarts=6, last=Ended("Error", now - 30 * DAY)))
    yield of(Container(restarts=9, kind="init", last=Ended("Error", now - DAY)), Container())
    yield of(Container(restarts=8, kind="sidecar", last=Ended("Error", now - DAY)), Container(), started=now - DAY)
    # Both sides of the week, for the start of the pod and for the last termination.
    for edge in (now - WEEK, now - WEEK + second):
        yield of(Container(restarts=4, last=Ended("Error", now - 30 * DAY)), started=edge)
        yield of(Container(restarts=4, last=Ended("Error", edge)))
        yield of(Container(restarts=1, last=Ended("OOMKilled", edge)))
        yield of(Container(ended=Ended("OOMKilled", edge)))
    # Out of memory twice is one container; one that ended long ago and again today is one, too.
    yield of(Container(restarts=1, ended=Ended("OOMKilled", now - 60), last=Ended("OOMKilled", now - DAY)))
    yield of(Container(restarts=1, ended=Ended("OOMKilled", now - 60), last=Ended("Error", now - 20 * DAY)))
    yield of(Container(restarts=1, ended=Ended("Error", now - 60), last=Ended("OOMKilled", now - 9 * DAY)))
    yield of(Container(restarts=1, last=Ended("OOMKilled", now)), Container(restarts=1, last=Ended("OOMKilled", now - DAY)))
    yield of(Container(restarts=2, kind="init", last=Ended("OOMKilled", now - DAY)), Container())


def of_gpus():
    def of(phase, *containers, placed=True):
        def make(draw, now):
            node = somewhere(draw) if placed else None
            return Pod(phase, list(containers), now - DAY if placed else None, node, None if placed else "Unschedulable")

        return make

    for count in (1, 2, 8, 8):
        yield of("Running", Container("2", "1Gi", count))
    yield of("Running", Container("2", "1Gi", 1), Container("2", "1Gi", 2, only_limits=True))
    # The init container holds four while it runs: the scheduler keeps them for the pod.
    yield of("Running", Container(gpu=4, kind="init"), Container(gpu=1))
    yield of("Pending", Container(gpu=2, waiting="ContainerCreating"))
    # Neither of these holds any: not placed, or done.
    yield of("Pending", Container(gpu=4), placed=False)
    yield of("Succeeded", Container(gpu=8, ended=Ended("Completed", 1_700_000_000)))
    yield of("Failed", Container(gpu=8, ended=Ended("Error", 1_700_000_000)))


def of_phases():
    def of(phase, container, **given):
        return lambda draw, now: Pod(phase, [dataclasses.replace(container)], **{"started": now - 2 * DAY} | given)

    yield of("Pending", Container("2", "1Gi"), started=None, unscheduled="Unschedulable", silent=True)
    yield of("Pending", Container("2", "1Gi"), started=None, unscheduled="SchedulingGated", silent=True)
    # It was placed since, and the condition has not been taken back.
    yield of("Running", Container("2", "1Gi"), node="node-1", unscheduled="Unschedulable")
    yield of("Pending", Container(), started=None, silent=True)
    yield of("Succeeded", Container(restarts=2, last=Ended("Error", 1_700_000_000)), node="node-2")
    yield of("Failed", Container("100m"), node="node-3", silent=True)
    yield of("Failed", Container(restarts=1, ended=Ended("Error", 1_700_000_500), last=Ended("Error", 1_700_000_000)))
    yield of("Unknown", Container("100m"), node="node-4")
    # Being deleted: there until it is gone.
    yield of("Running", Container("100m", "128Mi"), node="node-5", deleting=True, usage=usage((10**6, 11 << 10)))
    yield of("Pending", Container("100m", "128Mi", waiting="ImagePullBackOff"), node="node-5", deleting=True)
