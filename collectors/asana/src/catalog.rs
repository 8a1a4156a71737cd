//! Every metric that the Asana collector can send: definitions and nothing else.

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The groups: what is read together and fails together.
pub(crate) mod group {
    pub(crate) const PROJECTS: &str = "projects";
    pub(crate) const TASKS: &str = "tasks";
    pub(crate) const BUGS: &str = "bugs";

    /// Every group.
    #[cfg(test)]
    pub(crate) const ALL: &[&str] = &[PROJECTS, TASKS, BUGS];
}

/// The table.
pub const METRICS: &[MetricDef] = &[
    TASKS_TOTAL,
    TASKS_OPEN,
    TASKS_COMPLETED_7D,
    TASKS_COMPLETED_30D,
    TASKS_OVERDUE,
    TASKS_DUE_TODAY,
    TASKS_DUE_THIS_WEEK,
    TASKS_NO_DUE_DATE,
    TASKS_UNASSIGNED,
    TASKS_ASSIGNED,
    COMPLETED_PER_DAY,
    COMPLETION_RATE,
    CYCLE_TIME_AVG,
    CYCLE_TIME_P50,
    CYCLE_TIME_P90,
    USERS_ACTIVE,
    PROJECTS_ACTIVE,
    PROJECTS_ON_TRACK,
    PROJECTS_AT_RISK,
    PROJECTS_OFF_TRACK,
    BUGS_TRIAGE,
    BUGS_ACTIVE,
    BUGS_BACKLOG,
    BUGS_OTHER,
    BUGS_OPEN,
    BUGS_COMPLETED_7D,
    BUGS_COMPLETED_30D,
    BUGS_CREATED_7D,
    BUGS_AVG_AGE,
    BUGS_OLDEST,
];

const NO_COMPLETION: &str = "Asana does not tell when a completed task was completed";
const NO_DUE: &str = "Asana does not tell when an open task is due";
const NO_ASSIGNEE: &str = "Asana does not tell who an open task is assigned to";
const NO_STATUS: &str = "Asana does not tell the type of a project's status update";
const NONE_COMPLETED: &str = "no task was completed in 30 days, or Asana does not tell when one was completed";
/// Also the one reason of all metrics of bugs, where it is so.
pub(crate) const NO_BUGS: &str = "asana.bugs_project is not set";
const NO_OPEN_BUGS: &str = "asana.bugs_project is not set, or no bug is open";
const NO_BUG_COMPLETION: &str = "asana.bugs_project is not set, or Asana does not tell when a bug was completed";
const NO_SECTION: &str = "asana.bugs_project is not set, or Asana does not tell the section of an open bug";

pub(crate) const TASKS_TOTAL: MetricDef = MetricDef {
    absent_when: NO_COMPLETION,
    ..define(
        "asana.tasks.total",
        group::TASKS,
        "task",
        "Tasks that are open, and those completed in the last 30 days. A task in several projects counts once.",
    )
};
pub(crate) const TASKS_OPEN: MetricDef =
    define("asana.tasks.open", group::TASKS, "task", "Tasks that are not completed.");
