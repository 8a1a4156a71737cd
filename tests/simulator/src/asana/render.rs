//! Objects as Asana writes them.

use super::controls::State;
use super::fields::Field;
use super::fields::Kind;
use super::fields::Tree;
use crate::organisation::asana::Asana;
use crate::organisation::asana::ProjectId;
use crate::organisation::asana::TaskId;
use crate::organisation::asana::UserId;
use crate::organisation::asana::WorkspaceId;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// Something that can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    Task(TaskId),
    Project(ProjectId),
    /// A section by its place in the project.
    Section(ProjectId, usize),
    User(UserId),
    Workspace(WorkspaceId),
    /// A status update by its place in the project.
    Status(ProjectId, usize),
    OldStatus(ProjectId),
    /// A place in a project, by its place in the task.
    Membership(TaskId, usize),
}

/// What stands in an object's field.
enum Part {
    One(Option<Thing>),
    Many(Vec<Thing>),
}

impl Thing {
    pub fn kind(self) -> Kind {
        match self {
            Thing::Task(_) => Kind::Task,
            Thing::Project(_) => Kind::Project,
            Thing::Section(..) => Kind::Section,
            Thing::User(_) => Kind::User,
            Thing::Workspace(_) => Kind::Workspace,
            Thing::Status(..) => Kind::Status,
            Thing::OldStatus(_) => Kind::OldStatus,
            Thing::Membership(..) => Kind::Membership,
        }
    }

    /// With what was asked for, and its gid.
    pub fn selected(self, state: &State, tree: &Tree) -> Value {
        let mut out = Map::new();
        if self.kind() != Kind::Membership {
            out.insert("gid".into(), self.plain(state, "gid").unwrap_or_default());
        }
        for (name, below) in &tree.0 {
            let value = match self.kind().field(name) {
                Some(Field::Plain) => self.plain(state, name),
                // Asked for as a whole, an object tells what it is and nothing else.
                Some(Field::Of(_)) if below.0.is_empty() => {
                    Some(self.part(state, name, &|thing| thing.named(state, &["gid", "resource_type"])))
                }
                Some(Field::Of(_)) => Some(self.part(state, name, &|thing| thing.selected(state, below))),
                Some(Field::Unserved) | None => None,
            };
            out.extend(value.map(|value| (name.clone(), value)));
        }
        Value::Object(out)
    }

    /// As listings show it unless asked otherwise.
    pub fn compact(self, state: &State) -> Value {
        self.named(state, &["gid", "name", "title", "resource_type", "resource_subtype"])
    }

    /// As its own address shows it unless asked otherwise: without what must be asked for.
    pub fn whole(self, state: &State) -> Value {
        let on_request = ["created_by", "is_rendered_as_separator", "num_subtasks"];
        let kind = self.kind();
        let mut out = Map::new();
        for name in kind.plain_names().iter().filter(|name| !on_request.contains(name)) {
            out.extend(self.plain(state, name).map(|value| ((*name).to_owned(), value)));
        }
        for (name, _) in kind.objects().iter().filter(|(name, _)| kind != Kind::Task || !on_request.contains(name)) {
            out.insert((*name).to_owned(), self.part(state, name, &|thing| thing.compact(state)));
        }
        Value::Object(out)
    }

    fn named(self, state: &State, names: &[&str]) -> Value {
        if let Thing::Membership(..) = self {
            let part = |name: &str| self.part(state, name, &|thing| thing.named(state, names));
            return json!({ "project": part("project"), "section": part("section") });
        }
        let has = |name: &&&str| self.kind().plain_names().contains(*name);
        let value = |name: &&str| Some(((*name).to_owned(), self.plain(state, name)?));
        Value::Object(names.iter().filter(has).filter_map(value).collect())
    }

    fn part(self, state: &State, name: &str, show: &dyn Fn(Thing) -> Value) -> Value {
        match self.object(state.asana(), name) {
            Part::One(thing) => thing.map_or(Value::Null, show),
            Part::Many(things) => things.into_iter().map(show).collect(),
        }
    }

    fn object(self, asana: &Asana, name: &str) -> Part {
        let one = |thing: Thing| Part::One(Some(thing));
        match self {
            Thing::Task(id) => {
                let task = &asana.tasks[id];
                // Of projects that the token's user may not see it is told nothing.
                let visible = |i: &usize| asana.projects[task.memberships[*i].project].is_visible;
                let places = (0..task.memberships.len()).filter(visible);
                match name {
                    "assignee" => Part::One(task.assignee.map(Thing::User)),
                    "completed_by" => {
                        let by = task.assignee.unwrap_or(task.created_by);
                        Part::One(task.completed_at.map(|_| Thing::User(by)))
                    }
                    "created_by" => one(Thing::User(task.created_by)),
                    "memberships" => Part::Many(places.map(|i| Thing::Membership(id, i)).collect()),
                    "parent" => Part::One(task.parent.map(Thing::Task)),
                    "projects" => Part::Many(places.map(|i| Thing::Project(task.memberships[i].project)).collect()),
                    _ => one(Thing::Workspace(task.workspace)),
                }
            }
            Thing::Project(id) => {
                let project = &asana.projects[id];
                let last = project.statuses.len().checked_sub(1);
                match name {
                    "current_status" => Part::One(last.map(|_| Thing::OldStatus(id))),
                    "current_status_update" => Part::One(last.map(|last| Thing::Status(id, last))),
                    "owner" => Part::One(project.owner.map(Thing::User)),
                    _ => one(Thing::Workspace(project.workspace)),
                }
            }
            Thing::Section(project, _) => one(Thing::Project(project)),
            Thing::User(_) => {
                let member = |id: &WorkspaceId| asana.workspaces[*id].is_member;
                Part::Many((0..asana.workspaces.len()).filter(member).map(Thing::Workspace).collect())
            }
            Thing::Workspace(_) => Part::One(None),
            Thing::Status(project, i) => match name {
                "parent" => one(Thing::Project(project)),
                _ => one(Thing::User(asana.projects[project].statuses[i].author)),
            },
            Thing::OldStatus(project) => {
                Part::One(asana.projects[project].current_status().map(|s| Thing::User(s.author)))
            }
            Thing::Membership(task, i) => {
                let membership = asana.tasks[task].memberships[i];
                match name {
                    "project" => one(Thing::Project(membership.project)),
                    _ => Part::One(membership.section.map(|section| Thing::Section(membership.project, section))),
                }
            }
        }
    }

