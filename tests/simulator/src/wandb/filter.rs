//! Filters of runs: a JSON text in the manner of MongoDB. Keys that are not documented are refused, so that no client
//! comes to depend on what a server may not do; `heartbeatAt` is one of them.

use super::graph::Told;
use super::order;
use crate::graphql::Arguments;
use crate::graphql::Failure;
use crate::organisation::wandb::Datum;
use crate::organisation::wandb::Project;
use crate::organisation::wandb::Run;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use regex_lite::Regex;
use serde_json::Map;
use serde_json::Value;
use std::cmp::Ordering;

enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    None(Vec<Filter>),
    Field(String, Test),
}

enum Test {
    Equal(Value),
    Unequal(Value),
    /// The value is so related to this one.
    Compared(Value, &'static [Ordering]),
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Exists(bool),
    Matches(Regex),
}

/// The numbers of the runs that the argument `filters` lets through.
pub fn matching(told: &Told, project: &Project, arguments: &Arguments) -> Result<Vec<usize>, Failure> {
    let text = arguments.text("filters").unwrap_or_default();
    let wrong = |why: String| Failure::error("BAD_USER_INPUT", format!("invalid filters {text:?}: {why}"));
    if text.is_empty() {
        return Ok((0..project.len()).collect());
    }
    let value: Value = serde_json::from_str(text).map_err(|e| wrong(e.to_string()))?;
    let filter = match &value {
        Value::Null => Filter::All(Vec::new()),
        Value::Object(fields) => read(fields).map_err(wrong)?,
        _ => return Err(wrong("not an object".into())),
    };
    if matches!(&filter, Filter::All(all) if all.is_empty()) {
        return Ok((0..project.len()).collect());
    }
    Ok((0..project.len()).filter(|at| filter.fits(told, &project.run(*at))).collect())
}

fn read(fields: &Map<String, Value>) -> Result<Filter, String> {
    let several = |name: &str, value: &Value| {
        let items = value.as_array().ok_or_else(|| format!("{name} takes a list"))?;
        let one = |item: &Value| read(item.as_object().ok_or_else(|| format!("{name} takes a list of objects"))?);
        items.iter().map(one).collect::<Result<Vec<Filter>, String>>()
    };
    let mut all = Vec::new();
    for (name, value) in fields {
        match name.as_str() {
            "$and" => all.push(Filter::All(several(name, value)?)),
            "$or" => all.push(Filter::Any(several(name, value)?)),
            "$nor" => all.push(Filter::None(several(name, value)?)),
            operator if operator.starts_with('$') => return Err(format!("unknown operator {operator}")),
            key if is_known(key) => tests(key, value, &mut all)?,
            key => return Err(format!("unknown key {key}")),
        }
    }
    Ok(Filter::All(all))
}

fn is_known(key: &str) -> bool {
    let documented =
        ["state", "createdAt", "displayName", "duration", "group", "host", "jobType", "name", "tags", "username"];
    documented.contains(&key) || key.starts_with("config.") || key.starts_with("summary_metrics.")
}

fn tests(key: &str, value: &Value, all: &mut Vec<Filter>) -> Result<(), String> {
    let constant = |value: &Value| match value.as_str().filter(|_| key == "createdAt") {
        Some(text) => nanoseconds(text).map(Value::from).ok_or_else(|| format!("{text:?} is no instant")),
        None => Ok(value.clone()),
    };
    let list = |value: &Value| {
        let items = value.as_array().ok_or("$in and $nin take a list")?;
        items.iter().map(constant).collect::<Result<Vec<Value>, String>>()
    };
    let operators = value.as_object().filter(|o| !o.is_empty() && o.keys().all(|k| k.starts_with('$')));
    let Some(operators) = operators else {
        all.push(Filter::Field(key.to_owned(), Test::Equal(constant(value)?)));
        return Ok(());
    };
    for (operator, value) in operators {
        let test = match operator.as_str() {
            "$eq" => Test::Equal(constant(value)?),
            "$ne" => Test::Unequal(constant(value)?),
            "$gt" => Test::Compared(constant(value)?, &[Ordering::Greater]),
            "$gte" => Test::Compared(constant(value)?, &[Ordering::Greater, Ordering::Equal]),
            "$lt" => Test::Compared(constant(value)?, &[Ordering::Less]),
            "$lte" => Test::Compared(constant(value)?, &[Ordering::Less, Ordering::Equal]),
            "$in" => Test::In(list(value)?),
            "$nin" => Test::NotIn(list(value)?),
            "$exists" => Test::Exists(value.as_bool().ok_or("$exists takes true or false")?),
            "$regex" => {
                let pattern = value.as_str().ok_or("$regex takes a text")?;
                Test::Matches(Regex::new(pattern).map_err(|e| e.to_string())?)
            }
            other => return Err(format!("unknown operator {other}")),
        };
        all.push(Filter::Field(key.to_owned(), test));
    }
    Ok(())
}

impl Filter {
    fn fits(&self, told: &Told, run: &Run) -> bool {
        match self {
            Filter::All(all) => all.iter().all(|one| one.fits(told, run)),
            Filter::Any(any) => any.iter().any(|one| one.fits(told, run)),
            Filter::None(none) => !none.iter().any(|one| one.fits(told, run)),
            Filter::Field(key, test) => test.holds(&values(told, run, key)),
        }
    }
}

impl Test {
    /// Of several values one is enough; none is as good as null.
    fn holds(&self, values: &[Value]) -> bool {
        let is = |wanted: &Value| match wanted {
            Value::Null => values.is_empty(),
            wanted => values.iter().any(|v| order::values(v, wanted) == Some(Ordering::Equal)),
        };
        match self {
            Test::Equal(wanted) => is(wanted),
            Test::Unequal(wanted) => !is(wanted),
            Test::Compared(limit, allowed) => {
                values.iter().any(|v| order::values(v, limit).is_some_and(|how| allowed.contains(&how)))
            }
            Test::In(wanted) => wanted.iter().any(is),
            Test::NotIn(wanted) => !wanted.iter().any(is),
            Test::Exists(wanted) => *wanted != values.is_empty(),
            Test::Matches(pattern) => values.iter().any(|v| v.as_str().is_some_and(|text| pattern.is_match(text))),
        }
    }
}

/// What a run has under a key; nothing where it is null.
fn values(told: &Told, run: &Run, key: &str) -> Vec<Value> {
    let one = match key {
        "state" => run.state.as_str().into(),
        "createdAt" => i64::try_from(run.created_at.as_nanosecond()).unwrap_or(i64::MAX).into(),
        "displayName" => run.display_name.clone().into(),
        "duration" => run.compute_seconds.into(),
        "group" => run.group.clone().into(),
        "host" => run.host.clone().into(),
        "jobType" => run.job_type.clone().into(),
        "name" => run.name.as_str().into(),
        "tags" => return run.tags.iter().map(|tag| tag.as_str().into()).collect(),
        "username" => run.user.map(|user| told.wandb.users[user].username.as_str()).into(),
        key => match key.strip_prefix("summary_metrics.") {
            Some(key) => datum(run.summary.iter().flatten(), key),
            None => datum(&run.config, key.trim_start_matches("config.").trim_end_matches(".value")),
        },
    };
    if one == Value::Null { Vec::new() } else { vec![one] }
}

/// The value of that name, as far as it can be compared.
pub fn datum<'a>(data: impl IntoIterator<Item = &'a (String, Datum)>, key: &str) -> Value {
    let found = data.into_iter().find(|(name, _)| name == key);
    match found.map(|(_, value)| value) {
        Some(Datum::Number(number)) => (*number).into(),
        Some(Datum::Text(text)) => text.as_str().into(),
        Some(Datum::Bool(value)) => (*value).into(),
        _ => Value::Null,
    }
}

/// An instant with a zone, or without one in UTC, or a day.
fn nanoseconds(text: &str) -> Option<i64> {
    let civil = || text.parse::<civil::DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let at = text.parse::<Timestamp>().ok().or_else(civil)?;
    i64::try_from(at.as_nanosecond()).ok()
}
