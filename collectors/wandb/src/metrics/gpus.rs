//! GPU hours and what they cost.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Batch;
use collector::Tags;
use collector::Window;

use crate::catalog;
use crate::records::Run;

/// The entry of the prices for GPUs that no other entry names.
const DEFAULT: &str = "default";

pub(super) fn compute(runs: &[Run], prices: &BTreeMap<String, f64>, week: Window, tags: &Tags, batch: &mut Batch) {
    let hours: Vec<(&Run, f64)> = runs.iter().map(|run| (run, gpu_hours(run, week))).collect();
    batch.gauge(&catalog::GPU_HOURS, hours.iter().map(|(_, hours)| hours).sum(), tags);
    if prices.is_empty() {
        batch.gauge_or_absent(&catalog::COST, None, tags);
        return;
    }
    let (mut dollars, mut unpriced) = (0.0, BTreeSet::new());
    for (run, hours) in hours.into_iter().filter(|(_, hours)| *hours > 0.0) {
        let gpu = run.run_info.as_ref().and_then(|info| info.gpu.as_deref()).unwrap_or_default();
        match price(gpu, prices) {
            Some(price) => dollars += hours * price,
            None => {
                unpriced.insert(if gpu.is_empty() { "no name" } else { gpu });
            }
        }
    }
    batch.gauge(&catalog::COST, dollars, tags);
    if !unpriced.is_empty() {
        let list: Vec<String> = unpriced.iter().take(5).map(|gpu| format!("{gpu:.60?}")).collect();
        let list = list.join(", ");
        batch.warn(format!(
            "{tags}: the hours of GPUs without a price are left out of wandb.training.cost_estimate_usd: {list}; \
             give them one in wandb.gpu_hourly_usd, or an entry default"
        ));
    }
}

/// GPUs of a run times the hours from its creation to its last heartbeat that fall into the window.
fn gpu_hours(run: &Run, window: Window) -> f64 {
    let count = run.run_info.as_ref().and_then(|info| info.gpu_count).unwrap_or_default();
    let Some(end) = run.heartbeat_at else { return 0.0 };
    let seconds = end.min(window.end()).duration_since(run.created_at.max(window.start())).as_secs_f64();
    f64::from(count) * seconds.max(0.0) / 3600.0
}

/// The price of the longest entry whose words the GPU's name has, in any case; among equally long ones, of the first by
/// the alphabet.
fn price(gpu: &str, prices: &BTreeMap<String, f64>) -> Option<f64> {
    let gpu = gpu.to_lowercase();
    let named = prices.iter().filter(|(word, _)| *word != DEFAULT && has_word(&gpu, &word.to_lowercase()));
    let longest = named.reduce(|best, other| if other.0.len() > best.0.len() { other } else { best });
    longest.map(|(_, price)| *price).or_else(|| prices.get(DEFAULT).copied())
}

