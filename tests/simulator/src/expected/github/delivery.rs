//! Delivery.

use super::Case;
use super::Gauges;
use super::code;
use super::hours;
use super::percentile;
use super::pulls;
use super::runs;
use super::text;
use crate::organisation::CommitId;
use crate::organisation::Deployment;
use jiff::Timestamp;

pub fn gauges(case: &Case) -> Gauges {
    let Some(deployed) = deployed(case) else {
        return vec![
            ("github.delivery.deployments_7d", None),
            ("github.delivery.lead_time_hours.p50", None),
            ("github.delivery.change_failure_rate_pct", None),
        ];
    };
    // "(reverts + hotfix commits in 7d, each commit once) / deployments_7d, at most 100; absent without deployments"
    let failures =
        code::commits(case).iter().filter(|c| text::is_revert(&c.message) || code::is_hotfix(case, c)).count();
    let rate = (!deployed.is_empty()).then(|| (100.0 * failures as f64 / deployed.len() as f64).min(100.0));
    vec![
        ("github.delivery.deployments_7d", Some(deployed.len() as f64)),
        ("github.delivery.lead_time_hours.p50", percentile(&lead_times(case, &deployed), 50.0)),
        ("github.delivery.change_failure_rate_pct", rate),
    ]
}

/// The deployments of the week with what they deployed; none where nothing can be known of them.
fn deployed(case: &Case) -> Option<Vec<(Timestamp, Option<CommitId>)>> {
    let repository = case.repository;
    if !repository.deployments.is_empty() {
        // On GitHub the names of environments are the same in any case.
        let here = |d: &Deployment| d.environment.to_lowercase() == case.settings.production_environment.to_lowercase();
        let counts = |d: &&Deployment| case.in_week(d.created_at) && here(d) && succeeded(d);
        return Some(repository.deployments.iter().filter(counts).map(|d| (d.created_at, Some(d.commit))).collect());
    }
    // "where the repository has no deployments, successful runs in C of the configured deploy workflow; with neither, absent"
    let name = case.settings.deploy_workflow.as_ref()?;
    let week = runs::week(case).into_iter();
    let deploys =
        week.filter(|r| repository.workflows[r.workflow].name == *name && r.conclusion.as_deref() == Some("success"));
    let commit = |sha: &str| repository.commits.iter().position(|c| c.oid == sha);
    Some(deploys.map(|r| (r.created_at, commit(&r.head_sha))).collect())
}

/// "whose latest status other than inactive is success"
fn succeeded(deployment: &Deployment) -> bool {
    let told = deployment.statuses.iter().filter(|s| s.state != "inactive");
    told.max_by_key(|s| s.created_at).is_some_and(|s| s.state == "success")
}

/// "over merged_7d that a deployment of deployments_7d contains (by ancestry of its merge commit): createdAt of the
/// earliest such deployment - the first commit's authoredDate"
fn lead_times(case: &Case, deployed: &[(Timestamp, Option<CommitId>)]) -> Vec<f64> {
    let mut earliest_first: Vec<_> = deployed.iter().filter_map(|(at, commit)| Some((*at, (*commit)?))).collect();
    earliest_first.sort();
    let contained: Vec<_> =
        earliest_first.iter().map(|(at, commit)| (*at, case.repository.ancestry(Some(*commit)))).collect();
    let lead = |pull: &crate::organisation::PullRequest| {
        let merge = pull.merge_commit?;
        let (at, _) = contained.iter().find(|(_, ancestors)| ancestors[merge])?;
        Some(hours(pulls::first_authored(case, pull)?, *at))
    };
    pulls::merged(case).into_iter().filter_map(|(pull, _)| lead(pull)).collect()
}
