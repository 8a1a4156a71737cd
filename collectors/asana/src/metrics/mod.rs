//! Records to gauges: pure functions, time is an argument, and the order of the records never matters.

pub(crate) mod bugs;
pub(crate) mod projects;
#[cfg(test)]
mod property_tests;
pub(crate) mod tasks;

use std::collections::BTreeMap;

use collector::Batch;
use collector::Window;
use jiff::Timestamp;

use crate::records::State;
use crate::records::Task;
use crate::records::shown;

/// Tasks that a warning names.
const MAX_NAMED: usize = 5;

/// Each task once. A task that changed while it was read is there in two readings: the completed one counts.
fn distinct<'a>(tasks: &[&'a Task]) -> Vec<&'a Task> {
    let mut by_gid: BTreeMap<&str, &Task> = BTreeMap::new();
    for task in tasks {
        let kept = by_gid.entry(&task.gid).or_insert(task);
        *kept = (*kept).max(task);
    }
    by_gid.into_values().collect()
}

/// Those that are open. One that was created after `now` is not, yet.
fn open<'a>(tasks: &[&'a Task], now: Timestamp) -> Vec<&'a Task> {
    tasks.iter().copied().filter(|task| task.state == State::Open && task.created_at <= now).collect()
}

/// Those that were completed in the window, with the moment.
fn completed<'a>(tasks: &[&'a Task], window: Window) -> Vec<(&'a Task, Timestamp)> {
    let at = |task: &'a Task| match task.state {
        State::Completed(Some(at)) if window.contains(at) => Some((task, at)),
        _ => None,
    };
    tasks.iter().copied().filter_map(at).collect()
}

/// Whether `odd`, the tasks of which something is not told, are none. If there are any, a warning names them, and the
/// caller sends nothing that depends on it: without them it would be a smaller number.
fn all_told<'a>(odd: impl Iterator<Item = &'a Task>, what: &str, batch: &mut Batch) -> bool {
    let gids: Vec<&str> = odd.map(|task| shown(&task.gid)).collect();
    let named = gids.iter().take(MAX_NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if gids.len() > MAX_NAMED { ", ..." } else { "" };
    if !gids.is_empty() {
        let tasks = format!("{} tasks ({named}{more})", gids.len());
        batch.warn(format!("Asana does not tell {what} of {tasks}; what depends on it is not sent"));
    }
    gids.is_empty()
}

/// Whether Asana tells of every completed task when that was.
fn completion_told(tasks: &[&Task], batch: &mut Batch) -> bool {
    let odd = tasks.iter().copied().filter(|task| task.state == State::Completed(None));
    all_told(odd, "the time of completion", batch)
}

/// Hours from one moment to another.
fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}

/// Sample values of the unit tests.
#[cfg(test)]
pub(crate) mod sample {
    use collector::Batch;
    use collector::Tags;
    use jiff::SignedDuration;
    use jiff::Timestamp;
    use serde_json::Value;
    use serde_json::json;

    use crate::records::Task;

    pub const HOUR: i64 = 3600;
    pub const DAY: i64 = 24 * HOUR;

    pub fn now() -> Timestamp {
        "2026-03-10T12:00:00Z".parse().unwrap()
    }

    pub fn tags() -> Tags {
        Tags::new().with("workspace", "12")
    }

    /// So many seconds before [`now`], as Asana writes times.
    pub fn ago(seconds: i64) -> String {
        format!("{:.3}", now() - SignedDuration::from_secs(seconds))
    }

    /// A task as Asana tells it, with changes of `with` laid over it: open, of yesterday, nobody's, without a due date,
    /// in the section Triage of project 99.
    pub fn raw(gid: &str, with: Value) -> Value {
        let mut record = json!({
            "gid": gid, "completed": false, "created_at": ago(DAY), "completed_at": null, "due_on": null, "due_at": null,
            "assignee": null, "memberships": [membership("99", "Triage")],
        });
        for (key, value) in with.as_object().unwrap() {
            record[key] = value.clone();
        }
        record
    }

    pub fn membership(project: &str, section: &str) -> Value {
        json!({"project": {"gid": project, "resource_type": "project"}, "section": {"gid": "7", "name": section}})
    }

    /// [`raw`] as a record.
    pub fn task(gid: &str, with: Value) -> Task {
        serde_json::from_value(raw(gid, with)).unwrap()
    }

    /// A task that was completed so many seconds before [`now`].
    pub fn done(gid: &str, seconds: i64) -> Task {
        task(gid, json!({"completed": true, "completed_at": ago(seconds), "created_at": ago(seconds + 2 * HOUR)}))
    }

    /// The value of a metric; none when the batch says that it is absent.
    #[track_caller]
    pub fn value(batch: &Batch, name: &str) -> Option<f64> {
        let found = batch.gauges().iter().find(|gauge| gauge.def().name == name).map(|gauge| gauge.value());
        let absent = batch.absences().iter().any(|absence| absence.def.name == name);
        assert!(found.is_some() != absent, "{name} is neither or both: {:?}", batch.warnings());
        found
    }
}
