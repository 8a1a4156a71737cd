//! The meter: what a collection cost its source.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::time::Duration;
use std::time::Instant;

use crate::stats;

/// Counts requests, their latency, and what is left of quotas. Shared by all requests of one collection.
#[derive(Debug, Default)]
pub struct Meter {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    sent: u64,
    latencies_ms: Vec<f64>,
    asking: String,
    quotas: BTreeMap<&'static str, f64>,
}

/// What a meter shows.
#[derive(Debug, Clone, PartialEq)]
pub struct MeterReading {
    /// Requests sent, retries and redirects included.
    pub requests: u64,
    /// 90th percentile of the latency of finished requests, in milliseconds.
    pub latency_p90_ms: Option<f64>,
    /// Share of the scarcest quota that is left, 0 to 100; none when the source names no quota.
    pub quota_remaining_pct: Option<f64>,
    /// What is being asked now, for the progress line.
    pub asking: String,
}

/// A request under way. [`Pending::done`] notes its latency; one that is dropped counts as sent only.
#[derive(Debug)]
pub struct Pending<'a> {
    meter: &'a Meter,
    asking: String,
    start: Instant,
}

impl Meter {
    /// Notes that a request is being sent now. `asking` completes "asking for ..." in the progress line.
    pub fn send(&self, asking: &str) -> Pending<'_> {
        let mut state = self.lock();
        state.sent += 1;
        if state.asking != asking {
            state.asking = asking.to_owned();
        }
        Pending { meter: self, asking: asking.to_owned(), start: Instant::now() }
    }

    /// Notes what is left of a quota, by its name ("graphql"). The newest note of a name counts.
    pub fn quota(&self, name: &'static str, remaining: u64, limit: u64) {
        if limit > 0 {
            let pct = (remaining as f64 / limit as f64 * 100.0).min(100.0);
            self.lock().quotas.insert(name, pct);
        }
    }

    /// What the meter shows now.
    pub fn read(&self) -> MeterReading {
        let state = self.lock();
        MeterReading {
            requests: state.sent,
            latency_p90_ms: stats::percentile(&state.latencies_ms, 90.0),
            quota_remaining_pct: state.quotas.values().copied().reduce(f64::min),
            asking: state.asking.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave these counters half-changed.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Pending<'_> {
    /// Notes that the whole answer, or the error, has arrived.
    pub fn done(self) -> Duration {
        let latency = self.start.elapsed();
        // What a slow source is slow at, for whoever asks by the log filter.
        tracing::debug!(latency_ms = latency.as_millis() as u64, "asked for {}", self.asking);
        self.meter.lock().latencies_ms.push(latency.as_secs_f64() * 1000.0);
        latency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_was_sent_even_when_no_answer_came() {
        let meter = Meter::default();
        let _ = meter.send("branches of acme/widgets");
        assert_eq!(meter.read().requests, 1);
        assert_eq!(meter.read().latency_p90_ms, None);
        meter.send("branches of acme/widgets").done();
        assert_eq!(meter.read().requests, 2);
        assert!(meter.read().latency_p90_ms.is_some());
    }

    #[test]
    fn shows_the_scarcest_quota() {
        let meter = Meter::default();
        assert_eq!(meter.read().quota_remaining_pct, None);
        meter.quota("core", 4000, 5000);
        meter.quota("graphql", 500, 5000);
        meter.quota("nonsense", 1, 0);
        assert_eq!(meter.read().quota_remaining_pct, Some(10.0));
        meter.quota("graphql", 5000, 5000);
        assert_eq!(meter.read().quota_remaining_pct, Some(80.0));
    }
}
