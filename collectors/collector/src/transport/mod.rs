//! One way out for a source that speaks HTTP: every request, retries included, goes through [`Transport::send`].
//!
//! The source says how a request is built and what an answer means. What is the same for all is here: how often and how
//! long to try, the deadline, how many requests at once, how much is read, that each is counted, and that no credential
//! comes back in a message.

mod reply;
#[cfg(test)]
mod tests;
mod words;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use backon::BackoffBuilder;
use backon::ExponentialBuilder;
use reqwest::RequestBuilder;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio::time::timeout_at;

pub use reply::Reply;
pub use words::Secrets;
pub use words::no_connection;

use crate::Context;
use crate::Failure;
use crate::Meter;
use crate::Reason;

/// Tries of one request.
const MAX_TRIES: u32 = 4;
/// The longest wait between two tries that no server asked for.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// How patient a source is, and how gentle.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Wait before the second try; doubled for each further one, with full jitter.
    pub first_wait: Duration,
    /// Limit of one try.
    pub per_try: Duration,
    /// Requests in flight at once.
    pub in_flight: usize,
    /// The longest body that is read, in bytes; beyond it the request fails.
    pub max_body: usize,
}

/// A request, in words.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Completes "failed to ...": "list the tasks of project 12".
    pub doing: String,
    /// Completes "asking for ...": "tasks of project 12".
    pub asking: String,
}

/// What to make of an answer that is no result, or of the lack of one.
#[derive(Debug)]
pub enum Verdict {
    /// Another try would not help.
    Failed(Failure),
    /// Worth another try, after the wait that the server named, if any. With [`Reason::RateLimited`] and a wait, all
    /// other requests wait as well.
    Again {
        /// What is said when there is no other try.
        failure: Failure,
        /// The wait.
        wait: Option<Duration>,
    },
    /// A good status whose body is broken. Worth one more try, since the connection may have been cut.
    Unreadable(Failure),
}

/// A whole answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Vec<u8>,
}

/// Why there is no whole answer.
#[derive(Debug)]
pub enum Lost {
    /// The connection failed: what [`no_connection`] says of it.
    Broken {
        /// Why.
        why: String,
        /// What to do about it.
        cure: String,
    },
    /// The body is longer than [`Pace::max_body`].
    TooLong,
    /// Nothing could be sent, and another try would not help.
    Unsent(Failure),
}

/// One attempt under way.
pub type Attempt<'a> = Pin<Box<dyn Future<Output = Result<Answer, Lost>> + Send + 'a>>;

/// The way to one server, for one collection.
#[derive(Debug)]
pub struct Transport {
    http: reqwest::Client,
    meter: Arc<Meter>,
    deadline: Instant,
    pace: Pace,
    permits: Semaphore,
    secrets: Arc<Secrets>,
    /// Names the setting of the address, for the cure: "asana.url (ASANA_URL)".
    setting: &'static str,
    /// Until when nothing is sent, because the server asked for that.
    paused: Mutex<Option<Instant>>,
}

impl Transport {
    /// The way that `context` gives. `setting` names what holds the server's address.
    pub fn new(context: &Context, pace: Pace, setting: &'static str) -> Transport {
        Transport {
            http: context.http().clone(),
            meter: Arc::clone(context.meter()),
            deadline: context.deadline(),
            pace,
            permits: Semaphore::new(pace.in_flight),
            secrets: Arc::default(),
            setting,
            paused: Mutex::default(),
        }
    }

    /// What no message may hold. Each text that is sent as a credential is to be kept here first.
    pub fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// Sends what `build` makes until it has an answer that `read` understands, 4 times at most and never past the
    /// deadline. `read` sees every answer whose body is whole, whatever its status.
    ///
    /// # Errors
    /// The failure of the last try; [`Reason::Deadline`] when the time ran out during a try, with what failed before.
    pub async fn send<T>(
        &self,
        ask: &Ask,
        build: &(dyn Fn(&reqwest::Client) -> RequestBuilder + Sync),
        read: &(dyn Fn(&Reply) -> Result<T, Verdict> + Sync),
    ) -> Result<T, Failure> {
        self.send_through(ask, &|| Box::pin(self.exchange(build)), read).await
    }

    /// The same for a source that speaks through a vendor's client: `attempt` sends the request once, and is asked anew for
    /// each try. It keeps to [`Pace::max_body`] itself.
    ///
    /// # Errors
    /// As [`Transport::send`].
    pub async fn send_through<'a, T>(
        &self,
        ask: &Ask,
        attempt: &(dyn Fn() -> Attempt<'a> + Sync),
        read: &(dyn Fn(&Reply) -> Result<T, Verdict> + Sync),
    ) -> Result<T, Failure> {
        let mut delays = ExponentialBuilder::default()
            .with_min_delay(self.pace.first_wait)
            .with_factor(2.0)
            .with_max_delay(MAX_WAIT)
            .with_max_times(MAX_TRIES as usize)
            .build();
        let (mut tries, mut unreadable, mut before) = (0, 0, None);
        loop {
            let verdict = match self.try_once(ask, attempt).await.and_then(|reply| read(&reply)) {
                Ok(value) => return Ok(value),
                Err(verdict) => verdict,
            };
            tries += 1;
            let (failure, wait) = match verdict {
                Verdict::Failed(failure) => return Err(late_after(failure, before)),
                Verdict::Unreadable(failure) => {
                    unreadable += 1;
                    if unreadable > 1 {
                        return Err(failure);
                    }
                    (failure, None)
                }
                Verdict::Again { failure, wait } => self.heed(failure, wait),
            };
            let jittered = || delays.next().map(|delay| delay.mul_f64(fastrand::f64()));
            let Some(wait) = wait.or_else(jittered).filter(|wait| tries < MAX_TRIES && self.fits(*wait)) else {
                return Err(failure);
            };
            before = Some(failure);
            tokio::time::sleep(wait).await;
        }
    }

