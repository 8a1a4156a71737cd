//! Gauges of the runs in state running.

use collector::Batch;
use collector::stats;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::tags;
use super::warn_of_states;
use crate::catalog;
use crate::config::Config;
use crate::config::Project;
use crate::records::Numbers;
use crate::records::Run;

/// The gauges of `runs`: every running run, and any others.
pub(crate) fn compute(runs: &[Run], config: &Config, project: &Project, now: Timestamp) -> Batch {
    let mut batch = Batch::new();
    let tags = tags(project);
    let limit = SignedDuration::from_mins(i64::from(config.heartbeat_minutes));
    // A live run's heartbeat is nearly always later than the collection's instant; one that was created later did not
    // run then.
    let running = runs.iter().filter(|run| run.state.as_deref() == Some("running") && run.created_at <= now);
    let beating = running.filter_map(|run| run.heartbeat_at.map(|at| (run, now.duration_since(at) <= limit)));
    let (active, stale): (Vec<_>, Vec<_>) = beating.partition(|(_, active)| *active);
    batch.gauge(&catalog::RUNS_ACTIVE, active.len() as f64, &tags);
    batch.gauge(&catalog::RUNS_STALE, stale.len() as f64, &tags);
    warn_of_states(runs.iter(), project, &mut batch);
    let told: Vec<Vec<f64>> = active.iter().map(|(run, _)| utilisations(&run.system)).collect();
    // 100.4 is no share of a GPU's time; with it the mean would be a number of something else.
    let odd = told.iter().filter(|of_run| of_run.iter().any(|pct| !(0.0..=100.0).contains(pct))).count();
    let unreadable = active.iter().filter(|(run, _)| run.system == Numbers::Unreadable).count();
    if odd + unreadable > 0 {
        batch.warn(format!(
            "{project}: the system metrics of {} active runs are not JSON, or a GPU's utilisation in them is not from 0 to \
             100; these runs are left out of wandb.training.gpu_utilization_pct",
            odd + unreadable
        ));
    }
    let possible = told.into_iter().filter(|of_run| of_run.iter().all(|pct| (0.0..=100.0).contains(pct)));
    let means: Vec<f64> = possible.filter_map(|of_run| stats::mean(&of_run)).collect();
    batch.gauge_or_absent(&catalog::GPU_UTILIZATION, stats::mean(&means), &tags);
    batch
}

