//! The runs with a heartbeat in the last 7 days, without reading those that came before.
//!
//! W&B has no filter for heartbeats, but an order. It changes while it is read: a live run's next heartbeat moves it to
//! the front, past the pages that have been read. Such a run is found there when the front is read again. Where in the
//! order runs without a heartbeat stand is not documented, and nothing here depends on it.

use collector::Failure;
use collector::Window;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::MAX_READINGS;
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
    let keys: Vec<String> =
        [&config.accuracy_keys, &config.loss_keys, &config.group_keys].into_iter().flatten().cloned().collect();
    let filters = "{}".to_owned();
    let listing = Listing { client, query: queries::ACTIVITY, project, filters, keys: Some(&keys) };
    let start = Window::days(now, 7).start();
    for _ in 0..MAX_READINGS {
        let reading = ordered(&listing, start).await?;
        let reading = if reading.pages > 1 { with_front(&listing, reading).await? } else { reading };
        // A deleted run has the one behind it move over to a page that has been read.
        if !reading.shrunk {
            let runs = reading.runs.into_values();
            return Ok(runs.filter(|run| run.heartbeat_at.is_some_and(|at| at > start)).collect());
        }
    }
    Err(listing.bad("runs are deleted faster than they can be read"))
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

/// Adds what has moved to the front since the first page was read.
async fn with_front(listing: &Listing<'_>, mut reading: Reading<Run>) -> Result<Reading<Run>, Failure> {
    let mut since = reading.newest;
    for _ in 0..MAX_FRONTS {
        // Without a single heartbeat nothing has an order.
        let Some(until) = since else { return Ok(reading) };
        let before = until.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(until);
        let front = ordered(listing, before).await?;
        let beat = |id: &String, of: &Reading<Run>| of.runs.get(id).map(|run| run.heartbeat_at);
        let moved = front.runs.keys().any(|id| beat(id, &front) != beat(id, &reading));
        let done = front.pages == 1 || !moved;
        since = front.newest;
        reading.shrunk |= front.shrunk || front.total < reading.total;
        reading.total = front.total;
        reading.runs.extend(front.runs);
        if done {
            return Ok(reading);
        }
    }
    Err(listing.bad("runs move to the front of their order faster than they can be read"))
}
