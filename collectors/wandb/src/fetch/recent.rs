//! The runs with a heartbeat in the last 7 days, without reading those that came before.
//!
//! W&B has no filter for heartbeats, but an order. It changes while it is read: a live run's next heartbeat moves it to
//! the front, past the pages that have been read. Such a run is found there when the front is read again. Where in the
//! order runs without a heartbeat stand is not documented, and nothing here depends on it.

use std::collections::BTreeMap;

use collector::Failure;
use collector::Window;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::MAX_READINGS;
use super::TOO_FEW;
use super::keys;
use super::listing::Listing;
use super::listing::Reading;
use crate::client::Client;
use crate::config::Config;
use crate::config::Project;
use crate::queries;
use crate::records::Run;

/// Readings of the front of the order. Each has to look only as far as the one before it took time, so that they soon fit
/// on one page.
const MAX_FRONTS: usize = 8;
/// How far a page's heartbeats may be from their order: one may come between the server's sorting and its answer. A
/// server that ignores the order is farther off.
const TOLERANCE: SignedDuration = SignedDuration::from_mins(5);

/// The runs with a heartbeat after the last 7 days began, those that came after `now` included.
pub(crate) async fn read(
    client: &Client,
    config: &Config,
    project: &Project,
    now: Timestamp,
) -> Result<Vec<Run>, Failure> {
    let keys = keys(config);
    let filters = "{}".to_owned();
    let listing = Listing { client, query: queries::ACTIVITY, project, filters, keys: Some(&keys) };
    let start = Window::days(now, 7).start();
    let (mut runs, mut lacking) = (BTreeMap::new(), false);
    for _ in 0..MAX_READINGS {
        let mut reading = ordered(&listing, start).await?;
        let counted = reading.total;
        let moved = reading.pages > 1 && add_front(&listing, &mut reading).await?;
        if reading.shrunk {
            // A deleted run has had another one move over to a page that had been read.
            runs.clear();
            continue;
        }
        let known = runs.len();
        runs.extend(reading.runs);
        // Where the pages end before the window does, they hold every run: with fewer, some are missing.
        lacking = reading.ended && (runs.len() as u64) < counted;
        if lacking {
            continue;
        }
        // A run that is on two pages although none has moved stands in the place of another: then the next reading is
        // added, until one brings nothing new.
        if !reading.repeated || moved || runs.len() == known {
            let recent = |run: &Run| run.heartbeat_at.is_some_and(|at| at > start);
            return Ok(runs.into_values().filter(recent).collect());
        }
    }
    Err(listing.bad(if lacking { TOO_FEW } else { "the runs change faster than they can be read" }))
}

/// Reads down the order until a heartbeat is not after `until`.
async fn ordered(listing: &Listing<'_>, until: Timestamp) -> Result<Reading<Run>, Failure> {
    let enough = |page: &[Run]| {
        let beats: Vec<Timestamp> = page.iter().filter_map(|run| run.heartbeat_at).collect();
        match beats.windows(2).any(|pair| pair[1].duration_since(pair[0]) > TOLERANCE) {
            true => Err(listing.bad("the runs are not in the order of their heartbeats, which was asked for")),
            false => Ok(beats.iter().any(|at| *at <= until)),
        }
    };
    listing.read(enough).await
}

/// Adds what has moved to the front since the first page was read, and tells whether anything has.
async fn add_front(listing: &Listing<'_>, reading: &mut Reading<Run>) -> Result<bool, Failure> {
    let (mut since, mut ever) = (reading.newest, false);
    for _ in 0..MAX_FRONTS {
        // Without a single heartbeat nothing has an order.
        let Some(until) = since else { return Ok(ever) };
        let before = until.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(until);
        let front = ordered(listing, before).await?;
        let beat = |id: &String, of: &Reading<Run>| of.runs.get(id).map(|run| run.heartbeat_at);
        let moved = front.runs.keys().any(|id| beat(id, &front) != beat(id, reading));
        let done = front.pages == 1 || !moved;
        ever |= moved;
        since = front.newest;
        reading.shrunk |= front.shrunk || front.total < reading.total;
        reading.total = front.total;
        reading.runs.extend(front.runs);
        if done {
            return Ok(ever);
        }
    }
    Err(listing.bad("runs move to the front of their order faster than they can be read"))
}
