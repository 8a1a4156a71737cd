//! Asana: the tasks of a workspace, the status of its projects, and a project of bugs.
//!
//! Fetch, then compute: `fetch` reads typed records through `client`, and `metrics` turns them into gauges without a
//! clock, a file or a network.

mod catalog;
mod check;
mod client;
mod config;
#[cfg(test)]
mod contract_tests;
mod fetch;
mod metrics;
mod records;
#[cfg(test)]
mod testing;

pub use catalog::METRICS;
pub use config::Config;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use collector::Reason;
use collector::Tags;
use collector::transport::Pace;

use crate::catalog::group;
use crate::client::Client;
use crate::client::PACE;

/// The Asana collector.
#[derive(Debug)]
pub struct Asana {
    config: Config,
}

impl Asana {
    /// A collector of the workspace that `config` names.
    pub fn new(config: Config) -> Self {
        Asana { config }
    }

    /// The same for the registry. Boxed here, its futures are compiled with this crate, and not once more with the program.
    pub fn boxed(config: Config) -> Box<dyn collector::BoxedCollector> {
        Box::new(Self::new(config))
    }

    pub(crate) async fn collect_at(&self, context: &Context, pace: Pace) -> Result<Batch, Failure> {
        let config = &self.config;
        let (now, tags) = (context.now(), Tags::new().with("workspace", config.workspace.as_str()));
        let client = Client::new(config, context, pace);
        let projects = match fetch::projects(&client, &config.workspace).await {
            Err(failure) if !self.goes_on_without(&failure) => return Err(failure),
            projects => projects,
        };
        let listed = projects.as_deref().unwrap_or_default();
        let listings = fetch::tasks(&client, config, listed, now).await;
        let tasks = match (&projects, config.projects.is_empty()) {
            (Err(failure), true) => Err(failure.clone()),
            _ => listings.counted(config, listed),
        };
        let mut batch = Batch::new();
        match &projects {
            Ok(projects) => batch.append(metrics::projects::compute(projects, &tags)),
            Err(failure) => batch.fail(group::PROJECTS, &tags, failure.clone()),
        }
        match tasks {
            Ok(tasks) => batch.append(metrics::tasks::compute(&tasks, now, &config.time_zone, &tags)),
            Err(failure) => batch.fail(group::TASKS, &tags, failure),
        }
        match config.bugs_project.as_deref().map(|bugs| (bugs, listings.of(bugs))) {
            Some((bugs, Ok(tasks))) => batch.append(metrics::bugs::compute(&tasks, bugs, now, &tags)),
            Some((_, Err(failure))) => batch.fail(group::BUGS, &tags, failure),
            None => batch.append(metrics::bugs::not_configured(&tags)),
        }
        for warning in listings.warnings {
            batch.warn(warning);
        }
        match batch.failures() {
            [first, ..] if batch.gauges().is_empty() => Err(first.failure.clone()),
            _ => Ok(batch),
        }
    }

    /// Whether there is something to read although the projects cannot be listed: Asana may take too long to list those
    /// of a large organization. What says that token or workspace are wrong leaves nothing.
    fn goes_on_without(&self, failure: &Failure) -> bool {
        let named = !self.config.projects.is_empty() || self.config.bugs_project.is_some();
        named && matches!(failure.reason, Reason::Unreachable | Reason::BadReply)
    }
}

impl Collector for Asana {
    fn name(&self) -> &'static str {
        "asana"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        let sent = |def: &&MetricDef| def.group != group::BUGS || self.config.bugs_project.is_some();
        METRICS.iter().filter(sent).count()
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        self.collect_at(context, PACE).await
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(&self.config, context).await
    }
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
