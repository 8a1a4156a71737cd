//! From a report to points, and from points to Datadog.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use crate::point::Point;
use crate::run;
use crate::run::Report;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Delivery;
use crate::sinks::datadog::Waiting;
use crate::sinks::datadog::series;
use crate::stop::Stop;
use crate::telemetry;
use crate::telemetry::Submission;

/// Time for a delivery. A run sends one or two requests; what is not accepted by then is kept for the next run.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for both requests once a signal has asked the process to end; Kubernetes kills it after 30 s.
const LAST_PATIENCE: Duration = Duration::from_secs(9);

/// Series that are told of, where several points are one.
const EXAMPLES: usize = 5;

/// All points of a run and what became of them.
#[derive(Debug)]
pub struct Delivered {
    /// The collectors' points and the run's own.
    pub points: Vec<Point>,
    /// Wall time of the run up to its own telemetry: the collection, and the delivery of what it gave.
    pub duration: Duration,
    /// What became of them; none in a dry run.
    pub delivery: Option<Delivery>,
    /// What the collectors gave that cannot be sent, a sentence each.
    pub warnings: Vec<String>,
}

/// Delivers a run's points where there is a sink. The run's own telemetry follows in a second request, since it
/// tells what became of the first.
pub async fn deliver(report: &Report, common_tags: &[String], sink: Option<&Datadog>, stop: &Stop) -> Delivered {
    let start = Instant::now();
    let deadline = start + PATIENCE;
    let stop = stop.clone();
    let cut = async {
        stop.await;
        tokio::time::sleep(LAST_PATIENCE).await;
    };
    let cut = cut.boxed().shared();
    let (mut points, warnings) = without_twins(report.points(common_tags));
    let mut delivery = None;
    if let Some(sink) = sink {
        delivery = Some(sink.deliver_until(points.clone(), deadline, cut.clone(), Waiting::new()).await);
    }
    let submission = delivery.as_ref().map(|delivery| Submission {
        accepted: delivery.accepted + delivery.replayed,
        queued: sink.and_then(Datadog::queued_points),
        too_old: delivery.too_old,
    });
    let duration = report.duration + start.elapsed();
    let gauges = telemetry::gauges(report, duration, submission);
    let (own, rejected): (Vec<_>, Vec<_>) = gauges.into_iter().partition(Result::is_ok);
    for rejected in rejected.into_iter().filter_map(Result::err) {
        tracing::warn!("{rejected}");
    }
    let own = own.iter().flatten().map(|gauge| run::point(telemetry::NAME, gauge, report.now, common_tags));
    let own: Vec<Point> = own.collect();
    points.extend(own.iter().cloned());
    if let (Some(sink), Some(first)) = (sink, &mut delivery) {
        let waiting = std::mem::take(&mut first.waiting);
        let second = match first.failure {
            None => sink.deliver_until(own, deadline, cut, waiting).await,
            // It would fail alike after the same patience, or has been cut short already: with no time left the sink
            // only keeps the points in the spool, which no signal need cut.
            Some(_) => sink.deliver_until(own, Instant::now(), std::future::pending(), waiting).await,
        };
        add(first, second);
    }
    Delivered { points, duration, delivery, warnings }
}

/// The points without those that Datadog would take for the same series, and what to say of these. It would keep one of
/// their values under a name and tags that stand for both, so that none is right.
fn without_twins(points: Vec<Point>) -> (Vec<Point>, Vec<String>) {
    let mut twins: BTreeMap<_, Vec<&Point>> = BTreeMap::new();
    for point in &points {
        twins.entry(series::identity(point)).or_default().push(point);
    }
    twins.retain(|_, points| points.len() > 1);
    let count: usize = twins.values().map(Vec::len).sum();
    let shown = |point: &Point| format!("{} [{}] = {}", point.metric, point.tags.join(", "), point.value);
    let together = |points: &Vec<&Point>| points.iter().map(|point| shown(point)).collect::<Vec<_>>().join(" and ");
    let examples: Vec<_> = twins.values().take(EXAMPLES).map(together).collect();
    let warnings = (count > 0).then(|| {
        let further = twins.len() - examples.len();
        let further = if further > 0 { format!("; and {further} more such series") } else { String::new() };
        format!(
            "{count} points are not sent: Datadog cannot tell them apart (it knows no capitals in tags, and few other \
             characters than letters and digits) and would keep only one of their values: {}{further}",
            examples.join("; ")
        )
    });
    let is_twin: Vec<bool> = points.iter().map(|point| twins.contains_key(&series::identity(point))).collect();
    let kept = points.into_iter().zip(is_twin).filter(|(_, twin)| !twin).map(|(point, _)| point).collect();
    (kept, warnings.into_iter().collect())
}

fn add(first: &mut Delivery, second: Delivery) {
    first.accepted += second.accepted;
    first.replayed += second.replayed;
    // What the first left in the spool was handed on to the second, which counts it.
    first.spooled = second.spooled;
    first.lost += second.lost;
    first.too_old += second.too_old;
    first.dropped += second.dropped;
    first.requests += second.requests;
    first.failure = first.failure.take().or(second.failure);
    for warning in second.warnings {
        if !first.warnings.contains(&warning) {
            first.warnings.push(warning);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(metric: &'static str, tag: &str, value: f64) -> Point {
        Point { metric, unit: "", value, timestamp: 1_800_000_000, tags: vec![tag.to_owned()] }
    }

    #[test]
    fn points_that_datadog_would_take_for_one_are_told_and_none_of_them_is_sent() {
        let alone = [point("a.b", "group:b", 3.0), point("a.c", "group:a", 4.0)];
        for (one, other) in [("group:A", "group:a"), ("group:x y", "group:x_y"), ("group:a", "group:a")] {
            let mut points = vec![point("a.b", one, 1.5), point("a.b", other, 2.5)];
            points.extend(alone.clone());
            let (kept, warnings) = without_twins(points);
            assert_eq!(kept, alone);
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            for words in ["2 points are not sent", one, other, "1.5", "2.5"] {
                assert!(warnings[0].contains(words), "{words} is not in {warnings:?}");
            }
        }
        assert_eq!(without_twins(alone.to_vec()), (alone.to_vec(), Vec::new()));
    }
}
