//! `orgpulse explain`

use std::fmt::Write as _;

use health_fom::Declared;
use health_fom::metrics::Check;
use health_fom::metrics::Combine;
use health_fom::metrics::GOOD;
use health_fom::metrics::Origin;
use health_fom::metrics::Outcome;
use health_fom::metrics::Outcomes;
use health_fom::metrics::Score;
use health_fom::metrics::Scored;
use health_fom::metrics::State;
use health_fom::metrics::Value;
use health_fom::metrics::Verdict;
use health_fom::metrics::WARNING;
use health_fom::metrics::short;

use crate::cli::Common;
use crate::cli::check;
use crate::cli::judge;
use crate::cli::print;
use crate::config::Problems;
use crate::config::problem::did_you_mean;
use crate::exit::Exit;

/// Explain a score or a check: its inputs with their values and where these come from, the curve, what each adds, and
/// what would make it green. Collects what it is made of, and sends nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a score (health.prs.velocity.fom) or of a check (stale-pull-requests)
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    from: judge::Inputs,
}

/// Runs the subcommand.
pub async fn run(common: &Common, args: &Args) -> anyhow::Result<Exit> {
    let judged = judge::judge(common, &args.from, |declared, problems| only(declared, &args.name, problems)).await?;
    let declared = judged.health.declared();
    let mut text = String::new();
    let words = Words { lookback: &judged.lookback };
    for (check, verdict) in declared.checks.iter().zip(&judged.evaluation.checks) {
        words.check(&mut text, check, verdict);
    }
    for (score, outcomes) in declared.scores.iter().zip(&judged.evaluation.scores) {
        words.score(&mut text, score, outcomes);
    }
    print(&text)?;
    Ok(Exit::Complete)
}

/// The score or check of this name, with the score that a check looks at.
fn only(mut declared: Declared, name: &str, problems: &mut Problems) -> Declared {
    if !declared.names().contains(&name) {
        let near = did_you_mean(name, declared.names().into_iter());
        let cure = if near.is_empty() { format!("Known: {}", declared.names().join(", ")) } else { near };
        problems.add("command line", name, "there is no such score or check", cure);
    }
    if declared.checks.iter().any(|check| check.name == name) {
        declared.checks.retain(|check| check.name == name);
        declared.keep_scores_of_checks();
    } else {
        declared.scores.retain(|score| score.def.name == name);
        declared.checks.clear();
    }
    declared
}

/// Writing to a string cannot fail, hence the ignored results.
struct Words<'a> {
    lookback: &'a str,
}

impl Words<'_> {
    fn origin(&self, origin: Origin) -> String {
        match origin {
            Origin::Run => "this run".to_owned(),
            Origin::History => format!("Datadog, mean of the last {}", self.lookback),
        }
    }

    fn check(&self, text: &mut String, check: &Check, verdict: &Verdict) {
        let _ = writeln!(text, "{}  {}", check.name, verdict.state.word());
        let _ = writeln!(text, "  metric  {}", check.metric.def.name);
        match &verdict.value {
            Ok(value) => {
                let about = check::about(check, value);
                let about = if about.is_empty() { String::new() } else { format!(", {about}") };
                let _ = writeln!(text, "  value   {} ({}){about}", short(value.value), self.origin(value.origin));
            }
            Err(gap) => {
                let _ = writeln!(text, "  value   none: {}", gap.why);
            }
        }
        let warn = match check.warn {
            Some(warn) => format!(", a warning while {} {}", check.comparison, short(warn)),
            None => String::new(),
        };
        let _ = writeln!(text, "  target  {} {}{warn}", check.comparison, short(check.target));
        let green = match (verdict.state, &verdict.value) {
            (State::Met, _) => "it is".to_owned(),
            (_, Ok(value)) => {
                let by = short((value.value - check.target).abs());
                let way = if check.comparison.wants_less() { "less" } else { "more" };
                let beyond = if check.comparison.holds(check.target, check.target) { "" } else { "over " };
                format!("{} {}: {beyond}{by} {way} than now", check.comparison, short(check.target))
            }
            (_, Err(_)) => format!("once it has a value {} {}", check.comparison, short(check.target)),
        };
        let _ = writeln!(text, "  green   {green}");
        for (what, further) in [("owner", &check.owner), ("link", &check.link)] {
            if let Some(further) = further {
                let _ = writeln!(text, "  {what:<6}  {further}");
            }
        }
        text.push('\n');
    }

    fn score(&self, text: &mut String, score: &Score, outcomes: &Outcomes) {
        let _ = writeln!(text, "{}\n  {}", score.def.name, score.def.description);
        let _ = writeln!(text, "  {GOOD} and more is good, {WARNING} and more a warning, less is critical\n");
        if let Some(gap) = &outcomes.nothing {
            let _ = writeln!(text, "no score: {}\n", gap.why);
        }
        for outcome in &outcomes.things {
            self.outcome(text, score, outcome);
        }
    }

    fn outcome(&self, text: &mut String, score: &Score, outcome: &Outcome) {
        let thing = if outcome.tags.is_empty() { "the whole".to_owned() } else { outcome.tags.to_string() };
        let judgement = match outcome.score {
            Some(value) if value >= GOOD => format!("{} good", short(value)),
            Some(value) if value >= WARNING => format!("{} warning", short(value)),
            Some(value) => format!("{} critical", short(value)),
            None => format!("no score, {} % of its inputs are there", short(outcome.coverage * 100.0)),
        };
        let _ = writeln!(text, "{thing}  {judgement}");
        let all: f64 = score.inputs.iter().map(|one| one.weight).sum();
        for (declared, part) in score.inputs.iter().zip(&outcome.parts) {
            let share = declared.weight / all;
            match part {
                Ok((value, scored)) => {
                    let _ = writeln!(
                        text,
                        "  {} = {} ({})\n    {}: scores {}, weight {}, adds {}",
                        declared.input,
                        amount(declared, value),
                        self.origin(value.origin),
                        declared.curve,
                        short(*scored),
                        short(share),
                        short(scored * share)
                    );
                }
                Err(gap) => {
                    let _ = writeln!(
                        text,
                        "  {} has no value: {}\n    {}, weight {}",
                        declared.input,
                        gap.why,
                        declared.curve,
                        short(share)
                    );
                }
            }
        }
        let _ = writeln!(text, "  green: {}\n", green(score, outcome));
    }
}

