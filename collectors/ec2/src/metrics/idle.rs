//! Idle instances.

use std::collections::BTreeMap;

use collector::Batch;
use collector::Tags;
use jiff::SignedDuration;
use jiff::Timestamp;

use crate::catalog;
use crate::records::Instance;

/// The instances that may be idle: those that have run for over an hour.
pub(crate) fn candidates(instances: &[Instance], now: Timestamp) -> Vec<&Instance> {
    let hour = SignedDuration::from_hours(1);
    let old = |one: &Instance| one.launched.is_some_and(|launched| now.duration_since(launched) > hour);
    instances.iter().filter(|one| one.runs(now) && old(one)).collect()
}

/// The gauge of the group. `means` holds the mean CPU utilization of each candidate in percent, none where CloudWatch has
/// no datapoint: such an instance has no mean that could be low, so it does not count, and is told of. When no
/// candidate has a datapoint, a 0 would say that all are busy: then there is no value.
pub(crate) fn compute(
    candidates: &[&Instance],
    means: &BTreeMap<String, Option<f64>>,
    below: f64,
    tags: &Tags,
) -> Batch {
    let known: Vec<f64> = candidates.iter().filter_map(|one| means.get(&one.id).copied().flatten()).collect();
    let mut batch = Batch::new();
    let idle = known.iter().filter(|mean| **mean < below).count() as f64;
    let value = (candidates.is_empty() || !known.is_empty()).then_some(idle);
    batch.gauge_or_absent(&catalog::INSTANCES_IDLE, value, tags);
    let unknown = candidates.len() - known.len();
    if unknown > 0 {
        batch.warn(format!("EC2 ({tags}): CloudWatch has no CPU utilization of {unknown} running instances; they are not counted as idle"));
    }
    batch
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::sample::*;
    use crate::records::State;

    fn of(means: &[(&str, Option<f64>)]) -> Batch {
        let instances: Vec<Instance> = means.iter().map(|(id, _)| instance(id)).collect();
        let means = means.iter().map(|(id, mean)| ((*id).to_owned(), *mean)).collect();
        compute(&candidates(&instances, now()), &means, 5.0, &tags())
    }

    #[test]
    fn only_what_has_run_for_over_an_hour_may_be_idle() {
        let at = |launched| Instance { launched, ..instance("i-1") };
        let just_over = now() - SignedDuration::from_secs(3601);
        let all = [
            at(Some(just_over)),
            at(ago(1)),
            at(ago(0)),
            at(ago(-1)),
            at(None),
            Instance { state: State::Stopped, ..instance("i-1") },
        ];
        assert_eq!(candidates(&all, now()), vec![&all[0]]);
    }

    #[test]
    fn below_the_limit_is_idle_and_at_it_is_not() {
        let batch = of(&[("a", Some(0.0)), ("b", Some(4.999)), ("c", Some(5.0)), ("d", Some(90.0))]);
        assert_eq!(value(&batch, "ec2.instances.idle"), Some(2.0));
        assert_eq!(batch.warnings(), Vec::<String>::new());
    }

    #[test]
    fn no_candidate_is_zero_idle() {
        assert_eq!(value(&of(&[]), "ec2.instances.idle"), Some(0.0));
    }

    #[test]
    fn what_has_no_datapoint_is_not_idle_and_told() {
        let batch = of(&[("a", Some(1.0)), ("b", None)]);
        assert_eq!(value(&batch, "ec2.instances.idle"), Some(1.0));
        assert!(batch.warnings()[0].contains("of 1 running instances"), "{:?}", batch.warnings());
    }

    #[test]
    fn without_any_datapoint_there_is_no_value() {
        assert_eq!(value(&of(&[("a", None), ("b", None)]), "ec2.instances.idle"), None);
    }
}
