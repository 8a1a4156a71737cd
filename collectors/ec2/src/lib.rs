//! EC2: instances, their GPUs, volumes, snapshots, addresses, idleness and cost, of each region of an account.
//!
//! Fetch, then compute: `fetch` reads records through `client`, and `metrics` turns them into gauges without a clock, a
//! file or a network.

mod catalog;
mod check;
mod client;
mod config;
mod fetch;
mod metrics;
mod permissions;
mod prices;
mod records;
mod region;
mod store;
#[cfg(test)]
mod testing;

pub use catalog::METRICS;
pub use client::sdk_config;
pub use config::Access;
pub use config::Config;
pub use config::Keys;
pub use config::Regions;
pub use config::is_region;
pub use permissions::Permission;
pub use permissions::permissions;
pub use prices::PriceFile;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use futures_util::future::join_all;

use crate::client::Client;
use crate::client::Pace;
use crate::fetch::Identity;
use crate::fetch::PriceList;
use crate::region::Region;
use crate::store::Store;

/// More regions than any partition of AWS has; the bound on series where all are read.
const MAX_REGIONS: usize = 50;

/// The EC2 collector.
#[derive(Debug)]
pub struct Ec2 {
    config: Config,
}

impl Ec2 {
    /// A collector of the regions that `config` names.
    pub fn new(config: Config) -> Self {
        Ec2 { config }
    }

    /// The same for the registry. Boxed here, its futures are compiled with this crate, and not once more with the program.
    pub fn boxed(config: Config) -> Box<dyn collector::BoxedCollector> {
        Box::new(Self::new(config))
    }

    pub(crate) async fn collect_at(&self, context: &Context, pace: Pace) -> Result<Batch, Failure> {
        let config = &self.config;
        let client = Client::connect(&config.access, context, pace).await?;
        let (identity, regions) = whereabouts(config, &client).await?;
        let endpoint = config.access.endpoint_url.as_deref();
        let (store, warnings) = Store::open(config.state_dir.as_deref(), endpoint, context.now());
        let price_list = PriceList::new(&client, &store, &config.access.home);
        let region = |name| Region {
            config,
            client: &client,
            store: &store,
            price_list: &price_list,
            account: &identity.account,
            name,
            now: context.now(),
        };
        let all: Vec<Region<'_>> = regions.iter().map(|name| region(name)).collect();
        let batches = join_all(all.iter().map(Region::collect)).await;
        let mut batch = Batch::new();
        batches.into_iter().for_each(|one| batch.append(one));
        for warning in warnings.into_iter().chain(store.save()) {
            batch.warn(warning);
        }
        Ok(batch)
    }
}

/// Who asks, and the regions to read.
async fn whereabouts(config: &Config, client: &Client) -> Result<(Identity, Vec<String>), Failure> {
    let home = config.access.home.as_str();
    match &config.regions {
        Regions::Named(names) => {
            let other = names.iter().map(String::as_str).find(|name| *name != home);
            Ok((fetch::identity(client, home, other).await?, names.clone()))
        }
        Regions::All => Ok((fetch::identity(client, home, None).await?, fetch::regions(client, home).await?)),
    }
}

impl Collector for Ec2 {
    fn name(&self) -> &'static str {
        "ec2"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        let regions = match &self.config.regions {
            Regions::Named(names) => names.len(),
            Regions::All => MAX_REGIONS,
        };
        METRICS.len() * regions
    }

    async fn collect(&self, context: &Context) -> Result<Batch, Failure> {
        self.collect_at(context, Pace::default()).await
    }

    async fn check(&self, context: &Context) -> Vec<Finding> {
        check::check(&self.config, context, Pace::default()).await
    }
}

#[cfg(test)]
mod tests;
