//! A server on a socket of its own, for the tests of the client and of whole collections.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use collector::Context;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::client::Pace;
use crate::config::Auth;
use crate::config::Config;
use crate::metrics::sample;

/// The token of the tests; it must turn up in no text.
pub(crate) const TOKEN: &str = "ghp_SECRETSECRETSECRET";

/// Waits short enough for tests; nothing depends on how long they are.
pub(crate) const PACE: Pace = Pace {
    first_wait: Duration::from_millis(1),
    secondary_wait: Duration::from_millis(20),
    per_try: Duration::from_secs(20),
};

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
    /// The name of the GraphQL operation; empty for a REST request.
    pub fn operation(&self) -> &str {
        let text = self.body["query"].as_str().unwrap_or_default();
        let name = text.split_once("query ").map_or("", |(_, after)| after);
        name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
    }

    pub fn variable(&self, name: &str) -> &Value {
        &self.body["variables"][name]
    }
}

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
    /// A server that answers each request with what `answer` makes of it and of the number of requests before it.
    pub async fn start(answer: impl Fn(&Seen, usize) -> Response + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        let app = Router::new().fallback(move |request: Request| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
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
                    log.push(one.clone());
                    log.len() - 1
                };
                answer(&one, before)
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Server { url, seen, task }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }
}

/// An answer of JSON.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response {
    text(status, headers, body.to_string())
}

pub(crate) fn ok(body: Value) -> Response {
    answer(200, &[], &body)
}

/// An answer of any text.
pub(crate) fn text(status: u16, headers: &[(&str, &str)], body: impl Into<String>) -> Response {
    let mut response = Response::builder().status(status).header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(body.into())).unwrap()
}

/// A page of a connection.
pub(crate) fn page(nodes: &[Value], next: Option<&str>, total: usize) -> Value {
    json!({"totalCount": total, "pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "nodes": nodes})
}

pub(crate) fn config(url: &str) -> Config {
    Config {
        api_url: url.to_owned(),
        auth: Auth::Token(SecretString::from(TOKEN)),
        repositories: vec!["acme/widgets".parse().unwrap()],
        hotfix_labels: vec!["hotfix".to_owned()],
        force_merge_labels: vec!["force-merge".to_owned()],
        timeout_minutes: 360,
        test_workflows: Vec::new(),
        benchmark_workflows: vec!["*benchmark*".to_owned()],
        max_job_lookups: 20,
        max_commit_lookups: 100,
        production_environment: "production".to_owned(),
        deploy_workflow: None,
    }
}

pub(crate) fn context_for(time: Duration) -> Context {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    Context::new(sample::now(), http, Instant::now() + time, Arc::from([]))
}

pub(crate) fn context() -> Context {
    context_for(Duration::from_secs(60))
}
