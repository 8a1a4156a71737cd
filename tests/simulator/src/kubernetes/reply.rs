//! Replies, and the shapes of the API server's refusals.

use super::resource::Asked;
use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

/// Whom the token is of, as refusals name it.
const USER: &str = "system:serviceaccount:monitoring:orgpulse";

/// A reply.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    is_json: bool,
    retry_after: Option<u64>,
    body: String,
}

/// What a handler comes to; a refusal is as good a reply as any.
pub type Answer = Result<Reply, Reply>;

impl Reply {
    pub fn json(body: String) -> Reply {
        Reply { status: 200, is_json: true, retry_after: None, body }
    }

    fn plain(status: u16, body: &str) -> Reply {
        Reply { status, is_json: false, retry_after: None, body: body.to_owned() }
    }

    fn failure(status: u16, reason: &str, message: &str, details: Value, metadata: Value) -> Reply {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": message, "reason": reason, "code": status,
        });
        if !details.is_null() {
            body["details"] = details;
        }
        Reply { status, ..Reply::json(body.to_string()) }
    }

    pub fn unauthorized() -> Reply {
        Reply::failure(401, "Unauthorized", "Unauthorized", Value::Null, json!({}))
    }

    pub fn forbidden(asked: &Asked) -> Reply {
        let (group, kind) = (asked.resource.group(), asked.resource.plural());
        let place = match &asked.namespace {
            Some(namespace) => format!("in the namespace \"{namespace}\""),
            None => "at the cluster scope".to_owned(),
        };
        let message = format!(
            "{} is forbidden: User \"{USER}\" cannot list resource \"{kind}\" in API group \"{group}\" {place}",
            asked.resource.full()
        );
        let details = if group.is_empty() { json!({ "kind": kind }) } else { json!({ "group": group, "kind": kind }) };
        Reply::failure(403, "Forbidden", &message, details, json!({}))
    }

    pub fn bad_request(message: &str) -> Reply {
        Reply::failure(400, "BadRequest", message, Value::Null, json!({}))
    }

    /// A continue token that is too old, with one that leads to the rest as it is now.
    pub fn expired(fresh: &str) -> Reply {
        let message = "The provided continue parameter is too old to display a consistent list result. You can start a \
            new list without the continue parameter, or use the continue token in this response to retrieve the \
            remainder of the results. Continuing with the provided token results in an inconsistent list - objects \
            that were created, modified, or deleted between the time the first chunk was returned and now may show up \
            in the list.";
        Reply::failure(410, "Expired", message, Value::Null, json!({ "continue": fresh }))
    }

    /// The server's own limit on requests (API Priority and Fairness), which speaks plain text.
    pub fn too_many(retry_after: u64) -> Reply {
        let reply = Reply::plain(429, "Too many requests, please try again later.\n");
        Reply { retry_after: Some(retry_after), ..reply }
    }

    /// A path that no API is registered for.
    pub fn no_such_path() -> Reply {
        Reply::plain(404, "404 page not found\n")
    }

    /// An API that is registered, and whose server does not answer.
    pub fn unavailable() -> Reply {
        Reply::plain(503, "service unavailable\n")
    }

    pub fn method_not_allowed() -> Reply {
        let message = "the server does not allow this method on the requested resource";
        Reply::failure(405, "MethodNotAllowed", message, Value::Null, json!({}))
    }

    /// Something that Kubernetes knows and the simulator does not.
    pub fn unknown(what: &str) -> Reply {
        let message = format!("the simulator does not know {what}");
        Reply::failure(501, "NotImplemented", &message, Value::Null, json!({}))
    }

    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = if self.is_json { "application/json" } else { "text/plain; charset=utf-8" };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert("audit-id", HeaderValue::from_static("5eed0001-0000-4000-8000-000000000001"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
