//! The described Asana: workspaces, people, projects and tasks.
//!
//! Instants are whole milliseconds, as Asana states them.

mod generate;
mod project;
mod scale;
mod task;

pub use generate::generate;
pub use scale::AsanaScale;

use jiff::Timestamp;
use jiff::civil::Date;

/// Everything that the simulated Asana knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Asana {
    /// The first is the one to be configured; a [`WorkspaceId`] is an index into this list.
    pub workspaces: Vec<Workspace>,
    /// Accounts; a [`UserId`] is an index into this list. The token belongs to the first.
    pub users: Vec<User>,
    /// Projects of all workspaces; a [`ProjectId`] is an index into this list.
    pub projects: Vec<Project>,
    /// Tasks of all workspaces, subtasks too; a [`TaskId`] is an index into this list.
    pub tasks: Vec<Task>,
    /// The project of bugs; none where there are too few projects for one.
    pub bugs: Option<ProjectId>,
}

/// Index into [`Asana::workspaces`].
pub type WorkspaceId = usize;
/// Index into [`Asana::users`].
pub type UserId = usize;
/// Index into [`Asana::projects`].
pub type ProjectId = usize;
/// Index into [`Asana::tasks`].
pub type TaskId = usize;

/// A workspace.
#[derive(Debug, Clone, PartialEq)]
pub struct Workspace {
    /// Asana's global id, digits.
    pub gid: String,
    /// Its name.
    pub name: String,
    /// Whether the token's user belongs to it.
    pub is_member: bool,
}

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Asana's global id, digits.
    pub gid: String,
    /// The display name.
    pub name: String,
    /// The address.
    pub email: String,
}

/// A project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Asana's global id, digits.
    pub gid: String,
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub workspace: WorkspaceId,
    /// Whether it is archived.
    pub archived: bool,
    /// When it was completed, which does not archive it.
    pub completed_at: Option<Timestamp>,
    /// Whether the token's user may see it. Of one that it may not see, listings say nothing and its address is 403.
    pub is_visible: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// The day that it is due.
    pub due_on: Option<Date>,
    /// Who answers for it.
    pub owner: Option<UserId>,
    /// Its sections, in their order.
    pub sections: Vec<Section>,
    /// Its status updates, oldest first; the last one is the current one.
    pub statuses: Vec<StatusUpdate>,
}

/// A section of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Asana's global id, digits.
    pub gid: String,
    /// Its name.
    pub name: String,
}

/// A status update of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct StatusUpdate {
    /// Asana's global id, digits.
    pub gid: String,
    /// on_track, at_risk, off_track, on_hold, complete or dropped.
    pub status_type: String,
    /// Its title.
    pub title: String,
    /// Who wrote it.
    pub author: UserId,
    /// When.
    pub created_at: Timestamp,
}

/// A task, whatever its subtype.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Asana's global id, digits.
    pub gid: String,
    /// Its name.
    pub name: String,
    /// default_task, milestone, approval or custom.
    pub subtype: String,
    /// Whether a list shows it as a dividing line; only default_task can be one.
    pub is_separator: bool,
    /// Where it lies; each of its projects lies there too.
    pub workspace: WorkspaceId,
    /// Whose it is.
    pub assignee: Option<UserId>,
    /// Who made it.
    pub created_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was completed; of an open one none.
    pub completed_at: Option<Timestamp>,
    /// The last change of any kind, a move to another section too.
    pub modified_at: Timestamp,
    /// The day that it is due, as the person who set it saw that day.
    pub due_on: Option<Date>,
    /// The instant that it is due; then there is a day as well.
    pub due_at: Option<Timestamp>,
    /// The task that it is a subtask of.
    pub parent: Option<TaskId>,
    /// The projects that it is in, each once; a subtask need not be in any.
    pub memberships: Vec<Membership>,
}

/// A task's place in a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The project.
    pub project: ProjectId,
    /// Index into that project's sections; none for a task that lies in no section.
    pub section: Option<usize>,
}

impl Asana {
    /// The workspace with that gid.
    pub fn workspace(&self, gid: &str) -> Option<WorkspaceId> {
        self.workspaces.iter().position(|w| w.gid == gid)
    }

    /// The project with that gid.
    pub fn project(&self, gid: &str) -> Option<ProjectId> {
        self.projects.iter().position(|p| p.gid == gid)
    }

    /// The gid of the project of bugs.
    pub fn bugs_gid(&self) -> Option<&str> {
        self.bugs.map(|id| self.projects[id].gid.as_str())
    }
}

impl Project {
    /// The last status update.
    pub fn current_status(&self) -> Option<&StatusUpdate> {
        self.statuses.last()
    }
}

impl Task {
    /// Its place in a project, if it is in it.
    pub fn membership(&self, project: ProjectId) -> Option<Membership> {
        self.memberships.iter().copied().find(|m| m.project == project)
    }
}
