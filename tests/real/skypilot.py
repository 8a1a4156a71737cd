#!/usr/bin/env python3
"""Collects from SkyPilot's own API server, and compares every gauge with what was written into its database.

    description -> rows -> SkyPilot 0.14.1 and 0.11.0 -> recording proxy -> orgpulse -> gauges
         +------> counted by the words of the specification -----------------------------> the same, and no others

--self-test holds the counting against a workload small enough to count by hand. Run by the Python of .tools/skypilot.
"""

import argparse
import dataclasses
import datetime
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import skypilot_expected as expected
import skypilot_workload as workloads
from process import clean_environment
from skypilot_proxy import Proxy
from skypilot_server import PASSWORD
from skypilot_server import Server

OLD = {"PENDING", "STARTING", "RUNNING", "RECOVERING", "CANCELLING", "SUBMITTED", *workloads.ENDED}
MAX_REQUESTS = 6
# Where the new queue fails for what it cannot put into rows, and the old one is asked.
MAX_REQUESTS_TWO_WAYS = 7
# What a float loses when SkyPilot takes instants apart and adds them up again, in seconds.
PRECISION = 1e-3


@dataclasses.dataclass(frozen=True)
class Release:
    """What differs between releases, as far as it shows in gauges."""

    version: str
    statuses: frozenset
    # Whether a job's place is kept beside the job, or known from its machines alone.
    keeps_place: bool
    # Whether the new queue can be read while a job has machines with a part of a GPU; if not, all of it fails.
    fractions_live: bool
    # Whether a service account may pass where people sign in with a password.
    tokens_beside_passwords: bool

    def workload(self, now, fractions_live=None):
        if fractions_live is None:
            fractions_live = self.fractions_live
        return workloads.describe(now, self.statuses, self.keeps_place, fractions_live)


RELEASES = (
    Release("0.14.1", frozenset(OLD | {"WINDING_DOWN"}), True, True, True),
    Release("0.11.0", frozenset(OLD), False, False, False),
)


@dataclasses.dataclass
class Run:
    """One run of orgpulse, and what the server was asked in it."""

    code: int
    document: dict
    output: str
    requests: list
    seconds: float
    server_seconds: float
    mebibytes: float

    @property
    def collector(self):
        return next(one for one in self.document["collectors"] if one["name"] == "skypilot")


def main():
    parser = argparse.ArgumentParser(description="Collect from SkyPilot's own API server.")
    parser.add_argument("--self-test", action="store_true", help="test this test")
    parser.add_argument("--servers", type=Path, help="the folder with a virtual environment for each release")
    parser.add_argument("--orgpulse", type=Path)
    parser.add_argument("--release", help="this release only")
    parser.add_argument("--measure", type=Path, metavar="FILE", help="one run a release, whose figures go to this file")
    options = parser.parse_args()
    # A test that is ended early ends the servers, too: they would outlive it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    found = []
    if options.self_test:
        found = self_test()
    else:
        figures = {}
        for release in RELEASES:
            if options.release in (None, release.version):
                python, orgpulse = options.servers / release.version / "bin/python", options.orgpulse.resolve()
                with tempfile.TemporaryDirectory(prefix="orgpulse-skypilot-") as folder:
                    if options.measure:
                        figures[release.version], faults = measured(release, python, orgpulse, Path(folder))
                    else:
                        faults = faults_with(release, python, orgpulse, Path(folder))
                found += [f"SkyPilot {release.version}: {fault}" for fault in faults]
        if options.measure:
            options.measure.write_text(json.dumps(figures))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if found else 0


