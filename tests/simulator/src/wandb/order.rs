//! The order of runs: `+` or `-`, and what by.

use super::connection::Ranked;
use super::controls::Nulls;
use super::filter;
use super::graph::Told;
use super::run;
use crate::graphql::Failure;
use crate::organisation::wandb::Project;
use serde_json::Value;
use std::cmp::Ordering;

/// An order of runs.
pub struct Order<'a> {
    descends: bool,
    by: By<'a>,
}

enum By<'a> {
    Created,
    Heartbeat,
    Config(&'a str),
    Summary(&'a str),
}

/// Reads `-heartbeat_at` and its like; without a sign an order ascends.
pub fn read(text: &str) -> Result<Order<'_>, Failure> {
    let (descends, by) = match text.strip_prefix('-') {
        Some(by) => (true, by),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let config = by.strip_prefix("config.").and_then(|by| by.strip_suffix(".value"));
    let by = match by {
        "created_at" => By::Created,
        "heartbeat_at" => By::Heartbeat,
        _ => match (config, by.strip_prefix("summary_metrics.")) {
            (Some(key), _) => By::Config(key),
            (_, Some(key)) => By::Summary(key),
            _ => return Err(Failure::error("BAD_USER_INPUT", format!("invalid order {text:?}"))),
        },
    };
    Ok(Order { descends, by })
}

impl Order<'_> {
    /// What a run is ordered by.
    pub fn key(&self, told: &Told, project: &Project, at: usize) -> Value {
        let nanoseconds = |at: jiff::Timestamp| i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX).into();
        match self.by {
            By::Created => nanoseconds(project.instants(at).0),
            By::Heartbeat => run::heartbeat(told, project, at).map_or(Value::Null, nanoseconds),
            By::Config(key) => filter::datum(&project.run(at).config, key),
            By::Summary(key) => filter::datum(project.run(at).summary.iter().flatten(), key),
        }
    }

    /// Which of two runs comes first.
    pub fn compare(&self, nulls: Nulls, a: &Ranked, b: &Ranked) -> Ordering {
        let null_first = if nulls == Nulls::First { Ordering::Less } else { Ordering::Greater };
        let by_key = match (a.0.is_null(), b.0.is_null()) {
            (true, true) => Ordering::Equal,
            (true, false) => null_first,
            (false, true) => null_first.reverse(),
            (false, false) => {
                let ascending = values(&a.0, &b.0).unwrap_or(Ordering::Equal);
                if self.descends { ascending.reverse() } else { ascending }
            }
        };
        by_key.then(a.1.cmp(&b.1))
    }
}

/// Compares what can be compared: numbers with numbers, texts with texts.
pub fn values(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        // Nanoseconds since the epoch are beyond what a float tells apart.
        _ => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
    }
}
