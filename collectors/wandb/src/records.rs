//! What the server answers, with only the fields used. One that is of another type than the API promises fails its reply:
//! read as missing, it would make a smaller number. What clients wrote into a run is read leniently.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde_json::Value;

use crate::lenient;

/// A run by the listing of recent ones, or of running ones.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    pub id: String,
    #[serde(deserialize_with = "present")]
    pub display_name: Option<String>,
    #[serde(deserialize_with = "present")]
    pub state: Option<String>,
    #[serde(deserialize_with = "present")]
    pub tags: Option<Vec<String>>,
    /// Id of the sweep that it is a run of.
    #[serde(deserialize_with = "present")]
    pub sweep_name: Option<String>,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
    /// The newest one; for a run that has ended, its end.
    #[serde(deserialize_with = "at_or_none")]
    pub heartbeat_at: Option<Timestamp>,
    /// None when it is no number, or less than 0.
    #[serde(deserialize_with = "seconds")]
    pub compute_seconds: Option<f64>,
    #[serde(rename = "summaryMetrics", deserialize_with = "numbers")]
    pub summary: Numbers,
    #[serde(deserialize_with = "present")]
    pub run_info: Option<RunInfo>,
    /// The last sample of each system metric; only running ones are asked for it.
    #[serde(rename = "systemMetrics", default, deserialize_with = "numbers")]
    pub system: Numbers,
}

/// What a run's client told of its machine.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RunInfo {
    /// Name of its GPUs: `NVIDIA H100 80GB HBM3`.
    #[serde(deserialize_with = "present")]
    pub gpu: Option<String>,
    #[serde(deserialize_with = "present")]
    pub gpu_count: Option<u32>,
}

/// A run by the listing of created ones.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Created {
    pub id: String,
    #[serde(deserialize_with = "at")]
    pub created_at: Timestamp,
    #[serde(deserialize_with = "at_or_none")]
    pub heartbeat_at: Option<Timestamp>,
    #[serde(deserialize_with = "present")]
    pub user: Option<User>,
}

/// Who started a run.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct User {
    pub id: String,
}

/// The finite numbers of a JSON text by key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Numbers {
    /// Those that there are; none where the run has no such text.
    Read(BTreeMap<String, f64>),
    /// The text is no JSON object.
    Unreadable,
}

impl Default for Numbers {
    fn default() -> Self {
        Numbers::Read(BTreeMap::new())
    }
}

impl Numbers {
    /// Each key and its number.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        let read = match self {
            Numbers::Read(numbers) => Some(numbers),
            Numbers::Unreadable => None,
        };
        read.into_iter().flatten().map(|(key, number)| (key.as_str(), *number))
    }

    /// The number of a key.
    pub fn get(&self, key: &str) -> Option<f64> {
        match self {
            Numbers::Read(numbers) => numbers.get(key).copied(),
            Numbers::Unreadable => None,
        }
    }
}

/// What every listed run has.
pub(crate) trait Listed {
    /// Its id, the same in every listing.
    fn id(&self) -> &str;
    /// Its newest heartbeat.
    fn heartbeat(&self) -> Option<Timestamp>;
}

macro_rules! listed {
    ($($record:ty),*) => {
        $(
            impl Listed for $record {
                fn id(&self) -> &str {
                    &self.id
                }

                fn heartbeat(&self) -> Option<Timestamp> {
                    self.heartbeat_at
                }
            }
        )*
    };
}

listed!(Run, Created);

/// `data` of a document that lists runs. The project is null where there is none, or the key may not see it.
#[derive(Debug, Deserialize)]
pub(crate) struct Data<T> {
    #[serde(deserialize_with = "present", bound(deserialize = "T: Deserialize<'de>"))]
    pub project: Option<T>,
}

/// A page of runs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    /// Runs that the filter matches, whatever the page.
    pub run_count: u64,
    pub runs: Connection<T>,
}

/// Only the count of [`Page`].
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Total {
    pub run_count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    pub page_info: PageInfo,
    pub edges: Vec<Edge<T>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    pub has_next_page: bool,
    pub end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Edge<T> {
    pub node: T,
}

/// `data` of the question whose key it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Viewer {
    #[serde(deserialize_with = "present")]
    pub viewer: Option<Whose>,
}

/// The owner of the key.
#[derive(Debug, Deserialize)]
pub(crate) struct Whose {
    pub username: Option<String>,
    pub entity: Option<String>,
}

/// Reads what can be null and has to be there: a missing field would else read as null, and null as "none".
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(from)
}

fn at<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    instant(&text).ok_or_else(|| D::Error::custom("a time is something else"))
}

fn at_or_none<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| instant(&text).ok_or_else(|| D::Error::custom("a time is something else"))).transpose()
}

