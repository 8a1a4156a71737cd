#!/usr/bin/env python3
"""Pushes a real run to intakes that others wrote, and reads every value back.

    orgpulse -> recording proxy -> VictoriaMetrics -> PromQL      every gauge of the run, value, tags and timestamp
                       |
                       +-> Datadog's Python client                every payload, nothing unread

--self-test does the same with a payload made by hand, and with faults that must be found. Run by the Python of .tools/venv.
"""

import argparse
import datetime
import gzip
import json
import math
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import intake
import strict
import victoria
from process import Simulator, clean_environment

KEY = "0123456789abcdef0123456789abcdef"
# Tags that a sink may add to every point without the run's output showing them.
COMMON = {"env", "service", "version", "source", "host"}
# VictoriaMetrics keeps a fraction as a decimal of 12 to 13 digits (0.333333333333 for a third): one digit of margin.
PRECISION = 1e-11


def main():
    parser = argparse.ArgumentParser(description="Push to VictoriaMetrics and read every value back.")
    parser.add_argument("--victoria", type=Path, required=True, help="the VictoriaMetrics binary")
    parser.add_argument("--self-test", action="store_true", help="test this test")
    parser.add_argument("--orgpulse", type=Path)
    parser.add_argument("--simulator", type=Path)
    parser.add_argument("--schema", type=Path, help="GitHub's GraphQL schema, for the simulator")
    parser.add_argument("--seed", default="7")
    options = parser.parse_args()
    if not options.self_test:
        for name in ("orgpulse", "simulator", "schema"):
            path = getattr(options, name)
            if path is None or not path.is_file():
                parser.error(f"--{name}: there is no file {path}")

    with tempfile.TemporaryDirectory(prefix="orgpulse-real-") as folder:
        found = (self_test if options.self_test else push)(options, Path(folder))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if found else 0


def push(options, folder):
    """One run of orgpulse against the simulated GitHub; returns the faults."""
    flags = ("--seed", options.seed, "--scale", "small")
    with victoria.start(options.victoria, folder) as store, intake.Proxy(store.url) as proxy, Simulator(
        options.simulator.resolve(), options.schema.resolve(), folder / "simulator.log", *flags
    ) as simulator:
        environment = clean_environment(folder, **simulator.environment)
        environment |= {
            "DD_URL": f"{proxy.url}/datadog",
            "DD_API_KEY": KEY,
            "ORGPULSE_STATE_DIR": str(folder / "state"),
        }
        # In an empty folder: no .env and no configuration file of the checkout.
        (folder / "cwd").mkdir()
        run = subprocess.run(
            [options.orgpulse.resolve(), "collect", "github", "--push", "--output", "json"],
            cwd=folder / "cwd",
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )
        faults = []
        if run.returncode != 0:
            faults.append(f"orgpulse ended with code {run.returncode}:\n{run.stderr[-4000:]}")
        if KEY in run.stdout or KEY in run.stderr:
            faults.append("the API key stands in the program's output")
        try:
            gauges = json.loads(run.stdout)["gauges"]
        except (ValueError, KeyError, TypeError) as error:
            return [*faults, f"--output json is not a document with gauges: {error!r}"]
        if not gauges:
            return [*faults, "the run has no gauges"]
        faults += payload_faults(proxy.requests)
        store.flush()
        faults += stored_faults(store, gauges)
        if not faults:
            sizes = sum(len(request.body) for request in proxy.requests)
            print(f"datadog ok: {len(gauges)} gauges in {len(proxy.requests)} requests, {sizes} bytes, all read back")
        return faults


def payload_faults(requests):
    """What is wrong with the recorded requests, by Datadog's limits and Datadog's client."""
    if not requests:
        return ["nothing was pushed"]
    faults = []
    for request in requests:
        faults += intake.faults(request, KEY)
        try:
            faults += strict.complaints(request.payload())
        except ValueError as error:
            faults.append(f"POST {request.path}: no JSON: {error}")
    return faults


def stored_faults(store, gauges):
    """Compares what a run says with what the intake kept: each gauge there once, with its value and time, nothing else."""
    faults = []
    latest = max(seconds(gauge["timestamp"]) for gauge in gauges)
    seen = set()
    for gauge in gauges:
        name, tags, at = gauge["name"], as_tags(gauge["tags"]), seconds(gauge["timestamp"])
        title = victoria.selector(name, tags)
        # A selector also finds series with further labels: those are others, unless the label is one that sinks add.
        series = [
            (labels, samples)
            for labels, samples in store.samples(title, at)
            if set(labels) - {"__name__"} - set(tags) <= COMMON
        ]
        if len(series) != 1:
            faults.append(f"{title}: {len(series)} series in the store, expected one")
            continue
        labels, samples = series[0]
        identity = tuple(sorted(labels.items()))
        if identity in seen:
            faults.append(f"{title}: the run has this gauge twice")
        seen.add(identity)
        if len(samples) != 1:
            faults.append(f"{title}: {len(samples)} samples in the store, expected one")
        elif samples[0][0] != at:
            faults.append(f"{title}: stored at {samples[0][0]:.3f}, the run says {at}")
        elif not math.isclose(samples[0][1], gauge["value"], rel_tol=PRECISION, abs_tol=0.0):
            faults.append(f"{title}: stored as {samples[0][1]!r}, the run says {gauge['value']!r}")
    everything = store.samples('{__name__!=""}', latest + 3600, "1y")
    for labels, _ in everything:
        if tuple(sorted(labels.items())) not in seen and not any(labels["__name__"] in fault for fault in faults):
            faults.append(f"{labels}: in the store, but the run does not say so")
    return faults


