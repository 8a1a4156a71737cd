"""Under policies that moto checks: what orgpulse prints is enough, and what is taken away is told by name."""

import json

import moto_ec2_expected as expected
from moto_secrets import leaks

# Services of the printed policy that moto does not have, or has not in the form that the SDK speaks.
NOT_IN_MOTO = ("pricing:GetProducts", "cloudwatch:GetMetricData")
STS = ["GetCallerIdentity"]


def faults(world, region, wanted, compare):
    """`wanted` gives the gauges of a run by group, `compare` what differs from them."""
    iam = world.moto.client("iam")
    iam.create_user(UserName="orgpulse")
    key = iam.create_access_key(UserName="orgpulse")["AccessKey"]
    own = {
        "AWS_REGION": region.name,
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }

    def printed(**variables):
        ran = world.run("doctor", "--iam-policy", **own | variables)
        return [action for statement in ran.document["Statement"] for action in statement["Action"]]

    least = printed()
    most = printed(EC2_REGIONS="all", EC2_PRICE_FILE=None, EC2_IDLE="true")
    found = [] if least == list(expected.GROUPS) else [f"the policy is printed as {least}"]
    further = {"ec2:DescribeRegions", "ec2:DescribeSpotPriceHistory", *NOT_IN_MOTO}
    if set(most) - set(least) != further or len(most) != len(least) + len(further):
        found.append(f"the policy with everything on is printed as {most}")

    def allow(actions):
        world.moto.check_policies(False)
        statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="orgpulse", PolicyName="orgpulse", PolicyDocument=document)
        world.moto.check_policies(True)

    def group_faults(ran, denied):
        """The gauges of every group but the `denied` ones."""
        groups = wanted(ran)
        values = {name: value for group in groups.keys() - denied for name, value in groups[group].items()}
        return compare(ran.document["gauges"], {region.name: values})

    def whole():
        ran = world.collect("--push", "--log", "trace", **own)
        told = [*group_faults(ran, set()), *leaks(ran, [key["SecretAccessKey"]])]
        if ran.code != 0 or ran.collector["outcome"] != "complete":
            told.append(f"code {ran.code}, {ran.collector['outcome']}: {ran.collector['failures']}")
        if sorted(ran.pushed) != sorted(gauge["name"] for gauge in ran.document["gauges"]):
            told.append(f"{len(ran.pushed)} gauges were pushed, the run says {len(ran.document['gauges'])}")
        return told

    try:
        allow(least)
        found += [f"the printed policy: {fault}" for fault in whole()]
        for action in least:
            allow(set(most) - {action})
            denied = expected.GROUPS[action]
            ran = world.collect(**own)
            told = [*denial_faults(ran, action, denied), *group_faults(ran, denied)]
            told += doctor_faults(world.run("doctor", **own), region, action)
            found += [f"without {action}: {fault}" for fault in told]

        action = "ec2:DescribeSpotPriceHistory"
        allow(set(most) - {action})
        # The price list fails as well, since moto has none: what is told of it is not looked at.
        ran = world.run("doctor", **own, EC2_PRICE_FILE=None)
        found += [f"without {action}: {fault}" for fault in doctor_faults(ran, region, action, "read the price list")]

        action = "ec2:DescribeRegions"
        allow(set(most) - {action})
        ran = world.collect("--push", **own, EC2_REGIONS="all")
        told = refusal_faults(ran, "forbidden", [*STS, "DescribeRegions"])
        told += [] if f"Allow {action} on" in str(ran.collector["error"]) else [f"not named: {ran.collector['error']}"]
        found += [f"without {action}: {fault}" for fault in told]

        allow(least)
        for what, changed in (
            ("a wrong secret key", {"AWS_SECRET_ACCESS_KEY": "x" * 40}),
            ("an unknown key", {"AWS_ACCESS_KEY_ID": "AKIA" + "X" * 16}),
        ):
            ran = world.collect("--push", "--log", "trace", **own | changed)
            told = [*refusal_faults(ran, "unauthorized", STS), *leaks(ran, [key["SecretAccessKey"], "x" * 40])]
            found += [f"{what}: {fault}" for fault in told]
    finally:
        world.moto.check_policies(False)
    return found


def denial_faults(ran, action, denied):
    """These groups failed, for want of this action, and no others."""
    found = []
    if ran.code != 3 or ran.collector["outcome"] != "partial":
        found.append(f"code {ran.code}, {ran.collector['outcome']}: expected 3, partial")
    groups = [failure["group"] for failure in ran.collector["failures"]]
    if sorted(groups) != sorted(denied):
        found.append(f"{groups} failed, it should be {sorted(denied)}")
    for failure in ran.collector["failures"]:
        if failure["reason"] != "forbidden" or f"Allow {action} on the resource *" not in failure["error"]:
            found.append(f"{failure['group']}: {failure['reason']}: {failure['error']}")
    refused = [call.action for call in ran.calls if call.status != 200]
    if refused != [action.partition(":")[2]]:
        found.append(f"AWS refused {refused}")
    return found


def doctor_faults(ran, region, action, *aside):
    """`orgpulse doctor` tells that this action is denied, and of nothing else that EC2 denies."""
    told = [line for line in ran.out.splitlines() if line.startswith("FAIL  ec2: ")]
    told = [line for line in told if not any(word in line for word in aside)]
    start = f"FAIL  ec2: read EC2 in {region.name} ({action}): [forbidden] "
    if len(told) != 1 or not told[0].startswith(start) or f"Allow {action} on" not in told[0]:
        return [f"doctor tells {told}"]
    return [] if ran.code == 1 else [f"doctor ended with code {ran.code}"]


def refusal_faults(ran, reason, calls):
    """The source failed for this reason, AWS was asked nothing further, and no gauge of EC2 was sent."""
    found = []
    if ran.code != 1 or (ran.collector["outcome"], ran.collector["reason"]) != ("failed", reason):
        outcome, told = ran.collector["outcome"], ran.collector["reason"]
        found.append(f"code {ran.code}, {outcome}, {told}: {ran.collector['error']}")
    if [call.action for call in ran.calls] != calls:
        found.append(f"AWS was asked {ran.calls}, it should be asked {calls}")
    names = [*ran.pushed, *(gauge["name"] for gauge in ran.document["gauges"])]
    if any(name.startswith("ec2.") for name in names):
        found.append(f"gauges in spite of a refusal: {names}")
    if "orgpulse.collector.up" not in ran.pushed:
        found.append(f"it is not told that EC2 is not up; pushed was {ran.pushed}")
    return found
