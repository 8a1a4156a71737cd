//! Keys and rate limits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use axum::Json;
use axum::extract::Request;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::json;

use super::replies::error;
use super::store::Store;

/// `GET /api/v1/validate`: whether the API key is good. Says nothing about the application key.
pub(super) async fn validate(State(store): State<Arc<Store>>, headers: HeaderMap) -> Response {
    if has_api_key(&store, &headers) { Json(json!({ "valid": true })).into_response() } else { forbidden() }
}

/// Lets a read through if it carries both keys and the quota is not used up, and adds the quota to its reply.
pub(super) async fn read(State(store): State<Arc<Store>>, request: Request, next: Next) -> Response {
    let application_key = request.headers().get("dd-application-key").map(HeaderValue::as_bytes);
    let may_read =
        has_api_key(&store, request.headers()) && application_key == Some(store.keys().application.as_bytes());
    if !may_read {
        return forbidden();
    }
    let name = limit_name(request.uri().path());
    let standing = store.quotas().take(name, SystemTime::now());
    let mut reply = match standing.granted {
        true => next.run(request).await,
        false => error(StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
    };
    for (header, value) in [
        ("x-ratelimit-limit", standing.limit),
        ("x-ratelimit-period", standing.period),
        ("x-ratelimit-remaining", standing.remaining),
        ("x-ratelimit-reset", standing.reset),
    ] {
        reply.headers_mut().insert(header, HeaderValue::from(value));
    }
    reply.headers_mut().insert("x-ratelimit-name", HeaderValue::from_static(name));
    reply
}

pub(super) fn has_api_key(store: &Store, headers: &HeaderMap) -> bool {
    headers.get("dd-api-key").map(HeaderValue::as_bytes) == Some(store.keys().api.as_bytes())
}

pub(super) fn forbidden() -> Response {
    error(StatusCode::FORBIDDEN, "Forbidden")
}

/// The limits are counted by kind of request, not by path.
fn limit_name(path: &str) -> &'static str {
    match path {
        _ if path.contains("/query") => "metrics_query",
        _ if path.contains("/dashboard") => "dashboards",
        _ => "metrics",
    }
}

/// What is left of each limit. Counted in real time, whatever the store's clock says: clients really wait for it.
#[derive(Debug)]
pub(super) struct Quotas {
    limit: u64,
    period: Duration,
    /// For each limit: the period that is being counted, and the requests in it.
    used: BTreeMap<&'static str, (u64, u64)>,
}

impl Default for Quotas {
    /// The default that the vendor's page once gave for queries. Today only the headers count.
    fn default() -> Self {
        Quotas::new(1_600, Duration::from_secs(3_600))
    }
}

struct Standing {
    granted: bool,
    limit: u64,
    period: u64,
    remaining: u64,
    reset: u64,
}

impl Quotas {
    /// So many requests of each kind in each period; whole seconds, at least one.
    pub(super) fn new(limit: u64, period: Duration) -> Self {
        Quotas { limit, period: Duration::from_secs(period.as_secs().max(1)), used: BTreeMap::new() }
    }

    /// Periods are aligned with the calendar, as the vendor's are.
    fn take(&mut self, name: &'static str, now: SystemTime) -> Standing {
        let period = self.period.as_secs();
        let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let current = seconds / period;
        let (counted, used) = self.used.entry(name).or_insert((current, 0));
        if *counted != current {
            (*counted, *used) = (current, 0);
        }
        let granted = *used < self.limit;
        if granted {
            *used += 1;
        }
        let remaining = self.limit - *used;
        Standing { granted, limit: self.limit, period, remaining, reset: period - seconds % period }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_is_counted_by_calendar_period_and_by_kind() {
        let mut quotas = Quotas::new(2, Duration::from_secs(60));
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut take = |name, seconds| {
            let standing = quotas.take(name, at(seconds));
            (standing.granted, standing.remaining, standing.reset)
        };
        assert_eq!(take("a", 119), (true, 1, 1));
        assert_eq!(take("a", 120), (true, 1, 60));
        assert_eq!(take("a", 121), (true, 0, 59));
        assert_eq!(take("a", 179), (false, 0, 1));
        assert_eq!(take("b", 179), (true, 1, 1));
        assert_eq!(take("a", 180), (true, 1, 60));
    }
}
