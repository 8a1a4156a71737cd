//! From a report to points, and from points to Datadog.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::time::Instant;

use crate::point::Point;
use crate::run;
use crate::run::Report;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Delivery;
use crate::sinks::datadog::Waiting;
use crate::stop::Stop;
use crate::telemetry;
use crate::telemetry::Submission;

/// Time for a delivery. A run sends one or two requests; what is not accepted by then is kept for the next run.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for both requests once a signal has asked the process to end; Kubernetes kills it after 30 s.
const LAST_PATIENCE: Duration = Duration::from_secs(9);

/// All points of a run and what became of them.
#[derive(Debug)]
pub struct Delivered {
    /// The collectors' points and the run's own.
    pub points: Vec<Point>,
    /// Wall time of the run up to its own telemetry: the collection, and the delivery of what it gave.
    pub duration: Duration,
    /// What became of them; none in a dry run.
    pub delivery: Option<Delivery>,
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
    let mut points = report.points(common_tags);
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
    Delivered { points, duration, delivery }
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
