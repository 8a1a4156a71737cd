"""Runs of orgpulse against an API server, and what differs from what they should have told."""

import dataclasses
import datetime
import json
import math
import re
import subprocess
import tempfile
import time
from pathlib import Path

from kubernetes_expected import GROUPS
from process import clean_environment

TAG = "test-cluster"
# Sums of thousands of numbers, in whatever order they were added.
PRECISION = 1e-9
# A run that has not ended by then hangs.
PATIENCE = 150


@dataclasses.dataclass
class Run:
    code: int
    document: dict
    output: str
    log: str
    seconds: float
    mebibytes: float

    @property
    def collector(self):
        return next(one for one in self.document["collectors"] if one["name"] == "kubernetes")

    def failures(self, groups):
        """The groups that failed, with the reason: one for each of them, or one for all."""
        told = {one["group"]: one["reason"] for one in self.collector["failures"]}
        return told or dict.fromkeys(groups if self.collector["reason"] else (), self.collector["reason"])


@dataclasses.dataclass
class Orgpulse:
    binary: Path
    folder: Path
    now: int

    def collect(self, kubeconfig, before=(), **extra):
        """Runs it in an empty folder: no .env and no configuration file of the checkout. `before` it on the command line."""
        at = datetime.datetime.fromtimestamp(self.now, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        command = ["collect", "kubernetes", "--output", "json", "--now", at]
        code, out, err, seconds, mebibytes = self._run(command, kubeconfig, extra, before)
        try:
            document = json.loads(out)
        except ValueError as error:
            told = f"error: orgpulse ended with code {code} and no JSON: {error}\n{err[-3000:]}"
            raise SystemExit(told) from error
        return Run(code, document, out + err, err, seconds, mebibytes)

    def doctor(self, kubeconfig, **extra):
        """The exit code, and all that it wrote."""
        code, out, err, *_ = self._run(["doctor"], kubeconfig, extra)
        return code, out + err

    def _run(self, command, kubeconfig, extra, before=()):
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        environment = clean_environment(empty, K8S_CLUSTER_NAME=TAG, ORGPULSE_STATE_DIR=str(self.folder / "state"))
        if kubeconfig:
            environment["KUBECONFIG"] = str(kubeconfig)
        command = [*before, str(self.binary), *command]
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            began = time.monotonic()
            child = subprocess.Popen(
                command, cwd=empty, env=environment | extra, stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
            peak = 0
            while child.poll() is None:
                peak = max(peak, peak_of(child.pid))
                if time.monotonic() - began > PATIENCE:
                    child.kill()
                    child.wait()
                    raise SystemExit(f"error: {' '.join(command)} has not ended after {PATIENCE} s")
                time.sleep(0.01)
            seconds = time.monotonic() - began
            texts = []
            for stream in (out, err):
                stream.seek(0)
                texts.append(stream.read().decode())
        return child.returncode, *texts, seconds, peak


def peak_of(process):
    """What the process has held at most so far, in MiB; 0 where the system does not tell.

    Not what wait4 reports: that counts the memory of this test, too, of which the process was a copy before it began.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    return int((re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE) or [0, 0])[1]) / 1024


def faults_of(run, wanted, failed=None, absent=(), secret=None):
    """What differs from `wanted`, gauges by group; `failed` groups with their reason and `absent` ones must have none."""
    failed = failed or {}
    nothing_left = set(wanted) == {*failed, *absent}
    code, outcome = (0, "complete") if not failed else (1, "failed") if nothing_left else (3, "partial")
    found = []
    if (run.code, run.collector["outcome"]) != (code, outcome):
        found.append(f"code {run.code}, {run.collector['outcome']}, not {code}, {outcome}:\n{run.log[-2500:]}")
    told = run.failures(wanted)
    if told.keys() != failed.keys() or any(told[group] not in reasons(failed[group]) for group in told):
        found.append(f"failed groups are {told}, not {failed}: {run.collector['failures']}")
    whole = {name: value for group in wanted.keys() - failed.keys() - set(absent) for name, value in wanted[group].items()}
    found += compare(run.document["gauges"], whole)
    missing = {one["metric"] for one in run.collector["missing"] if one["reason"] is None}
    without = {f"k8s.{name}" for group in absent for name in GROUPS[group]}
    if missing != without:
        found.append(f"without a value are {sorted(missing)}, not {sorted(without)}")
    if secret and secret in run.output:
        found.append("the token stands in the program's output")
    return found


def reasons(wanted):
    return (wanted,) if isinstance(wanted, str) else wanted


def compare(gauges, wanted):
    """Each wanted gauge once, with its value and tag; no other of this source."""
    told, found = {}, []
    for gauge in gauges:
        name = gauge["name"]
        if name.startswith("k8s."):
            if name in told:
                found.append(f"{name} is there twice")
            told[name] = gauge["value"]
            if f"cluster:{TAG}" not in gauge["tags"] or "source:kubernetes" not in gauge["tags"]:
                found.append(f"{name} has the tags {gauge['tags']}")
    for name in sorted(told.keys() | wanted.keys()):
        if name not in wanted:
            found.append(f"{name} is {told[name]!r}, it should have no value")
        elif name not in told:
            found.append(f"{name} is missing, it should be {wanted[name]!r}")
        elif not math.isclose(told[name], wanted[name], rel_tol=PRECISION):
            found.append(f"{name} is {told[name]!r}, it should be {wanted[name]!r}")
    return found
