//! Metric definitions: data that every consumer of a metric shares.

/// What Datadog is told about a metric, and what `orgpulse metrics` prints.
///
/// A source keeps its definitions in one const table, `catalog.rs`. A gauge names its definition, so that a gauge
/// without one does not compile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricDef {
    /// Full metric name, e.g. `github.prs.open`.
    pub name: &'static str,
    /// The group of metrics that is read together and fails together, e.g. `open_pull_requests`.
    pub group: &'static str,
    /// Unit in the words of Datadog's unit list where it has one, else a plain noun; empty for a bare number.
    pub unit: &'static str,
    /// How points of this metric add up.
    pub kind: Kind,
    /// Range outside which a value is a mistake and is not sent.
    pub bounds: Bounds,
    /// Tag keys of each point, beside the common ones (env, service, version, source).
    pub tags: &'static [&'static str],
    /// Exact meaning, one sentence.
    pub description: &'static str,
    /// When no point is sent although the source was read; empty when there always is one.
    pub absent_when: &'static str,
}

/// How points of a metric add up. All of today's are gauges; the type leaves room for counts and rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A state at one instant: the newest point replaces the older one.
    Gauge,
}

/// The closed range that a metric's values lie in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least value.
    pub min: f64,
    /// Greatest value.
    pub max: f64,
}

impl Bounds {
    /// Any finite number.
    pub const ANY: Bounds = Bounds { min: f64::MIN, max: f64::MAX };
    /// Counts, ages, durations, sizes, money: 0 or more.
    pub const NON_NEGATIVE: Bounds = Bounds { min: 0.0, max: f64::MAX };
    /// Percentages: 0 to 100.
    pub const PERCENT: Bounds = Bounds { min: 0.0, max: 100.0 };
    /// Scores, shares and yes/no states: 0 to 1.
    pub const UNIT: Bounds = Bounds { min: 0.0, max: 1.0 };

    /// Whether `value` is in the range, ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }
}
