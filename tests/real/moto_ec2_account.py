"""A made-up account: what is put into moto, and what must therefore come out of orgpulse."""

from dataclasses import dataclass

ACCOUNT = "123456789012"

# vCPUs and GPUs as AWS documents the types. Inferentia is no GPU; a g6f.large has an eighth of one.
KINDS = {
    "m5.large": (2, 0),
    "c5.xlarge": (4, 0),
    "r5.2xlarge": (8, 0),
    "t3.micro": (2, 0),
    "m6g.large": (2, 0),
    "c7g.xlarge": (4, 0),
    "i3.large": (2, 0),
    "inf2.xlarge": (4, 0),
    "g6f.large": (2, 0.125),
    "g6.xlarge": (4, 1),
    "g4dn.12xlarge": (48, 4),
    "p5.48xlarge": (192, 8),
}


@dataclass(frozen=True)
class Fleet:
    """Instances of one kind that are launched by one request."""

    kind: str
    running: int
    stopped: int = 0
    terminated: int = 0
    spot: bool = False
    zone: str = "a"
    windows: bool = False
    # GiB of the root volume, and of a second one.
    root: int = 8
    data: int = 0
    # Whether the volumes outlive a terminated instance.
    keeps: bool = False
    # Launched by RequestSpotInstances, by which each instance is a reservation of its own. moto then looks at neither
    # zone nor volumes: these are the defaults above.
    apart: bool = False

    @property
    def launched(self):
        return self.running + self.stopped + self.terminated

    @property
    def volumes(self):
        """Sizes of the volumes of one instance."""
        return [self.root, self.data] if self.data else [self.root]


@dataclass(frozen=True)
class Region:
    name: str
    fleets: tuple
    # Volumes beside those of the fleets: sizes of those that are attached to an instance, and of those that are not.
    attached: tuple = ()
    loose: tuple = ()
    # So many of the loose volumes have a snapshot, and in so many fleets all volumes of one instance: the first ones.
    loose_snapshots: int = 0
    fleet_snapshots: int = 0
    # Elastic IP addresses: held by an instance, let go by one, and never held.
    held: int = 0
    let_go: int = 0
    free: int = 0

    @property
    def instances(self):
        return sum(fleet.launched for fleet in self.fleets)

    @property
    def reservations(self):
        return sum(fleet.launched if fleet.apart else 1 for fleet in self.fleets)


# 2,500 instances. The pages are of 500, and moto counts reservations: the first region has three pages, the second one
# that is full, the third one with room.
REGIONS = (
    Region(
        "eu-central-1",
        (
            Fleet("g6.xlarge", 600, 100, 20, spot=True, apart=True),
            Fleet("c5.xlarge", 250, 30, 20, spot=True, apart=True),
            Fleet("m5.large", 60, 20, 10, root=30, data=100),
            Fleet("m5.large", 20, 5, root=60, zone="b", windows=True),
            Fleet("r5.2xlarge", 40, 5, 5, zone="b", root=50, data=500, keeps=True),
            Fleet("g4dn.12xlarge", 20, 4, 1, root=200),
            Fleet("p5.48xlarge", 8, 1, 1, root=1000, zone="c"),
            Fleet("p5.48xlarge", 6, 2, 2, spot=True, root=1000, zone="c"),
            Fleet("g6f.large", 15, 5, zone="b"),
            Fleet("inf2.xlarge", 20, 5, 5),
            Fleet("t3.micro", 15, 4, 1, spot=True, zone="b", root=10),
        ),
        attached=(1, 20, 300, 4000),
        loose=(2, 40, 800, 16000, 125),
        loose_snapshots=3,
        fleet_snapshots=5,
        held=4,
        let_go=2,
        free=3,
    ),
    Region(
        "us-east-1",
        (
            Fleet("c7g.xlarge", 400, 50, 43, spot=True, apart=True),
            Fleet("m6g.large", 80, 10, 10, root=25),
            Fleet("i3.large", 25, 5, 2, root=16, data=75, keeps=True),
            Fleet("g6.xlarge", 30, 10, zone="b", spot=True, root=120),
            Fleet("g4dn.12xlarge", 10, 3, 2, zone="b", spot=True, root=150),
            Fleet("g6f.large", 9, zone="d"),
            Fleet("t3.micro", 8, 1, 1),
            Fleet("m5.large", 1),
        ),
        attached=(7, 70),
        loose=(5, 50, 500),
        loose_snapshots=2,
        fleet_snapshots=3,
        held=1,
        free=6,
    ),
    Region(
        "us-west-2",
        (
            Fleet("r5.2xlarge", 150, 30, 20, root=40),
            Fleet("inf2.xlarge", 60, 10, 10, spot=True, zone="c"),
            Fleet("c7g.xlarge", 100, 20, 10, zone="b"),
            Fleet("p5.48xlarge", 70, 10, 10, root=2000),
        ),
        loose=(9,),
        loose_snapshots=1,
        let_go=1,
    ),
)

