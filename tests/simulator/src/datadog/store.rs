//! What the simulated Datadog holds, in memory only, and what tests may ask of it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Map;
use serde_json::Value;

use super::access::Quotas;
use super::payload::MetricType;
use super::payload::Series;

/// Points older than this are dropped without a word.
const OLDEST_SECONDS: i64 = 3_600;

/// Points further in the future than this are dropped without a word.
const NEWEST_SECONDS: i64 = 600;

/// The keys that are accepted. They open nothing but the simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// For `DD-API-KEY`.
    pub api: String,
    /// For `DD-APPLICATION-KEY`.
    pub application: String,
}

impl Default for Keys {
    /// Of the vendor's lengths: 32 and 40 characters.
    fn default() -> Self {
        Keys { api: "5100".repeat(8), application: "a551".repeat(10) }
    }
}

/// One series with its points.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Metric name.
    pub metric: String,
    /// Type as last submitted.
    pub kind: MetricType,
    /// Unit as last submitted.
    pub unit: Option<String>,
    /// Sorted, normalised, each once.
    pub tags: Vec<String>,
    /// Values by timestamp in seconds since the Unix epoch.
    pub points: BTreeMap<i64, f64>,
}

/// A point that was accepted and not stored, as the vendor does it: the client is not told.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// Metric name.
    pub metric: String,
    /// Sorted, normalised.
    pub tags: Vec<String>,
    /// Seconds since the Unix epoch.
    pub timestamp: i64,
    /// The value that is lost.
    pub value: f64,
    /// Why.
    pub reason: DropReason,
}

/// Why a point was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DropReason {
    /// More than an hour before the store's clock.
    TooOld,
    /// More than ten minutes after the store's clock.
    InTheFuture,
}

/// A point that was stored again with another value. The last one stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Overwrite {
    /// Metric name.
    pub metric: String,
    /// Sorted, normalised.
    pub tags: Vec<String>,
    /// Seconds since the Unix epoch.
    pub timestamp: i64,
    /// The value that is gone.
    pub before: f64,
    /// The value that stays.
    pub after: f64,
}

/// Something that the vendor accepts, refuses or mends, and that a good client does not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Number of the request to the intake, from 0; none for other requests.
    pub request: Option<usize>,
    /// What was wrong.
    pub what: String,
}

/// One request to the intake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntakeRequest {
    /// `Content-Encoding`; empty for none.
    pub encoding: String,
    /// Bytes on the wire.
    pub wire_bytes: usize,
    /// Bytes once decompressed; 0 when it was refused before.
    pub raw_bytes: usize,
    /// Points in the body, stored or dropped; 0 when it was refused.
    pub points: usize,
    /// Status of the reply.
    pub status: u16,
}

/// The simulated account.
#[derive(Debug, Default)]
pub struct Store {
    keys: Keys,
    state: Mutex<State>,
    quotas: Mutex<Quotas>,
}

#[derive(Debug, Default)]
struct State {
    /// None for the system's clock.
    fixed_now: Option<Timestamp>,
    metrics: BTreeMap<String, Metric>,
    dropped: Vec<Dropped>,
    overwrites: Vec<Overwrite>,
    violations: Vec<Violation>,
    requests: Vec<IntakeRequest>,
}

#[derive(Debug)]
struct Metric {
    kind: MetricType,
    unit: Option<String>,
    /// What a PUT has set.
    metadata: Map<String, Value>,
    series: BTreeMap<Vec<String>, BTreeMap<i64, f64>>,
}

impl Store {
    /// An empty account with these keys, on the system's clock.
    pub fn new(keys: Keys) -> Self {
        Store { keys, ..Store::default() }
    }

    /// The keys that it accepts.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Sets its clock; it then stands still.
    pub fn set_now(&self, now: Timestamp) {
        self.state().fixed_now = Some(now);
    }

    /// What its clock shows.
    pub fn now(&self) -> Timestamp {
        self.state().now()
    }

    /// Allows so many reads of each kind in each period, whole seconds, and starts to count anew. The intake has no such
    /// limit.
    pub fn set_read_limit(&self, requests: u64, period: Duration) {
        *self.quotas() = Quotas::new(requests, period);
    }

