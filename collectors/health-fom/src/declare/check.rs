//! Declarations of checks.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Catalog;
use super::Mistake;
use super::Suggest;
use super::fields::Fields;
use super::score::combine;
use crate::metrics::Check;
use crate::metrics::Comparison;

const KEYS: [&str; 9] = ["name", "metric", "tags", "comparison", "target", "warn", "combine", "owner", "link"];

/// Longest name: with its key it has to fit into a tag.
const LONGEST: usize = 100;

/// Reads a list of checks.
pub(super) fn read(
    at: &str,
    value: &Value,
    catalog: &Catalog,
    suggest: Suggest,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Check> {
    let Value::Array(items) = value else {
        mistakes.push(Mistake::new(at, "must be a list of checks", "See docs/HEALTH.md"));
        return Vec::new();
    };
    let mut names = BTreeSet::new();
    let mut checks = Vec::new();
    for (number, value) in items.iter().enumerate() {
        // By its name, where it has one: a list is long, and numbers shift.
        let at = match value.get("name").and_then(Value::as_str) {
            Some(name) => format!("{at}[{name}]"),
            None => format!("{at}[{}]", number + 1),
        };
        let Some(check) = one(&at, value, catalog, suggest, mistakes) else { continue };
        if !names.insert(check.name.clone()) {
            mistakes.push(Mistake::new(
                &at,
                format!("the name {:?} is there twice", check.name),
                "Its name is its tag",
            ));
        }
        checks.push(check);
    }
    checks
}

fn one(at: &str, value: &Value, catalog: &Catalog, suggest: Suggest, mistakes: &mut Vec<Mistake>) -> Option<Check> {
    let before = mistakes.len();
    let fields = Fields::of(at, value, &KEYS, suggest, mistakes)?;
    for key in ["name", "metric", "comparison", "target"].into_iter().filter(|key| !fields.has(key)) {
        mistakes.push(Mistake::new(fields.place(key), "is missing", ""));
    }
    let name = fields.text("name", mistakes);
    if let Some(name) = name {
        check_name(&fields, name, mistakes);
    }
    let metric = fields.text("metric", mistakes).and_then(|_| fields.metrics("metric", catalog, mistakes));
    let metric = metric.and_then(|metrics| metrics.first().copied());
    let tags = metric.map(|metric| fields.tags(&metric, mistakes)).unwrap_or_default();
    let comparison = comparison(&fields, mistakes);
    let (target, warn) = (fields.number("target", mistakes), fields.number("warn", mistakes));
    if let (Some(comparison), Some(target), Some(warn)) = (comparison, target, warn) {
        let lenient = if comparison.wants_less() { warn > target } else { warn < target };
        if !lenient {
            let side = if comparison.wants_less() { "above" } else { "below" };
            let why =
                format!("warn {warn} must lie {side} the target {target}: it is how far a miss is only a warning");
            mistakes.push(Mistake::new(fields.place("warn"), why, ""));
        }
    }
    let combine = combine(&fields, mistakes);
    for key in ["owner", "link"] {
        if fields.text(key, mistakes).is_some_and(|text| text.contains(char::is_control)) {
            mistakes.push(Mistake::new(fields.place(key), "holds a line break or another control character", ""));
        }
    }
    let owner = fields.text("owner", mistakes).map(str::to_owned);
    let link = fields.text("link", mistakes);
    if link.is_some_and(|link| !["https://", "http://"].iter().any(|scheme| link.starts_with(scheme))) {
        mistakes.push(Mistake::new(fields.place("link"), "must be an http:// or https:// address", ""));
    }
    if mistakes.len() > before {
        return None;
    }
    let (name, link) = (name?.to_owned(), link.map(str::to_owned));
    Some(Check { name, metric: metric?, tags, comparison: comparison?, target: target?, warn, combine, owner, link })
}

/// A name is the value of a tag: only what Datadog keeps as it is.
fn check_name(fields: &Fields<'_>, name: &str, mistakes: &mut Vec<Mistake>) {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '/');
    if !name.chars().all(fits) || name.len() > LONGEST {
        let why = format!("a name has lower-case letters, digits and - _ . / alone, {LONGEST} at most");
        mistakes.push(Mistake::new(fields.place("name"), why, "Name it as in stale-pull-requests"));
    }
}

fn comparison(fields: &Fields<'_>, mistakes: &mut Vec<Mistake>) -> Option<Comparison> {
    let sign = fields.text("comparison", mistakes)?;
    let found = Comparison::ALL.into_iter().find(|comparison| comparison.sign() == sign);
    if found.is_none() {
        let known = Comparison::ALL.map(Comparison::sign).join(" ");
        mistakes.push(Mistake::new(fields.place("comparison"), format!("must be one of {known}, not {sign:?}"), ""));
    }
    found
}
