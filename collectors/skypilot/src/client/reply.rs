//! What an answer means: good, try again, or a failure with words and a cure.

use std::sync::Arc;
use std::time::Duration;

use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use http::HeaderMap;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::transport::Ask;
use super::transport::Trouble;
use crate::records::OperationError;

/// An answer whose body is whole.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// What its words may not repeat.
    pub secrets: Arc<Secrets>,
}

/// What to make of an answer that is no result, or of the lack of one.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The server is still at it: ask the same again.
    Pending,
    /// Worth another try, after the wait that the server named, if any. `cut`: the way to the server is to blame, or it
    /// is in between two processes; what it was asked for, it may still be at.
    Again { failure: Failure, wait: Option<Duration>, cut: bool },
    /// A good status whose body is broken; once it is worth another try, since the connection may have been cut.
    Unreadable(Failure),
    /// Another try would not help.
    Failed(Trouble),
}

/// Lets a good answer through.
pub(super) fn judge(reply: Reply, ask: &Ask, credential_cure: &str) -> Result<Reply, Verdict> {
    let status = reply.status.as_u16();
    // A good answer may be long, and has no words.
    let words = if reply.status.is_success() { String::new() } else { words(&reply) };
    let answered = format!("the server answered {status} {words}");
    let failure = |reason| Failure::new(reason, ask.doing.as_str(), answered.trim_end());
    let failed = |failure| Err(Verdict::Failed(Trouble::Failed(failure)));
    match status {
        200..=299 if is_html(&reply) => failed(
            Failure::new(Reason::Unauthorized, ask.doing.as_str(), format!("{A_LOGIN_PAGE} in the server's place, with HTML"))
                .with_cure(credential_cure),
        ),
        200..=299 => Ok(reply),
        300..=399 => failed(
            Failure::new(
                Reason::Unauthorized,
                ask.doing.as_str(),
                format!("the answer is a redirect ({status}), which is not followed: {A_LOGIN_PAGE}, or the server has moved"),
            )
            .with_cure(format!("{credential_cure}; and that the address in it is the server's own")),
        ),
        400 if words.contains("client version is too old") || is_version_mismatch(&reply.body) => failed(
            Failure::new(Reason::Other, ask.doing.as_str(), format!("the server does not serve this version: {words}"))
                .with_cure("Update orgpulse: it speaks an older version of SkyPilot's API than this server takes"),
        ),
        401 => failed(failure(Reason::Unauthorized).with_cure(credential_cure)),
        403 => failed(failure(Reason::Forbidden).with_cure("Give the service account or user the role viewer, or a higher one")),
        404 | 405 => {
            let reason = if status == 404 { Reason::NotFound } else { Reason::BadReply };
            let failure = failure(reason).with_cure(
                "Check that SKYPILOT_API_SERVER_ENDPOINT is the address of a SkyPilot API server, with its path if it has one",
            );
            Err(Verdict::Failed(Trouble::Missing(failure)))
        }
        // How releases before 0.12 say that a restart interrupted the request: to fetch it again would not help.
        503 if ask.blocks && words.ends_with("should be retried") => {
            let error = OperationError { kind: INTERRUPTED.to_owned(), message: words };
            Err(Verdict::Failed(operation_failed(error, ask, &reply.secrets)))
        }
        408 | 502 | 503 | 504 => {
            Err(Verdict::Again { failure: failure(Reason::Unreachable), wait: retry_after(&reply.headers), cut: true })
        }
        429 => Err(Verdict::Again {
            failure: failure(Reason::RateLimited).with_cure("Let orgpulse run less often"),
            wait: retry_after(&reply.headers),
            cut: false,
        }),
        500 => match operation_error(&reply.body) {
            Some(error) => Err(Verdict::Failed(operation_failed(error, ask, &reply.secrets))),
            None => {
                let wait = retry_after(&reply.headers);
                Err(Verdict::Again { failure: failure(Reason::Unreachable), wait, cut: false })
            }
        },
        _ => failed(failure(Reason::BadReply)),
    }
}

/// An operation that the server carried out, and that failed.
pub(super) fn operation_failed(error: OperationError, ask: &Ask, secrets: &Secrets) -> Trouble {
    let (kind, message) = (secrets.clip(&error.kind), secrets.clip(&error.message));
    let why = format!("the operation failed on the server: {kind} {message}");
    let failure = match error.kind.as_str() {
        "PermissionDeniedError" => Failure::new(Reason::Forbidden, ask.doing.as_str(), why)
            .with_cure("Give the service account or user the role viewer, or a higher one"),
        "ClusterNotUpError" | INTERRUPTED => Failure::new(Reason::Unreachable, ask.doing.as_str(), why),
        _ => Failure::new(Reason::Other, ask.doing.as_str(), why).with_cure("The API server's log tells more"),
    };
    Trouble::Operation(Box::new(error), failure)
}

/// Reads JSON.
pub(super) fn parse<T: DeserializeOwned>(reply: &Reply, ask: &Ask) -> Result<T, Verdict> {
    serde_json::from_slice(&reply.body).map_err(|error| {
        if error.is_data() {
            let why = format!("the answer is not what the API promises: {}", reply.secrets.clip(&error.to_string()));
            return Verdict::Failed(Trouble::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why)));
        }
        Verdict::Unreadable(
            Failure::new(Reason::BadReply, ask.doing.as_str(), "the answer is cut short or is not JSON")
                .with_cure("Look for a proxy between orgpulse and the API server"),
        )
    })
}

/// The type of error of an operation that a restart of the server interrupted.
pub(super) const INTERRUPTED: &str = "RequestInterruptedError";
const A_LOGIN_PAGE: &str = "a login page or proxy answers";

/// The server's own words in an answer, short; never those of a page of HTML.
fn words(reply: &Reply) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(&reply.body) else { return String::new() };
    let detail = value.get("detail").unwrap_or(&value);
    let words = match detail {
        Value::String(text) => text.clone(),
        Value::Array(mistakes) => mistakes.iter().map(mistake).collect::<Vec<_>>().join("; "),
        other => other["message"].as_str().unwrap_or_default().to_owned(),
    };
    reply.secrets.clip(&words)
}

/// A mistake in a request's body, as a 422 tells it: `body.limit: Input should be a valid integer`.
fn mistake(value: &Value) -> String {
    let place: Vec<String> = value["loc"].as_array().into_iter().flatten().map(plain).collect();
    format!("{}: {}", place.join("."), value["msg"].as_str().unwrap_or_default())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn is_version_mismatch(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|value| value["error"] == "version_mismatch")
}

fn is_html(reply: &Reply) -> bool {
    let kind = reply.headers.get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.starts_with("text/html") || reply.body.trim_ascii_start().starts_with(b"<")
}

/// The error of a failed operation: a 500 whose detail is the request. Any other 500 is the server's own trouble.
fn operation_error(body: &[u8]) -> Option<OperationError> {
    #[derive(Deserialize)]
    struct Outer {
        detail: Detail,
    }
    #[derive(Deserialize)]
    struct Detail {
        #[serde(rename = "request_id")]
        _request_id: String,
        #[serde(default)]
        error: Option<String>,
    }
    let detail = serde_json::from_slice::<Outer>(body).ok()?.detail;
    let error = detail.error.and_then(|text| serde_json::from_str(&text).ok());
    Some(error.unwrap_or_default())
}

/// The wait that an answer asks for in `Retry-After`: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than a number holds is longer than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
}
