//! What every gauge of the specification must be, computed from the description itself by code that shares nothing
//! with the collectors. The simulator's replies are one reading of the vendors' facts and a collector is another; this
//! is the referee. One module a section.

pub mod asana;
pub mod ec2;
pub mod github;
pub mod kubernetes;
pub mod skypilot;
pub mod wandb;

use jiff::SignedDuration;
use jiff::Timestamp;

/// One gauge.
#[derive(Debug, Clone, PartialEq)]
pub struct Expected {
    /// The metric's name.
    pub metric: &'static str,
    /// Its tags beside those that every point has.
    pub tags: Vec<(&'static str, String)>,
    /// The value; none where the gauge must be absent.
    pub value: Option<f64>,
}

/// "the half-open window (now - 7*24h, now]"
fn in_days(now: Timestamp, at: Timestamp, days: i64) -> bool {
    let age = now.duration_since(at);
    age >= SignedDuration::ZERO && age < SignedDuration::from_hours(24 * days)
}

fn hours(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 3600.0
}

fn minutes(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64() / 60.0
}

fn count(n: usize) -> Option<f64> {
    Some(n as f64)
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

fn mean(sample: &[f64]) -> Option<f64> {
    (!sample.is_empty()).then(|| sample.iter().sum::<f64>() / sample.len() as f64)
}

/// "linear interpolation between closest ranks (rank = p/100*(n-1) on the sorted sample)"
fn percentile(sample: &[f64], p: f64) -> Option<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = p / 100.0 * (sorted.len().checked_sub(1)? as f64);
    let (below, above) = (sorted[rank.floor() as usize], sorted[rank.ceil() as usize]);
    Some(below + (above - below) * rank.fract())
}
