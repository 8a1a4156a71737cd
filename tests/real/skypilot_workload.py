"""Managed jobs and clusters as plain descriptions; skypilot_seed.py writes them, skypilot_expected.py counts them.

The description says what is true at one instant, `now`, in whole seconds; it knows nothing of tables or replies.
"""

import dataclasses
import random

HOUR = 3600
DAY = 24 * HOUR

ENDED = ("SUCCEEDED", "CANCELLED", "FAILED", "FAILED_SETUP", "FAILED_PRECHECKS", "FAILED_NO_RESOURCE", "FAILED_CONTROLLER")
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "ap-northeast-1")
# Name, count for a node. Fractions are what a slice of a GPU is asked for as.
GPUS = (("L4", 1), ("L4", 4), ("L40S", 8), ("A10G", 1), ("A10G", 0.5), ("H100", 8), ("H100-80GB", 4), ("H200", 8), (None, 0))


@dataclasses.dataclass
class Task:
    """One row: a job has one, a pipeline several. A time that has not come is None."""

    status: str
    submitted_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    # Time spent running: up to `now` while the task runs, which then grows with the server's clock.
    runtime: float = 0
    recoveries: int = 0
    nodes: int = 1
    gpu: str | None = None
    gpu_count: float = 0
    spot: bool = False


@dataclasses.dataclass
class Worker:
    """A machine of a pool, on which several jobs may run."""

    name: str
    gpu: str
    gpu_count: float


@dataclasses.dataclass
class Job:
    tasks: list
    user: str | None = "11111111"
    # Where its running tasks are.
    region: str | None = None
    zone: str | None = None
    # Whether the server still knows the machines; if not, all that it has is what it wrote beside the job.
    live: bool = True
    worker: Worker | None = None


@dataclasses.dataclass
class Cluster:
    name: str
    status: str
    user: str = "11111111"
    # Minutes; -1 is never.
    autostop: int = -1
    down: bool = False


@dataclasses.dataclass
class Workload:
    now: int
    jobs: list
    clusters: list
    users: tuple = (("11111111", "alice"), ("22222222", "bob"), ("33333333", "carol"), ("44444444", "dave"))


def describe(now, statuses, keeps_place, fractions_live, finished=5000, running=200):
    """The workload of a server that knows `statuses`.

    `keeps_place`: whether that server still says where a job runs when it does not know the machines.
    `fractions_live`: whether it can name machines that were rented with a part of a GPU.
    """
    jobs = [*one_of_each(now, statuses), *pipelines(now), *borders(now), *kinds(now), *pooled(now)]
    chance = random.Random(7)
    jobs += [random_running(now, chance) for _ in range(running)]
    jobs += [random_finished(now, chance) for _ in range(finished)]
    # Ids say nothing about age or status.
    chance.shuffle(jobs)
    for job in jobs:
        if not fractions_live and any(task.gpu_count % 1 for task in job.tasks):
            job.live = False
        if not job.live and not keeps_place:
            job.region = job.zone = None
    clusters = [
        Cluster("plain", "UP"),
        Cluster("idle-stops", "UP", autostop=10),
        Cluster("idle-goes", "UP", autostop=30, down=True),
        Cluster("at-once", "UP", autostop=0),
        Cluster("of-bob", "UP", user="22222222"),
        Cluster("of-carol", "UP", user="33333333", autostop=60),
        Cluster("stopped", "STOPPED"),
        Cluster("begun", "INIT", autostop=5),
    ]
    return Workload(now, jobs, clusters)


def one_of_each(now, statuses):
    """Every status that the server knows, and a user who has nothing but ended jobs."""
    for number, status in enumerate(sorted(statuses)):
        task = Task(status, submitted_at=now - 5 * HOUR, gpu="L4", gpu_count=1, spot=number % 2 == 0)
        if status == "PENDING":
            task.submitted_at = None
        elif status in ("RUNNING", "RECOVERING", "WINDING_DOWN", "CANCELLING"):
            task.started_at, task.runtime = now - 2 * HOUR, 1.5 * HOUR
        elif status in ENDED:
            task.started_at, task.ended_at, task.runtime = now - 4 * HOUR, now - 3 * HOUR, HOUR
        # A job that the server has no owner of is counted with the jobs, and is nobody's.
        for user in ("11111111", None):
            yield Job([dataclasses.replace(task)], user=user, region="us-east-1", zone="us-east-1a")
    # Users are counted by their unfinished jobs: each of these has one, in a state of its own; dave has none.
    yield Job([Task("CANCELLING", now - DAY, now - DAY + 60, None, 5 * HOUR)], user="55555555")
    yield Job([Task("STARTING", now - 60)], user="66666666")
    if "WINDING_DOWN" in statuses:
        yield Job([Task("WINDING_DOWN", now - DAY, now - DAY + 60, None, 5 * HOUR)], user="88888888")
    yield Job([Task("SUCCEEDED", now - DAY, now - DAY + 60, now - HOUR, 9 * HOUR)], user="44444444")


