//! The way of every request: who asks, how often, what for.

use super::controls::State;
use super::query::Query;
use super::reply::Answer;
use super::reply::Reply;
use super::routes;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header;
use axum::response::Response;
use std::sync::Arc;

pub async fn handle(axum::extract::State(state): axum::extract::State<Arc<State>>, request: Request<Body>) -> Response {
    let (parts, _) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let pretty = query.has("opt_pretty");
    let authorization = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let (under_way, admitted) = state.admit(authorization);
    let delay = state.delay();
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let answer = match admitted {
        Err(reply) => Err(reply),
        Ok(()) => {
            let state = Arc::clone(&state);
            // Producing a page takes some milliseconds of computing: not on the thread that serves the sockets.
            let answering = tokio::task::spawn_blocking(move || answer(&state, &parts.method, &path, query));
            answering.await.unwrap_or_else(|failure| Err(Reply::unknown(&format!("how to go on: {failure}"))))
        }
    };
    drop(under_way);
    let (Ok(reply) | Err(reply)) = answer;
    reply.into_response(pretty)
}

fn answer(state: &State, method: &Method, path: &str, query: Query) -> Answer {
    let Some(path) = path.strip_prefix("/api/1.0") else {
        return Err(Reply::refusal(404, "No matching route for request"));
    };
    if method != Method::GET {
        return Err(Reply::unknown(&format!("{method} {path}")));
    }
    routes::get(state, path, query)
}
