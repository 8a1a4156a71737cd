use collector::Batch;
use proptest::prelude::*;
use serde_json::json;

use super::super::sample::*;
use super::*;
use crate::config::Direction;

fn computed(runs: &[Run]) -> Batch {
    compute(runs, &config(), &config().projects[0], now())
}

#[test]
fn without_runs_there_are_zeros_and_no_averages() {
    let batch = computed(&[]);
    for name in ["wandb.runs.completed_7d", "wandb.runs.failed_7d", "wandb.training.gpu_hours_7d"] {
        assert_eq!(value(&batch, name), Some(0.0), "{name}");
    }
    for name in
        ["metrics.best_accuracy", "metrics.latest_loss", "training.duration_hours", "training.cost_estimate_usd"]
    {
        assert_eq!(value(&batch, &format!("wandb.{name}")), None, "{name}");
    }
    assert!(batch.warnings().is_empty());
}

#[test]
fn a_run_ends_with_its_last_heartbeat() {
    let ended = |state: &str, heartbeat: i64| run(json!({"state": state, "created": 30 * DAY, "heartbeat": heartbeat}));
    let counts = |runs: &[Run]| {
        let batch = computed(runs);
        (value(&batch, "wandb.runs.completed_7d"), value(&batch, "wandb.runs.failed_7d"))
    };
    assert_eq!(counts(&[ended("finished", 7 * DAY)]), (Some(0.0), Some(0.0)));
    assert_eq!(counts(&[ended("finished", 7 * DAY - 1)]), (Some(1.0), Some(0.0)), "created a month ago");
    assert_eq!(counts(&[ended("finished", 0)]), (Some(1.0), Some(0.0)));
    assert_eq!(counts(&[ended("finished", -1)]), (Some(0.0), Some(0.0)), "after the collection's instant");
    assert_eq!(counts(&[ended("failed", HOUR), ended("crashed", HOUR)]), (Some(0.0), Some(2.0)));
    for state in ["running", "pending", "preempting", "killed", "preempted", "FINISHED", "paused"] {
        assert_eq!(counts(&[ended(state, HOUR)]), (Some(0.0), Some(0.0)), "{state}");
    }
    assert_eq!(counts(&[run(json!({"heartbeatAt": null}))]), (Some(0.0), Some(0.0)));
    assert_eq!(counts(&[run(json!({"state": null}))]), (Some(0.0), Some(0.0)));
}

#[test]
fn the_duration_is_the_mean_of_completed_runs() {
    let runs = [
        run(json!({"computeSeconds": HOUR})),
        run(json!({"computeSeconds": "10800"})),
        run(json!({"computeSeconds": 99 * HOUR, "state": "failed"})),
        run(json!({"computeSeconds": 99 * HOUR, "created": 9 * DAY, "heartbeat": 8 * DAY})),
    ];
    assert_eq!(value(&computed(&runs), "wandb.training.duration_hours"), Some(2.0));
    let unknown = [run(json!({"computeSeconds": null})), run(json!({"computeSeconds": HOUR}))];
    let batch = computed(&unknown);
    assert_eq!(value(&batch, "wandb.training.duration_hours"), Some(1.0));
    assert!(batch.warnings()[0].contains("left out of the mean"), "{:?}", batch.warnings());
}

fn logged(state: &str, heartbeat: i64, summary: &str) -> Run {
    run(json!({"state": state, "created": 30 * DAY, "heartbeat": heartbeat, "summaryMetrics": summary}))
}

