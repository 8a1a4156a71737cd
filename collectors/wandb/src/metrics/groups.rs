//! Gauges of the configured groups of runs.

use collector::Batch;
use collector::Tags;
use collector::Window;
use collector::stats;
use jiff::Timestamp;

use super::ended_in;
use super::is_in;
use super::newest;
use super::recent::mean_hours;
use crate::catalog;
use crate::config::Config;
use crate::config::Selector;
use crate::records::Run;

pub(super) fn compute(runs: &[Run], config: &Config, now: Timestamp, tags: &Tags, batch: &mut Batch) {
    let (day, week) = (Window::hours(now, 24), Window::days(now, 7));
    for group in &config.groups {
        let tags = tags.clone().with("group", &group.name);
        let members: Vec<&Run> = runs.iter().filter(|run| group.selectors.iter().any(|by| matches(by, run))).collect();
        let ended = |states: &[&str]| -> Vec<&Run> {
            members.iter().copied().filter(|run| is_in(run, states) && ended_in(run, day)).collect()
        };
        let (completed, failed) = (ended(&["finished"]), ended(&["failed", "crashed"]));
        let counts = (completed.len() as f64, failed.len() as f64);
        batch.gauge(&catalog::GROUP_COMPLETED, counts.0, &tags);
        batch.gauge(&catalog::GROUP_FAILED, counts.1, &tags);
        batch.gauge_or_absent(&catalog::GROUP_SUCCESS_RATE, stats::percent(counts.0, counts.0 + counts.1), &tags);
        batch.gauge_or_absent(&catalog::GROUP_DURATION, mean_hours(completed.into_iter()), &tags);
        for key in &config.group_keys {
            let speed = newest(members.iter().copied(), week, |run| run.summary.get(key));
            batch.gauge_or_absent(&catalog::GROUP_SPEED, speed, &tags.clone().with("key", key));
        }
    }
}

fn matches(selector: &Selector, run: &Run) -> bool {
    match selector {
        Selector::Name(glob) => run.display_name.as_deref().is_some_and(|name| glob.is_match(name)),
        Selector::Tag(glob) => run.tags.iter().flatten().any(|tag| glob.is_match(tag)),
        Selector::Sweep => run.sweep_name.as_deref().is_some_and(|sweep| !sweep.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::*;
    use super::*;
    use crate::config::Group;

    fn computed(runs: &[Run], config: &Config) -> Batch {
        let mut batch = Batch::new();
        compute(runs, config, now(), &super::super::tags(&config.projects[0]), &mut batch);
        batch
    }

    #[test]
    fn a_group_without_runs_has_zeros_and_no_averages() {
        let batch = computed(&[run(json!({}))], &config());
        for group in ["group:push_to_main", "group:sweep"] {
            for (name, expected) in [
                ("runs_completed_24h", Some(0.0)),
                ("runs_failed_24h", Some(0.0)),
                ("success_rate_pct", None),
                ("avg_duration_hours", None),
            ] {
                assert_eq!(value_of(&batch, &format!("wandb.group.{name}"), group), expected, "{name}");
            }
            for key in ["overview/sps", "timing_per_epoch/sps"] {
                let tags = format!("{group} key:{key}");
                assert_eq!(value_of(&batch, "wandb.group.steps_per_second", &tags), None);
            }
        }
    }

    #[test]
    fn runs_join_by_name_tag_and_sweep() {
        let pushed = run(json!({"displayName": "github.sky.main"}));
        let swept = run(json!({"sweepName": "x1", "displayName": "github.sky.y", "computeSeconds": 2 * HOUR}));
        let named = run(json!({"displayName": "ann.sweep.3", "state": "crashed"}));
        let none = run(json!({"displayName": null, "tags": null, "sweepName": ""}));
        let batch = computed(&[pushed, swept, named, none], &config());
        let of = |name: &str, group: &str| value_of(&batch, &format!("wandb.group.{name}"), group);
        assert_eq!(of("runs_completed_24h", "group:push_to_main"), Some(2.0));
        assert_eq!(of("avg_duration_hours", "group:push_to_main"), Some(1.5));
        assert_eq!(of("success_rate_pct", "group:push_to_main"), Some(100.0));
        assert_eq!(of("runs_completed_24h", "group:sweep"), Some(1.0));
        assert_eq!(of("runs_failed_24h", "group:sweep"), Some(1.0));
        assert_eq!(of("success_rate_pct", "group:sweep"), Some(50.0));
        let selectors = vec!["tag:night*".parse().unwrap()];
        let by_tag = Config { groups: vec![Group { name: "night".to_owned(), selectors }], ..config() };
        let batch = computed(&[run(json!({"tags": ["x", "nightly"]})), run(json!({"tags": ["Nightly"]}))], &by_tag);
        assert_eq!(value_of(&batch, "wandb.group.runs_completed_24h", "group:night"), Some(1.0));
    }

    #[test]
    fn only_runs_that_ended_in_24_hours_count() {
        let at =
            |heartbeat: i64| run(json!({"displayName": "github.sky.x", "created": 3 * DAY, "heartbeat": heartbeat}));
        let batch = computed(&[at(DAY), at(DAY - 1), at(0), at(-1)], &config());
        assert_eq!(value_of(&batch, "wandb.group.runs_completed_24h", "group:push_to_main"), Some(2.0));
    }

    #[test]
    fn the_speed_is_that_of_the_newest_run_with_the_key() {
        let at = |heartbeat: i64, state: &str, summary: &str| {
            run(json!({"displayName": "github.sky.x", "created": 9 * DAY, "heartbeat": heartbeat, "state": state,
                "summaryMetrics": summary}))
        };
        let runs = [
            at(8 * DAY, "finished", r#"{"timing_per_epoch/sps": 9}"#),
            at(3 * DAY, "killed", r#"{"overview/sps": 1, "timing_per_epoch/sps": 2}"#),
            at(HOUR, "running", r#"{"overview/sps": 3}"#),
            at(0, "finished", r#"{"overview/sps": NaN}"#),
        ];
        let batch = computed(&runs, &config());
        let speed =
            |key: &str| value_of(&batch, "wandb.group.steps_per_second", &format!("group:push_to_main key:{key}"));
        assert_eq!((speed("overview/sps"), speed("timing_per_epoch/sps")), (Some(3.0), Some(2.0)));
    }
}
