//! What is known of the inputs: this run's own gauges, what it did not collect, and what the history tells of that.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use collector::Earlier;
use collector::Failure;
use collector::MetricDef;
use collector::Tags;

/// A metric of the catalog, and the source that sends it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The source's name.
    pub source: &'static str,
    /// The definition.
    pub def: &'static MetricDef,
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// This run.
    Run,
    /// The history: a mean over its lookback.
    History,
}

/// One series of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Values of the definition's tag keys, in their order, in the form that the history keeps.
    pub key: Vec<String>,
    /// The tags.
    pub tags: Tags,
    /// The value.
    pub value: f64,
    /// Where it came from.
    pub origin: Origin,
}

/// Why a metric has no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cause {
    /// The source was read, and there is none by the metric's definition.
    None,
    /// It was not collected in this run, and the history does not know it.
    Unknown,
    /// It was not collected in this run, and the history could not be read.
    Failed(Arc<Failure>),
}

/// Something without a value: that of these tags, which may be fewer than the metric's.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// What it is missing for; empty when for all.
    pub tags: Tags,
    /// Why, as a kind.
    pub cause: Cause,
    /// Why, in words.
    pub why: String,
}

/// A thing that the configuration names: a repository, a project, a region.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The source that reads it.
    pub source: &'static str,
    /// The tags by which its series are known.
    pub tags: Tags,
}

/// What is known of one metric.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Its series.
    pub series: Vec<Series>,
    /// What it has no value for.
    pub gaps: Vec<Gap>,
}

/// What is known, by the metric's name.
#[derive(Debug, Clone, Default)]
pub struct Known(HashMap<&'static str, Facts>);

/// A value that the history tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The metric's name.
    pub metric: &'static str,
    /// Its tags, with exactly the definition's keys.
    pub tags: Tags,
    /// The mean over the lookback.
    pub value: f64,
}

/// The form in which the history keeps a tag's value; two values of the same form are one there.
pub type Fold = fn(key: &str, value: &str) -> String;

/// The folded values of a metric's tags.
pub fn key(tags: &Tags, fold: Fold) -> Vec<String> {
    tags.iter().map(|(key, value)| fold(key, value)).collect()
}

impl Known {
    /// What this run itself tells of these metrics.
    pub fn of_run(needed: &[Metric], earlier: &[Earlier], fold: Fold) -> Known {
        let mut known: HashMap<&'static str, Facts> =
            needed.iter().map(|metric| (metric.def.name, Facts::default())).collect();
        for one in earlier {
            for gauge in one.batch.gauges() {
                if let Some(facts) = known.get_mut(gauge.def().name) {
                    let (tags, value) = (gauge.tags().clone(), gauge.value());
                    facts.series.push(Series { key: key(&tags, fold), tags, value, origin: Origin::Run });
                }
            }
            for absence in one.batch.absences() {
                if let Some(facts) = known.get_mut(absence.def.name) {
                    let (tags, why) = (absence.tags.clone(), absence.why.to_string());
                    facts.gaps.push(Gap { tags, cause: Cause::None, why });
                }
            }
        }
        for metric in needed {
            let Some(facts) = known.get_mut(metric.def.name) else { continue };
            facts.gaps.extend(uncollected(*metric, earlier));
        }
        Known(known)
    }

    /// Whether something of a metric was not collected in this run.
    pub fn lacks(&self, metric: &str) -> bool {
        self.of(metric).is_some_and(|facts| facts.gaps.iter().any(|gap| gap.cause != Cause::None))
    }