#[test]
fn the_best_accuracy_is_of_runs_that_ended() {
    let runs = [
        logged("finished", HOUR, r#"{"accuracy": 0.5, "eval/accuracy": 0.99}"#),
        logged("killed", HOUR, r#"{"accuracy": NaN, "eval/accuracy": 0.7}"#),
        logged("preempted", HOUR, r#"{"accuracy": "0.95"}"#),
        logged("failed", HOUR, r#"{"accuracy": {"max": 0.96}}"#),
        logged("running", HOUR, r#"{"accuracy": 0.97}"#),
        logged("finished", 8 * DAY, r#"{"accuracy": 0.98}"#),
        logged("finished", -1, r#"{"accuracy": 0.98}"#),
    ];
    assert_eq!(value(&computed(&runs), "wandb.metrics.best_accuracy"), Some(0.7));
    let least = Config { accuracy_direction: Direction::Min, accuracy_scale: 100.0, ..config() };
    let batch = compute(&runs, &least, &least.projects[0], now());
    assert_eq!(value(&batch, "wandb.metrics.best_accuracy"), Some(50.0));
    assert_eq!(
        value(&computed(&[logged("finished", 0, "{\"accuracy\": -0.5}")]), "wandb.metrics.best_accuracy"),
        Some(-0.5)
    );
}

#[test]
fn the_latest_loss_is_of_the_newest_run_that_has_one() {
    let loss = |runs: &[Run]| value(&computed(runs), "wandb.metrics.latest_loss");
    let old = logged("finished", 3 * DAY, r#"{"loss": 3, "train/loss": 4}"#);
    let new = logged("running", HOUR, r#"{"loss": Infinity, "train/loss": 2}"#);
    let none = logged("finished", 0, r#"{"accuracy": 1}"#);
    assert_eq!(loss(std::slice::from_ref(&old)), Some(3.0));
    assert_eq!(loss(&[old.clone(), new.clone(), none.clone()]), Some(2.0));
    assert_eq!(loss(&[none.clone(), old.clone()]), Some(3.0));
    assert_eq!(loss(&[logged("paused", HOUR, r#"{"loss": 1}"#), old]), Some(1.0), "in any state");
    assert_eq!(loss(&[logged("finished", 7 * DAY, r#"{"loss": 1}"#)]), None);
    assert_eq!(loss(&[logged("running", -MINUTE, r#"{"loss": 5}"#), new]), Some(5.0), "it went on while it was read");
    let later = run(json!({"created": -1, "heartbeat": -2, "summaryMetrics": r#"{"loss": 1}"#}));
    assert_eq!(loss(&[later]), None, "it was not there at that instant");
    let scaled = Config { loss_scale: 0.5, ..config() };
    let batch = compute(&[logged("failed", 0, r#"{"loss": 3}"#)], &scaled, &scaled.projects[0], now());
    assert_eq!(value(&batch, "wandb.metrics.latest_loss"), Some(1.5));
}

#[test]
fn what_is_left_out_is_told() {
    let runs = [logged("finished", HOUR, "oops"), logged("finished", HOUR, r#"{"loss": 3, "accuracy": 0.5}"#)];
    let batch = computed(&runs);
    assert_eq!(value(&batch, "wandb.metrics.best_accuracy"), Some(0.5));
    assert_eq!(value(&batch, "wandb.runs.completed_7d"), Some(2.0));
    assert!(
        batch.warnings()[0].contains("acme/vision: the summaries of 1 runs are not JSON"),
        "{:?}",
        batch.warnings()
    );
    let odd = computed(&[run(json!({"state": "paused"})), run(json!({"state": null}))]);
    assert!(odd.warnings()[0].contains("1 \"none\", 1 \"paused\""), "{:?}", odd.warnings());
    assert!(
        computed(&[run(json!({"state": "paused", "created": 9 * DAY, "heartbeat": 8 * DAY}))]).warnings().is_empty()
    );
}

fn any_run() -> impl Strategy<Value = Run> {
    let states = ["finished", "failed", "crashed", "killed", "preempted", "running", "pending", "odd"];
    let summary = prop_oneof![
        Just("null".to_owned()),
        (-9i32..9).prop_map(|n| format!("{{\"loss\": {n}, \"accuracy\": {n}, \"overview/sps\": {n}}}")),
        Just("{\"loss\": NaN}".to_owned()),
    ];
    let name = prop::sample::select(vec!["github.sky.a", "b.sweep", "c"]);
    let times = (-DAY..9 * DAY, -DAY..9 * DAY, 0..DAY);
    (prop::sample::select(states.to_vec()), summary, name, times, 0u32..3, "[a-z]{8}").prop_map(
        |(state, summary, name, (created, heartbeat, seconds), gpus, id)| {
            run(json!({"id": id, "state": state, "summaryMetrics": summary, "displayName": name, "created": created,
                "heartbeat": heartbeat, "computeSeconds": seconds, "runInfo": {"gpu": "H100", "gpuCount": gpus}}))
        },
    )
}

proptest! {
    #[test]
    fn the_order_of_runs_does_not_matter(runs in prop::collection::vec(any_run(), 0..12), seed in any::<u64>()) {
        let config = Config { gpu_hourly_usd: [("h100".to_owned(), 2.0)].into(), ..config() };
        let (one, mut shuffled) = (compute(&runs, &config, &config.projects[0], now()), runs.clone());
        shuffled.rotate_left((seed % (runs.len() as u64 + 1)) as usize % runs.len().max(1));
        shuffled.reverse();
        let other = compute(&shuffled, &config, &config.projects[0], now());
        prop_assert_eq!(one.absences(), other.absences());
        for (a, b) in one.gauges().iter().zip(other.gauges()) {
            prop_assert_eq!((a.def().name, a.tags()), (b.def().name, b.tags()));
            prop_assert!((a.value() - b.value()).abs() < 1e-9, "{}: {} {}", a.def().name, a.value(), b.value());
        }
    }

    #[test]
    fn groups_hold_no_more_than_there_is(runs in prop::collection::vec(any_run(), 0..12)) {
        let batch = computed(&runs);
        for (group, all) in [("runs_completed_24h", "completed_7d"), ("runs_failed_24h", "failed_7d")] {
            let all = value(&batch, &format!("wandb.runs.{all}"));
            for name in ["push_to_main", "sweep"] {
                let (metric, tag) = (format!("wandb.group.{group}"), format!("group:{name}"));
                prop_assert!(value_of(&batch, &metric, &tag) <= all);
            }
        }
        let ended = value(&batch, "wandb.runs.completed_7d").unwrap() + value(&batch, "wandb.runs.failed_7d").unwrap();
        prop_assert!(ended <= runs.len() as f64);
        prop_assert_eq!(batch.gauges().len() + batch.absences().len(), 7 + 2 * (4 + 2));
    }

    #[test]
    fn windows_add_up(runs in prop::collection::vec(any_run(), 0..12), cut in 0usize..12) {
        let (first, second) = runs.split_at(cut.min(runs.len()));
        for name in ["wandb.runs.completed_7d", "wandb.runs.failed_7d", "wandb.training.gpu_hours_7d"] {
            let of = |runs: &[Run]| value(&computed(runs), name).unwrap();
            prop_assert!((of(first) + of(second) - of(&runs)).abs() < 1e-9, "{name}");
        }
    }
}
