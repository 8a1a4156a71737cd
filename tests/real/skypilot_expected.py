"""What a workload must be reported as, counted from its description by the words of the metric specification."""

import math

DAY = 86400
QUEUED = ("PENDING", "SUBMITTED", "STARTING")
RUNNING = ("RUNNING", "RECOVERING")
# Counts of what is going on: 0 when there is no controller, which means that nothing is.
LIVE = (
    ["skypilot.jobs.queued", "skypilot.jobs.running", "skypilot.jobs.recovering", "skypilot.jobs.with_recoveries"]
    + [f"skypilot.jobs.runtime_buckets.{bucket}" for bucket in ("0_1h", "1_4h", "4_24h", "over_24h")]
    + [f"skypilot.resources.gpus.{kind}_count" for kind in ("l4", "a10g", "h100", "total")]
    + ["skypilot.resources.spot_jobs", "skypilot.resources.ondemand_jobs", "skypilot.users.active_count"]
    + [f"skypilot.regions.{region}" for region in ("us_east_1", "us_west_2", "other")]
)


def gauges(workload, at):
    """Every gauge by name, if the server computed durations at the instant `at`; what has no value is left out."""
    jobs, now = workload.jobs, workload.now
    by_status = [(status_of(job), job) for job in jobs]
    running = [job for status, job in by_status if status in RUNNING]
    failed = [job for status, job in by_status if status.startswith("FAILED")]
    found = {
        "skypilot.jobs.queued": sum(status in QUEUED for status, _ in by_status),
        "skypilot.jobs.running": len(running),
        "skypilot.jobs.failed": len(failed),
        "skypilot.jobs.failed_7d": sum(now - 7 * DAY < end_of(job) <= now for job in failed),
        "skypilot.jobs.succeeded": sum(status == "SUCCEEDED" for status, _ in by_status),
        "skypilot.jobs.cancelled": sum(status in ("CANCELLED", "CANCELLING") for status, _ in by_status),
        "skypilot.jobs.recovering": sum(status == "RECOVERING" for status, _ in by_status),
        "skypilot.users.active_count": len({job.user for status, job in by_status if job.user and not is_end(status)}),
    }

    durations = sorted(sum(duration(task, now, at) for task in job.tasks) for job in running)
    if durations:
        found["skypilot.jobs.runtime_seconds.min"] = durations[0]
        found["skypilot.jobs.runtime_seconds.max"] = durations[-1]
        found["skypilot.jobs.runtime_seconds.avg"] = math.fsum(durations) / len(durations)
        for percent in (50, 90, 99):
            found[f"skypilot.jobs.runtime_seconds.p{percent}"] = percentile(durations, percent)
    for name, low, high in (("0_1h", 0, 1), ("1_4h", 1, 4), ("4_24h", 4, 24), ("over_24h", 24, math.inf)):
        found[f"skypilot.jobs.runtime_buckets.{name}"] = sum(low * 3600 <= one < high * 3600 for one in durations)

    on_workers = [job for job in running if job.worker and job.live]
    alone = [job for job in running if job not in on_workers]
    held = [(task.gpu, task.gpu_count * task.nodes) for job in alone for task in going_on(job) if task.gpu]
    # Several jobs may share a worker; each worker is one machine.
    held += {job.worker.name: (job.worker.gpu, job.worker.gpu_count) for job in on_workers}.values()
    held = [(gpu, count) for gpu, count in held if not gpu.startswith(("tpu", "Trainium", "Inferentia"))]
    for name, kind in (("l4", "L4"), ("a10g", "A10G"), ("h100", "H100")):
        # H100-80GB is an H100, L40S and H200 are neither.
        found[f"skypilot.resources.gpus.{name}_count"] = math.fsum(n for gpu, n in held if gpu.split("-")[0] == kind)
    found["skypilot.resources.gpus.total_count"] = math.fsum(count for _, count in held)

    spot = [job for job in running if any(task.spot for task in going_on(job))]
    found["skypilot.resources.spot_jobs"] = len(spot)
    found["skypilot.resources.ondemand_jobs"] = len(running) - len(spot)

    recoveries = [count for count in (sum(task.recoveries for task in job.tasks) for job in running) if count > 0]
    found["skypilot.jobs.with_recoveries"] = len(recoveries)
    if recoveries:
        found["skypilot.jobs.recovery_count.avg"] = sum(recoveries) / len(recoveries)
        found["skypilot.jobs.recovery_count.max"] = max(recoveries)

    regions = [job.region for job in running if job.region]
    found["skypilot.regions.us_east_1"] = regions.count("us-east-1")
    found["skypilot.regions.us_west_2"] = regions.count("us-west-2")
    found["skypilot.regions.other"] = sum(region not in ("us-east-1", "us-west-2") for region in regions)

    first = [job.tasks[0] for job in jobs]
    begun = [task for task in first if task.started_at is not None and now - DAY < task.started_at <= now]
    waits = sorted(task.started_at - task.submitted_at for task in begun)
    if waits:
        found["skypilot.jobs.queue_wait_seconds.p90"] = percentile(waits, 90)
    return found | of_clusters(workload.clusters)


def without_controller(workload):
    """The gauges of a server whose jobs controller is down: nothing goes on, and the history cannot be read."""
    return dict.fromkeys(LIVE, 0) | of_clusters(workload.clusters)


def of_clusters(clusters):
    # The machines of managed jobs are no clusters of their own: the server lists them to nobody.
    up = [cluster for cluster in clusters if cluster.status == "UP"]
    return {
        "skypilot.clusters.active": len(up),
        "skypilot.clusters.without_autostop": sum(cluster.autostop < 0 for cluster in up),
    }


def status_of(job):
    return next((task.status for task in job.tasks if task.status != "SUCCEEDED"), "SUCCEEDED")


def is_end(status):
    return status in ("SUCCEEDED", "CANCELLED") or status.startswith("FAILED")


def end_of(job):
    return max((task.ended_at for task in job.tasks if task.ended_at is not None), default=-math.inf)


def going_on(job):
    return [task for task in job.tasks if task.status in RUNNING]


def duration(task, now, at):
    """Only a task that runs grows older between `now` and the server's reply."""
    grows = task.started_at is not None and task.ended_at is None and task.status != "RECOVERING"
    return task.runtime + (at - now if grows else 0)


def percentile(ordered, percent):
    """By linear interpolation between closest ranks."""
    rank = percent / 100 * (len(ordered) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
