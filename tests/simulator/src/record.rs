//! What was asked of the simulator, request by request.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use axum::http::HeaderMap;
use axum::http::Method;
use axum::http::StatusCode;
use bytes::Bytes;

/// One request, as it arrived, and what became of it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When its head had been read.
    pub at: Instant,
    /// The service it was for; empty when its path is under no service's prefix.
    pub service: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path as the service sees it: without the service's prefix, percent-encoding kept.
    pub path: String,
    /// Its query without the question mark, percent-encoding kept; empty when it had none.
    pub query: String,
    /// Its headers. Those that carry a credential print as `Sensitive`.
    pub headers: HeaderMap,
    /// The first bytes of its body as it was on the wire, as many as [`RecordOptions`] allows.
    pub body: Bytes,
    /// Bytes that its body had on the wire.
    pub body_len: usize,
    /// The status it was answered with; none while it is being served, and when it got no whole reply: a hang, a reset,
    /// a cut body, a client that went away.
    pub status: Option<u16>,
    /// How many requests were being served when it arrived, itself included.
    pub in_flight: usize,
}

/// How much is kept. The defaults hold a run at ten times the reference size and stay under 100 MiB.
#[derive(Debug, Clone, Copy)]
pub struct RecordOptions {
    /// Bytes kept of each body. 0 switches bodies off.
    pub body_bytes: usize,
    /// Bytes kept of all bodies together; later bodies are then recorded empty.
    pub all_bodies_bytes: usize,
    /// Requests kept; the oldest go first.
    pub requests: usize,
}

impl Default for RecordOptions {
    fn default() -> Self {
        RecordOptions { body_bytes: 1 << 20, all_bodies_bytes: 64 << 20, requests: 20_000 }
    }
}

impl RecordOptions {
    /// Everything but the bodies, for runs that go on for hours.
    pub fn without_bodies() -> Self {
        RecordOptions { body_bytes: 0, ..RecordOptions::default() }
    }
}

/// The requests so far, oldest first.
#[derive(Debug)]
pub struct Recorder {
    options: RecordOptions,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    kept: VecDeque<Recorded>,
    /// Requests ever recorded, which is also the number of the next.
    next_id: usize,
    /// The number that the total is counted from.
    cleared_at: usize,
    body_bytes: usize,
    in_flight: usize,
}

impl Recorder {
    /// An empty record.
    pub fn new(options: RecordOptions) -> Self {
        Recorder { options, log: Mutex::default() }
    }

    /// Every request that is still kept, in the order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().kept.iter().cloned().collect()
    }

    /// The requests to one service, in the order of arrival.
    pub fn requests_to(&self, service: &str) -> Vec<Recorded> {
        self.lock().kept.iter().filter(|request| request.service == service).cloned().collect()
    }

    /// How many requests ever arrived, also those that are no longer kept.
    pub fn total(&self) -> usize {
        let log = self.lock();
        log.next_id - log.cleared_at
    }

    /// Forgets the requests that are kept and starts the total anew. Requests being served stay counted as in flight.
    pub fn clear(&self) {
        let mut log = self.lock();
        log.kept.clear();
        log.cleared_at = log.next_id;
        log.body_bytes = 0;
    }

    /// Notes that a request's head was read; the ticket notes the rest.
    pub(crate) fn arrive(self: &Arc<Self>) -> Ticket {
        let mut log = self.lock();
        log.in_flight += 1;
        Ticket { recorder: Arc::clone(self), in_flight: log.in_flight, id: None }
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request being served. Dropping it, also when the client went away, takes the request out of those in flight.
pub(crate) struct Ticket {
    recorder: Arc<Recorder>,
    in_flight: usize,
    id: Option<usize>,
}

impl Ticket {
    /// Adds the request, whose `in_flight` and `status` are set here.
    pub(crate) fn record(&mut self, mut request: Recorded) {
        let options = self.recorder.options;
        let mut log = self.recorder.lock();
        request.in_flight = self.in_flight;
        request.status = None;
        let room = options.all_bodies_bytes.saturating_sub(log.body_bytes);
        let keep = request.body.len().min(options.body_bytes).min(room);
        // A copy, not a slice: a slice would keep the whole body alive.
        request.body = Bytes::copy_from_slice(request.body.get(..keep).unwrap_or_default());
        log.body_bytes += keep;
        log.kept.push_back(request);
        if log.kept.len() > options.requests
            && let Some(oldest) = log.kept.pop_front()
        {
            log.body_bytes -= oldest.body.len();
        }
        self.id = Some(log.next_id);
        log.next_id += 1;
    }

    /// Notes the status of the reply that is about to be sent.
    pub(crate) fn answered(&self, status: StatusCode) {
        let mut log = self.recorder.lock();
        let oldest = log.next_id - log.kept.len();
        let index = self.id.and_then(|id| id.checked_sub(oldest));
        if let Some(request) = index.and_then(|index| log.kept.get_mut(index)) {
            request.status = Some(status.as_u16());
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.recorder.lock().in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str, body: &'static [u8]) -> Recorded {
        Recorded {
            at: Instant::now(),
            service: "acme",
            method: Method::GET,
            path: path.to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body),
            body_len: body.len(),
            status: None,
            in_flight: 0,
        }
    }

    #[test]
    fn keeps_only_as_many_requests_and_bytes_as_it_may() {
        let recorder = Arc::new(Recorder::new(RecordOptions { body_bytes: 4, all_bodies_bytes: 6, requests: 2 }));
        for (path, body) in [("/a", b"123456".as_slice()), ("/b", b"78"), ("/c", b"9")] {
            let mut ticket = recorder.arrive();
            ticket.record(request(path, body));
            ticket.answered(StatusCode::OK);
        }
        let kept = recorder.requests();
        assert_eq!(recorder.total(), 3);
        assert_eq!(kept.iter().map(|request| request.path.as_str()).collect::<Vec<_>>(), ["/b", "/c"]);
        assert_eq!(kept[0].body, "78");
        assert_eq!(kept[1].body, "", "the bytes of all bodies were used up when it arrived");
        assert_eq!(kept[1].body_len, 1);
        assert!(kept.iter().all(|request| request.status == Some(200)));
    }

    #[test]
    fn counts_what_is_in_flight_and_gives_no_status_to_the_unanswered() {
        let recorder = Arc::new(Recorder::new(RecordOptions::default()));
        let mut first = recorder.arrive();
        let mut second = recorder.arrive();
        second.record(request("/second", b""));
        first.record(request("/first", b""));
        second.answered(StatusCode::NOT_FOUND);
        drop((first, second));
        let mut third = recorder.arrive();
        third.record(request("/third", b""));
        let seen: Vec<_> = recorder.requests().into_iter().map(|r| (r.path, r.in_flight, r.status)).collect();
        assert_eq!(
            seen,
            [("/second".to_owned(), 2, Some(404)), ("/first".to_owned(), 1, None), ("/third".to_owned(), 1, None)]
        );
    }

    #[test]
    fn a_status_that_comes_after_a_clear_is_forgotten() {
        let recorder = Arc::new(Recorder::new(RecordOptions::default()));
        let mut early = recorder.arrive();
        early.record(request("/early", b""));
        recorder.clear();
        let mut late = recorder.arrive();
        late.record(request("/late", b""));
        early.answered(StatusCode::OK);
        assert_eq!(recorder.requests()[0].status, None);
    }
}