/// A time. W&B writes them without a zone and means UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let plain = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| plain().map(|zoned| zoned.timestamp()))
}

fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    let number = match Value::deserialize(from)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(number.filter(|number| number.is_finite() && *number >= 0.0))
}

fn numbers<'de, D: Deserializer<'de>>(from: D) -> Result<Numbers, D::Error> {
    let read = match Value::deserialize(from)? {
        Value::Null => Some(BTreeMap::new()),
        // A run that has logged nothing.
        Value::String(text) if ["", "null"].contains(&text.trim()) => Some(BTreeMap::new()),
        Value::String(text) => lenient::numbers(&text),
        // Without the string around it there is nothing to misread.
        object @ Value::Object(_) => lenient::numbers(&object.to_string()),
        _ => None,
    };
    Ok(read.map_or(Numbers::Unreadable, Numbers::Read))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metrics::sample::row;

    fn run(with: Value) -> Result<Run, serde_json::Error> {
        serde_json::from_value(row(with))
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        let expected = "2026-03-10T12:00:00.5Z".parse().ok();
        for text in [
            "2026-03-10T12:00:00.5",
            "2026-03-10T12:00:00.500Z",
            "2026-03-10T14:00:00.5+02:00",
            " 2026-03-10 12:00:00.5",
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
        for text in ["", "yesterday", "2026-13-10T12:00:00", "1773144000"] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn compute_time_is_a_number_in_either_form() {
        for (given, read) in [
            (json!(90), Some(90.0)),
            (json!(1.5), Some(1.5)),
            (json!("90"), Some(90.0)),
            (json!("1.5"), Some(1.5)),
            (json!(0), Some(0.0)),
            (json!(-1), None),
            (json!("soon"), None),
            (json!("NaN"), None),
            (json!(null), None),
        ] {
            assert_eq!(run(json!({"computeSeconds": given})).unwrap().compute_seconds, read, "{given}");
        }
    }

    #[test]
    fn what_is_not_known_of_a_run_does_not_fail_it() {
        let nothing = json!({
            "displayName": null, "state": null, "tags": null, "sweepName": null, "heartbeatAt": null,
            "summaryMetrics": null, "runInfo": null,
        });
        let bare = run(nothing).unwrap();
        assert_eq!((bare.summary, bare.run_info, bare.heartbeat_at), (Numbers::Read(BTreeMap::new()), None, None));
        let unknown = run(json!({"runInfo": {"gpu": null, "gpuCount": null}})).unwrap();
        assert_eq!(unknown.run_info, Some(RunInfo::default()));
        assert_eq!(run(json!({"summaryMetrics": "null"})).unwrap().summary, Numbers::Read(BTreeMap::new()));
        assert_eq!(run(json!({"summaryMetrics": "oops"})).unwrap().summary, Numbers::Unreadable);
        assert_eq!(run(json!({"summaryMetrics": {"loss": 1}})).unwrap().summary.get("loss"), Some(1.0));
    }

    #[test]
    fn what_the_api_does_not_promise_is_refused() {
        for with in [
            json!({"id": null}),
            json!({"id": 7}),
            json!({"state": 1}),
            json!({"createdAt": null}),
            json!({"createdAt": "soon"}),
            json!({"heartbeatAt": 7}),
            json!({"tags": "a"}),
            json!({"runInfo": {"gpu": "x", "gpuCount": -1}}),
            json!({"runInfo": {"gpu": "x", "gpuCount": "8"}}),
        ] {
            assert!(run(with.clone()).is_err(), "{with}");
        }
        assert!(serde_json::from_str::<Data<Total>>("{}").is_err(), "no project is not a null one");
    }

    /// A missing user is no unknown one, and a missing state no strange one.
    #[test]
    fn what_was_asked_for_and_is_missing_is_not_null() {
        let whole = row(json!({"runInfo": {"gpu": "x", "gpuCount": 1}}));
        for field in whole.as_object().unwrap().keys() {
            let mut lacking = whole.clone();
            lacking.as_object_mut().unwrap().remove(field);
            assert!(serde_json::from_value::<Run>(lacking).is_err(), "{field}");
        }
        assert!(run(json!({"runInfo": {"gpu": "x"}})).is_err() && run(json!({"runInfo": {"gpuCount": 1}})).is_err());
        let created = json!({"id": "a", "createdAt": "2026-03-10T12:00:00", "heartbeatAt": null, "user": null});
        assert!(serde_json::from_value::<Created>(created.clone()).is_ok());
        let mut nobody = created;
        nobody.as_object_mut().unwrap().remove("user");
        assert!(serde_json::from_value::<Created>(nobody).is_err());
    }
}
