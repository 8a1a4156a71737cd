//! CloudWatch: GetMetricData by Smithy RPC v2 CBOR.

use super::failure::Failure;
use super::json;
use super::page::Cut;
use super::page::hash;
use super::page::invalid_token;
use super::service::Answer;
use super::service::Call;
use super::service::Reply;
use crate::organisation::aws::Instance;
use ciborium::Value;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::ops::Range;

pub const ACTION: &str = "GetMetricData";

pub const MEMBERS: &[&str] = &[
    "MetricDataQueries",
    "MetricDataQueries.Id",
    "MetricDataQueries.Label",
    "MetricDataQueries.ReturnData",
    "MetricDataQueries.MetricStat",
    "MetricDataQueries.MetricStat.Metric",
    "MetricDataQueries.MetricStat.Metric.Namespace",
    "MetricDataQueries.MetricStat.Metric.MetricName",
    "MetricDataQueries.MetricStat.Metric.Dimensions",
    "MetricDataQueries.MetricStat.Metric.Dimensions.Name",
    "MetricDataQueries.MetricStat.Metric.Dimensions.Value",
    "MetricDataQueries.MetricStat.Period",
    "MetricDataQueries.MetricStat.Stat",
    "MetricDataQueries.MetricStat.Unit",
    "StartTime",
    "EndTime",
    "NextToken",
    "ScanBy",
    "MaxDatapoints",
];

/// Queries in one request.
const MOST_QUERIES: usize = 500;

/// Datapoints in one reply.
const MOST_DATAPOINTS: usize = 100_800;

/// A query, as far as it is simulated.
struct Query<'a> {
    id: &'a str,
    label: &'a str,
    /// The instance, if it asks for the metric that there is.
    instance: Option<&'a str>,
    period: i64,
}

/// What there is for a query.
struct Series<'a> {
    id: &'a str,
    label: &'a str,
    status: &'static str,
    points: Vec<(i64, f64)>,
}

pub fn answer(call: &Call, action: &str) -> Answer {
    if action != ACTION {
        return Err(Failure::unknown(format!("the action cloudwatch:{action}")));
    }
    let body: Value = ciborium::from_reader(call.body)
        .map_err(|error| Failure::new(400, "SerializationException", format!("the body is no CBOR: {error}")))?;
    let request = json::checked(plain(&body), MEMBERS, "ValidationError")?;
    let queries = queries(&request)?;
    let instant = |name: &str| request[name].as_f64().ok_or_else(|| invalid(&format!("{name} is required")));
    let (start, end) = (instant("StartTime")?, instant("EndTime")?);
    if start >= end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    if request["NextToken"].is_null() {
        call.state.count_metrics(queries.len());
    }
    let is_descending = request["ScanBy"].as_str() != Some("TimestampAscending");
    // Within the last days the start counts by whole minutes. It is included, the end is not.
    let window = ((start / 60.0).floor() as i64 * 60)..(end.ceil() as i64);
    let region = call.state.region(&call.scope.region)?;
    let instances: HashMap<&str, &Instance> = region.instances.iter().map(|i| (i.id.as_str(), i)).collect();
    let evaluate = |query: &Query| {
        let status = query.instance.and_then(|id| call.state.metric_status(id));
        let instance = query.instance.and_then(|id| instances.get(id)).filter(|_| status.is_none());
        let points = instance.map(|i| points(i, query.period, &window)).unwrap_or_default();
        let points = if is_descending { points.into_iter().rev().collect() } else { points };
        (status.unwrap_or("Complete"), points)
    };
    let series = queries.iter().map(|query| {
        let (status, points) = evaluate(query);
        Series { id: query.id, label: query.label, status, points }
    });
    page(call, &request, series.collect())
}

fn invalid(message: &str) -> Failure {
    Failure::new(400, "ValidationError", message)
}

fn queries(request: &Json) -> Result<Vec<Query<'_>>, Failure> {
    let queries = request["MetricDataQueries"].as_array().filter(|queries| !queries.is_empty());
    let queries = queries.ok_or_else(|| invalid("MetricDataQueries is required"))?;
    if queries.len() > MOST_QUERIES {
        return Err(invalid(&format!("{} MetricDataQueries; at most {MOST_QUERIES} are allowed", queries.len())));
    }
    let mut ids = HashSet::new();
    queries.iter().map(|query| read(query, &mut ids)).collect()
}

