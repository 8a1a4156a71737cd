//! Every metric that the GitHub collector can send.

use collector::MetricDef;

/// The table.
pub const METRICS: &[MetricDef] = &[];
