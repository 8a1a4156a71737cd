//! Every metric that health_fom sends of itself. What the configuration declares besides gets its definition from
//! [`crate::declare`].

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;

/// The group of the checks' metrics; a score's group is its own name, since scores fail one by one.
pub(crate) const CHECKS: &str = "checks";

/// What is appended to a score's name for the share of its inputs that was there.
pub(crate) const COVERAGE: &str = ".coverage";

pub(crate) const COVERAGE_ABOUT: &str = "Share of the weight of the score's inputs that was there.";
pub(crate) const COVERAGE_ABSENT: &str = "nothing is known of the thing";
pub(crate) const SCORE_ABSENT: &str = "an input has no value";

const REPO: &[&str] = &["repo"];
const PROJECT: &[&str] = &["entity", "project"];
const WHOLE: &[&str] = &[];

/// The table: each built-in score and its coverage, then the checks.
pub const METRICS: &[MetricDef] = &[
    score("health.ci.benchmarks_passing.fom", REPO, "github.ci.benchmarks_passing: 1 scores 1, less scores 0."),
    coverage("health.ci.benchmarks_passing.fom", "health.ci.benchmarks_passing.fom.coverage", REPO),
    score("health.ci.duration.fom", REPO, "github.ci.duration_p90_minutes: 10 scores 0, 3 scores 1."),
    coverage("health.ci.duration.fom", "health.ci.duration.fom.coverage", REPO),
    score("health.ci.failing_workflows.fom", REPO, "github.ci.workflows_failing_on_main: 5 scores 0, 0 scores 1."),
    coverage("health.ci.failing_workflows.fom", "health.ci.failing_workflows.fom.coverage", REPO),
    score("health.ci.flaky_checks.fom", REPO, "github.ci.flaky_checks_7d: 20 scores 0, 0 scores 1."),
    coverage("health.ci.flaky_checks.fom", "health.ci.flaky_checks.fom.coverage", REPO),
    score("health.ci.tests_passing.fom", REPO, "github.ci.tests_passing_on_main: 1 scores 1, less scores 0."),
    coverage("health.ci.tests_passing.fom", "health.ci.tests_passing.fom.coverage", REPO),
    score("health.ci.timeout_cancellations.fom", REPO, "github.ci.timeout_cancellations_7d: 20 scores 0, 0 scores 1."),
    coverage("health.ci.timeout_cancellations.fom", "health.ci.timeout_cancellations.fom.coverage", REPO),
    score(
        "health.ci.workflow_success_rate.fom",
        REPO,
        "github.ci.workflow_success_rate_pct: 50 scores 0, 95 scores 1.",
    ),
    coverage("health.ci.workflow_success_rate.fom", "health.ci.workflow_success_rate.fom.coverage", REPO),
    score("health.commits.force_merges.fom", REPO, "github.commits.force_merge_7d: 14 scores 0, 0 scores 1."),
    coverage("health.commits.force_merges.fom", "health.commits.force_merges.fom.coverage", REPO),
    score(
        "health.commits.quality.fom",
        REPO,
        "Mean of: github.commits.reverts: 2 scores 0, 0 scores 1; github.commits.hotfix: 10 scores 0, 0 scores 1.",
    ),
    coverage("health.commits.quality.fom", "health.commits.quality.fom.coverage", REPO),
    score(
        "health.infra.ebs_hygiene.fom",
        WHOLE,
        "ec2.ebs.volumes.unattached / ec2.ebs.volumes.total: 1 scores 0, 0 scores 1.",
    ),
    coverage("health.infra.ebs_hygiene.fom", "health.infra.ebs_hygiene.fom.coverage", WHOLE),
    score(
        "health.infra.gpu_allocation.fom",
        WHOLE,
        "k8s.resources.gpu_allocation_efficiency_pct: 0 scores 0, 85 scores 1.",
    ),
    coverage("health.infra.gpu_allocation.fom", "health.infra.gpu_allocation.fom.coverage", WHOLE),
    score(
        "health.infra.pods.fom",
        WHOLE,
        "(k8s.pods.failed + k8s.pods.crash_looping) / k8s.pods.total: 0.1 scores 0, 0 scores 1.",
    ),
    coverage("health.infra.pods.fom", "health.infra.pods.fom.coverage", WHOLE),
    score("health.project.bug_age.fom", WHOLE, "asana.projects.bugs.avg_age_days: 90 scores 0, 14 scores 1."),
    coverage("health.project.bug_age.fom", "health.project.bug_age.fom.coverage", WHOLE),
    score("health.project.overdue.fom", WHOLE, "asana.tasks.overdue / asana.tasks.open: 0.3 scores 0, 0 scores 1."),
    coverage("health.project.overdue.fom", "health.project.overdue.fom.coverage", WHOLE),
    score("health.prs.quality.fom", REPO, "github.prs.with_review_comments_pct: 0 scores 0, 80 scores 1."),
    coverage("health.prs.quality.fom", "health.prs.quality.fom.coverage", REPO),
    score(
        "health.prs.velocity.fom",
        REPO,
        "Mean of: github.prs.cycle_time_hours: 72 scores 0, 24 scores 1; github.prs.stale_count_14d: 50 scores 0, 0 scores 1.",
    ),
    coverage("health.prs.velocity.fom", "health.prs.velocity.fom.coverage", REPO),
    score("health.training.best_accuracy.fom", PROJECT, "wandb.metrics.best_accuracy: 0 scores 0, 1 scores 1."),
    coverage("health.training.best_accuracy.fom", "health.training.best_accuracy.fom.coverage", PROJECT),
    score(
        "health.training.duration.fom",
        PROJECT,
        "wandb.training.duration_hours: below 1 scores 0.3, 1 to 8 scores 1, 16 scores 0.",
    ),
    coverage("health.training.duration.fom", "health.training.duration.fom.coverage", PROJECT),
    score(
        "health.training.gpu_utilization.fom",
        PROJECT,
        "wandb.training.gpu_utilization_pct: 0 scores 0, 80 scores 1.",
    ),
    coverage("health.training.gpu_utilization.fom", "health.training.gpu_utilization.fom.coverage", PROJECT),
    score("health.training.latest_loss.fom", PROJECT, "wandb.metrics.latest_loss: 2 scores 0, 0.1 scores 1."),
    coverage("health.training.latest_loss.fom", "health.training.latest_loss.fom.coverage", PROJECT),
    score("health.training.run_failures.fom", PROJECT, "wandb.runs.failed_7d: 3 scores 0, 0 scores 1."),
    coverage("health.training.run_failures.fom", "health.training.run_failures.fom.coverage", PROJECT),
    score("health.training.run_success.fom", PROJECT, "wandb.runs.completed_7d: 0 scores 0, 7 scores 1."),
    coverage("health.training.run_success.fom", "health.training.run_success.fom.coverage", PROJECT),
    VALUE,
    TARGET,
    OK,
];

