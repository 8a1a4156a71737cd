//! Declarations of scores.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use collector::Bounds;
use collector::Kind;
use collector::MetricDef;
use serde_json::Value;

use super::Catalog;
use super::Mistake;
use super::Suggest;
use super::fields::Fields;
use crate::catalog;
use crate::metrics::Combine;
use crate::metrics::Curve;
use crate::metrics::Input;
use crate::metrics::Metric;
use crate::metrics::Score;
use crate::metrics::Scored;

/// What the name of a score begins with, so that none is taken for a metric of a source.
const PREFIX: &str = "health.";
/// Longest name of a metric that Datadog keeps.
const LONGEST: usize = 200;
/// The tag keys by which a score is divided unless it says otherwise: what teams own.
const BY: [&str; 3] = ["repo", "entity", "project"];

/// Beyond them the digits of a number do not suffice for a mean.
const WEIGHTS: RangeInclusive<f64> = 1e-6..=1e6;
const OF_INPUT: [&str; 9] = ["metric", "over", "tags", "combine", "worst", "best", "band", "flag", "weight"];
const OF_SCORE: [&str; 11] =
    ["metric", "over", "tags", "combine", "worst", "best", "band", "flag", "inputs", "by", "description"];

/// Reads a mapping of names to scores.
pub(super) fn read(
    at: &str,
    value: &Value,
    catalog: &Catalog,
    suggest: Suggest,
    mistakes: &mut Vec<Mistake>,
) -> Vec<Score> {
    let Value::Object(entries) = value else {
        mistakes.push(Mistake::new(at, "must be a mapping of names to scores", "See docs/HEALTH.md"));
        return Vec::new();
    };
    let known = catalog;
    entries
        .iter()
        .filter_map(|(name, value)| {
            let at = format!("{at}.{name}");
            let named = check_name(&at, name, known, mistakes);
            let score = one(&at, name, value, known, suggest, mistakes);
            score.filter(|_| named)
        })
        .collect()
}

fn check_name(at: &str, name: &str, catalog: &Catalog, mistakes: &mut Vec<Mistake>) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.');
    let built_in = catalog::METRICS.iter().any(|def| def.name == name && def.group == name);
    let why = match name {
        _ if !name.starts_with(PREFIX) || !name.chars().all(fits) || name.len() == PREFIX.len() => {
            format!("the name of a score begins with {PREFIX} and has lower-case letters, digits, dots and _ alone")
        }
        _ if name.len() + catalog::COVERAGE.len() > LONGEST => format!("the name is longer than {LONGEST} characters"),
        _ if name.ends_with(catalog::COVERAGE) => {
            format!("the name of a score cannot end in {}", catalog::COVERAGE)
        }
        _ if catalog.get(name).is_some() && !built_in => "is the name of another metric".to_owned(),
        _ => return true,
    };
    mistakes.push(Mistake::new(at, why, "Name it as in health.infra.idle.fom"));
    false
}

fn one(
    at: &str,
    name: &str,
    value: &Value,
    catalog: &Catalog,
    suggest: Suggest,
    mistakes: &mut Vec<Mistake>,
) -> Option<Score> {
    let before = mistakes.len();
    let fields = Fields::of(at, value, &OF_SCORE, suggest, mistakes)?;
    let mut inputs = Vec::new();
    if let Some(list) = fields.get("inputs") {
        for key in OF_INPUT.into_iter().filter(|key| fields.has(key)) {
            mistakes.push(Mistake::new(fields.place(key), "stands beside inputs", "Put it into one of the inputs"));
        }
        match list.as_array().filter(|list| !list.is_empty()) {
            None => mistakes.push(Mistake::new(fields.place("inputs"), "must be a list of at least one input", "")),
            Some(list) => {
                for (number, value) in list.iter().enumerate() {
                    let at = format!("{}[{}]", fields.place("inputs"), number + 1);
                    let input = Fields::of(&at, value, &OF_INPUT, suggest, mistakes);
                    inputs.extend(input.and_then(|fields| scored(&fields, catalog, mistakes)));
                }
            }
        }
    } else {
        inputs.extend(scored(&fields, catalog, mistakes));
    }
    let description = fields.text("description", mistakes);
    let by = by(&fields, &inputs, mistakes);
    // One of the inputs may be missing here: nothing is made of a part.
    if mistakes.len() > before {
        return None;
    }
    let (def, coverage) = definitions(name, &by, description.map_or_else(|| describe(&inputs), str::to_owned));
    Some(Score { def, coverage, inputs })
}

