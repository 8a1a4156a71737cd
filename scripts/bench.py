#!/usr/bin/env python3
"""Time, requests and peak memory of a dry run against the simulator, beside their limits, as a table.

Every reply of the simulator is delayed, as a network would; SkyPilot's server is the real one, whose own time is taken
off, and so is the API server of Kubernetes, whose time is counted. Figures of a busy machine say little: run it on a quiet one.
Fails when a run fails, or a limit is exceeded.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "real"))

from process import Simulator, clean_environment  # noqa: E402

LATENCY_MS = 50
HELP_RUNS = 20
# Title, source, the simulator's --scale, and the limits: seconds, requests, MiB. At ten times the size time has no limit
# of its own, and requests may grow as the data's pages do: tenfold. The untidy size has pull requests whose files do not
# tell those of their commits, which have to be asked for one by one.
REFERENCE, TEN_TIMES = "GitHub, reference size", "GitHub, ten times"
RUNS = [
    (REFERENCE, "github", "reference", 5.0, 100, 48),
    (TEN_TIMES, "github", "times:10", None, 1000, 96),
    ("GitHub, untidy reference", "github", "untidy", None, None, None),
    ("Asana, 40 projects, 4,000 tasks", "asana", "reference", 5.0, 70, 48),
    ("W&B, 26,000 runs, 400 in 7 days", "wandb", "reference", 3.0, 12, 48),
    # The second of two runs: what was looked up is kept, prices for a day.
    ("EC2, 2,500 instances, prices kept", "ec2", "reference", 3.0, 40, 64),
]


def main(release, schema):
    rows = [row_of_help(release / "orgpulse"), row_of_scores(release / "examples" / "thousand")]
    runs = {}
    with tempfile.TemporaryDirectory(prefix="orgpulse-bench-") as folder:
        for title, source, scale, seconds, requests, memory in RUNS:
            run = runs[title] = collect(release, schema, Path(folder), source, scale)
            rows += [
                (f"{title}: time", run["seconds"], seconds, "s"),
                (f"{title}: requests", run["requests"], requests, ""),
                (f"{title}: peak memory", run["mebibytes"], memory, "MiB"),
            ]
        rows += rows_of_skypilot(release, Path(folder))
        rows += rows_of_kubernetes(release, Path(folder))
    for title, value, limit, unit in rows:
        verdict = "" if limit is None else f"{value / limit:5.0%} of {limit:g} {unit}".ljust(20) + ("over" if value > limit else "ok")
        print(f"{title:46} {value:10.2f} {unit:4} {verdict}".rstrip())
    for title, run in runs.items():
        # One connection at a time would take at least this long, whatever the client did between the replies.
        serial = run["requests"] * LATENCY_MS / 1000
        print(f"{title + ', against serial waits':46} {run['seconds'] / serial:10.2f} x")
    for figure in ("seconds", "requests", "mebibytes"):
        print(f"{'GitHub, ten times the data: ' + figure:46} {runs[TEN_TIMES][figure] / runs[REFERENCE][figure]:10.2f} x")
    return 1 if any(limit is not None and value > limit for _, value, limit, _ in rows) else 0


def rows_of_skypilot(release, folder):
    """5,000 jobs of history and 200 running, read from each release of SkyPilot's server that is installed."""
    servers = ROOT / ".tools/skypilot"
    if not (servers / "ready").exists():
        print("not measured: SkyPilot's API server is not installed; run: make tools")
        return []
    script, python = ROOT / "tests/real/skypilot.py", servers / "0.14.1/bin/python"
    figures = folder / "skypilot.json"
    command = [python, script, "--servers", servers, "--orgpulse", release / "orgpulse", "--measure", figures]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    rows = []
    for version, measured in json.loads(figures.read_bytes()).items():
        rows += [
            (f"SkyPilot {version}: beyond the server", measured["seconds"], 2.0, "s"),
            (f"SkyPilot {version}: requests", measured["requests"], 6, ""),
            (f"SkyPilot {version}: peak memory", measured["mebibytes"], 48, "MiB"),
        ]
    return rows


def rows_of_kubernetes(release, folder):
    """10,000 pods, read from a real API server on this machine."""
    binaries = ROOT / ".tools/kubernetes/bin"
    if not (binaries / "kube-apiserver").exists():
        print("not measured: the API server of Kubernetes is not installed; run: make tools")
        return []
    figures = folder / "kubernetes.json"
    command = [sys.executable, ROOT / "tests/real/kubernetes.py", "--binaries", binaries, "--helm", ROOT / ".tools/helm"]
    command += ["--chart", ROOT / "charts/orgpulse", "--orgpulse", release / "orgpulse", "--measure", figures]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    measured = json.loads(figures.read_bytes())
    title = "Kubernetes, 10,000 pods"
    return [
        (f"{title}: time", measured["seconds"], 5.0, "s"),
        (f"{title}: requests", measured["requests"], 30, ""),
        (f"{title}: peak memory", measured["mebibytes"], 64, "MiB"),
    ]


def row_of_help(orgpulse):
    """The quickest of several starts: the others measure the machine."""
    times = []
    for _ in range(HELP_RUNS):
        started = time.perf_counter()
        subprocess.run([orgpulse, "--help"], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return ("orgpulse --help", min(times) * 1000, 20, "ms")


def row_of_scores(thousand):
    """The scores and checks of 1,000 repositories' gauges, from memory."""
    printed = subprocess.run([thousand], check=True, stdout=subprocess.PIPE, text=True).stdout
    return ("health scores of 1,000 repositories", float(printed), 100, "ms")


def collect(release, schema, folder, source, scale):
    flags = ["--seed", "7", "--scale", scale, "--latency", f"{LATENCY_MS}ms"]
    if source == "ec2":
        flags += ["--aws", "reference"]
    output = folder / f"{source}-{scale}.json"
    with Simulator(release / "simulator", schema, folder / f"{source}-{scale}.log", *flags) as simulator:
        environment = clean_environment(folder, **simulator.environment)
        environment["ORGPULSE_STATE_DIR"] = str(folder / "state")
        for _ in range(2 if source == "ec2" else 1):
            usage = once(release, folder, environment, source, output)
    own = {
        gauge["name"]: gauge["value"]
        for gauge in json.loads(output.read_bytes())["gauges"]
        if gauge["name"].startswith("orgpulse.")
    }
    return {
        "seconds": own["orgpulse.collector.duration_seconds"],
        "requests": own["orgpulse.collector.api_requests"],
        # Linux counts KiB, macOS bytes.
        "mebibytes": usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024),
    }


def once(release, folder, environment, source, output):
    """One run; what it used."""
    with output.open("wb") as stdout:
        command = [release / "orgpulse", "collect", source, "--output", "json"]
        run = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stdout)
        # wait4 instead of Popen.wait: it is what reports this one child's peak memory.
        _, status, usage = os.wait4(run.pid, 0)
        run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode != 0:
        raise SystemExit(f"error: {source} ended with code {run.returncode}")
    return usage


if __name__ == "__main__":
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    # Where scripts/image/binary.sh compiles to: what is measured is what ships.
    about = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    host = next(line.removeprefix("host: ") for line in about.splitlines() if line.startswith("host: "))
    default_schema = ROOT / ".tools/npm/node_modules/@octokit/graphql-schema/schema.graphql"
    sys.exit(main(target / host / "release", default_schema))