    /// A plain field; none where this object has not got it, though others of its kind have.
    fn plain(self, state: &State, name: &str) -> Option<Value> {
        let asana = state.asana();
        match self {
            Thing::Task(id) => plain_of_task(state, id, name),
            Thing::Project(id) => Some(plain_of_project(asana, id, name)),
            Thing::Section(project, section) => {
                let (project, section) = (&asana.projects[project], &asana.projects[project].sections[section]);
                Some(match name {
                    "gid" => section.gid.clone().into(),
                    "resource_type" => "section".into(),
                    "name" => section.name.clone().into(),
                    _ => instant(project.created_at),
                })
            }
            Thing::User(id) => {
                let user = &asana.users[id];
                Some(match name {
                    "gid" => user.gid.clone().into(),
                    "resource_type" => "user".into(),
                    "name" => user.name.clone().into(),
                    _ => user.email.clone().into(),
                })
            }
            Thing::Workspace(id) => {
                let workspace = &asana.workspaces[id];
                Some(match name {
                    "gid" => workspace.gid.clone().into(),
                    "resource_type" => "workspace".into(),
                    "name" => workspace.name.clone().into(),
                    _ => true.into(),
                })
            }
            Thing::Status(project, i) => {
                let status = &asana.projects[project].statuses[i];
                Some(match name {
                    "gid" => status.gid.clone().into(),
                    "resource_type" => "status_update".into(),
                    "resource_subtype" => "project_status_update".into(),
                    "title" => status.title.clone().into(),
                    "text" => "As said in the meeting.".into(),
                    "status_type" => status.status_type.clone().into(),
                    _ => instant(status.created_at),
                })
            }
            Thing::OldStatus(project) => {
                let status = asana.projects[project].current_status()?;
                Some(match name {
                    "gid" => status.gid.clone().into(),
                    "resource_type" => "project_status".into(),
                    "title" => status.title.clone().into(),
                    "text" => "As said in the meeting.".into(),
                    "color" => color(&status.status_type).into(),
                    _ => instant(status.created_at),
                })
            }
            Thing::Membership(..) => None,
        }
    }
}

fn plain_of_task(state: &State, id: TaskId, name: &str) -> Option<Value> {
    let task = &state.asana().tasks[id];
    Some(match name {
        "gid" => task.gid.clone().into(),
        "resource_type" => "task".into(),
        "resource_subtype" => task.subtype.clone().into(),
        "name" => task.name.clone().into(),
        "approval_status" => {
            let status = if task.completed_at.is_some() { "approved" } else { "pending" };
            return (task.subtype == "approval").then(|| status.into());
        }
        "completed" => task.completed_at.is_some().into(),
        "completed_at" => task.completed_at.map_or(Value::Null, instant),
        "created_at" => instant(task.created_at),
        "due_at" => task.due_at.map_or(Value::Null, instant),
        "due_on" => day(task.due_on),
        "is_rendered_as_separator" => return (task.subtype == "default_task").then(|| task.is_separator.into()),
        "modified_at" => instant(task.modified_at),
        "notes" => "".into(),
        "num_subtasks" => state.index.subtasks[id].into(),
        "permalink_url" => {
            format!("https://app.asana.com/1/{}/task/{}", state.asana().workspaces[0].gid, task.gid).into()
        }
        _ => Value::Null,
    })
}

fn plain_of_project(asana: &Asana, id: ProjectId, name: &str) -> Value {
    let project = &asana.projects[id];
    match name {
        "gid" => project.gid.clone().into(),
        "resource_type" => "project".into(),
        "name" => project.name.clone().into(),
        "archived" => project.archived.into(),
        "completed" => project.completed_at.is_some().into(),
        "completed_at" => project.completed_at.map_or(Value::Null, instant),
        "created_at" => instant(project.created_at),
        "default_view" => "list".into(),
        "due_date" | "due_on" => day(project.due_on),
        "notes" => "".into(),
        "permalink_url" => {
            format!("https://app.asana.com/1/{}/project/{}", asana.workspaces[0].gid, project.gid).into()
        }
        "privacy_setting" => if project.is_visible { "public_to_workspace" } else { "private" }.into(),
        "public" => project.is_visible.into(),
        _ => Value::Null,
    }
}

/// The older form has colours, and none for a project that was dropped.
fn color(status_type: &str) -> &'static str {
    match status_type {
        "on_track" => "green",
        "at_risk" => "yellow",
        "off_track" => "red",
        "complete" => "complete",
        _ => "blue",
    }
}

/// With milliseconds, always.
fn instant(at: Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into()
}

fn day(day: Option<Date>) -> Value {
    day.map_or(Value::Null, |day| day.to_string().into())
}
