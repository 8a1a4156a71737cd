//! The run: order, deadlines, outcome, timing. The runner judges, not the collector.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use collector::Batch;
use collector::BoxedCollector;
use collector::Context;
use collector::Earlier;
use collector::Failure;
use collector::Gauge;
use collector::Meter;
use collector::MeterReading;
use collector::MetricDef;
use collector::Reason;
use jiff::Timestamp;
use tokio::time::Instant;
use tracing::Instrument;

use crate::point::Point;
use crate::stop::Stop;

/// A collector is told an earlier deadline than the one that cancels it, so that it can return what it has. The
/// difference: a tenth of its time, at most this.
const GRACE: Duration = Duration::from_secs(2);

/// How a run goes about its collectors.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The instant of every window and every point.
    pub now: Timestamp,
    /// Time for all collectors together.
    pub deadline: Duration,
    /// Time for each.
    pub collector_deadline: Duration,
    /// The shared client.
    pub http: reqwest::Client,
}

/// What came of a run's collection.
#[derive(Debug)]
pub struct Report {
    /// The instant of the run.
    pub now: Timestamp,
    /// Wall time of the collection.
    pub duration: Duration,
    /// One for each collector that was asked to run, in run order.
    pub collectors: Vec<CollectorReport>,
    /// Whether a signal ended it early.
    pub interrupted: bool,
}

/// What came of one collector.
#[derive(Debug)]
pub struct CollectorReport {
    /// Its name.
    pub name: &'static str,
    /// Its catalog.
    pub definitions: &'static [MetricDef],
    /// The judgement.
    pub outcome: Outcome,
    /// Wall time.
    pub duration: Duration,
    /// What it cost.
    pub reading: MeterReading,
    /// What it returned; empty when it failed.
    pub batch: Arc<Batch>,
}

/// The judgement of one collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every group was read.
    Complete,
    /// Some group failed, some was read.
    Partial,
    /// Nothing was read.
    Failed(Failure),
}

impl CollectorReport {
    /// What later collectors of the run are told of it.
    pub fn earlier(&self) -> Earlier {
        let failure = match &self.outcome {
            Outcome::Failed(failure) => Some(failure.clone()),
            Outcome::Complete | Outcome::Partial => None,
        };
        Earlier { source: self.name, definitions: self.definitions, batch: Arc::clone(&self.batch), failure }
    }

    /// How many groups failed: once for each thing that a group failed for; all groups when nothing was read.
    pub fn failed_groups(&self) -> usize {
        match (&self.outcome, self.batch.failures().len()) {
            (Outcome::Failed(_), 0) => self.definitions.iter().map(|def| def.group).collect::<BTreeSet<_>>().len(),
            (_, failures) => failures,
        }
    }
}

