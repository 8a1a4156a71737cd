#!/usr/bin/env python3
"""Writes a workload into the databases of a SkyPilot home; run by the Python of the release that will serve it.

    skypilot_seed.py WORKLOAD.json PASSWORD      (HOME is the server's; prints the password as the server wants it)

What a user asked for is put into words by SkyPilot's own code, the machines are its own classes: nothing of how a reply
looks is decided here.
"""

import functools
import json
import os
import pickle
import sys
import uuid
from pathlib import Path

# The columns of SkyPilot's price list of AWS.
MACHINES = (
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,AvailabilityZone,Arch\n"
)


def main(path, password):
    workload = json.loads(Path(path).read_text())
    write_price_list(workload)

    from passlib.hash import apr_md5_crypt
    from sky import global_user_state
    from sky import models
    from sky.jobs import state

    global_user_state.initialize_and_get_db()
    manager = getattr(state, "_db_manager", None)
    jobs_database = manager.get_engine() if manager else state.initialize_and_get_db()
    clusters, infos, tasks = [], [], []
    for job_id, job in enumerate(workload["jobs"], 1):
        infos.append(info_row(job_id, job))
        for task_id, task in enumerate(job["tasks"]):
            tasks.append(task_row(job_id, task_id, task))
            if job["live"] and task["status"] in ("RUNNING", "RECOVERING"):
                clusters.append(machines_row(job_id, job, task_id, task))
    # A worker of a pool is the machine of several jobs.
    clusters = list({cluster["name"]: cluster for cluster in clusters}.values())
    clusters += [cluster_row(cluster) for cluster in workload["clusters"]]
    insert(jobs_database, state.job_info_table, infos)
    insert(jobs_database, state.spot_table, tasks)
    insert(global_user_state.initialize_and_get_db(), global_user_state.cluster_table, clusters)
    for user, name in workload["users"]:
        global_user_state.add_or_update_user(models.User(id=user, name=name))
    print(apr_md5_crypt.hash(password))


def insert(engine, table, rows):
    """Leaves out what this release has no column for; one statement wants the same columns of every row."""
    columns = [name for name in {name: None for row in rows for name in row} if name in table.c]
    known = [{name: row.get(name) for name in columns} for row in rows]
    with engine.begin() as connection:
        connection.execute(table.insert(), known)


def info_row(job_id, job):
    statuses = [task["status"] for task in job["tasks"]]
    waits, runs = "PENDING" in statuses[:1], any(task["ended_at"] is None for task in job["tasks"])
    return {
        "spot_job_id": job_id,
        "name": f"job-{job_id}",
        "schedule_state": "WAITING" if waits else "ALIVE" if runs else "DONE",
        "user_hash": job["user"],
        "workspace": "default",
        "execution": "serial",
        "entrypoint": "sky jobs launch",
        "pool": job["worker"] and "pool",
        "current_cluster_name": job["worker"] and job["worker"]["name"],
        "cloud": "AWS" if job["region"] else None,
        "region": job["region"],
        "zone": job["zone"],
    }


def task_row(job_id, task_id, task):
    name = task_name(job_id, task_id)
    row = {
        "spot_job_id": job_id,
        "task_id": task_id,
        "job_name": name,
        "task_name": name,
        "resources": resources_text(task["nodes"], task["gpu"], task["gpu_count"], task["spot"]),
        "submitted_at": task["submitted_at"],
        "start_at": task["started_at"],
        "end_at": task["ended_at"],
        "status": task["status"],
        "run_timestamp": "sky-2026-01-01-00-00-00-000000",
        "recovery_count": task["recoveries"],
        "last_recovered_at": -1,
        "job_duration": 0,
        "specs": "{}",
        "failure_reason": 'boom "quoted" <é>' if task["status"].startswith("FAILED") else None,
    }
    if task["started_at"] is not None:
        # SkyPilot keeps what ran before the last recovery, and when that was; the rest it adds when asked.
        stands_still = task["status"] == "RECOVERING"
        before = task["runtime"] if stands_still else task["runtime"] / 4
        row["job_duration"] = before
        since = task["ended_at"] if task["ended_at"] is not None else task["now"]
        row["last_recovered_at"] = since - (task["runtime"] - before)
    return row


def task_name(job_id, task_id):
    return f"job-{job_id}-task-{task_id}" if task_id else f"job-{job_id}"


@functools.lru_cache(maxsize=None)
def resources_text(nodes, gpu, count, spot):
    import sky
    from sky.backends import backend_utils

    task = sky.Task(run="true", num_nodes=nodes)
    task.set_resources(sky.Resources(accelerators={gpu: count} if gpu else None, use_spot=spot))
    return backend_utils.get_task_resources_str(task, is_managed_job=True)


@functools.lru_cache(maxsize=None)
def rented(gpu, count, spot, region, zone):
    import sky

    return sky.Resources(cloud=sky.AWS(), instance_type=machine(gpu, count), region=region, zone=zone, use_spot=spot)


def handle(name, nodes, resources):
    from sky import backends

    made = backends.CloudVmRayResourceHandle(
        cluster_name=name,
        cluster_name_on_cloud=f"{name}-x",
        cluster_yaml=None,
        launched_nodes=nodes,
        launched_resources=resources,
    )
    return pickle.dumps(made)


def machines_row(job_id, job, task_id, task):
    from sky.jobs import utils

    name = utils.generate_managed_job_cluster_name(task_name(job_id, task_id), job_id)
    machines = task
    if job["worker"]:
        name, machines = job["worker"]["name"], job["worker"]
    resources = rented(machines["gpu"], machines["gpu_count"], task["spot"], job["region"], job["zone"])
    return common_row(name, "UP", job["user"]) | {
        "handle": handle(name, task["nodes"], resources),
        "is_managed": 1,
        "cloud": "AWS",
        "region": job["region"],
        "zone": job["zone"],
    }


def cluster_row(cluster):
    return common_row(cluster["name"], cluster["status"], cluster["user"]) | {
        "handle": handle(cluster["name"], 2, rented("L4", 4, False, "us-east-1", None)),
        "autostop": cluster["autostop"],
        "to_down": int(cluster["down"]),
        "is_managed": 0,
    }


def common_row(name, status, user):
    return {
        "name": name,
        "launched_at": 1700000000,
        "last_use": "sky launch",
        "status": status,
        "autostop": -1,
        "to_down": 0,
        "metadata": "{}",
        "cluster_hash": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
        "cluster_ever_up": 1,
        "status_updated_at": 1700000000,
        "user_hash": user,
        "workspace": "default",
    }


def machine(gpu, count):
    return f"made.{gpu}-{count:g}".lower()


def write_price_list(workload):
    """SkyPilot believes in machines that its price list has; without one it would ask the internet."""
    from sky.skylet import constants

    asked = [task for job in workload["jobs"] for task in (*job["tasks"], job["worker"]) if task]
    wanted = {(task["gpu"], task["gpu_count"]) for task in asked} | {("L4", 4)}
    regions = {job["region"] for job in workload["jobs"] if job["region"]} | {"us-east-1"}
    folder = Path(os.path.expanduser(f"~/.sky/catalogs/{constants.CATALOG_SCHEMA_VERSION}/aws"))
    folder.mkdir(parents=True)
    lines = [
        f"{machine(gpu, count)},{gpu or ''},{f'{count:g}' if gpu else ''},48,192,,1.0,0.5,{region},{region}{zone},x86_64\n"
        for gpu, count in sorted(wanted, key=str)
        for region in sorted(regions)
        for zone in "abc"
    ]
    (folder / "vms.csv").write_text(MACHINES + "".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
