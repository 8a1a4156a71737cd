//! The section github, repository by repository.

mod code;
mod delivery;
mod pulls;
mod runs;
#[cfg(test)]
mod tests;
mod text;

use super::Expected;
use super::count;
use super::hours;
use super::in_days;
use super::mean;
use super::minutes;
use super::percentile;
use super::share;
use crate::organisation::Organisation;
use crate::organisation::Repository;
use crate::organisation::UserId;
use jiff::Timestamp;

/// What the configuration may change about the definitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Label names that make a commit a hotfix.
    pub hotfix_labels: Vec<String>,
    /// Label names that make a commit a forced merge.
    pub force_merge_labels: Vec<String>,
    /// From how long a run on, in minutes, a cancellation is a time-out.
    pub timeout_minutes: i64,
    /// Globs for names of test workflows; none: those with a push run on the default branch.
    pub test_workflows: Option<Vec<String>>,
    /// Globs for names of benchmark workflows.
    pub benchmark_workflows: Vec<String>,
    /// Of how many runs the jobs are looked at for the queue time.
    pub max_job_lookups: usize,
    /// The environment that counts for delivery.
    pub production_environment: String,
    /// The workflow whose successful runs stand for deployments where there are none.
    pub deploy_workflow: Option<String>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            hotfix_labels: vec!["hotfix".into()],
            force_merge_labels: vec!["force-merge".into()],
            timeout_minutes: 360,
            test_workflows: None,
            benchmark_workflows: vec!["*benchmark*".into()],
            max_job_lookups: 20,
            production_environment: "production".into(),
            deploy_workflow: None,
        }
    }
}

/// Every gauge of every repository.
pub fn gauges(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let mut out = Vec::new();
    for repository in &organisation.repositories {
        let case = Case { organisation, repository, settings, now: organisation.now };
        let mut gauges = pulls::gauges(&case);
        gauges.extend(code::gauges(&case));
        gauges.extend(runs::gauges(&case));
        gauges.extend(delivery::gauges(&case));
        let tags = vec![("org", repository.owner.clone()), ("repo", repository.full_name())];
        out.extend(gauges.into_iter().map(|(metric, value)| Expected { metric, tags: tags.clone(), value }));
    }
    out
}

type Gauges = Vec<(&'static str, Option<f64>)>;

/// One repository in its surroundings.
struct Case<'a> {
    organisation: &'a Organisation,
    repository: &'a Repository,
    settings: &'a Settings,
    now: Timestamp,
}

impl Case<'_> {
    fn in_days(&self, at: Timestamp, days: i64) -> bool {
        in_days(self.now, at, days)
    }

    fn in_week(&self, at: Timestamp) -> bool {
        self.in_days(at, 7)
    }

    /// "an account whose type is Bot, or whose login ends in [bot]"; a deleted account is a person.
    fn is_bot(&self, user: Option<UserId>) -> bool {
        user.is_some_and(|id| {
            self.organisation.users[id].is_bot || self.organisation.users[id].login.ends_with("[bot]")
        })
    }
}
