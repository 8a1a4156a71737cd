//! The queue of managed jobs: which rows are asked for, and how many there are.

use super::controls::State;
use super::operations::Outcome;
use super::reply::Reply;
use super::rows;
use super::service::controller_down;
use crate::organisation::skypilot::Job;
use crate::organisation::skypilot::Task;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

type Body = Map<String, Value>;

/// Filters of the server that this does not have.
const UNKNOWN: [&str; 9] = [
    "user_match",
    "workspace_match",
    "name_match",
    "pool_match",
    "infra_match",
    "sort_by",
    "sort_order",
    "submitted_after",
    "submitted_before",
];

/// These come whatever fields are asked for.
const ALWAYS: [&str; 3] = ["job_id", "task_id", "status"];

/// `/jobs/queue/v2`
pub fn listing(state: &State, body: &Body, user: &str) -> Result<Outcome, Reply> {
    if let Some(unknown) = UNKNOWN.iter().find(|name| body.get(**name).is_some_and(|value| !value.is_null())) {
        return Err(Reply::unknown(&format!("the filter {unknown}")));
    }
    let (page, limit) = (whole(body, "page")?, whole(body, "limit")?);
    let (fields, statuses) = (texts(body, "fields")?, texts(body, "statuses")?);
    let skip_finished = flag(body, "skip_finished")?;
    let mut rows = chosen(state, body, user)?;
    if let Some(down) = controller_down(state) {
        return Ok(down);
    }
    let failed = |message: &str| Ok(Outcome::Failed { kind: "ValueError", message: message.to_owned() });
    if limit.is_some_and(|limit| limit < 1) {
        return failed("Limit must be at least 1");
    }
    if page.is_some_and(|page| page < 1 || limit.is_none()) {
        return failed("Page must be at least 1, and needs a limit");
    }
    let total_no_filter = rows.len();
    if skip_finished {
        rows.retain(|(job, _)| job.tasks.iter().any(|task| !task.has_ended()));
    }
    let mut status_counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut infra = BTreeSet::new();
    for (job, index) in &rows {
        let task = &job.tasks[*index];
        *status_counts.entry(&task.status).or_default() += 1;
        infra.extend(task.place.as_ref().map(|place| format!("aws/{}", place.region)));
    }
    if let Some(statuses) = statuses {
        rows.retain(|(job, index)| statuses.contains(&job.tasks[*index].status));
    }
    let total = rows.len();
    if let Some(limit) = limit {
        let start = (page.unwrap_or(1) as usize - 1).saturating_mul(limit as usize);
        rows = rows.into_iter().skip(start).take(limit as usize).collect();
    }
    rows.truncate(rows.len().saturating_sub(state.lost_rows()));
    let jobs: Vec<Value> = rows.iter().map(|row| written(state, row, fields.as_deref())).collect();
    let listing = json!({
        "jobs": jobs, "total": total, "total_no_filter": total_no_filter, "status_counts": status_counts, "infra_options": infra,
    });
    Ok(Outcome::Returned(listing.to_string()))
}

/// `/jobs/queue`: a list of whole rows.
pub fn old_listing(state: &State, body: &Body, user: &str) -> Result<Outcome, Reply> {
    let skip_finished = flag(body, "skip_finished")?;
    let mut rows = chosen(state, body, user)?;
    if let Some(down) = controller_down(state) {
        return Ok(down);
    }
    if skip_finished {
        rows.retain(|(job, _)| job.tasks.iter().any(|task| !task.has_ended()));
    }
    let jobs: Vec<Value> = rows.iter().map(|(job, index)| Value::Object(rows::old(state.sky(), job, *index))).collect();
    Ok(Outcome::Returned(Value::from(jobs).to_string()))
}

/// A job and the number of one of its tasks.
type Row<'a> = (&'a Job, usize);

/// The rows of the caller's jobs, or of everybody's, the newest job first.
fn chosen<'a>(state: &'a State, body: &Body, user: &str) -> Result<Vec<Row<'a>>, Reply> {
    // A refresh of the controller changes nothing here.
    flag(body, "refresh")?;
    let all = flag(body, "all_users")?;
    let ids = match body.get("job_ids") {
        None | Some(Value::Null) => None,
        Some(Value::Array(ids)) if ids.iter().all(Value::is_i64) => Some(ids),
        Some(_) => return Err(Reply::unprocessable(&["job_ids"], "list_type", "Input should be a valid list")),
    };
    let users = &state.sky().users;
    let is_own = |job: &Job| job.user.is_some_and(|index| users[index].hash == user);
    let jobs = state.sky().jobs.iter().rev().filter(|job| all || is_own(job));
    let jobs = jobs.filter(|job| ids.is_none_or(|ids| ids.contains(&job.id.into())));
    Ok(jobs.flat_map(|job| (0..job.tasks.len()).map(move |index| (job, index))).collect())
}

fn written(state: &State, (job, index): &Row<'_>, fields: Option<&[String]>) -> Value {
    let mut row = rows::current(state.sky(), job, *index);
    if let Some(fields) = fields {
        row.retain(|key, _| ALWAYS.contains(&key.as_str()) || fields.iter().any(|field| field == key));
    }
    Value::Object(row)
}

fn flag(body: &Body, name: &'static str) -> Result<bool, Reply> {
    match body.get(name) {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Reply::unprocessable(&[name], "bool_type", "Input should be a valid boolean")),
    }
}

fn whole(body: &Body, name: &'static str) -> Result<Option<i64>, Reply> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or_else(|| {
            Reply::unprocessable(
                &[name],
                "int_parsing",
                "Input should be a valid integer, unable to parse string as an integer",
            )
        }),
    }
}

fn texts(body: &Body, name: &'static str) -> Result<Option<Vec<String>>, Reply> {
    let wrong = || Reply::unprocessable(&[name], "list_type", "Input should be a valid list");
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) => {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            texts.collect::<Option<Vec<String>>>().map(Some).ok_or_else(wrong)
        }
        Some(_) => Err(wrong()),
    }
}

/// What the task's machines are called in the server's short form: `2x[H100:8][Spot]`.
pub fn asked_for(task: &Task) -> String {
    let what =
        task.accelerator.as_ref().map_or_else(|| "CPU:1+".to_owned(), |one| format!("{}:{}", one.name, one.count));
    format!("{}x[{what}]{}", task.nodes, if task.is_spot { "[Spot]" } else { "" })
}
