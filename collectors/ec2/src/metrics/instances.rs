//! Counts and ages of instances.

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use crate::catalog;
use crate::records::Instance;
use crate::records::State;

/// The gauges of the group.
pub(crate) fn compute(instances: &[Instance], now: Timestamp, tags: &Tags) -> Batch {
    let mut batch = Batch::new();
    let count = |filter: &dyn Fn(&Instance) -> bool| instances.iter().filter(|one| filter(one)).count() as f64;
    let day = Window::hours(now, 24);
    // EC2 lists a terminated instance for about an hour: one whose time it does not tell was terminated in that hour.
    let in_day = |one: &Instance| one.changed.is_none_or(|changed| day.contains(changed));
    batch.gauge(
        &catalog::INSTANCES_TOTAL,
        count(&|one| !matches!(one.state, State::Terminated | State::ShuttingDown)),
        tags,
    );
    batch.gauge(&catalog::INSTANCES_RUNNING, count(&|one| one.runs(now)), tags);
    batch.gauge(&catalog::INSTANCES_STOPPED, count(&|one| matches!(one.state, State::Stopped | State::Stopping)), tags);
    batch.gauge(&catalog::INSTANCES_SPOT, count(&|one| one.runs(now) && one.spot), tags);
    batch.gauge(&catalog::INSTANCES_ONDEMAND, count(&|one| one.runs(now) && !one.spot), tags);
    let interrupted = count(&|one| one.state == State::Terminated && one.interrupted && in_day(one));
    batch.gauge(&catalog::SPOT_INTERRUPTED, interrupted, tags);
    let running = instances.iter().filter(|one| one.runs(now));
    let ages: Vec<f64> = running.filter_map(|one| Some(days(now, one.launched?))).collect();
    batch.gauge_or_absent(&catalog::AGE_AVG, stats::mean(&ages), tags);
    batch.gauge_or_absent(&catalog::AGE_OLDEST, ages.iter().copied().reduce(f64::max), tags);
    let odd = count(&|one| one.state == State::Unknown);
    if odd > 0.0 {
        batch.warn(format!(
            "EC2 ({tags}): {odd} instances are in a state that orgpulse does not know; they count in total alone"
        ));
    }
    let ageless = count(&|one| one.runs(now) && one.launched.is_none());
    if ageless > 0.0 {
        batch.warn(format!("EC2 ({tags}): {ageless} running instances have no launch time, and count in no age"));
    }
    batch
}

