//! JSON for programs. The shapes are described in docs/OPERATIONS.md; a field may be added, none changes its meaning.

use serde::Serialize;

use crate::point::Point;
use crate::run::CollectorReport;
use crate::run::Outcome;
use crate::sinks::stdout::Shown;
use crate::sinks::stdout::instant;
use crate::sinks::stdout::missing;
use crate::sinks::stdout::tags;

#[derive(Serialize)]
struct Document<'a> {
    run: Run<'a>,
    collectors: Vec<Collector<'a>>,
    gauges: Vec<Gauge<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    version: &'static str,
    now: String,
    duration_seconds: f64,
    dry_run: bool,
    interrupted: bool,
    exit_code: u8,
    skipped: Vec<Skipped<'a>>,
    warnings: &'a [String],
    delivery: Option<Delivered>,
}

#[derive(Serialize)]
struct Skipped<'a> {
    collector: &'a str,
    missing: &'a [String],
}

#[derive(Serialize)]
struct Delivered {
    accepted: u64,
    replayed: u64,
    spooled: u64,
    lost: u64,
    too_old: u64,
    dropped: u64,
    requests: u32,
    reason: Option<&'static str>,
    error: Option<String>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Collector<'a> {
    name: &'a str,
    outcome: &'static str,
    reason: Option<&'static str>,
    error: Option<String>,
    duration_seconds: f64,
    gauges: usize,
    api_requests: u64,
    api_latency_ms_p90: Option<f64>,
    rate_limit_remaining_pct: Option<f64>,
    failures: Vec<Failed<'a>>,
    missing: Vec<MissingMetric>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct Failed<'a> {
    group: &'a str,
    tags: Vec<String>,
    reason: &'static str,
    error: String,
}

#[derive(Serialize)]
struct MissingMetric {
    metric: &'static str,
    tags: Vec<String>,
    /// Null when the metric has no value by its definition.
    reason: Option<&'static str>,
    why: String,
}

#[derive(Serialize)]
struct Gauge<'a> {
    name: &'a str,
    value: f64,
    unit: &'a str,
    tags: &'a [String],
    timestamp: i64,
}

/// One document.
pub fn json(shown: &Shown<'_>) -> serde_json::Result<String> {
    let report = shown.report;
    let document = Document {
        run: Run {
            version: env!("CARGO_PKG_VERSION"),
            now: instant(report.now),
            duration_seconds: shown.duration.as_secs_f64(),
            dry_run: shown.delivery.is_none(),
            interrupted: report.interrupted,
            exit_code: shown.exit_code,
            skipped: shown.skipped.iter().map(|(collector, missing)| Skipped { collector, missing }).collect(),
            warnings: shown.warnings,
            delivery: shown.delivery.map(|delivery| Delivered {
                accepted: delivery.accepted,
                replayed: delivery.replayed,
                spooled: delivery.spooled,
                lost: delivery.lost,
                too_old: delivery.too_old,
                dropped: delivery.dropped,
                requests: delivery.requests,
                reason: delivery.failure.as_ref().map(|failure| failure.reason.as_str()),
                error: delivery.failure.as_ref().map(ToString::to_string),
                warnings: delivery.warnings.clone(),
            }),
        },
        collectors: report.collectors.iter().map(collector).collect(),
        gauges: shown.points.iter().map(gauge).collect(),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// One gauge a line.
pub fn ndjson(points: &[Point]) -> serde_json::Result<String> {
    let mut text = String::new();
    for point in points {
        text.push_str(&serde_json::to_string(&gauge(point))?);
        text.push('\n');
    }
    Ok(text)
}

fn collector(report: &CollectorReport) -> Collector<'_> {
    let (outcome, failure) = match &report.outcome {
        Outcome::Complete => ("complete", None),
        Outcome::Partial => ("partial", None),
        Outcome::Failed(failure) => ("failed", Some(failure)),
    };
    let failed = report.batch.failures().iter().map(|failed| Failed {
        group: failed.group,
        tags: tags(&failed.tags),
        reason: failed.failure.reason.as_str(),
        error: failed.failure.to_string(),
    });
    let missing = missing(report).into_iter().map(|missing| MissingMetric {
        metric: missing.metric,
        tags: missing.tags,
        reason: missing.reason.map(|reason| reason.as_str()),
        why: missing.why,
    });
    Collector {
        name: report.name,
        outcome,
        reason: failure.map(|failure| failure.reason.as_str()),
        error: failure.map(ToString::to_string),
        duration_seconds: report.duration.as_secs_f64(),
        gauges: report.batch.gauges().len(),
        api_requests: report.reading.requests,
        api_latency_ms_p90: report.reading.latency_p90_ms,
        rate_limit_remaining_pct: report.reading.quota_remaining_pct,
        failures: failed.collect(),
        missing: missing.collect(),
        warnings: report.batch.warnings(),
    }
}

fn gauge(point: &Point) -> Gauge<'_> {
    Gauge { name: point.metric, value: point.value, unit: point.unit, tags: &point.tags, timestamp: point.timestamp }
}
