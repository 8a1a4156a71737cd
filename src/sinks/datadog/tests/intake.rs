//! A small intake on loopback: it enforces the published limits, keeps what it accepts, and can be told to answer
//! otherwise.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::sinks::datadog::Compression;

/// A request as it arrived, and the status it was answered with.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub status: u16,
}

/// One stored point.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub metric: String,
    pub tags: Vec<String>,
    pub timestamp: i64,
    pub value: f64,
}

type Script = VecDeque<(u16, Vec<(&'static str, String)>, String)>;

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    received: Mutex<Vec<Received>>,
    slow: Mutex<Duration>,
    largest_batch: Mutex<Option<usize>>,
}

pub struct Intake {
    pub url: String,
    shared: Arc<Shared>,
}

impl Intake {
    pub async fn start() -> Intake {
        let shared = Arc::<Shared>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Intake { url, shared }
    }

    /// The next request is answered like this, whatever it is; each call adds one answer.
    pub fn then(&self, status: u16, headers: &[(&'static str, &str)], body: &str) -> &Intake {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.shared.script.lock().unwrap().push_back((status, headers, body.to_owned()));
        self
    }

    /// Forgets the answers that were not given yet.
    pub fn recover(&self) {
        self.shared.script.lock().unwrap().clear();
    }

    /// Each answer takes a random time up to this.
    pub fn slow(&self, most: Duration) {
        *self.shared.slow.lock().unwrap() = most;
    }

    /// 413 for more points than this, as a server with stricter limits would.
    pub fn largest_batch(&self, points: usize) {
        *self.shared.largest_batch.lock().unwrap() = Some(points);
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.lock().unwrap().clone()
    }

    pub fn statuses(&self) -> Vec<u16> {
        self.received().iter().map(|received| received.status).collect()
    }

    /// The accepted points in the order of their arrival; one that was sent twice is here twice.
    pub fn stored(&self) -> Vec<Stored> {
        self.received().iter().filter(|received| received.status == 202).flat_map(stored).collect()
    }
}

pub fn raw(headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let encoding = headers.get("content-encoding").map(|value| value.to_str().unwrap());
    match encoding {
        Some("gzip") => {
            let mut raw = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(body), &mut raw).unwrap();
            raw
        }
        Some("zstd1") => zstd::stream::decode_all(body).unwrap(),
        None => body.to_vec(),
        other => panic!("{other:?}, none of {:?}", Compression::ALL),
    }
}

fn stored(received: &Received) -> Vec<Stored> {
    let body: Value = serde_json::from_slice(&raw(&received.headers, &received.body)).unwrap();
    let one = |series: &Value| Stored {
        metric: series["metric"].as_str().unwrap().to_owned(),
        tags: series["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()).collect(),
        timestamp: series["points"][0]["timestamp"].as_i64().unwrap(),
        value: series["points"][0]["value"].as_f64().unwrap(),
    };
    body["series"].as_array().unwrap().iter().map(one).collect()
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let slow = *shared.slow.lock().unwrap();
    tokio::time::sleep(slow.mul_f64(fastrand::f64())).await;
    let scripted = shared.script.lock().unwrap().pop_front();
    let (status, headers, text) = match scripted {
        Some(scripted) => scripted,
        None if head.uri.path() == "/api/v1/validate" => (200, vec![], r#"{"valid":true}"#.to_owned()),
        None => {
            let raw = raw(&head.headers, &body);
            let series = serde_json::from_slice::<Value>(&raw).unwrap()["series"].as_array().unwrap().len();
            let largest = shared.largest_batch.lock().unwrap().unwrap_or(10_000);
            match body.len() > 512_000 || raw.len() >= 5_242_880 || series > largest {
                true => (413, vec![], "Payload too big".to_owned()),
                false => (202, vec![], r#"{"errors":[]}"#.to_owned()),
            }
        }
    };
    let path = head.uri.path().to_owned();
    shared.received.lock().unwrap().push(Received { path, headers: head.headers, body, status });
    let mut response = (StatusCode::from_u16(status).unwrap(), text).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// A server that reads whole requests and cuts the first `cuts` connections instead of answering; it gives the bodies.
pub async fn cutting(cuts: usize) -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
    let seen = Arc::clone(&bodies);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut content = Vec::new();
            let body = loop {
                assert_ne!(stream.read_buf(&mut content).await.unwrap(), 0, "the client went away");
                let Some(end) = content.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(content[..end].to_vec()).unwrap().to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if content.len() == end + 4 + length.parse::<usize>().unwrap() {
                    break content.split_off(end + 4);
                }
            };
            let count = {
                let mut seen = seen.lock().unwrap();
                seen.push(body);
                seen.len()
            };
            if count > cuts {
                let reply = "HTTP/1.1 202 Accepted\r\ncontent-length: 13\r\nconnection: close\r\n\r\n{\"errors\":[]}";
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        }
    });
    (url, bodies)
}
