//! What an answer's status means: good, try again, wait, or a failure with words and a cure.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use collector::Failure;
use collector::Reason;
use collector::transport::Secrets;
use http::HeaderMap;
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;

use super::limits;
use super::transport::Ask;

/// An answer whose body is whole.
pub(crate) struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What its words may not repeat.
    pub secrets: Arc<Secrets>,
}

impl Reply {
    /// GitHub's own words in an answer, short; never those of a page of HTML.
    pub fn words(&self) -> String {
        let words: Words = serde_json::from_slice(&self.body).unwrap_or_default();
        self.secrets.clip(&words.message)
    }
}

/// What to make of an answer, or of the lack of one.
#[derive(Debug)]
pub(super) enum Verdict {
    /// As asked, or an empty repository.
    Good,
    /// Elsewhere.
    Moved(String),
    /// Worth another try, after the wait that the server named, if any.
    Again { failure: Failure, wait: Option<Duration> },
    /// The server could not compute so much in its time; asking for less may help.
    TooMuch(Failure),
    /// A secondary limit: every request waits, so long as the server said, if it did.
    Slow { failure: Failure, wait: Option<Duration> },
    /// A quota is used up.
    UsedUp { failure: Failure, reset: Option<Timestamp> },
    /// The credential was refused.
    Refused(Failure),
    /// Another try would not help.
    Failed(Failure),
}

#[derive(Deserialize, Default)]
struct Words {
    #[serde(default)]
    message: String,
}

/// Judges an answer.
pub(super) fn judge(reply: &Reply, ask: &Ask) -> Verdict {
    let message = reply.words();
    let status = reply.status;
    let answered = format!("GitHub answered {} {message}", status.as_u16());
    let failure = |reason| Failure::new(reason, ask.doing.as_str(), answered.trim_end());
    match status.as_u16() {
        200..=299 => Verdict::Good,
        // An empty repository: it was read, and nothing matched. Whether it is empty, the caller knows.
        409 => Verdict::Good,
        301 | 302 | 307 | 308 => match reply.headers.get(http::header::LOCATION).and_then(|to| to.to_str().ok()) {
            Some(to) => Verdict::Moved(to.to_owned()),
            None => Verdict::Failed(failure(Reason::BadReply)),
        },
        401 => Verdict::Refused(failure(Reason::Unauthorized).with_cure(format!(
            "Check that the credential of GitHub (GITHUB_TOKEN, or the App's id, key and installation) {}",
            "is whole, has not expired and has not been revoked"
        ))),
        403 | 429 => limited(reply, &message, failure(Reason::RateLimited)).unwrap_or_else(|| {
            if status.as_u16() == 429 {
                return Verdict::Again { failure: failure(Reason::RateLimited), wait: None };
            }
            Verdict::Failed(failure(Reason::Forbidden).with_cure(format!(
                "Give the credential the right {} (classic token: scope repo), {}",
                ask.right, "and authorize it for the organisation's single sign-on"
            )))
        }),
        404 => Verdict::Failed(failure(Reason::NotFound).with_cure(format!(
            "Check that the repository exists under this name, and that the credential may see it: {} {}",
            ask.right, "(classic token: scope repo)"
        ))),
        502 | 504 if ask.shrinkable => Verdict::TooMuch(failure(Reason::Unreachable)),
        408 | 500 | 502 | 503 | 504 => {
            Verdict::Again { failure: failure(Reason::Unreachable), wait: limits::retry_after(&reply.headers) }
        }
        451 => Verdict::Failed(failure(Reason::Forbidden)),
        _ => Verdict::Failed(failure(Reason::BadReply)),
    }
}

/// Whether a refusal is one of the limits; FACTS of the API: a primary limit has nothing remaining, a secondary one has
/// `retry-after` or says so in words.
fn limited(reply: &Reply, message: &str, failure: Failure) -> Option<Verdict> {
    let header = |name: &str| reply.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(wait) = limits::retry_after(&reply.headers) {
        return Some(Verdict::Slow { failure, wait: Some(wait) });
    }
    if header("x-ratelimit-remaining") == Some("0") {
        let reset = header("x-ratelimit-reset").and_then(|at| at.parse().ok());
        return Some(Verdict::UsedUp { failure, reset: reset.and_then(|at| Timestamp::from_second(at).ok()) });
    }
    let message = message.to_lowercase();
    // A wait that cannot be read is a wait nevertheless.
    let waits = reply.headers.contains_key(http::header::RETRY_AFTER);
    if waits || message.contains("secondary rate limit") || message.contains("abuse detection") {
        return Some(Verdict::Slow { failure, wait: None });
    }
    message.contains("rate limit exceeded").then_some(Verdict::UsedUp { failure, reset: None })
}
