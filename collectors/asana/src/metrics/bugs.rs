//! The bugs project: its open tasks by section, and how old they are.

use collector::Batch;
use collector::MetricDef;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use super::all_told;
use super::completed;
use super::completion_told;
use super::distinct;
use super::hours;
use super::open;
use crate::catalog;
use crate::catalog::METRICS;
use crate::catalog::group;
use crate::records::Field;
use crate::records::Task;

/// The words of a section's name, the stronger one first.
const WORDS: [(&str, &MetricDef); 3] =
    [("triage", &catalog::BUGS_TRIAGE), ("active", &catalog::BUGS_ACTIVE), ("backlog", &catalog::BUGS_BACKLOG)];

/// Gauges of the tasks of the project `project`.
pub(crate) fn compute(tasks: &[&Task], project: &str, now: Timestamp, tags: &Tags) -> Batch {
    let tasks = distinct(tasks);
    let open = open(&tasks, now);
    let mut batch = Batch::new();
    batch.gauge(&catalog::BUGS_OPEN, open.len() as f64, tags);
    sections(&open, project, tags, &mut batch);

    let told = completion_told(&tasks, &mut batch);
    let (week, month) = (Window::days(now, 7), Window::days(now, 30));
    // Created in the window, a completed one was completed in it, too, or after now.
    let created = open.iter().filter(|task| week.contains(task.created_at)).count()
        + completed(&tasks, month).iter().filter(|(task, _)| week.contains(task.created_at)).count();
    for (def, count) in [
        (&catalog::BUGS_COMPLETED_7D, completed(&tasks, week).len()),
        (&catalog::BUGS_COMPLETED_30D, completed(&tasks, month).len()),
        (&catalog::BUGS_CREATED_7D, created),
    ] {
        batch.gauge_or_absent(def, told.then_some(count as f64), tags);
    }

    let ages: Vec<f64> = open.iter().map(|task| hours(task.created_at, now) / 24.0).collect();
    batch.gauge_or_absent(&catalog::BUGS_AVG_AGE, stats::mean(&ages), tags);
    batch.gauge_or_absent(&catalog::BUGS_OLDEST, ages.iter().copied().reduce(f64::max), tags);
    batch
}

/// What is said of bugs where no project of them is configured: one reason for all.
pub(crate) fn not_configured(tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    for def in METRICS.iter().filter(|def| def.group == group::BUGS) {
        batch.absent(def, catalog::NO_BUGS, tags);
    }
    batch
}

fn sections(open: &[&Task], project: &str, tags: &Tags, batch: &mut Batch) {
    let sections: Vec<Field<&str>> = open.iter().map(|task| section(task, project)).collect();
    let odd = open.iter().zip(&sections).filter(|(_, section)| **section == Field::Unreadable);
    let told = all_told(odd.map(|(task, _)| *task), "the section", batch);
    let category = |section: &Field<&str>| {
        let has = |word: &str| section.value().is_some_and(|name| has_word(name, word));
        WORDS.iter().find(|(word, _)| has(word)).map_or(&catalog::BUGS_OTHER, |(_, def)| *def)
    };
    for def in WORDS.iter().map(|(_, def)| *def).chain([&catalog::BUGS_OTHER]) {
        let count = sections.iter().filter(|section| category(section).name == def.name).count();
        batch.gauge_or_absent(def, told.then_some(count as f64), tags);
    }
}

/// The name of a task's section in this project. What it is in elsewhere does not matter.
fn section<'a>(task: &'a Task, project: &str) -> Field<&'a str> {
    let Some(memberships) = task.memberships.value() else { return Field::Unreadable };
    let here = memberships.iter().filter(|one| one.project.value().is_some_and(|gid| **gid == *project));
    match here.map(|one| &one.section).max() {
        Some(Field::Is(name)) => Field::Is(name),
        Some(Field::Empty) => Field::Empty,
        Some(Field::Unreadable) => Field::Unreadable,
        // One of a project that is not told may be this one's.
        None if memberships.iter().any(|one| one.project == Field::Unreadable) => Field::Unreadable,
        None => Field::Empty,
    }
}

/// Whether a name has the word, any case. A word is a maximal run of letters, digits and underscores. An accent that is
/// written as a character of its own belongs to its letter.
fn has_word(name: &str, word: &str) -> bool {
    let is_accent = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    name.split(|c: char| !(c.is_alphanumeric() || c == '_' || is_accent(c))).any(|part| part.to_lowercase() == word)
}

#[cfg(test)]
#[path = "bugs_tests.rs"]
mod tests;