pub(crate) const TASKS_COMPLETED_7D: MetricDef = MetricDef {
    absent_when: NO_COMPLETION,
    ..define("asana.tasks.completed_7d", group::TASKS, "task", "Tasks completed in the last 7 days.")
};
pub(crate) const TASKS_COMPLETED_30D: MetricDef = MetricDef {
    absent_when: NO_COMPLETION,
    ..define("asana.tasks.completed_30d", group::TASKS, "task", "Tasks completed in the last 30 days.")
};
pub(crate) const TASKS_OVERDUE: MetricDef = MetricDef {
    absent_when: NO_DUE,
    ..define(
        "asana.tasks.overdue",
        group::TASKS,
        "task",
        "Open tasks that were due before today, by the date in asana.timezone.",
    )
};
pub(crate) const TASKS_DUE_TODAY: MetricDef = MetricDef {
    absent_when: NO_DUE,
    ..define("asana.tasks.due_today", group::TASKS, "task", "Open tasks that are due today.")
};
pub(crate) const TASKS_DUE_THIS_WEEK: MetricDef = MetricDef {
    absent_when: NO_DUE,
    ..define(
        "asana.tasks.due_this_week",
        group::TASKS,
        "task",
        "Open tasks that are due today or on one of the 6 days after it.",
    )
};
pub(crate) const TASKS_NO_DUE_DATE: MetricDef = MetricDef {
    absent_when: NO_DUE,
    ..define("asana.tasks.no_due_date", group::TASKS, "task", "Open tasks without a due date.")
};
pub(crate) const TASKS_UNASSIGNED: MetricDef = MetricDef {
    absent_when: NO_ASSIGNEE,
    ..define("asana.tasks.unassigned", group::TASKS, "task", "Open tasks without an assignee.")
};
pub(crate) const TASKS_ASSIGNED: MetricDef = MetricDef {
    absent_when: NO_ASSIGNEE,
    ..define("asana.tasks.assigned", group::TASKS, "task", "Open tasks with an assignee.")
};
pub(crate) const COMPLETED_PER_DAY: MetricDef = MetricDef {
    absent_when: NO_COMPLETION,
    ..define(
        "asana.velocity.completed_per_day_7d",
        group::TASKS,
        "task",
        "Tasks completed in the last 7 days, divided by 7.",
    )
};
pub(crate) const COMPLETION_RATE: MetricDef = MetricDef {
    bounds: Bounds::PERCENT,
    absent_when: "no task is open or was completed in 7 days, or Asana does not tell when one was completed",
    ..define(
        "asana.velocity.completion_rate_pct",
        group::TASKS,
        "percent",
        "Tasks completed in the last 7 days, as a share of these and the open ones.",
    )
};
pub(crate) const CYCLE_TIME_AVG: MetricDef = MetricDef {
    absent_when: NONE_COMPLETED,
    ..define(
        "asana.cycle_time.avg_hours",
        group::TASKS,
        "hour",
        "Mean time from creation to completion of the tasks completed in the last 30 days.",
    )
};
pub(crate) const CYCLE_TIME_P50: MetricDef = MetricDef {
    absent_when: NONE_COMPLETED,
    ..define("asana.cycle_time.p50_hours", group::TASKS, "hour", "Median of the same sample.")
};
pub(crate) const CYCLE_TIME_P90: MetricDef = MetricDef {
    absent_when: NONE_COMPLETED,
    ..define("asana.cycle_time.p90_hours", group::TASKS, "hour", "90th percentile of the same sample.")
};
pub(crate) const USERS_ACTIVE: MetricDef = MetricDef {
    absent_when: "Asana does not tell when a completed task was completed, or who it is assigned to",
    ..define(
        "asana.users.active_7d",
        group::TASKS,
        "user",
        "Distinct assignees of the tasks completed in the last 7 days.",
    )
};
pub(crate) const PROJECTS_ACTIVE: MetricDef = define(
    "asana.projects.active",
    group::PROJECTS,
    "project",
    "Projects of the workspace that are not archived, as far as the token sees them.",
);
pub(crate) const PROJECTS_ON_TRACK: MetricDef = MetricDef {
    absent_when: NO_STATUS,
    ..define(
        "asana.projects.on_track",
        group::PROJECTS,
        "project",
        "Those of them whose latest status update says on track.",
    )
};
pub(crate) const PROJECTS_AT_RISK: MetricDef = MetricDef {
    absent_when: NO_STATUS,
    ..define(
        "asana.projects.at_risk",
        group::PROJECTS,
        "project",
        "Those of them whose latest status update says at risk.",
    )
};
pub(crate) const PROJECTS_OFF_TRACK: MetricDef = MetricDef {
    absent_when: NO_STATUS,
    ..define(
        "asana.projects.off_track",
        group::PROJECTS,
        "project",
        "Those of them whose latest status update says off track.",
    )
};
pub(crate) const BUGS_TRIAGE: MetricDef = MetricDef {
    absent_when: NO_SECTION,
    ..bug(
        "asana.projects.bugs.triage_count",
        "task",
        "Open tasks of the bugs project in a section with the word triage in its name, any case.",
    )
};
pub(crate) const BUGS_ACTIVE: MetricDef = MetricDef {
    absent_when: NO_SECTION,
    ..bug(
        "asana.projects.bugs.active_count",
        "task",
        "Open tasks of the bugs project in a section with the word active, and not triage; Inactive is another word.",
    )
};
pub(crate) const BUGS_BACKLOG: MetricDef = MetricDef {
    absent_when: NO_SECTION,
    ..bug(
        "asana.projects.bugs.backlog_count",
        "task",
        "Open tasks of the bugs project in a section with the word backlog, and neither triage nor active.",
    )
};
pub(crate) const BUGS_OTHER: MetricDef = MetricDef {
    absent_when: NO_SECTION,
    ..bug(
        "asana.projects.bugs.other_count",
        "task",
        "Open tasks of the bugs project in a section with none of these words, or in none.",
    )
};
pub(crate) const BUGS_OPEN: MetricDef =
    bug("asana.projects.bugs.total_open", "task", "Open tasks of the bugs project.");
pub(crate) const BUGS_COMPLETED_7D: MetricDef = MetricDef {
    absent_when: NO_BUG_COMPLETION,
    ..bug("asana.projects.bugs.completed_7d", "task", "Tasks of the bugs project completed in the last 7 days.")
};
pub(crate) const BUGS_COMPLETED_30D: MetricDef = MetricDef {
    absent_when: NO_BUG_COMPLETION,
    ..bug("asana.projects.bugs.completed_30d", "task", "Tasks of the bugs project completed in the last 30 days.")
};
pub(crate) const BUGS_CREATED_7D: MetricDef = MetricDef {
    absent_when: NO_BUG_COMPLETION,
    ..bug(
        "asana.projects.bugs.created_7d",
        "task",
        "Tasks of the bugs project created in the last 7 days, open or completed.",
    )
};
pub(crate) const BUGS_AVG_AGE: MetricDef = MetricDef {
    absent_when: NO_OPEN_BUGS,
    ..bug("asana.projects.bugs.avg_age_days", "day", "Mean time since the open tasks of the bugs project were created.")
};
pub(crate) const BUGS_OLDEST: MetricDef = MetricDef {
    absent_when: NO_OPEN_BUGS,
    ..bug(
        "asana.projects.bugs.oldest_bug_days",
        "day",
        "Time since the oldest open task of the bugs project was created.",
    )
};

const fn bug(name: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef { absent_when: NO_BUGS, ..define(name, group::BUGS, unit, description) }
}

const fn define(name: &'static str, group: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group,
        unit,
        kind: Kind::Gauge,
        bounds: Bounds::NON_NEGATIVE,
        tags: &["workspace"],
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
        loopback::specification::hold("asana", METRICS);
    }

    #[test]
    fn every_group_is_known() {
        let used: BTreeSet<_> = METRICS.iter().map(|def| def.group).collect();
        assert_eq!(used, group::ALL.iter().copied().collect());
    }
}
