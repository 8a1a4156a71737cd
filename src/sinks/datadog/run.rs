//! One delivery under way: onto disk, to Datadog, off the disk.

use std::collections::HashSet;
use std::collections::VecDeque;
use std::time::Duration;

use collector::Failure;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::Delivery;
use super::Waiting;
use super::deliver::Datadog;
use super::encode::Encoded;
use super::encode::Encoder;
use super::encode::Payload;
use super::send::Verdict;
use super::series;
use super::spool::Lock;
use super::spool::NotRead;
use super::spool::NotWritten;
use super::spool::Spool;
use super::spool::file;

/// How often a run looks whether another one has released the spool.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// One delivery under way.
pub struct Run<'a> {
    pub(super) datadog: &'a Datadog,
    pub(super) deadline: Instant,
    pub(super) delivery: Delivery,
    pub(super) spool: Option<Spool>,
    pub(super) lock: Option<Lock>,
    /// This run's payloads in the spool, those of a delivery before included.
    pub(super) own: Waiting,
    /// Nothing more is sent: Datadog does not accept, or time is up.
    pub(super) halted: bool,
}

impl<'a> Run<'a> {
    /// A delivery that has done nothing yet.
    pub fn new(datadog: &'a Datadog, deadline: Instant, own: Waiting) -> Self {
        Run { datadog, deadline, delivery: Delivery::default(), spool: None, lock: None, own, halted: false }
    }

    /// Opens the spool; makes its directory only if there is something to write.
    pub fn open_spool(&mut self, to_write: bool) {
        let Some(settings) = &self.datadog.spool else { return };
        let opened = Spool::open(settings.clone()).and_then(|spool| {
            if to_write || spool.exists() {
                spool.prepare()?;
            }
            Ok(spool)
        });
        match opened {
            Ok(spool) if spool.exists() => self.spool = Some(spool),
            Ok(_) => {}
            Err(failure) => {
                let words = format!("{failure}. Until then what Datadog does not accept at once is lost");
                self.delivery.warnings.push(words);
            }
        }
    }

    /// Writes as many payloads as the spool takes, before any is sent; what is left is to be sent from memory.
    pub async fn write_ahead(&mut self, mut encoder: Encoder) -> Encoder {
        let Some(spool) = self.spool.clone() else { return encoder };
        // Compressing megabytes and syncing files would hold up the runtime's other tasks: signals, progress.
        let (rest, written, troubles) = blocking(move || {
            let mut written = Vec::new();
            let mut troubles = Vec::new();
            for sequence in 0.. {
                match encoder.next() {
                    None => break,
                    Some(Encoded::Payload(payload)) => match spool.put(&payload, sequence) {
                        Ok(name) => written.push((name, payload.points)),
                        Err(trouble) => {
                            encoder.take_back(payload);
                            troubles.extend(match trouble {
                                // No news yet: what is sent first leaves room.
                                NotWritten::Full => None,
                                NotWritten::Failed(failure) => Some(Trouble::Disk(failure)),
                            });
                            break;
                        }
                    },
                    Some(Encoded::Unsendable { metric, points, why }) => {
                        troubles.push(Trouble::Unsendable { metric, points, why });
                    }
                }
            }
            (encoder, written, troubles)
        })
        .await;
        self.own.extend(written);
        for trouble in troubles {
            match trouble {
                Trouble::Disk(failure) => self.delivery.warnings.push(failure.to_string()),
                Trouble::Unsendable { metric, points, why } => self.unsendable(&metric, points, &why),
            }
        }
        rest
    }

    /// Sends what is in the spool, oldest first, until nothing new is in it.
    pub async fn drain(&mut self) {
        let Some(spool) = self.spool.clone() else { return };
        if !self.acquire(&spool).await {
            return;
        }
        if let Err(error) = spool.sweep() {
            self.delivery
                .warnings
                .push(format!("leftovers of killed runs could not be cleared from the spool: {error}"));
        }
        // A file that could be neither sent nor removed is not taken up twice.
        let mut seen = HashSet::new();
        // Looked through again after each pass: a run that waits for the lock has put its payloads there meanwhile.
        while !self.halted {
            let mut names: VecDeque<String> = match spool.waiting() {
                Ok(names) => names.into_iter().filter(|name| !seen.contains(name)).collect(),
                Err(failure) => return self.fail(failure),
            };
            if names.is_empty() {
                return;
            }
            while let Some(name) = names.pop_front() {
                let parts = self.send_file(&spool, &name).await;
                seen.insert(name);
                if self.halted {
                    return;
                }
                for part in parts.into_iter().rev() {
                    names.push_front(part);
                }
            }
        }
    }

