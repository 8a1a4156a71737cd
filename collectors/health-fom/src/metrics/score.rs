//! A score: the weighted mean of what its inputs score, for each thing that they speak of.

use std::collections::BTreeMap;

use collector::MetricDef;
use collector::Tags;

use super::curve::Curve;
use super::input::Indexed;
use super::input::Input;
use super::input::Value;
use super::known::Cause;
use super::known::Facts;
use super::known::Fold;
use super::known::Gap;
use super::known::Known;
use super::known::Origin;
use super::known::Series;
use super::known::key;

/// A score from which on all is good.
pub const GOOD: f64 = 0.7;
/// A score from which on it is a warning, and critical below.
pub const WARNING: f64 = 0.3;

/// A score, as it was declared.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// Its metric, whose tags are the keys that it is divided by.
    pub def: &'static MetricDef,
    /// The metric of the share of its inputs' weight that was there.
    pub coverage: &'static MetricDef,
    /// What it is made of.
    pub inputs: Vec<Scored>,
}

/// An input of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// What its value is made of.
    pub input: Input,
    /// How the value scores.
    pub curve: Curve,
    /// Its weight among the inputs; above 0.
    pub weight: f64,
}

/// What came of a score for one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The thing: a repository, a project, or nothing where the score is one of the whole.
    pub tags: Tags,
    /// Of each input, the value and its score.
    pub parts: Vec<Result<(Value, f64), Gap>>,
    /// The score, when every input has a value.
    pub score: Option<f64>,
    /// The share of the inputs' weight that was there.
    pub coverage: f64,
}

/// What came of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// For each thing, by its tags.
    pub things: Vec<Outcome>,
    /// Where no thing is known: why.
    pub nothing: Option<Gap>,
}

impl Score {
    /// Computes it for each thing that is known.
    pub fn evaluate(&self, known: &Known, fold: Fold) -> Outcomes {
        let by = self.def.tags;
        let indexed: Vec<Indexed<'_>> = self.inputs.iter().map(|one| one.input.index(known, by, fold)).collect();
        let mut things: BTreeMap<Vec<String>, Tags> = BTreeMap::new();
        for input in indexed.iter().filter(|input| input.keys().len() == by.len()) {
            for (key, tags) in input.things() {
                things.entry(key.clone()).or_insert(tags);
            }
        }
        if things.is_empty() {
            let gap = indexed.iter().find_map(Indexed::unnamed_gap).cloned();
            let unsaid = || Gap { tags: Tags::new(), cause: Cause::None, why: "its inputs have no value".to_owned() };
            return Outcomes { things: Vec::new(), nothing: Some(gap.unwrap_or_else(unsaid)) };
        }
        let things = things.into_iter().map(|(key, tags)| self.of(&key, tags, &indexed)).collect();
        Outcomes { things, nothing: None }
    }

    fn of(&self, key: &[String], tags: Tags, indexed: &[Indexed<'_>]) -> Outcome {
        let by = self.def.tags;
        let mut parts = Vec::with_capacity(indexed.len());
        let (mut there, mut all, mut sum) = (0.0, 0.0, 0.0);
        for (declared, input) in self.inputs.iter().zip(indexed) {
            // An input that does not tell things apart by some key is the same for all of them.
            let own: Vec<String> =
                by.iter().zip(key).filter(|(name, _)| input.keys().contains(name)).map(|(_, v)| v.clone()).collect();
            let part = input.value(&own).map(|value| {
                let score = declared.curve.at(value.value);
                (value, score)
            });
            all += declared.weight;
            if let Ok((_, score)) = &part {
                there += declared.weight;
                sum += declared.weight * score;
            }
            parts.push(part);
        }
        let whole = parts.iter().all(Result::is_ok);
        // The last digits of a mean of ones may lie above 1.
        let score = whole.then(|| (sum / all).clamp(0.0, 1.0));
        Outcome { tags, parts, score, coverage: if whole { 1.0 } else { there / all } }
    }

    /// The score of one thing if its input at this place scored `part`, and the others as they do.
    pub fn with_part(&self, outcome: &Outcome, place: usize, part: f64) -> Option<f64> {
        let all: f64 = self.inputs.iter().map(|one| one.weight).sum();
        let mut sum = 0.0;
        for (at, (declared, found)) in self.inputs.iter().zip(&outcome.parts).enumerate() {
            let score = if at == place { part } else { found.as_ref().ok()?.1 };
            sum += declared.weight * score;
        }
        Some((sum / all).clamp(0.0, 1.0))
    }

    /// What its input at this place has to score for the whole to be at least `wanted`; none when it cannot do it alone.
    pub fn needed(&self, outcome: &Outcome, place: usize, wanted: f64) -> Option<f64> {
        let without = self.with_part(outcome, place, 0.0)?;
        let share = self.with_part(outcome, place, 1.0)? - without;
        // Sums of weights have a last digit of their own.
        let needed = (wanted - without) / share;
        (share > 0.0 && needed <= 1.0 + 1e-9).then(|| needed.clamp(0.0, 1.0))
    }
}

impl Outcomes {
    /// Why there is no score, for each thing without one.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.nothing.iter().chain(self.things.iter().filter_map(Outcome::gap))
    }

    /// The score as an input of checks.
    pub fn facts(&self, fold: Fold) -> Facts {
        let mut facts = Facts::default();
        for thing in &self.things {
            match (thing.score, thing.gap()) {
                (Some(value), _) => {
                    let origins = thing.parts.iter().flatten().map(|(value, _)| value.origin);
                    let origin = origins.max().unwrap_or(Origin::Run);
                    let key = key(&thing.tags, fold);
                    facts.series.push(Series { key, tags: thing.tags.clone(), value, origin });
                }
                (None, Some(gap)) => facts.gaps.push(Gap { tags: thing.tags.clone(), ..gap.clone() }),
                (None, None) => {}
            }
        }
        facts.gaps.extend(self.nothing.clone());
        facts
    }

    /// The coverage as an input of checks. Where the history could not be read, it is no more known than the score.
    pub fn coverage_facts(&self, fold: Fold) -> Facts {
        let unread = |thing: &Outcome| thing.gap().is_some_and(|gap| matches!(gap.cause, Cause::Failed(_)));
        let gaps = self.things.iter().filter(|thing| unread(thing));
        let gaps = gaps.filter_map(|thing| Some(Gap { tags: thing.tags.clone(), ..thing.gap()?.clone() }));
        let series = self.things.iter().filter(|thing| !unread(thing)).map(|thing| {
            let key = key(&thing.tags, fold);
            Series { key, tags: thing.tags.clone(), value: thing.coverage, origin: Origin::Run }
        });
        Facts { series: series.collect(), gaps: gaps.chain(self.nothing.clone()).collect() }
    }
}

impl Outcome {
    /// The first input without a value, one whose value could not be read before one that has none.
    pub fn gap(&self) -> Option<&Gap> {
        let gaps = || self.parts.iter().filter_map(|part| part.as_ref().err());
        let failed = gaps().find(|gap| matches!(gap.cause, Cause::Failed(_)));
        failed.or_else(|| gaps().find(|gap| gap.cause != Cause::None)).or_else(|| gaps().next())
    }
}
