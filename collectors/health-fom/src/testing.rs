//! What the tests share: the sources' metrics as far as the built-in declarations name them, and runs made of gauges.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::LazyLock;

use collector::Batch;
use collector::Bounds;
use collector::Earlier;
use collector::Kind;
use collector::MetricDef;
use collector::Tags;
use serde_json::Value;

use crate::Declared;
use crate::Evaluation;
use crate::Health;
use crate::declare;
use crate::declare::Catalog;
use crate::declare::Mistake;
use crate::declare::Sources;
use crate::metrics::Known;
use crate::metrics::Outcome;

/// Prefix of a metric's name, its source, and its tags.
const SOURCES: [(&str, &str, &[&str]); 5] = [
    ("github.", "github", &["org", "repo"]),
    ("wandb.", "wandb", &["entity", "project"]),
    ("k8s.", "kubernetes", &["cluster"]),
    ("ec2.", "ec2", &["account", "region"]),
    ("asana.", "asana", &["workspace"]),
];

static METRICS: LazyLock<Vec<MetricDef>> = LazyLock::new(|| {
    let text = include_str!("defaults.yaml");
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
    let names: BTreeSet<&str> =
        words.filter(|word| SOURCES.iter().any(|(prefix, ..)| word.starts_with(prefix))).collect();
    let names = names.into_iter().chain(["ec2.gpus.total", "ec2.instances.running"]).collect::<BTreeSet<_>>();
    names.into_iter().map(def).collect()
});

fn def(name: &'static str) -> MetricDef {
    let (_, _, tags) = SOURCES.iter().find(|(prefix, ..)| name.starts_with(prefix)).unwrap();
    let (group, bounds) = (group(name), Bounds::ANY);
    MetricDef { name, group, unit: "", kind: Kind::Gauge, bounds, tags, description: "", absent_when: "" }
}

/// The first two words of the name: `github.ci`.
pub fn group(name: &'static str) -> &'static str {
    let end = name.match_indices('.').nth(1).map_or(name.len(), |(at, _)| at);
    &name[..end]
}

pub fn metric(name: &str) -> &'static MetricDef {
    METRICS.iter().find(|def| def.name == name).unwrap_or_else(|| panic!("{name} is not in the tests' catalog"))
}

pub fn source(name: &str) -> &'static str {
    SOURCES.iter().find(|(prefix, ..)| name.starts_with(prefix)).map(|(_, source, _)| *source).unwrap()
}

pub fn catalog() -> Catalog {
    Catalog::new(METRICS.iter().map(|def| (source(def.name), def)))
}

/// The suggestion of a test: the first known word with the same last letters.
fn suggest(text: &str, known: &[&str]) -> String {
    let tail = &text[text.len().saturating_sub(6)..];
    known.iter().find(|known| known.ends_with(tail)).map_or_else(String::new, |known| format!("Did you mean {known}?"))
}

pub fn declare(scores: &str, checks: &str, without: &[&str]) -> (Declared, Vec<Mistake>) {
    let read = |text: &str| if text.is_empty() { None } else { Some(serde_saphyr::from_str::<Value>(text).unwrap()) };
    let (scores, checks) = (read(scores), read(checks));
    let without: Vec<String> = without.iter().map(|name| (*name).to_owned()).collect();
    let sources = Sources { scores: scores.as_ref(), checks: checks.as_ref(), without: &without };
    declare::read(sources, &catalog(), suggest)
}

/// What is declared without a mistake.
#[track_caller]
pub fn declared(scores: &str, checks: &str) -> Declared {
    let (declared, mistakes) = declare(scores, checks, &[]);
    assert_eq!(mistakes, [], "{scores} {checks}");
    declared
}

/// Tags of a definition with these values.
pub fn tags(def: &'static MetricDef, values: &[&str]) -> Tags {
    def.tags.iter().zip(values).fold(Tags::new(), |tags, (key, value)| tags.with(key, *value))
}

/// A run that gave these gauges: metric, tag values, value. Every source ran.
pub fn run(gauges: &[(&str, &[&str], f64)]) -> Vec<Earlier> {
    run_with(gauges, |_, _| {})
}

/// The same with further things in the batch of each source.
pub fn run_with(gauges: &[(&str, &[&str], f64)], further: impl Fn(&str, &mut Batch)) -> Vec<Earlier> {
    let of_source = |(_, name, _): &(&str, &'static str, &[&str])| {
        let mut batch = Batch::new();
        for (metric_name, values, value) in gauges.iter().filter(|(metric, ..)| source(metric) == *name) {
            let def = metric(metric_name);
            batch.gauge(def, *value, &tags(def, values));
        }
        assert!(batch.warnings().is_empty(), "{:?}", batch.warnings());
        further(name, &mut batch);
        Earlier { source: name, definitions: &METRICS, batch: Arc::new(batch), failure: None }
    };
    SOURCES.iter().map(of_source).collect()
}

pub fn lower(_key: &str, value: &str) -> String {
    value.to_lowercase()
}

/// Judges what a run gave, without a history.
pub fn judge(declared: &Declared, earlier: &[Earlier]) -> Evaluation {
    let health = Health::new(declared.clone(), None);
    health.judge(Known::of_run(&health.needed(), earlier, lower), lower)
}

/// What came of a score, by the tags of each thing.
pub fn outcomes(declared: &Declared, evaluation: &Evaluation, name: &str) -> Vec<(String, Outcome)> {
    let place = declared.scores.iter().position(|score| score.def.name == name).unwrap();
    let things = evaluation.scores[place].things.iter();
    things.map(|thing| (thing.tags.to_string(), thing.clone())).collect()
}

/// The score of the one thing that there is.
pub fn score(declared: &Declared, earlier: &[Earlier], name: &str) -> Option<f64> {
    match outcomes(declared, &judge(declared, earlier), name).as_slice() {
        [] => None,
        [(_, outcome)] => outcome.score,
        many => panic!("{name} is there for {} things", many.len()),
    }
}
