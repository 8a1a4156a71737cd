//! The body of `POST /api/v2/series`, held against the published schema by plain checks.

use serde_json::Map;
use serde_json::Value;

use super::rules;

/// What a series counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricType {
    /// 0, also when no type was given.
    Unspecified,
    /// 1.
    Count,
    /// 2.
    Rate,
    /// 3.
    Gauge,
}

impl MetricType {
    /// As metric metadata spells it; unspecified has no word.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            MetricType::Unspecified => None,
            MetricType::Count => Some("count"),
            MetricType::Rate => Some("rate"),
            MetricType::Gauge => Some("gauge"),
        }
    }
}

/// A series that holds to the schema; its name and tags are as they are stored.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) metric: String,
    pub(super) kind: MetricType,
    pub(super) unit: Option<String>,
    /// Sorted, each once; resources are among them as `type:name`.
    pub(super) tags: Vec<String>,
    pub(super) points: Vec<(i64, f64)>,
}

/// A body that holds to the schema.
#[derive(Debug, Default)]
pub(super) struct Payload {
    pub(super) series: Vec<Series>,
    /// What the vendor accepts, and a good client never sends.
    pub(super) remarks: Vec<String>,
}

impl Payload {
    pub(super) fn points(&self) -> usize {
        self.series.iter().map(|series| series.points.len()).sum()
    }
}

/// Reads a body.
///
/// # Errors
/// The first breach of the schema or of the rules for names, with its place.
pub(super) fn parse(body: &[u8]) -> Result<Payload, String> {
    let body: Value =
        serde_json::from_slice(body).map_err(|error| format!("Payload is not in the expected format: {error}"))?;
    let body = object(&body, "the payload")?;
    let series = array(body.get("series"), "series")?;
    let mut payload = Payload::default();
    note_unknown(body, &["series"], "the payload", &mut payload.remarks);
    for (index, one) in series.iter().enumerate() {
        let at = format!("series[{index}]");
        let one = read_series(object(one, &at)?, &at, &mut payload.remarks)?;
        payload.series.push(one);
    }
    Ok(payload)
}

fn read_series(one: &Map<String, Value>, at: &str, remarks: &mut Vec<String>) -> Result<Series, String> {
    const KNOWN: [&str; 9] =
        ["metric", "points", "type", "interval", "tags", "resources", "unit", "source_type_name", "metadata"];
    note_unknown(one, &KNOWN, at, remarks);
    let given = optional_string(one, "metric", at)?.ok_or_else(|| format!("{at}.metric is missing"))?;
    let metric = rules::metric_name(given).map_err(|error| format!("{at}: {error}"))?;
    if metric != given {
        remarks.push(format!("metric name {given:?} is stored as {metric:?}"));
    }
    let kind = match one.get("type").map(Value::as_i64) {
        None | Some(Some(0)) => MetricType::Unspecified,
        Some(Some(1)) => MetricType::Count,
        Some(Some(2)) => MetricType::Rate,
        Some(Some(3)) => MetricType::Gauge,
        Some(_) => return Err(format!("{at}.type is not 0, 1, 2 or 3")),
    };
    if one.get("interval").is_some_and(|interval| interval.as_i64().is_none()) {
        return Err(format!("{at}.interval is not an integer"));
    }
    let unit = optional_string(one, "unit", at)?.filter(|unit| !unit.is_empty()).map(str::to_owned);
    optional_string(one, "source_type_name", at)?;
    if let Some(metadata) = one.get("metadata") {
        check_metadata(metadata, &format!("{at}.metadata"))?;
    }
    let mut tags = read_tags(one, at, remarks)?;
    tags.extend(read_resources(one, at)?);
    tags.sort();
    tags.dedup();
    let mut points = Vec::new();
    for (index, point) in array(one.get("points"), &format!("{at}.points"))?.iter().enumerate() {
        points.push(read_point(point, &format!("{at}.points[{index}]"))?);
    }
    Ok(Series { metric, kind, unit, tags, points })
}

