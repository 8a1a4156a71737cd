//! What `check` and `explain` have in common: they collect what the scores and checks in question are made of, or read it
//! from Datadog, and send nothing.

use std::collections::BTreeSet;

use collector::Context;
use futures_util::FutureExt;
use health_fom::Declared;
use health_fom::Evaluation;
use health_fom::Health;
use health_fom::metrics::Cause;
use health_fom::metrics::Outcomes;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::Common;
use crate::cli::secrets::Secrets;
use crate::config;
use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::run::RunConfig;
use crate::config::secrets;
use crate::http;
use crate::progress;
use crate::registry::SOURCES;
use crate::registry::Selection;
use crate::run;
use crate::run::Outcome;
use crate::run::Plan;
use crate::run::Report;
use crate::sinks::datadog::query;
use crate::stop;

/// Where the inputs come from.
#[derive(Debug, clap::Args)]
pub struct Inputs {
    /// Collect nothing: read every input from Datadog, as earlier runs have sent it; needs DD_APP_KEY and DD_API_KEY
    #[arg(long)]
    from_datadog: bool,
    /// Take this instant (RFC 3339) for now, instead of the clock
    #[arg(long, value_name = "INSTANT", value_parser = crate::cli::collect::instant)]
    now: Option<Timestamp>,
}

/// What was asked for, and what came of it.
pub struct Judged {
    /// The scores and checks in question.
    pub health: Health,
    /// What came of each.
    pub evaluation: Evaluation,
    /// The instant of the run.
    pub now: Timestamp,
    /// How far the history goes back, in words.
    pub lookback: String,
}

/// Gathers the inputs of what `choose` leaves of the declared scores and checks, and judges them.
///
/// # Errors
/// [`Problems`], those of `choose` among them.
pub async fn judge(
    common: &Common,
    args: &Inputs,
    choose: impl Fn(Declared, &mut Problems) -> Declared,
) -> anyhow::Result<Judged> {
    let begun = Instant::now();
    let (settings, mut problems) = common.settings(&[]);
    let standing = settings.with_stand_ins();
    let health = config::health_fom::health(&standing, &mut problems);
    let health = health.of(|declared| choose(declared, &mut problems));
    let mut selection = select(args, &health, &standing, &mut problems);
    let mut sections: Vec<&str> = selection.collectors.iter().map(|collector| collector.name()).collect();
    sections.push(health_fom::NAME);
    secrets::check(&settings, &sections, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let run = RunConfig::new(&settings);
    let lookback = query::words(settings.duration("health_fom.lookback").unwrap_or_default());
    let stop = stop::requested("nothing more is read, and nothing is judged").boxed().shared();
    let http = http::client()?;
    let secrets = Secrets::read(settings, &sections, &http, run.deadline, &stop).await;
    secrets.unlock(&mut selection);
    let health = secrets.health().of(|declared| choose(declared, &mut problems));
    let now = args.now.unwrap_or_else(Timestamp::now);
    let deadline = run.deadline.saturating_sub(begun.elapsed());
    let plan = Plan { now, deadline, collector_deadline: run.collector_deadline, http: http.clone() };
    let report = run::collect(&selection.collectors, &plan, &progress::Line::default(), &stop).await;
    tell(&report);
    let earlier = report.collectors.iter().map(run::CollectorReport::earlier).collect();
    let end = (Instant::now() + run.collector_deadline).min(begun + run.deadline);
    let context = Context::new(now, http, end, earlier);
    let evaluation = tokio::select! {
        biased;
        () = stop => anyhow::bail!("asked to end before all that was needed had been read"),
        evaluation = health.evaluate(&context) => evaluation,
    };
    tell_unread(&evaluation);
    Ok(Judged { health, evaluation, now, lookback })
}

/// The configured sources that the inputs come from; none where all are read from Datadog.
fn select(args: &Inputs, health: &Health, settings: &Settings, problems: &mut Problems) -> Selection {
    let needed: BTreeSet<&str> = health.needed().iter().map(|metric| metric.source).collect();
    let mut selection = Selection { collectors: Vec::new(), skipped: Vec::new() };
    if args.from_datadog {
        if !health.has_history() {
            problems.add("command line", "--from-datadog", "needs Datadog's keys", "Set DD_APP_KEY and DD_API_KEY");
        }
        return selection;
    }
    for source in SOURCES.iter().filter(|source| needed.contains(source.name)) {
        match (source.configure)(settings, problems) {
            Configured::Ready(collector) => selection.collectors.push(collector),
            Configured::Missing(missing) => selection.skipped.push((source.name, missing)),
        }
    }
    if selection.collectors.is_empty() && !health.has_history() && problems.is_empty() {
        let names = needed.into_iter().collect::<Vec<_>>().join(", ");
        let why = format!("none of the sources that this is made of is configured ({names})");
        let cure = "Configure one (`orgpulse list` says how), or set DD_APP_KEY and DD_API_KEY to read the last values from Datadog";
        problems.add("configuration", "", why, cure);
    }
    selection
}

/// Why Datadog could not be read, and what to do: the board only has room for the reason.
fn tell_unread(evaluation: &Evaluation) {
    let of_checks = evaluation.checks.iter().filter_map(|verdict| verdict.value.as_ref().err());
    let mut gaps = of_checks.chain(evaluation.scores.iter().flat_map(Outcomes::gaps));
    let failure = gaps.find_map(|gap| match &gap.cause {
        Cause::Failed(failure) => Some(failure),
        _ => None,
    });
    if let Some(failure) = failure {
        tracing::warn!(reason = %failure.reason, "{failure}");
    }
}

/// What failed is told: the board only says what it left unknown.
fn tell(report: &Report) {
    for collector in &report.collectors {
        if let (Outcome::Failed(failure), true) = (&collector.outcome, collector.batch.failures().is_empty()) {
            tracing::warn!(collector = collector.name, reason = %failure.reason, "{failure}");
        }
        for failed in collector.batch.failures() {
            let (group, reason) = (failed.group, failed.failure.reason);
            tracing::warn!(collector = collector.name, group, tags = %failed.tags, %reason, "{}", failed.failure);
        }
    }
}
