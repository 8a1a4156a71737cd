//! Replies, and the shapes of GitHub's refusals.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::HeaderName;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

/// A reply before the headers that every reply has.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// What a handler comes to; a refusal is as good a reply as any.
pub type Answer = Result<Reply, Reply>;

impl Reply {
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::text(status, body.to_string())
    }

    /// A body that is JSON already.
    pub fn text(status: u16, body: String) -> Reply {
        Reply { status, headers: vec![("content-type", "application/json; charset=utf-8".into())], body }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Reply {
        self.headers.push((name, value.to_string()));
        self
    }

    pub fn refusal(status: u16, message: &str) -> Reply {
        let documentation = "https://docs.github.com/rest";
        Reply::json(
            status,
            &json!({ "message": message, "documentation_url": documentation, "status": status.to_string() }),
        )
    }

    pub fn not_found() -> Reply {
        Reply::refusal(404, "Not Found")
    }

    pub fn bad_credentials() -> Reply {
        Reply::refusal(401, "Bad credentials")
    }

    /// A parameter that GitHub would not take.
    pub fn invalid(resource: &str, field: &str, value: &str) -> Reply {
        Reply::json(
            422,
            &json!({
                "message": "Validation Failed",
                "errors": [{ "resource": resource, "field": field, "code": "invalid", "value": value }],
                "documentation_url": "https://docs.github.com/rest",
                "status": "422",
            }),
        )
    }

    /// Something that GitHub knows and the simulator does not.
    pub fn unknown(what: &str) -> Reply {
        Reply::json(501, &json!({ "message": format!("the simulator does not know {what}") }))
    }

    pub fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            // Header values are made here from numbers, ASCII names and percent-encoded addresses.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
