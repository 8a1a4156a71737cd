//! Every metric that the GitHub collector can send: definitions and nothing else.

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The groups: what is read together and fails together.
pub(crate) mod group {
    pub(crate) const OPEN_PULL_REQUESTS: &str = "open_pull_requests";
    pub(crate) const CLOSED_PULL_REQUESTS: &str = "closed_pull_requests";
    pub(crate) const COMMITS: &str = "commits";
    pub(crate) const COMMIT_LINES: &str = "commit_lines";
    pub(crate) const COMMIT_FILES: &str = "commit_files";
    pub(crate) const BRANCHES: &str = "branches";
    pub(crate) const CI_RUNS: &str = "ci_runs";
    pub(crate) const CI_JOBS: &str = "ci_jobs";
    pub(crate) const CI_QUEUE: &str = "ci_queue";
    pub(crate) const DEPLOYMENTS: &str = "deployments";
    pub(crate) const LEAD_TIME: &str = "lead_time";
    pub(crate) const CHANGE_FAILURE: &str = "change_failure_rate";

    /// Every group.
    pub(crate) const ALL: &[&str] = &[
        OPEN_PULL_REQUESTS,
        CLOSED_PULL_REQUESTS,
        COMMITS,
        COMMIT_LINES,
        COMMIT_FILES,
        BRANCHES,
        CI_RUNS,
        CI_JOBS,
        CI_QUEUE,
        DEPLOYMENTS,
        LEAD_TIME,
        CHANGE_FAILURE,
    ];
}

/// The table.
pub const METRICS: &[MetricDef] = &[
    PRS_OPEN,
    PRS_MERGED,
    PRS_CLOSED_UNMERGED,
    PRS_TIME_TO_MERGE_AVG,
    PRS_CYCLE_TIME_AVG,
    PRS_CYCLE_TIME_P50,
    PRS_CYCLE_TIME_P90,
    PRS_STALE,
    PRS_REVIEW_COMMENTS_PCT,
    PRS_COMMENTS_AVG,
    PRS_DRAFTS,
    PRS_UNREVIEWED,
    PRS_FIRST_REVIEW_P50,
    PRS_FIRST_REVIEW_P90,
    PRS_SIZE_P50,
    COMMITS_TOTAL,
    COMMITS_HOTFIX,
    COMMITS_REVERTS,
    COMMITS_FORCE_MERGE,
    COMMITS_PER_DEVELOPER,
    DEVELOPERS_ACTIVE,
    LINES_ADDED,
    LINES_DELETED,
    FILES_CHANGED,
    BRANCHES_ACTIVE,
    BRANCHES_TOTAL,
    RUNS_TOTAL,
    RUNS_FAILED,
    RUNS_SUCCESS_PCT,
    RUNS_TIMED_OUT,
    RUNS_FLAKY,
    DURATION_AVG,
    DURATION_P50,
    DURATION_P90,
    DURATION_P99,
    TESTS_PASSING,
    BENCHMARKS_PASSING,
    WORKFLOWS_FAILING,
    QUEUE_TIME_P50,
    QUEUE_TIME_P90,
    RUNS_QUEUED,
    DEPLOYMENTS,
    LEAD_TIME_P50,
    CHANGE_FAILURE_PCT,
];

