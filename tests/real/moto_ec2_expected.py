"""What a region must be reported as, counted from its description by the words of the metric specification."""

import math

import moto_ec2_account as account

DAY = 86400
HOURS_OF_A_MONTH = 730
# What fails with an action that is denied.
GROUPS = {
    "ec2:DescribeInstances": {"instances", "types", "cost", "idle"},
    "ec2:DescribeInstanceTypes": {"types"},
    "ec2:DescribeVolumes": {"volumes"},
    "ec2:DescribeSnapshots": {"snapshots"},
    "ec2:DescribeAddresses": {"addresses"},
}


def gauges(region, now, launches):
    """Every gauge of a region by group and name, as its least and greatest value; what has no value is left out.

    `launches` holds for each fleet the instants before and after the request that launched it.
    """
    found = {
        "instances": of_instances(region, now, launches),
        "types": of_types(region),
        "volumes": of_volumes(region),
        "snapshots": of_snapshots(region),
        "addresses": {"ec2.addresses.unattached": region.let_go + region.free},
        "cost": of_cost(region),
    }
    return {
        group: {name: value if isinstance(value, tuple) else (value, value) for name, value in values.items()}
        for group, values in found.items()
    }


def of_instances(region, now, launches):
    running = sum(fleet.running for fleet in region.fleets)
    stopped = sum(fleet.stopped for fleet in region.fleets)
    spot = sum(fleet.running for fleet in region.fleets if fleet.spot)
    found = {
        "ec2.instances.total": running + stopped,
        "ec2.instances.running": running,
        "ec2.instances.stopped": stopped,
        "ec2.instances.spot": spot,
        "ec2.instances.ondemand": running - spot,
        # Spot instances were terminated, but by their owner.
        "ec2.instances.spot_interrupted_24h": 0,
    }
    ages = [
        # EC2 tells launch times in whole seconds.
        ((now - after) / DAY, (now - math.floor(before)) / DAY, fleet.running)
        for fleet, (before, after) in zip(region.fleets, launches)
        if fleet.running
    ]
    if ages:
        youngest = math.fsum(age * count for age, _, count in ages) / running
        oldest = math.fsum(age * count for _, age, count in ages) / running
        found["ec2.instances.avg_age_days"] = (youngest, oldest)
        found["ec2.instances.oldest_age_days"] = (max(age for age, *_ in ages), max(age for _, age, _ in ages))
    return found


def of_types(region):
    rows = [(fleet.running, *account.KINDS[fleet.kind]) for fleet in region.fleets]
    with_gpu = sum(count for count, _, gpus in rows if gpus)
    return {
        "ec2.instances.gpu_count": with_gpu,
        "ec2.instances.cpu_count": sum(count for count, _, gpus in rows if not gpus),
        "ec2.gpus.total": sum(count * gpus for count, _, gpus in rows),
        "ec2.vcpus.total": sum(count * vcpus for count, vcpus, _ in rows),
    }


def of_volumes(region):
    attached, loose = list(region.attached), list(region.loose)
    for fleet in region.fleets:
        attached += fleet.volumes * (fleet.running + fleet.stopped)
        # Those of a terminated instance are deleted with it, or are left over.
        loose += fleet.volumes * fleet.terminated if fleet.keeps else []
    return {
        "ec2.ebs.volumes.total": len(attached) + len(loose),
        "ec2.ebs.volumes.attached": len(attached),
        "ec2.ebs.volumes.unattached": len(loose),
        "ec2.ebs.volumes.size_gb": sum(attached) + sum(loose),
        "ec2.ebs.volumes.unattached_size_gb": sum(loose),
    }


def of_snapshots(region):
    sizes = list(region.loose[: region.loose_snapshots])
    for fleet in region.fleets[: region.fleet_snapshots]:
        sizes += fleet.volumes
    return {"ec2.ebs.snapshots.total": len(sizes), "ec2.ebs.snapshots.size_gb": sum(sizes)}


def of_cost(region):
    prices, unpriced, saved = [], 0, []
    for fleet in region.fleets:
        on_demand, price = on_demand_of(fleet, region), price_of(fleet, region)
        if price is None:
            unpriced += fleet.running
            continue
        prices += [price] * fleet.running
        if fleet.spot and on_demand is not None:
            saved += [(price, on_demand)] * fleet.running
    hourly = math.fsum(prices)
    found = {
        "ec2.cost.running_hourly_estimate": hourly,
        "ec2.cost.unpriced_instances": unpriced,
        "ec2.cost.monthly_estimate": hourly * HOURS_OF_A_MONTH,
    }
    if saved:
        spot, same = (math.fsum(part) for part in zip(*saved))
        found["ec2.cost.spot_savings_pct"] = 100 * (1 - spot / same)
    return found


def on_demand_of(fleet, region):
    return account.ON_DEMAND.get((fleet.kind, region.name, "Windows" if fleet.windows else "Linux/UNIX"))


def price_of(fleet, region):
    if not fleet.spot:
        return on_demand_of(fleet, region)
    in_region = account.SPOT_IN_REGION.get((fleet.kind, region.name))
    return account.SPOT_IN_ZONE.get((fleet.kind, region.name + fleet.zone), in_region)
