//! The way of every request: who asks, how often, what for.

use super::controls::State;
use super::graph;
use super::limit::Limit;
use crate::base64url::base64url;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;

/// Longer bodies than this no query needs.
const LARGEST_BODY: usize = 4 << 20;

pub async fn handle(axum::extract::State(state): axum::extract::State<Arc<State>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path() != "/graphql" {
        return (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    }
    if parts.method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, "405 method not allowed\n").into_response();
    }
    let (limit, admitted) = state.admit(key(&parts.headers).as_deref());
    let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
    let (status, body) = match admitted {
        Err(401) => (401, refusal("viewer", "user is not logged in", "PERMISSION_ERROR")),
        Err(status) => (status, json!({ "errors": [{ "message": "Rate limit exceeded" }] })),
        Ok(()) => {
            // Ordering thousands of runs is computing: not on the thread that serves the sockets.
            let answering = tokio::task::spawn_blocking(move || graph::answer(&state, &body));
            match answering.await {
                Ok(answer) => answer,
                Err(failure) => (501, json!({ "errors": [{ "message": failure.to_string() }] })),
            }
        }
    };
    reply(status, &body, (status != 401 && (status == 429 || limit.on_every_reply)).then_some(&limit))
}

/// The key of `Basic base64("api:KEY")`.
fn key(headers: &HeaderMap) -> Option<String> {
    let (scheme, encoded) = headers.get("authorization")?.to_str().ok()?.split_once(' ')?;
    let bytes = base64url(&encoded.trim().replace('+', "-").replace('/', "_"))?;
    let pair = String::from_utf8(bytes).ok()?;
    let (user, key) = pair.split_once(':')?;
    (scheme.eq_ignore_ascii_case("basic") && user == "api").then(|| key.to_owned())
}

fn refusal(field: &str, message: &str, code: &str) -> Value {
    let error = json!({ "message": message, "path": [field], "extensions": { "code": code } });
    json!({ "errors": [error], "data": { field: null } })
}

fn reply(status: u16, body: &Value, limit: Option<&Limit>) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Some(limit) = limit {
        headers.insert("ratelimit-limit", HeaderValue::from(Limit::FULL));
        headers.insert("ratelimit-remaining", HeaderValue::from(limit.remaining));
        headers.insert("ratelimit-reset", HeaderValue::from(limit.resets_in()));
    }
    response
}
