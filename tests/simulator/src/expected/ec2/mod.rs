//! The section ec2, region by region.

mod prices;
#[cfg(test)]
mod tests;

pub use prices::PriceFile;
pub use prices::Prices;
pub use prices::SpotRow;

use super::Expected;
use super::count;
use super::mean;
use crate::organisation::Organisation;
use crate::organisation::aws::Accelerator;
use crate::organisation::aws::Aws;
use crate::organisation::aws::Instance;
use crate::organisation::aws::InstanceState;
use crate::organisation::aws::Lifecycle;
use crate::organisation::aws::Region;
use crate::organisation::aws::Volume;
use crate::organisation::aws::VolumeState;
use jiff::SignedDuration;
use jiff::Timestamp;

/// What the configuration may change about the definitions.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which regions are read.
    pub regions: Regions,
    /// Whether CloudWatch is asked.
    pub idle: bool,
    /// Below which mean utilization an instance is idle, in percent.
    pub idle_cpu_pct: f64,
    /// Where prices come from.
    pub prices: Prices,
}

/// Which regions are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regions {
    /// Those that the description says are to be configured.
    Configured,
    /// All that are enabled for the account.
    All,
    /// These.
    Named(Vec<String>),
}

impl Default for Settings {
    fn default() -> Settings {
        Settings { regions: Regions::Configured, idle: true, idle_cpu_pct: 5.0, prices: Prices::Aws }
    }
}

type Gauges = Vec<(&'static str, Option<f64>)>;

/// Every gauge of every region that is read. A disabled region has none: it cannot be read.
pub fn gauges(organisation: &Organisation, settings: &Settings) -> Vec<Expected> {
    let aws = &organisation.aws;
    let is_read = |region: &&Region| match &settings.regions {
        Regions::Configured => aws.configured.contains(&region.name),
        Regions::All => region.is_enabled(),
        Regions::Named(names) => names.contains(&region.name),
    };
    let mut out = Vec::new();
    for region in aws.regions.iter().filter(is_read) {
        let case = Case { aws, region, settings, now: organisation.now };
        let mut gauges = case.instances();
        gauges.extend(case.storage());
        gauges.extend(case.cost());
        let tags = vec![("account", aws.account.clone()), ("region", region.name.clone())];
        out.extend(gauges.into_iter().map(|(metric, value)| Expected {
            metric,
            tags: tags.clone(),
            value: value.filter(|_| region.is_enabled()),
        }));
    }
    out
}

/// One region in its surroundings.
struct Case<'a> {
    aws: &'a Aws,
    region: &'a Region,
    settings: &'a Settings,
    now: Timestamp,
}

