//! The referee: the specification's scores, computed by plain code from the gauges of a run.

use serde_json::Value;

use crate::support::Gauges;
use crate::support::tags;

fn ramp(x: f64, worst: f64, best: f64) -> f64 {
    ((x - worst) / (best - worst)).clamp(0.0, 1.0)
}

/// The values of a metric by the tags with these keys.
fn of(document: &Value, metric: &str, keys: &[&str]) -> Vec<(String, f64)> {
    let all = document["gauges"].as_array().unwrap();
    let named = all.iter().filter(|gauge| gauge["name"] == metric);
    let mut values: Vec<(String, f64)> = named
        .map(|gauge| {
            let mut own = tags(gauge);
            own.retain(|tag| keys.iter().any(|key| tag.starts_with(&format!("{key}:"))));
            own.sort();
            (own.join(","), gauge["value"].as_f64().unwrap())
        })
        .collect();
    values.sort_by(|one, other| one.0.cmp(&other.0));
    values
}

/// Every score that must be there.
pub fn scores(document: &Value) -> Gauges {
    let mut scores = Gauges::new();
    let mut add = |name: &str, thing: &str, value: f64| {
        scores.insert((format!("health.{name}.fom"), thing.to_owned()), value);
    };
    let repo = |metric: &str| of(document, &format!("github.{metric}"), &["repo"]);
    let project = |metric: &str| of(document, &format!("wandb.{metric}"), &["entity", "project"]);
    let sum = |metric: &str| of(document, metric, &[]).iter().map(|(_, value)| value).sum::<f64>();
    for (name, metric, worst, best) in [
        ("ci.tests_passing", "ci.tests_passing_on_main", 0.0, 1.0),
        ("ci.benchmarks_passing", "ci.benchmarks_passing", 0.0, 1.0),
        ("ci.workflow_success_rate", "ci.workflow_success_rate_pct", 50.0, 95.0),
        ("ci.duration", "ci.duration_p90_minutes", 10.0, 3.0),
        ("prs.quality", "prs.with_review_comments_pct", 0.0, 80.0),
        ("ci.failing_workflows", "ci.workflows_failing_on_main", 5.0, 0.0),
        ("ci.timeout_cancellations", "ci.timeout_cancellations_7d", 20.0, 0.0),
        ("ci.flaky_checks", "ci.flaky_checks_7d", 20.0, 0.0),
        ("commits.force_merges", "commits.force_merge_7d", 14.0, 0.0),
    ] {
        repo(metric).iter().for_each(|(thing, x)| add(name, thing, ramp(*x, worst, best)));
    }
    for (name, one, other) in [
        ("commits.quality", ("commits.reverts", 2.0, 0.0), ("commits.hotfix", 10.0, 0.0)),
        ("prs.velocity", ("prs.cycle_time_hours", 72.0, 24.0), ("prs.stale_count_14d", 50.0, 0.0)),
    ] {
        for (thing, x) in repo(one.0) {
            if let Some((_, y)) = repo(other.0).iter().find(|(also, _)| *also == thing) {
                add(name, &thing, (ramp(x, one.1, one.2) + ramp(*y, other.1, other.2)) / 2.0);
            }
        }
    }
    for (name, metric, worst, best) in [
        ("training.run_success", "runs.completed_7d", 0.0, 7.0),
        ("training.run_failures", "runs.failed_7d", 3.0, 0.0),
        ("training.best_accuracy", "metrics.best_accuracy", 0.0, 1.0),
        ("training.latest_loss", "metrics.latest_loss", 2.0, 0.1),
        ("training.gpu_utilization", "training.gpu_utilization_pct", 0.0, 80.0),
    ] {
        project(metric).iter().for_each(|(thing, x)| add(name, thing, ramp(*x, worst, best)));
    }
    for (thing, hours) in project("training.duration_hours") {
        let score = match hours {
            _ if hours < 1.0 => 0.3,
            _ if hours <= 8.0 => 1.0,
            _ => ramp(hours, 16.0, 8.0),
        };
        add("training.duration", &thing, score);
    }
    if sum("ec2.ebs.volumes.total") > 0.0 {
        add("infra.ebs_hygiene", "", 1.0 - sum("ec2.ebs.volumes.unattached") / sum("ec2.ebs.volumes.total"));
    }
    if sum("k8s.pods.total") > 0.0 {
        let bad = sum("k8s.pods.failed") + sum("k8s.pods.crash_looping");
        add("infra.pods", "", ramp(bad / sum("k8s.pods.total"), 0.1, 0.0));
    }
    for (_, x) in of(document, "k8s.resources.gpu_allocation_efficiency_pct", &[]) {
        add("infra.gpu_allocation", "", ramp(x, 0.0, 85.0));
    }
    if sum("asana.tasks.open") > 0.0 {
        add("project.overdue", "", ramp(sum("asana.tasks.overdue") / sum("asana.tasks.open"), 0.3, 0.0));
    }
    for (_, x) in of(document, "asana.projects.bugs.avg_age_days", &[]) {
        add("project.bug_age", "", ramp(x, 90.0, 14.0));
    }
    scores
}