pub(crate) const PRS_OPEN: MetricDef = define(
    "github.prs.open",
    group::OPEN_PULL_REQUESTS,
    "pull request",
    "Open pull requests of any base branch, drafts included.",
);
pub(crate) const PRS_MERGED: MetricDef = define(
    "github.prs.merged_7d",
    group::CLOSED_PULL_REQUESTS,
    "pull request",
    "Pull requests merged in the last 7 days.",
);
pub(crate) const PRS_CLOSED_UNMERGED: MetricDef = define(
    "github.prs.closed_without_merge_7d",
    group::CLOSED_PULL_REQUESTS,
    "pull request",
    "Pull requests closed in the last 7 days that were not merged.",
);
pub(crate) const PRS_TIME_TO_MERGE_AVG: MetricDef = MetricDef {
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.avg_time_to_merge_hours",
        group::CLOSED_PULL_REQUESTS,
        "hour",
        "Mean time from creation to merge of the pull requests merged in the last 7 days.",
    )
};
pub(crate) const PRS_CYCLE_TIME_AVG: MetricDef = MetricDef {
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.cycle_time_hours",
        group::CLOSED_PULL_REQUESTS,
        "hour",
        "Mean time to merge of the pull requests merged in the last 7 days, from creation or from the authoring of the first listed commit, whichever is earlier.",
    )
};
pub(crate) const PRS_CYCLE_TIME_P50: MetricDef = MetricDef {
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.cycle_time_hours.p50",
        group::CLOSED_PULL_REQUESTS,
        "hour",
        "Median of the cycle times of the pull requests merged in the last 7 days.",
    )
};
pub(crate) const PRS_CYCLE_TIME_P90: MetricDef = MetricDef {
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.cycle_time_hours.p90",
        group::CLOSED_PULL_REQUESTS,
        "hour",
        "90th percentile of the cycle times of the pull requests merged in the last 7 days.",
    )
};
pub(crate) const PRS_STALE: MetricDef = define(
    "github.prs.stale_count_14d",
    group::OPEN_PULL_REQUESTS,
    "pull request",
    "Open pull requests that were created more than 14 days ago.",
);
pub(crate) const PRS_REVIEW_COMMENTS_PCT: MetricDef = MetricDef {
    bounds: Bounds::PERCENT,
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.with_review_comments_pct",
        group::CLOSED_PULL_REQUESTS,
        "percent",
        "Share of the pull requests merged in the last 7 days that have a review thread comment, or a review with text, by a person other than the author; bots do not count.",
    )
};
pub(crate) const PRS_COMMENTS_AVG: MetricDef = MetricDef {
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.avg_comments_per_pr",
        group::CLOSED_PULL_REQUESTS,
        "comment",
        "Mean number of comments, in the conversation and in review threads, on the pull requests merged in the last 7 days.",
    )
};
pub(crate) const PRS_DRAFTS: MetricDef =
    define("github.prs.drafts", group::OPEN_PULL_REQUESTS, "pull request", "Open pull requests that are drafts.");