/// Told what a run is doing, for a progress display.
pub trait Progress {
    /// A collector begins; its meter tells how it gets on.
    fn begin(&self, name: &'static str, meter: &Arc<Meter>);
    /// It has ended.
    fn end(&self);
}

/// Runs the collectors one after another, until all are done or `stop` is ready.
pub async fn collect(
    collectors: &[Box<dyn BoxedCollector>],
    plan: &Plan,
    progress: &dyn Progress,
    stop: &Stop,
) -> Report {
    let start = Instant::now();
    let run_deadline = start + plan.deadline;
    let mut reports: Vec<CollectorReport> = Vec::new();
    let mut interrupted = false;
    for collector in collectors {
        if interrupted {
            reports.push(not_started(collector.as_ref()));
            continue;
        }
        let produced: Arc<[Earlier]> = reports.iter().map(CollectorReport::earlier).collect();
        let begun = Instant::now();
        let deadline = (begun + plan.collector_deadline).min(run_deadline);
        let grace = GRACE.min(deadline.saturating_duration_since(begun) / 10);
        let context = Context::new(plan.now, plan.http.clone(), deadline - grace, produced);
        progress.begin(collector.name(), context.meter());
        let span = tracing::info_span!("collect", collector = collector.name());
        let result = tokio::select! {
            biased;
            () = stop.clone() => {
                interrupted = true;
                Err(interruption(collector.name()))
            }
            result = tokio::time::timeout_at(deadline, collector.collect(&context).instrument(span)) => {
                result.unwrap_or_else(|_| Err(overrun(collector.name(), deadline - begun)))
            }
        };
        progress.end();
        reports.push(report(collector.as_ref(), result, begun.elapsed(), context.meter().read()));
    }
    Report { now: plan.now, duration: start.elapsed(), collectors: reports, interrupted }
}

impl Report {
    /// Every gauge as a point of this run, with the common tags.
    pub fn points(&self, common_tags: &[String]) -> Vec<Point> {
        self.collectors
            .iter()
            .flat_map(|report| {
                report.batch.gauges().iter().map(|gauge| point(report.name, gauge, self.now, common_tags))
            })
            .collect()
    }
}

/// A gauge as a point: its own tags, the common ones, and the source that it comes from.
pub fn point(source: &str, gauge: &Gauge, now: Timestamp, common_tags: &[String]) -> Point {
    let own = gauge.tags().iter().map(|(key, value)| format!("{key}:{value}"));
    let tags = common_tags.iter().cloned().chain([format!("source:{source}")]).chain(own).collect();
    let def = gauge.def();
    Point { metric: def.name, unit: def.unit, value: gauge.value(), timestamp: now.as_second(), tags }
}

fn report(
    collector: &dyn BoxedCollector,
    result: Result<Batch, Failure>,
    duration: Duration,
    reading: MeterReading,
) -> CollectorReport {
    let (outcome, batch) = match result {
        Ok(batch) if batch.failures().is_empty() => (Outcome::Complete, batch),
        Ok(batch) if batch.gauges().is_empty() => {
            // Every group failed: the first failure speaks for all, the others stay in the batch.
            (Outcome::Failed(batch.failures()[0].failure.clone()), batch)
        }
        Ok(batch) => (Outcome::Partial, batch),
        Err(failure) => (Outcome::Failed(failure), Batch::new()),
    };
    let batch = Arc::new(batch);
    CollectorReport { name: collector.name(), definitions: collector.definitions(), outcome, duration, reading, batch }
}

fn not_started(collector: &dyn BoxedCollector) -> CollectorReport {
    report(collector, Err(interruption(collector.name())), Duration::ZERO, Meter::default().read())
}

fn interruption(name: &str) -> Failure {
    Failure::new(Reason::Other, format!("collect {name}"), "the run was stopped by a signal")
}

fn overrun(name: &str, time: Duration) -> Failure {
    let why = format!("it was not done after {:.1} s", time.as_secs_f64());
    let cure = "Give it more time (collector_deadline, deadline), or see what its source is slow at (--log debug)";
    Failure::new(Reason::Deadline, format!("collect {name}"), why).with_cure(cure)
}

#[cfg(test)]
mod tests {
    use collector::Bounds;
    use collector::Collector;
    use collector::Finding;
    use collector::Kind;
    use collector::Tags;
    use futures_util::FutureExt;

    use super::*;

    static SEEN: MetricDef = MetricDef {
        name: "test.gauges_seen",
        group: "seen",
        unit: "",
        kind: Kind::Gauge,
        bounds: Bounds::NON_NEGATIVE,
        tags: &[],
        description: "How many gauges this run had produced before",
        absent_when: "",
    };

    /// What a small source does when it is asked.
    #[derive(Clone, Copy)]
    enum Source {
        /// Counts the gauges of the sources before it.
        Counts,
        /// Counts them, and one of its groups fails.
        FailsInPart,
        /// Never answers.
        Hangs,
        /// Waits until shortly before the deadline that it was told, and returns what it has.
        UsesItsTime,
    }

    impl Collector for Source {
        fn name(&self) -> &'static str {
            "test"
        }

        fn definitions(&self) -> &'static [MetricDef] {
            std::slice::from_ref(&SEEN)
        }

        fn max_series(&self) -> usize {
            1
        }