/// Numbers of a JSON text that serde_json accepts are finite.
fn read_point(point: &Value, at: &str) -> Result<(i64, f64), String> {
    let point = object(point, at)?;
    let timestamp = point.get("timestamp").and_then(Value::as_i64);
    let value = point.get("value").and_then(Value::as_f64);
    match (timestamp, value) {
        (Some(timestamp), Some(value)) => Ok((timestamp, value)),
        (None, _) => Err(format!("{at}.timestamp is not an integer")),
        (_, None) => Err(format!("{at}.value is not a number")),
    }
}

fn read_tags(one: &Map<String, Value>, at: &str, remarks: &mut Vec<String>) -> Result<Vec<String>, String> {
    let mut tags = Vec::new();
    let Some(given) = one.get("tags") else { return Ok(tags) };
    for (index, given) in array(Some(given), &format!("{at}.tags"))?.iter().enumerate() {
        let given = given.as_str().ok_or_else(|| format!("{at}.tags[{index}] is not a string"))?;
        let stored = rules::tag(given);
        match &stored {
            Some(stored) if stored == given => {}
            Some(stored) => remarks.push(format!("tag {given:?} is stored as {stored:?}")),
            None => remarks.push(format!("tag {given:?} is dropped")),
        }
        tags.extend(stored);
    }
    Ok(tags)
}

fn read_resources(one: &Map<String, Value>, at: &str) -> Result<Vec<String>, String> {
    let mut tags = Vec::new();
    let Some(resources) = one.get("resources") else { return Ok(tags) };
    for (index, resource) in array(Some(resources), &format!("{at}.resources"))?.iter().enumerate() {
        let at = format!("{at}.resources[{index}]");
        let resource = object(resource, &at)?;
        let kind = optional_string(resource, "type", &at)?.unwrap_or_default();
        let name = optional_string(resource, "name", &at)?.unwrap_or_default();
        tags.extend(rules::tag(&format!("{kind}:{name}")));
    }
    Ok(tags)
}

fn check_metadata(metadata: &Value, at: &str) -> Result<(), String> {
    let Some(origin) = object(metadata, at)?.get("origin") else { return Ok(()) };
    for (key, value) in object(origin, &format!("{at}.origin"))? {
        let fits = value.as_i64().is_some_and(|code| (0..=1_000).contains(&code));
        if matches!(key.as_str(), "metric_type" | "product" | "service") && !fits {
            return Err(format!("{at}.origin.{key} is not an integer up to 1000"));
        }
    }
    Ok(())
}

fn object<'v>(value: &'v Value, at: &str) -> Result<&'v Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{at} is not an object"))
}

fn array<'v>(value: Option<&'v Value>, at: &str) -> Result<&'v Vec<Value>, String> {
    value.and_then(Value::as_array).ok_or_else(|| format!("{at} is missing or not an array"))
}

fn optional_string<'v>(of: &'v Map<String, Value>, key: &str, at: &str) -> Result<Option<&'v str>, String> {
    match of.get(key) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| format!("{at}.{key} is not a string")),
    }
}

