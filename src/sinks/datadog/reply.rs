//! What the intake's answers and a connection's troubles mean, in words.

use std::error::Error;
use std::time::Duration;

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use reqwest::header::RETRY_AFTER;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::Deserialize;

/// How much of an answer that is not Datadog's JSON is repeated, in bytes.
const EXCERPT: usize = 300;

/// Longest wait that a header is believed, so that arithmetic on it cannot overflow. No deadline is that far away.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

#[derive(Deserialize)]
struct Errors {
    errors: Vec<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
}

impl Answer {
    /// Whether the same request may well be accepted a little later.
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self.status.as_u16(), 408 | 429) || self.status.is_server_error()
    }

    /// How long the server asks to wait: `Retry-After` (seconds or a date), else `X-RateLimit-Reset` (seconds).
    pub fn wait_hint(&self, now: Timestamp) -> Option<Duration> {
        let text = |value: &reqwest::header::HeaderValue| value.to_str().map(|text| text.trim().to_owned()).ok();
        let after = self.headers.get(RETRY_AFTER).and_then(text).and_then(|text| match text.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => until(&text, now),
        });
        let reset = || {
            let seconds = self.headers.get("x-ratelimit-reset").and_then(text)?.parse::<u64>().ok()?;
            Some(Duration::from_secs(seconds))
        };
        after.or_else(reset).map(|wait| wait.min(LONGEST_WAIT))
    }

    /// Datadog's own errors; none when the body is not its JSON.
    pub fn errors(&self, key: &SecretString) -> Option<Vec<String>> {
        let errors = serde_json::from_slice::<Errors>(&self.body).ok()?.errors;
        Some(errors.iter().map(|error| excerpt(error, key)).collect())
    }

    /// The status, and what the body says: Datadog's errors, else the beginning of the text. Never the key.
    pub fn words(&self, key: &SecretString) -> String {
        let said = match self.errors(key) {
            Some(errors) => errors.join("; "),
            None => excerpt(&String::from_utf8_lossy(&self.body), key),
        };
        let colon = if said.is_empty() { "" } else { ": " };
        format!("the answer was {}{colon}{said}", self.status)
    }

    /// The failure that an answer stands for which is neither 202, 400 nor 413.
    pub fn failure(&self, doing: &str, host: &str, key: &SecretString) -> Failure {
        let (reason, cure) = match self.status.as_u16() {
            401 | 403 => (Reason::Unauthorized, wrong_key(host)),
            404 | 405 => (Reason::NotFound, format!("{host} has no such address: is DD_URL wrong?")),
            407 => (Reason::Config, "The proxy wants credentials: check HTTPS_PROXY and NO_PROXY".to_owned()),
            408 => (Reason::Unreachable, String::new()),
            429 => (Reason::RateLimited, String::new()),
            300..=399 => (
                Reason::BadReply,
                "A redirect is not followed, it would hand the key to another host: check DD_URL and DD_SITE"
                    .to_owned(),
            ),
            200..=299 => {
                (Reason::BadReply, "Datadog answers 202: check whether DD_URL leads to Datadog's API".to_owned())
            }
            500..=599 => (Reason::Unreachable, String::new()),
            _ => (Reason::Other, String::new()),
        };
        Failure::new(reason, doing, self.words(key)).with_cure(cure)
    }
}

/// A host that begins with `api.` is that of a site; any other was given by DD_URL.
fn wrong_key(host: &str) -> String {
    match host.strip_prefix("api.") {
        Some(site) => format!(
            "The API key is wrong or revoked, or belongs to another site than {site}: check DD_API_KEY and set DD_SITE"
        ),
        None => format!("The API key is wrong or revoked, or not one of {host}: check DD_API_KEY and DD_URL"),
    }
}