fn days(now: Timestamp, launched: Timestamp) -> f64 {
    now.duration_since(launched).as_secs_f64() / 86_400.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::metrics::sample::*;

    fn of(instances: &[Instance]) -> Batch {
        compute(instances, now(), &tags())
    }

    fn in_state(state: State) -> Instance {
        Instance { state, ..instance("i-1") }
    }

    #[test]
    fn nothing_is_zero_and_has_no_age() {
        let batch = of(&[]);
        assert_eq!(value(&batch, "ec2.instances.total"), Some(0.0));
        assert_eq!(value(&batch, "ec2.instances.spot_interrupted_24h"), Some(0.0));
        assert_eq!(value(&batch, "ec2.instances.avg_age_days"), None);
        assert_eq!(value(&batch, "ec2.instances.oldest_age_days"), None);
        assert_eq!(batch.warnings(), Vec::<String>::new());
    }

    #[test]
    fn each_state_counts_where_it_belongs() {
        for (state, total, running, stopped) in [
            (State::Pending, 1.0, 0.0, 0.0),
            (State::Running, 1.0, 1.0, 0.0),
            (State::Stopping, 1.0, 0.0, 1.0),
            (State::Stopped, 1.0, 0.0, 1.0),
            (State::ShuttingDown, 0.0, 0.0, 0.0),
            (State::Terminated, 0.0, 0.0, 0.0),
            (State::Unknown, 1.0, 0.0, 0.0),
        ] {
            let batch = of(&[in_state(state)]);
            let found = ["total", "running", "stopped"].map(|name| value(&batch, &format!("ec2.instances.{name}")));
            assert_eq!(found, [Some(total), Some(running), Some(stopped)], "{state:?}");
            assert_eq!(batch.warnings().is_empty(), state != State::Unknown, "{state:?}");
        }
    }

    #[test]
    fn spot_and_the_rest_are_of_running_instances() {
        let batch = of(&[
            Instance { spot: true, ..instance("i-1") },
            instance("i-2"),
            instance("i-3"),
            Instance { spot: true, ..in_state(State::Stopped) },
            in_state(State::Pending),
        ]);
        assert_eq!(value(&batch, "ec2.instances.spot"), Some(1.0));
        assert_eq!(value(&batch, "ec2.instances.ondemand"), Some(2.0));
    }

    #[test]
    fn ages_are_of_running_instances_with_a_launch_time() {
        let batch = of(&[
            Instance { launched: ago(24), ..instance("i-1") },
            Instance { launched: ago(72), ..instance("i-2") },
            Instance { launched: ago(2400), ..in_state(State::Stopped) },
            Instance { launched: None, ..instance("i-3") },
        ]);
        assert_eq!(value(&batch, "ec2.instances.avg_age_days"), Some(2.0));
        assert_eq!(value(&batch, "ec2.instances.oldest_age_days"), Some(3.0));
        assert!(batch.warnings()[0].contains("1 running instances have no launch time"), "{:?}", batch.warnings());
    }

    #[test]
    fn what_is_launched_after_now_does_not_run_yet() {
        let batch =
            of(&[Instance { launched: ago(-1), ..instance("i-1") }, Instance { launched: ago(0), ..instance("i-2") }]);
        assert_eq!(value(&batch, "ec2.instances.running"), Some(1.0));
        assert_eq!(value(&batch, "ec2.instances.total"), Some(2.0));
        assert_eq!(value(&batch, "ec2.instances.oldest_age_days"), Some(0.0));
    }

    #[test]
    fn interruptions_are_of_the_last_day() {
        let ended = |changed| Instance { interrupted: true, changed, spot: true, ..in_state(State::Terminated) };
        let batch = of(&[
            ended(None),
            ended(ago(0)),
            ended(ago(23)),
            ended(ago(24)),
            ended(ago(-1)),
            Instance { state: State::ShuttingDown, ..ended(None) },
            Instance { interrupted: false, ..ended(None) },
        ]);
        assert_eq!(value(&batch, "ec2.instances.spot_interrupted_24h"), Some(3.0));
    }

    fn any_instance() -> impl Strategy<Value = Instance> {
        const STATES: &[State] = &[
            State::Pending,
            State::Running,
            State::Stopping,
            State::Stopped,
            State::ShuttingDown,
            State::Terminated,
            State::Unknown,
        ];
        (prop::sample::select(STATES), prop::option::of(-48i64..10_000), any::<bool>(), any::<bool>()).prop_map(
            |(state, hours, spot, interrupted)| Instance {
                state,
                launched: hours.and_then(ago),
                spot,
                interrupted,
                ..instance("i-1")
            },
        )
    }

    proptest! {
        #[test]
        fn parts_are_no_more_than_the_whole_and_order_does_not_matter(
            mut instances in prop::collection::vec(any_instance(), 0..30),
        ) {
            let batch = of(&instances);
            let get = |name: &str| value(&batch, &format!("ec2.instances.{name}"));
            let count = |name: &str| get(name).unwrap_or(f64::NAN);
            prop_assert_eq!(count("spot") + count("ondemand"), count("running"));
            prop_assert!(count("running") + count("stopped") <= count("total"));
            if let (Some(mean), Some(oldest)) = (get("avg_age_days"), get("oldest_age_days")) {
                prop_assert!(0.0 <= mean && mean <= oldest + 1e-9);
            }
            instances.reverse();
            let again = of(&instances);
            for gauge in batch.gauges() {
                let other = value(&again, gauge.def().name).unwrap_or(f64::NAN);
                prop_assert!((gauge.value() - other).abs() < 1e-9);
            }
        }
    }
}
