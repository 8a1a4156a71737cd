//! `orgpulse collect`

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::Common;
use crate::cli::complain;
use crate::cli::delivery;
use crate::cli::delivery::Delivered;
use crate::cli::print;
use crate::cli::secrets::DATADOG;
use crate::cli::secrets::Secrets;
use crate::config;
use crate::config::Configured;
use crate::config::Flag;
use crate::config::Problems;
use crate::config::problem::capital;
use crate::config::run::RunConfig;
use crate::config::secrets;
use crate::exit::Exit;
use crate::http;
use crate::progress;
use crate::registry;
use crate::registry::Selection;
use crate::run;
use crate::run::CollectorReport;
use crate::run::Outcome;
use crate::run::Plan;
use crate::run::Report;
use crate::sinks::datadog::Datadog;
use crate::sinks::stdout;
use crate::sinks::stdout::Output;
use crate::sinks::stdout::Shown;
use crate::stop;
use crate::stop::Stop;

/// Collect from sources, one after another, and show the gauges; with --push send them to Datadog.
///
/// A number that is shown is right; what could not be read is listed with the reason and not sent.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Sources to read (see `orgpulse list`), or `all` that are configured
    #[arg(required = true, value_name = "SOURCE")]
    names: Vec<String>,
    /// Show what would be sent, send nothing (the default)
    #[arg(long, conflicts_with = "push")]
    dry_run: bool,
    /// Send to Datadog; needs DD_API_KEY
    #[arg(long)]
    push: bool,
    /// Form of the output
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// Take this instant (RFC 3339) for now, instead of the clock
    #[arg(long, value_name = "INSTANT", value_parser = instant)]
    now: Option<Timestamp>,
    /// Time for the whole collection, as in 90s or 5m [default: 10m]
    #[arg(long, value_name = "TIME")]
    deadline: Option<String>,
    /// Time for one collector, as in 90s or 5m [default: 120s]
    #[arg(long, value_name = "TIME")]
    collector_deadline: Option<String>,
    /// Exit with 0 instead of 3 when something failed and the rest was delivered
    #[arg(long)]
    tolerate_partial: bool,
}

/// Runs the subcommand.
pub async fn run(common: &Common, args: &Args) -> anyhow::Result<Exit> {
    let begun = Instant::now();
    let (settings, mut problems) = common.settings(&args.flags());
    // Every mistake is told before anybody is asked anything, Secrets Manager included.
    let standing = settings.with_stand_ins();
    let mut selection = registry::select(&args.names, &standing, &mut problems);
    if selection.collectors.is_empty() && problems.is_empty() {
        for (name, missing) in &selection.skipped {
            problems.add(
                "configuration",
                *name,
                "is not configured, nor is any other source",
                capital(&missing.join("; ")),
            );
        }
    }
    let now = args.now.unwrap_or_else(Timestamp::now);
    let mut sink = None;
    if args.push {
        check_now(now, &mut problems);
        match config::datadog::configure(&standing, &mut problems) {
            Configured::Ready(settings) => sink = Some(settings),
            Configured::Missing(missing) if missing.is_empty() => {}
            Configured::Missing(missing) => {
                let cure = capital(&missing.join("; "));
                problems.add("configuration", "datadog", "--push needs Datadog's API key", cure);
            }
        }
    }
    let mut sections: Vec<&str> = selection.collectors.iter().map(|collector| collector.name()).collect();
    sections.extend(sink.is_some().then_some(DATADOG));
    secrets::check(&settings, &sections, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let run = RunConfig::new(&settings);
    let http = http::client()?;
    let stop = stop::on_signal();
    let secrets = Secrets::read(settings, &sections, &http, run.deadline, &stop).await;
    secrets.unlock(&mut selection);
    let sink = sink.map(|settings| secrets.sink(settings, http.clone()));
    let task = Task { run, selection, now, spent: begun.elapsed(), http, sink, output: args.output };
    let (_, exit) = perform(task, &stop).await?;
    Ok(exit)
}

/// A run whose settings are resolved and sound.
pub struct Task {
    /// Deadlines, tags, judgement.
    pub run: RunConfig,
    /// The collectors.
    pub selection: Selection,
    /// The instant of every window and every point.
    pub now: Timestamp,
    /// What the run has taken of its time before its collection.
    pub spent: Duration,
    /// The client of the sources.
    pub http: reqwest::Client,
    /// Where to push to; none in a dry run.
    pub sink: Option<Datadog>,
    /// Form of the output.
    pub output: Output,
}

/// Collects, delivers, shows.
///
/// # Errors
/// When standard output cannot be written to.
pub async fn perform(task: Task, stop: &Stop) -> anyhow::Result<(Delivered, Exit)> {
    let Task { run, selection, now, spent, http, sink, output } = task;
    let deadline = run.deadline.saturating_sub(spent);
    let plan = Plan { now, deadline, collector_deadline: run.collector_deadline, http };
    let mut report = run::collect(&selection.collectors, &plan, &progress::Line::default(), stop).await;
    report.duration += spent;
    let delivered = delivery::deliver(&report, &run.common_tags, sink.as_ref(), stop).await;
    let exit = judge(&report, &delivered, run.tolerate_partial);
    let shown = Shown {
        report: &report,
        duration: delivered.duration,
        points: &delivered.points,
        skipped: &selection.skipped,
        warnings: &delivered.warnings,
        delivery: delivered.delivery.as_ref(),
        exit_code: exit.code(),
    };
    let printed = print(&stdout::render(output, &shown)?);
    if output != Output::Table {
        tell(&shown, output);
    }
    match printed {
        // What was delivered stays delivered: the exit code must not say that nothing was.
        Err(error) if delivered.delivery.is_some() => {
            complain(&error);
            Ok((delivered, if exit == Exit::Complete { Exit::Partial } else { exit }))
        }
        printed => printed.map(|()| (delivered, exit)),
    }
}

/// Reads an instant of the command line.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| "is no instant; write it as in 2026-11-20T10:00:00Z".to_owned())
}

