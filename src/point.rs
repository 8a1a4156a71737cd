//! A point: what a run hands to a sink.

/// One value of one series at one instant, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Metric name.
    pub metric: &'static str,
    /// Unit as in the metric's definition; empty for a bare number.
    pub unit: &'static str,
    /// Finite value.
    pub value: f64,
    /// The run's instant, in seconds since the Unix epoch.
    pub timestamp: i64,
    /// `key:value`, the metric's own tags and the common ones.
    pub tags: Vec<String>,
}
