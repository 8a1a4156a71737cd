//! From what came of scores and checks to gauges, absences and failures.

use collector::Batch;
use collector::MetricDef;
use collector::Tags;

use crate::Evaluation;
use crate::catalog;
use crate::declare::Declared;
use crate::metrics::Cause;
use crate::metrics::Check;
use crate::metrics::Gap;
use crate::metrics::Outcomes;
use crate::metrics::Score;
use crate::metrics::Verdict;

/// The batch of an evaluation.
pub(crate) fn of(declared: &Declared, evaluation: &Evaluation) -> Batch {
    let mut batch = Batch::new();
    for (score, outcomes) in declared.scores.iter().zip(&evaluation.scores) {
        add_score(&mut batch, score, outcomes);
    }
    for (check, verdict) in declared.checks.iter().zip(&evaluation.checks) {
        add_check(&mut batch, check, verdict);
    }
    batch
}

fn add_score(batch: &mut Batch, score: &Score, outcomes: &Outcomes) {
    if let Some(gap) = &outcomes.nothing {
        missing(batch, &[score.def, score.coverage], gap, &Tags::new());
    }
    for thing in &outcomes.things {
        match (thing.score, thing.gap()) {
            (Some(value), _) => {
                batch.gauge(score.def, value, &thing.tags);
                batch.gauge(score.coverage, thing.coverage, &thing.tags);
            }
            // What was not read may be there: its share is no more known than the score.
            (None, Some(gap)) if matches!(gap.cause, Cause::Failed(_)) => {
                missing(batch, &[score.def], gap, &thing.tags);
            }
            (None, gap) => {
                if let Some(gap) = gap {
                    missing(batch, &[score.def], gap, &thing.tags);
                }
                batch.gauge(score.coverage, thing.coverage, &thing.tags);
            }
        }
    }
}

fn add_check(batch: &mut Batch, check: &Check, verdict: &Verdict) {
    let tags = check.tag();
    match &verdict.value {
        Ok(value) => {
            batch.gauge(&catalog::VALUE, value.value, &tags);
            batch.gauge(&catalog::TARGET, check.target, &tags);
            if let Some(ok) = verdict.state.ok() {
                batch.gauge(&catalog::OK, ok, &tags);
            }
        }
        Err(gap) => {
            missing(batch, &[&catalog::VALUE, &catalog::OK], gap, &tags);
            if !matches!(gap.cause, Cause::Failed(_)) {
                batch.gauge(&catalog::TARGET, check.target, &tags);
            }
        }
    }
}

/// A failure of the group, where the history could not be read; else each is absent, for a reason.
fn missing(batch: &mut Batch, defs: &[&'static MetricDef], gap: &Gap, tags: &Tags) {
    if let (Cause::Failed(failure), Some(def)) = (&gap.cause, defs.first()) {
        batch.fail(def.group, tags, failure.as_ref().clone());
        return;
    }
    for def in defs {
        batch.absent(def, gap.why.clone(), tags);
    }
}
