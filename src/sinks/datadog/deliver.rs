//! The sink: what the program hands its points to.

use std::time::Duration;

use collector::Failure;
use jiff::Timestamp;
use tokio::time::Instant;

use super::Compression;
use super::Delivery;
use super::Settings;
use super::SpoolSettings;
use super::Waiting;
use super::encode::Encoder;
use super::encode::Limits;
use super::run::Run;
use super::run::blocking;
use super::send::Patience;
use super::send::Sender;
use super::series;
use super::spool::Spool;
use crate::point::Point;

/// The sink.
#[derive(Debug)]
pub struct Datadog {
    pub(super) sender: Sender,
    pub(super) spool: Option<SpoolSettings>,
    compression: Compression,
    pub(super) tuning: Tuning,
}

/// What tests set otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// Most that one request may carry.
    pub limits: Limits,
    /// How often and how long to try.
    pub patience: Patience,
    /// How long to wait for another run to release the spool. A run that has points to send is at most seconds long; one
    /// that takes longer is stuck on a server that would not take ours either.
    pub lock_wait: Duration,
    /// The time, in seconds since the Unix epoch.
    pub clock: fn() -> i64,
}

impl Default for Tuning {
    fn default() -> Self {
        Tuning {
            limits: Limits::DATADOG,
            patience: Patience::default(),
            lock_wait: Duration::from_secs(5),
            clock: || Timestamp::now().as_second(),
        }
    }
}

impl Datadog {
    /// A sink. `http` must not follow redirects.
    pub fn new(settings: Settings, http: reqwest::Client) -> Self {
        Datadog::tuned(settings, http, Tuning::default())
    }

    /// A sink whose key could not be read: it asks nobody anything, and keeps what it is given, as when Datadog is out of
    /// reach. The key in `settings` is not used.
    pub fn without_key(settings: Settings, http: reqwest::Client, why: Failure) -> Self {
        let mut sink = Datadog::new(settings, http);
        sink.sender.locked = Some(why);
        sink
    }

    /// A sink with other limits, patience or clock.
    pub fn tuned(settings: Settings, http: reqwest::Client, tuning: Tuning) -> Self {
        let Settings { base_url, api_key, compression, spool } = settings;
        Datadog { sender: Sender::new(base_url, api_key, http, tuning.patience), spool, compression, tuning }
    }

    /// Writes `points` to the spool, then sends all that is in it, oldest first. What is not accepted by the deadline
    /// stays in the spool. Once `cut` is ready, what is under way is dropped, and what became of each point until then
    /// is told all the same.
    ///
    /// `waiting` is what an earlier delivery of the same run left in the spool: these points are the run's own, too, and
    /// are counted in this delivery.
    pub async fn deliver_until(
        &self,
        points: Vec<Point>,
        deadline: Instant,
        cut: impl Future<Output = ()>,
        waiting: Waiting,
    ) -> Delivery {
        let count = points.len() as u64 + waiting.values().sum::<u64>();
        let mut run = Run::new(self, deadline, waiting);
        let whole = tokio::select! {
            biased;
            () = self.work(&mut run, points) => true,
            () = cut => false,
        };
        if !whole {
            run.cut_short(count);
        }
        run.finish()
    }

    async fn work(&self, run: &mut Run<'_>, points: Vec<Point>) {
        let now = (self.tuning.clock)();
        let prepared = blocking(move || series::prepare(points, now)).await;
        run.delivery.lost += prepared.refused;
        run.delivery.too_old += prepared.too_old;
        run.delivery.warnings.extend(prepared.warnings);
        let encoder = Encoder::new(prepared.series, self.compression, self.tuning.limits);
        run.open_spool(!encoder.is_empty());
        let rest = run.write_ahead(encoder).await;
        run.drain().await;
        run.send_rest(rest).await;
    }

    /// Points that wait in the spool; none without a spool that can be read.
    pub fn queued_points(&self) -> Option<u64> {
        Spool::open(self.spool.clone()?).ok()?.queued_points().ok()
    }

    /// Sends what is in the spool, oldest first, until the deadline.
    pub async fn replay(&self, deadline: Instant) -> Delivery {
        let mut run = Run::new(self, deadline, Waiting::new());
        run.open_spool(false);
        run.drain().await;
        run.finish()
    }

    /// Asks Datadog whether it knows the API key.
    ///
    /// # Errors
    /// When it does not, or cannot be asked.
    pub async fn validate_key(&self, deadline: Instant) -> Result<(), Failure> {
        self.sender.validate_key(deadline, &mut 0).await
    }
}
