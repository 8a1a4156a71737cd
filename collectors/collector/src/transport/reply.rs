//! An answer, and what its status and its body mean in any API.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::RETRY_AFTER;
use serde::de::DeserializeOwned;

use super::Ask;
use super::Secrets;
use super::Verdict;
use crate::Failure;
use crate::Reason;

/// What to do about a quota that does not suffice.
pub(super) const ASK_LESS: &str = "Let orgpulse run less often, or give it a credential of its own";

/// An answer whose body is whole.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Vec<u8>,
    /// What its words may not repeat.
    pub(super) secrets: Arc<Secrets>,
}

impl Reply {
    /// Words of the answer, fit for a message: see [`Secrets::clip`].
    pub fn clip(&self, text: &str) -> String {
        self.secrets.clip(text)
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether a person was meant to read it: a login page, or the page of a proxy.
    pub fn is_html(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        kind.starts_with("text/html") || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The wait that the answer asks for in `Retry-After`: seconds, or a date.
    pub fn retry_after(&self) -> Option<Duration> {
        let text = self.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            // More than a number holds is longer than anybody waits.
            return Some(text.parse().map_or(Duration::MAX, Duration::from_secs));
        }
        let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default())
    }

    /// The verdict on a status after which the same request may succeed: 408, 429, 500, 502, 503, 504 (the same in every
    /// API that orgpulse reads). None for any other. `words` are the server's own, already clipped.
    pub fn temporary(&self, ask: &Ask, server: &str, words: &str) -> Option<Verdict> {
        let reason = match self.status.as_u16() {
            429 => Reason::RateLimited,
            408 | 500 | 502 | 503 | 504 => Reason::Unreachable,
            _ => return None,
        };
        let why = format!("{server} answered {} {words}", self.status.as_u16());
        let cure = match reason {
            Reason::RateLimited => ASK_LESS.to_owned(),
            _ => format!("If it lasts, look at the health of {server} and of the proxies before it"),
        };
        let failure = Failure::new(reason, ask.doing.as_str(), why.trim_end()).with_cure(cure);
        Some(Verdict::Again { failure, wait: self.retry_after() })
    }

    /// Reads the body as JSON. One that is cut short is worth another try; one of another shape than `T` is not, nor is
    /// HTML, which comes from something in between.
    ///
    /// # Errors
    /// As said, with [`Reason::BadReply`].
    pub fn json<T: DeserializeOwned>(&self, ask: &Ask, server: &str) -> Result<T, Verdict> {
        let bad = |why: String| Failure::new(Reason::BadReply, ask.doing.as_str(), why);
        if self.is_html() {
            let failure = bad("the answer is HTML instead of JSON".to_owned());
            let cure = format!("Check the address, and look for a login page or proxy between orgpulse and {server}");
            return Err(Verdict::Failed(failure.with_cure(cure)));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            if error.is_data() {
                let why = format!("the answer is not what the API promises: {}", self.clip(&error.to_string()));
                let cure =
                    format!("Look for a proxy that answers in place of {server}; without one, report this as a defect");
                return Verdict::Failed(bad(why).with_cure(cure));
            }
            let failure = bad("the answer is cut short or is not JSON".to_owned());
            Verdict::Unreadable(failure.with_cure(format!("Look for a proxy between orgpulse and {server}")))
        })
    }
}
