//! The run's own telemetry: section `self` of the metric specification.

use std::time::Duration;

use collector::Bounds;
use collector::Gauge;
use collector::Kind;
use collector::MetricDef;
use collector::Rejected;
use collector::Tags;

use crate::run::CollectorReport;
use crate::run::Outcome;
use crate::run::Report;

/// The name that these metrics have as a source.
pub const NAME: &str = "self";

const fn def(
    name: &'static str,
    unit: &'static str,
    bounds: Bounds,
    tags: &'static [&'static str],
    description: &'static str,
    absent_when: &'static str,
) -> MetricDef {
    MetricDef { name, group: NAME, unit, kind: Kind::Gauge, bounds, tags, description, absent_when }
}

const EACH: &[&str] = &["collector"];
const RUN: &[&str] = &[];
const COUNT: Bounds = Bounds::NON_NEGATIVE;

/// Whether a collector works.
pub const UP: MetricDef = def(
    "orgpulse.collector.up",
    "",
    Bounds::UNIT,
    EACH,
    "1 complete, 0.5 partial (some metric groups failed), 0 failed or timed out",
    "",
);
/// How long it took.
pub const DURATION: MetricDef =
    def("orgpulse.collector.duration_seconds", "second", COUNT, EACH, "Wall time of the collection", "");
/// What it produced.
pub const POINTS: MetricDef = def("orgpulse.collector.metrics", "metric", COUNT, EACH, "Points produced", "");
/// What failed.
pub const ERRORS: MetricDef = def(
    "orgpulse.collector.errors",
    "error",
    COUNT,
    EACH,
    "Metric groups that failed, each counted once for each thing (repository, region, ...) that it failed for",
    "",
);
/// What it cost.
pub const REQUESTS: MetricDef = def(
    "orgpulse.collector.api_requests",
    "request",
    COUNT,
    EACH,
    "HTTP requests sent to the source, retries and redirects included",
    "",
);
/// How slow its source is.
pub const LATENCY: MetricDef = def(
    "orgpulse.collector.api_latency_ms.p90",
    "millisecond",
    COUNT,
    EACH,
    "90th percentile of the latency of finished requests",
    "no request was finished",
);
/// How near its quota is.
pub const QUOTA: MetricDef = def(
    "orgpulse.collector.rate_limit_remaining_pct",
    "percent",
    Bounds::PERCENT,
    EACH,
    "Share of the source's scarcest quota that was left at the end",
    "the source names no quota",
);
/// How long the run took.
pub const RUN_DURATION: MetricDef =
    def("orgpulse.run.duration_seconds", "second", COUNT, RUN, "Wall time of the run up to this report", "");
/// What Datadog took.
pub const ACCEPTED: MetricDef = def(
    "orgpulse.submit.points",
    "",
    COUNT,
    RUN,
    "Points that Datadog accepted in this run before this report, replayed ones included",
    "nothing is sent (dry run)",
);
/// What waits.
pub const QUEUED: MetricDef = def(
    "orgpulse.spool.queued",
    "",
    COUNT,
    RUN,
    "Points waiting in the spool after the run, this report left out",
    "nothing is sent (dry run), or there is no spool",
);
/// What was given up.
pub const DROPPED: MetricDef = def(
    "orgpulse.spool.dropped",
    "",
    COUNT,
    RUN,
    "Points that this run gave up as too old for Datadog (55 minutes)",
    "nothing is sent (dry run)",
);

/// The table.
pub const METRICS: &[MetricDef] =
    &[UP, DURATION, POINTS, ERRORS, REQUESTS, LATENCY, QUOTA, RUN_DURATION, ACCEPTED, QUEUED, DROPPED];

/// What the submission came to, as far as there was one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Submission {
    /// Points that Datadog accepted.
    pub accepted: u64,
    /// Points waiting in the spool; none without a spool.
    pub queued: Option<u64>,
    /// Points given up as too old.
    pub too_old: u64,
}

/// The run's own gauges; `duration` is the run's up to here. Values that are no number of their metric come back as errors, never as points.
pub fn gauges(report: &Report, duration: Duration, submission: Option<Submission>) -> Vec<Result<Gauge, Rejected>> {
    let mut gauges = Vec::new();
    for collector in &report.collectors {
        gauges.extend(each(collector));
    }
    let run = |def, value| Gauge::new(def, value, Tags::new());
    gauges.push(run(&RUN_DURATION, duration.as_secs_f64()));
    if let Some(submission) = submission {
        gauges.push(run(&ACCEPTED, submission.accepted as f64));
        gauges.extend(submission.queued.map(|queued| run(&QUEUED, queued as f64)));
        gauges.push(run(&DROPPED, submission.too_old as f64));
    }
    gauges
}

fn each(collector: &CollectorReport) -> Vec<Result<Gauge, Rejected>> {
    let up = match collector.outcome {
        Outcome::Complete => 1.0,
        Outcome::Partial => 0.5,
        Outcome::Failed(_) => 0.0,
    };
    let values = [
        (&UP, Some(up)),
        (&DURATION, Some(collector.duration.as_secs_f64())),
        (&POINTS, Some(collector.batch.gauges().len() as f64)),
        (&ERRORS, Some(collector.failed_groups() as f64)),
        (&REQUESTS, Some(collector.reading.requests as f64)),
        (&LATENCY, collector.reading.latency_p90_ms),
        (&QUOTA, collector.reading.quota_remaining_pct),
    ];
    let tags = Tags::new().with("collector", collector.name);
    values.into_iter().filter_map(|(def, value)| Some(Gauge::new(def, value?, tags.clone()))).collect()
}
