//! What becomes of payloads that were not simply accepted, and the count of all.

use collector::Failure;
use collector::Reason;

use super::Delivery;
use super::encode::Payload;
use super::run::Run;
use super::spool::NotWritten;
use super::spool::Spool;
use super::spool::file;

impl Run<'_> {
    /// Keeps a payload that could be neither written ahead nor sent, at the cost of older ones.
    pub(super) fn keep(&mut self, payload: &Payload) {
        let Some(spool) = &self.spool else {
            self.delivery.lost += payload.points;
            return;
        };
        let mut put = spool.put(payload, 0);
        if let (Err(NotWritten::Full), Some(lock)) = (&put, &self.lock) {
            match spool.make_room(file::size(payload), &self.own, lock) {
                Ok(dropped) => self.delivery.dropped += dropped,
                Err(error) => self.delivery.warnings.push(format!("no room could be made in the spool: {error}")),
            }
            put = spool.put(payload, 0);
        }
        match put {
            Ok(name) => {
                self.own.insert(name, payload.points);
            }
            Err(_) => self.delivery.lost += payload.points,
        }
    }

    /// Puts parts into the place of a payload; their names.
    pub(super) fn replace(&mut self, spool: &Spool, name: &str, parts: std::io::Result<Vec<Payload>>) -> Vec<String> {
        let parts = match parts {
            Ok(parts) => parts,
            Err(error) => {
                self.give_up(spool, name, 0, file::CORRUPT);
                self.delivery.warnings.push(format!("{name} of the spool is set aside: {error}"));
                return Vec::new();
            }
        };
        match spool.replace(name, &parts) {
            Ok(names) => {
                if self.own.remove(name).is_some() {
                    self.own.extend(names.iter().cloned().zip(parts.iter().map(|part| part.points)));
                }
                names
            }
            Err(failure) => {
                self.delivery.warnings.push(failure.to_string());
                Vec::new()
            }
        }
    }

    /// Sets a payload aside for good. `points` counts for payloads of earlier runs, 0 when it cannot be known.
    pub(super) fn give_up(&mut self, spool: &Spool, name: &str, points: u64, ending: &str) {
        match self.own.remove(name) {
            Some(points) => self.delivery.lost += points,
            None => self.delivery.dropped += points,
        }
        if let Err(failure) = spool.set_aside(name, ending) {
            self.delivery.warnings.push(failure.to_string());
        }
    }

    pub(super) fn remove(&mut self, spool: &Spool, name: &str) {
        if let Err(failure) = spool.remove(name) {
            self.delivery.warnings.push(format!("{failure}. The next run will send it again, which is harmless"));
        }
    }

    pub(super) fn unsendable(&mut self, metric: &str, points: u64, why: &str) {
        self.delivery.lost += points;
        self.delivery.warnings.push(format!("{metric} is not sent: {why}"));
    }

    pub(super) fn complain(&mut self, complaint: Option<String>) {
        if let Some(complaint) = complaint {
            let why = format!("Datadog accepted the points in part only: {complaint}");
            self.delivery.warnings.push(why.clone());
            self.fail(Failure::new(Reason::BadReply, "deliver all points to Datadog", why));
        }
    }

    /// Notes a failure: the first one is told whole, others only if they say something else.
    pub(super) fn fail(&mut self, failure: Failure) {
        match &self.delivery.failure {
            None => self.delivery.failure = Some(failure),
            Some(first) if *first == failure => {}
            Some(_) => self.delivery.warnings.push(failure.to_string()),
        }
    }

    /// Accounts for the points of a delivery of `count` that was dropped before its end. Those that are in no account,
    /// nor in the spool, were in memory: they are lost.
    pub(super) fn cut_short(&mut self, count: u64) {
        let Delivery { accepted, lost, too_old, .. } = self.delivery;
        let known = accepted + lost + too_old + self.own.values().sum::<u64>();
        self.delivery.lost += count.saturating_sub(known);
        self.fail(Failure::new(Reason::Other, "deliver to Datadog", "the run was stopped by a signal"));
    }

    /// Counts what is left, and says it.
    pub fn finish(mut self) -> Delivery {
        let mut by_others = 0;
        if let Some(spool) = &self.spool {
            for (name, points) in std::mem::take(&mut self.own) {
                // Who held the spool meanwhile may have sent it, set it aside, or put parts in its place.
                match spool.left_of(&name) {
                    Ok((waiting, aside)) => {
                        self.delivery.spooled += waiting;
                        self.delivery.lost += aside;
                        by_others += points.saturating_sub(waiting + aside);
                        if waiting > 0 {
                            self.delivery.waiting.insert(name, waiting);
                        }
                    }
                    Err(failure) => {
                        self.delivery.spooled += points;
                        self.delivery.waiting.insert(name, points);
                        self.delivery.warnings.push(failure.to_string());
                    }
                }
            }
        } else {
            // An earlier delivery left them there; the spool cannot be opened any more.
            self.delivery.spooled += self.own.values().sum::<u64>();
        }
        // Nothing but a 202 removes a fresh payload from the spool of a run that is waiting for it.
        self.delivery.accepted += by_others;
        let delivery = &mut self.delivery;
        let mut say = |count: u64, words: &str| {
            if count > 0 {
                delivery.warnings.push(format!("{count} points {words}"));
            }
        };
        let (lost, too_old, dropped) = (delivery.lost, delivery.too_old, delivery.dropped);
        say(by_others, "of this run were sent by another one that held the spool");
        say(too_old, "were older than 55 minutes and are given up: Datadog silently drops those older than an hour");
        say(dropped, "of earlier runs were dropped: refused by Datadog, or over the spool's bound");
        say(lost, "of this run are lost: they could be neither delivered nor kept");
        self.delivery
    }
}
