//! Every metric that the SkyPilot collector can send: definitions and nothing else.

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The groups: what is read together and fails together.
pub(crate) mod group {
    pub(crate) const JOBS: &str = "jobs";
    pub(crate) const CLUSTERS: &str = "clusters";

    /// Every group.
    #[cfg(test)]
    pub(crate) const ALL: &[&str] = &[JOBS, CLUSTERS];
}

/// The table.
pub const METRICS: &[MetricDef] = &[
    JOBS_QUEUED,
    JOBS_RUNNING,
    JOBS_FAILED,
    JOBS_FAILED_7D,
    JOBS_SUCCEEDED,
    JOBS_CANCELLED,
    JOBS_RECOVERING,
    RUNTIME_MIN,
    RUNTIME_MAX,
    RUNTIME_AVG,
    RUNTIME_P50,
    RUNTIME_P90,
    RUNTIME_P99,
    BUCKET_0_1H,
    BUCKET_1_4H,
    BUCKET_4_24H,
    BUCKET_OVER_24H,
    GPUS_L4,
    GPUS_A10G,
    GPUS_H100,
    GPUS_TOTAL,
    SPOT_JOBS,
    ONDEMAND_JOBS,
    WITH_RECOVERIES,
    RECOVERIES_AVG,
    RECOVERIES_MAX,
    REGION_US_EAST_1,
    REGION_US_WEST_2,
    REGION_OTHER,
    USERS_ACTIVE,
    CLUSTERS_ACTIVE,
    CLUSTERS_NO_AUTOSTOP,
    QUEUE_WAIT_P90,
];

const DOWN: &str = "the jobs controller is down";
const NONE_RUNS: &str = "no job runs";
const NO_GPUS: &str = "the server does not tell the GPUs of a running job";
const NO_SPOT: &str = "the server does not tell whether a running job is on spot";
const NO_RECOVERIES: &str = "the server does not tell how often a running job has been recovered";
const NONE_RECOVERED: &str = "no running job has been recovered, or the server does not tell it of one";
const NO_REGION: &str = "the server's reply has no region";
const NO_MANAGED: &str = "the server does not tell which clusters are managed by a job";
const NO_USERS: &str = "the server's reply has no user";
const NO_WAIT: &str = "no job started in 24 hours, or the jobs controller is down";

pub(crate) const JOBS_QUEUED: MetricDef = define(
    "skypilot.jobs.queued",
    group::JOBS,
    "job",
    "Managed jobs that do not run yet: PENDING, SUBMITTED or STARTING.",
);
pub(crate) const JOBS_RUNNING: MetricDef =
    define("skypilot.jobs.running", group::JOBS, "job", "Managed jobs that are RUNNING or RECOVERING.");
pub(crate) const JOBS_FAILED: MetricDef = MetricDef {
    absent_when: DOWN,
    ..define(
        "skypilot.jobs.failed",
        group::JOBS,
        "job",
        "Managed jobs in the server's history whose status begins with FAILED.",
    )
};
pub(crate) const JOBS_FAILED_7D: MetricDef = MetricDef {
    absent_when: DOWN,
    ..define("skypilot.jobs.failed_7d", group::JOBS, "job", "Managed jobs that failed and ended in the last 7 days.")
};
pub(crate) const JOBS_SUCCEEDED: MetricDef = MetricDef {
    absent_when: DOWN,
    ..define("skypilot.jobs.succeeded", group::JOBS, "job", "Managed jobs in the server's history that SUCCEEDED.")
};
pub(crate) const JOBS_CANCELLED: MetricDef = MetricDef {
    absent_when: DOWN,
    ..define(
        "skypilot.jobs.cancelled",
        group::JOBS,
        "job",
        "Managed jobs in the server's history that are CANCELLED or CANCELLING.",
    )
};
pub(crate) const JOBS_RECOVERING: MetricDef =
    define("skypilot.jobs.recovering", group::JOBS, "job", "Managed jobs that are RECOVERING.");
