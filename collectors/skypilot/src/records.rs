//! What the server answers, with only the fields used. A field may be missing or null. One of another type fails its
//! reply: read as missing, it would make a smaller number.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde_json::Value;

/// `GET /api/health`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Health {
    #[serde(deserialize_with = "lenient")]
    pub status: Option<String>,
    /// A number as a text.
    #[serde(deserialize_with = "version_number")]
    pub api_version: Option<u32>,
    #[serde(deserialize_with = "lenient")]
    pub version: Option<String>,
    /// Whom the server takes the caller for: an object with a name. It is only shown.
    pub user: Value,
}

/// `GET /api/get`: a request and what became of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    pub status: String,
    /// JSON as a text.
    #[serde(default)]
    pub return_value: Option<String>,
    /// JSON as a text: "null", or an [`OperationError`].
    #[serde(default)]
    pub error: Option<String>,
}

/// Why an operation failed. The pickled object beside it is never looked at.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct OperationError {
    #[serde(rename = "type")]
    pub kind: String,
    pub message: String,
}

/// The queue of managed jobs, as newer servers tell it. Older ones return the list alone.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct QueuePage {
    pub jobs: Vec<Task>,
    /// Rows, jobs, or trees of jobs, depending on the server's version.
    #[serde(default)]
    pub total: Option<u64>,
    /// Rows by status.
    #[serde(default)]
    pub status_counts: Option<BTreeMap<String, u64>>,
}

impl QueuePage {
    /// Rows that the server counts, if it does.
    pub fn counted(&self) -> Option<u64> {
        let counts = self.status_counts.as_ref().filter(|counts| !counts.is_empty())?;
        Some(counts.values().fold(0, |sum: u64, count| sum.saturating_add(*count)))
    }
}

/// A row of the queue: one task of a managed job.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Task {
    #[serde(deserialize_with = "whole")]
    pub job_id: Option<i64>,
    #[serde(deserialize_with = "whole")]
    pub task_id: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub status: Option<String>,
    /// Seconds, recovery left out.
    #[serde(deserialize_with = "number")]
    pub job_duration: Option<f64>,
    #[serde(deserialize_with = "number")]
    pub recovery_count: Option<f64>,
    /// What was asked for: `2x[H100:8][Spot]`.
    #[serde(deserialize_with = "text")]
    pub resources: Option<String>,
    /// What it runs on: `2x[spot](gpus=H100:8, p5.48xlarge, ...)`; "-" when not known.
    #[serde(deserialize_with = "text")]
    pub cluster_resources: Option<String>,
    /// GPUs of one node by name, while the cluster is alive.
    #[serde(deserialize_with = "counts")]
    pub accelerators: Option<BTreeMap<String, f64>>,
    /// The worker of a pool that it runs on; it may be other jobs' as well.
    #[serde(deserialize_with = "text")]
    pub current_cluster_name: Option<String>,
    /// None when the reply has no such key.
    #[serde(deserialize_with = "present")]
    pub region: Option<Option<String>>,
    #[serde(deserialize_with = "text")]
    pub zone: Option<String>,
    /// None when the reply has no such key.
    #[serde(deserialize_with = "present")]
    pub user_hash: Option<Option<String>>,
    /// Seconds since the epoch, as all times.
    #[serde(deserialize_with = "number")]
    pub submitted_at: Option<f64>,
    #[serde(deserialize_with = "number")]
    pub start_at: Option<f64>,
    #[serde(deserialize_with = "number")]
    pub end_at: Option<f64>,
}

/// A cluster of `POST /status`. Credentials and handles that come along are skipped unread.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(crate) struct Cluster {
    /// No two clusters of a server have the same.
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub status: Option<String>,
    /// Idle minutes until the cluster stops; negative or missing when it never does.
    #[serde(deserialize_with = "number")]
    pub autostop: Option<f64>,
    /// Whether a managed job runs it.
    #[serde(deserialize_with = "flag")]
    pub is_managed: Option<bool>,
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        value => value.as_f64().map(Some).ok_or_else(|| D::Error::custom("a number is something else")),
    }
}

fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        value => value.as_i64().map(Some).ok_or_else(|| D::Error::custom("a whole number is something else")),
    }
}

/// For words that are only shown.
fn lenient<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Value::deserialize(from)?.as_str().map(str::to_owned))
}

fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(Value::deserialize(from)?.as_bool())
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        _ => Err(D::Error::custom("a text is something else")),
    }
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    text(from).map(Some)
}

fn version_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    })
}

/// Counts by name; none as soon as one of them is no number.
fn counts<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BTreeMap<String, f64>>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Object(entries) => entries.into_iter().map(|(name, count)| Some((name, count.as_f64()?))).collect(),
        _ => None,
    })
}
