//! `POST /api/v2/query/timeseries` and `/scalar`: several queries in one request, milliseconds throughout.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::evaluate;
use super::evaluate::Group;
use super::query;
use super::query::MetricQuery;
use super::replies::error;
use super::store::Store;

/// Answers with points.
pub(super) async fn timeseries(State(store): State<Arc<Store>>, body: Bytes) -> Response {
    answer(&store, &body, "timeseries_request", timeseries_of)
}

/// Answers with one value for each group of each query.
pub(super) async fn scalar(State(store): State<Arc<Store>>, body: Bytes) -> Response {
    answer(&store, &body, "scalar_request", scalar_of)
}

#[derive(Deserialize)]
struct Body {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "type")]
    kind: String,
    attributes: Attributes,
}

#[derive(Deserialize)]
struct Attributes {
    from: i64,
    to: i64,
    interval: Option<i64>,
    queries: Vec<Asked>,
    formulas: Option<Vec<Formula>>,
}

#[derive(Deserialize)]
struct Asked {
    data_source: String,
    query: String,
    name: Option<String>,
    aggregator: Option<String>,
}

#[derive(Deserialize)]
struct Formula {
    formula: String,
    limit: Option<Value>,
}

/// One query with its answer.
struct Answered {
    name: String,
    query: MetricQuery,
    aggregator: Option<String>,
    unit: Value,
    groups: Vec<Group>,
}

/// Why there is no answer.
enum Refusal {
    /// Status 400.
    Request(String),
    /// Status 200 with `errors` and no `data`.
    Query(String),
}

fn answer(
    store: &Store,
    body: &[u8],
    kind: &str,
    shape: fn(&[Answered], Option<i64>) -> Result<Value, Refusal>,
) -> Response {
    let read = serde_json::from_slice::<Body>(body).map_err(|reason| Refusal::Request(reason.to_string()));
    let result = read.and_then(|body| {
        if body.data.kind != kind {
            return Err(Refusal::Request(format!("data.type is not {kind:?}")));
        }
        let interval = body.data.attributes.interval;
        shape(&run(store, body.data.attributes)?, interval)
    });
    match result {
        Ok(data) => Json(json!({ "data": data })).into_response(),
        Err(Refusal::Request(reason)) => error(StatusCode::BAD_REQUEST, reason),
        Err(Refusal::Query(reason)) => Json(json!({ "errors": reason })).into_response(),
    }
}

/// The answers in the order of the formulas, or of the queries when there is no formula.
fn run(store: &Store, attributes: Attributes) -> Result<Vec<Answered>, Refusal> {
    // An instant is in whole seconds; the first second at or after a bound of milliseconds is the bound rounded up.
    let second = |milliseconds: i64| milliseconds.div_euclid(1000) + i64::from(milliseconds.rem_euclid(1000) > 0);
    let (from, to) = (second(attributes.from), second(attributes.to));
    let mut answered = Vec::new();
    for (index, asked) in attributes.queries.into_iter().enumerate() {
        if asked.data_source != "metrics" {
            return Err(Refusal::Request(format!("data source {:?} is not simulated", asked.data_source)));
        }
        let name = asked.name.unwrap_or_else(|| format!("query{index}"));
        let query = query::parse(&asked.query).map_err(Refusal::Query)?;
        let stored = store.series_of(&query.metric);
        let unit = stored.iter().find_map(|series| series.unit.clone());
        let unit = unit.map_or(Value::Null, |name| json!([{ "name": name }, null]));
        let groups = evaluate::run(&query, &stored, from, to).map_err(Refusal::Query)?;
        answered.push(Answered { name, query, aggregator: asked.aggregator, unit, groups });
    }
    let Some(formulas) = attributes.formulas else { return Ok(answered) };
    let mut chosen = Vec::new();
    for formula in formulas {
        let found = answered.iter().position(|one| one.name == formula.formula.trim());
        match found {
            Some(index) if formula.limit.is_none() => chosen.push(answered.remove(index)),
            _ => {
                let reason = format!(
                    "formula {:?}: only the name of a query, once and without a limit, is simulated",
                    formula.formula
                );
                return Err(Refusal::Request(reason));
            }
        }
    }
    Ok(chosen)
}

fn timeseries_of(answered: &[Answered], interval: Option<i64>) -> Result<Value, Refusal> {
    let seconds = match interval {
        None => None,
        Some(interval) if interval >= 1000 && interval % 1000 == 0 => Some(interval / 1000),
        Some(_) => return Err(Refusal::Request("an interval that is not whole seconds is not simulated".to_owned())),
    };
    let mut rows = Vec::new();
    let mut series = Vec::new();
    for (index, one) in answered.iter().enumerate() {
        for group in &one.groups {
            rows.push(match seconds {
                Some(seconds) => evaluate::by_interval(&group.points, seconds),
                None => group.points.clone(),
            });
            series.push(json!({ "group_tags": group.tags(&one.query), "query_index": index, "unit": one.unit }));
        }
    }
    let times: BTreeSet<i64> = rows.iter().flat_map(BTreeMap::keys).copied().collect();
    let values: Vec<Vec<Option<f64>>> =
        rows.iter().map(|row| times.iter().map(|at| row.get(at).copied()).collect()).collect();
    let times: Vec<i64> = times.into_iter().map(|at| at * 1000).collect();
    let attributes = json!({ "times": times, "values": values, "series": series });
    Ok(json!({ "type": "timeseries_response", "attributes": attributes }))
}

/// A row is a combination of group values; queries that group by the same keys share rows, and a query that has no
/// value in a row has null there.
fn scalar_of(answered: &[Answered], _: Option<i64>) -> Result<Value, Refusal> {
    let keys = answered.first().map(|one| one.query.by.clone()).unwrap_or_default();
    if answered.iter().any(|one| one.query.by != keys) {
        return Err(Refusal::Request("scalar queries that group by different keys are not simulated".to_owned()));
    }
    let mut columns = Vec::new();
    for one in answered {
        let Some(aggregator) = &one.aggregator else {
            return Err(Refusal::Request(format!("query {:?} has no aggregator", one.name)));
        };
        let mut values = BTreeMap::new();
        for group in &one.groups {
            values.insert(&group.values, evaluate::over_time(aggregator, &group.points).map_err(Refusal::Request)?);
        }
        columns.push((one, values));
    }
    let rows: BTreeSet<&Vec<String>> = columns.iter().flat_map(|(_, values)| values.keys()).copied().collect();
    let mut shown = Vec::new();
    for (position, key) in keys.iter().enumerate() {
        let values: Vec<Vec<&String>> = rows.iter().map(|row| row.get(position).into_iter().collect()).collect();
        shown.push(json!({ "type": "group", "name": key, "values": values }));
    }
    for (one, values) in columns {
        let values: Vec<Option<f64>> = rows.iter().map(|row| values.get(row).copied().flatten()).collect();
        shown.push(json!({ "type": "number", "name": one.name, "values": values, "meta": { "unit": one.unit } }));
    }
    Ok(json!({ "type": "scalar_response", "attributes": { "columns": shown } }))
}
