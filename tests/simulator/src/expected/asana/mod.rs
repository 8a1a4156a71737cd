//! The section asana, for one workspace.

mod bugs;
mod tasks;
#[cfg(test)]
mod tests;

use super::Expected;
use super::count;
use super::hours;
use super::in_days;
use super::mean;
use super::percentile;
use super::share;
use crate::organisation::Organisation;
use crate::organisation::asana::Asana;
use crate::organisation::asana::Project;
use crate::organisation::asana::ProjectId;
use crate::organisation::asana::Task;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// What the configuration may change about the definitions.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The workspace's gid.
    pub workspace: String,
    /// Gids of the projects whose tasks count; none for those of the workspace that are not archived.
    pub projects: Option<Vec<String>>,
    /// The gid of the project of bugs; without one nothing is said of bugs.
    pub bugs_project: Option<String>,
    /// Where a day begins and ends.
    pub timezone: TimeZone,
}

impl Settings {
    /// Those that the simulator's variables make, and the defaults of all others.
    pub fn of(organisation: &Organisation) -> Settings {
        let asana = &organisation.asana;
        Settings {
            workspace: asana.workspaces[0].gid.clone(),
            projects: None,
            bugs_project: asana.bugs_gid().map(str::to_owned),
            timezone: TimeZone::UTC,
        }
    }
}

/// Every gauge of the workspace.
pub fn gauges(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let case = Case { asana: &organisation.asana, settings, now: organisation.now };
    let mut gauges = tasks::gauges(&case);
    gauges.extend(projects(&case));
    gauges.extend(bugs::gauges(&case));
    let tags = vec![("workspace", settings.workspace.clone())];
    gauges.into_iter().map(|(metric, value)| Expected { metric, tags: tags.clone(), value }).collect()
}

type Gauges = Vec<(&'static str, Option<f64>)>;

/// One workspace, and how it is looked at.
struct Case<'a> {
    asana: &'a Asana,
    settings: &'a Settings,
    now: Timestamp,
}

impl<'a> Case<'a> {
    /// "non-archived projects of the workspace", as the token's user sees them; none when the workspace is not open
    /// to that user.
    fn workspace_projects(&self) -> Option<Vec<ProjectId>> {
        let workspace = self.asana.workspaces.iter().position(|w| w.gid == self.settings.workspace && w.is_member)?;
        let fits = |p: &Project| p.workspace == workspace && !p.archived && p.is_visible;
        Some((0..self.asana.projects.len()).filter(|id| fits(&self.asana.projects[*id])).collect())
    }

    /// A project that can be read, by its gid: "a project that answers 403 or 404 makes the task groups absent".
    fn readable(&self, gid: &str) -> Option<ProjectId> {
        let open = |p: &Project| p.gid == gid && p.is_visible && self.asana.workspaces[p.workspace].is_member;
        self.asana.projects.iter().position(open)
    }

    /// The tasks of any of these projects, each once.
    fn tasks_of(&self, projects: &[ProjectId]) -> Vec<&'a Task> {
        let inside = |t: &&Task| t.memberships.iter().any(|m| projects.contains(&m.project));
        self.asana.tasks.iter().filter(inside).collect()
    }

    /// "what lies after now is [...] not open": not completed, and made by now.
    fn is_open(&self, task: &Task) -> bool {
        task.completed_at.is_none() && task.created_at <= self.now
    }

    fn completed_in(&self, task: &Task, days: i64) -> bool {
        task.completed_at.is_some_and(|at| in_days(self.now, at, days))
    }
}

fn projects(case: &Case) -> Gauges {
    let projects = case.workspace_projects();
    // "those whose current status update is [...]": the last one, if there is any.
    let with = |kind: &str| {
        let is = |id: &&ProjectId| case.asana.projects[**id].statuses.last().is_some_and(|s| s.status_type == kind);
        projects.as_ref().and_then(|all| count(all.iter().filter(is).count()))
    };
    vec![
        ("asana.projects.active", projects.as_ref().and_then(|all| count(all.len()))),
        ("asana.projects.on_track", with("on_track")),
        ("asana.projects.at_risk", with("at_risk")),
        ("asana.projects.off_track", with("off_track")),
    ]
}
