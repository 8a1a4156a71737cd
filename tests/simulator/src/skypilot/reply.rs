//! Replies, and the shapes of the server's refusals.

use axum::body::Body;
use axum::http::HeaderName;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

/// A reply.
#[derive(Debug)]
pub struct Reply {
    status: u16,
    /// A text that is no JSON, of the errors that the framework tells.
    plain: bool,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub fn json(status: u16, body: Value) -> Reply {
        Reply { status, plain: false, body, headers: Vec::new() }
    }

    pub fn detail(status: u16, detail: &str) -> Reply {
        Reply::json(status, json!({ "detail": detail }))
    }

    pub fn plain(status: u16, text: &str) -> Reply {
        Reply { plain: true, ..Reply::json(status, Value::from(text)) }
    }

    /// A body that is not of the type that the operation takes.
    pub fn unprocessable(location: &[&str], kind: &str, message: &str) -> Reply {
        let location: Vec<&str> = ["body"].iter().chain(location).copied().collect();
        Reply::json(422, json!({ "detail": [{ "type": kind, "loc": location, "msg": message, "input": null }] }))
    }

    /// Something that SkyPilot knows and the simulator does not.
    pub fn unknown(what: &str) -> Reply {
        Reply::detail(501, &format!("the simulator does not know {what}"))
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Reply {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub fn into_response(self) -> Response {
        let text = match &self.body {
            Value::String(text) if self.plain => text.clone(),
            body => body.to_string(),
        };
        let kind = if self.plain { "text/plain; charset=utf-8" } else { "application/json" };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
