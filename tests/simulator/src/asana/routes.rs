//! Which path means what.

use super::controls::State;
use super::fields::Kind;
use super::list;
use super::query::Query;
use super::query::Since;
use super::query::segments;
use super::render::Thing;
use super::reply::Answer;
use super::reply::Reply;
use crate::organisation::asana::ProjectId;
use crate::organisation::asana::Task;
use crate::organisation::asana::TaskId;
use crate::organisation::asana::WorkspaceId;

/// A GET that is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// The path as the published description spells it.
    pub path: &'static str,
    /// Its parameters beside those of the path, `opt_fields` and `opt_pretty`.
    pub parameters: &'static [&'static str],
}

const fn operation(path: &'static str, parameters: &'static [&'static str]) -> Operation {
    Operation { path, parameters }
}

/// Every GET that is answered.
pub const OPERATIONS: [Operation; 13] = [
    operation("/users/{user_gid}", &["workspace"]),
    operation("/workspaces", &["limit", "offset"]),
    operation("/workspaces/{workspace_gid}", &[]),
    operation("/workspaces/{workspace_gid}/projects", &["archived", "limit", "offset"]),
    operation("/projects", &["workspace", "team", "archived", "limit", "offset"]),
    operation("/projects/{project_gid}", &[]),
    operation("/projects/{project_gid}/sections", &["limit", "offset"]),
    operation("/projects/{project_gid}/tasks", &["completed_since", "limit", "offset"]),
    operation("/sections/{section_gid}", &[]),
    operation("/sections/{section_gid}/tasks", &["completed_since", "limit", "offset"]),
    operation(
        "/tasks",
        &["assignee", "project", "section", "workspace", "completed_since", "modified_since", "limit", "offset"],
    ),
    operation("/tasks/{task_gid}", &[]),
    operation("/status_updates", &["parent", "created_since", "limit", "offset"]),
];

/// Answers a GET.
pub fn get(state: &State, path: &str, query: Query) -> Answer {
    let segments = segments(path);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ["workspaces", _, "tasks", "search"] = segments[..] {
        return Err(Reply::refusal(402, "Payment Required: searching for tasks needs a paid plan"));
    }
    let operation = OPERATIONS.iter().find(|operation| matches(operation.path, &segments));
    let Some(operation) = operation else { return Err(Reply::unknown(&format!("GET {path}"))) };
    for name in query.names().filter(|name| !["opt_fields", "opt_pretty"].contains(name)) {
        if !operation.parameters.contains(&name) {
            state.odd(format!("{}: parameter {name}", operation.path));
        }
    }
    let call = Call { state, path, query };
    match segments[..] {
        ["users", who] => call.user(who),
        ["workspaces"] => call.workspaces(),
        ["workspaces", gid] => call.one(Thing::Workspace(call.workspace(gid)?)),
        ["workspaces", gid, "projects"] => call.projects(Some(gid)),
        ["projects"] => call.projects(call.query.get("workspace")),
        ["projects", gid] => call.one(Thing::Project(call.project(gid)?)),
        ["projects", gid, "sections"] => call.sections(gid),
        ["projects", gid, "tasks"] => call.tasks_of_project(gid),
        ["sections", gid] => call.section(gid).and_then(|(project, place)| call.one(Thing::Section(project, place))),
        ["sections", gid, "tasks"] => call.tasks_of_section(gid),
        ["tasks"] => call.tasks(),
        ["tasks", gid] => call.task(gid),
        _ => call.status_updates(),
    }
}

fn matches(template: &str, segments: &[&str]) -> bool {
    let template: Vec<&str> = template.split('/').skip(1).collect();
    template.len() == segments.len() && template.iter().zip(segments).all(|(t, s)| t.starts_with('{') || t == s)
}

struct Call<'a> {
    state: &'a State,
    path: &'a str,
    query: Query,
}

