//! The way of every request: who asks, how often, what for.

use super::controls::State;
use super::graphql;
use super::quota::Resource;
use super::reply::Answer;
use super::reply::Reply;
use super::rest;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::Method;
use axum::response::Response;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

/// Longer bodies than this no query needs.
const LARGEST_BODY: usize = 4 << 20;

pub async fn handle(axum::extract::State(state): axum::extract::State<Arc<State>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let (method, headers) = (parts.method, parts.headers);
    let answering = {
        let state = state.clone();
        let path = path.clone();
        // Producing a page takes some milliseconds of computing: not on the thread that serves the sockets.
        tokio::task::spawn_blocking(move || answer(&state, &method, &path, &query, &headers, &body))
    };
    let reply = match answering.await {
        Ok(Ok(reply) | Err(reply)) => reply,
        Err(failure) => Reply::unknown(&format!("how to go on: {failure}")),
    };
    let resource = if path == "/graphql" { Resource::Graphql } else { Resource::Core };
    finish(&state, resource, reply).into_response()
}

fn answer(state: &State, method: &Method, path: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Answer {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    if text("user-agent").is_none_or(str::is_empty) {
        let message =
            "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return Err(Reply { status: 403, headers: vec![("content-type", "text/plain".into())], body: message.into() });
    }
    let segments = rest::segments(path);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if let ["app", "installations", id, "access_tokens"] = segments[..] {
        return rest::access_token(state, method, text("authorization"), id);
    }
    state.admit(text("authorization"))?;
    if segments == ["graphql"] {
        return match *method {
            Method::POST => graphql::answer(state, body),
            _ => Err(Reply::not_found()),
        };
    }
    if segments == ["rate_limit"] {
        // Asking for the quota costs none of it.
        return Ok(rest::rate_limit(state));
    }
    if !state.charge(Resource::Core, 1) {
        let message = "API rate limit exceeded for user ID 4100000. If you reach out to GitHub Support for help, please include the request ID.";
        return Err(Reply::refusal(403, message));
    }
    if method != Method::GET {
        return Err(Reply::unknown(&format!("{method} {path}")));
    }
    rest::get(state, &segments, query)
}

/// Adds what every reply of GitHub carries.
fn finish(state: &State, resource: Resource, reply: Reply) -> Reply {
    static REQUESTS: AtomicU64 = AtomicU64::new(1);
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    let quota = state.quota(resource);
    let reply = reply
        .with("x-github-request-id", format!("51AD:{number:05X}:ACE0:BEE5:6900{number:04X}"))
        .with("x-github-media-type", "github.v3; format=json")
        .with("x-github-api-version-selected", "2022-11-28");
    if reply.status == 401 {
        // GitHub counts these against the address, not against a user's quota.
        return reply;
    }
    reply
        .with("x-ratelimit-limit", quota.limit)
        .with("x-ratelimit-remaining", quota.remaining())
        .with("x-ratelimit-used", quota.used)
        .with("x-ratelimit-reset", quota.reset)
        .with("x-ratelimit-resource", resource.name())
}
