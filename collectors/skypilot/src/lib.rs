//! SkyPilot: managed jobs, the GPUs that they hold, and clusters, as its API server tells them over HTTP.
//!
//! Fetch, then compute: `fetch` reads typed records through `client`, and `metrics` turns them into gauges without a
//! clock, a file or a network.

mod catalog;
mod check;
mod client;
mod config;
mod fetch;
mod metrics;
mod records;
#[cfg(test)]
mod testing;

pub use catalog::METRICS;
pub use config::Auth;
pub use config::Config;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use collector::Tags;
use futures_util::future::join;

use crate::catalog::group;
use crate::client::Client;
use crate::client::Pace;
use crate::fetch::Queue;

/// The SkyPilot collector.
#[derive(Debug)]
pub struct Skypilot {
    config: Config,
}

impl Skypilot {
    /// A collector of the server that `config` names.
    pub fn new(config: Config) -> Self {
        Skypilot { config }
    }

    /// The same for the registry. Boxed here, its futures are compiled with this crate, and not once more with the program.
    pub fn boxed(config: Config) -> Box<dyn collector::BoxedCollector> {
        Box::new(Self::new(config))
    }

    pub(crate) async fn collect_at(&self, context: &Context, pace: Pace) -> Result<Batch, Failure> {
        let (client, server) = Client::connect(&self.config, context, pace).await?;
        // Both at once: a queue that takes all the time must not take the clusters along.
        let (queue, clusters) = join(fetch::queue(&client, &server), fetch::clusters(&client)).await;
        let mut batch = Batch::new();
        match (queue, clusters) {
            (Err(failure), Err(_)) => return Err(failure),
            (queue, clusters) => {
                match queue {
                    Ok(Queue::Jobs(tasks)) => batch.append(metrics::jobs::compute(&tasks, context.now())),
                    Ok(Queue::ControllerDown) => batch.append(metrics::jobs::controller_down()),
                    Err(failure) => batch.fail(group::JOBS, &Tags::new(), failure),
                }
                match clusters {
                    Ok(clusters) => batch.append(metrics::clusters::compute(&clusters)),
                    Err(failure) => batch.fail(group::CLUSTERS, &Tags::new(), failure),
                }
            }
        }
        Ok(batch)
    }
}

impl Collector for Skypilot {
    fn name(&self) -> &'static str {
        "skypilot"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        METRICS.len()
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        self.collect_at(context, Pace::default()).await
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(&self.config, context).await
    }
}

#[cfg(test)]
mod queue_tests;
#[cfg(test)]
#[path = "collect_tests.rs"]
mod tests;
