//! One project: its three listings at once, then its gauges; each listing is a group that fails alone.

use collector::Batch;
use collector::Failure;
use futures_util::future::join3;
use jiff::Timestamp;

use crate::catalog::group;
use crate::client::Client;
use crate::config::Config;
use crate::config::Project;
use crate::fetch;
use crate::metrics;
use crate::records::Run;

/// The gauges of a project, and the groups that could not be read.
pub(crate) async fn collect(client: &Client, config: &Config, project: &Project, now: Timestamp) -> Batch {
    let (recent, running, created) = join3(
        fetch::recent::read(client, config, project, now),
        fetch::running(client, project),
        fetch::created(client, project, now),
    )
    .await;
    // A reading that has missed a run is noticed by the other listings, as far as they could be read.
    let lacks = |recent: &[Run]| {
        let (running, created) = (running.as_deref().unwrap_or_default(), created.as_deref().unwrap_or_default());
        fetch::lacks(recent, running, created, now)
    };
    let recent = match recent {
        Ok(runs) if lacks(&runs) => match fetch::recent::read(client, config, project, now).await {
            Ok(runs) if lacks(&runs) => Err(fetch::lacking(project)),
            again => again,
        },
        once => once,
    };
    let mut batch = Batch::new();
    let mut add = |group, outcome: Result<Batch, Failure>| match outcome {
        Ok(computed) => batch.append(computed),
        Err(failure) => batch.fail(group, &metrics::tags(project), failure),
    };
    add(group::RUNNING, running.map(|runs| metrics::running::compute(&runs, config, project, now)));
    add(group::ACTIVITY, recent.map(|runs| metrics::recent::compute(&runs, config, project, now)));
    add(group::CREATED, created.map(|runs| metrics::created::compute(&runs, project, now)));
    batch
}
