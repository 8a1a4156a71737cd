//! What runs have learned: the best accuracy, the latest loss.

use collector::Batch;
use collector::Tags;
use collector::Window;

use super::ended_in;
use super::newest;
use crate::catalog;
use crate::config::Config;
use crate::config::Direction;
use crate::records::Run;

pub(super) fn compute(runs: &[Run], config: &Config, week: Window, tags: &Tags, batch: &mut Batch) {
    let accuracies = runs.iter().filter(|run| ended_in(run, week)).filter_map(|run| first(run, &config.accuracy_keys));
    let best = accuracies.reduce(match config.accuracy_direction {
        Direction::Max => f64::max,
        Direction::Min => f64::min,
    });
    batch.gauge_or_absent(&catalog::BEST_ACCURACY, best.map(|best| best * config.accuracy_scale), tags);
    let loss = newest(runs, week, |run| first(run, &config.loss_keys));
    batch.gauge_or_absent(&catalog::LATEST_LOSS, loss.map(|loss| loss * config.loss_scale), tags);
}

/// The number of the first key that a run has.
fn first(run: &Run, keys: &[String]) -> Option<f64> {
    keys.iter().find_map(|key| run.summary.get(key))
}