def faults_with(release, python, orgpulse, folder):
    workload = release.workload(int(time.time()))
    started = time.monotonic()

    def run(proxy, endpoint=None, **extra):
        return collect(orgpulse, folder, workload.now, proxy, endpoint or proxy.url(), **extra)

    with Server(python, folder / "seeded", workload) as server:
        ready = time.monotonic() - started
        with Proxy(server.url) as proxy:
            whole = run(proxy)
        found = value_faults(whole, workload)
        found += sign_in_faults(release, server, run, workload)
        server.spoil()
        with Proxy(server.url) as proxy:
            faults = spoilt_faults(run(proxy), workload)
        found += [f"with a row that the server cannot read: {fault}" for fault in faults]
        found += [f"the server started a job controller: {line}" for line in server.controllers()]
    ways = ""
    if not release.fractions_live:
        fractions = release.workload(int(time.time()), fractions_live=True)
        with Server(python, folder / "fractions", fractions) as server, Proxy(server.url) as proxy:
            fractional = collect(orgpulse, folder, fractions.now, proxy, proxy.url())
        found += [f"with parts of GPUs: {fault}" for fault in fraction_faults(fractional, fractions)]
        ways = f"; with parts of GPUs {figures_of(fractional)}"
    with Server(python, folder / "down") as server, Proxy(server.url) as proxy:
        found += [f"without controller: {fault}" for fault in down_faults(run(proxy))]
    if not found:
        print(
            f"skypilot {release.version} ok: {len(workload.jobs)} jobs, {len(whole.document['gauges'])} gauges, "
            f"{figures_of(whole)}{ways}; server ready after {ready:.0f} s, all in {time.monotonic() - started:.0f} s"
        )
    return found


def figures_of(run):
    return (
        f"{len(run.requests)} requests, {sum(request.size for request in run.requests)} bytes, "
        f"{run.seconds:.1f} s of which the server {run.server_seconds:.1f} s, {run.mebibytes:.0f} MiB"
    )


def fraction_faults(run, workload):
    """The same gauges, though the new queue fails: the old one was asked."""
    failures = [f"{request.method} {request.path.partition('?')[0]}" for request in run.requests if request.status == 500]
    found = [] if failures == ["GET /api/get"] else [f"the failures are {failures}, not one of the new queue"]
    return found + value_faults(run, workload, MAX_REQUESTS_TWO_WAYS, failing=1)


def measured(release, python, orgpulse, folder):
    """The figures of one run, and what is wrong with its values: figures of a wrong run would mean nothing."""
    workload = release.workload(int(time.time()))
    with Server(python, folder / "seeded", workload) as server, Proxy(server.url) as proxy:
        run = collect(orgpulse, folder, workload.now, proxy, proxy.url())
    figures = {
        "seconds": run.seconds - run.server_seconds,
        "requests": len(run.requests),
        "mebibytes": run.mebibytes,
    }
    return figures, value_faults(run, workload)


def collect(orgpulse, folder, now, proxy, endpoint, **extra):
    """Runs orgpulse in an empty folder: no .env and no configuration file of the checkout."""
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    at = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    environment = clean_environment(empty, SKYPILOT_API_SERVER_ENDPOINT=endpoint, ORGPULSE_STATE_DIR=str(folder / "state"))
    command = [str(orgpulse), "collect", "skypilot", "--output", "json", "--now", at]
    seen = len(proxy.requests)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen(command, cwd=empty, env=environment | extra, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        # wait4 instead of Popen.wait: it is what reports this one child's peak memory.
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode())
    try:
        document = json.loads(texts[0])
    except ValueError as error:
        told = f"error: orgpulse ended with code {child.returncode} and no JSON: {error}\n{texts[1][-3000:]}"
        raise SystemExit(told) from error
    return Run(
        child.returncode,
        document,
        texts[0] + texts[1],
        proxy.requests[seen:],
        seconds,
        proxy.server_seconds(),
        # Linux counts KiB, macOS bytes.
        usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024),
    )


def value_faults(run, workload, most=MAX_REQUESTS, failing=0):
    """What differs from the description, in a run that must have read everything."""
    if run.code != 0 or run.collector["outcome"] != "complete":
        return [f"code {run.code}, {run.collector['outcome']}, not complete:\n{run.output[-3000:]}"]
    found = [f"{request.method} {request.path} answered {request.status}" for request in run.requests if request.status != 200]
    found = found if len(found) != failing else []
    asked = [f"{request.method} {request.path}" for request in run.requests]
    if len(asked) > most:
        found.append(f"{len(asked)} requests, at most {most}: {', '.join(asked)}")
    if run.collector["api_requests"] != len(run.requests):
        found.append(f"api_requests says {run.collector['api_requests']}, the proxy saw {len(run.requests)}")
    # The server looks at its clock while it answers, some time between these.
    earliest = expected.gauges(workload, min(request.began for request in run.requests))
    latest = expected.gauges(workload, max(request.ended for request in run.requests))
    found += compare(run.document["gauges"], earliest, latest)
    return found + [f"{one['metric']} failed: {one['why']}" for one in run.collector["missing"] if one["reason"]]