impl Args {
    fn flags(&self) -> Vec<Flag> {
        let mut flags = Vec::new();
        flags.extend(self.deadline.clone().map(|time| ("deadline", "--deadline", time)));
        let time = self.collector_deadline.clone();
        flags.extend(time.map(|time| ("collector_deadline", "--collector-deadline", time)));
        if self.tolerate_partial {
            flags.push(("tolerate_partial", "--tolerate-partial", "true".to_owned()));
        }
        flags
    }
}

/// Datadog answers 202 to points from more than an hour ago or 10 minutes ahead, and drops them in silence.
fn check_now(now: Timestamp, problems: &mut Problems) {
    let age = Timestamp::now().duration_since(now);
    if age > SignedDuration::from_mins(55) || age < SignedDuration::from_mins(-10) {
        let why = "Datadog drops points of more than 55 minutes ago or 10 minutes ahead in silence";
        problems.add("command line", "--now", why, "Leave out --now or --push");
    }
}

/// The exit code of a run.
fn judge(report: &Report, delivered: &Delivered, tolerate_partial: bool) -> Exit {
    let collected = report.collectors.iter().any(|collector| !collector.batch.gauges().is_empty());
    let complete = report.collectors.iter().all(|collector| collector.outcome == Outcome::Complete);
    let accepted = delivered.delivery.as_ref().is_none_or(|delivery| delivery.accepted > 0);
    let all_accepted = delivered
        .delivery
        .as_ref()
        .is_none_or(|delivery| delivery.failure.is_none() && delivery.accepted == delivered.points.len() as u64);
    match (complete && all_accepted && delivered.warnings.is_empty(), collected && accepted) {
        (true, _) => Exit::Complete,
        (false, true) if tolerate_partial => Exit::Complete,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Nothing,
    }
}

/// What the table tells in its text is logged where the output is for programs.
fn tell(shown: &Shown<'_>, output: Output) {
    for collector in &shown.report.collectors {
        if let Outcome::Failed(failure) = &collector.outcome {
            tracing::error!(collector = collector.name, reason = %failure.reason, "{failure}");
        }
        for failed in collector.batch.failures() {
            let failure = &failed.failure;
            if collector.outcome == Outcome::Failed(failure.clone()) {
                // Told above, for all groups.
                continue;
            }
            tracing::warn!(
                collector = collector.name,
                group = failed.group,
                tags = %failed.tags,
                reason = %failure.reason,
                "{failure}"
            );
        }
        for warning in collector.batch.warnings() {
            tracing::warn!(collector = collector.name, "{warning}");
        }
        // The one document tells these itself.
        if output == Output::Ndjson {
            tell_absences(collector);
        }
    }
    for warning in shown.warnings {
        tracing::warn!("{warning}");
    }
    for (name, missing) in shown.skipped {
        tracing::warn!(collector = name, "skipped: not configured; {}", missing.join("; "));
    }
    if let Some(delivery) = shown.delivery {
        if let Some(failure) = &delivery.failure {
            tracing::error!(reason = %failure.reason, "{failure}");
        }
        for warning in &delivery.warnings {
            tracing::warn!("{warning}");
        }
    }
}

/// The metrics without a value, a line for those of the same thing and reason.
fn tell_absences(collector: &CollectorReport) {
    let mut metrics: BTreeMap<_, Vec<&str>> = BTreeMap::new();
    for absence in collector.batch.absences() {
        metrics.entry((absence.tags.to_string(), absence.why.as_ref())).or_default().push(absence.def.name);
    }
    for ((tags, why), metrics) in metrics {
        tracing::warn!(collector = collector.name, tags, metrics = metrics.join(" "), "no value: {why}");
    }
}
