//! Faults that tests ask for: which requests, how often, and what goes wrong.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::StatusCode;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// This reply in place of the service's, which never sees the request.
    Status {
        /// HTTP status.
        code: StatusCode,
        /// Headers, `Content-Type` among them.
        headers: Vec<(String, String)>,
        /// Body.
        body: String,
    },
    /// The service's reply, so much later.
    Slow(Duration),
    /// No reply ever; the connection stays open until the client leaves. The service never sees the request.
    Hang,
    /// The connection is reset (TCP RST) without a byte of a reply. The service never sees the request.
    Reset,
    /// The service handles the request (a point is stored, say), then the connection is reset before the reply.
    AcceptThenReset,
    /// The service's reply with its true length announced and the connection closed after half of the body. A reply
    /// without a body is cut within its head, so that no client can take it for whole.
    CutBody,
    /// The service's reply as valid HTTP, its body cut so that it is no JSON.
    Malformed,
    /// An HTML page with status 200. The service never sees the request.
    WrongType,
}

/// A fault and the requests that it befalls.
#[derive(Debug, Clone)]
pub struct Fault {
    /// The service, by its name; empty for all.
    pub service: &'static str,
    /// Part of the path with its query, as the service sees it; empty for all.
    pub path_contains: String,
    /// Name of the GraphQL operation that the body asks for; none for any request.
    pub operation: Option<String>,
    /// So many matching requests pass unharmed first.
    pub after: usize,
    /// How many requests it befalls; none for all that come.
    pub times: Option<usize>,
    /// What goes wrong.
    pub kind: FaultKind,
}

impl Fault {
    /// A fault of every request until it is narrowed.
    pub fn new(kind: FaultKind) -> Self {
        Fault { service: "", path_contains: String::new(), operation: None, after: 0, times: None, kind }
    }

    /// A reply with this status and JSON body. A number that is no HTTP status becomes 500.
    pub fn status(code: u16, body: &str) -> Self {
        let code = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Fault::new(FaultKind::Status { code, headers, body: body.to_owned() })
    }

    /// 429, with `Retry-After` in seconds when given.
    pub fn too_many_requests(retry_after: Option<u64>) -> Self {
        let fault = Fault::status(429, r#"{"message":"Too many requests","errors":["Too many requests"]}"#);
        match retry_after {
            Some(seconds) => fault.header("retry-after", &seconds.to_string()),
            None => fault,
        }
    }

    /// A 5xx with a JSON body.
    pub fn server_error(code: u16) -> Self {
        Fault::status(code, r#"{"message":"Server Error","errors":["Server Error"]}"#)
    }

    /// The 502 of a proxy in front of the service: HTML.
    pub fn bad_gateway_html() -> Self {
        Fault::status(502, "<html><head><title>502 Bad Gateway</title></head><body>502</body></html>")
            .header("content-type", "text/html")
    }

    /// 401, with the service's own body.
    pub fn unauthorized(body: &str) -> Self {
        Fault::status(401, body)
    }

    /// 403, with the service's own body.
    pub fn forbidden(body: &str) -> Self {
        Fault::status(403, body)
    }

    /// See [`FaultKind::Slow`].
    pub fn slow(by: Duration) -> Self {
        Fault::new(FaultKind::Slow(by))
    }

    /// See [`FaultKind::Hang`].
    pub fn hang() -> Self {
        Fault::new(FaultKind::Hang)
    }

    /// See [`FaultKind::Reset`].
    pub fn reset() -> Self {
        Fault::new(FaultKind::Reset)
    }

    /// See [`FaultKind::AcceptThenReset`].
    pub fn accept_then_reset() -> Self {
        Fault::new(FaultKind::AcceptThenReset)
    }

    /// See [`FaultKind::CutBody`].
    pub fn cut_body() -> Self {
        Fault::new(FaultKind::CutBody)
    }

    /// See [`FaultKind::Malformed`].
    pub fn malformed() -> Self {
        Fault::new(FaultKind::Malformed)
    }

    /// See [`FaultKind::WrongType`].
    pub fn wrong_type() -> Self {
        Fault::new(FaultKind::WrongType)
    }

    /// Only requests to this service.
    pub fn of(mut self, service: &'static str) -> Self {
        self.service = service;
        self
    }

    /// Only requests whose path with query contains this.
    pub fn at(mut self, path_contains: &str) -> Self {
        self.path_contains = path_contains.to_owned();
        self
    }

    /// Only GraphQL requests for the operation of this name.
    pub fn operation(mut self, name: &str) -> Self {
        self.operation = Some(name.to_owned());
        self
    }

    /// Lets so many matching requests pass first.
    pub fn after(mut self, requests: usize) -> Self {
        self.after = requests;
        self
    }

    /// Befalls so many requests, then no more.
    pub fn times(mut self, requests: usize) -> Self {
        self.times = Some(requests);
        self
    }

    /// Sets a header of a [`FaultKind::Status`] reply, in place of one of that name; other kinds have none.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let FaultKind::Status { headers, .. } = &mut self.kind {
            headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    fn matches(&self, service: &str, path_and_query: &str, body: &[u8]) -> bool {
        (self.service.is_empty() || self.service == service)
            && path_and_query.contains(&self.path_contains)
            && self.operation.as_deref().is_none_or(|name| asks_for_operation(body, name))
    }
}

/// A fault that was injected, to see whether it did befall a request.
#[derive(Debug, Clone)]
pub struct Injected {
    befallen: Arc<AtomicUsize>,
}

impl Injected {
    /// How many requests it has befallen.
    pub fn befallen(&self) -> usize {
        self.befallen.load(Ordering::SeqCst)
    }
}

/// The faults of a server, in the order in which they were injected.
///
/// A request goes to the first fault that befalls it; later ones do not see it. So two faults on one path, the first with
/// `times(2)`, give two failures of the first kind and then those of the second.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Mutex<Vec<Active>>,
}

#[derive(Debug)]
struct Active {
    fault: Fault,
    passed: usize,
    befallen: Arc<AtomicUsize>,
}

impl Faults {
    /// Adds a fault, from the next request on.
    pub fn inject(&self, fault: Fault) -> Injected {
        let befallen = Arc::new(AtomicUsize::new(0));
        self.lock().push(Active { fault, passed: 0, befallen: Arc::clone(&befallen) });
        Injected { befallen }
    }

