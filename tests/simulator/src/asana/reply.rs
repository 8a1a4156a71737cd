//! Replies, and the shapes of Asana's refusals.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

const HELP: &str = "For more information on API status codes and how to handle them, read the docs on errors: https://developers.asana.com/docs/errors";

/// A reply.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub retry_after: Option<u64>,
    pub body: Value,
}

/// What a handler comes to; a refusal is as good a reply as any.
pub type Answer = Result<Reply, Reply>;

impl Reply {
    pub fn data(data: Value) -> Reply {
        Reply { status: 200, retry_after: None, body: json!({ "data": data }) }
    }

    pub fn refusal(status: u16, message: &str) -> Reply {
        let body = json!({ "errors": [{ "message": message, "help": HELP }] });
        Reply { status, retry_after: None, body }
    }

    pub fn bad_request(message: &str) -> Reply {
        Reply::refusal(400, message)
    }

    pub fn unauthorized() -> Reply {
        Reply::refusal(401, "Not Authorized")
    }

    pub fn forbidden(what: &str) -> Reply {
        Reply::refusal(403, &format!("{what}: Forbidden"))
    }

    pub fn unknown_object(what: &str, gid: &str) -> Reply {
        Reply::refusal(404, &format!("{what}: Unknown object: {gid}"))
    }

    pub fn too_many(retry_after: Option<u64>) -> Reply {
        let reply = Reply::refusal(429, "You have made too many requests recently. Retry after the given time.");
        Reply { retry_after, ..reply }
    }

    /// Something that Asana knows and the simulator does not.
    pub fn unknown(what: &str) -> Reply {
        Reply::refusal(501, &format!("the simulator does not know {what}"))
    }

    pub fn into_response(self, pretty: bool) -> Response {
        // Values are made of maps with text keys: they can always be written.
        let text =
            if pretty { serde_json::to_string_pretty(&self.body).unwrap_or_default() } else { self.body.to_string() };
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