fn scored(fields: &Fields<'_>, catalog: &Catalog, mistakes: &mut Vec<Mistake>) -> Option<Scored> {
    if !fields.has("metric") {
        mistakes.push(Mistake::new(fields.at(), "names no metric", "Give it metric, or inputs"));
    }
    let metrics = fields.metrics("metric", catalog, mistakes);
    let over = if fields.has("over") { fields.metrics("over", catalog, mistakes)? } else { Vec::new() };
    let curve = curve(fields, mistakes);
    let weight = fields.number("weight", mistakes);
    if weight.is_some_and(|weight| weight <= 0.0) {
        mistakes.push(Mistake::new(fields.place("weight"), "must be more than 0", "Leave out what should not count"));
    } else if weight.is_some_and(|weight| !WEIGHTS.contains(&weight)) {
        let why = format!("must lie between {} and {}", WEIGHTS.start(), WEIGHTS.end());
        mistakes.push(Mistake::new(fields.place("weight"), why, "Weights count beside each other: 1 and 3, say"));
    }
    let metrics = metrics?;
    let first = *metrics.first()?;
    let mut names = BTreeSet::new();
    for (key, metric) in metrics.iter().map(|one| ("metric", one)).chain(over.iter().map(|one| ("over", one))) {
        if metric.source == crate::NAME {
            let why = format!("{} is itself a score: scores are made of what the sources read", metric.def.name);
            mistakes.push(Mistake::new(fields.place(key), why, "Name the inputs of that score"));
        }
        let sorted = |metric: &Metric| metric.def.tags.iter().copied().collect::<BTreeSet<_>>();
        if sorted(metric) != sorted(&first) {
            let tags = |metric: &Metric| match metric.def.tags {
                [] => "no tags".to_owned(),
                tags => format!("the tags {}", tags.join(", ")),
            };
            let (name, other) = (metric.def.name, first.def.name);
            let why = format!("{name} has {}, {other} has {}", tags(metric), tags(&first));
            mistakes.push(Mistake::new(
                fields.place(key),
                why,
                "Only metrics with the same tags can be added or divided",
            ));
        }
        if !names.insert((key, metric.def.name)) {
            mistakes.push(Mistake::new(fields.place(key), format!("{} is added twice", metric.def.name), ""));
        }
    }
    let tags = fields.tags(&first, mistakes);
    let combine = combine(fields, mistakes);
    if !over.is_empty() && combine.is_some_and(|combine| combine != Combine::Sum) {
        let why = "of a ratio the sums are divided: there is no other way to combine it";
        mistakes.push(Mistake::new(fields.place("combine"), why, "Leave it out"));
    }
    let input = Input { metrics, over, tags, combine };
    Some(Scored { input, curve: curve?, weight: weight.unwrap_or(1.0) })
}

/// The way in which several series become one, where it is said.
pub(super) fn combine(fields: &Fields<'_>, mistakes: &mut Vec<Mistake>) -> Option<Combine> {
    const WORDS: [(&str, Combine); 4] =
        [("sum", Combine::Sum), ("mean", Combine::Mean), ("max", Combine::Max), ("min", Combine::Min)];
    let word = fields.text("combine", mistakes)?;
    let found = WORDS.iter().find(|(known, _)| *known == word).map(|(_, combine)| *combine);
    if found.is_none() {
        mistakes.push(Mistake::new(
            fields.place("combine"),
            format!("must be one of sum, mean, max, min, not {word:?}"),
            "",
        ));
    }
    found
}

fn curve(fields: &Fields<'_>, mistakes: &mut Vec<Mistake>) -> Option<Curve> {
    let ramp = fields.has("worst") || fields.has("best");
    let (band, flag) = (fields.has("band"), fields.has("flag"));
    if usize::from(ramp) + usize::from(band) + usize::from(flag) != 1 {
        let why = if ramp || band || flag { "has several curves" } else { "has no curve" };
        mistakes.push(Mistake::new(fields.at(), why, "Give it worst and best, or band, or flag: true"));
        return None;
    }
    if flag {
        if fields.get("flag") != Some(&Value::Bool(true)) {
            mistakes.push(Mistake::new(fields.place("flag"), "can only be true", ""));
            return None;
        }
        return Some(Curve::Flag);
    }
    if let Some(value) = fields.get("band") {
        let fields =
            Fields::of(&fields.place("band"), value, &["below", "from", "to", "worst"], fields.suggest, mistakes)?;
        let mut number = |key: &str| {
            if !fields.has(key) {
                mistakes.push(Mistake::new(fields.place(key), "is missing", "A band has below, from, to and worst"));
            }
            fields.number(key, mistakes)
        };
        let (below, from, to, worst) = (number("below"), number("from"), number("to"), number("worst"));
        let (below, from, to, worst) = (below?, from?, to?, worst?);
        if !(0.0..=1.0).contains(&below) {
            mistakes.push(Mistake::new(fields.place("below"), "is the score below the band: must be from 0 to 1", ""));
            return None;
        }
        if from > to || to >= worst {
            let why = format!("from {from}, to {to} and worst {worst} must rise in this order");
            mistakes.push(Mistake::new(fields.at(), why, ""));
            return None;
        }
        return Some(Curve::Band { below, from, to, worst });
    }
    for (key, other) in [("worst", "best"), ("best", "worst")] {
        if !fields.has(key) {
            mistakes.push(Mistake::new(fields.place(key), format!("is missing beside {other}"), ""));
        }
    }
    let (worst, best) = (fields.number("worst", mistakes), fields.number("best", mistakes));
    let (worst, best) = (worst?, best?);
    if worst == best {
        mistakes.push(Mistake::new(fields.at(), format!("worst and best are both {worst}"), "A ramp has two ends"));
        return None;
    }
    Some(Curve::Ramp { worst, best })
}

