//! Sample values of the unit tests.

use std::collections::BTreeMap;

use collector::Batch;
use jiff::SignedDuration;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use crate::config::Config;
use crate::config::Direction;
use crate::config::Group;
use crate::records::Run;

pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 24 * HOUR;

pub(crate) fn now() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

/// So many seconds before [`now`], as W&B writes times: without a zone.
pub(crate) fn ago(seconds: i64) -> String {
    (now() - SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A run that finished an hour ago after an hour, with changes of `with` laid over it.
pub(crate) fn run(with: Value) -> Run {
    serde_json::from_value(row(with)).unwrap()
}

/// [`run`] as JSON. `heartbeat` and `created`, in seconds before [`now`], stand for their times.
pub(crate) fn row(with: Value) -> Value {
    let mut record = json!({
        "id": "UnVuOnYxOmE=", "displayName": "train-1", "state": "finished", "tags": [], "sweepName": null,
        "createdAt": ago(2 * HOUR), "heartbeatAt": ago(HOUR), "computeSeconds": HOUR, "summaryMetrics": null,
        "runInfo": null,
    });
    for (key, value) in with.as_object().unwrap() {
        match key.as_str() {
            "created" => record["createdAt"] = json!(ago(value.as_i64().unwrap())),
            "heartbeat" => record["heartbeatAt"] = json!(ago(value.as_i64().unwrap())),
            _ => record[key] = value.clone(),
        }
    }
    record
}

pub(crate) fn config() -> Config {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let group = |name: &str, selectors: &[&str]| Group {
        name: name.to_owned(),
        selectors: selectors.iter().map(|selector| selector.parse().unwrap()).collect(),
    };
    Config {
        base_url: String::new(),
        api_key: SecretString::from("wandb_SECRETSECRETSECRETSECRETSECRETSECRET"),
        projects: vec!["acme/vision".parse().unwrap()],
        heartbeat_minutes: 30,
        accuracy_keys: texts(&["accuracy", "eval/accuracy"]),
        accuracy_direction: Direction::Max,
        accuracy_scale: 1.0,
        loss_keys: texts(&["loss", "train/loss"]),
        loss_scale: 1.0,
        groups: vec![group("push_to_main", &["name:github.sky.*"]), group("sweep", &["sweep", "name:*.sweep*"])],
        group_keys: texts(&["overview/sps", "timing_per_epoch/sps"]),
        gpu_hourly_usd: BTreeMap::new(),
    }
}

/// The value of a metric; none when the batch says that it is absent. `with` names the tags behind entity and project.
#[track_caller]
pub(crate) fn value_of(batch: &Batch, name: &str, with: &str) -> Option<f64> {
    let tags = format!("entity:acme project:vision {with}");
    let is = |tagged: &collector::Tags| tagged.to_string() == tags.trim_end();
    let found: Vec<f64> = batch
        .gauges()
        .iter()
        .filter(|gauge| gauge.def().name == name && is(gauge.tags()))
        .map(|gauge| gauge.value())
        .collect();
    let absent = batch.absences().iter().filter(|absence| absence.def.name == name && is(&absence.tags)).count();
    assert_eq!(found.len() + absent, 1, "{name} {tags} is not there once: {:?}", batch.warnings());
    found.first().copied()
}

#[track_caller]
pub(crate) fn value(batch: &Batch, name: &str) -> Option<f64> {
    value_of(batch, name, "")
}