def pipelines(now):
    """Jobs of several tasks: the first that has not succeeded is where the job stands."""

    def done(ago, runtime=HOUR, recoveries=0, **more):
        begun = now - ago - runtime
        return Task("SUCCEEDED", begun - 90, begun, now - ago, runtime, recoveries, **more)

    running = Task("RUNNING", now - 3 * HOUR, now - 2.5 * HOUR, None, 2 * HOUR, 1, 2, "H100", 8, True)
    waiting = Task("PENDING", gpu="L4", gpu_count=4)
    failed = Task("FAILED", now - 4 * DAY, now - 4 * DAY + 50, now - 3 * DAY, 20 * HOUR, gpu="L4", gpu_count=1)
    # Running, behind tasks that held other GPUs and recovered: durations and recoveries add up, GPUs are those of now.
    yield Job([done(4 * HOUR, 3 * HOUR, 2, gpu="A10G", gpu_count=1), running, waiting], region="us-west-2")
    on_demand = dataclasses.replace(running, spot=False, recoveries=0)
    yield Job([done(4 * HOUR, 3 * HOUR, gpu="L4", gpu_count=1, spot=True), on_demand], region="us-east-1", live=False)
    recovering = Task("RECOVERING", now - 8 * HOUR, now - 7 * HOUR, None, 2 * HOUR, 5, 1, "L40S", 2, True)
    yield Job([done(9 * HOUR, 14 * HOUR), recovering, waiting], region="eu-west-1", zone="eu-west-1b")
    # Between two tasks: not running, though the first has run.
    yield Job([done(600), waiting, waiting], user="22222222")
    yield Job([done(600), Task("STARTING", now - 500, gpu="H100", gpu_count=8)], user="22222222")
    # Ended: all tasks succeeded, one failed and the rest was cancelled, cancelled half-way.
    yield Job([done(3 * HOUR), done(2 * HOUR), done(HOUR)])
    yield Job([failed, Task("CANCELLED", None, None, now - 3 * DAY)])
    yield Job([done(5 * DAY), dataclasses.replace(failed), Task("CANCELLED", None, None, now - 3 * DAY)])
    yield Job([done(30 * HOUR), Task("CANCELLED", now - 29 * HOUR, now - 28 * HOUR, now - 27 * HOUR, HOUR)])
    # The job's end is that of its last task: this one ended in the week, its failed task before.
    old = dataclasses.replace(failed, submitted_at=now - 9 * DAY, started_at=now - 9 * DAY, ended_at=now - 8 * DAY)
    yield Job([old, Task("CANCELLED", None, None, now - 6 * DAY)])
    yield Job([dataclasses.replace(old), Task("CANCELLED", None, None, now - 8 * DAY)])
    # Tasks that run side by side: all their GPUs count, the job once.
    beside = dataclasses.replace(running, gpu="A10G", gpu_count=2, nodes=1, recoveries=3)
    yield Job([running, beside], region="us-west-2")
    yield Job([running, dataclasses.replace(beside, status="RECOVERING")], region="us-east-1", live=False)
    yield Job([Task("STARTING", now - 400), beside], region="us-east-1")
    # Queue time is the first task's: here only the second began in the day, then only the first in time.
    late = Task("RUNNING", now - 3 * HOUR, now - 100, None, 90, 0, 1, "A10G", 1)
    yield Job([done(26 * HOUR, DAY), late], region="ap-northeast-1")
    yield Job([Task("SUCCEEDED", now - DAY, now - 20 * HOUR, now - 10 * HOUR, 10 * HOUR), waiting])


