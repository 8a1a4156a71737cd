#!/usr/bin/env python3
"""Collects from moto's EC2, and compares every gauge with what was put in.

    description -> boto3 -> moto -> recorder -> orgpulse -> gauges
         +------> counted by the words of the specification ----> the same, and no others

moto has no price list, no spot prices, no CBOR for CloudWatch, no interruptions, no transitional states, no tenancy, no
CPU options and no pages of volumes, snapshots or types: prices come from a price file here, ec2.idle is off, and the rest
is shown by the simulator. Launch times are moto's own: the run takes an instant 6 hours after them for now.

--self-test holds the counting against a region small enough to count by hand. Run by the Python of .tools/moto.
"""

import argparse
import collections
import datetime
import math
import re
import signal
import sys
import tempfile
import time
from pathlib import Path

import moto_ec2_account as account
import moto_ec2_expected as expected
import moto_ec2_policies as policies
import moto_ec2_seed as seed
from moto_ec2_run import Ran
from moto_ec2_run import World
from moto_server import Call
from moto_server import Moto

# Reservations on a page of moto: as many as orgpulse asks for.
PAGE = 500
# What sums of prices lose.
PRECISION = 1e-9


def main():
    parser = argparse.ArgumentParser(description="Collect from moto's EC2.")
    parser.add_argument("--self-test", action="store_true", help="test this test")
    parser.add_argument("--orgpulse", type=Path)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.self_test:
        found = self_test()
    else:
        with tempfile.TemporaryDirectory(prefix="orgpulse-moto-") as folder:
            found = faults_with(options.orgpulse.resolve(), Path(folder))
    for fault in found:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if found else 0


def faults_with(orgpulse, folder):
    started = time.monotonic()
    (folder / "empty").mkdir()
    (folder / "prices.yaml").write_text(account.price_file())
    with Moto(folder) as moto:
        world = World(moto, orgpulse, folder / "empty")
        launches = {
            region.name: seed.fill(moto.client("ec2", region.name), region)
            for region in (*account.REGIONS, account.SMALL)
        }
        filled = time.monotonic() - started
        names = [region.name for region in account.REGIONS]
        now = int(time.time()) + 6 * 3600
        ran = world.collect(now=now, AWS_REGION=names[0], EC2_REGIONS=",".join(names))
        found = whole_faults(ran, account.REGIONS, launches)
        checked = time.monotonic()

        def wanted(ran):
            return expected.gauges(account.SMALL, now_of(ran), launches[account.SMALL.name])

        found += policies.faults(world, account.SMALL, wanted, compare)
    if not found:
        pages = sum(call.action == "DescribeInstances" for call in ran.calls)
        print(
            f"moto ec2 ok: {sum(region.instances for region in account.REGIONS)} instances on {pages} pages, "
            f"{ran.collector['gauges']} gauges, {len(ran.calls)} requests, "
            f"{ran.seconds:.1f} s; filled in {filled:.0f} s, policies in {time.monotonic() - checked:.0f} s, "
            f"all in {time.monotonic() - started:.0f} s"
        )
        lacking = ", ".join(policies.NOT_IN_MOTO)
        print(f"moto has no {lacking}: not shown here, but by the simulator; ec2.instances.idle is absent, being off")
    return found


def now_of(ran):
    return datetime.datetime.fromisoformat(ran.document["run"]["now"].replace("Z", "+00:00")).timestamp()


def whole_faults(ran, regions, launches):
    """What differs from the description, in a run that must have read everything."""
    if ran.code != 0 or ran.collector["outcome"] != "complete" or ran.collector["failures"]:
        return [f"code {ran.code}, {ran.collector['outcome']}, not complete:\n{ran.err[-3000:]}"]
    found = call_faults(ran, regions)
    wanted = {}
    for region in regions:
        groups = expected.gauges(region, now_of(ran), launches[region.name])
        wanted[region.name] = {name: value for group in groups.values() for name, value in group.items()}
        found += warning_faults(ran, region, wanted[region.name]["ec2.cost.unpriced_instances"][0])
    absent = {(name, one) for one in wanted for name in ("ec2.instances.idle", "ec2.cost.spot_savings_pct")}
    absent -= {(name, one) for one, values in wanted.items() for name in values}
    missing = ran.collector["missing"]
    told = {(one["metric"], tag_of(one["tags"], "region")) for one in missing if one["reason"] is None}
    if told != absent or len(missing) != len(absent):
        found.append(f"absent by definition should be {sorted(absent)}, not {missing}")
    if not any("ec2.idle is off" in one["why"] for one in missing):
        found.append("it is not said that ec2.idle is off")
    return found + compare(ran.document["gauges"], wanted)