/// The tag keys by which the score is divided: as it says, else those of [`BY`] that its inputs have.
fn by(fields: &Fields<'_>, inputs: &[Scored], mistakes: &mut Vec<Mistake>) -> Vec<&'static str> {
    let all: BTreeSet<&'static str> = inputs.iter().flat_map(|one| one.input.keys()).copied().collect();
    let keys: Vec<&'static str> = match fields.get("by") {
        None => BY.into_iter().filter_map(|key| all.get(key).copied()).collect(),
        // An empty list says that it is one score of the whole.
        Some(_) => {
            let mut keys = Vec::new();
            for key in fields.texts("by", mistakes).unwrap_or_default() {
                match all.get(key) {
                    Some(known) if !keys.contains(known) => keys.push(*known),
                    Some(_) => mistakes.push(Mistake::new(fields.place("by"), format!("names {key} twice"), "")),
                    None => {
                        let known: Vec<&str> = all.iter().copied().collect();
                        let why = format!("no input has the tag {key:?}");
                        mistakes.push(Mistake::new(fields.place("by"), why, fields.known_tags(key, &known)));
                    }
                }
            }
            keys
        }
    };
    if !inputs.is_empty() && !inputs.iter().any(|one| keys.iter().all(|key| one.input.keys().contains(key))) {
        let why = format!("its inputs speak of different things: none has all of the tags {}", keys.join(", "));
        let cure = "Divide it by the tags of one of them (by: [...]), or by none (by: []), and say how series combine";
        mistakes.push(Mistake::new(fields.at(), why, cure));
    }
    keys
}

/// What the catalog says of a score. Its definitions are those of the table where the table has the same; others live as
/// long as the program: a configuration is read a few times in it, and each gauge points to its definition.
fn definitions(name: &str, by: &[&'static str], description: String) -> (&'static MetricDef, &'static MetricDef) {
    let coverage = format!("{name}{}", catalog::COVERAGE);
    let built_in = |name: &str| catalog::METRICS.iter().find(|def| def.name == name);
    if let (Some(def), Some(coverage)) = (built_in(name), built_in(&coverage))
        && def.tags == by
        && def.description == description
    {
        return (def, coverage);
    }
    let name: &'static str = name.to_owned().leak();
    let tags: &'static [&'static str] = by.to_vec().leak();
    let def = |name: &'static str, group: &'static str, description: &'static str, absent_when: &'static str| {
        &*Box::leak(Box::new(MetricDef {
            name,
            group,
            unit: "",
            kind: Kind::Gauge,
            bounds: Bounds::UNIT,
            tags,
            description,
            absent_when,
        }))
    };
    (
        def(name, name, description.leak(), catalog::SCORE_ABSENT),
        def(coverage.leak(), name, catalog::COVERAGE_ABOUT, catalog::COVERAGE_ABSENT),
    )
}

/// A score in words.
fn describe(inputs: &[Scored]) -> String {
    let even = inputs.windows(2).all(|pair| pair[0].weight == pair[1].weight);
    let one = |one: &Scored| {
        let weight = if even { String::new() } else { format!(" (weight {})", one.weight) };
        format!("{}{weight}: {}", one.input, one.curve)
    };
    let all = inputs.iter().map(one).collect::<Vec<_>>().join("; ");
    match inputs.len() {
        1 => format!("{all}."),
        _ if even => format!("Mean of: {all}."),
        _ => format!("Weighted mean of: {all}."),
    }
}