/// Whether a text has a word whole: neither a letter nor a digit touches it. L4 is no word of L40S.
fn has_word(text: &str, word: &str) -> bool {
    let free = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    text.match_indices(word)
        .any(|(at, found)| free(text[..at].chars().next_back()) && free(text[at + found.len()..].chars().next()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::sample::*;
    use super::*;

    fn prices(pairs: &[(&str, f64)]) -> BTreeMap<String, f64> {
        pairs.iter().map(|(word, price)| ((*word).to_owned(), *price)).collect()
    }

    fn with_gpus(created: i64, heartbeat: i64, count: u32) -> Run {
        run(json!({"created": created, "heartbeat": heartbeat, "runInfo": {"gpu": "NVIDIA H100", "gpuCount": count}}))
    }

    fn computed(runs: &[Run], prices: &BTreeMap<String, f64>) -> Batch {
        let mut batch = Batch::new();
        compute(runs, prices, Window::days(now(), 7), &super::super::tags(&config().projects[0]), &mut batch);
        batch
    }

    #[test]
    fn only_the_hours_inside_the_window_count() {
        let week = Window::days(now(), 7);
        for (created, heartbeat, hours) in [
            (3 * HOUR, HOUR, 2.0),
            (10 * DAY, HOUR, 167.0),
            (10 * DAY, 7 * DAY, 0.0),
            (10 * DAY, 8 * DAY, 0.0),
            (7 * DAY, 6 * DAY, 24.0),
            // Beats that came after the collection's instant, and clocks that disagree.
            (HOUR, -HOUR, 1.0),
            (-HOUR, -2 * HOUR, 0.0),
            (HOUR, 2 * HOUR, 0.0),
            (10 * DAY, -HOUR, 168.0),
        ] {
            assert_eq!(gpu_hours(&with_gpus(created, heartbeat, 1), week), hours, "{created} {heartbeat}");
            assert_eq!(gpu_hours(&with_gpus(created, heartbeat, 8), week), 8.0 * hours, "{created} {heartbeat}");
        }
    }

    #[test]
    fn an_unknown_count_or_end_is_no_hours() {
        let unknown = [
            run(json!({})),
            run(json!({"runInfo": {"gpu": "NVIDIA H100", "gpuCount": null}})),
            run(json!({"heartbeatAt": null, "runInfo": {"gpu": "NVIDIA H100", "gpuCount": 8}})),
        ];
        let batch = computed(&unknown, &prices(&[("H100", 2.0)]));
        assert_eq!(value(&batch, "wandb.training.gpu_hours_7d"), Some(0.0));
        assert_eq!(value(&batch, "wandb.training.cost_estimate_usd"), Some(0.0));
        assert!(batch.warnings().is_empty(), "{:?}", batch.warnings());
    }

    #[test]
    fn a_price_is_found_by_a_whole_word_in_any_case() {
        let table = prices(&[("h100", 2.0), ("L4", 0.5), ("A100-SXM4", 1.5), ("a100", 1.0), ("RTX 4090", 0.25)]);
        for (gpu, expected) in [
            ("NVIDIA H100 80GB HBM3", Some(2.0)),
            ("h100", Some(2.0)),
            ("NVIDIA L4", Some(0.5)),
            ("NVIDIA L40S", None),
            ("NVIDIA H1000", None),
            ("XH100", None),
            ("NVIDIA A100-SXM4-80GB", Some(1.5)),
            ("NVIDIA A100-PCIE-40GB", Some(1.0)),
            ("NVIDIA GeForce RTX 4090", Some(0.25)),
            ("L40S and L4", Some(0.5)),
            ("default", None),
            ("", None),
        ] {
            assert_eq!(price(gpu, &table), expected, "{gpu}");
        }
        let with_default = prices(&[("H100", 2.0), ("default", 0.75)]);
        for (gpu, expected) in [("NVIDIA H100", 2.0), ("Tesla T4", 0.75), ("", 0.75), ("default h100", 2.0)] {
            assert_eq!(price(gpu, &with_default), Some(expected), "{gpu}");
        }
    }

    #[test]
    fn hours_without_a_price_are_left_out_and_told() {
        let other = run(json!({"runInfo": {"gpu": "Tesla T4", "gpuCount": 1}}));
        let runs = [with_gpus(3 * HOUR, HOUR, 2), other];
        let batch = computed(&runs, &prices(&[("H100", 2.5)]));
        assert_eq!(value(&batch, "wandb.training.gpu_hours_7d"), Some(5.0));
        assert_eq!(value(&batch, "wandb.training.cost_estimate_usd"), Some(10.0));
        assert!(batch.warnings()[0].contains("Tesla T4"), "{:?}", batch.warnings());
        let batch = computed(&runs, &BTreeMap::new());
        assert_eq!(value(&batch, "wandb.training.cost_estimate_usd"), None);
        assert!(batch.warnings().is_empty());
    }

    proptest! {
        #[test]
        fn a_run_has_at_most_the_windows_hours(created in -DAY..20 * DAY, heartbeat in -DAY..20 * DAY, count in 0u32..16) {
            let hours = gpu_hours(&with_gpus(created, heartbeat, count), Window::days(now(), 7));
            prop_assert!((0.0..=168.0 * f64::from(count)).contains(&hours), "{hours}");
        }

        #[test]
        fn one_price_for_all_is_the_hours_times_it(spans in prop::collection::vec((0..9 * DAY, 0..9 * DAY, 0u32..9), 0..8)) {
            let runs: Vec<Run> = spans.iter().map(|(created, beat, count)| with_gpus(*created, *beat, *count)).collect();
            let batch = computed(&runs, &prices(&[("default", 2.0)]));
            let hours = value(&batch, "wandb.training.gpu_hours_7d").unwrap();
            let dollars = value(&batch, "wandb.training.cost_estimate_usd").unwrap();
            prop_assert!((dollars - 2.0 * hours).abs() < 1e-6);
        }
    }
}