pub(crate) const PRS_UNREVIEWED: MetricDef = define(
    "github.prs.merged_without_review_7d",
    group::CLOSED_PULL_REQUESTS,
    "pull request",
    "Pull requests merged in the last 7 days that no person other than the author reviewed before the merge; bots do not count.",
);
pub(crate) const PRS_FIRST_REVIEW_P50: MetricDef = MetricDef {
    absent_when: "no pull request merged in 7 days was reviewed",
    ..define(
        "github.prs.time_to_first_review_hours.p50",
        group::CLOSED_PULL_REQUESTS,
        "hour",
        "Median time to the first review by a person other than the author, from the last ready-for-review event before it or else from creation, of the reviewed pull requests merged in the last 7 days.",
    )
};
pub(crate) const PRS_FIRST_REVIEW_P90: MetricDef = MetricDef {
    absent_when: "no pull request merged in 7 days was reviewed",
    ..define(
        "github.prs.time_to_first_review_hours.p90",
        group::CLOSED_PULL_REQUESTS,
        "hour",
        "90th percentile of the times to first review of the reviewed pull requests merged in the last 7 days.",
    )
};
pub(crate) const PRS_SIZE_P50: MetricDef = MetricDef {
    absent_when: "no pull request was merged in 7 days",
    ..define(
        "github.prs.size_lines.p50",
        group::CLOSED_PULL_REQUESTS,
        "line",
        "Median of lines added plus lines deleted of the pull requests merged in the last 7 days.",
    )
};
pub(crate) const COMMITS_TOTAL: MetricDef = define(
    "github.commits.total_7d",
    group::COMMITS,
    "commit",
    "Commits reachable from the default branch that were committed in the last 7 days, merge commits included.",
);
pub(crate) const COMMITS_HOTFIX: MetricDef = define(
    "github.commits.hotfix",
    group::COMMITS,
    "commit",
    "Commits of the last 7 days whose first line has the whole word hotfix or hot-fix, or whose pull request carries a hotfix label.",
);
pub(crate) const COMMITS_REVERTS: MetricDef = define(
    "github.commits.reverts",
    group::COMMITS,
    "commit",
    "Commits of the last 7 days that revert another, by the form of their first line or by a body line \"This reverts commit <sha>\"; re-lands do not count.",
);
pub(crate) const COMMITS_FORCE_MERGE: MetricDef = define(
    "github.commits.force_merge_7d",
    group::COMMITS,
    "commit",
    "Commits of the last 7 days whose message speaks of a force merge or force push, or whose pull request carries a force-merge label.",
);
pub(crate) const COMMITS_PER_DEVELOPER: MetricDef = MetricDef {
    absent_when: "no developer was active in 7 days",
    ..define(
        "github.commits.per_developer_7d",
        group::COMMITS,
        "commit",
        "Commits of the last 7 days for each active developer.",
    )
};
pub(crate) const DEVELOPERS_ACTIVE: MetricDef = define(
    "github.developers.active_7d",
    group::COMMITS,
    "user",
    "Distinct authors, bots left out, of the commits of the last 7 days; told apart by login, or else by e-mail address.",
);
pub(crate) const LINES_ADDED: MetricDef = define(
    "github.code.lines_added_7d",
    group::COMMIT_LINES,
    "line",
    "Lines added by the commits of the last 7 days, merge commits left out.",
);
pub(crate) const LINES_DELETED: MetricDef = define(
    "github.code.lines_deleted_7d",
    group::COMMIT_LINES,
    "line",
    "Lines deleted by the commits of the last 7 days, merge commits left out.",
);
pub(crate) const FILES_CHANGED: MetricDef = define(
    "github.code.files_changed_7d",
    group::COMMIT_FILES,
    "file",
    "Distinct paths touched by the commits of the last 7 days, merge commits left out; a renamed file counts under its new path.",
);
pub(crate) const BRANCHES_ACTIVE: MetricDef = define(
    "github.branches.active",
    group::BRANCHES,
    "branch",
    "Branches other than the default one whose newest commit was committed in the last 90 days.",
);
pub(crate) const BRANCHES_TOTAL: MetricDef =
    define("github.branches.total", group::BRANCHES, "branch", "Branches other than the default one.");
