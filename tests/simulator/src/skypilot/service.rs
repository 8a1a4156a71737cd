//! The way of every request: who asks, in which version, for what.

use super::access;
use super::access::Caller;
use super::clusters;
use super::controls::Release;
use super::controls::State;
use super::operations::Outcome;
use super::queue;
use super::reply::Reply;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;
use std::sync::Arc;
use tokio::time::Instant;

/// Longer bodies than this no operation needs.
const LARGEST_BODY: usize = 1 << 20;

type Answer = Result<Reply, Reply>;

pub async fn handle(axum::extract::State(state): axum::extract::State<Arc<State>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    state.arrive();
    let release = state.controls().release;
    let (Ok(reply) | Err(reply)) = answer(&state, &parts, body, release).await;
    let (api, own) = release.versions();
    reply.with("x-skypilot-api-version", &api.to_string()).with("x-skypilot-version", own).into_response()
}

async fn answer(state: &Arc<State>, parts: &Parts, body: Body, release: Release) -> Answer {
    access::version(release, &parts.headers)?;
    let caller = access::caller(state, &parts.headers)?;
    let path = parts.uri.path();
    if path == "/api/health" {
        return only(Method::GET, parts).map(|()| health(release, &caller));
    }
    if caller == Caller::Nobody {
        return Err(
            Reply::json(401, "Authentication required".into()).with("www-authenticate", "Basic realm=\"SkyPilot\"")
        );
    }
    match path {
        "/api/get" => {
            only(Method::GET, parts)?;
            get(state, parts.uri.query().unwrap_or_default()).await
        }
        "/api/cancel" => {
            only(Method::POST, parts)?;
            // The account's role is viewer.
            if caller == Caller::Account {
                Err(Reply::detail(403, "Forbidden"))
            } else {
                Err(Reply::unknown("POST /api/cancel"))
            }
        }
        "/jobs/queue/v2" if release == Release::Old => Err(Reply::detail(404, "Not Found")),
        "/jobs/queue/v2" | "/jobs/queue" | "/status" => {
            only(Method::POST, parts)?;
            let body = to_bytes(body, LARGEST_BODY).await.unwrap_or_default();
            post(Arc::clone(state), path, &body, &caller).await
        }
        // The server's own answer to a path that it does not have; it has many more than these.
        _ => Err(Reply::unknown(path)),
    }
}

fn only(method: Method, parts: &Parts) -> Result<(), Reply> {
    if parts.method == method { Ok(()) } else { Err(Reply::detail(405, "Method Not Allowed")) }
}

fn health(release: Release, caller: &Caller) -> Reply {
    let (api, version) = release.versions();
    let user = (*caller == Caller::Account).then(|| json!({ "id": access::ACCOUNT.0, "name": access::ACCOUNT.1 }));
    let status = if *caller == Caller::Nobody { "needs_auth" } else { "healthy" };
    Reply::json(
        200,
        json!({
            "status": status,
            "api_version": api.to_string(),
            "version": version,
            "version_on_disk": version,
            "commit": "7e595970a806dcc9eefadf459f399edf1733e962",
            "basic_auth_enabled": false,
            "user": user,
            "service_account_token_enabled": *caller != Caller::Anybody,
            "ingress_basic_auth_enabled": false,
            "latest_version": null,
            "external_proxy_auth_enabled": false,
            "telemetry_enabled": false,
            "restrict_config_to_admins": true,
        }),
    )
}

/// Begins an operation. Whatever becomes of it is told by `/api/get` alone.
async fn post(state: Arc<State>, path: &str, body: &[u8], caller: &Caller) -> Answer {
    if body.is_empty() {
        return Err(Reply::unprocessable(&[], "missing", "Field required"));
    }
    let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
        return Err(Reply::unprocessable(&["0"], "json_invalid", "JSON decode error"));
    };
    let user = match caller {
        Caller::Account => access::ACCOUNT.0.to_owned(),
        _ => body.get("env_vars").and_then(|vars| vars["SKYPILOT_USER_ID"].as_str()).unwrap_or("5eed0000").to_owned(),
    };
    let (name, version): (&'static str, _) = match path {
        "/jobs/queue/v2" => ("sky.jobs.queue_v2", Some(2)),
        "/jobs/queue" => ("sky.jobs.queue", Some(1)),
        _ => ("sky.status", None),
    };
    let wished = state.wished_failure(path);
    let done_at = Instant::now() + state.delay();
    let asker = user.clone();
    let asked = Arc::clone(&state);
    // Writing thousands of rows is computing: not on the thread that serves the sockets.
    let working = tokio::task::spawn_blocking(move || match version {
        Some(2) => queue::listing(&asked, &body, &asker),
        Some(_) => queue::old_listing(&asked, &body, &asker),
        None => clusters::listing(&asked, &body, &asker),
    });
    // What is wrong with the body is refused here; else the operation begins.
    let outcome = working.await.unwrap_or_else(|failure| Err(Reply::unknown(&format!("how to go on: {failure}"))))?;
    let id = state.controls().operations.keep(name, &user, done_at, wished.unwrap_or(outcome));
    Ok(Reply::json(200, Value::Null).with("x-skypilot-request-id", &id))
}

/// Waits for an operation's end and tells what it came to.
async fn get(state: &State, query: &str) -> Answer {
    let id = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "request_id");
    let Some((_, id)) = id else {
        return Err(Reply::json(
            422,
            json!({ "detail": [{ "type": "missing", "loc": ["query", "request_id"], "msg": "Field required", "input": null }] }),
        ));
    };
    let operation = state.controls().operations.find(&id);
    let operation = operation.ok_or_else(|| Reply::detail(404, &format!("Request '{id}' not found")))?;
    tokio::time::sleep_until(operation.done_at).await;
    let payload = operation.payload(state.now());
    Ok(if operation.has_failed() { Reply::json(500, json!({ "detail": payload })) } else { Reply::json(200, payload) })
}

/// The controller of managed jobs is down, if it is.
pub fn controller_down(state: &State) -> Option<Outcome> {
    let message = "No in-progress managed jobs.".to_owned();
    (!state.sky().controller_is_up).then_some(Outcome::Failed { kind: "ClusterNotUpError", message })
}