pub(crate) const VALUE: MetricDef =
    check("orgpulse.check.value", Bounds::ANY, "The value that the check looks at.", "the check's input has no value");
pub(crate) const TARGET: MetricDef = check("orgpulse.check.target", Bounds::ANY, "The check's target.", "");
pub(crate) const OK: MetricDef = check(
    "orgpulse.check.ok",
    Bounds::UNIT,
    "1 when the target is met, 0.5 when it is missed but not beyond the warning, 0 when it is missed.",
    "the check's input has no value",
);

const fn score(name: &'static str, tags: &'static [&'static str], description: &'static str) -> MetricDef {
    MetricDef {
        name,
        group: name,
        unit: "",
        kind: Kind::Gauge,
        bounds: Bounds::UNIT,
        tags,
        description,
        absent_when: SCORE_ABSENT,
    }
}

const fn coverage(score: &'static str, name: &'static str, tags: &'static [&'static str]) -> MetricDef {
    MetricDef {
        name,
        group: score,
        unit: "",
        kind: Kind::Gauge,
        bounds: Bounds::UNIT,
        tags,
        description: COVERAGE_ABOUT,
        absent_when: COVERAGE_ABSENT,
    }
}

const fn check(name: &'static str, bounds: Bounds, description: &'static str, absent_when: &'static str) -> MetricDef {
    MetricDef { name, group: CHECKS, unit: "", kind: Kind::Gauge, bounds, tags: &["check"], description, absent_when }
}
