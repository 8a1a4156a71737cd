//! What Asana answers, with only the fields used, kept small.
//!
//! A task without gid, `completed` or `created_at` fails its page: it could be counted nowhere, or everywhere. Any other
//! field that is not readable is kept as [`Field::Unreadable`]: what depends on it is then not sent, and the rest is.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde::Deserializer;
use serde_json::Value;

/// A page of a listing. Without `data`, or without the key `next_page`, it is no page: taken for the last one, it would
/// make a smaller number.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub data: Vec<T>,
    /// Where it goes on; null on the last page. The key is there whenever a limit was sent.
    #[serde(deserialize_with = "Option::deserialize")]
    pub next_page: Option<NextPage>,
}

/// Where a listing goes on.
#[derive(Debug, Deserialize)]
pub(crate) struct NextPage {
    /// Opaque, and expires.
    pub offset: String,
}

/// A reply that is one object.
#[derive(Debug, Deserialize)]
pub(crate) struct One<T> {
    pub data: T,
}

/// What a field says that was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field<T> {
    /// It is null.
    Empty,
    /// It has a value.
    Is(T),
    /// It is missing, or something else than the API promises.
    #[default]
    Unreadable,
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Field::Is(value) => Some(value),
            Field::Empty | Field::Unreadable => None,
        }
    }

    /// The value of a field; whatever `read` does not understand is not readable.
    fn of(value: Value, read: impl Fn(&Value) -> Option<T>) -> Self {
        match value {
            Value::Null => Field::Empty,
            value => read(&value).map_or(Field::Unreadable, Field::Is),
        }
    }
}

/// Gids are numbers as texts; only that they are there and differ is used.
type Gid = Box<str>;

/// A task of a project, milestones and approvals included.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "WireTask")]
pub(crate) struct Task {
    pub gid: Gid,
    /// First of what two readings of one task are compared by.
    pub state: State,
    pub created_at: Timestamp,
    pub due: Due,
    pub assignee: Field<Gid>,
    /// The projects that it is in, with its section in each; only of the bugs project's tasks, which alone are asked.
    pub memberships: Field<Box<[Membership]>>,
}

/// Whether a task is completed. Of two readings of one task, the completed one is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Open,
    /// None: Asana does not tell when.
    Completed(Option<Timestamp>),
}

/// When a task is due. A time wins over a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Never,
    /// A date without a zone.
    On(Date),
    At(Timestamp),
    Unreadable,
}

/// That a task is in a project.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Membership {
    #[serde(default, deserialize_with = "gid_of")]
    pub project: Field<Gid>,
    /// The name of its section there.
    #[serde(default, deserialize_with = "name_of")]
    pub section: Field<Box<str>>,
}

/// A task as it is sent.
#[derive(Deserialize)]
struct WireTask {
    #[serde(default)]
    gid: Value,
    #[serde(default)]
    completed: Value,
    #[serde(default)]
    created_at: Value,
    #[serde(default, deserialize_with = "instant")]
    completed_at: Field<Timestamp>,
    #[serde(default, deserialize_with = "date")]
    due_on: Field<Date>,
    #[serde(default, deserialize_with = "instant")]
    due_at: Field<Timestamp>,
    #[serde(default, deserialize_with = "gid_of")]
    assignee: Field<Gid>,
    #[serde(default, deserialize_with = "memberships")]
    memberships: Field<Box<[Membership]>>,
}

impl TryFrom<WireTask> for Task {
    type Error = String;

    fn try_from(wire: WireTask) -> Result<Self, String> {
        let gid = gid(&wire.gid).ok_or("a task has no gid")?;
        let lacks = |field: &str| format!("task {} has no {field} that can be read", shown(&gid));
        let completed = wire.completed.as_bool().ok_or_else(|| lacks("completed"))?;
        let created_at = timestamp(&wire.created_at).ok_or_else(|| lacks("created_at"))?;
        let state = match (completed, wire.completed_at) {
            (false, _) => State::Open,
            (true, Field::Is(at)) => State::Completed(Some(at)),
            (true, Field::Empty | Field::Unreadable) => State::Completed(None),
        };
        let due = match (wire.due_at, wire.due_on) {
            (Field::Is(at), _) => Due::At(at),
            (Field::Empty, Field::Is(on)) => Due::On(on),
            (Field::Empty, Field::Empty) => Due::Never,
            (Field::Unreadable, _) | (Field::Empty, Field::Unreadable) => Due::Unreadable,
        };
        Ok(Task { gid, state, created_at, due, assignee: wire.assignee, memberships: wire.memberships })
    }
}

/// A project of the listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "WireProject")]
pub(crate) struct Project {
    pub gid: Gid,
    /// `status_type` of its latest status update.
    pub status: Field<Box<str>>,
}

#[derive(Deserialize)]
struct WireProject {
    #[serde(default)]
    gid: Value,
    #[serde(default, deserialize_with = "status_type")]
    current_status_update: Field<Box<str>>,
}

impl TryFrom<WireProject> for Project {
    type Error = &'static str;

    fn try_from(wire: WireProject) -> Result<Self, &'static str> {
        // It becomes part of an address.
        let plain = |gid: &Gid| gid.chars().all(|c| c.is_ascii_alphanumeric());
        let gid = gid(&wire.gid).filter(plain).ok_or("a project has no gid that can be read")?;
        Ok(Project { gid, status: wire.current_status_update })
    }
}

/// A project that was asked for by its gid.
#[derive(Debug, Deserialize)]
pub(crate) struct Standing {
    pub archived: bool,
    #[serde(deserialize_with = "gid_of")]
    pub workspace: Field<Gid>,
}

/// Whose token it is: `GET /users/me`.
#[derive(Debug, Deserialize)]
pub(crate) struct Me {
    pub workspaces: Vec<Workspace>,
}

/// A workspace that a token sees.
#[derive(Debug, Deserialize)]
pub(crate) struct Workspace {
    #[serde(default, deserialize_with = "own_gid")]
    pub gid: Field<Gid>,
}

/// Nothing but that it is there.
#[derive(Debug, Deserialize)]
pub(crate) struct Anything {}

/// A gid as it is put into messages: what else a server may send in its place is not.
pub(crate) fn shown(gid: &str) -> &str {
    match gid.chars().all(|c| c.is_ascii_digit()) && gid.len() <= 32 {
        true => gid,
        false => "(odd gid)",
    }
}

fn gid(value: &Value) -> Option<Gid> {
    value.as_str().filter(|gid| !gid.is_empty()).map(Into::into)
}

fn timestamp(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn text_at(value: &Value, key: &str) -> Option<Box<str>> {
    value.get(key)?.as_str().map(Into::into)
}

fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Timestamp>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, timestamp))
}

fn date<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Date>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, |value| value.as_str()?.parse().ok()))
}

fn own_gid<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Gid>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, gid))
}

fn gid_of<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Gid>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, |value| gid(value.get("gid")?)))
}

fn name_of<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Box<str>>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, |value| text_at(value, "name")))
}

fn status_type<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Box<str>>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, |value| text_at(value, "status_type")))
}

fn memberships<'de, D: Deserializer<'de>>(from: D) -> Result<Field<Box<[Membership]>>, D::Error> {
    Ok(Field::of(Value::deserialize(from)?, |value| Box::deserialize(value).ok()))
}

#[cfg(test)]
#[path = "records_tests.rs"]
mod tests;
