//! What the machines did, and cost.

use super::Case;
use super::Run;
use super::hours;
use super::mean;
use super::number;
use jiff::SignedDuration;

/// "mean over active runs of the mean of their GPUs' latest utilisation"; a run that tells of none has no mean.
pub fn utilisation(active: &[&Run]) -> Option<f64> {
    let of_run = |run: &&Run| {
        let system = run.system.as_deref()?;
        let gpus = system.iter().filter(|(key, _)| is_utilisation(key));
        mean(&gpus.filter_map(|(key, _)| number(system, key)).collect::<Vec<f64>>())
    };
    mean(&active.iter().filter_map(of_run).collect::<Vec<f64>>())
}

/// `system.gpu.<number>.gpu`, and `/l:<label>` behind it where the run is on several machines.
fn is_utilisation(key: &str) -> bool {
    let plain = key.find("/l:").map_or(key, |label| &key[..label]);
    let index = plain.strip_prefix("system.gpu.").and_then(|rest| rest.strip_suffix(".gpu"));
    index.is_some_and(|index| !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit()))
}

/// "sum over runs of runInfo.gpuCount x hours of [createdAt, heartbeatAt] that fall in 7d; an unknown count is 0"
pub fn hours_in_week(case: &Case) -> f64 {
    case.all().map(|run| gpu_hours(case, run)).sum()
}

fn gpu_hours(case: &Case, run: &Run) -> f64 {
    let gpus = run.info.as_ref().and_then(|info| info.gpu_count).unwrap_or(0);
    let Some(heartbeat) = run.heartbeat_at else { return 0.0 };
    let start = case.now.saturating_sub(SignedDuration::from_hours(7 * 24)).unwrap_or(case.now);
    f64::from(gpus) * hours(run.created_at.max(start), heartbeat.min(case.now)).max(0.0)
}

/// "those GPU hours x wandb.gpu_hourly_usd: a map from a word of runInfo.gpu (whole word, any case) to dollars an hour,
/// with an optional entry default; hours without a price are left out; absent while the map is empty"
pub fn cost(case: &Case) -> Option<f64> {
    let prices = &case.settings.gpu_hourly_usd;
    let price = |run: &Run| {
        let model = run.info.as_ref().and_then(|info| info.gpu.as_deref()).unwrap_or_default();
        // Where two words are of one model, the longer one says more.
        let of_model = prices.iter().filter(|(word, _)| *word != "default" && has_word(model, word));
        let best = of_model.max_by_key(|(word, _)| word.len()).map(|(_, price)| *price);
        best.or_else(|| prices.get("default").copied()).unwrap_or(0.0)
    };
    (!prices.is_empty()).then(|| case.all().map(|run| gpu_hours(case, run) * price(run)).sum())
}

fn has_word(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(&word)
        .any(|(at, _)| ends(text[..at].chars().next_back()) && ends(text[at + word.len()..].chars().next()))
}