fn read<'a>(query: &'a Json, ids: &mut HashSet<&'a str>) -> Result<Query<'a>, Failure> {
    let id = query["Id"].as_str().unwrap_or_default();
    let is_good = id.len() <= 255
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_good || !ids.insert(id) {
        return Err(invalid(&format!(
            "the Id {id:?} is not unique, or not a lower-case letter and letters, digits, _"
        )));
    }
    let stat = &query["MetricStat"];
    let metric = &stat["Metric"];
    let period = stat["Period"].as_i64().unwrap_or_default();
    if !matches!(period, 1 | 5 | 10 | 20 | 30) && (period <= 0 || period % 60 != 0) {
        return Err(invalid(&format!("the Period {period} of {id} is no multiple of 60")));
    }
    if stat["Stat"] != "Average" {
        return Err(Failure::unknown(format!("the statistic {}", stat["Stat"])));
    }
    if query["ReturnData"] == false {
        return Err(Failure::unknown("queries without ReturnData"));
    }
    let dimensions = metric["Dimensions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let instance = match dimensions {
        [one] if one["Name"] == "InstanceId" => one["Value"].as_str(),
        _ => None,
    };
    let is_cpu = metric["Namespace"] == "AWS/EC2"
        && metric["MetricName"] == "CPUUtilization"
        && (stat["Unit"].is_null() || stat["Unit"] == "Percent");
    let label = query["Label"].as_str().unwrap_or("CPUUtilization");
    Ok(Query { id, label, instance: instance.filter(|_| is_cpu), period })
}

/// The averages of each period that begins in the window, oldest first.
fn points(instance: &Instance, period: i64, window: &Range<i64>) -> Vec<(i64, f64)> {
    let mut buckets: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
    for (at, average) in &instance.cpu {
        let second = at.as_second();
        let bucket = buckets.entry(second - second.rem_euclid(period)).or_default();
        *bucket = (bucket.0 + average, bucket.1 + 1.0);
    }
    let averages = buckets.into_iter().map(|(second, (sum, n))| (second, sum / n));
    averages.filter(|(second, _)| window.contains(second)).collect()
}

/// Cuts by datapoints: a series that goes on with the next page is PartialData on this one. Series without a point are
/// on the page of those before them.
fn page(call: &Call, request: &Json, series: Vec<Series>) -> Answer {
    let len = series.iter().map(|s| s.points.len()).sum();
    let size = request["MaxDatapoints"].as_u64().map_or(MOST_DATAPOINTS, |n| (n as usize).clamp(1, MOST_DATAPOINTS));
    let size = size.min(call.state.largest_page().unwrap_or(size));
    let queries = format!("{:?}", request["MetricDataQueries"]);
    let pages = call.state.pages().without_overlap();
    let cut = Cut {
        len,
        size,
        fingerprint: hash([call.scope.region.as_str(), &queries]),
        token: request["NextToken"].as_str(),
        pages,
    };
    let page = cut.page().ok_or_else(|| Failure::new(400, "InvalidNextToken", invalid_token("").message))?;
    let is_last = page.token.as_deref().is_none_or(str::is_empty);
    let mut at = 0;
    let mut results = Vec::new();
    for one in &series {
        let (from, to) = (at, at + one.points.len());
        at = to;
        let cut = page.range.start.max(from)..page.range.end.min(to);
        let is_here = if from == to {
            // Each of these once.
            page.range.contains(&from) || (is_last && from == page.range.end && (from == len))
        } else {
            cut.start < cut.end
        };
        if is_here {
            let points = one.points.get(cut.start.max(from) - from..cut.end.max(from) - from).unwrap_or_default();
            let status = if cut.end < to { "PartialData" } else { one.status };
            results.push(result(one, points, status));
        }
    }
    let mut reply = vec![(text("MetricDataResults"), Value::Array(results))];
    if let Some(token) = page.token {
        reply.push((text("NextToken"), text(&token)));
    }
    reply.push((text("Messages"), Value::Array(Vec::new())));
    Ok(Reply::cbor(200, &Value::Map(reply)))
}

fn result(series: &Series, points: &[(i64, f64)], status: &str) -> Value {
    let epoch = |second: i64| Value::Tag(1, Box::new(Value::Float(second as f64)));
    Value::Map(vec![
        (text("Id"), text(series.id)),
        (text("Label"), text(series.label)),
        (text("Timestamps"), Value::Array(points.iter().map(|(second, _)| epoch(*second)).collect())),
        (text("Values"), Value::Array(points.iter().map(|(_, value)| Value::Float(*value)).collect())),
        (text("StatusCode"), text(status)),
    ])
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// The same as JSON, an instant as its number of seconds.
fn plain(value: &Value) -> Json {
    match value {
        Value::Map(pairs) => {
            let name = |key: &Value| key.as_text().map_or_else(|| format!("{key:?}"), str::to_owned);
            Json::Object(pairs.iter().map(|(key, value)| (name(key), plain(value))).collect())
        }
        Value::Array(items) => Json::Array(items.iter().map(plain).collect()),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Integer(number) => i64::try_from(*number).map_or(Json::Null, Json::from),
        Value::Float(number) => Json::from(*number),
        Value::Bool(is) => Json::from(*is),
        Value::Tag(1, seconds) => plain(seconds),
        _ => Json::Null,
    }
}
