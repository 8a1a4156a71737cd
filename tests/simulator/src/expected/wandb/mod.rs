//! The section wandb, project by project.

mod gpus;
mod groups;
mod runs;
mod settings;
#[cfg(test)]
mod tests;

pub use settings::Direction;
pub use settings::Group;
pub use settings::Settings;

use super::Expected;
use super::count;
use super::hours;
use super::in_days;
use super::mean;
use super::share;
use crate::organisation::Organisation;
use crate::organisation::wandb::Datum;
use crate::organisation::wandb::Run;
use jiff::Timestamp;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Every gauge of every project that the key may read.
pub fn gauges(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let mut out = Vec::new();
    for project in organisation.wandb.projects.iter().filter(|p| !p.is_private) {
        let runs: Vec<Cow<Run>> = project.all().collect();
        let case = Case { runs: &runs, settings, now: organisation.now };
        let tags = [("entity", project.entity.clone()), ("project", project.name.clone())];
        for (metric, own, value) in runs::gauges(&case).into_iter().chain(groups::gauges(&case)) {
            out.push(Expected { metric, tags: tags.iter().cloned().chain(own).collect(), value });
        }
    }
    out
}

/// A metric, its tags beside entity and project, and its value.
type Gauge = (&'static str, Vec<(&'static str, String)>, Option<f64>);

/// One project's runs in their surroundings.
struct Case<'a> {
    runs: &'a [Cow<'a, Run>],
    settings: &'a Settings,
    now: Timestamp,
}

impl<'a> Case<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Run> + use<'a> {
        self.runs.iter().map(AsRef::as_ref)
    }

    /// "heartbeat in 7d", or another number of days; a run without one is in no window.
    fn beat_in(&self, run: &Run, days: i64) -> bool {
        run.heartbeat_at.is_some_and(|at| in_days(self.now, at, days))
    }

    /// Those in one of the states that ended in so many days.
    fn ended(&self, states: &[&str], days: i64) -> Vec<&'a Run> {
        self.all().filter(|run| states.contains(&run.state.as_str()) && self.beat_in(run, days)).collect()
    }
}

/// "the first key with a finite number (text, objects, NaN are not present)"
fn first(run: &Run, keys: &[String]) -> Option<f64> {
    keys.iter().find_map(|key| number(run.summary.as_deref()?, key))
}

fn number(data: &[(String, Datum)], key: &str) -> Option<f64> {
    match data.iter().find(|(name, _)| name == key) {
        Some((_, Datum::Number(number))) if number.is_finite() => Some(*number),
        _ => None,
    }
}

/// The value in the run "with the newest heartbeat in 7d that has one", in any state. "What lies after now is in no
/// window", but a run that was there at now and beat again before it was read had a heartbeat in the window too; the
/// service only tells the last. Left out would be nearly every run that lives.
fn newest<'r>(case: &Case, runs: impl Iterator<Item = &'r Run>, value: impl Fn(&Run) -> Option<f64>) -> Option<f64> {
    let week = runs.filter(|run| {
        let went_on = run.created_at <= case.now && run.heartbeat_at.is_some_and(|at| at > case.now);
        went_on || case.beat_in(run, 7)
    });
    let told = week.filter_map(|run| Some((run.heartbeat_at?, value(run)?)));
    told.max_by_key(|(at, _)| *at).map(|(_, value)| value)
}
