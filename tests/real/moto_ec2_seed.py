"""A described region -> moto, by boto3."""

import time

# Any name will do: moto looks at no image that it does not have.
IMAGE = "ami-0000000000000000f"
DEVICES = ("/dev/sda1", "/dev/sdf")


def fill(ec2, region):
    """Puts `region` into moto; for each fleet, the instants before and after its launch."""
    launches, firsts = [], []
    for fleet in region.fleets:
        before = time.time()
        ids = (launch_apart if fleet.apart else launch)(ec2, region, fleet)
        launches.append((before, time.time()))
        firsts.append(ids[0])
        stopped, rest = ids[fleet.running :][: fleet.stopped], ids[fleet.running + fleet.stopped :]
        if stopped:
            ec2.stop_instances(InstanceIds=stopped)
        if rest:
            ec2.terminate_instances(InstanceIds=rest)
    volumes(ec2, region, firsts)
    addresses(ec2, region, firsts[0])
    return launches


def launch(ec2, region, fleet):
    """All in one reservation."""
    mappings = [
        {"DeviceName": device, "Ebs": {"VolumeSize": size, "DeleteOnTermination": not fleet.keeps}}
        for device, size in zip(DEVICES, fleet.volumes)
    ]
    options = {"InstanceMarketOptions": {"MarketType": "spot"}} if fleet.spot else {}
    answer = ec2.run_instances(
        ImageId=windows(ec2) if fleet.windows else IMAGE,
        InstanceType=fleet.kind,
        Placement={"AvailabilityZone": region.name + fleet.zone},
        MinCount=fleet.launched,
        MaxCount=fleet.launched,
        BlockDeviceMappings=mappings,
        **options,
    )
    return [one["InstanceId"] for one in answer["Instances"]]


def launch_apart(ec2, _, fleet):
    """A reservation for each, in one request."""
    specification = {"ImageId": IMAGE, "InstanceType": fleet.kind}
    answer = ec2.request_spot_instances(InstanceCount=fleet.launched, LaunchSpecification=specification)
    return [one["InstanceId"] for one in answer["SpotInstanceRequests"]]


def windows(ec2):
    images = ec2.describe_images(Filters=[{"Name": "platform", "Values": ["windows"]}])["Images"]
    return images[0]["ImageId"]


def volumes(ec2, region, firsts):
    """Volumes beside those of the fleets, and the snapshots."""
    # Before further volumes are attached to one of these instances.
    for first in firsts[: region.fleet_snapshots]:
        ec2.create_snapshots(InstanceSpecification={"InstanceId": first})
    zone = f"{region.name}a"
    for number, size in enumerate(region.attached):
        volume = ec2.create_volume(Size=size, AvailabilityZone=zone)["VolumeId"]
        ec2.attach_volume(VolumeId=volume, InstanceId=firsts[0], Device=f"/dev/sd{'ghijklmn'[number]}")
    for number, size in enumerate(region.loose):
        volume = ec2.create_volume(Size=size, AvailabilityZone=zone)["VolumeId"]
        if number < region.loose_snapshots:
            ec2.create_snapshot(VolumeId=volume)


def addresses(ec2, region, instance):
    for number in range(region.held + region.let_go + region.free):
        address = ec2.allocate_address(Domain="vpc")["AllocationId"]
        if number < region.held + region.let_go:
            held = ec2.associate_address(AllocationId=address, InstanceId=instance)["AssociationId"]
            if number >= region.held:
                ec2.disassociate_address(AssociationId=held)