impl Case<'_> {
    /// "running": in that state, and not from an instant after now on, for "what lies after now is [...] not open or
    /// running either".
    fn running(&self) -> impl Iterator<Item = &Instance> {
        self.region.instances.iter().filter(|i| i.state == InstanceState::Running && i.launched <= self.now)
    }

    fn age(&self, at: Timestamp) -> SignedDuration {
        self.now.duration_since(at)
    }

    fn instances(&self) -> Gauges {
        use InstanceState::ShuttingDown;
        use InstanceState::Stopped;
        use InstanceState::Stopping;
        use InstanceState::Terminated;
        let all = &self.region.instances;
        let of = |test: &dyn Fn(&Instance) -> bool| count(all.iter().filter(|i| test(i)).count());
        let running = |test: &dyn Fn(&Instance) -> bool| count(self.running().filter(|i| test(i)).count());
        let ages: Vec<f64> = self.running().map(|i| self.age(i.launched).as_secs_f64() / 86_400.0).collect();
        let sum = |number: &dyn Fn(&Instance) -> u64| Some(self.running().map(number).sum::<u64>() as f64);
        vec![
            ("ec2.instances.total", of(&|i| !matches!(i.state, Terminated | ShuttingDown))),
            ("ec2.instances.running", running(&|_| true)),
            ("ec2.instances.stopped", of(&|i| matches!(i.state, Stopped | Stopping))),
            ("ec2.instances.spot", running(&|i| i.lifecycle == Some(Lifecycle::Spot))),
            ("ec2.instances.ondemand", running(&|i| i.lifecycle != Some(Lifecycle::Spot))),
            ("ec2.instances.gpu_count", running(&|i| self.gpus(i) > 0)),
            ("ec2.instances.cpu_count", running(&|i| self.gpus(i) == 0)),
            ("ec2.gpus.total", sum(&|i| self.gpus(i))),
            ("ec2.vcpus.total", sum(&|i| self.aws.instance_type(&i.instance_type).map_or(0, |t| t.vcpus))),
            ("ec2.instances.idle", self.idle()),
            ("ec2.instances.avg_age_days", mean(&ages)),
            ("ec2.instances.oldest_age_days", ages.iter().copied().reduce(f64::max)),
            ("ec2.instances.spot_interrupted_24h", of(&|i| self.is_interrupted(i))),
        ]
    }

    fn gpus(&self, instance: &Instance) -> u64 {
        match self.aws.instance_type(&instance.instance_type).map(|kind| kind.accelerator) {
            Some(Accelerator::Gpu(_, _, count, _)) => count,
            // Inferentia and Trainium are no GPUs.
            Some(Accelerator::Neuron(..) | Accelerator::None) | None => 0,
        }
    }

    /// "running for over 1h with mean CPUUtilization of the last hour [...] below". What has no data has no mean and is
    /// not idle; where nothing that has run for so long has data, the number is not known.
    fn idle(&self) -> Option<f64> {
        let hour = SignedDuration::from_hours(1);
        let in_hour = |at: Timestamp| self.age(at) >= SignedDuration::ZERO && self.age(at) < hour;
        let old: Vec<&Instance> = self.running().filter(|i| self.age(i.launched) > hour).collect();
        let means: Vec<f64> = old
            .iter()
            .filter_map(|i| {
                let points = i.cpu.iter().filter(|(at, _)| in_hour(*at));
                mean(&points.map(|(_, average)| *average).collect::<Vec<_>>())
            })
            .collect();
        let is_known = old.is_empty() || !means.is_empty();
        let idle = count(means.iter().filter(|mean| **mean < self.settings.idle_cpu_pct).count());
        idle.filter(|_| is_known && self.settings.idle)
    }

    fn is_interrupted(&self, instance: &Instance) -> bool {
        let day = SignedDuration::from_hours(24);
        let in_day = |at: Timestamp| self.age(at) >= SignedDuration::ZERO && self.age(at) < day;
        instance.state == InstanceState::Terminated
            && instance.reason == Some("Server.SpotInstanceTermination")
            && instance.ended.is_some_and(in_day)
    }

    fn storage(&self) -> Gauges {
        let volumes = &self.region.volumes;
        let of = |state: VolumeState| volumes.iter().filter(move |v| v.state == state);
        let size = |volumes: &mut dyn Iterator<Item = &Volume>| Some(volumes.map(|v| v.size).sum::<u64>() as f64);
        let own: Vec<u64> = self
            .region
            .snapshots
            .iter()
            .filter(|snapshot| snapshot.owner == self.aws.account)
            .map(|snapshot| snapshot.volume_size)
            .collect();
        let unattached = self.region.addresses.iter().filter(|address| address.association.is_none());
        vec![
            ("ec2.ebs.volumes.total", count(volumes.len())),
            ("ec2.ebs.volumes.attached", count(of(VolumeState::InUse).count())),
            ("ec2.ebs.volumes.unattached", count(of(VolumeState::Available).count())),
            ("ec2.ebs.volumes.size_gb", size(&mut volumes.iter())),
            ("ec2.ebs.volumes.unattached_size_gb", size(&mut of(VolumeState::Available))),
            ("ec2.ebs.snapshots.total", count(own.len())),
            ("ec2.ebs.snapshots.size_gb", Some(own.iter().sum::<u64>() as f64)),
            ("ec2.addresses.unattached", count(unattached.count())),
        ]
    }

    fn cost(&self) -> Gauges {
        let (mut hourly, mut unpriced) = (0.0, 0);
        // What the same spot instances cost, and would cost on demand, where both are known.
        let (mut spot, mut instead) = (0.0, 0.0);
        for instance in self.running() {
            let is_spot = instance.lifecycle == Some(Lifecycle::Spot);
            let on_demand = self.on_demand_price(instance);
            let price = if is_spot { self.spot_price(instance) } else { on_demand };
            match price {
                Some(price) => hourly += price,
                None => unpriced += 1,
            }
            if let (true, Some(price), Some(on_demand)) = (is_spot, price, on_demand) {
                spot += price;
                instead += on_demand;
            }
        }
        vec![
            ("ec2.cost.running_hourly_estimate", Some(hourly)),
            ("ec2.cost.unpriced_instances", count(unpriced)),
            ("ec2.cost.monthly_estimate", Some(hourly * 730.0)),
            ("ec2.cost.spot_savings_pct", (instead > 0.0).then(|| 100.0 * (1.0 - spot / instead))),
        ]
    }
}