        async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
            let mut batch = Batch::new();
            match self {
                Source::Hangs => std::future::pending::<()>().await,
                Source::UsesItsTime => tokio::time::sleep_until(context.deadline()).await,
                Source::FailsInPart => {
                    batch.fail("other", &Tags::new(), Failure::new(Reason::Forbidden, "read", "no"));
                }
                Source::Counts => {}
            }
            batch.gauge(&SEEN, context.gauges().count() as f64, &Tags::new());
            Ok(batch)
        }

        async fn check(&self, _context: &Context) -> Vec<Finding> {
            Vec::new()
        }
    }

    struct Silent;

    impl Progress for Silent {
        fn begin(&self, _name: &'static str, _meter: &Arc<Meter>) {}
        fn end(&self) {}
    }

    async fn run(sources: &[Source], stop: impl Future<Output = ()> + Send + 'static) -> Report {
        let collectors: Vec<Box<dyn BoxedCollector>> =
            sources.iter().map(|source| Box::new(*source) as Box<dyn BoxedCollector>).collect();
        let plan = Plan {
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            deadline: Duration::from_secs(600),
            collector_deadline: Duration::from_secs(120),
            http: crate::http::loopback_client().unwrap(),
        };
        collect(&collectors, &plan, &Silent, &stop.boxed().shared()).await
    }

    fn outcomes(report: &Report) -> Vec<&Outcome> {
        report.collectors.iter().map(|collector| &collector.outcome).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_hangs_fails_at_its_deadline_and_the_next_one_runs() {
        let report = run(&[Source::Hangs, Source::Counts], std::future::pending()).await;
        assert!(matches!(
            outcomes(&report)[..],
            [Outcome::Failed(Failure { reason: Reason::Deadline, .. }), Outcome::Complete]
        ));
        assert_eq!(report.collectors[0].duration, Duration::from_secs(120));
        assert_eq!(report.collectors[0].failed_groups(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_of_the_run_holds_for_all_collectors_together() {
        let report = run(&[Source::Hangs; 7], std::future::pending()).await;
        assert_eq!(report.duration, Duration::from_secs(600));
        assert_eq!(report.collectors.len(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn a_collector_that_keeps_to_the_time_it_was_told_delivers() {
        let report = run(&[Source::UsesItsTime], std::future::pending()).await;
        assert_eq!(outcomes(&report), [&Outcome::Complete]);
        assert_eq!(report.duration, Duration::from_secs(118));
    }

    #[tokio::test(start_paused = true)]
    async fn a_signal_ends_the_collection_and_keeps_what_is_complete() {
        let stop = tokio::time::sleep(Duration::from_secs(5));
        let report = run(&[Source::Counts, Source::Hangs, Source::Counts], stop).await;
        assert!(report.interrupted);
        assert!(matches!(outcomes(&report)[..], [Outcome::Complete, Outcome::Failed(_), Outcome::Failed(_)]));
        assert_eq!(report.points(&[]).len(), 1);
        assert_eq!(report.duration, Duration::from_secs(5));
    }

    #[tokio::test]
    async fn a_later_source_sees_the_gauges_of_the_earlier_ones() {
        let report = run(&[Source::Counts, Source::FailsInPart, Source::Counts], std::future::pending()).await;
        let values: Vec<f64> = report.points(&[]).iter().map(|point| point.value).collect();
        assert_eq!(values, [0.0, 1.0, 2.0]);
        assert_eq!(outcomes(&report), [&Outcome::Complete, &Outcome::Partial, &Outcome::Complete]);
        assert_eq!(report.collectors[1].failed_groups(), 1);
    }

    #[tokio::test]
    async fn every_point_carries_the_instant_of_the_run_and_the_common_tags() {
        let report = run(&[Source::Counts], std::future::pending()).await;
        let point = report.points(&["env:staging".to_owned()]).remove(0);
        assert_eq!(point.timestamp, 1_800_000_000);
        assert_eq!(point.tags, ["env:staging", "source:test"]);
    }
}
