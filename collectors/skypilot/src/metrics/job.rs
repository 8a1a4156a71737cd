//! Tasks to jobs: what the rows of one job say together.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Window;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::resources::Held;
use super::resources::held;
use crate::records::Task;

/// A managed job: all rows of one id, in the order of their tasks.
#[derive(Debug)]
pub(super) struct Job<'a> {
    tasks: Vec<&'a Task>,
}

/// What a status says about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Queued,
    Running,
    Recovering,
    Failed,
    Succeeded,
    Cancelled,
    Cancelling,
    /// Known, and neither queued, running nor ended.
    WindingDown,
    /// A status that came with a newer server: as winding down, but told.
    Other,
}

impl State {
    fn of(status: Option<&str>) -> State {
        match status.unwrap_or_default() {
            "PENDING" | "SUBMITTED" | "STARTING" => State::Queued,
            "RUNNING" => State::Running,
            "RECOVERING" => State::Recovering,
            "SUCCEEDED" => State::Succeeded,
            "CANCELLED" => State::Cancelled,
            "CANCELLING" => State::Cancelling,
            "WINDING_DOWN" => State::WindingDown,
            failed if failed.starts_with("FAILED") => State::Failed,
            _ => State::Other,
        }
    }

    /// Whether the job or task holds machines.
    pub fn runs(self) -> bool {
        matches!(self, State::Running | State::Recovering)
    }

    pub fn has_ended(self) -> bool {
        matches!(self, State::Failed | State::Succeeded | State::Cancelled)
    }
}

impl<'a> Job<'a> {
    /// The jobs that these rows are of.
    pub fn group(tasks: &'a [Task]) -> Vec<Job<'a>> {
        let mut jobs: BTreeMap<Option<i64>, Vec<&Task>> = BTreeMap::new();
        for task in tasks {
            jobs.entry(task.job_id).or_default().push(task);
        }
        jobs.into_values()
            .map(|mut tasks| {
                tasks.sort_by_key(|task| task.task_id);
                Job { tasks }
            })
            .collect()
    }

    /// The first task that has not succeeded; none when all have.
    fn current(&self) -> Option<&'a Task> {
        self.tasks.iter().copied().find(|task| State::of(task.status.as_deref()) != State::Succeeded)
    }

    pub fn state(&self) -> State {
        self.current().map_or(State::Succeeded, |task| State::of(task.status.as_deref()))
    }

    /// The statuses of its tasks that orgpulse does not know.
    pub fn unknown_statuses(&self) -> BTreeSet<&'a str> {
        let statuses = self.tasks.iter().map(|task| task.status.as_deref());
        statuses.filter(|status| State::of(*status) == State::Other).map(|status| status.unwrap_or("(none)")).collect()
    }

    /// Seconds that it has run, recovery left out; none when the server does not tell those of the current task.
    pub fn duration(&self) -> Option<f64> {
        self.current()?.job_duration?;
        Some(self.tasks.iter().filter_map(|task| task.job_duration).sum())
    }

    /// How often it has been recovered; none when the server does not tell that of a task that has begun.
    pub fn recoveries(&self) -> Option<f64> {
        let of = |task: &&Task| match task.recovery_count {
            // More than it can have been is no count.
            Some(count) if (0.0..1e6).contains(&count) && count.fract() == 0.0 => Some(count),
            _ => (State::of(task.status.as_deref()) == State::Queued).then_some(0.0),
        };
        self.tasks.iter().map(of).sum()
    }

    /// When its latest task ended; none when the server tells no time that can be.
    pub fn end(&self) -> Option<Timestamp> {
        self.tasks.iter().filter_map(|task| task.end_at).reduce(f64::max).and_then(timestamp)
    }

    /// When its tasks were submitted, began and ended, as far as they did.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> {
        let of = |task: &&'a Task| [task.submitted_at, task.start_at, task.end_at];
        self.tasks.iter().flat_map(of).flatten().filter_map(timestamp)
    }

    /// Whether everything that is known of it happened after `now`: then it was not there yet.
    pub fn is_after(&self, now: Timestamp) -> bool {
        self.times().min().is_some_and(|earliest| earliest > now)
    }

    /// Seconds from submission to start of its first task, if that started in the window.
    pub fn queue_wait(&self, window: Window) -> Option<f64> {
        let first = self.tasks.first()?;
        let start = first.start_at.filter(|start| timestamp(*start).is_some_and(|at| window.contains(at)))?;
        Some(start - first.submitted_at.filter(|at| timestamp(*at).is_some())?)
    }

    /// The first user that a row names.
    pub fn user(&self) -> Option<&'a str> {
        self.tasks.iter().find_map(|task| task.user_hash.as_ref()?.as_deref().filter(|user| !user.is_empty()))
    }

    /// What its running tasks hold.
    pub fn held(&self) -> Vec<Held> {
        self.running_tasks().map(held).collect()
    }

    /// The regions of its running tasks, as far as they are known.
    pub fn regions(&self) -> BTreeSet<String> {
        self.running_tasks().filter_map(region).collect()
    }

    /// Whether the region of a running task is not known.
    pub fn has_unknown_region(&self) -> bool {
        self.running_tasks().any(|task| region(task).is_none())
    }

    fn running_tasks(&self) -> impl Iterator<Item = &'a Task> {
        self.tasks.iter().copied().filter(|task| State::of(task.status.as_deref()).runs())
    }
}