    /// Waits a while for the right to send from the spool.
    async fn acquire(&mut self, spool: &Spool) -> bool {
        let end = self.deadline.min(Instant::now() + self.datadog.tuning.lock_wait);
        loop {
            match spool.try_lock() {
                Ok(Some(lock)) => {
                    self.lock = Some(lock);
                    return true;
                }
                Ok(None) if Instant::now() < end => tokio::time::sleep(LOCK_POLL).await,
                Ok(None) => {
                    let words = "another run is sending from the spool: what this run has put there is left to it, or to the next run";
                    self.delivery.warnings.push(words.to_owned());
                    return false;
                }
                Err(failure) => {
                    // Without a lock two runs could send the same payload, which is only wasteful, so that a file system
                    // without locks does not keep points from being sent.
                    self.delivery.warnings.push(format!("{failure}. Sending goes on without the lock"));
                    return true;
                }
            }
        }
    }

    /// Sends one file of the spool. When it had to be replaced by others, their names.
    async fn send_file(&mut self, spool: &Spool, name: &str) -> Vec<String> {
        let loaded = {
            // On a network volume a read may take long.
            let (spool, name) = (spool.clone(), name.to_owned());
            blocking(move || spool.load(&name)).await
        };
        let payload = match loaded {
            Ok(payload) => payload,
            Err(NotRead::Gone) => return Vec::new(),
            Err(NotRead::Corrupt(why)) => {
                self.give_up(spool, name, 0, file::CORRUPT);
                self.delivery.warnings.push(format!("{name} of the spool is set aside: {why}"));
                return Vec::new();
            }
            Err(NotRead::Failed(failure)) => {
                self.delivery.warnings.push(failure.to_string());
                return Vec::new();
            }
        };
        let cutoff = (self.datadog.tuning.clock)() - series::MAX_AGE_S;
        if payload.newest < cutoff {
            self.remove(spool, name);
            self.own.remove(name);
            self.delivery.too_old += payload.points;
            return Vec::new();
        }
        if payload.oldest < cutoff {
            let newer = payload.newer_than(cutoff, self.datadog.tuning.limits);
            let kept = newer.as_ref().map_or(0, |newer| newer.iter().map(|part| part.points).sum());
            let parts = self.replace(spool, name, newer);
            if !parts.is_empty() {
                self.delivery.too_old += payload.points - kept;
            }
            return parts;
        }
        match self.send(&payload).await {
            Verdict::Accepted(complaint) => {
                self.remove(spool, name);
                match self.own.remove(name) {
                    Some(_) => self.delivery.accepted += payload.points,
                    None => self.delivery.replayed += payload.points,
                }
                self.complain(complaint);
                Vec::new()
            }
            Verdict::TooLarge(failure) => match payload.halves(self.datadog.tuning.limits).transpose() {
                Some(halves) => self.replace(spool, name, halves),
                None => {
                    self.give_up(spool, name, payload.points, file::REFUSED);
                    self.fail(too_large_alone(failure, &payload));
                    Vec::new()
                }
            },
            Verdict::Refused(failure) => {
                self.give_up(spool, name, payload.points, file::REFUSED);
                self.fail(failure);
                Vec::new()
            }
            Verdict::Halt(failure) => {
                self.halted = true;
                self.fail(failure);
                Vec::new()
            }
        }
    }

    /// Sends from memory what could not be written ahead: there is no spool, or it is full.
    pub async fn send_rest(&mut self, mut encoder: Encoder) {
        let mut queue = VecDeque::new();
        loop {
            let payload = match queue.pop_front() {
                Some(payload) => payload,
                None => {
                    let (rest, encoded) = blocking(move || {
                        let encoded = encoder.next();
                        (encoder, encoded)
                    })
                    .await;
                    encoder = rest;
                    match encoded {
                        None => return,
                        Some(Encoded::Payload(payload)) => payload,
                        Some(Encoded::Unsendable { metric, points, why }) => {
                            self.unsendable(&metric, points, &why);
                            continue;
                        }
                    }
                }
            };
            if self.halted {
                self.keep(&payload);
                continue;
            }
            match self.send(&payload).await {
                Verdict::Accepted(complaint) => {
                    self.delivery.accepted += payload.points;
                    self.complain(complaint);
                }
                Verdict::TooLarge(failure) => match payload.halves(self.datadog.tuning.limits) {
                    Ok(Some(halves)) => halves.into_iter().rev().for_each(|half| queue.push_front(half)),
                    Ok(None) | Err(_) => {
                        self.delivery.lost += payload.points;
                        self.fail(too_large_alone(failure, &payload));
                    }
                },
                Verdict::Refused(failure) => {
                    self.delivery.lost += payload.points;
                    self.fail(failure);
                }
                Verdict::Halt(failure) => {
                    self.halted = true;
                    self.fail(failure);
                    self.keep(&payload);
                }
            }
        }
    }

    async fn send(&mut self, payload: &Payload) -> Verdict {
        self.datadog.sender.send(payload, self.deadline, &mut self.delivery.requests).await
    }
}

enum Trouble {
    Disk(Failure),
    Unsendable { metric: String, points: u64, why: String },
}

fn too_large_alone(mut failure: Failure, payload: &Payload) -> Failure {
    failure.why = format!("{} (for the one series of {})", failure.why, payload.first_metric());
    failure
}

/// Runs work that computes long or waits for a disk where it holds up no other task.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down: nobody will ask for the result.
            Err(_) => std::future::pending().await,
        },
    }
}