/// The value, and of a ratio or sum its terms.
fn amount(declared: &Scored, value: &Value) -> String {
    let (above, below) = value.terms.split_at(declared.input.metrics.len().min(value.terms.len()));
    let sum = |terms: &[f64]| terms.iter().map(|term| short(*term)).collect::<Vec<_>>().join(" + ");
    let bracket = |terms: &[f64]| if terms.len() > 1 { format!("({})", sum(terms)) } else { sum(terms) };
    match (above.len(), below.len()) {
        (_, 1..) => format!("{} / {} = {}", bracket(above), bracket(below), short(value.value)),
        // The terms are sums of all series, of which a mean or a greatest is none.
        (2.., 0) if value.series == 1 || matches!(declared.input.combine, None | Some(Combine::Sum)) => {
            format!("{} = {}", sum(above), short(value.value))
        }
        _ => short(value.value),
    }
}

/// What would make a score good.
fn green(score: &Score, outcome: &Outcome) -> String {
    if outcome.score.is_some_and(|value| value >= GOOD) {
        return "it is".to_owned();
    }
    if outcome.score.is_none() {
        return "not before all inputs have a value".to_owned();
    }
    let alone = score.inputs.iter().enumerate().filter_map(|(place, declared)| {
        let needed = score.needed(outcome, place, GOOD)?;
        Some(format!("{} {}", declared.input, declared.curve.reach(needed)))
    });
    let alone: Vec<String> = alone.collect();
    if !alone.is_empty() {
        return format!("with {}", alone.join(", or "));
    }
    let each = score.inputs.iter().map(|one| format!("{} {}", one.input, one.curve.reach(GOOD)));
    format!("no input can do it alone; with {}", each.collect::<Vec<_>>().join(" and "))
}

#[cfg(test)]
mod tests {
    use health_fom::metrics::Curve;
    use health_fom::metrics::Input;
    use health_fom::metrics::Metric;

    use super::*;

    /// Terms are sums over all series; only a sum is made of them.
    #[test]
    fn a_mean_or_greatest_of_several_series_is_not_written_as_a_sum() {
        let metric = Metric { source: "wandb", def: &wandb::METRICS[0] };
        for (combine, series, value, words) in [
            (Some(Combine::Mean), 2, 19.0, "19"),
            (Some(Combine::Max), 2, 25.0, "25"),
            (Some(Combine::Sum), 2, 38.0, "8 + 30 = 38"),
            (Some(Combine::Mean), 1, 38.0, "8 + 30 = 38"),
            (None, 1, 38.0, "8 + 30 = 38"),
        ] {
            let input = Input { metrics: vec![metric, metric], over: Vec::new(), tags: Vec::new(), combine };
            let scored = Scored { input, curve: Curve::Ramp { worst: 1.0, best: 0.0 }, weight: 1.0 };
            let value = Value { value, terms: vec![8.0, 30.0], series, tags: None, origin: Origin::Run };
            assert_eq!(amount(&scored, &value), words, "{combine:?} of {series}");
        }
    }
}