    /// What follows from the wait that the server named: the failure with it, and the wait if it is one.
    fn heed(&self, mut failure: Failure, wait: Option<Duration>) -> (Failure, Option<Duration>) {
        // Four tries in a row, without any wait, would help nobody.
        let Some(wait) = wait.filter(|wait| !wait.is_zero()) else { return (failure, None) };
        if failure.reason == Reason::RateLimited {
            self.pause(wait);
        }
        if !self.fits(wait) {
            failure.why.push_str(&format!("; it asks to wait {} s, until after the deadline", wait.as_secs()));
        }
        (failure, Some(wait))
    }

    /// Has every further request wait for so long. If that is until after the deadline, each fails without being sent.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now().checked_add(wait).unwrap_or(self.deadline);
        let mut paused = self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        *paused = (*paused).max(Some(until));
    }

    /// Whether a wait ends before the deadline.
    pub fn fits(&self, wait: Duration) -> bool {
        Instant::now().checked_add(wait).is_some_and(|end| end < self.deadline)
    }

    /// One try: the whole answer, or what to make of its lack.
    async fn try_once<'a>(&self, ask: &Ask, attempt: &(dyn Fn() -> Attempt<'a> + Sync)) -> Result<Reply, Verdict> {
        let late = || {
            let why = "the time for the collection ran out";
            let failure = Failure::new(Reason::Deadline, ask.doing.as_str(), why);
            Verdict::Failed(failure.with_cure("Give the collector more time (collector_deadline)"))
        };
        let permit = timeout_at(self.deadline, self.permits.acquire()).await;
        // The semaphore is never closed.
        let _permit = permit.map_err(|_| late())?;
        self.wait_for_pause(ask).await?;
        if Instant::now() >= self.deadline {
            return Err(late());
        }
        let end = self.deadline.min(Instant::now() + self.pace.per_try);
        let pending = self.meter.send(&ask.asking);
        let outcome = timeout_at(end, attempt()).await;
        pending.done();
        let unreachable = |why: String, cure: String| Verdict::Again {
            failure: Failure::new(Reason::Unreachable, ask.doing.as_str(), why).with_cure(cure),
            wait: None,
        };
        match outcome {
            Ok(Ok(Answer { status, headers, body })) => {
                Ok(Reply { status, headers, body, secrets: Arc::clone(&self.secrets) })
            }
            _ if Instant::now() >= self.deadline => Err(late()),
            Ok(Err(Lost::Broken { why, cure })) => Err(unreachable(why, cure)),
            Ok(Err(Lost::Unsent(failure))) => Err(Verdict::Failed(failure)),
            Ok(Err(Lost::TooLong)) => {
                let why = format!("the answer is longer than {} MiB", self.pace.max_body >> 20);
                let cure = format!("Check {}, and look for a proxy that answers in the server's place", self.setting);
                Err(Verdict::Failed(Failure::new(Reason::BadReply, ask.doing.as_str(), why).with_cure(cure)))
            }
            Err(_) => {
                let why = format!("no whole answer within {} s", self.pace.per_try.as_secs_f64());
                Err(unreachable(why, format!("Check {}, the network, and the health of the server", self.setting)))
            }
        }
    }

    async fn wait_for_pause(&self, ask: &Ask) -> Result<(), Verdict> {
        loop {
            let paused = *self.paused.lock().unwrap_or_else(PoisonError::into_inner);
            match paused {
                Some(until) if until > Instant::now() && until >= self.deadline => {
                    let why = "the server asked for a pause that ends after the deadline";
                    let failure = Failure::new(Reason::RateLimited, ask.doing.as_str(), why);
                    return Err(Verdict::Failed(failure.with_cure(reply::ASK_LESS)));
                }
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                _ => return Ok(()),
            }
        }
    }

    /// Sends, and reads the body whole.
    async fn exchange(&self, build: &(dyn Fn(&reqwest::Client) -> RequestBuilder + Sync)) -> Result<Answer, Lost> {
        let request = build(&self.http).build().map_err(|error| self.lost(&error, ""))?;
        let host = request.url().host_str().unwrap_or_default().to_owned();
        let host = request.url().port().map_or(host.clone(), |port| format!("{host}:{port}"));
        let lost = |error: reqwest::Error| self.lost(&error, &host);
        let mut response = self.http.execute(request).await.map_err(lost)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > self.pace.max_body {
                return Err(Lost::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, headers, body })
    }

    fn lost(&self, error: &reqwest::Error, host: &str) -> Lost {
        let (why, cure) = no_connection(error, host, self.setting, &self.secrets);
        Lost::Broken { why, cure }
    }
}

/// More time is seldom the cure where tries failed before it ran out.
fn late_after(mut failure: Failure, before: Option<Failure>) -> Failure {
    if let Some(before) = before.filter(|_| failure.reason == Reason::Deadline) {
        failure.why.push_str(&format!("; the try before it failed: {}", before.why));
    }
    failure
}
