//! An Asana on a socket of its own, for the tests of the client and of whole collections: it pages, filters and refuses
//! as Asana does.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::Response;
use collector::Context;
use collector::transport::Pace;
use jiff::tz::TimeZone;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::answer;
use loopback::ok;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use crate::Config;
use crate::metrics::sample;

/// The token of the tests; it must turn up in no text.
pub(crate) const TOKEN: &str = "2/120/SECRETSECRETSECRET";
pub(crate) const WORKSPACE: &str = "12";

/// Waits short enough for tests; nothing depends on how long they are.
pub(crate) const QUICK: Pace =
    Pace { first_wait: Duration::from_millis(1), per_try: Duration::from_secs(20), ..crate::client::PACE };

/// What the server knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct World {
    /// Projects of the workspace, archived or not.
    pub projects: Vec<Value>,
    /// Tasks by the gid of a project.
    pub tasks: BTreeMap<String, Vec<Value>>,
    /// Workspaces that the token sees.
    pub workspaces: Vec<&'static str>,
}

impl World {
    /// A workspace without anything in it.
    pub fn empty() -> World {
        World { workspaces: vec![WORKSPACE], ..World::default() }
    }

    /// This world with one more project.
    pub fn with(mut self, gid: &str, tasks: Vec<Value>) -> World {
        self.projects.push(project(gid, WORKSPACE, false));
        self.tasks.insert(gid.to_owned(), tasks);
        self
    }

    /// This world with a project that the listing does not have.
    pub fn with_hidden(mut self, project: Value, tasks: Vec<Value>) -> World {
        self.tasks.insert(project["gid"].as_str().unwrap().to_owned(), tasks);
        self.projects.push(project);
        self
    }

    /// A server of it, except for what `fault` answers.
    pub async fn serve<A: Into<Answer>>(self, fault: impl Fn(&Seen) -> Option<A> + Send + Sync + 'static) -> Server {
        Server::start(move |seen, _| fault(seen).map_or_else(|| self.usual(seen).into(), Into::into)).await
    }

    /// A healthy server of it.
    pub async fn up(self) -> Server {
        self.serve(|_| None::<Response>).await
    }

    fn usual(&self, seen: &Seen) -> Response {
        if seen.header("authorization") != format!("Bearer {TOKEN}") {
            return refusal(401, "Not Authorized");
        }
        let (path, query) = parts(seen);
        match path.split('/').collect::<Vec<_>>()[..] {
            ["users", "me"] => {
                let workspaces: Vec<Value> = self.workspaces.iter().map(|gid| json!({"gid": gid})).collect();
                ok(json!({"data": {"gid": "1", "workspaces": workspaces}}))
            }
            ["projects"] => {
                let of = query.get("workspace").map(String::as_str).unwrap_or_default();
                let active = |one: &&Value| one["workspace"]["gid"] == *of && one["archived"] == false;
                listed(self.projects.iter().filter(active).cloned().collect(), &query)
            }
            ["projects", gid] => match self.projects.iter().find(|one| one["gid"] == *gid) {
                Some(project) => ok(json!({"data": project})),
                None => refusal(404, &format!("project: Unknown object: {gid}")),
            },
            ["projects", gid, "tasks"] => match self.tasks.get(gid) {
                Some(tasks) => {
                    let since = query.get("completed_since").cloned().unwrap_or_default();
                    let recent = |task: &&Value| {
                        task["completed"] != true || task["completed_at"].as_str().is_none_or(|at| *at >= *since)
                    };
                    listed(tasks.iter().filter(recent).cloned().collect(), &query)
                }
                None => refusal(404, &format!("project: Unknown object: {gid}")),
            },
            _ => refusal(404, "No matching route for request"),
        }
    }
}

/// Path below the address of the API, and the query.
pub(crate) fn parts(seen: &Seen) -> (String, BTreeMap<String, String>) {
    let url = reqwest::Url::parse(&format!("http://host{}", seen.path)).unwrap();
    let query = url.query_pairs().map(|(key, value)| (key.into_owned(), value.into_owned())).collect();
    (url.path().strip_prefix("/api/1.0/").unwrap().to_owned(), query)
}

/// Whether a request is for the tasks of this project.
pub(crate) fn is_tasks(seen: &Seen, gid: &str) -> bool {
    parts(seen).0 == format!("projects/{gid}/tasks")
}

/// A project as Asana tells it.
pub(crate) fn project(gid: &str, workspace: &str, archived: bool) -> Value {
    json!({
        "gid": gid, "archived": archived, "workspace": {"gid": workspace}, "resource_type": "project",
        "current_status_update": {"gid": format!("9{gid}"), "status_type": "on_track"},
    })
}

/// So many open tasks.
pub(crate) fn tasks(prefix: &str, count: usize) -> Vec<Value> {
    (0..count).map(|number| sample::raw(&format!("{prefix}{number:05}"), json!({}))).collect()
}

/// Asana's own form of an error.
pub(crate) fn refusal(status: u16, message: &str) -> Response {
    answer(status, &[], &json!({"errors": [{"message": message, "help": "For more information ..."}]}))
}

/// One page of a listing. Without a limit there is no paging, as at Asana.
fn listed(all: Vec<Value>, query: &BTreeMap<String, String>) -> Response {
    let Some(limit) = query.get("limit").and_then(|limit| limit.parse::<usize>().ok()) else {
        return ok(json!({"data": all}));
    };
    let from: usize = query.get("offset").and_then(|offset| offset.strip_prefix("at=")?.parse().ok()).unwrap_or(0);
    let next =
        (from + limit < all.len()).then(|| json!({"offset": format!("at={}", from + limit), "path": "/x", "uri": "u"}));
    let page: Vec<&Value> = all.iter().skip(from).take(limit).collect();
    ok(json!({"data": page, "next_page": next}))
}

pub(crate) fn config(server: &Server) -> Config {
    configured(server, &[], None)
}

pub(crate) fn configured(server: &Server, projects: &[&str], bugs: Option<&str>) -> Config {
    configured_as(&server.url, projects, bugs)
}

pub(crate) fn configured_as(url: &str, projects: &[&str], bugs: Option<&str>) -> Config {
    Config {
        url: format!("{url}/api/1.0"),
        access_token: SecretString::from(TOKEN),
        workspace: WORKSPACE.to_owned(),
        projects: projects.iter().map(|gid| (*gid).to_owned()).collect(),
        bugs_project: bugs.map(str::to_owned),
        time_zone: TimeZone::UTC,
    }
}

pub(crate) fn context() -> Context {
    loopback::context(sample::now(), Duration::from_secs(60))
}
