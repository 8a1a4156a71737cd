//! A server on a free port of 127.0.0.1.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The longest body that a client may send.
const MAX_BODY: usize = 1 << 20;

/// A request that the server has seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// GET, POST, ...
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers, credentials too.
    pub headers: HeaderMap,
    /// The body if it is JSON, else null.
    pub body: Value,
    /// The body as text; what is no UTF-8 in it is replaced.
    pub text: String,
    /// How many requests with the same path and query came before it.
    pub again: usize,
}

impl Seen {
    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The name of the GraphQL operation; empty for any other request.
    pub fn operation(&self) -> &str {
        let text = self.body["query"].as_str().unwrap_or_default();
        let name = text.split_once("query ").map_or("", |(_, after)| after);
        name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default()
    }

    /// A variable of the GraphQL operation.
    pub fn variable(&self, name: &str) -> &Value {
        &self.body["variables"][name]
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Answer {
    /// It is answered.
    Reply(Response),
    /// It is left waiting.
    Never,
}

impl From<Response> for Answer {
    fn from(reply: Response) -> Answer {
        Answer::Reply(reply)
    }
}

/// What a test makes of a request and of the number of requests before it.
type Respond = dyn Fn(&Seen, usize) -> Answer + Send + Sync;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
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
    pub async fn start<A: Into<Answer>>(answer: impl Fn(&Seen, usize) -> A + Send + Sync + 'static) -> Server {
        Server::serve(Arc::new(move |seen: &Seen, before| answer(seen, before).into())).await
    }

    /// Apart from [`Server::start`], and of one type: else every test's closure would have a web server compiled for it.
    async fn serve(answer: Arc<Respond>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = Arc::clone(&seen);
        let app = Router::new().fallback(move |request: Request| {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            async move {
                let (one, before) = note(request, &log).await;
                match answer(&one, before) {
                    Answer::Reply(reply) => reply,
                    Answer::Never => std::future::pending().await,
                }
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Server { url, seen, task }
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Path and query of every request so far.
    pub fn paths(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.path).collect()
    }

    /// How often each path and query was asked for.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for path in self.paths() {
            *counts.entry(path).or_default() += 1;
        }
        counts
    }
}

async fn note(request: Request, log: &Mutex<Vec<Seen>>) -> (Seen, usize) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, MAX_BODY).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let mut log = log.lock().unwrap();
    let one = Seen {
        method: parts.method.to_string(),
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        text: String::from_utf8_lossy(&body).into_owned(),
        again: log.iter().filter(|other| other.path == path).count(),
        path,
    };
    log.push(one.clone());
    (one, log.len() - 1)
}
