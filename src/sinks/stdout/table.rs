//! A table for people: grouped by source and by what the gauges are about, then what is missing and why.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::CellAlignment;
use comfy_table::ContentArrangement;
use comfy_table::Table;
use comfy_table::presets;

use crate::point::Point;
use crate::run::CollectorReport;
use crate::run::Outcome;
use crate::sinks::stdout::Missing;
use crate::sinks::stdout::Shown;
use crate::sinks::stdout::instant;
use crate::sinks::stdout::missing;
use crate::telemetry;

/// The whole text. Writing to a string cannot fail, hence the ignored results.
pub fn render(shown: &Shown<'_>) -> String {
    let mut text = String::new();
    for report in &shown.report.collectors {
        source(&mut text, report, shown.points);
    }
    let own: Vec<&Point> = of_source(shown.points, telemetry::NAME).collect();
    if !own.is_empty() {
        let _ = writeln!(text, "{}  the run itself", telemetry::NAME);
        text.push_str(&values(&own, &["collector"]));
        text.push('\n');
    }
    for (name, missing) in shown.skipped {
        let _ = writeln!(text, "{name}  skipped: not configured; {}", missing.join("; "));
    }
    for warning in shown.warnings {
        let _ = writeln!(text, "warning: {warning}");
    }
    let _ = writeln!(text, "{}", summary(shown));
    text
}

fn source(text: &mut String, report: &CollectorReport, points: &[Point]) {
    let judgement = match &report.outcome {
        Outcome::Complete => "complete".to_owned(),
        Outcome::Partial => format!("partial, {} failed", count(report.batch.failures().len() as u64, "group")),
        Outcome::Failed(failure) => format!("failed ({})", failure.reason),
    };
    let _ = write!(
        text,
        "{}  {judgement}, {} in {:.1} s",
        report.name,
        count(report.reading.requests, "request"),
        report.duration.as_secs_f64()
    );
    if let Some(left) = report.reading.quota_remaining_pct {
        let _ = write!(text, ", {left:.1} % of the quota left");
    }
    text.push('\n');
    let finer = finer_keys(report);
    for (tags, points) in by_tags(of_source(points, report.name), &finer) {
        let _ = writeln!(text, "\n{tags}");
        text.push_str(&values(&points, &finer));
    }
    let missing = missing(report);
    if !missing.is_empty() {
        text.push_str("\nmissing:\n");
        text.push_str(&reasons(&missing, &finer));
    }
    for warning in report.batch.warnings() {
        let _ = writeln!(text, "warning: {warning}");
    }
    text.push('\n');
}

/// `1 request`, `2 requests`.
fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn of_source<'a>(points: &'a [Point], name: &str) -> impl Iterator<Item = &'a Point> {
    let tag = format!("source:{name}");
    points.iter().filter(move |point| point.tags.contains(&tag))
}

/// The tag keys that only some of the source's metrics have. They stand beside the value: a heading for each of their
/// values would tear apart what is told of one thing.
fn finer_keys(report: &CollectorReport) -> Vec<&'static str> {
    let definitions = report.definitions;
    let keys: BTreeSet<&'static str> = definitions.iter().flat_map(|def| def.tags.iter().copied()).collect();
    keys.into_iter().filter(|key| !definitions.iter().all(|def| def.tags.contains(key))).collect()
}

/// The tags with none of these keys, and those with one, each joined by spaces.
fn divide<'a>(tags: impl Iterator<Item = &'a str>, finer: &[&str]) -> (String, String) {
    let is_finer = |tag: &&str| tag.split_once(':').is_some_and(|(key, _)| finer.contains(&key));
    let (fine, coarse): (Vec<&str>, Vec<&str>) = tags.partition(is_finer);
    (coarse.join(" "), fine.join(" "))
}

/// Points by their tags without the finer ones, in the order of the first point of each.
fn by_tags<'a>(points: impl Iterator<Item = &'a Point>, finer: &[&str]) -> Vec<(String, Vec<&'a Point>)> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<(String, Vec<&Point>)> = Vec::new();
    for point in points {
        let (tags, _) = divide(point.tags.iter().map(String::as_str), finer);
        let place = *places.entry(tags.clone()).or_insert(groups.len());
        if place == groups.len() {
            groups.push((tags, Vec::new()));
        }
        groups[place].1.push(point);
    }
    groups
}

