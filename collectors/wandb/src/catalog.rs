//! Every metric that the W&B collector can send: definitions and nothing else.

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The groups: what is read together and fails together.
pub(crate) mod group {
    pub(crate) const RUNNING: &str = "running_runs";
    pub(crate) const ACTIVITY: &str = "recent_runs";
    pub(crate) const CREATED: &str = "created_runs";

    /// Every group.
    #[cfg(test)]
    pub(crate) const ALL: &[&str] = &[RUNNING, ACTIVITY, CREATED];
}

/// The table.
pub const METRICS: &[MetricDef] = &[
    RUNS_ACTIVE,
    RUNS_STALE,
    RUNS_COMPLETED,
    RUNS_FAILED,
    BEST_ACCURACY,
    LATEST_LOSS,
    DURATION,
    GPU_UTILIZATION,
    GPU_HOURS,
    COST,
    RUNS_PER_USER,
    GROUP_COMPLETED,
    GROUP_FAILED,
    GROUP_SUCCESS_RATE,
    GROUP_DURATION,
    GROUP_SPEED,
];

const NO_ACCURACY: &str = "no run that ended in 7 days has such a number";
const NO_LOSS: &str = "no run with a heartbeat in 7 days has such a number";
const NONE_COMPLETED: &str = "no run finished in 7 days";
const NO_UTILIZATION: &str = "no active run tells the utilisation of a GPU";
const NO_PRICES: &str = "wandb.gpu_hourly_usd has no price";
const NO_USERS: &str = "no user is known of a run created in 7 days";
const NONE_ENDED: &str = "no run of the group finished, failed or crashed in 24 hours";
const NONE_COMPLETED_24H: &str = "no run of the group finished in 24 hours";
const NO_KEY: &str = "no run of the group with a heartbeat in 7 days has the key";

/// Tags of a project.
const PROJECT: &[&str] = &["entity", "project"];
/// Tags of a group of runs.
const GROUP: &[&str] = &["entity", "project", "group"];
/// Tags of a summary key of a group of runs.
const KEY: &[&str] = &["entity", "project", "group", "key"];

pub(crate) const RUNS_ACTIVE: MetricDef = define(
    "wandb.runs.active",
    group::RUNNING,
    "run",
    "Runs in state running whose newest heartbeat is at most wandb.heartbeat_minutes ago.",
);
pub(crate) const RUNS_STALE: MetricDef = define(
    "wandb.runs.stale",
    group::RUNNING,
    "run",
    "Runs in state running whose newest heartbeat is longer ago; a run without a heartbeat is neither active nor stale.",
);
pub(crate) const RUNS_COMPLETED: MetricDef = define(
    "wandb.runs.completed_7d",
    group::ACTIVITY,
    "run",
    "Runs that finished and whose last heartbeat, their end, is in the last 7 days.",
);
pub(crate) const RUNS_FAILED: MetricDef = define(
    "wandb.runs.failed_7d",
    group::ACTIVITY,
    "run",
    "Runs that failed or crashed and whose last heartbeat, their end, is in the last 7 days.",
);
pub(crate) const BEST_ACCURACY: MetricDef = MetricDef {
    bounds: Bounds::ANY,
    absent_when: NO_ACCURACY,
    ..define(
        "wandb.metrics.best_accuracy",
        group::ACTIVITY,
        "",
        "Best accuracy of the runs that ended in the last 7 days in any state: each run's first key of wandb.accuracy_keys with a finite number, times wandb.accuracy_scale; the greatest of them, or the smallest where wandb.accuracy_direction is min.",
    )
};
pub(crate) const LATEST_LOSS: MetricDef = MetricDef {
    bounds: Bounds::ANY,
    absent_when: NO_LOSS,
    ..define(
        "wandb.metrics.latest_loss",
        group::ACTIVITY,
        "",
        "Loss of the run with the newest heartbeat in the last 7 days that has one, in any state: its first key of wandb.loss_keys with a finite number, times wandb.loss_scale.",
    )
};
pub(crate) const DURATION: MetricDef = MetricDef {
    absent_when: NONE_COMPLETED,
    ..define(
        "wandb.training.duration_hours",
        group::ACTIVITY,
        "hour",
        "Mean compute time of the runs that finished in the last 7 days.",
    )
};
pub(crate) const GPU_UTILIZATION: MetricDef = MetricDef {
    bounds: Bounds::PERCENT,
    absent_when: NO_UTILIZATION,
    ..define(
        "wandb.training.gpu_utilization_pct",
        group::RUNNING,
        "percent",
        "Mean over the active runs of the mean of their GPUs' latest utilisation; a run that tells none is left out.",
    )
};
pub(crate) const GPU_HOURS: MetricDef = define(
    "wandb.training.gpu_hours_7d",
    group::ACTIVITY,
    "hour",
    "GPU hours of the last 7 days: each run's GPUs times the hours from its creation to its last heartbeat that fall into them; a run with an unknown number of GPUs has none.",
);
pub(crate) const COST: MetricDef = MetricDef {
    absent_when: NO_PRICES,
    ..define(
        "wandb.training.cost_estimate_usd",
        group::ACTIVITY,
        "dollar",
        "Those GPU hours times their price in wandb.gpu_hourly_usd; hours without a price are left out.",
    )
};
pub(crate) const RUNS_PER_USER: MetricDef = MetricDef {
    absent_when: NO_USERS,
    ..define(
        "wandb.training.runs_per_user",
        group::CREATED,
        "run",
        "Runs created in the last 7 days, over the distinct users that are known of them.",
    )
};
pub(crate) const GROUP_COMPLETED: MetricDef = MetricDef {
    tags: GROUP,
    ..define(
        "wandb.group.runs_completed_24h",
        group::ACTIVITY,
        "run",
        "Runs of the group that finished and whose last heartbeat, their end, is in the last 24 hours.",
    )
};
pub(crate) const GROUP_FAILED: MetricDef = MetricDef {
    tags: GROUP,
    ..define(
        "wandb.group.runs_failed_24h",
        group::ACTIVITY,
        "run",
        "Runs of the group that failed or crashed and whose last heartbeat, their end, is in the last 24 hours.",
    )
};
pub(crate) const GROUP_SUCCESS_RATE: MetricDef = MetricDef {
    bounds: Bounds::PERCENT,
    tags: GROUP,
    absent_when: NONE_ENDED,
    ..define(
        "wandb.group.success_rate_pct",
        group::ACTIVITY,
        "percent",
        "Share of the group's completed runs in its completed and failed ones of the last 24 hours.",
    )
};
pub(crate) const GROUP_DURATION: MetricDef = MetricDef {
    tags: GROUP,
    absent_when: NONE_COMPLETED_24H,
    ..define(
        "wandb.group.avg_duration_hours",
        group::ACTIVITY,
        "hour",
        "Mean compute time of the group's runs that finished in the last 24 hours.",
    )
};
pub(crate) const GROUP_SPEED: MetricDef = MetricDef {
    bounds: Bounds::ANY,
    tags: KEY,
    absent_when: NO_KEY,
    ..define(
        "wandb.group.steps_per_second",
        group::ACTIVITY,
        "",
        "Value of a summary key of wandb.group_keys in the group's run with the newest heartbeat in the last 7 days that has it, in any state.",
    )
};

const fn define(name: &'static str, group: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group,
        unit,
        kind: Kind::Gauge,
        bounds: Bounds::NON_NEGATIVE,
        tags: PROJECT,
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
        loopback::specification::hold("wandb", METRICS);
    }
}
