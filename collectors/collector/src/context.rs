//! What a collection is handed.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::Batch;
use crate::Failure;
use crate::Gauge;
use crate::Meter;
use crate::MetricDef;

/// What a collection is handed: the instant, the client, the time left, the meter.
///
/// Not in it: configuration (given at construction), sinks, loggers (the runner opens the `tracing` span).
#[derive(Debug, Clone)]
pub struct Context {
    now: Timestamp,
    http: reqwest::Client,
    meter: Arc<Meter>,
    deadline: Instant,
    earlier: Arc<[Earlier]>,
}

/// What came of a source before this one in the same run; for derived sources.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// The source's name.
    pub source: &'static str,
    /// Its catalog.
    pub definitions: &'static [MetricDef],
    /// What it returned; empty when it failed as a whole.
    pub batch: Arc<Batch>,
    /// Why it failed as a whole, where it did.
    pub failure: Option<Failure>,
}

impl Context {
    /// A context whose collection must end by `deadline`. `earlier` is what this run has produced so far.
    pub fn new(now: Timestamp, http: reqwest::Client, deadline: Instant, earlier: Arc<[Earlier]>) -> Self {
        Context { now, http, meter: Arc::default(), deadline, earlier }
    }

    /// The instant of the run (UTC). Every window and age is measured from it, every point carries it.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The shared client: one connection pool, one TLS stack, proxies by the usual variables, no redirects followed.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// Counts requests, latency and quota. A source notes each request that it sends, retries included.
    pub fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }

    /// When the collection must have ended.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Time left until the deadline; zero when it has passed.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// What the sources before this one have produced in this run; for derived sources.
    pub fn earlier(&self) -> &[Earlier] {
        &self.earlier
    }

    /// Their gauges.
    pub fn gauges(&self) -> impl Iterator<Item = &Gauge> {
        self.earlier.iter().flat_map(|earlier| earlier.batch.gauges())
    }
}