pub(crate) const RUNTIME_MIN: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define(
        "skypilot.jobs.runtime_seconds.min",
        group::JOBS,
        "second",
        "Shortest run time of the running jobs, recovery left out, all tasks of a job together.",
    )
};
pub(crate) const RUNTIME_MAX: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define("skypilot.jobs.runtime_seconds.max", group::JOBS, "second", "Longest run time of the running jobs.")
};
pub(crate) const RUNTIME_AVG: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define("skypilot.jobs.runtime_seconds.avg", group::JOBS, "second", "Mean run time of the running jobs.")
};
pub(crate) const RUNTIME_P50: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define("skypilot.jobs.runtime_seconds.p50", group::JOBS, "second", "Median run time of the running jobs.")
};
pub(crate) const RUNTIME_P90: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define(
        "skypilot.jobs.runtime_seconds.p90",
        group::JOBS,
        "second",
        "90th percentile of the run times of the running jobs.",
    )
};
pub(crate) const RUNTIME_P99: MetricDef = MetricDef {
    absent_when: NONE_RUNS,
    ..define(
        "skypilot.jobs.runtime_seconds.p99",
        group::JOBS,
        "second",
        "99th percentile of the run times of the running jobs.",
    )
};
pub(crate) const BUCKET_0_1H: MetricDef = define(
    "skypilot.jobs.runtime_buckets.0_1h",
    group::JOBS,
    "job",
    "Running jobs with a run time of less than 1 hour.",
);
pub(crate) const BUCKET_1_4H: MetricDef = define(
    "skypilot.jobs.runtime_buckets.1_4h",
    group::JOBS,
    "job",
    "Running jobs with a run time of 1 hour or more and less than 4.",
);
pub(crate) const BUCKET_4_24H: MetricDef = define(
    "skypilot.jobs.runtime_buckets.4_24h",
    group::JOBS,
    "job",
    "Running jobs with a run time of 4 hours or more and less than 24.",
);
pub(crate) const BUCKET_OVER_24H: MetricDef = define(
    "skypilot.jobs.runtime_buckets.over_24h",
    group::JOBS,
    "job",
    "Running jobs with a run time of 24 hours or more.",
);
pub(crate) const GPUS_L4: MetricDef = MetricDef {
    absent_when: NO_GPUS,
    ..define(
        "skypilot.resources.gpus.l4_count",
        group::JOBS,
        "gpu",
        "L4 GPUs that running jobs hold, on all their nodes; L40S is another.",
    )
};
pub(crate) const GPUS_A10G: MetricDef = MetricDef {
    absent_when: NO_GPUS,
    ..define(
        "skypilot.resources.gpus.a10g_count",
        group::JOBS,
        "gpu",
        "A10G GPUs that running jobs hold, on all their nodes.",
    )
};
pub(crate) const GPUS_H100: MetricDef = MetricDef {
    absent_when: NO_GPUS,
    ..define(
        "skypilot.resources.gpus.h100_count",
        group::JOBS,
        "gpu",
        "H100 GPUs of any variant (H100-80GB, H100-SXM) that running jobs hold, on all their nodes; H200 is another.",
    )
};
pub(crate) const GPUS_TOTAL: MetricDef = MetricDef {
    absent_when: NO_GPUS,
    ..define(
        "skypilot.resources.gpus.total_count",
        group::JOBS,
        "gpu",
        "GPUs of any kind that running jobs hold, on all their nodes, fractions included; TPUs, Trainium and Inferentia are none.",
    )
};
pub(crate) const SPOT_JOBS: MetricDef = MetricDef {
    absent_when: NO_SPOT,
    ..define("skypilot.resources.spot_jobs", group::JOBS, "job", "Running jobs on spot instances.")
};
pub(crate) const ONDEMAND_JOBS: MetricDef = MetricDef {
    absent_when: NO_SPOT,
    ..define("skypilot.resources.ondemand_jobs", group::JOBS, "job", "Running jobs that are not on spot instances.")
};
pub(crate) const WITH_RECOVERIES: MetricDef = MetricDef {
    absent_when: NO_RECOVERIES,
    ..define(
        "skypilot.jobs.with_recoveries",
        group::JOBS,
        "job",
        "Running jobs that have been recovered at least once.",
    )
};
pub(crate) const RECOVERIES_AVG: MetricDef = MetricDef {
    absent_when: NONE_RECOVERED,
    ..define(
        "skypilot.jobs.recovery_count.avg",
        group::JOBS,
        "",
        "Mean number of recoveries of the running jobs that have been recovered.",
    )
};
pub(crate) const RECOVERIES_MAX: MetricDef = MetricDef {
    absent_when: NONE_RECOVERED,
    ..define(
        "skypilot.jobs.recovery_count.max",
        group::JOBS,
        "",
        "Greatest number of recoveries of a running job that has been recovered.",
    )
};
pub(crate) const REGION_US_EAST_1: MetricDef = MetricDef {
    absent_when: NO_REGION,
    ..define("skypilot.regions.us_east_1", group::JOBS, "job", "Running jobs in us-east-1, its zones included.")
};
pub(crate) const REGION_US_WEST_2: MetricDef = MetricDef {
    absent_when: NO_REGION,
    ..define("skypilot.regions.us_west_2", group::JOBS, "job", "Running jobs in us-west-2, its zones included.")
};
pub(crate) const REGION_OTHER: MetricDef = MetricDef {
    absent_when: NO_REGION,
    ..define("skypilot.regions.other", group::JOBS, "job", "Running jobs in any other region that is known.")
};
pub(crate) const USERS_ACTIVE: MetricDef = MetricDef {
    absent_when: NO_USERS,
    ..define("skypilot.users.active_count", group::JOBS, "user", "Distinct users of the jobs that have not ended.")
};
pub(crate) const CLUSTERS_ACTIVE: MetricDef =
    define("skypilot.clusters.active", group::CLUSTERS, "cluster", "Clusters of all users that are UP.");
pub(crate) const CLUSTERS_NO_AUTOSTOP: MetricDef = MetricDef {
    absent_when: NO_MANAGED,
    ..define(
        "skypilot.clusters.without_autostop",
        group::CLUSTERS,
        "cluster",
        "Clusters that are UP, are not managed by a job, and have no autostop.",
    )
};
pub(crate) const QUEUE_WAIT_P90: MetricDef = MetricDef {
    absent_when: NO_WAIT,
    ..define(
        "skypilot.jobs.queue_wait_seconds.p90",
        group::JOBS,
        "second",
        "90th percentile of the time from submission to start of the jobs whose first task started in the last 24 hours.",
    )
};

const fn define(name: &'static str, group: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group,
        unit,
        kind: Kind::Gauge,
        bounds: Bounds::NON_NEGATIVE,
        tags: &[],
        description,
        absent_when: "",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn groups_are_known() {
        let used: BTreeSet<_> = METRICS.iter().map(|def| def.group).collect();
        assert_eq!(used, group::ALL.iter().copied().collect());
    }

    #[test]
    fn is_the_specification() {
        loopback::specification::hold("skypilot", METRICS);
    }
}
