//! One region: its groups, each read on its own.

use std::collections::BTreeSet;

use collector::Batch;
use collector::Failure;
use collector::Reason;
use collector::Tags;
use futures_util::future::join;
use futures_util::future::join3;
use futures_util::future::join4;
use jiff::Timestamp;

use crate::catalog;
use crate::catalog::group;
use crate::client::Client;
use crate::config::Config;
use crate::fetch;
use crate::fetch::PriceList;
use crate::metrics;
use crate::prices::OnDemandKey;
use crate::prices::Prices;
use crate::prices::SpotKey;
use crate::records::Instance;
use crate::store::Store;

/// A region to be read.
pub(crate) struct Region<'a> {
    pub(crate) config: &'a Config,
    pub(crate) client: &'a Client,
    pub(crate) store: &'a Store,
    pub(crate) price_list: &'a PriceList<'a>,
    pub(crate) account: &'a str,
    pub(crate) name: &'a str,
    pub(crate) now: Timestamp,
}

impl Region<'_> {
    /// Reads all groups at once. One that fails is a failure of the batch, and leaves the others whole.
    pub(crate) async fn collect(&self) -> Batch {
        let (client, name) = (self.client, self.name);
        let (instances, volumes, snapshots, addresses) = join4(
            self.of_instances(),
            fetch::volumes(client, name),
            fetch::snapshots(client, name, self.account),
            fetch::addresses(client, name),
        )
        .await;
        let tags = self.tags();
        let mut batch = instances;
        self.add(&mut batch, group::VOLUMES, volumes.map(|read| metrics::storage::volumes(&read, &tags)));
        self.add(&mut batch, group::SNAPSHOTS, snapshots.map(|read| metrics::storage::snapshots(&read, &tags)));
        self.add(&mut batch, group::ADDRESSES, addresses.map(|read| metrics::storage::addresses(&read, &tags)));
        batch
    }

    /// The instances, and what is asked for them.
    async fn of_instances(&self) -> Batch {
        let tags = self.tags();
        let mut batch = Batch::new();
        let instances = match fetch::instances(self.client, self.name).await {
            Ok(instances) => instances,
            Err(failure) => {
                for group in group::OF_INSTANCES {
                    batch.fail(group, &tags, failure.clone());
                }
                return batch;
            }
        };
        batch.append(metrics::instances::compute(&instances, self.now, &tags));
        let running: Vec<&Instance> = instances.iter().filter(|one| one.runs(self.now)).collect();
        let (types, cost, idle) =
            join3(self.types(&instances, &running), self.prices(&running), self.idle(&instances)).await;
        self.add(&mut batch, group::TYPES, types);
        let cost = cost.map(|prices| metrics::cost::compute(&instances, &prices, self.name, self.now, &tags));
        self.add(&mut batch, group::COST, cost);
        self.add(&mut batch, group::IDLE, idle);
        batch
    }

    async fn types(&self, instances: &[Instance], running: &[&Instance]) -> Result<Batch, Failure> {
        let kinds: BTreeSet<&str> = running.iter().map(|one| one.kind.as_str()).collect();
        let types = fetch::hardware(self.client, self.store, self.name, &kinds).await?;
        metrics::types::compute(instances, &types, self.now, &self.tags()).map_err(|kind| {
            let doing = format!("describe the instance types of {}", self.name);
            Failure::new(
                Reason::BadReply,
                doing,
                format!("EC2 does not describe the type {kind:?} of a running instance"),
            )
        })
    }

    async fn prices(&self, running: &[&Instance]) -> Result<Prices, Failure> {
        let on_demand: BTreeSet<OnDemandKey> = running.iter().map(|one| OnDemandKey::of(one, self.name)).collect();
        let spot: BTreeSet<SpotKey> = running.iter().filter(|one| one.spot).map(|one| SpotKey::of(one)).collect();
        if let Some(file) = &self.config.price_file {
            let on_demand =
                on_demand.into_iter().filter_map(|key| Some((key.clone(), file.on_demand(&key)?))).collect();
            let spot = spot.into_iter().filter_map(|key| Some((key.clone(), file.spot(&key, self.name)?))).collect();
            return Ok(Prices { on_demand, spot });
        }
        let spot = fetch::spot_prices(self.client, self.name, &spot, self.now);
        let (on_demand, spot) = join(self.price_list.prices(&on_demand), spot).await;
        Ok(Prices { on_demand: on_demand?, spot: spot? })
    }

    async fn idle(&self, instances: &[Instance]) -> Result<Batch, Failure> {
        let tags = self.tags();
        if !self.config.idle {
            let mut batch = Batch::new();
            batch.gauge_or_absent(&catalog::INSTANCES_IDLE, None, &tags);
            return Ok(batch);
        }
        let candidates = metrics::idle::candidates(instances, self.now);
        let ids: Vec<&str> = candidates.iter().map(|one| one.id.as_str()).collect();
        let means = fetch::cpu_means(self.client, self.store, self.account, self.name, &ids, self.now).await?;
        Ok(metrics::idle::compute(&candidates, &means, self.config.idle_cpu_pct, &tags))
    }

    fn add(&self, batch: &mut Batch, group: &'static str, read: Result<Batch, Failure>) {
        match read {
            Ok(read) => batch.append(read),
            Err(failure) => batch.fail(group, &self.tags(), failure),
        }
    }

    fn tags(&self) -> Tags {
        Tags::new().with("account", self.account).with("region", self.name)
    }
}
