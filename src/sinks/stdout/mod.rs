//! Standard output: what a run found, as a table for people or as JSON for programs.

mod document;
mod table;

use std::time::Duration;

use collector::Reason;
use jiff::Timestamp;

use crate::point::Point;
use crate::run::Report;
use crate::sinks::datadog::Delivery;

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people: grouped by source, with what is missing and why
    Table,
    /// One document with `run`, `collectors` and `gauges`
    Json,
    /// One gauge a line; what is missing is said on standard error
    Ndjson,
}

/// Everything that there is to show of a run.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The collection.
    pub report: &'a Report,
    /// Wall time of the run.
    pub duration: Duration,
    /// The points that were, or would be, sent, the run's own included.
    pub points: &'a [Point],
    /// Sources that are not configured, with what to set.
    pub skipped: &'a [(&'static str, Vec<String>)],
    /// What was found and cannot be sent, a sentence each.
    pub warnings: &'a [String],
    /// What became of the points; none in a dry run.
    pub delivery: Option<&'a Delivery>,
    /// The exit code to come.
    pub exit_code: u8,
}

/// A metric that has no point, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Missing {
    /// Metric name.
    pub metric: &'static str,
    /// Tags of what it is missing for: `org:acme`, `workflow:Nightly build`.
    pub tags: Vec<String>,
    /// The reason; none when the source was read and the metric has no value by its definition.
    pub reason: Option<Reason>,
    /// In words.
    pub why: String,
}

/// The output's text.
///
/// # Errors
/// None in practice: the shapes below always serialise.
pub fn render(output: Output, shown: &Shown<'_>) -> serde_json::Result<String> {
    match output {
        Output::Table => Ok(table::render(shown)),
        Output::Json => document::json(shown),
        Output::Ndjson => document::ndjson(shown.points),
    }
}

/// What a collector did not deliver: metrics of failed groups, then metrics without a value.
pub fn missing(report: &crate::run::CollectorReport) -> Vec<Missing> {
    let mut missing = Vec::new();
    for failed in report.batch.failures() {
        let group = report.definitions.iter().filter(|def| def.group == failed.group);
        missing.extend(group.map(|def| Missing {
            metric: def.name,
            tags: tags(&failed.tags),
            reason: Some(failed.failure.reason),
            why: failed.failure.to_string(),
        }));
    }
    if let (crate::run::Outcome::Failed(failure), true) = (&report.outcome, missing.is_empty()) {
        missing.extend(report.definitions.iter().map(|def| Missing {
            metric: def.name,
            tags: Vec::new(),
            reason: Some(failure.reason),
            why: failure.to_string(),
        }));
    }
    missing.extend(report.batch.absences().iter().map(|absence| Missing {
        metric: absence.def.name,
        tags: tags(&absence.tags),
        reason: None,
        why: absence.why.to_string(),
    }));
    missing
}

/// A list, since a value may hold spaces.
fn tags(tags: &collector::Tags) -> Vec<String> {
    tags.iter().map(|(key, value)| format!("{key}:{value}")).collect()
}

/// RFC 3339 in UTC, with the second that the points carry.
pub fn instant(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instant_that_is_shown_is_the_one_that_the_points_carry() {
        let now: Timestamp = "2026-11-20T10:00:00.7Z".parse().unwrap();
        assert_eq!(instant(now), "2026-11-20T10:00:00Z");
        assert_eq!(instant(now).parse::<Timestamp>().unwrap().as_second(), now.as_second());
    }
}
