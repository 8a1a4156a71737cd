//! The language in which scores and checks are declared, and what is wrong with a declaration.

mod check;
mod fields;
mod score;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use collector::MetricDef;
use serde_json::Value;

use crate::catalog;
use crate::metrics::Check;
use crate::metrics::Metric;
use crate::metrics::Score;

/// The built-in declarations.
const DEFAULTS: &str = include_str!("../defaults.yaml");

/// Every metric that a declaration may name.
#[derive(Debug, Clone, Default)]
pub struct Catalog(BTreeMap<&'static str, Metric>);

/// Something wrong with a declaration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where, from the setting's key on: `health.x.fom.inputs[2].metric`.
    pub at: String,
    /// What is wrong.
    pub why: String,
    /// What to write instead; empty when the words above say it.
    pub cure: String,
}

/// Says which of the known words was likely meant by a text: "Did you mean x?", or nothing.
pub type Suggest = fn(text: &str, known: &[&str]) -> String;

/// What to read.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The setting of scores: a mapping of names to declarations.
    pub scores: Option<&'a Value>,
    /// The setting of checks: a list of declarations.
    pub checks: Option<&'a Value>,
    /// Names of built-in scores and checks that are not wanted.
    pub without: &'a [String],
}

/// Scores and checks that are sound.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// The scores, in the order of the catalog: built-in ones first.
    pub scores: Vec<Score>,
    /// The checks, in the order of the board.
    pub checks: Vec<Check>,
}

impl Catalog {
    /// A catalog of these metrics, each with its source's name.
    pub fn new(metrics: impl Iterator<Item = (&'static str, &'static MetricDef)>) -> Self {
        Catalog(metrics.map(|(source, def)| (def.name, Metric { source, def })).collect())
    }

    /// The metric of this name.
    pub fn get(&self, name: &str) -> Option<Metric> {
        self.0.get(name).copied()
    }

    /// All names.
    pub fn names(&self) -> Vec<&'static str> {
        self.0.keys().copied().collect()
    }

    fn insert(&mut self, score: &Score) {
        for def in [score.def, score.coverage] {
            self.0.insert(def.name, Metric { source: crate::NAME, def });
        }
    }
}

impl Mistake {
    fn new(at: impl Into<String>, why: impl Into<String>, cure: impl Into<String>) -> Self {
        Mistake { at: at.into(), why: why.into(), cure: cure.into() }
    }
}

/// The built-in scores and checks, with those of the configuration in their place or after them. What has a mistake is
/// left out, and told.
pub fn read(sources: Sources<'_>, catalog: &Catalog, suggest: Suggest) -> (Declared, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let defaults: Value = match serde_saphyr::from_str(DEFAULTS) {
        Ok(defaults) => defaults,
        Err(error) => {
            mistakes.push(Mistake::new("built-in", format!("cannot be read: {error}"), ""));
            Value::Null
        }
    };
    let mut catalog = catalog.clone();
    // A program that was built without some source leaves out what is made of it; a test holds that nothing else is.
    let mut left_out = Vec::new();
    let mut scores = score::read("built-in", &defaults["scores"], &catalog, suggest, &mut left_out);
    if let Some(value) = sources.scores {
        for score in score::read("scores", value, &catalog, suggest, &mut mistakes) {
            match scores.iter_mut().find(|known| known.def.name == score.def.name) {
                Some(known) => *known = score,
                None => scores.push(score),
            }
        }
    }
    // Checks may look at scores, scores may not look at each other.
    for score in &scores {
        catalog.insert(score);
    }
    let mut checks = check::read("built-in", &defaults["checks"], &catalog, suggest, &mut left_out);
    let built_in = built_in_names(&defaults);
    if let Some(value) = sources.checks {
        for check in check::read("checks", value, &catalog, suggest, &mut mistakes) {
            match checks.iter_mut().find(|known| known.name == check.name) {
                Some(known) => *known = check,
                None => checks.push(check),
            }
        }
    }
    for name in sources.without {
        let before = scores.len() + checks.len();
        scores.retain(|score| score.def.name != name);
        checks.retain(|check| check.name != *name);
        if scores.len() + checks.len() == before && !built_in.contains(name) {
            let known: Vec<&str> = names(&scores, &checks).collect();
            mistakes.push(Mistake::new(
                "without",
                format!("there is no score or check {name:?}"),
                suggest(name, &known),
            ));
        }
    }
    for check in checks.iter().filter(|check| check.metric.source == crate::NAME) {
        let name = check.metric.def.name;
        if !scores.iter().any(|score| score.def.name == name || score.coverage.name == name) {
            let why = format!("the check {:?} looks at {name}, which is left out", check.name);
            mistakes.push(Mistake::new("without", why, "Leave out both, or neither"));
        }
    }
    (Declared { scores, checks }, mistakes)
}

/// Names of all built-in scores and checks, whether this program can make them or not.
fn built_in_names(defaults: &Value) -> Vec<String> {
    let scores = defaults["scores"].as_object().into_iter().flat_map(|scores| scores.keys().cloned());
    let checks = defaults["checks"].as_array().into_iter().flatten();
    scores.chain(checks.filter_map(|check| Some(check["name"].as_str()?.to_owned()))).collect()
}

fn names<'a>(scores: &'a [Score], checks: &'a [Check]) -> impl Iterator<Item = &'a str> {
    scores.iter().map(|score| score.def.name).chain(checks.iter().map(|check| check.name.as_str()))
}

impl Declared {
    /// Names of all scores and checks.
    pub fn names(&self) -> Vec<&str> {
        names(&self.scores, &self.checks).collect()
    }

    /// Leaves out the scores that no check looks at.
    pub fn keep_scores_of_checks(&mut self) {
        let checks = &self.checks;
        let looked_at = |name: &str| checks.iter().any(|check| check.metric.def.name == name);
        self.scores.retain(|score| looked_at(score.def.name) || looked_at(score.coverage.name));
    }

    /// The definitions of what these scores and checks send, for the life of the program.
    pub fn definitions(&self) -> &'static [MetricDef] {
        let scores = self.scores.iter().flat_map(|score| [*score.def, *score.coverage]);
        let all: Vec<MetricDef> = scores.chain([catalog::VALUE, catalog::TARGET, catalog::OK]).collect();
        // The table itself, where nothing was declared.
        if all == catalog::METRICS { catalog::METRICS } else { all.leak() }
    }
}