def compare(gauges, earliest, latest):
    """Each expected gauge once, between its earliest and its latest value; no other of this source."""
    told = {}
    found = []
    for gauge in gauges:
        if gauge["name"].startswith("skypilot."):
            if gauge["name"] in told:
                found.append(f"{gauge['name']} is there twice")
            told[gauge["name"]] = gauge["value"]
    for name in sorted(told.keys() | earliest.keys()):
        if name not in earliest:
            found.append(f"{name} is {told[name]!r}, it should have no value")
        elif name not in told:
            found.append(f"{name} is missing, it should be {earliest[name]!r}")
        elif not earliest[name] - PRECISION <= told[name] <= latest[name] + PRECISION:
            found.append(f"{name} is {told[name]!r}, it should be from {earliest[name]!r} to {latest[name]!r}")
    return found


def sign_in_faults(release, server, run, workload):
    """The same gauges for who may read, `unauthorized` for who may not, and no secret in what is written."""
    found = []
    token = server.service_account()
    broken = token[:-8] + ("A" * 8 if not token.endswith("A" * 8) else "B" * 8)
    # A release that refuses tokens beside passwords refuses the right one, too: that has to be told as it is.
    for who, user, bearer, allowed in (
        ("a password", f"admin:{PASSWORD}", None, True),
        ("a token", None, token, release.tokens_beside_passwords),
        ("a wrong password", "admin:wrong-horse-8", None, False),
        ("a broken token", None, broken, False),
        ("nobody", None, None, False),
    ):
        with Proxy(server.url, foreign=True) as proxy:
            extra = {"SKYPILOT_API_TOKEN": bearer} if bearer else {}
            done = run(proxy, proxy.url(user), **extra)
        faults = value_faults(done, workload) if allowed else refusal_faults(done)
        for secret in (bearer, user and user.split(":")[1]):
            if secret and secret in done.output:
                faults.append("the secret stands in the program's output")
            if secret and any(secret in request.path for request in done.requests):
                faults.append("the secret stands in an address")
        found += [f"{who}: {fault}" for fault in faults]
    return found


def refusal_faults(run):
    told = [gauge["name"] for gauge in run.document["gauges"] if gauge["name"].startswith("skypilot.")]
    found = [f"gauges in spite of a refusal: {told}"] if told else []
    if run.code != 1 or run.collector["outcome"] != "failed":
        found.append(f"code {run.code}, {run.collector['outcome']}: expected 1, failed")
    reasons = {run.collector["reason"], *(failure["reason"] for failure in run.collector["failures"])} - {None}
    if reasons != {"unauthorized"}:
        found.append(f"the reason is {reasons}, not unauthorized: {run.collector['error']}")
    return found


def spoilt_faults(run, workload):
    """The queue failed, which is not the same as empty; the clusters are read all the same."""
    found = []
    if run.code != 3 or run.collector["outcome"] != "partial":
        found.append(f"code {run.code}, {run.collector['outcome']}: expected 3, partial")
    if any(not one["reason"] for one in run.collector["missing"]):
        found.append(f"missing without a reason: {[one['metric'] for one in run.collector['missing'] if not one['reason']]}")
    wanted = expected.of_clusters(workload.clusters)
    return found + compare(run.document["gauges"], wanted, wanted)


def down_faults(run):
    if run.code != 0 or run.collector["outcome"] != "complete":
        return [f"code {run.code}, {run.collector['outcome']}, not complete:\n{run.output[-3000:]}"]
    wanted = expected.without_controller(workloads.Workload(0, [], []))
    return compare(run.document["gauges"], wanted, wanted)