pub(crate) const RUNS_TOTAL: MetricDef = define(
    "github.ci.workflow_runs_7d",
    group::CI_RUNS,
    "run",
    "Workflow runs created in the last 7 days, of all branches and events.",
);
pub(crate) const RUNS_FAILED: MetricDef = define(
    "github.ci.failed_workflows_7d",
    group::CI_RUNS,
    "run",
    "Workflow runs created in the last 7 days that ended in failure or startup failure.",
);
pub(crate) const RUNS_SUCCESS_PCT: MetricDef = MetricDef {
    bounds: Bounds::PERCENT,
    absent_when: "no run of 7 days ended so",
    ..define(
        "github.ci.workflow_success_rate_pct",
        group::CI_RUNS,
        "percent",
        "Share of success among the workflow runs created in the last 7 days that ended in success, failure, startup failure or time-out.",
    )
};
pub(crate) const RUNS_TIMED_OUT: MetricDef = define(
    "github.ci.timeout_cancellations_7d",
    group::CI_RUNS,
    "run",
    "Workflow runs created in the last 7 days that timed out, or were cancelled after running for at least the configured time.",
);
pub(crate) const RUNS_FLAKY: MetricDef = define(
    "github.ci.flaky_checks_7d",
    group::CI_RUNS,
    "run",
    "Workflow runs created in the last 7 days that succeeded at a second or later attempt.",
);
pub(crate) const DURATION_AVG: MetricDef = MetricDef {
    absent_when: "no run of 7 days ended so",
    ..define(
        "github.ci.avg_workflow_duration_minutes",
        group::CI_RUNS,
        "minute",
        "Mean time from start to last update of the completed workflow runs created in the last 7 days that ended in success, failure or time-out.",
    )
};
pub(crate) const DURATION_P50: MetricDef = MetricDef {
    absent_when: "no run of 7 days ended so",
    ..define("github.ci.duration_p50_minutes", group::CI_RUNS, "minute", "Median of those durations.")
};
pub(crate) const DURATION_P90: MetricDef = MetricDef {
    absent_when: "no run of 7 days ended so",
    ..define("github.ci.duration_p90_minutes", group::CI_RUNS, "minute", "90th percentile of those durations.")
};
pub(crate) const DURATION_P99: MetricDef = MetricDef {
    absent_when: "no run of 7 days ended so",
    ..define("github.ci.duration_p99_minutes", group::CI_RUNS, "minute", "99th percentile of those durations.")
};
pub(crate) const TESTS_PASSING: MetricDef = MetricDef {
    bounds: Bounds::UNIT,
    absent_when: "no test workflow has a decided run on the default branch in 7 days",
    ..define(
        "github.ci.tests_passing_on_main",
        group::CI_RUNS,
        "",
        "1 when the latest decided run of each test workflow on the default branch in the last 7 days succeeded, else 0.",
    )
};
pub(crate) const BENCHMARKS_PASSING: MetricDef = MetricDef {
    bounds: Bounds::UNIT,
    absent_when: "no benchmark workflow has a decided run on the default branch in 7 days",
    ..define(
        "github.ci.benchmarks_passing",
        group::CI_RUNS,
        "",
        "1 when the latest decided run of each benchmark workflow on the default branch in the last 7 days succeeded, else 0.",
    )
};
pub(crate) const WORKFLOWS_FAILING: MetricDef = define(
    "github.ci.workflows_failing_on_main",
    group::CI_RUNS,
    "workflow",
    "Workflows, other than test and benchmark ones, whose latest decided run on the default branch in the last 7 days did not succeed.",
);
pub(crate) const QUEUE_TIME_P50: MetricDef = MetricDef {
    absent_when: "job look-ups are switched off, or those runs have no job that started",
    ..define(
        "github.ci.queue_time_minutes.p50",
        group::CI_JOBS,
        "minute",
        "Median wait from creation to start of the jobs of the newest completed workflow runs of the last 7 days, skipped jobs left out.",
    )
};
pub(crate) const QUEUE_TIME_P90: MetricDef = MetricDef {
    absent_when: "job look-ups are switched off, or those runs have no job that started",
    ..define("github.ci.queue_time_minutes.p90", group::CI_JOBS, "minute", "90th percentile of those waits.")
};
pub(crate) const RUNS_QUEUED: MetricDef = define(
    "github.ci.runs_queued",
    group::CI_QUEUE,
    "run",
    "Workflow runs that are queued, waiting or pending now, of any age.",
);
pub(crate) const DEPLOYMENTS: MetricDef = MetricDef {
    absent_when: "the repository has no deployments and no deploy workflow is configured",
    ..define(
        "github.delivery.deployments_7d",
        group::DEPLOYMENTS,
        "deployment",
        "Successful deployments to the production environment created in the last 7 days; in a repository without deployments, successful runs of the configured deploy workflow.",
    )
};
pub(crate) const LEAD_TIME_P50: MetricDef = MetricDef {
    absent_when: "no pull request merged in 7 days was deployed in 7 days",
    ..define(
        "github.delivery.lead_time_hours.p50",
        group::LEAD_TIME,
        "hour",
        "Median time from the authoring of the first commit to the earliest deployment of the last 7 days that contains it, over the pull requests merged in the last 7 days.",
    )
};
pub(crate) const CHANGE_FAILURE_PCT: MetricDef = MetricDef {
    bounds: Bounds::PERCENT,
    absent_when: "there was no deployment in 7 days",
    ..define(
        "github.delivery.change_failure_rate_pct",
        group::CHANGE_FAILURE,
        "percent",
        "Reverts and hotfix commits of the last 7 days, each commit once, in percent of the deployments of the last 7 days, at most 100.",
    )
};

const fn define(name: &'static str, group: &'static str, unit: &'static str, description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group,
        unit,
        kind: Kind::Gauge,
        bounds: Bounds::NON_NEGATIVE,
        tags: &["org", "repo"],
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
        loopback::specification::hold("github", METRICS);
    }
}