fn values(points: &[&Point], finer: &[&str]) -> String {
    let mut table = plain();
    for point in points {
        let mut row = vec![point.metric.to_owned(), number(point.value), point.unit.to_owned()];
        if !finer.is_empty() {
            row.push(divide(point.tags.iter().map(String::as_str), finer).1);
        }
        table.add_row(row);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    lines(&table)
}

/// Metrics that are missing for the same reason are told together.
fn reasons(missing: &[Missing], finer: &[&str]) -> String {
    let mut order: Vec<(String, String)> = Vec::new();
    let mut metrics: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for one in missing {
        let reason = one.reason.map_or_else(String::new, |reason| format!("[{reason}] "));
        let (tags, fine) = divide(one.tags.iter().map(String::as_str), finer);
        let key = (tags, format!("{reason}{}", one.why));
        if !metrics.contains_key(&key) {
            order.push(key.clone());
        }
        metrics.entry(key).or_default().push(format!("{} {fine}", one.metric).trim_end().to_owned());
    }
    let mut text = String::new();
    for key in order {
        let names = metrics.remove(&key).unwrap_or_default();
        let about = if key.0.is_empty() { String::new() } else { format!(" ({})", key.0) };
        let _ = writeln!(text, "  {}{about}", key.1);
        for name in names {
            let _ = writeln!(text, "    {name}");
        }
    }
    text
}

fn summary(shown: &Shown<'_>) -> String {
    let count = shown.points.len();
    let now = instant(shown.report.now);
    let Some(delivery) = shown.delivery else {
        return format!("dry run at {now}: {count} points would be sent; --push sends them");
    };
    let mut text = format!("pushed at {now}: {} of {count} points accepted by Datadog", delivery.accepted);
    for (number, what) in [
        (delivery.replayed, "replayed from the spool"),
        (delivery.spooled, "kept in the spool for the next run"),
        (delivery.lost, "lost"),
        (delivery.too_old, "given up as older than 55 minutes"),
        (delivery.dropped, "of earlier runs dropped"),
    ] {
        if number > 0 {
            let _ = write!(text, ", {number} {what}");
        }
    }
    if let Some(failure) = &delivery.failure {
        let _ = write!(text, "\n[{}] {failure}", failure.reason);
    }
    for warning in &delivery.warnings {
        let _ = write!(text, "\nwarning: {warning}");
    }
    text
}

/// At most four decimals, none where there is no fraction; only zero is shown as 0.
fn number(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.000_05 {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table
}

fn lines(table: &Table) -> String {
    let mut text = String::new();
    for line in table.to_string().lines() {
        let _ = writeln!(text, " {}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finer_tags_stand_beside_the_value() {
        let tags = ["env:x", "entity:a", "project:b", "group:g", "key:sps"];
        let divided = divide(tags.into_iter(), &["group", "key"]);
        assert_eq!(divided, ("env:x entity:a project:b".to_owned(), "group:g key:sps".to_owned()));
        assert_eq!(divide(tags.into_iter(), &[]).1, "");
    }

    #[test]
    fn a_tag_with_a_space_is_one_tag() {
        let tags = vec!["org:acme".to_owned(), "workflow:Nightly build".to_owned()];
        let missing = [Missing { metric: "a.b", tags, reason: None, why: "there is none".to_owned() }];
        assert_eq!(reasons(&missing, &["workflow"]), "  there is none (org:acme)\n    a.b workflow:Nightly build\n");
    }

    #[test]
    fn numbers_without_noise() {
        let cases = [(0.0, "0"), (12.0, "12"), (100.0, "100"), (33.333_333, "33.3333"), (0.5, "0.5")];
        for (value, text) in
            cases.into_iter().chain([(0.000_05, "0.0001"), (0.000_04, "4.0e-5"), (-0.000_04, "-4.0e-5")])
        {
            assert_eq!(number(value), text);
        }
    }
}