/// What kept a request from being answered, in words, and whether another try can help.
pub fn broken(error: reqwest::Error, doing: &str, host: &str) -> (Failure, bool) {
    // A base URL may hold credentials by mistake.
    let error = error.without_url();
    let chain = flatten(&error);
    let lower = chain.to_lowercase();
    let failure = |reason, cure: &str| Failure::new(reason, doing, chain.clone()).with_cure(cure);
    if error.is_builder() {
        return (failure(Reason::Config, "Check DD_URL, DD_SITE and DD_API_KEY"), false);
    }
    if lower.contains("certificate") {
        let cure = "If a proxy opens TLS on the way, add its certificate authority to the system's store or name it in SSL_CERT_FILE";
        return (failure(Reason::Unreachable, cure), false);
    }
    if lower.contains("proxy") || lower.contains("tunnel") {
        let wants_credentials = lower.contains("authorization") || lower.contains("authentication");
        return (failure(Reason::Unreachable, "Check HTTPS_PROXY and NO_PROXY"), !wants_credentials);
    }
    if lower.contains("dns") || lower.contains("lookup") {
        let cure = format!("The name {host} could not be looked up: check DD_SITE, DD_URL and the network's DNS");
        return (failure(Reason::Unreachable, &cure), true);
    }
    if error.is_connect() {
        let cure = format!(
            "No connection to {host}: check DD_SITE, DD_URL, the firewall, and HTTPS_PROXY if there is a proxy"
        );
        return (failure(Reason::Unreachable, &cure), true);
    }
    (failure(Reason::Unreachable, ""), true)
}

/// An error and its causes in one line, each said once.
fn flatten(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !line.contains(&words) {
            line.push_str(": ");
            line.push_str(&words);
        }
        cause = error.source();
    }
    line
}

/// The beginning of a text as one line, without the key.
fn excerpt(text: &str, key: &SecretString) -> String {
    let key = key.expose_secret();
    // Before the cut, which could leave half a key.
    let text = if key.is_empty() { text.to_owned() } else { text.replace(key, "***") };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    match line.char_indices().map(|(i, c)| i + c.len_utf8()).take_while(|end| *end <= EXCERPT).last() {
        Some(end) if end < line.len() => format!("{}...", &line[..end]),
        _ => line,
    }
}

fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let then = rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Answer { status: status.try_into().unwrap(), headers: headers.collect(), body: body.into() }
    }

    #[test]
    fn a_wrong_key_is_looked_for_where_the_address_came_from() {
        let of_site = wrong_key("api.datadoghq.eu");
        assert!(of_site.contains("another site than datadoghq.eu: check DD_API_KEY and set DD_SITE"), "{of_site}");
        assert!(wrong_key("127.0.0.1:8080").ends_with("check DD_API_KEY and DD_URL"));
    }

    #[test]
    fn reads_both_kinds_of_retry_after_and_the_rate_limit_header() {
        let now: Timestamp = "2026-11-20T10:00:00Z".parse().unwrap();
        let hint = |headers: &[_]| answer(429, headers, "").wait_hint(now).map(|wait| wait.as_secs());
        assert_eq!(hint(&[("retry-after", "7")]), Some(7));
        assert_eq!(hint(&[("retry-after", "7"), ("x-ratelimit-reset", "9")]), Some(7));
        assert_eq!(hint(&[("retry-after", "Fri, 20 Nov 2026 10:00:30 GMT")]), Some(30));
        assert_eq!(hint(&[("retry-after", "Fri, 20 Nov 2026 09:00:30 GMT")]), Some(0));
        assert_eq!(hint(&[("retry-after", "soon"), ("x-ratelimit-reset", "9")]), Some(9));
        assert_eq!(hint(&[("x-ratelimit-reset", "18446744073709551615")]), Some(24 * 3600));
        assert_eq!(hint(&[]), None);
    }

    #[test]
    fn repeats_what_was_said_shortly_and_never_the_key() {
        let key = SecretString::from("s3cr3tkey");
        let words = |body: &str| answer(403, &[], body).words(&key);
        assert_eq!(
            words(r#"{"errors":["Forbidden","x s3cr3tkey y"]}"#),
            "the answer was 403 Forbidden: Forbidden; x *** y"
        );
        assert_eq!(words("Payload\n too big"), "the answer was 403 Forbidden: Payload too big");
        assert_eq!(words(""), "the answer was 403 Forbidden");
        assert_eq!(words(r#"{"errors":"odd"}"#), r#"the answer was 403 Forbidden: {"errors":"odd"}"#);
        let long = words(&format!("{}s3cr3tkey", "é".repeat(149)));
        assert!(long.len() < 400 && long.ends_with("...") && !long.contains("s3c"), "{long}");
    }
}