impl Call<'_> {
    fn one(&self, thing: Thing) -> Answer {
        list::one(self.state, self.path, &self.query, thing)
    }

    fn many(&self, kind: Kind, things: &[Thing]) -> Answer {
        list::many(self.state, self.path, &self.query, kind, things)
    }

    fn workspace(&self, gid: &str) -> Result<WorkspaceId, Reply> {
        is_gid("workspace", gid)?;
        let asana = self.state.asana();
        let id = asana.workspace(gid).ok_or_else(|| Reply::unknown_object("workspace", gid))?;
        if asana.workspaces[id].is_member { Ok(id) } else { Err(Reply::forbidden("workspace")) }
    }

    fn project(&self, gid: &str) -> Result<ProjectId, Reply> {
        is_gid("project", gid)?;
        let asana = self.state.asana();
        let id = asana.project(gid).ok_or_else(|| Reply::unknown_object("project", gid))?;
        match self.state.ask_project(id) {
            Err(404) => Err(Reply::unknown_object("project", gid)),
            Err(_) => Err(Reply::forbidden("project")),
            Ok(()) if asana.projects[id].is_visible => Ok(id),
            Ok(()) => Err(Reply::forbidden("project")),
        }
    }

    fn section(&self, gid: &str) -> Result<(ProjectId, usize), Reply> {
        is_gid("section", gid)?;
        let found = self.state.index.sections.get(gid).copied();
        let (project, place) = found.ok_or_else(|| Reply::unknown_object("section", gid))?;
        self.project(&self.state.asana().projects[project].gid)?;
        Ok((project, place))
    }

    fn user(&self, who: &str) -> Answer {
        if let Some(gid) = self.query.get("workspace") {
            self.workspace(gid)?;
        }
        let users = &self.state.asana().users;
        let found = users.iter().position(|u| u.gid == who || u.email.eq_ignore_ascii_case(who));
        let user = if who == "me" { Some(0) } else { found };
        self.one(Thing::User(user.ok_or_else(|| Reply::unknown_object("user", who))?))
    }

    fn workspaces(&self) -> Answer {
        let workspaces = &self.state.asana().workspaces;
        let ids = (0..workspaces.len()).filter(|id| workspaces[*id].is_member);
        self.many(Kind::Workspace, &ids.map(Thing::Workspace).collect::<Vec<_>>())
    }

    fn projects(&self, workspace: Option<&str>) -> Answer {
        if self.query.has("team") {
            return Err(Reply::unknown("teams"));
        }
        let workspace = match workspace.map(|gid| self.workspace(gid)).transpose() {
            Err(refusal) if refusal.status != 400 && self.state.foreign_is_empty() => {
                return self.many(Kind::Project, &[]);
            }
            workspace => workspace?,
        };
        let archived = self.query.flag("archived")?;
        let asana = self.state.asana();
        let fits = |id: &ProjectId| {
            let project = &asana.projects[*id];
            project.is_visible
                && asana.workspaces[project.workspace].is_member
                && workspace.is_none_or(|workspace| project.workspace == workspace)
                && archived.is_none_or(|archived| project.archived == archived)
        };
        let ids = (0..asana.projects.len()).filter(fits);
        self.many(Kind::Project, &ids.map(Thing::Project).collect::<Vec<_>>())
    }

    fn sections(&self, project: &str) -> Answer {
        let project = self.project(project)?;
        let places = 0..self.state.asana().projects[project].sections.len();
        self.many(Kind::Section, &places.map(|place| Thing::Section(project, place)).collect::<Vec<_>>())
    }

    fn tasks_of_project(&self, gid: &str) -> Answer {
        let project = self.project(gid)?;
        self.listed(self.state.index.tasks_of[project].iter().copied(), |_| true)
    }

    fn tasks_of_section(&self, gid: &str) -> Answer {
        let (project, place) = self.section(gid)?;
        let here = |task: &Task| task.membership(project).is_some_and(|m| m.section == Some(place));
        self.listed(self.state.index.tasks_of[project].iter().copied(), here)
    }

    fn tasks(&self) -> Answer {
        let modified = self.query.instant("modified_since")?;
        let since = |task: &Task| modified.is_none_or(|at| task.modified_at > at);
        let narrowed = ["project", "section", "assignee"].map(|name| self.query.get(name));
        match narrowed {
            [Some(gid), None, None] => {
                let project = self.project(gid)?;
                self.listed(self.state.index.tasks_of[project].iter().copied(), since)
            }
            [None, Some(gid), None] => {
                let (project, place) = self.section(gid)?;
                let here = |task: &Task| task.membership(project).is_some_and(|m| m.section == Some(place));
                self.listed(self.state.index.tasks_of[project].iter().copied(), |task| here(task) && since(task))
            }
            [None, None, Some(who)] => {
                let workspace =
                    self.query.get("workspace").ok_or_else(|| Reply::bad_request("workspace: Missing input"))?;
                let workspace = self.workspace(workspace)?;
                let asana = self.state.asana();
                let user = if who == "me" { Some(0) } else { asana.users.iter().position(|u| u.gid == who) };
                let user = user.ok_or_else(|| Reply::unknown_object("assignee", who))?;
                let whose = |task: &Task| {
                    task.assignee == Some(user) && task.workspace == workspace && self.is_visible(task) && since(task)
                };
                self.listed(0..asana.tasks.len(), whose)
            }
            _ => {
                let message = "You should specify one of workspace, project, tag, section, user_task_list";
                Err(Reply::bad_request(message))
            }
        }
    }

    fn task(&self, gid: &str) -> Answer {
        is_gid("task", gid)?;
        let id = self.state.index.tasks.get(gid).copied().ok_or_else(|| Reply::unknown_object("task", gid))?;
        match self.is_visible(&self.state.asana().tasks[id]) {
            true => self.one(Thing::Task(id)),
            false => Err(Reply::forbidden("task")),
        }
    }

    fn status_updates(&self) -> Answer {
        let parent = self.query.get("parent").ok_or_else(|| Reply::bad_request("parent: Missing input"))?;
        let project = self.project(parent)?;
        let since = self.query.instant("created_since")?;
        let statuses = &self.state.asana().projects[project].statuses;
        let newest_first = (0..statuses.len()).rev();
        let ids = newest_first.filter(|i| since.is_none_or(|at| statuses[*i].created_at >= at));
        self.many(Kind::Status, &ids.map(|i| Thing::Status(project, i)).collect::<Vec<_>>())
    }

    /// Those of the tasks that `completed_since` leaves in.
    fn listed(&self, tasks: impl Iterator<Item = TaskId>, fits: impl Fn(&Task) -> bool) -> Answer {
        let since = self.query.completed_since()?;
        let all = &self.state.asana().tasks;
        let recent = |task: &Task| match (task.completed_at, since) {
            (None, _) | (_, Since::Ever) => true,
            (Some(_), Since::Now) => false,
            (Some(completed), Since::At(at)) => completed >= at,
        };
        let fit = tasks.filter(|id| recent(&all[*id]) && fits(&all[*id]));
        self.many(Kind::Task, &fit.map(Thing::Task).collect::<Vec<_>>())
    }

    /// A task is seen by who sees one of its projects; a subtask by who sees its parent.
    fn is_visible(&self, task: &Task) -> bool {
        let asana = self.state.asana();
        let shown = task.memberships.iter().any(|m| asana.projects[m.project].is_visible);
        shown || task.parent.is_some_and(|parent| self.is_visible(&asana.tasks[parent]))
    }
}

fn is_gid(what: &str, text: &str) -> Result<(), Reply> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Reply::bad_request(&format!("{what}: Not a recognized ID: {text}")))
}
