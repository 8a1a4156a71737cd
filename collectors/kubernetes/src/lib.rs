//! Kubernetes: pods, deployments and nodes of a cluster, and how much of what is requested is used.
//!
//! Fetch, then compute: `fetch` reads records through `client`, and `metrics` turns them into gauges without a clock, a
//! file or a network.

mod catalog;
mod check;
mod client;
mod config;
mod fetch;
mod metrics;
mod quantity;
mod records;
#[cfg(test)]
mod testing;

pub use catalog::METRICS;
pub use client::look;
pub use config::Access;
pub use config::Config;
pub use config::SERVICE_ACCOUNT;
pub use config::is_namespace;

use collector::Batch;
use collector::BoxedCollector;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use collector::Tags;
use collector::transport::Pace;

use crate::catalog::group;
use crate::client::Client;
use crate::client::PACE;
use crate::fetch::Lists;

/// The Kubernetes collector.
#[derive(Debug)]
pub struct Kubernetes {
    config: Config,
}

impl Kubernetes {
    /// A collector of the cluster that `config` names.
    pub fn new(config: Config) -> Self {
        Kubernetes { config }
    }

    /// The same for the registry. Boxed here, its futures are compiled with this crate, and not once more with the program.
    pub fn boxed(config: Config) -> Box<dyn BoxedCollector> {
        Box::new(Self::new(config))
    }

    async fn collect_at(&self, context: &Context, pace: Pace) -> Result<Batch, Failure> {
        let client = Client::connect(&self.config, context, pace).await?;
        let lists = fetch::lists(&client, &self.config.namespaces).await;
        Ok(compute(&lists, &self.config, context.now()))
    }
}

/// Each group by itself: what one of them lacks is no other's failure.
fn compute(lists: &Lists, config: &Config, now: jiff::Timestamp) -> Batch {
    let tags = Tags::new().with("cluster", config.cluster.as_str());
    let mut batch = Batch::new();
    let mut add = |group: &'static str, outcome: Result<Batch, &Failure>| match outcome {
        Ok(gauges) => batch.append(gauges),
        Err(failure) => batch.fail(group, &tags, failure.clone()),
    };
    let Lists { pods, deployments, nodes, usage } = lists;
    add(group::PODS, pods.as_ref().map(|pods| metrics::pods::compute(pods, now, &tags)));
    add(group::DEPLOYMENTS, deployments.as_ref().map(|all| metrics::deployments::compute(all, now, &tags)));
    add(group::NODES, nodes.as_ref().map(|nodes| metrics::nodes::compute(nodes, now, &tags)));
    let of_usage = usage.as_ref().and_then(|usage| match usage {
        None => Ok(metrics::usage::not_served(&tags)),
        Some(usage) => pods.as_ref().map(|pods| metrics::usage::compute(pods, usage, now, &tags)),
    });
    add(group::USAGE, of_usage);
    let of_gpus = match config.namespaces.is_empty() {
        false => Ok(metrics::gpu::of_some_namespaces(&tags)),
        true => pods.as_ref().and_then(|pods| Ok(metrics::gpu::compute(pods, nodes.as_ref()?, now, &tags))),
    };
    add(group::GPU, of_gpus);
    for namespace in empty(lists, &config.namespaces) {
        batch.warn(format!(
            "namespace {namespace} has no pod and no deployment; the API server does not say whether it exists: check \
             kubernetes.namespaces (K8S_NAMESPACES)"
        ));
    }
    batch
}

/// Those of the namespaces in which nothing was found. One that does not exist is listed like an empty one.
fn empty<'a>(lists: &Lists, namespaces: &'a [String]) -> Vec<&'a str> {
    let (Ok(pods), Ok(deployments)) = (&lists.pods, &lists.deployments) else { return Vec::new() };
    let keys = || pods.iter().map(|pod| &pod.key).chain(deployments.iter().map(|one| &one.key));
    let names = namespaces.iter().map(String::as_str);
    names.filter(|name| keys().all(|key| *key.namespace != **name)).collect()
}

impl Collector for Kubernetes {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        METRICS.len()
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        self.collect_at(context, PACE).await
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(&self.config, context).await
    }
}

#[cfg(test)]
mod tests;