/// An instant, from seconds since the epoch; none when it is out of any calendar, or when nothing was: a time that has
/// not come is null, 0 or -1.
fn timestamp(seconds: f64) -> Option<Timestamp> {
    if seconds <= 0.0 {
        return None;
    }
    SignedDuration::try_from_secs_f64(seconds).ok().and_then(|since| Timestamp::from_duration(since).ok())
}

/// The region of a task; of its zone, where only that is known.
fn region(task: &Task) -> Option<String> {
    let known = |text: &&str| !text.is_empty() && *text != "-";
    let region = task.region.as_ref().and_then(|region| region.as_deref()).map(str::trim).filter(known);
    region.or_else(|| task.zone.as_deref().map(str::trim).filter(known)).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    fn tasks(rows: Vec<Value>) -> Vec<Task> {
        rows.into_iter().map(task).collect()
    }

    #[test]
    fn the_current_task_is_the_first_that_has_not_succeeded() {
        let rows = tasks(vec![
            json!({"job_id": 1, "task_id": 2, "status": "PENDING"}),
            json!({"job_id": 1, "task_id": 0, "status": "SUCCEEDED"}),
            json!({"job_id": 1, "task_id": 1, "status": "RECOVERING"}),
            json!({"job_id": 2, "task_id": 0, "status": "SUCCEEDED"}),
            json!({"job_id": 2, "task_id": 1, "status": "SUCCEEDED"}),
            json!({"job_id": 3, "task_id": 0, "status": "FAILED_SETUP"}),
            json!({"job_id": 3, "task_id": 1, "status": "RUNNING"}),
        ]);
        let states: Vec<State> = Job::group(&rows).iter().map(Job::state).collect();
        assert_eq!(states, [State::Recovering, State::Succeeded, State::Failed]);
    }

    #[test]
    fn durations_and_recoveries_are_sums_and_a_null_of_the_current_task_is_unknown() {
        let rows = tasks(vec![
            json!({"job_id": 1, "task_id": 0, "status": "SUCCEEDED", "job_duration": 100.0, "recovery_count": 2}),
            json!({"job_id": 1, "task_id": 1, "job_duration": 20.0, "recovery_count": 1}),
            json!({"job_id": 1, "task_id": 2, "status": "PENDING", "job_duration": null, "recovery_count": null}),
            json!({"job_id": 2, "task_id": 0, "status": "SUCCEEDED", "job_duration": 100.0}),
            json!({"job_id": 2, "task_id": 1, "job_duration": null}),
        ]);
        let jobs = Job::group(&rows);
        assert_eq!(jobs[0].duration(), Some(120.0));
        assert_eq!(jobs[0].recoveries(), Some(3.0));
        assert_eq!(jobs[1].duration(), None);
    }

    #[test]
    fn every_status_has_a_state() {
        for (status, state) in [
            ("PENDING", State::Queued),
            ("SUBMITTED", State::Queued),
            ("STARTING", State::Queued),
            ("RUNNING", State::Running),
            ("RECOVERING", State::Recovering),
            ("WINDING_DOWN", State::WindingDown),
            ("CANCELLING", State::Cancelling),
            ("CANCELLED", State::Cancelled),
            ("SUCCEEDED", State::Succeeded),
            ("FAILED", State::Failed),
            ("FAILED_SETUP", State::Failed),
            ("FAILED_PRECHECKS", State::Failed),
            ("FAILED_NO_RESOURCE", State::Failed),
            ("FAILED_CONTROLLER", State::Failed),
            ("FAILED_FOR_A_NEW_REASON", State::Failed),
            ("HIBERNATING", State::Other),
            ("", State::Other),
        ] {
            assert_eq!(State::of(Some(status)), state, "{status}");
        }
        assert_eq!(State::of(None), State::Other);
    }

    #[test]
    fn a_zone_stands_in_for_its_region_and_a_dash_is_unknown() {
        let of = |region_, zone| region(&task(json!({"region": region_, "zone": zone})));
        assert_eq!(of(json!("us-west-2"), json!("us-west-2b")).as_deref(), Some("us-west-2"));
        assert_eq!(of(json!("-"), json!("us-west-2b")).as_deref(), Some("us-west-2b"));
        assert_eq!(of(json!(null), json!("-")), None);
        assert_eq!(of(json!("-"), json!("-")), None);
    }

    #[test]
    fn times_beyond_any_calendar_are_in_no_window() {
        for seconds in [1e300, -1e300, f64::MAX, -1.0, 0.0] {
            assert_eq!(timestamp(seconds), None);
        }
        assert_eq!(timestamp(1.5), Timestamp::from_millisecond(1500).ok());
    }
}
