//! Every metric that the EC2 collector can send: definitions and nothing else.

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The groups: what is read together and fails together, in each region on its own.
pub(crate) mod group {
    pub(crate) const INSTANCES: &str = "instances";
    pub(crate) const TYPES: &str = "types";
    pub(crate) const VOLUMES: &str = "volumes";
    pub(crate) const SNAPSHOTS: &str = "snapshots";
    pub(crate) const ADDRESSES: &str = "addresses";
    pub(crate) const COST: &str = "cost";
    pub(crate) const IDLE: &str = "idle";

    /// Every group.
    #[cfg(test)]
    pub(crate) const ALL: &[&str] = &[INSTANCES, TYPES, VOLUMES, SNAPSHOTS, ADDRESSES, COST, IDLE];
    /// Those that cannot be read without the instances.
    pub(crate) const OF_INSTANCES: &[&str] = &[INSTANCES, TYPES, COST, IDLE];
}

/// The table.
pub const METRICS: &[MetricDef] = &[
    INSTANCES_TOTAL,
    INSTANCES_RUNNING,
    INSTANCES_STOPPED,
    INSTANCES_SPOT,
    INSTANCES_ONDEMAND,
    INSTANCES_GPU,
    INSTANCES_CPU,
    GPUS,
    VCPUS,
    INSTANCES_IDLE,
    AGE_AVG,
    AGE_OLDEST,
    SPOT_INTERRUPTED,
    VOLUMES_TOTAL,
    VOLUMES_ATTACHED,
    VOLUMES_UNATTACHED,
    VOLUMES_SIZE,
    VOLUMES_UNATTACHED_SIZE,
    SNAPSHOTS_TOTAL,
    SNAPSHOTS_SIZE,
    ADDRESSES_UNATTACHED,
    COST_HOURLY,
    COST_UNPRICED,
    COST_MONTHLY,
    SPOT_SAVINGS,
];

const NONE_RUNS: &str = "no instance runs";

pub(crate) const INSTANCES_TOTAL: MetricDef = define(
    "ec2.instances.total",
    group::INSTANCES,
    "instance",
    "Instances in any state but terminated and shutting-down.",
);
pub(crate) const INSTANCES_RUNNING: MetricDef =
    define("ec2.instances.running", group::INSTANCES, "instance", "Instances that are running.");
pub(crate) const INSTANCES_STOPPED: MetricDef =
    define("ec2.instances.stopped", group::INSTANCES, "instance", "Instances that are stopped or stopping.");
pub(crate) const INSTANCES_SPOT: MetricDef =
    define("ec2.instances.spot", group::INSTANCES, "instance", "Running spot instances.");
pub(crate) const INSTANCES_ONDEMAND: MetricDef = define(
    "ec2.instances.ondemand",
    group::INSTANCES,
    "instance",
    "Running instances that are not spot: on-demand, scheduled, capacity block.",
);
pub(crate) const INSTANCES_GPU: MetricDef = define(
    "ec2.instances.gpu_count",
    group::TYPES,
    "instance",
    "Running instances whose type has GPUs of NVIDIA or AMD, as EC2 describes the type.",
);
pub(crate) const INSTANCES_CPU: MetricDef =
    define("ec2.instances.cpu_count", group::TYPES, "instance", "Running instances whose type has no GPU.");
pub(crate) const GPUS: MetricDef = define(
    "ec2.gpus.total",
    group::TYPES,
    "gpu",
    "GPUs of the running instances; a type with a part of a GPU counts as that part.",
);
pub(crate) const VCPUS: MetricDef = define(
    "ec2.vcpus.total",
    group::TYPES,
    "core",
    "vCPUs of the running instances: by their CPU options where EC2 tells them, else the default of their types.",
);
pub(crate) const INSTANCES_IDLE: MetricDef = MetricDef {
    absent_when: "ec2.idle is off, or CloudWatch has no datapoint of any instance that has run for over 1 hour",
    ..define(
        "ec2.instances.idle",
        group::IDLE,
        "instance",
        "Instances that have run for over 1 hour with a mean CPUUtilization of the last hour below ec2.idle_cpu_pct; one \
         without datapoints does not count. With a state directory the mean of an instance is up to 1 hour old.",
    )
};
pub(crate) const AGE_AVG: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define(
        "ec2.instances.avg_age_days",
        group::INSTANCES,
        "day",
        "Mean time since the launch of the running instances.",
    )
};
pub(crate) const AGE_OLDEST: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define(
        "ec2.instances.oldest_age_days",
        group::INSTANCES,
        "day",
        "Longest time since the launch of a running instance.",
    )
};
pub(crate) const SPOT_INTERRUPTED: MetricDef = define(
    "ec2.instances.spot_interrupted_24h",
    group::INSTANCES,
    "instance",
    "Instances that EC2 terminated in the last 24 hours to take spot capacity back, as far as EC2 still lists them \
     (about 1 hour).",
);
pub(crate) const VOLUMES_TOTAL: MetricDef =
    define("ec2.ebs.volumes.total", group::VOLUMES, "volume", "EBS volumes in any state.");
