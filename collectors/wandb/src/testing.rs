//! A W&B server on a loopback socket, for the tests of the client and of whole collections.

use std::time::Duration;

use axum::response::Response;
use collector::Context;
use collector::transport::Pace;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::ok;
use serde_json::Value;
use serde_json::json;

use crate::client::PACE;
use crate::config::Config;
use crate::metrics::sample;

/// Waits short enough for tests; nothing depends on how long they are.
pub(crate) const QUICK: Pace = Pace { first_wait: Duration::from_millis(1), per_try: Duration::from_secs(20), ..PACE };

/// The runs of a project, whole as every listing tells them.
pub(crate) fn run(id: &str, with: Value) -> Value {
    let mut run = sample::row(with);
    run["id"] = json!(id);
    let fields = run.as_object_mut().unwrap();
    fields.entry("systemMetrics").or_insert(Value::Null);
    fields.entry("user").or_insert(json!({"id": "ann"}));
    run
}

/// What the server answers a listing: its filter and order, and the page behind the cursor, which is an offset.
pub(crate) fn listed(runs: &[Value], seen: &Seen) -> Response {
    let mut runs: Vec<&Value> = runs.iter().collect();
    let filters: Value = serde_json::from_str(seen.variable("filters").as_str().unwrap()).unwrap();
    runs.retain(|run| filters.get("state").is_none_or(|state| run["state"] == *state));
    let from = filters["createdAt"]["$gte"].as_str().unwrap_or_default().trim_end_matches('Z').to_owned();
    runs.retain(|run| run["createdAt"].as_str().unwrap() >= from.as_str());
    match seen.operation() {
        "Activity" => runs.sort_by_key(|run| std::cmp::Reverse(run["heartbeatAt"].as_str())),
        _ => runs.sort_by_key(|run| run["createdAt"].as_str()),
    }
    let size = seen.variable("size").as_u64().unwrap_or(1) as usize;
    let offset: usize = seen.variable("after").as_str().map_or(0, |cursor| cursor.parse().unwrap());
    let page: Vec<&Value> = runs.iter().skip(offset).take(size).copied().collect();
    connection(&page, runs.len(), (offset + size < runs.len()).then(|| (offset + size).to_string()))
}

/// A page of these runs; `next` is the cursor of the one behind it.
pub(crate) fn connection(page: &[&Value], total: usize, next: Option<String>) -> Response {
    let edges: Vec<Value> = page.iter().map(|run| json!({"node": run})).collect();
    let info = json!({"hasNextPage": next.is_some(), "endCursor": next});
    ok(json!({"data": {"project": {"runCount": total, "runs": {"pageInfo": info, "edges": edges}}}}))
}

/// A server with these runs in every project, except for what `fault` answers; it is told how many requests of the same
/// operation and project came before.
pub(crate) async fn server(
    runs: Vec<Value>,
    fault: impl Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static,
) -> Server {
    let counts: std::sync::Mutex<std::collections::BTreeMap<String, usize>> = std::sync::Mutex::default();
    Server::start(move |seen: &Seen, _| {
        let key = format!("{} {}", seen.operation(), seen.variable("project"));
        let before = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(key).or_default();
            *count += 1;
            *count - 1
        };
        fault(seen, before).unwrap_or_else(|| match seen.operation() {
            "Viewer" => ok(json!({"data": {"viewer": {"username": "ann", "entity": "acme"}}})).into(),
            _ => listed(&runs, seen).into(),
        })
    })
    .await
}

/// The requests of an operation.
pub(crate) fn asked(server: &Server, operation: &str) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.operation() == operation).collect()
}

pub(crate) fn config(server: &Server) -> Config {
    Config { base_url: server.url.clone(), ..sample::config() }
}

pub(crate) fn context() -> Context {
    loopback::context(sample::now(), Duration::from_secs(60))
}
