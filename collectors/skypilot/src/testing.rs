//! A SkyPilot API server on a socket of its own, for the tests of the client and of whole collections.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use collector::Batch;
use collector::Context;
use collector::Failure;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

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

/// A request that the server has seen.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// What becomes of a request.
pub(crate) enum Answer {
    Reply(Response),
    Never,
}

/// A fault: what to answer a request instead, given how many of the same path came before.
pub(crate) trait Fault: Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static {}
impl<F: Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static> Fault for F {}

pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A healthy server of version 0.14.1 with these rows and clusters, except for what `fault` answers.
    pub async fn start(rows: Vec<Value>, clusters: Value, fault: impl Fault) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = Arc::clone(&seen);
        let world = Arc::new((rows, clusters, fault));
        let app = Router::new().fallback(move |request: Request| {
            let (world, log) = (Arc::clone(&world), Arc::clone(&log));
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
                let one = Seen {
                    method: parts.method.to_string(),
                    path: parts.uri.path_and_query().unwrap().to_string(),
                    headers: parts.headers,
                    body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                };
                let before = {
                    let mut log = log.lock().unwrap();
                    let before = log.iter().filter(|other| other.path == one.path).count();
                    log.push(one.clone());
                    before
                };
                let (rows, clusters, fault) = &*world;
                match fault(&one, before).unwrap_or_else(|| Answer::Reply(usual(&one, rows, clusters))) {
                    Answer::Reply(reply) => reply,
                    Answer::Never => std::future::pending().await,
                }
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Server { url, seen, task }
    }

    /// A server without jobs and clusters that answers every request so.
    pub async fn always(answer: impl Fn() -> Response + Send + Sync + 'static) -> Server {
        Server::start(Vec::new(), json!([]), move |_: &Seen, _| Some(Answer::Reply(answer()))).await
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// How often each path was asked for.
    pub fn paths(&self) -> BTreeMap<String, usize> {
        let mut paths = BTreeMap::new();
        for seen in self.seen() {
            *paths.entry(seen.path).or_default() += 1;
        }
        paths
    }

    pub fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path == path).count()
    }
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

/// An answer of JSON.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response {
    text(status, headers, body.to_string())
}

/// An answer of any text.
pub(crate) fn text(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Response {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.into())).unwrap()
}

/// An answer that ends in the middle.
pub(crate) fn cut() -> Response {
    let parts: [Result<&str, std::io::Error>; 2] = [Ok("{\"status\":"), Err(std::io::Error::other("cut"))];
    Response::new(Body::from_stream(futures_util::stream::iter(parts)))
}

pub(crate) fn config(url: &str) -> Config {
    Config { endpoint: url.to_owned(), auth: Auth::Token(SecretString::from(TOKEN)) }
}

pub(crate) fn context_for(time: Duration) -> Context {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    Context::new(sample::now(), http, Instant::now() + time, Arc::from([]))
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

/// Answers the paths that begin so.
pub(crate) fn at(
    path: &'static str,
    answer: impl Fn(&Seen, usize) -> Option<Answer> + Send + Sync + 'static,
) -> impl Fault {
    move |seen: &Seen, before| if seen.path == path { answer(seen, before) } else { None }
}

/// A server without the new queue.
pub(crate) async fn old_queue(rows: Vec<Value>) -> Server {
    let missing = |_: &Seen, _| Some(Answer::Reply(answer(404, &[], &json!({"detail": "Not Found"}))));
    Server::start(rows, json!([]), at(QUEUE_V2, missing)).await
}
