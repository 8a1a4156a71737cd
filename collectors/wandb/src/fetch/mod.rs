//! Typed records of one project: three listings, each whole or a failure.

mod listing;
pub(crate) mod recent;

use std::collections::BTreeMap;

use collector::Failure;
use collector::Window;
use jiff::SignedDuration;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::json;

use self::listing::Listing;
use crate::client::Client;
use crate::config::Config;
use crate::config::Project;
use crate::queries;
use crate::records::Created;
use crate::records::Listed;
use crate::records::Run;

/// Readings of a listing that does not add up.
const MAX_READINGS: usize = 3;
/// Why a listing with too few runs is none.
const TOO_FEW: &str = "the pages do not hold as many runs as the server counts, also when they are read again";

/// Every running run.
pub(crate) async fn running(client: &Client, config: &Config, project: &Project) -> Result<Vec<Run>, Failure> {
    let (filters, keys) = (json!({"state": "running"}).to_string(), keys(config));
    whole(&Listing { client, query: queries::RUNNING, project, filters, keys: Some(&keys) }).await
}

/// The summary keys that are read, each once. An empty list would ask for whole summaries: then it is a key that is short
/// and in all of them.
fn keys(config: &Config) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for key in [&config.accuracy_keys, &config.loss_keys, &config.group_keys].into_iter().flatten() {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    if keys.is_empty() { vec!["_step".to_owned()] } else { keys }
}

/// Every run created in the last 7 days, also one without a heartbeat; and any created since.
pub(crate) async fn created(client: &Client, project: &Project, now: Timestamp) -> Result<Vec<Created>, Failure> {
    // A second more than the window, which is judged here: how the server rounds its times is not known.
    let start = Window::days(now, 7).start().saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
    let start = start.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let filters = json!({"createdAt": {"$gte": start}}).to_string();
    whole(&Listing { client, query: queries::CREATED, project, filters, keys: None }).await
}

/// All runs of a filter. Runs that are deleted, or leave the filter, while pages are read may move another one over to a
/// page that has been read: the count falls then, and it is read again. Where runs are repeated in the place of others,
/// several readings together have as many as the server counts.
async fn whole<T: Listed + DeserializeOwned>(listing: &Listing<'_>) -> Result<Vec<T>, Failure> {
    let (mut runs, mut total) = (BTreeMap::new(), 0);
    for _ in 0..MAX_READINGS {
        let reading = listing.read(|_: &[T]| Ok(false)).await?;
        if reading.shrunk || reading.total != total {
            runs.clear();
        }
        total = reading.total;
        runs.extend(reading.runs);
        if !reading.shrunk && runs.len() as u64 >= total {
            return Ok(runs.into_values().collect());
        }
    }
    Err(listing.bad(TOO_FEW))
}

/// The failure of recent runs that lack one.
pub(crate) fn lacking(project: &Project) -> Failure {
    let why = "a run that another listing shows is not in the listing by heartbeat, also when it is read again";
    listing::unsound(queries::ACTIVITY, project, why)
}
