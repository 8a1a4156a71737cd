//! One project: its three listings at once, then its gauges; each listing is a group that fails alone.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Batch;
use collector::Failure;
use collector::Window;
use futures_util::future::join3;
use jiff::Timestamp;

use crate::catalog::group;
use crate::client::Client;
use crate::config::Config;
use crate::config::Project;
use crate::fetch;
use crate::metrics;
use crate::records::Created;
use crate::records::Listed;
use crate::records::Run;

/// What was read of a project, each listing for itself.
struct Listings {
    recent: Result<Vec<Run>, Failure>,
    running: Result<Vec<Run>, Failure>,
    created: Result<Vec<Created>, Failure>,
}

/// The gauges of a project, and the groups that could not be read.
pub(crate) async fn collect(client: &Client, config: &Config, project: &Project, now: Timestamp) -> Batch {
    let mut listings = read(client, config, project, now).await;
    // A run that was deleted in between is gone from all of them when they are read again.
    if listings.disagree(now) {
        listings = listings.and(read(client, config, project, now).await);
    }
    if listings.disagree(now) {
        listings.recent = Err(fetch::lacking(project));
    }
    let mut batch = Batch::new();
    let mut add = |group, outcome: Result<Batch, Failure>| match outcome {
        Ok(computed) => batch.append(computed),
        Err(failure) => batch.fail(group, &metrics::tags(project), failure),
    };
    let Listings { recent, running, created } = listings;
    add(group::RUNNING, running.map(|runs| metrics::running::compute(&runs, config, project, now)));
    add(group::ACTIVITY, recent.map(|runs| metrics::recent::compute(&runs, config, project, now)));
    add(group::CREATED, created.map(|runs| metrics::created::compute(&runs, project, now)));
    batch
}

async fn read(client: &Client, config: &Config, project: &Project, now: Timestamp) -> Listings {
    let recent = fetch::recent::read(client, config, project, now);
    let (mut recent, mut running, created) =
        join3(recent, fetch::running(client, config, project), fetch::created(client, project, now)).await;
    for run in [&mut recent, &mut running].into_iter().flatten().flatten() {
        mask(run, client);
    }
    // The runs that move in the order of heartbeats are those that run: one that has moved out of sight is here.
    if let (Ok(recent), Ok(running)) = (&mut recent, &running) {
        let known: BTreeSet<String> = recent.iter().map(|run| run.id.clone()).collect();
        recent.extend(running.iter().filter(|run| !known.contains(&run.id)).cloned());
    }
    Listings { recent, running, created }
}

/// Masks the credential in what warnings quote of a run: a server, or a person, may have put it there.
fn mask(run: &mut Run, client: &Client) {
    let gpu = run.run_info.as_mut().and_then(|info| info.gpu.as_mut());
    for text in [run.state.as_mut(), gpu].into_iter().flatten() {
        *text = client.secrets().mask(text);
    }
}

impl Listings {
    /// A newer reading, with the recent runs that only this one had seen.
    fn and(self, newer: Listings) -> Listings {
        let older = self.recent.unwrap_or_default();
        let recent = newer.recent.map(|newer| {
            let all = older.into_iter().chain(newer).map(|run| (run.id.clone(), run));
            all.collect::<BTreeMap<String, Run>>().into_values().collect()
        });
        // What could be read once need not fail for being read again.
        Listings { recent, running: newer.running.or(self.running), created: newer.created.or(self.created) }
    }

    /// Whether the recent runs lack one that was created lately and has a heartbeat in the window: a reading that missed a
    /// run is noticed so, as far as the created ones could be read.
    fn disagree(&self, now: Timestamp) -> bool {
        let Ok(recent) = &self.recent else { return false };
        let known: BTreeSet<&str> = recent.iter().map(Listed::id).collect();
        let week = Window::days(now, 7);
        let lacks = |run: &Created| run.heartbeat_at.is_some_and(|at| week.contains(at)) && !known.contains(run.id());
        self.created.iter().flatten().any(lacks)
    }
}