fn note_unknown(of: &Map<String, Value>, known: &[&str], at: &str, remarks: &mut Vec<String>) {
    for key in of.keys().filter(|key| !known.contains(&key.as_str())) {
        remarks.push(format!("{at} has a field {key:?} that the schema does not know"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(series: &str) -> Result<Payload, String> {
        parse(format!(r#"{{"series":[{series}]}}"#).as_bytes())
    }

    #[test]
    fn takes_every_field_of_the_schema() {
        let payload = with(
            r#"{"metric":"a.b","points":[{"timestamp":1800000000,"value":1},{"timestamp":1800000001,"value":-0.5}],
                "type":3,"interval":20,"tags":["env:prod","env:prod","b:c"],"unit":"hour","source_type_name":"x",
                "resources":[{"type":"host","name":"Box"}],"metadata":{"origin":{"product":1000}}}"#,
        );
        let payload = payload.unwrap();
        let series = &payload.series[0];
        assert_eq!(
            (series.metric.as_str(), series.kind, series.unit.as_deref()),
            ("a.b", MetricType::Gauge, Some("hour"))
        );
        assert_eq!(series.tags, ["b:c", "env:prod", "host:box"]);
        assert_eq!(series.points, [(1_800_000_000, 1.0), (1_800_000_001, -0.5)]);
        assert!(payload.remarks.is_empty(), "{:?}", payload.remarks);
        assert_eq!(payload.points(), 2);
    }

    #[test]
    fn refuses_every_breach_and_says_where() {
        let points = r#""points":[{"timestamp":1,"value":1}]"#;
        for (series, place) in [
            (format!("{{{points}}}"), "series[0].metric is missing"),
            (format!(r#"{{"metric":7,{points}}}"#), "series[0].metric is not a string"),
            (format!(r#"{{"metric":"7d",{points}}}"#), "does not start with a letter"),
            (r#"{"metric":"a"}"#.to_owned(), "series[0].points is missing"),
            (r#"{"metric":"a","points":{}}"#.to_owned(), "series[0].points is missing or not an array"),
            (r#"{"metric":"a","points":[[1,2]]}"#.to_owned(), "series[0].points[0] is not an object"),
            (r#"{"metric":"a","points":[{"timestamp":1.5,"value":1}]}"#.to_owned(), "timestamp is not an integer"),
            (r#"{"metric":"a","points":[{"timestamp":"1","value":1}]}"#.to_owned(), "timestamp is not an integer"),
            (r#"{"metric":"a","points":[{"value":1}]}"#.to_owned(), "timestamp is not an integer"),
            (r#"{"metric":"a","points":[{"timestamp":1,"value":"1"}]}"#.to_owned(), "value is not a number"),
            (r#"{"metric":"a","points":[{"timestamp":1,"value":null}]}"#.to_owned(), "value is not a number"),
            (r#"{"metric":"a","points":[{"timestamp":1,"value":NaN}]}"#.to_owned(), "not in the expected format"),
            (r#"{"metric":"a","points":[{"timestamp":1,"value":1e999}]}"#.to_owned(), "not in the expected format"),
            (format!(r#"{{"metric":"a","type":4,{points}}}"#), "type is not 0, 1, 2 or 3"),
            (format!(r#"{{"metric":"a","type":"gauge",{points}}}"#), "type is not 0, 1, 2 or 3"),
            (format!(r#"{{"metric":"a","tags":"b",{points}}}"#), "series[0].tags is missing or not an array"),
            (format!(r#"{{"metric":"a","tags":["b",1],{points}}}"#), "series[0].tags[1] is not a string"),
            (format!(r#"{{"metric":"a","unit":1,{points}}}"#), "unit is not a string"),
            (format!(r#"{{"metric":"a","interval":"1",{points}}}"#), "interval is not an integer"),
            (format!(r#"{{"metric":"a","resources":[1],{points}}}"#), "resources[0] is not an object"),
            (format!(r#"{{"metric":"a","metadata":{{"origin":{{"service":1001}}}},{points}}}"#), "origin.service"),
            ("7".to_owned(), "series[0] is not an object"),
        ] {
            let error = with(&series).unwrap_err();
            assert!(error.contains(place), "{series}: {error}");
        }
        for body in ["", "[]", "{}", r#"{"series":{}}"#, r#"{"series":[]"#] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn remarks_on_what_the_vendor_swallows() {
        let remarks = with(r#"{"metric":"a-b","host":"x","points":[],"tags":["Env:x","9"]}"#).unwrap().remarks;
        assert_eq!(remarks.len(), 4, "{remarks:?}");
    }
}