# Where policies are checked: a few of everything, so that a run takes a second.
SMALL = Region(
    "sa-east-1",
    (
        Fleet("m5.large", 3, 1, 1, root=20),
        Fleet("g6.xlarge", 2, 1, spot=True, zone="b"),
        Fleet("inf2.xlarge", 1),
    ),
    attached=(3,),
    loose=(4, 5),
    loose_snapshots=2,
    held=1,
    free=2,
)

# US dollars an hour by type, region and platform; inf2.xlarge has none anywhere.
ON_DEMAND = {
    (kind, region.name, "Linux/UNIX"): round(0.01 * (vcpus + 30 * gpus) * (1 + 0.1 * place) + 0.0007, 4)
    for place, region in enumerate((*REGIONS, SMALL))
    for kind, (vcpus, gpus) in KINDS.items()
    if kind != "inf2.xlarge" and (kind, region.name) != ("g6f.large", "us-east-1")
} | {("m5.large", "eu-central-1", "Windows"): 0.207}
# By type and zone, and by type and region for zones that have none of their own. A type of ours has none on purpose.
SPOT_IN_ZONE = {
    ("g6.xlarge", "eu-central-1a"): 0.1234,
    ("p5.48xlarge", "eu-central-1c"): 21.5,
    ("c7g.xlarge", "us-east-1a"): 0.0311,
    ("g6.xlarge", "us-east-1a"): 0.5,
    ("g6.xlarge", "sa-east-1b"): 0.2,
}
SPOT_IN_REGION = {
    ("g6.xlarge", "eu-central-1"): 0.9,
    ("c5.xlarge", "eu-central-1"): 0.0207,
    ("g6.xlarge", "us-east-1"): 0.1402,
    ("g4dn.12xlarge", "us-east-1"): 1.19,
    # Known as a spot price alone: priced, and no part of the savings.
    ("inf2.xlarge", "us-west-2"): 0.08,
}


def price_file():
    """The prices above as the README of the collector says, and rows beside them that are of other machines."""
    rows = ["on_demand:"]
    for (kind, region, platform), price in ON_DEMAND.items():
        of = "" if platform == "Linux/UNIX" else f"platform: {platform}, "
        rows.append(f"  - {{type: {kind}, region: {region}, {of}price: {price}}}")
    for region in REGIONS:
        rows.append(f"  - {{type: inf2.xlarge, region: {region.name}, tenancy: dedicated, price: 99}}")
        rows.append(f"  - {{type: inf2.xlarge, region: {region.name}, platform: Windows, price: 98}}")
    rows.append("spot:")
    rows += [f"  - {{type: {kind}, zone: {zone}, price: {price}}}" for (kind, zone), price in SPOT_IN_ZONE.items()]
    rows += [f"  - {{type: {kind}, region: {name}, price: {price}}}" for (kind, name), price in SPOT_IN_REGION.items()]
    return "\n".join(rows) + "\n"
