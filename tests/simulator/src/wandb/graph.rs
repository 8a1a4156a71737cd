//! Documents are validated and executed over the described projects.

use super::beats::Beats;
use super::connection;
use super::connection::Page;
use super::controls::Manner;
use super::controls::State;
use super::project;
use super::root;
use super::run;
use super::run::Shown;
use crate::graphql;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::graphql::Graph;
use crate::graphql::Mistake;
use crate::graphql::Prepared;
use crate::graphql::Refusal;
use crate::organisation::wandb::Project;
use crate::organisation::wandb::Sweep;
use crate::organisation::wandb::Wandb;
use serde_json::Value;
use serde_json::json;
use std::rc::Rc;

/// What a field can lead to.
#[derive(Clone)]
pub enum Object<'a> {
    Query,
    ServerInfo,
    Version,
    /// An account, by its number.
    User(usize),
    /// A user or team, by its name.
    Entity(&'a str),
    Project(&'a Project),
    Run(Rc<Shown<'a>>),
    /// A run's machine.
    Info(Rc<Shown<'a>>),
    Sweep(&'a Project, &'a Sweep),
    Page(Rc<Page<'a>>),
    Edge(Rc<Page<'a>>, usize),
    PageInfo(Rc<Page<'a>>),
}

pub type Resolved<'a> = graphql::Resolved<Object<'a>>;
pub type Outcome<'a> = Result<Resolved<'a>, Failure>;

/// The projects, and how to tell of them during one request.
pub struct Told<'a> {
    pub state: &'a State,
    pub wandb: &'a Wandb,
    pub manner: Manner,
    /// How living runs went on while pages were read; none while nothing moves.
    pub beats: Option<Beats>,
}

/// Answers POST /graphql: the status and the body. What is no valid query is a 400; what goes wrong in a valid one
/// stands under `errors` of a 200.
pub fn answer(state: &State, body: &[u8]) -> (u16, Value) {
    let (manner, pages) = state.manner();
    let beats = (pages > 0 && !manner.beat.is_zero()).then(|| Beats::of(&state.organisation, manner, pages));
    let told = Told { state, wandb: &state.organisation.wandb, manner, beats };
    match executed(&told, body) {
        Ok(body) => (200, body),
        Err(Refusal::Errors(errors)) => (400, json!({ "errors": errors })),
        Err(Refusal::Unknown(what)) => {
            (501, json!({ "errors": [{ "message": format!("the simulator does not know {what}") }] }))
        }
    }
}

fn executed(told: &Told, body: &[u8]) -> Result<Value, Refusal> {
    let wrong = |message: String| Refusal::error(json!({ "message": message }));
    let request: Value = serde_json::from_slice(body).map_err(|e| wrong(format!("invalid JSON: {e}")))?;
    let text = request["query"].as_str().ok_or_else(|| wrong("Must provide an operation.".into()))?;
    let document = graphql::parse(text).map_err(|mistakes| listed(&mistakes))?;
    if let Some(path) = &told.state.schema {
        let mistakes = graphql::mistakes(path, text).map_err(|e| Refusal::Unknown(format!("how to read {e}")))?;
        if !mistakes.is_empty() {
            return Err(listed(&mistakes));
        }
    }
    let prepared = Prepared::of(&document, &request)?;
    let (data, errors) = graphql::execute(told, &Object::Query, &prepared)?;
    let mut body = json!({ "data": data });
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    Ok(body)
}

fn listed(mistakes: &[Mistake]) -> Refusal {
    let one = |mistake: &Mistake| {
        let at = mistake.at.iter().map(|(line, column)| json!({ "line": line, "column": column }));
        json!({ "message": mistake.message, "locations": at.collect::<Vec<Value>>() })
    };
    Refusal::Errors(mistakes.iter().map(one).collect())
}

impl<'a> Graph for Told<'a> {
    type Object = Object<'a>;

    fn type_name(&self, object: &Object<'a>) -> &'static str {
        match object {
            Object::Query => "Query",
            Object::ServerInfo => "ServerInfo",
            Object::Version => "LatestLocalVersionInfo",
            Object::User(_) => "User",
            Object::Entity(_) => "Entity",
            Object::Project(_) => "Project",
            Object::Run(_) => "Run",
            Object::Info(_) => "RunInfo",
            Object::Sweep(..) => "Sweep",
            Object::Page(page) => page.connection(),
            Object::Edge(page, _) => page.edge(),
            Object::PageInfo(_) => "PageInfo",
        }
    }

    fn is_a(&self, kind: &str, condition: &str) -> Result<bool, Failure> {
        let nodes = ["User", "Entity", "Project", "Run", "Sweep"];
        Ok(kind == condition || condition == "Node" && nodes.contains(&kind))
    }

    fn error(&self, kind: &str, message: &str, path: &[Value]) -> Value {
        json!({ "message": message, "path": path, "extensions": { "code": kind } })
    }

    fn is_promised(&self, kind: &str, field: &str) -> bool {
        (kind, field) == ("Project", "runCount")
    }

    fn resolve(&self, object: &Object<'a>, field: &str, arguments: &Arguments) -> Outcome<'a> {
        match object {
            Object::Query => root::resolve(self, field, arguments),
            Object::ServerInfo => root::resolve_server(field),
            Object::Version => root::resolve_version(field),
            Object::User(user) => root::resolve_user(self, *user, field, arguments),
            Object::Entity(entity) => root::resolve_entity(self, entity, field, arguments),
            Object::Project(project) => project::resolve(self, project, field, arguments),
            Object::Run(run) => run::resolve(self, run, field, arguments),
            Object::Info(run) => run::resolve_info(run, field),
            Object::Sweep(project, sweep) => project::resolve_sweep(self, project, sweep, field),
            Object::Page(page) => connection::resolve(page, field),
            Object::Edge(page, at) => connection::resolve_edge(page, *at, field),
            Object::PageInfo(page) => connection::resolve_info(page, field),
        }
    }
}

/// A value that needs no selection.
pub fn leaf<'a>(value: impl Into<Value>) -> Outcome<'a> {
    Ok(Resolved::Leaf(value.into()))
}

/// An object, or null.
pub fn object<'a>(object: impl Into<Option<Object<'a>>>) -> Outcome<'a> {
    Ok(object.into().map_or(Resolved::Leaf(Value::Null), Resolved::Object))
}
