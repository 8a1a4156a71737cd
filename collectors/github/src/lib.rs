//! GitHub: pull requests, commits, branches, CI and delivery of any number of repositories.
//!
//! Fetch, then compute: `fetch` reads typed records of a repository group by group through `client`, and `metrics`
//! turns them into gauges without a clock, a file or a network.

mod catalog;
mod check;
mod client;
mod config;
mod fetch;
mod metrics;
#[cfg(test)]
mod odd_tests;
mod queries;
mod records;
mod repository;
#[cfg(test)]
mod size_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod untrue_tests;
#[cfg(test)]
mod world;

pub use catalog::METRICS;
pub use config::Auth;
pub use config::Config;
pub use config::Repository;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use collector::Reason;
use futures_util::future::join_all;

use crate::client::Client;
use crate::client::Pace;

/// The GitHub collector.
#[derive(Debug)]
pub struct Github {
    config: Config,
}

impl Github {
    /// A collector of what `config` names.
    pub fn new(config: Config) -> Self {
        Github { config }
    }

    /// The same for the registry. Boxed here, its futures are compiled with this crate, and not once more with the program.
    pub fn boxed(config: Config) -> Box<dyn collector::BoxedCollector> {
        Box::new(Self::new(config))
    }

    pub(crate) async fn collect_at(&self, context: &Context, pace: Pace) -> Result<Batch, Failure> {
        let client = Client::new(&self.config, context, pace)?;
        let settings = metrics::ci::Settings::new(&self.config).map_err(|(key, why)| {
            Failure::new(Reason::Config, "read the names of the workflows", why).with_cure(format!("Mend {key}"))
        })?;
        let (config, now) = (&self.config, context.now());
        let repositories = config.repositories.iter();
        let begun = join_all(repositories.map(|of| repository::begin(&client, config, of, now))).await;
        let finished = begun.into_iter().map(async |begun| match begun {
            Ok(begun) => repository::finish(begun, config, &settings, now).await,
            Err(failed) => failed,
        });
        let batches = join_all(finished).await;
        let mut whole = Batch::new();
        batches.into_iter().for_each(|batch| whole.append(batch));
        // Where nothing at all could be read, the batch says so of each repository.
        Ok(whole)
    }
}

impl Collector for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        METRICS.len() * self.config.repositories.len()
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        self.collect_at(context, Pace::default()).await
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(&self.config, context).await
    }
}

#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