def call_faults(ran, regions):
    """One answer for each question, and as many pages as there must be."""
    found = [f"{call.action} in {call.region} answered {call.status}" for call in ran.calls if call.status != 200]
    if ran.collector["api_requests"] != len(ran.calls):
        found.append(f"api_requests says {ran.collector['api_requests']}, the recorder saw {len(ran.calls)}")
    wanted = collections.Counter({("GetCallerIdentity", regions[0].name): 1})
    for region in regions:
        wanted["DescribeInstances", region.name] = math.ceil(region.reservations / PAGE)
        for action in ("DescribeVolumes", "DescribeSnapshots", "DescribeAddresses"):
            wanted[action, region.name] = 1
    asked = collections.Counter((call.action, call.region) for call in ran.calls)
    # A region asks only for types that no other one has been told of yet.
    types = {region.name: asked.pop(("DescribeInstanceTypes", region.name), 0) for region in regions}
    if not 1 <= sum(types.values()) or max(types.values()) > 1:
        found.append(f"types were asked for {types}")
    if asked != wanted:
        found.append(f"AWS was asked {dict(asked)}, it should be asked {dict(wanted)}")
    return found


def warning_faults(ran, region, unpriced):
    """What is left out is told: snapshots of others, which moto lists unasked, and instances without a price."""
    found = []
    own = [warning for warning in ran.collector["warnings"] if f"region:{region.name})" in warning]
    others = [re.search(r"listed (\d+) snapshots of other owners", warning) for warning in own]
    if [int(one[1]) > 0 for one in others if one] != [True]:
        found.append(f"{region.name}: the snapshots of other owners are not told of once: {own}")
    told = [re.search(r"(\d+) running instances have no known price", warning) for warning in own]
    if [int(one[1]) for one in told if one] != ([unpriced] if unpriced else []):
        found.append(f"{region.name}: {unpriced} instances without a price are not told of: {own}")
    return found


def compare(gauges, wanted):
    """Each expected gauge once, between its least and its greatest value, with its tags; no other of EC2.

    `wanted` holds them by region and name.
    """
    found, told = [], {}
    for gauge in gauges:
        if gauge["name"].startswith("ec2."):
            region = tag_of(gauge["tags"], "region")
            if (region, gauge["name"]) in told:
                found.append(f"{region}: {gauge['name']} is there twice")
            told[region, gauge["name"]] = gauge["value"]
            if sorted(gauge["tags"]) != sorted(["source:ec2", f"account:{account.ACCOUNT}", f"region:{region}"]):
                found.append(f"{region}: {gauge['name']} has the tags {gauge['tags']}")
    right = {(region, name): value for region, values in wanted.items() for name, value in values.items()}
    for region, name in sorted(told.keys() | right.keys(), key=str):
        value = told.get((region, name))
        least, greatest = right.get((region, name), (None, None))
        if least is None:
            found.append(f"{region}: {name} is {value!r}, it should have no value")
        elif value is None:
            found.append(f"{region}: {name} is missing, it should be {least!r}")
        elif not least - PRECISION * abs(least) <= value <= greatest + PRECISION * abs(greatest):
            found.append(f"{region}: {name} is {value!r}, it should be from {least!r} to {greatest!r}")
    return found


def tag_of(tags, key):
    return next((tag.partition(":")[2] for tag in tags if tag.startswith(f"{key}:")), None)