/// The utilisation of each GPU in percent, of keys like `system.gpu.0.gpu`; those of single processes are others. Of a run
/// on several machines, the keys end in the label of the machine (`system.gpu.0.gpu/l:node-1`).
fn utilisations(system: &Numbers) -> Vec<f64> {
    let index = |key: &str| {
        let key = key.split_once("/l:").map_or(key, |(key, _label)| key);
        let index = key.strip_prefix("system.gpu.")?.strip_suffix(".gpu")?;
        (!index.is_empty() && index.chars().all(|c| c.is_ascii_digit())).then_some(())
    };
    system.iter().filter(|(key, _)| index(key).is_some()).map(|(_, pct)| pct).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    fn running(with: Value) -> Run {
        let mut record = row(json!({"state": "running", "created": DAY, "heartbeat": MINUTE}));
        for (key, value) in with.as_object().unwrap() {
            record[key] = value.clone();
        }
        serde_json::from_value(record).unwrap()
    }

    fn computed(runs: &[Run]) -> Batch {
        compute(runs, &config(), &config().projects[0], now())
    }

    fn counts(runs: &[Run]) -> (Option<f64>, Option<f64>) {
        let batch = computed(runs);
        (value(&batch, "wandb.runs.active"), value(&batch, "wandb.runs.stale"))
    }

    #[test]
    fn the_heartbeat_tells_active_from_stale() {
        assert_eq!(counts(&[]), (Some(0.0), Some(0.0)));
        let at = |seconds: i64| running(json!({"heartbeatAt": ago(seconds)}));
        assert_eq!(counts(&[at(30 * MINUTE)]), (Some(1.0), Some(0.0)));
        assert_eq!(counts(&[at(30 * MINUTE + 1)]), (Some(0.0), Some(1.0)));
        assert_eq!(counts(&[at(90 * DAY)]), (Some(0.0), Some(1.0)));
        assert_eq!(counts(&[at(-MINUTE)]), (Some(1.0), Some(0.0)), "it went on while it was read");
        assert_eq!(counts(&[running(json!({"heartbeatAt": null}))]), (Some(0.0), Some(0.0)));
        assert_eq!(counts(&[running(json!({"state": "finished"}))]), (Some(0.0), Some(0.0)));
        assert_eq!(counts(&[running(json!({"state": null}))]), (Some(0.0), Some(0.0)));
        let later = json!({"createdAt": ago(-1), "heartbeatAt": ago(-2)});
        assert_eq!(counts(&[running(later)]), (Some(0.0), Some(0.0)), "it did not run at that instant");
    }

    #[test]
    fn a_state_that_is_not_known_is_told() {
        let ended = running(json!({"state": "crashed"}));
        assert!(computed(&[ended, running(json!({}))]).warnings().is_empty(), "it ended while it was read");
        for (state, shown) in [(json!("odd"), "1 \"odd\""), (json!(null), "1 \"none\"")] {
            let batch = computed(&[running(json!({"state": state}))]);
            assert!(batch.warnings()[0].contains(shown), "{:?}", batch.warnings());
        }
    }

    #[test]
    fn the_limit_is_configured() {
        let config = Config { heartbeat_minutes: 5, ..config() };
        let runs = [running(json!({"heartbeatAt": ago(6 * MINUTE)}))];
        assert_eq!(value(&compute(&runs, &config, &config.projects[0], now()), "wandb.runs.stale"), Some(1.0));
    }

    fn utilisation(texts: &[Value]) -> (Option<f64>, Vec<String>) {
        let runs: Vec<Run> = texts.iter().map(|text| running(json!({"systemMetrics": text}))).collect();
        let batch = computed(&runs);
        (value(&batch, "wandb.training.gpu_utilization_pct"), batch.warnings().to_vec())
    }

    #[test]
    fn utilisation_is_a_mean_of_means() {
        let eight = json!(
            r#"{"system.gpu.0.gpu": 90, "system.gpu.1.gpu": 70, "system.gpu.0.memory": 5,
            "system.gpu.process.0.gpu": 1, "system.gpu..gpu": 2, "system.gpu.0.1.gpu": 3, "system.cpu": 4}"#
        );
        let one = json!(r#"{"system.gpu.10.gpu": 20.0, "system.gpu.1.gpu": NaN}"#);
        let none = json!("{\"system.cpu\": 50}");
        assert_eq!(utilisation(&[eight, one, none, json!(null)]), (Some(50.0), vec![]));
        assert_eq!(utilisation(&[]), (None, vec![]));
        assert_eq!(utilisation(&[json!("{}")]), (None, vec![]));
    }

    /// As the vendor's client names the metrics of a run on several machines, each of which has a label.
    #[test]
    fn the_gpus_of_labelled_machines_count() {
        let two =
            json!(r#"{"system.gpu.0.gpu/l:node-0": 90, "system.gpu.0.gpu/l:node-1": 30, "system.cpu/l:node-0": 4}"#);
        let odd = json!(r#"{"system.gpu.0.gpu/x": 7, "system.gpu.0.gpuX/l:a": 8, "system.gpu.process.0.gpu/l:a": 9}"#);
        assert_eq!(utilisation(&[two, odd]), (Some(60.0), vec![]));
    }

    #[test]
    fn an_impossible_utilisation_is_left_out_and_told() {
        for odd in ["{\"system.gpu.0.gpu\": 101}", "{\"system.gpu.0.gpu\": -1, \"system.gpu.1.gpu\": 40}", "oops"] {
            let (mean, warnings) = utilisation(&[json!(odd), json!("{\"system.gpu.0.gpu\": 80}")]);
            assert_eq!((mean, warnings.len()), (Some(80.0), 1), "{odd}: {warnings:?}");
        }
    }

    #[test]
    fn a_stale_run_tells_no_utilisation() {
        let stale = json!({"heartbeatAt": ago(HOUR), "systemMetrics": "{\"system.gpu.0.gpu\": 80}"});
        assert_eq!(value(&computed(&[running(stale)]), "wandb.training.gpu_utilization_pct"), None);
    }

    proptest! {
        #[test]
        fn every_running_run_with_a_heartbeat_is_either(
            beats in prop::collection::vec(prop::option::of(-HOUR..2 * DAY), 0..20), pct in 0.0..=100.0f64,
        ) {
            let system = json!({"system.gpu.0.gpu": pct}).to_string();
            let mut runs: Vec<Run> = beats
                .iter()
                .map(|beat| running(json!({"heartbeatAt": beat.map(ago), "systemMetrics": system})))
                .collect();
            let (active, stale) = counts(&runs);
            prop_assert_eq!(active.unwrap() + stale.unwrap(), beats.iter().flatten().count() as f64);
            let before = format!("{:?}", computed(&runs));
            if let Some(mean) = value(&computed(&runs), "wandb.training.gpu_utilization_pct") {
                prop_assert!((mean - pct).abs() < 1e-9 && active > Some(0.0));
            }
            runs.reverse();
            prop_assert_eq!(before, format!("{:?}", computed(&runs)));
        }
    }
}