    /// Takes all faults away.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What befalls this request, if anything.
    pub(crate) fn befall(&self, service: &str, path_and_query: &str, body: &[u8]) -> Option<FaultKind> {
        for active in self.lock().iter_mut() {
            let spent = active.fault.times.is_some_and(|times| active.befallen.load(Ordering::SeqCst) >= times);
            if spent || !active.fault.matches(service, path_and_query, body) {
                continue;
            }
            if active.passed < active.fault.after {
                active.passed += 1;
                continue;
            }
            active.befallen.fetch_add(1, Ordering::SeqCst);
            return Some(active.fault.kind.clone());
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Active>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// By `operationName`, or, where that is absent, by the name that follows `query` or `mutation` in the document.
fn asks_for_operation(body: &[u8], name: &str) -> bool {
    let Ok(request) = serde_json::from_slice::<serde_json::Value>(body) else { return false };
    if let Some(operation) = request.get("operationName").and_then(|value| value.as_str()) {
        return operation == name;
    }
    let document = request.get("query").and_then(|value| value.as_str()).unwrap_or_default();
    let mut words =
        document.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if matches!(word, "query" | "mutation") {
            return words.next() == Some(name);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_some_pass_then_befalls_so_many() {
        let faults = Faults::default();
        let injected = faults.inject(Fault::hang().of("acme").at("/runs?page=").after(1).times(2));
        let mut seen = Vec::new();
        for path in ["/runs?page=1", "/runs", "/runs?page=2", "/runs?page=3", "/runs?page=4"] {
            seen.push(faults.befall("acme", path, b"").is_some());
        }
        assert_eq!(seen, [false, false, true, true, false]);
        assert_eq!(injected.befallen(), 2);
        assert_eq!(faults.befall("other", "/runs?page=5", b""), None);
    }

    #[test]
    fn a_second_fault_follows_the_first() {
        let faults = Faults::default();
        faults.inject(Fault::reset().times(1));
        faults.inject(Fault::hang().times(1));
        let befall = || faults.befall("acme", "/", b"");
        assert_eq!([befall(), befall(), befall()], [Some(FaultKind::Reset), Some(FaultKind::Hang), None]);
    }

    #[test]
    fn knows_a_graphql_operation_by_either_way_of_naming_it() {
        let fault = Fault::reset().operation("Branches");
        for (body, expected) in [
            (r#"{"operationName":"Branches","query":"query Other { a }"}"#, true),
            (r#"{"operationName":"Other","query":"query Branches { a }"}"#, false),
            (r#"{"query":"fragment F on X { a } query Branches($n: Int) { a }"}"#, true),
            (r#"{"query":"query BranchesMore { a }"}"#, false),
            (r#"{"query":"{ a }"}"#, false),
            ("no json", false),
        ] {
            assert_eq!(fault.matches("acme", "/graphql", body.as_bytes()), expected, "{body}");
        }
    }
}
