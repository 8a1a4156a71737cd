//! Scores and checks: what the other sources of a run have read, judged.
//!
//! A score is a weighted mean of curves over metrics and lies between 0 and 1; a check compares a metric with a target.
//! Both are declared as data: [`declare`] reads the built-in declarations and those of the configuration in the same way.
//! Inputs are this run's own gauges. What this run did not collect is read from the [`History`], in one go.

mod batch;
mod catalog;
pub mod declare;
mod history;
pub mod metrics;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;

pub use catalog::METRICS;
pub use declare::Declared;
pub use history::Boxed;
pub use history::History;

use crate::metrics::Fold;
use crate::metrics::Known;
use crate::metrics::Metric;
use crate::metrics::Named;
use crate::metrics::Outcomes;
use crate::metrics::Verdict;

/// The source's name.
pub const NAME: &str = "health_fom";

/// Regions, clusters and the like that a score of them is counted for in the bound on series.
const OTHERS: usize = 40;

/// The collector.
pub struct Health {
    declared: Declared,
    definitions: &'static [MetricDef],
    history: Option<Box<dyn History>>,
    named: Vec<Named>,
    fold: Fold,
}

/// Everything that came of the scores and checks.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Of each score, in the order of its declaration.
    pub scores: Vec<Outcomes>,
    /// Of each check, likewise.
    pub checks: Vec<Verdict>,
}

impl Health {
    /// A collector of these scores and checks. Without a history, what the run did not collect is not there.
    pub fn new(declared: Declared, history: Option<Box<dyn History>>) -> Self {
        let fold = history.as_ref().map_or(as_written as Fold, |history| history.fold());
        Health { definitions: declared.definitions(), declared, history, named: Vec::new(), fold }
    }

    /// The same where the configuration names these things.
    #[must_use]
    pub fn with_named(self, named: Vec<Named>) -> Self {
        Health { named, ..self }
    }

    /// The same where tags are kept in this form, whether they can be read back or not.
    #[must_use]
    pub fn with_fold(self, fold: Fold) -> Self {
        Health { fold, ..self }
    }

    /// The same with what a choice leaves of the declared scores and checks.
    #[must_use]
    pub fn of(self, choose: impl FnOnce(Declared) -> Declared) -> Self {
        let declared = choose(self.declared);
        Health { definitions: declared.definitions(), declared, ..self }
    }

    /// What is declared.
    pub fn declared(&self) -> &Declared {
        &self.declared
    }

    /// Whether what the run did not collect can be read.
    pub fn has_history(&self) -> bool {
        self.history.is_some()
    }

    /// The metrics of sources that these scores and checks are made of, each once.
    pub fn needed(&self) -> Vec<Metric> {
        let scores = self.declared.scores.iter().flat_map(|score| &score.inputs).flat_map(|one| one.input.all());
        let checks = self.declared.checks.iter().map(|check| &check.metric);
        let all = scores.chain(checks).filter(|metric| metric.source != NAME);
        all.map(|metric| (metric.def.name, *metric)).collect::<BTreeMap<_, _>>().into_values().collect()
    }

    /// Gathers the inputs and judges them.
    pub async fn evaluate(&self, context: &Context) -> Evaluation {
        let fold = self.fold;
        let needed = self.needed();
        let mut known = Known::of_run(&needed, context.earlier(), fold);
        let lacking: Vec<Metric> = needed.into_iter().filter(|metric| known.lacks(metric.def.name)).collect();
        match &self.history {
            _ if lacking.is_empty() => {}
            None => known.unasked("; with DD_APP_KEY and DD_API_KEY it would be read from Datadog"),
            Some(history) => match history.read(&lacking, context).await {
                Ok(samples) => {
                    known.add(samples, fold, history.lookback());
                    known.expect(&lacking, &self.named, fold, history.lookback());
                }
                Err(failure) => known.failed(&failure),
            },
        }
        self.judge(known, fold)
    }

    /// Judges what is known.
    pub fn judge(&self, mut known: Known, fold: Fold) -> Evaluation {
        let scores: Vec<Outcomes> = self.declared.scores.iter().map(|score| score.evaluate(&known, fold)).collect();
        for (score, outcomes) in self.declared.scores.iter().zip(&scores) {
            known.insert(score.def.name, outcomes.facts(fold));
            known.insert(score.coverage.name, outcomes.coverage_facts(fold));
        }
        let checks = self.declared.checks.iter().map(|check| check.evaluate(&known, fold)).collect();
        Evaluation { scores, checks }
    }
}

/// Without a history tags are told apart as they are written.
fn as_written(_key: &str, value: &str) -> String {
    value.to_owned()
}

impl Collector for Health {
    fn name(&self) -> &'static str {
        NAME
    }

    fn definitions(&self) -> &'static [MetricDef] {
        self.definitions
    }

    fn max_series(&self) -> usize {
        let named = |key: &str| self.named.iter().filter(|one| one.tags.get(key).is_some()).count();
        let of = |tags: &[&str]| match tags {
            [] => 1,
            tags if tags.contains(&"repo") => named("repo"),
            tags if tags.contains(&"project") || tags.contains(&"entity") => named("project"),
            _ => OTHERS,
        };
        let scores: usize = self.declared.scores.iter().map(|score| 2 * of(score.def.tags)).sum();
        scores + 3 * self.declared.checks.len()
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        let evaluation = self.evaluate(context).await;
        Ok(batch::of(&self.declared, &evaluation))
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        let counts = format!("{} scores, {} checks", self.declared.scores.len(), self.declared.checks.len());
        let mut findings = vec![Finding { what: "declarations".to_owned(), outcome: Ok(counts) }];
        findings.push(match &self.history {
            Some(history) => history.check(context).await,
            None => Finding {
                what: "application key".to_owned(),
                outcome: Ok("none: what a run does not collect itself is not read from Datadog".to_owned()),
            },
        });
        findings
    }
}
