//! `GET /api/v1/query?from&to&query`: seconds in, milliseconds out.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::Query;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use super::evaluate;
use super::query;
use super::query::MetricQuery;
use super::replies::error;
use super::store::Store;

/// Answers one query, or several with commas between them.
pub(super) async fn query(
    State(store): State<Arc<Store>>,
    Query(parameters): Query<BTreeMap<String, String>>,
) -> Response {
    let seconds = |name: &str| parameters.get(name).and_then(|value| value.parse::<i64>().ok());
    let (Some(from), Some(to), Some(text)) = (seconds("from"), seconds("to"), parameters.get("query")) else {
        return error(StatusCode::BAD_REQUEST, "The parameters 'from', 'to' and 'query' are required");
    };
    let mut series = Vec::new();
    let mut group_by = Vec::new();
    for (index, part) in query::split(text).into_iter().enumerate() {
        match one(&store, part, index, from, to) {
            Ok((query, found)) => {
                series.extend(found);
                group_by = query.by;
            }
            Err(reason) => {
                let reply = json!({
                    "status": "error", "error": reason, "res_type": "time_series", "query": text,
                    "from_date": from.saturating_mul(1000), "to_date": to.saturating_mul(1000), "series": [],
                });
                return Json(reply).into_response();
            }
        }
    }
    Json(json!({
        "status": "ok", "res_type": "time_series", "query": text, "group_by": group_by, "message": "",
        "from_date": from.saturating_mul(1000), "to_date": to.saturating_mul(1000), "series": series,
    }))
    .into_response()
}

fn one(store: &Store, text: &str, index: usize, from: i64, to: i64) -> Result<(MetricQuery, Vec<Value>), String> {
    let query = query::parse(text)?;
    let stored = store.series_of(&query.metric);
    let unit = stored.iter().find_map(|series| series.unit.clone()).map(|name| json!({ "name": name }));
    let mut answers = Vec::new();
    for group in evaluate::run(&query, &stored, from, to)? {
        let tags = group.tags(&query);
        let scope = if tags.is_empty() { query.scope.clone() } else { tags.join(",") };
        let points: Vec<Value> = group.points.iter().map(|(at, value)| json!([at * 1000, value])).collect();
        answers.push(json!({
            "metric": query.metric, "display_name": query.metric, "aggr": query.space.word(),
            "expression": query.text, "scope": scope, "tag_set": tags, "query_index": index,
            "start": group.points.keys().next().map(|at| at * 1000),
            "end": group.points.keys().next_back().map(|at| at * 1000),
            "interval": 1, "length": points.len(), "pointlist": points, "unit": [unit, null],
        }));
    }
    Ok((query, answers))
}