def as_tags(tags):
    """Tags as a dictionary, from a list of `key:value` or from an object."""
    return dict(tags) if isinstance(tags, dict) else dict(tag.split(":", 1) for tag in tags)


def seconds(timestamp):
    """Whole seconds since the epoch, from a number or from RFC 3339."""
    if isinstance(timestamp, (int, float)):
        return int(timestamp)
    # Python before 3.11 does not read Z, nor more than six digits of a second; a run's instant needs neither.
    text = timestamp.replace("Z", "+00:00")
    return math.floor(datetime.datetime.fromisoformat(text).timestamp())


def self_test(options, folder):
    """A payload made by hand goes through and is read back; then each kind of fault must be found."""
    now = int(time.time()) - 5
    gauges = [
        {"name": "github.prs.open", "value": 51, "tags": ["repo:acme/widgets", "org:acme"], "timestamp": now},
        {"name": "github.prs.open", "value": 0, "tags": ["repo:acme/gadgets", "org:acme"], "timestamp": now},
        {"name": "github.ci.ratio", "value": 1 / 3, "tags": {"repo": "acme/widgets"}, "timestamp": now},
        {"name": "github.hours.p90", "value": 12345.678901234567, "tags": ['title:é "q" \\ {x}'], "timestamp": now},
        {"name": "self.up", "value": 1, "tags": [], "timestamp": rfc3339(now)},
    ]
    payload = {"series": [series(gauge, now) for gauge in gauges]}
    faults = []

    def expect(what, found, *words):
        """`found` must be one fault that says `words`; without words there must be none."""
        if not words and found:
            faults.append(f"self-test: {what}: found {found}")
        elif words and not (len(found) == 1 and all(word in found[0] for word in words)):
            faults.append(f"self-test: {what}: expected one fault with {words}, found {found}")

    with victoria.start(options.victoria, folder) as store, intake.Proxy(store.url) as proxy:
        status = post(proxy, gzip.compress(json.dumps(payload).encode()))
        expect("status", [] if status == 202 else [f"{status}"])
        expect("a right payload", payload_faults(proxy.requests))
        store.flush()
        expect("every value read back", stored_faults(store, gauges))

        def changed(index, **fields):
            return [gauge | fields if i == index else gauge for i, gauge in enumerate(gauges)]

        expect("another value", stored_faults(store, changed(0, value=52)), "acme/widgets", "stored as 51")
        expect("a value off by little", stored_faults(store, changed(2, value=1 / 3 + 1e-10)), "github.ci.ratio")
        expect("a zero that is not", stored_faults(store, changed(1, value=1e-9)), "stored as 0")
        expect("another time", stored_faults(store, changed(0, timestamp=now + 1)), "stored at")
        expect("a gauge that was not sent", stored_faults(store, gauges + [gauges[0] | {"name": "x"}]), "0 series")
        expect("a tag that was not sent", stored_faults(store, changed(4, tags=["a:b"])), "self.up", "0 series")
        expect("a gauge left out", stored_faults(store, gauges[1:]), "does not say so")
        expect("a gauge said twice", stored_faults(store, gauges + gauges[:1]), "twice")
        post(proxy, b"\x1f\x8bgarbage")
        found = " ".join(payload_faults(proxy.requests[-1:]))
        expect("garbage", [found], "answered 400", "cannot be read", "no JSON")
        post(proxy, gzip.compress(b'{"series": [{"metric": "a", "points": [{"timestamp": 1, "value": NaN}]}]}'))
        expect("NaN", [" ".join(payload_faults(proxy.requests[-1:]))], "NaN is not JSON")

    good = series(gauges[0], now)
    for what, bad, *words in [
        ("points of version 1", good | {"points": [[now, 1]]}, "a point is"),
        ("a time in fractions", good | {"points": [{"timestamp": now + 0.5, "value": 1}]}, ""),
        ("a value as text", good | {"points": [{"timestamp": now, "value": "1"}]}, ""),
        ("a type as text", good | {"type": "gauge"}, ""),
        ("an unknown field", good | {"metrics": "x"}, "no such field"),
        ("a count", good | {"type": 1}, "a gauge is 3"),
        ("a tag without value", good | {"tags": ["repo:"]}, "not key:value"),
    ]:
        found = strict.complaints({"series": [bad]})
        if not any(all(word in one for word in words) for one in found):
            faults.append(f"self-test: {what}: expected {words}, found {found}")
    expect("another key at the top", strict.complaints({"metrics": [good]}), "refuses")
    if not faults:
        print("datadog self-test ok")
    return faults


def series(gauge, at):
    tags = gauge["tags"] if isinstance(gauge["tags"], list) else [f"{k}:{v}" for k, v in gauge["tags"].items()]
    point = {"timestamp": at, "value": gauge["value"]}
    return {"metric": gauge["name"], "type": 3, "points": [point], "tags": [*tags, "env:test"]}


def post(proxy, body):
    headers = {"DD-API-KEY": KEY, "Content-Type": "application/json", "Content-Encoding": "gzip"}
    request = urllib.request.Request(f"{proxy.url}/datadog/api/v2/series", body, headers, method="POST")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def rfc3339(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    sys.exit(main())
