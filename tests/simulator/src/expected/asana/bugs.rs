//! The project of bugs; "section = the task's section IN THAT project".

use super::Case;
use super::Gauges;
use super::count;
use super::hours;
use super::in_days;
use super::mean;
use crate::organisation::asana::ProjectId;
use crate::organisation::asana::Task;

const NAMES: [&str; 10] = [
    "asana.projects.bugs.triage_count",
    "asana.projects.bugs.active_count",
    "asana.projects.bugs.backlog_count",
    "asana.projects.bugs.other_count",
    "asana.projects.bugs.total_open",
    "asana.projects.bugs.completed_7d",
    "asana.projects.bugs.completed_30d",
    "asana.projects.bugs.created_7d",
    "asana.projects.bugs.avg_age_days",
    "asana.projects.bugs.oldest_bug_days",
];

pub fn gauges(case: &Case) -> Gauges {
    let project = case.settings.bugs_project.as_deref().and_then(|gid| case.readable(gid));
    let Some(project) = project else {
        return NAMES.iter().map(|name| (*name, None)).collect();
    };
    let tasks = case.tasks_of(&[project]);
    let open: Vec<&Task> = tasks.iter().copied().filter(|t| case.is_open(t)).collect();
    let in_column = |column: Column| count(open.iter().filter(|t| column_of(case, t, project) == column).count());
    let completed = |days: i64| count(tasks.iter().filter(|t| case.completed_in(t, days)).count());
    // "created_at in 7d, open or completed by now"
    let by_now = |t: &Task| t.completed_at.is_none_or(|at| at <= case.now);
    let created = tasks.iter().filter(|t| in_days(case.now, t.created_at, 7) && by_now(t)).count();
    let ages: Vec<f64> = open.iter().map(|t| hours(t.created_at, case.now) / 24.0).collect();
    let values = [
        in_column(Column::Triage),
        in_column(Column::Active),
        in_column(Column::Backlog),
        in_column(Column::Other),
        count(open.len()),
        completed(7),
        completed(30),
        count(created),
        mean(&ages),
        ages.iter().copied().reduce(f64::max),
    ];
    NAMES.into_iter().zip(values).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Triage,
    Active,
    Backlog,
    Other,
}

fn column_of(case: &Case, task: &Task, project: ProjectId) -> Column {
    let section = task.membership(project).and_then(|m| m.section);
    section.map_or(Column::Other, |section| column(&case.asana.projects[project].sections[section].name))
}

/// Triage goes before active, and that before backlog.
pub fn column(name: &str) -> Column {
    let words = words(name);
    let has = |word: &str| words.iter().any(|w| w == word);
    if has("triage") {
        Column::Triage
    } else if has("active") {
        Column::Active
    } else if has("backlog") {
        Column::Backlog
    } else {
        Column::Other
    }
}

/// "a maximal run of letters, digits and underscore, any case"
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in text.chars() {
        let inside = letter.is_alphanumeric() || letter == '_';
        match words.last_mut() {
            Some(word) if inside => word.extend(letter.to_lowercase()),
            Some(word) if !word.is_empty() => words.push(String::new()),
            _ => {}
        }
    }
    words
}