def self_test():
    """A few jobs counted by hand; then each kind of difference must be found."""
    now = 1_800_000_000
    hour = 3600
    task = workloads.Task
    jobs = [
        workloads.Job([task("RUNNING", now - 7000, now - 6000, None, 5000, 2, 2, "H100-80GB", 4, True)], "a", "us-east-1"),
        workloads.Job([task("RECOVERING", now - 90000, now - 80000, None, 4 * hour, 1, 1, "L4", 0.5)], "b", "eu-west-1"),
        workloads.Job([task("SUCCEEDED", now - 900, now - 800, now - 700, 100), task("PENDING")], "a"),
        workloads.Job([task("SUCCEEDED", now - 900, now - 800, now - 700, 100)], "c"),
        workloads.Job([task("FAILED", now - 900, None, now - 7 * 24 * hour)], "c"),
        workloads.Job([task("FAILED_SETUP", now - 900, None, now)], "c"),
        workloads.Job([task("CANCELLING", now - 900, now - 500)], None),
    ]
    clusters = [workloads.Cluster("x", "UP"), workloads.Cluster("y", "UP", autostop=0), workloads.Cluster("z", "STOPPED")]
    told = expected.gauges(workloads.Workload(now, jobs, clusters), now + 10)
    counted = {
        "jobs.queued": 1, "jobs.running": 2, "jobs.failed": 2, "jobs.failed_7d": 1, "jobs.succeeded": 1,
        "jobs.cancelled": 1, "jobs.recovering": 1, "jobs.with_recoveries": 2, "jobs.recovery_count.avg": 1.5,
        "jobs.recovery_count.max": 2, "jobs.runtime_seconds.min": 5010, "jobs.runtime_seconds.max": 14400,
        "jobs.runtime_seconds.avg": 9705, "jobs.runtime_seconds.p50": 9705, "jobs.runtime_seconds.p90": 13461,
        "jobs.runtime_seconds.p99": 14306.1, "jobs.runtime_buckets.0_1h": 0, "jobs.runtime_buckets.1_4h": 1,
        "jobs.runtime_buckets.4_24h": 1, "jobs.runtime_buckets.over_24h": 0, "resources.gpus.l4_count": 0.5,
        "resources.gpus.a10g_count": 0, "resources.gpus.h100_count": 8, "resources.gpus.total_count": 8.5,
        "resources.spot_jobs": 1, "resources.ondemand_jobs": 1, "regions.us_east_1": 1, "regions.us_west_2": 0,
        "regions.other": 1, "users.active_count": 2, "clusters.active": 2, "clusters.without_autostop": 1,
        # Started in the day: 1000 s of waiting, 10000, 100, 100 and 400.
        "jobs.queue_wait_seconds.p90": 6400,
    }
    counted = {f"skypilot.{name}": value for name, value in counted.items()}
    gauges = [{"name": name, "value": value} for name, value in counted.items()]
    found = [f"self-test: {fault}" for fault in compare(gauges, told, told)]
    name = gauges[0]["name"]
    for what, changed, word in (
        ("another value", [{"name": name, "value": 2}, *gauges[1:]], "should be from"),
        ("a fraction", [{"name": name, "value": 1.01}, *gauges[1:]], "should be from"),
        ("a gauge left out", gauges[1:], "is missing"),
        ("a gauge too many", [*gauges, {"name": "skypilot.x", "value": 0}], "no value"),
        ("a gauge twice", [*gauges, gauges[0]], "twice"),
    ):
        faults = compare(changed, told, told)
        if len(faults) != 1 or word not in faults[0]:
            found.append(f"self-test: {what}: found {faults}")
    if not math.isclose(expected.percentile([1, 2, 4], 75), 3):
        found.append("self-test: the percentile is not interpolated")
    # A workload that leaves a gauge at 0 would not show whether it is counted at all.
    for release in RELEASES:
        whole = expected.gauges(release.workload(now), now)
        zero = [name for name in whole if not whole[name] and not name.endswith(".min")]
        found += [f"self-test: {release.version}: nothing makes {name} differ from 0" for name in zero]
        if whole.keys() != told.keys():
            found.append(f"self-test: {release.version}: the workload does not reach {told.keys() - whole.keys()}")
    if not found:
        print("skypilot self-test ok")
    return found


if __name__ == "__main__":
    sys.exit(main())