    /// Adds what the history tells of that which was not collected, and nothing else: what this run knows is newer, and
    /// what it knows not to be is no more.
    pub fn add(&mut self, samples: Vec<Sample>, fold: Fold, lookback: &str) {
        let mut by_metric: HashMap<&'static str, Vec<Series>> = HashMap::new();
        for Sample { metric, tags, value } in samples {
            let series = Series { key: key(&tags, fold), tags, value, origin: Origin::History };
            by_metric.entry(metric).or_default().push(series);
        }
        for (metric, facts) in &mut self.0 {
            let told = by_metric.remove(metric).unwrap_or_default();
            let settled: HashSet<Vec<String>> = facts
                .series
                .iter()
                .map(|series| series.key.clone())
                .chain(facts.gaps.iter().filter(|gap| gap.cause == Cause::None).map(|gap| key(&gap.tags, fold)))
                .collect();
            let mut resolved = vec![false; facts.gaps.len()];
            for series in told.into_iter().filter(|series| !settled.contains(&series.key)) {
                let mut wanted = false;
                for (gap, resolved) in facts.gaps.iter().zip(&mut resolved) {
                    if gap.cause != Cause::None && covers(&gap.tags, &series.tags, fold) {
                        (*resolved, wanted) = (true, true);
                    }
                }
                if wanted {
                    facts.series.push(series);
                }
            }
            let mut resolved = resolved.into_iter();
            facts.gaps.retain(|_| !resolved.next().unwrap_or_default());
            for gap in facts.gaps.iter_mut().filter(|gap| gap.cause != Cause::None) {
                gap.why.push_str(&format!(", and Datadog has no value of the last {lookback}"));
            }
        }
    }

    /// Notes what the configuration names and nobody has a value of, although these metrics, which were looked for in the
    /// history, always have one: else a part that was sent would pass for the whole.
    pub fn expect(&mut self, metrics: &[Metric], named: &[Named], fold: Fold, lookback: &str) {
        for metric in metrics.iter().filter(|metric| metric.def.absent_when.is_empty()) {
            let Some(facts) = self.0.get_mut(metric.def.name) else { continue };
            for Named { source, tags } in named {
                let speaks_of_it =
                    *source == metric.source && tags.iter().all(|(key, _)| metric.def.tags.contains(&key));
                let told = facts.series.iter().any(|one| covers(tags, &one.tags, fold));
                let missed =
                    facts.gaps.iter().any(|gap| covers(tags, &gap.tags, fold) || covers(&gap.tags, tags, fold));
                if speaks_of_it && !told && !missed {
                    let why = format!(
                        "{source} was not collected for {tags} in this run, and Datadog has no value of the last {lookback}"
                    );
                    facts.gaps.push(Gap { tags: tags.clone(), cause: Cause::Unknown, why });
                }
            }
        }
    }

    /// Notes that what was not collected was not looked for, and why.
    pub fn unasked(&mut self, why: &str) {
        for gap in self.open() {
            gap.why.push_str(why);
        }
    }

    /// Notes that the history could not be read.
    pub fn failed(&mut self, failure: &Failure) {
        let failure = Arc::new(failure.clone());
        for gap in self.open() {
            gap.why.push_str(&format!(", and Datadog could not be read [{}]", failure.reason));
            gap.cause = Cause::Failed(Arc::clone(&failure));
        }
    }

    /// Adds a metric that was computed here.
    pub fn insert(&mut self, metric: &'static str, facts: Facts) {
        self.0.insert(metric, facts);
    }

    /// What is known of a metric.
    pub fn of(&self, metric: &str) -> Option<&Facts> {
        self.0.get(metric)
    }

    fn open(&mut self) -> impl Iterator<Item = &mut Gap> {
        self.0.values_mut().flat_map(|facts| &mut facts.gaps).filter(|gap| gap.cause != Cause::None)
    }
}

/// What of a metric this run did not collect.
fn uncollected(metric: Metric, earlier: &[Earlier]) -> Vec<Gap> {
    let gap = |tags: &Tags, why: String| Gap { tags: tags.clone(), cause: Cause::Unknown, why };
    let Some(source) = earlier.iter().find(|one| one.source == metric.source) else {
        return vec![gap(&Tags::new(), format!("{} was not collected in this run", metric.source))];
    };
    match &source.failure {
        // It names no group: nothing of the source was read.
        Some(failure) if source.batch.failures().is_empty() => {
            let why = format!("{} could not be collected in this run [{}]", metric.source, failure.reason);
            vec![gap(&Tags::new(), why)]
        }
        _ => {
            let failures = source.batch.failures().iter().filter(|failed| failed.group == metric.def.group);
            failures
                .map(|failed| {
                    let why =
                        format!("{} could not be collected in this run [{}]", failed.group, failed.failure.reason);
                    gap(&failed.tags, why)
                })
                .collect()
        }
    }
}

/// Whether all of these tags are among the others.
pub fn covers(fewer: &Tags, tags: &Tags, fold: Fold) -> bool {
    fewer.iter().all(|(key, value)| tags.get(key).is_some_and(|other| fold(key, other) == fold(key, value)))
}
