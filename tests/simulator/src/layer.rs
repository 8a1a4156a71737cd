//! What happens to every request before and after its service: recorded, failed on demand, delayed.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;

use crate::fault::FaultKind;
use crate::fault::Faults;
use crate::record::Recorded;
use crate::record::Recorder;
use crate::wire::Cut;

/// A request body beyond this is refused unread; far above every limit that a simulated vendor has.
const LARGEST_BODY: usize = 64 << 20;

/// Headers that carry a credential, in lower case.
const SECRET_HEADERS: [&str; 6] =
    ["authorization", "proxy-authorization", "cookie", "dd-api-key", "dd-application-key", "x-amz-security-token"];

/// What the requests of one server share.
pub(crate) struct Shared {
    pub(crate) services: Vec<&'static str>,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) latency: Mutex<Duration>,
}

impl Shared {
    /// The service that a path belongs to, and the path as that service sees it.
    fn service_of<'p>(&self, path: &'p str) -> (&'static str, &'p str) {
        for service in &self.services {
            if let Some(rest) = path.strip_prefix('/').and_then(|path| path.strip_prefix(service)) {
                match rest {
                    "" => return (service, "/"),
                    _ if rest.starts_with('/') => return (service, rest),
                    _ => {}
                }
            }
        }
        ("", path)
    }
}

pub(crate) async fn handle(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let at = Instant::now();
    let mut ticket = shared.recorder.arrive();
    let (parts, body) = request.into_parts();
    let read = to_bytes(body, LARGEST_BODY).await;
    let body = read.as_ref().ok().cloned().unwrap_or_default();

    let (service, path) = shared.service_of(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let path_and_query = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    let fault = shared.faults.befall(service, &path_and_query, &body);
    ticket.record(Recorded {
        at,
        service,
        method: parts.method.clone(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: with_secrets_marked(&parts.headers),
        body: body.clone(),
        body_len: body.len(),
        status: None,
        in_flight: 0,
    });

    let serve = async {
        match read {
            Ok(_) => next.run(Request::from_parts(parts, Body::from(body))).await,
            Err(error) => {
                (StatusCode::BAD_REQUEST, format!("the request's body could not be read: {error}")).into_response()
            }
        }
    };
    let reply = match fault {
        None => serve.await,
        Some(FaultKind::Slow(by)) => {
            tokio::time::sleep(by).await;
            serve.await
        }
        Some(FaultKind::Status { code, headers, body }) => status_reply(code, &headers, body),
        Some(FaultKind::WrongType) => wrong_type(),
        Some(FaultKind::Hang) => std::future::pending().await,
        Some(FaultKind::Malformed) => malformed(serve.await).await,
        Some(FaultKind::Reset) => {
            cut.reset();
            return StatusCode::OK.into_response();
        }
        Some(FaultKind::AcceptThenReset) => {
            serve.await;
            cut.reset();
            return StatusCode::OK.into_response();
        }
        Some(FaultKind::CutBody) => {
            let (reply, length) = whole(serve.await).await;
            if length == 0 {
                cut.within_head()
            } else {
                cut.after_body_bytes(length / 2)
            }
            return reply;
        }
    };
    let latency = *shared.latency.lock().unwrap_or_else(PoisonError::into_inner);
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    ticket.answered(reply.status());
    reply
}

fn status_reply(code: StatusCode, headers: &[(String, String)], body: String) -> Response {
    let mut reply = (code, body).into_response();
    for (name, value) in headers {
        match (header::HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            (Ok(name), Ok(value)) => {
                reply.headers_mut().insert(name, value);
            }
            _ => tracing::error!(name, value, "an injected fault has a header that HTTP does not allow; left out"),
        }
    }
    reply
}

fn wrong_type() -> Response {
    let page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>";
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

/// The reply with a body that is no JSON: its first half, or, if a half is JSON by chance (`12` of `1234`), that half
/// after an opening brace.
async fn malformed(reply: Response) -> Response {
    let (mut parts, body) = reply.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let half = body.get(..body.len() / 2).unwrap_or_default();
    let broken = match serde_json::from_slice::<serde_json::Value>(half) {
        Ok(_) => [b"{", half].concat(),
        Err(_) if half.is_empty() => b"{".to_vec(),
        Err(_) => half.to_vec(),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(broken))
}

/// The reply with its body in memory, and how long that is.
async fn whole(reply: Response) -> (Response, usize) {
    let (parts, body) = reply.into_parts();
    let body: Bytes = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let length = body.len();
    (Response::from_parts(parts, Body::from(body)), length)
}

fn with_secrets_marked(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for (name, value) in &mut headers {
        if SECRET_HEADERS.contains(&name.as_str()) {
            value.set_sensitive(true);
        }
    }
    headers
}