    /// Every series that has a point, by name and then by tags.
    pub fn stored(&self) -> Vec<Stored> {
        let state = self.state();
        state.metrics.iter().flat_map(|(name, metric)| metric.stored(name)).collect()
    }

    /// The series of one metric, by tags.
    pub fn series_of(&self, metric: &str) -> Vec<Stored> {
        self.state().metrics.get(metric).map(|found| found.stored(metric).collect()).unwrap_or_default()
    }

    /// Points that were accepted and dropped, in the order of arrival.
    pub fn dropped(&self) -> Vec<Dropped> {
        self.state().dropped.clone()
    }

    /// Points that were stored again with another value, in the order of arrival.
    pub fn overwrites(&self) -> Vec<Overwrite> {
        self.state().overwrites.clone()
    }

    /// What a good client would not have done, in the order of arrival.
    pub fn violations(&self) -> Vec<Violation> {
        self.state().violations.clone()
    }

    /// Every request to the intake, in the order of arrival.
    pub fn requests(&self) -> Vec<IntakeRequest> {
        self.state().requests.clone()
    }

    /// Metric metadata as the API shows it; none until a point of the metric was stored.
    pub(super) fn metadata(&self, metric: &str) -> Option<Map<String, Value>> {
        self.state().metrics.get(metric).map(Metric::metadata)
    }

    /// Sets fields of a metric's metadata and returns the whole; none as for [`Store::metadata`].
    pub(super) fn set_metadata(&self, metric: &str, fields: Map<String, Value>) -> Option<Map<String, Value>> {
        let mut state = self.state();
        let found = state.metrics.get_mut(metric)?;
        found.metadata.extend(fields);
        Some(found.metadata())
    }

    /// Stores what is in time, and notes the request and its breaches.
    pub(super) fn take(&self, request: IntakeRequest, series: Vec<Series>, breaches: Vec<String>) {
        let mut state = self.state();
        let number = state.requests.len();
        state.requests.push(request);
        state.violations.extend(breaches.into_iter().map(|what| Violation { request: Some(number), what }));
        for one in series {
            state.store(one);
        }
    }

    /// Notes a breach outside the intake.
    pub(super) fn note(&self, what: String) {
        self.state().violations.push(Violation { request: None, what });
    }

    pub(super) fn quotas(&self) -> MutexGuard<'_, Quotas> {
        self.quotas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn now(&self) -> Timestamp {
        self.fixed_now.unwrap_or_else(Timestamp::now)
    }

    fn store(&mut self, series: Series) {
        let Series { metric, kind, unit, tags, points } = series;
        let now = self.now().as_second();
        for (timestamp, value) in points {
            let reason = match timestamp.saturating_sub(now) {
                late if late < -OLDEST_SECONDS => Some(DropReason::TooOld),
                early if early > NEWEST_SECONDS => Some(DropReason::InTheFuture),
                _ => None,
            };
            if let Some(reason) = reason {
                self.dropped.push(Dropped { metric: metric.clone(), tags: tags.clone(), timestamp, value, reason });
                continue;
            }
            let fresh = || Metric { kind, unit: None, metadata: Map::new(), series: BTreeMap::new() };
            let known = self.metrics.entry(metric.clone()).or_insert_with(fresh);
            known.kind = kind;
            known.unit = unit.clone();
            let before = known.series.entry(tags.clone()).or_default().insert(timestamp, value);
            if let Some(before) = before
                && before != value
            {
                let (metric, tags) = (metric.clone(), tags.clone());
                self.overwrites.push(Overwrite { metric, tags, timestamp, before, after: value });
            }
        }
    }
}

impl Metric {
    fn stored(&self, name: &str) -> impl Iterator<Item = Stored> {
        self.series.iter().map(move |(tags, points)| Stored {
            metric: name.to_owned(),
            kind: self.kind,
            unit: self.unit.clone(),
            tags: tags.clone(),
            points: points.clone(),
        })
    }

    /// What was set, and for type and unit what came with the points.
    fn metadata(&self) -> Map<String, Value> {
        let mut shown = Map::new();
        if let Some(word) = self.kind.word() {
            shown.insert("type".to_owned(), word.into());
        }
        if let Some(unit) = &self.unit {
            shown.insert("unit".to_owned(), unit.as_str().into());
        }
        shown.extend(self.metadata.clone());
        shown
    }
}
