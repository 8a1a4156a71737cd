//! The way of every request: who asks, how often, what for.

use super::controls::State;
use super::listing;
use super::reply::Answer;
use super::reply::Reply;
use super::resource::asked;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header;
use axum::response::Response;
use serde_json::json;
use std::sync::Arc;

pub async fn handle(axum::extract::State(state): axum::extract::State<Arc<State>>, request: Request<Body>) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let admitted = state.admit(authorization);
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answer = match admitted {
        Err(reply) => Err(reply),
        Ok(()) => {
            // Writing a page of pods takes some milliseconds of computing: not on the thread that serves the sockets.
            let answering = tokio::task::spawn_blocking(move || {
                answer(&state, &method, uri.path(), uri.query().unwrap_or_default())
            });
            answering.await.unwrap_or_else(|failure| Err(Reply::unknown(&format!("how to go on: {failure}"))))
        }
    };
    let (Ok(reply) | Err(reply)) = answer;
    reply.into_response()
}

fn answer(state: &State, method: &Method, path: &str, query: &str) -> Answer {
    match path {
        "/version" if method == Method::GET => return Ok(version()),
        "/livez" | "/readyz" | "/healthz" => return Ok(Reply::json("ok".to_owned())),
        _ => {}
    }
    let Some(asked) = asked(path) else { return Err(Reply::unknown(&format!("{method} {path}"))) };
    if method == Method::POST || method == Method::DELETE {
        return Err(Reply::unknown(&format!("{method} {path}")));
    }
    if method != Method::GET {
        return Err(Reply::method_not_allowed());
    }
    state.authorize(&asked)?;
    listing::list(state, &asked, query)
}

fn version() -> Reply {
    let version = json!({
        "major": "1", "minor": "34", "gitVersion": "v1.34.2", "gitTreeState": "clean", "platform": "linux/amd64",
        "goVersion": "go1.24.9", "compiler": "gc", "buildDate": "2025-11-11T19:08:46Z",
        "gitCommit": "5eed5eed5eed5eed5eed5eed5eed5eed5eed5eed",
    });
    Reply::json(version.to_string())
}