def borders(now):
    """Just inside, on, and just outside of windows and buckets; a window holds `now` and not its own beginning."""
    for ended in (now, now - 1, now - 7 * DAY + 1, now - 7 * DAY, now - 7 * DAY - 1, now + 30):
        yield Job([Task("FAILED", ended - 9 * DAY, ended - 9 * DAY + 5, ended, 8 * DAY)])
        yield Job([Task("FAILED_NO_RESOURCE", ended - HOUR, None, ended)])
    for number, started in enumerate((now, now - 1, now - DAY + 1, now - DAY, now - DAY - 1)):
        # Waits far longer than all others, so that one too many or too few moves the percentile.
        for each in range(20):
            submitted = started - (10 + number) * DAY - 1000 * each
            yield Job([Task("CANCELLED", submitted, started, max(started, now - 5), 1)])
    # A recovering task's duration stands still, so it may lie on a border.
    for runtime in (0, HOUR - 1, HOUR, 4 * HOUR - 1, 4 * HOUR, DAY - 1, DAY, DAY + 1):
        yield Job([Task("RECOVERING", now - 3 * DAY, now - 2 * DAY, None, runtime, 1)], region="us-west-2")
    # A running task that has not reported its start counts with 0.
    yield Job([Task("RUNNING", now - 60, None, None, 0)], region="us-west-2")


def kinds(now):
    """What an accelerator may be, on several nodes, spot or not, where the machines are known and where not."""
    for number, (gpu, count) in enumerate((*GPUS, ("tpu-v4-8", 1), ("H100", 0.25), ("L4", 0.1))):
        for spot in (False, True):
            for live in (False, True):
                nodes = 1 + number % 3
                task = Task("RUNNING", now - 40 * HOUR, now - 39 * HOUR, None, 38 * HOUR, 0, nodes, gpu, count, spot)
                region = REGIONS[number % len(REGIONS)]
                # A TPU slice is rented where this test has no machines to rent.
                yield Job([task], "22222222", region, f"{region}a", live and gpu != "tpu-v4-8")


def pooled(now):
    """Jobs that take a part of a pool's worker: the server tells each of them the whole of it."""
    for name, jobs, live in (("shared", 3, True), ("alone", 1, True), ("gone", 2, False)):
        for _ in range(jobs):
            task = Task("RUNNING", now - 3 * HOUR, now - 2.5 * HOUR, None, 2 * HOUR, 0, 1, "H100", 1)
            yield Job([task], "22222222", "us-east-1", "us-east-1a", live, Worker(f"pool-{name}", "H100", 8))


def random_running(now, chance):
    gpu, count = chance.choice(GPUS)
    region = chance.choice((*REGIONS, "us-east-1", "us-west-2"))
    runtime = chance.uniform(60, 40 * HOUR)
    # Off the borders of the buckets: the server's clock goes on between `now` and its reply.
    if any(border - HOUR / 2 < runtime < border for border in (HOUR, 4 * HOUR, DAY)):
        runtime += HOUR / 2
    started = now - runtime - chance.uniform(1, HOUR)
    task = Task(
        chance.choice(("RUNNING", "RUNNING", "RUNNING", "RECOVERING")),
        started - chance.uniform(1, 3000),
        started,
        None,
        runtime,
        chance.choice((0, 0, 0, 1, 2, 9)),
        chance.choice((1, 1, 2, 4)),
        gpu,
        count,
        chance.random() < 0.6,
    )
    return Job([task], chance.choice(("11111111", "22222222", "33333333")), region, None, chance.random() < 0.5)


def random_finished(now, chance):
    ended = now - chance.uniform(60, 60 * DAY)
    runtime = chance.uniform(1, 2 * DAY)
    started = ended - runtime - chance.uniform(0, HOUR)
    gpu, count = chance.choice(GPUS)
    task = Task(
        chance.choice(("SUCCEEDED", "SUCCEEDED", *ENDED)),
        started - chance.uniform(1, 3000),
        started,
        ended,
        runtime,
        chance.choice((0, 0, 1, 3)),
        chance.choice((1, 2)),
        gpu,
        count,
        chance.random() < 0.5,
    )
    region = chance.choice(REGIONS)
    return Job([task], chance.choice(("11111111", "44444444", "77777777")), region, f"{region}b", live=False)
