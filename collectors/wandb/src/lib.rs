//! Weights & Biases: the runs of any number of projects, their metrics, GPUs and groups.
//!
//! Fetch, then compute: `fetch` reads typed records of a project, listing by listing, through `client`, and `metrics`
//! turns them into gauges without a clock, a file or a network.

mod catalog;
mod check;
mod client;
mod config;
mod fetch;
mod lenient;
mod metrics;
mod project;
mod queries;
mod records;
#[cfg(test)]
mod testing;

pub use catalog::METRICS;
pub use config::Config;
pub use config::Direction;
pub use config::Group;
pub use config::Project;
pub use config::Selector;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use collector::transport::Pace;
use futures_util::future::join_all;

use crate::client::Client;
use crate::client::PACE;

/// The W&B collector.
#[derive(Debug)]
pub struct Wandb {
    config: Config,
}

impl Wandb {
    /// A collector of what `config` names.
    pub fn new(config: Config) -> Self {
        Wandb { config }
    }

    /// The same for the registry. Boxed here, its futures are compiled with this crate, and not once more with the program.
    pub fn boxed(config: Config) -> Box<dyn collector::BoxedCollector> {
        Box::new(Self::new(config))
    }

    pub(crate) async fn collect_at(&self, context: &Context, pace: Pace) -> Result<Batch, Failure> {
        let client = Client::new(&self.config, context, pace)?;
        let projects = self.config.projects.iter();
        let batches = join_all(projects.map(|of| project::collect(&client, &self.config, of, context.now()))).await;
        let mut whole = Batch::new();
        batches.into_iter().for_each(|batch| whole.append(batch));
        match client.refused() {
            // Said once rather than of each group of each project.
            Some(refused) if whole.gauges().is_empty() => Err(refused.clone()),
            _ => Ok(whole),
        }
    }
}

impl Collector for Wandb {
    fn name(&self) -> &'static str {
        "wandb"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        let (groups, keys) = (self.config.groups.len(), self.config.group_keys.len());
        let tagged = |tag: &str| METRICS.iter().filter(|def| def.tags.contains(&tag)).count();
        let (by_key, by_group) = (tagged("key"), tagged("group") - tagged("key"));
        let plain = METRICS.len() - by_group - by_key;
        self.config.projects.len() * (plain + groups * (by_group + by_key * keys))
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        self.collect_at(context, PACE).await
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(&self.config, context).await
    }
}

#[cfg(test)]
#[path = "projects_tests.rs"]
mod projects_tests;
#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