def self_test():
    """A region counted by hand; then each kind of difference must be found."""
    now = 1_800_000_000
    fleet = account.Fleet
    region = account.Region(
        "eu-central-1",
        (
            fleet("m5.large", 2, 1, 1, root=10, data=5, keeps=True),
            fleet("g6f.large", 4, 0, 2, zone="b", root=7),
            fleet("g6.xlarge", 3, 1, spot=True),
            fleet("inf2.xlarge", 1),
        ),
        attached=(100,),
        loose=(1000, 2000),
        loose_snapshots=1,
        fleet_snapshots=1,
        held=5,
        let_go=1,
        free=2,
    )
    launches = [(now - 86400 * days, now - 86400 * days) for days in (1, 2, 3, 10)]
    kinds = ("m5.large", "g6f.large", "g6.xlarge")
    on_demand = {kind: account.ON_DEMAND[kind, region.name, "Linux/UNIX"] for kind in kinds}
    hourly = 2 * on_demand["m5.large"] + 4 * on_demand["g6f.large"] + 3 * 0.1234
    counted = {
        "instances.total": 12, "instances.running": 10, "instances.stopped": 2, "instances.spot": 3,
        "instances.ondemand": 7, "instances.spot_interrupted_24h": 0,
        "instances.avg_age_days": 2.9, "instances.oldest_age_days": 10,
        "instances.gpu_count": 7, "instances.cpu_count": 3, "gpus.total": 3.5, "vcpus.total": 28,
        "ebs.volumes.total": 20, "ebs.volumes.attached": 16, "ebs.volumes.unattached": 4,
        "ebs.volumes.size_gb": 45 + 28 + 32 + 8 + 100 + 15 + 3000, "ebs.volumes.unattached_size_gb": 3015,
        "ebs.snapshots.total": 3, "ebs.snapshots.size_gb": 1015, "addresses.unattached": 3,
        "cost.running_hourly_estimate": hourly, "cost.unpriced_instances": 1, "cost.monthly_estimate": hourly * 730,
        "cost.spot_savings_pct": 100 - 100 * 0.1234 / on_demand["g6.xlarge"],
    }
    tags = ["source:ec2", f"account:{account.ACCOUNT}", f"region:{region.name}"]
    gauges = [{"name": f"ec2.{name}", "value": value, "tags": tags} for name, value in counted.items()]
    at = datetime.datetime.fromtimestamp(now, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    actions = ["GetCallerIdentity"] + [
        f"Describe{what}" for what in ("Instances", "InstanceTypes", "Volumes", "Snapshots", "Addresses")
    ]
    calls = [Call(action, 200, region.name) for action in actions]
    warnings = [
        f"EC2 (account:{account.ACCOUNT} region:{region.name}) listed 7 snapshots of other owners",
        f"EC2 (account:{account.ACCOUNT} region:{region.name}): 1 running instances have no known price",
    ]
    off = {"metric": "ec2.instances.idle", "tags": tags, "reason": None, "why": "ec2.idle is off"}
    name = gauges[0]["name"]

    def faults(gauges=gauges, calls=calls, warnings=warnings, missing=(off,), outcome="complete"):
        collector = {
            "name": "ec2", "outcome": outcome, "failures": [], "api_requests": 6,
            "missing": missing, "warnings": warnings,
        }
        document = {"run": {"now": at}, "collectors": [collector], "gauges": gauges}
        return whole_faults(Ran(0, document, "", "", calls, [], 0), [region], {region.name: launches})

    found = [f"self-test: {fault}" for fault in faults()]
    for what, change, word in (
        ("another value", {"gauges": [{**gauges[0], "value": 13}, *gauges[1:]]}, "should be from"),
        ("a fraction", {"gauges": [{**gauges[0], "value": 12.0001}, *gauges[1:]]}, "should be from"),
        ("a gauge left out", {"gauges": gauges[1:]}, "is missing"),
        ("a gauge too many", {"gauges": [*gauges, {"name": "ec2.x", "value": 0, "tags": tags}]}, "no value"),
        ("a gauge twice", {"gauges": [*gauges, gauges[0]]}, "twice"),
        ("another account", {"gauges": [{**gauges[0], "tags": tags[:1] + ["account:1"] + tags[2:]}, *gauges[1:]]}, "tags"),
        ("a refusal", {"calls": [calls[0]._replace(status=400), *calls[1:]]}, "answered 400"),
        ("a request too many", {"calls": [*calls[1:], calls[1]]}, "should be asked"),
        ("no types", {"calls": [*calls[:2], *calls[3:], calls[3]]}, "types were asked"),
        ("no word of others' snapshots", {"warnings": warnings[1:]}, "snapshots of other owners"),
        ("no word of prices", {"warnings": warnings[:1]}, "without a price"),
        ("a failure", {"missing": [{**off, "reason": "forbidden"}]}, "absent by definition"),
        ("half a run", {"outcome": "partial"}, "not complete"),
    ):
        told = faults(**change)
        if not told or word not in " ".join(told):
            found.append(f"self-test: {what}: found {told}")
    found += [f"self-test: {fault}" for fault in account_faults()]
    if not found:
        print("self-test ok")
    return found


def account_faults():
    """The account would not show much if these did not hold."""
    pages = [math.ceil(region.reservations / PAGE) for region in account.REGIONS]
    kinds = {fleet.kind for region in account.REGIONS for fleet in region.fleets}
    found = [] if sum(region.instances for region in account.REGIONS) == 2500 else ["the account has not 2,500 instances"]
    found += [] if kinds == set(account.KINDS) else [f"no instance is of {set(account.KINDS) - kinds}"]
    if max(pages) < 3 or PAGE not in [region.reservations for region in account.REGIONS]:
        found.append(f"the pages are {pages}: one region needs three, and one a page that is full")
    for region in account.REGIONS[:1]:
        groups = expected.gauges(region, 10**9, [(0, 0)] * len(region.fleets))
        zero = [name for group in groups.values() for name, value in group.items() if value == (0, 0)]
        if zero != ["ec2.instances.spot_interrupted_24h"]:
            found.append(f"these would not show whether they are counted: {zero}")
    return found


if __name__ == "__main__":
    sys.exit(main())