pub(crate) const VOLUMES_ATTACHED: MetricDef =
    define("ec2.ebs.volumes.attached", group::VOLUMES, "volume", "EBS volumes in the state in-use.");
pub(crate) const VOLUMES_UNATTACHED: MetricDef =
    define("ec2.ebs.volumes.unattached", group::VOLUMES, "volume", "EBS volumes in the state available.");
pub(crate) const VOLUMES_SIZE: MetricDef = MetricDef {
    absent_when: "EC2 does not tell the size of a volume",
    ..define("ec2.ebs.volumes.size_gb", group::VOLUMES, "gibibyte", "Sum of the sizes of all EBS volumes.")
};
pub(crate) const VOLUMES_UNATTACHED_SIZE: MetricDef = MetricDef {
    absent_when: "EC2 does not tell the size of a volume in the state available",
    ..define(
        "ec2.ebs.volumes.unattached_size_gb",
        group::VOLUMES,
        "gibibyte",
        "Sum of the sizes of the EBS volumes in the state available.",
    )
};
pub(crate) const SNAPSHOTS_TOTAL: MetricDef =
    define("ec2.ebs.snapshots.total", group::SNAPSHOTS, "snapshot", "EBS snapshots that the account owns.");
pub(crate) const SNAPSHOTS_SIZE: MetricDef = MetricDef {
    absent_when: "EC2 does not tell the size of a snapshot's volume",
    ..define(
        "ec2.ebs.snapshots.size_gb",
        group::SNAPSHOTS,
        "gibibyte",
        "Sum of the sizes of the volumes that the account's snapshots are of; what they store, and are billed for, is \
         less.",
    )
};
pub(crate) const ADDRESSES_UNATTACHED: MetricDef =
    define("ec2.addresses.unattached", group::ADDRESSES, "", "Elastic IP addresses without an association.");
pub(crate) const COST_HOURLY: MetricDef = define(
    "ec2.cost.running_hourly_estimate",
    group::COST,
    "dollar",
    "Sum of the hourly prices of the running instances: spot at the latest spot price of type, zone and platform, others \
     at the on-demand list price of type, region and platform. Those without a known price are left out and counted in \
     ec2.cost.unpriced_instances.",
);
pub(crate) const COST_UNPRICED: MetricDef =
    define("ec2.cost.unpriced_instances", group::COST, "instance", "Running instances without a known price.");
pub(crate) const COST_MONTHLY: MetricDef =
    define("ec2.cost.monthly_estimate", group::COST, "dollar", "730 hours at ec2.cost.running_hourly_estimate.");
pub(crate) const SPOT_SAVINGS: MetricDef = MetricDef {
    // A spot price may lie above the on-demand price.
    bounds: Bounds { min: f64::MIN, max: 100.0 },
    absent_when: "no spot instance with a known spot and on-demand price runs",
    ..define(
        "ec2.cost.spot_savings_pct",
        group::COST,
        "percent",
        "How much less the running spot instances cost by the hour than the same on demand.",
    )
};

const fn define(name: &'static str, group: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group,
        unit,
        kind: Kind::Gauge,
        bounds: Bounds::NON_NEGATIVE,
        tags: &["account", "region"],
        description,
        absent_when: "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn is_the_specification() {
        loopback::specification::hold("ec2", METRICS);
    }

    #[test]
    fn groups_are_known() {
        let used: BTreeSet<_> = METRICS.iter().map(|def| def.group).collect();
        assert_eq!(used, group::ALL.iter().copied().collect());
    }
}
