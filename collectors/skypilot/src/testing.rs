//! A SkyPilot API server on a socket of its own, for the tests of the client and of whole collections.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::response::Response;
use collector::Batch;
use collector::Context;
use collector::Failure;
pub(crate) use loopback::Answer;
pub(crate) use loopback::Seen;
pub(crate) use loopback::Server;
pub(crate) use loopback::answer;
pub(crate) use loopback::cut;
pub(crate) use loopback::text;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use crate::Skypilot;
use crate::client::Pace;
use crate::config::Auth;
use crate::config::Config;
use crate::metrics::sample;

/// The token of the tests; it must turn up in no text.
pub(crate) const TOKEN: &str = "sky_SECRETSECRETSECRET";

/// Waits short enough for tests; nothing depends on how long they are.
pub(crate) const PACE: Pace = Pace {
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(4),
    per_try: Duration::from_secs(20),
    per_fetch: Duration::from_secs(20),
};

pub(crate) const QUEUE_V2: &str = "/jobs/queue/v2";
pub(crate) const QUEUE_V1: &str = "/jobs/queue";
pub(crate) const STATUS: &str = "/status";
/// Where the result of the queue is fetched, of the clusters', of the old queue's.
pub(crate) const GET_QUEUE: &str = "/api/get?request_id=id-jobs-queue-v2";
pub(crate) const GET_QUEUE_V1: &str = "/api/get?request_id=id-jobs-queue";
pub(crate) const GET_STATUS: &str = "/api/get?request_id=id-status";

/// A fault: what to answer a request instead.
pub(crate) trait Fault: Fn(&Seen) -> Option<Answer> + Send + Sync + 'static {}
impl<F: Fn(&Seen) -> Option<Answer> + Send + Sync + 'static> Fault for F {}

/// A healthy server of version 0.14.1 with these rows and clusters, except for what `fault` answers.
pub(crate) async fn sky(rows: Vec<Value>, clusters: Value, fault: impl Fault) -> Server {
    Server::start(move |seen, _| fault(seen).unwrap_or_else(|| usual(seen, &rows, &clusters).into())).await
}

/// How often a path was asked for.
pub(crate) fn count(server: &Server, path: &str) -> usize {
    server.counts().get(path).copied().unwrap_or_default()
}

fn usual(seen: &Seen, rows: &[Value], clusters: &Value) -> Response {
    match (seen.method.as_str(), seen.path.as_str()) {
        ("GET", "/api/health") => text(200, &[], include_str!("../tests/fixtures/health.json")),
        ("POST", QUEUE_V2 | QUEUE_V1 | STATUS) => posted(&seen.path),
        ("GET", GET_QUEUE) => finished(&page(rows)),
        ("GET", GET_QUEUE_V1) => finished(&json!(rows)),
        ("GET", GET_STATUS) => finished(clusters),
        _ => answer(404, &[], &json!({"detail": "Not Found"})),
    }
}

/// The answer to a posted operation.
pub(crate) fn posted(path: &str) -> Response {
    let id = format!("id{}", path.replace('/', "-"));
    answer(200, &[("X-Skypilot-Request-ID", &id)], &Value::Null)
}

/// A request that has returned a value.
pub(crate) fn finished(value: &Value) -> Response {
    let payload = json!({"request_id": "x", "status": "SUCCEEDED", "return_value": value.to_string(), "error": "null"});
    answer(200, &[], &payload)
}

/// A request whose operation failed.
pub(crate) fn failed(kind: &str, message: &str) -> Response {
    let error = json!({"object": "gASVPICKLE", "type": kind, "message": message}).to_string();
    answer(
        500,
        &[],
        &json!({"detail": {"request_id": "x", "status": "FAILED", "return_value": "null", "error": error}}),
    )
}

/// The result of the queue, with the counts of the newest version: jobs, and rows by status.
pub(crate) fn page(rows: &[Value]) -> Value {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut jobs: Vec<&Value> = Vec::new();
    for row in rows {
        *counts.entry(row["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        if !jobs.contains(&&row["job_id"]) {
            jobs.push(&row["job_id"]);
        }
    }
    json!({"jobs": rows, "total": jobs.len(), "total_no_filter": rows.len(), "status_counts": counts, "infra_options": []})
}

pub(crate) fn config(url: &str) -> Config {
    Config { endpoint: url.to_owned(), auth: Auth::Token(SecretString::from(TOKEN)) }
}

pub(crate) fn context_for(time: Duration) -> Context {
    loopback::context(sample::now(), time)
}

pub(crate) fn context() -> Context {
    context_for(Duration::from_secs(60))
}

pub(crate) async fn collect(server: &Server) -> Batch {
    Skypilot::new(config(&server.url)).collect_at(&context(), PACE).await.unwrap()
}

/// The reason for which a group failed; the other one is complete.
#[track_caller]
pub(crate) fn failed_group(batch: &Batch, group: &str) -> Failure {
    let [one] = batch.failures() else { panic!("{:?}", batch.failures()) };
    assert_eq!(one.group, group);
    assert!(batch.gauges().iter().all(|gauge| gauge.def().group != group));
    assert!(!batch.gauges().is_empty());
    one.failure.clone()
}

pub(crate) fn clusters_up() -> Value {
    json!([{"name": "a", "status": "UP", "autostop": -1, "is_managed": false, "credentials": {"ssh_private_key": "KEY"}, "handle": "gASV"}])
}

/// Answers this path so.
pub(crate) fn at(path: &'static str, answer: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> impl Fault {
    move |seen: &Seen| if seen.path == path { answer(seen) } else { None }
}

/// A server without the new queue.
pub(crate) async fn old_queue(rows: Vec<Value>) -> Server {
    let missing = |_: &Seen| Some(Answer::Reply(answer(404, &[], &json!({"detail": "Not Found"}))));
    sky(rows, json!([]), at(QUEUE_V2, missing)).await
}
