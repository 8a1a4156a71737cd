//! Lists of metrics, their metadata, and the list of dashboards, which is empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::query;
use super::replies::error;
use super::rules;
use super::store::Store;

/// `GET /api/v1/metrics?from=&host=&tag_filter=`: names of the metrics that have a point at or after `from`.
pub(super) async fn list(
    State(store): State<Arc<Store>>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Response {
    let Some(from) = parameters.get("from").and_then(|from| from.parse::<i64>().ok()) else {
        return error(StatusCode::BAD_REQUEST, "The parameter 'from' is required and is a number of seconds");
    };
    let host = parameters.get("host").map(|host| format!("host:{host}"));
    let conditions = [parameters.get("tag_filter"), host.as_ref()];
    let conditions: Result<Vec<_>, _> = conditions.into_iter().flatten().map(|text| query::conditions(text)).collect();
    let conditions = match conditions {
        Ok(conditions) => conditions.concat(),
        Err(reason) => return error(StatusCode::BAD_REQUEST, reason),
    };
    let mut names: Vec<String> = store
        .stored()
        .into_iter()
        .filter(|series| series.points.range(from..).next().is_some())
        .filter(|series| conditions.iter().all(|condition| condition.holds(&series.tags)))
        .map(|series| series.metric)
        .collect();
    names.dedup();
    Json(json!({ "from": from.to_string(), "metrics": names })).into_response()
}

/// `GET /api/v1/metrics/{name}`.
pub(super) async fn metadata(State(store): State<Arc<Store>>, Path(name): Path<String>) -> Response {
    match store.metadata(&name) {
        Some(metadata) => Json(metadata).into_response(),
        None => unknown(&name),
    }
}

/// `PUT /api/v1/metrics/{name}`: sets the fields that are given.
pub(super) async fn set_metadata(State(store): State<Arc<Store>>, Path(name): Path<String>, body: Bytes) -> Response {
    let fields = match serde_json::from_slice::<Map<String, Value>>(&body) {
        Ok(fields) => fields,
        Err(reason) => return error(StatusCode::BAD_REQUEST, format!("The body is not an object: {reason}")),
    };
    if let Err(reason) = check(&fields) {
        return error(StatusCode::BAD_REQUEST, reason);
    }
    for key in ["unit", "per_unit"] {
        let unit = fields.get(key).and_then(Value::as_str).unwrap_or_default();
        if !unit.is_empty() && !rules::is_known_unit(unit) {
            store.note(format!("metadata of {name}: {key} {unit:?} is not on Datadog's list of units"));
        }
    }
    match store.set_metadata(&name, fields) {
        Some(metadata) => Json(metadata).into_response(),
        None => unknown(&name),
    }
}

/// `GET /api/v1/dashboard`: the cheapest read that needs the application key.
pub(super) async fn no_dashboards() -> Response {
    Json(json!({ "dashboards": [] })).into_response()
}

fn check(fields: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in fields {
        let fits = match key.as_str() {
            "description" | "short_name" | "unit" | "per_unit" => value.is_string(),
            "statsd_interval" => value.is_i64(),
            "type" => matches!(value.as_str(), Some("gauge" | "count" | "rate" | "distribution")),
            _ => return Err(format!("{key} cannot be set")),
        };
        if !fits {
            return Err(format!("{key} has a value that it cannot have"));
        }
    }
    Ok(())
}

fn unknown(name: &str) -> Response {
    error(StatusCode::NOT_FOUND, format!("metric_name {name} not found"))
}
