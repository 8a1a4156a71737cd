//! What every gauge of the specification's github section must be, computed from the description itself by code
//! that shares nothing with the collector. The simulator's replies are one reading of the vendor's facts and the
//! collector is another; this is the referee.

mod code;
mod delivery;
mod pulls;
mod runs;
#[cfg(test)]
mod tests;
mod text;

use crate::organisation::Organisation;
use crate::organisation::Repository;
use crate::organisation::UserId;
use jiff::SignedDuration;
use jiff::Timestamp;

/// One gauge.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// "owner/name".
    pub repo: String,
    /// The metric's name.
    pub metric: &'static str,
    /// The value; none where the gauge must be absent.
    pub value: Option<f64>,
}

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
pub fn github(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let mut out = Vec::new();
    for repository in &organisation.repositories {
        let case = Case { organisation, repository, settings, now: organisation.now };
        let mut gauges = pulls::gauges(&case);
        gauges.extend(code::gauges(&case));
        gauges.extend(runs::gauges(&case));
        gauges.extend(delivery::gauges(&case));
        let repo = repository.full_name();
        out.extend(gauges.into_iter().map(|(metric, value)| Expected { repo: repo.clone(), metric, value }));
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
    /// "the half-open window (now - 7*24h, now]"
    fn in_days(&self, at: Timestamp, days: i64) -> bool {
        let age = self.now.duration_since(at);
        age >= SignedDuration::ZERO && age < SignedDuration::from_hours(24 * days)
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

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}

fn minutes(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 60.0
}

fn count(n: usize) -> Option<f64> {
    Some(n as f64)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

fn mean(sample: &[f64]) -> Option<f64> {
    (!sample.is_empty()).then(|| sample.iter().sum::<f64>() / sample.len() as f64)
}

/// "linear interpolation between closest ranks (rank = p/100*(n-1) on the sorted sample)"
fn percentile(sample: &[f64], p: f64) -> Option<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = p / 100.0 * (sorted.len().checked_sub(1)? as f64);
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}
