//! From a report to points, and from points to Datadog.

use std::pin::Pin;
use std::time::Duration;

use collector::Failure;
use collector::Reason;
use tokio::time::Instant;

use crate::point::Point;
use crate::run;
use crate::run::Report;
use crate::sinks::datadog::Datadog;
use crate::sinks::datadog::Delivery;
use crate::sinks::datadog::Spool;
use crate::sinks::datadog::SpoolSettings;
use crate::telemetry;
use crate::telemetry::Submission;

/// Time for a delivery. A run sends one or two requests; what is not accepted by then is kept for the next run.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for a delivery once a signal has asked the process to end; Kubernetes kills it after 30 s.
const LAST_PATIENCE: Duration = Duration::from_secs(9);

/// All points of a run and what became of them.
#[derive(Debug)]
pub struct Delivered {
    /// The collectors' points and the run's own.
    pub points: Vec<Point>,
    /// What became of them; none in a dry run.
    pub delivery: Option<Delivery>,
}

/// Delivers a run's points where there is a sink. The run's own telemetry follows in a second request, since it
/// tells what became of the first.
pub async fn deliver(
    report: &Report,
    common_tags: &[String],
    sink: Option<&Datadog>,
    spool: Option<SpoolSettings>,
    stop: &mut Pin<Box<dyn Future<Output = ()>>>,
) -> Delivered {
    let mut points = report.points(common_tags);
    let patience = if report.interrupted { LAST_PATIENCE } else { PATIENCE };
    let deadline = Instant::now() + patience;
    let mut delivery = None;
    if let Some(sink) = sink {
        delivery = Some(send(sink, points.clone(), deadline, report.interrupted, stop).await);
    }
    let submission = delivery.as_ref().map(|delivery| Submission {
        accepted: delivery.accepted + delivery.replayed,
        queued: spool.and_then(|settings| Spool::open(settings).ok()?.queued_points().ok()),
        too_old: delivery.too_old,
    });
    let (own, rejected): (Vec<_>, Vec<_>) = telemetry::gauges(report, submission).into_iter().partition(Result::is_ok);
    for rejected in rejected.into_iter().filter_map(Result::err) {
        tracing::warn!("{rejected}");
    }
    let own = own.iter().flatten().map(|gauge| run::point(telemetry::NAME, gauge, report.now, common_tags));
    let own: Vec<Point> = own.collect();
    points.extend(own.iter().cloned());
    if let (Some(sink), Some(first)) = (sink, &mut delivery) {
        // Where the first request failed, the second would fail alike after the same patience: with no time left the
        // sink only keeps it in the spool.
        let deadline = if first.failure.is_some() { Instant::now() } else { deadline };
        let second = send(sink, own, deadline, report.interrupted, stop).await;
        add(first, second);
    }
    Delivered { points, delivery }
}

fn add(first: &mut Delivery, second: Delivery) {
    first.accepted += second.accepted;
    first.replayed += second.replayed;
    first.spooled += second.spooled;
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

async fn send(
    sink: &Datadog,
    points: Vec<Point>,
    deadline: Instant,
    stopping: bool,
    stop: &mut Pin<Box<dyn Future<Output = ()>>>,
) -> Delivery {
    let count = points.len() as u64;
    let delivering = sink.deliver(points, deadline);
    if stopping {
        return delivering.await;
    }
    let stopped = async {
        stop.await;
        tokio::time::sleep(LAST_PATIENCE).await;
    };
    tokio::select! {
        delivery = delivering => delivery,
        // What was not accepted is in the spool already: it is written there before it is sent.
        () = stopped => Delivery {
            spooled: count,
            failure: Some(Failure::new(Reason::Other, "deliver to Datadog", "the run was stopped by a signal")),
            ..Delivery::default()
        },
    }
}
