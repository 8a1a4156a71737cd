//! The subtle rules, on accounts made by hand.

use super::*;
use crate::organisation::Scale;
use crate::organisation::aws::Address;
use crate::organisation::aws::AwsScale;
use crate::organisation::aws::OnDemandPrice;
use crate::organisation::aws::Platform;
use crate::organisation::aws::Snapshot;
use crate::organisation::aws::SpotPrice;
use crate::organisation::aws::Tenancy;

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now().checked_sub(SignedDuration::from_secs(seconds)).unwrap()
}

/// An account with one region and nothing in it.
fn bare() -> Organisation {
    let nothing = AwsScale { instances: 0, volumes: 0, snapshots: 0, addresses: 0, regions: 1, ..AwsScale::small() };
    let mut organisation = Organisation::generate(1, Scale::small().with_aws(nothing), now());
    let aws = &mut organisation.aws;
    aws.regions.retain(|region| aws.configured.contains(&region.name));
    aws.regions[0].spot_prices.clear();
    aws.price_list.clear();
    organisation
}

fn with_instances(instances: Vec<Instance>) -> Organisation {
    let mut organisation = bare();
    organisation.aws.regions[0].instances = instances;
    organisation
}

/// A Linux m5.large on demand that has run for ten days.
fn running() -> Instance {
    Instance {
        id: "i-1".into(),
        reservation: "r-1".into(),
        instance_type: "m5.large".into(),
        state: InstanceState::Running,
        lifecycle: None,
        platform: Platform::Linux,
        tenancy: Tenancy::Default,
        zone: "eu-central-1a".into(),
        launched: ago(10 * 86_400),
        ended: None,
        reason: None,
        name: None,
        cpu: Vec::new(),
    }
}

fn on_demand(platform: Platform, tenancy: Tenancy, dollars: f64) -> OnDemandPrice {
    let (instance_type, region) = ("m5.large".into(), "eu-central-1".into());
    OnDemandPrice { instance_type, region, platform, tenancy, dollars }
}

fn spot(zone: &str, seconds: i64, dollars: f64) -> SpotPrice {
    let (instance_type, platform) = ("m5.large".into(), Platform::Linux);
    SpotPrice { instance_type, zone: zone.into(), platform, at: ago(seconds), dollars }
}

fn value(organisation: &Organisation, metric: &str) -> Option<f64> {
    valued(organisation, &Settings::default(), metric)
}

fn valued(organisation: &Organisation, settings: &Settings, metric: &str) -> Option<f64> {
    let all = gauges(organisation, settings);
    all.iter().find(|e| e.metric == metric).unwrap_or_else(|| panic!("no {metric}")).value
}

#[test]
fn an_empty_region_has_counts_of_zero_and_no_means() {
    let organisation = bare();
    for gauge in gauges(&organisation, &Settings::default()) {
        let absent = ["avg_age_days", "oldest_age_days", "spot_savings_pct"].iter().any(|m| gauge.metric.ends_with(m));
        assert_eq!(gauge.value, if absent { None } else { Some(0.0) }, "{}", gauge.metric);
    }
}

#[test]
fn every_state_is_counted_where_it_belongs() {
    use InstanceState::*;
    let states = [Pending, Running, ShuttingDown, Terminated, Stopping, Stopped];
    let organisation = with_instances(states.map(|state| Instance { state, ..running() }).into());
    assert_eq!(value(&organisation, "ec2.instances.total"), Some(4.0));
    assert_eq!(value(&organisation, "ec2.instances.running"), Some(1.0));
    assert_eq!(value(&organisation, "ec2.instances.stopped"), Some(2.0));
}

#[test]
fn what_was_launched_after_now_does_not_run_yet() {
    let organisation = with_instances(vec![
        Instance { launched: ago(-1), ..running() },
        Instance { launched: now(), ..running() },
        Instance { launched: ago(86_400), ..running() },
    ]);
    assert_eq!(value(&organisation, "ec2.instances.total"), Some(3.0));
    assert_eq!(value(&organisation, "ec2.instances.running"), Some(2.0));
    assert_eq!(value(&organisation, "ec2.instances.avg_age_days"), Some(0.5));
    assert_eq!(value(&organisation, "ec2.instances.oldest_age_days"), Some(1.0));
    assert_eq!(value(&organisation, "ec2.vcpus.total"), Some(4.0));
}

#[test]
fn whatever_is_not_spot_is_on_demand() {
    let bought = [None, Some(Lifecycle::Spot), Some(Lifecycle::Scheduled), Some(Lifecycle::CapacityBlock)];
    let organisation = with_instances(bought.map(|lifecycle| Instance { lifecycle, ..running() }).into());
    assert_eq!(value(&organisation, "ec2.instances.spot"), Some(1.0));
    assert_eq!(value(&organisation, "ec2.instances.ondemand"), Some(3.0));
}

#[test]
fn gpus_are_of_any_maker_but_neuron_devices_are_none() {
    let types =
        ["g4dn.12xlarge", "g4ad.xlarge", "p5.48xlarge", "inf1.6xlarge", "inf2.xlarge", "trn1.32xlarge", "m5.large"];
    let instances = types.map(|name| Instance { instance_type: name.into(), ..running() });
    let mut organisation = with_instances(instances.into());
    assert_eq!(value(&organisation, "ec2.instances.gpu_count"), Some(3.0));
    assert_eq!(value(&organisation, "ec2.instances.cpu_count"), Some(4.0));
    assert_eq!(value(&organisation, "ec2.gpus.total"), Some(4.0 + 1.0 + 8.0));
    assert_eq!(value(&organisation, "ec2.vcpus.total"), Some((48 + 4 + 192 + 24 + 4 + 128 + 2) as f64));
    for instance in &mut organisation.aws.regions[0].instances {
        instance.state = InstanceState::Stopped;
    }
    assert_eq!(value(&organisation, "ec2.gpus.total"), Some(0.0));
}

#[test]
fn idle_is_a_mean_of_the_last_hour_of_what_has_run_for_longer() {
    let cpu = |points: &[(i64, f64)]| points.iter().map(|(seconds, value)| (ago(*seconds), *value)).collect::<Vec<_>>();
    let idle = |instance: Instance| value(&with_instances(vec![instance]), "ec2.instances.idle");
    let low = cpu(&[(3_000, 1.0), (600, 2.0)]);
    assert_eq!(idle(Instance { cpu: low.clone(), ..running() }), Some(1.0));
    assert_eq!(idle(Instance { cpu: low.clone(), launched: ago(3_601), ..running() }), Some(1.0));
    assert_eq!(idle(Instance { cpu: low.clone(), launched: ago(3_600), ..running() }), Some(0.0), "not over an hour");
    assert_eq!(idle(Instance { cpu: low.clone(), state: InstanceState::Stopped, ..running() }), Some(0.0));
    assert_eq!(idle(Instance { cpu: cpu(&[(3_000, 9.0), (600, 0.5)]), ..running() }), Some(1.0), "4.75 on average");
    assert_eq!(idle(Instance { cpu: cpu(&[(3_000, 9.0), (600, 1.0)]), ..running() }), Some(0.0), "5 is not below 5");
    assert_eq!(idle(Instance { cpu: cpu(&[(7_000, 90.0), (600, 1.0)]), ..running() }), Some(1.0));
    assert_eq!(idle(Instance { cpu: cpu(&[(7_000, 1.0)]), ..running() }), None, "nothing is known of the hour");
    assert_eq!(idle(running()), None);
    let young = Instance { launched: ago(60), ..running() };
    assert_eq!(idle(young), Some(0.0), "nothing could be idle");
    let both = with_instances(vec![running(), Instance { cpu: low.clone(), ..running() }]);
    assert_eq!(value(&both, "ec2.instances.idle"), Some(1.0));

    let organisation = with_instances(vec![Instance { cpu: low, ..running() }]);
    let strict = Settings { idle_cpu_pct: 1.5, ..Settings::default() };
    assert_eq!(valued(&organisation, &strict, "ec2.instances.idle"), Some(0.0));
    let off = Settings { idle: false, ..Settings::default() };
    assert_eq!(valued(&organisation, &off, "ec2.instances.idle"), None);
}

#[test]
fn an_interruption_is_a_termination_for_that_reason_within_a_day() {
    let code = Some("Server.SpotInstanceTermination");
    let gone = |state: InstanceState, reason: Option<&'static str>, seconds: i64| {
        let lifecycle = Some(Lifecycle::Spot);
        Instance { state, reason, ended: Some(ago(seconds)), lifecycle, ..running() }
    };
    let interrupted = |instance: Instance| value(&with_instances(vec![instance]), "ec2.instances.spot_interrupted_24h");
    assert_eq!(interrupted(gone(InstanceState::Terminated, code, 0)), Some(1.0));
    assert_eq!(interrupted(gone(InstanceState::Terminated, code, 86_399)), Some(1.0));
    assert_eq!(interrupted(gone(InstanceState::Terminated, code, 86_400)), Some(0.0));
    assert_eq!(interrupted(gone(InstanceState::ShuttingDown, code, 60)), Some(0.0));
    for other in [None, Some("Client.UserInitiatedShutdown"), Some("Server.SpotInstanceShutdown")] {
        assert_eq!(interrupted(gone(InstanceState::Terminated, other, 60)), Some(0.0), "{other:?}");
    }
}

#[test]
fn volumes_that_are_being_made_are_neither_attached_nor_unattached() {
    let mut organisation = bare();
    let volume = |state: VolumeState, size: u64| Volume {
        id: "vol-1".into(),
        state,
        size,
        zone: "eu-central-1a".into(),
        created: ago(60),
        attached_to: if state == VolumeState::InUse { vec!["i-1".into(), "i-2".into()] } else { Vec::new() },
    };
    organisation.aws.regions[0].volumes = vec![
        volume(VolumeState::InUse, 1),
        volume(VolumeState::Available, 10),
        volume(VolumeState::Creating, 100),
        volume(VolumeState::Error, 1_000),
        volume(VolumeState::Deleting, 10_000),
    ];
    assert_eq!(value(&organisation, "ec2.ebs.volumes.total"), Some(5.0));
    assert_eq!(value(&organisation, "ec2.ebs.volumes.attached"), Some(1.0), "to two instances");
    assert_eq!(value(&organisation, "ec2.ebs.volumes.unattached"), Some(1.0));
    assert_eq!(value(&organisation, "ec2.ebs.volumes.size_gb"), Some(11_111.0));
    assert_eq!(value(&organisation, "ec2.ebs.volumes.unattached_size_gb"), Some(10.0));
}

#[test]
fn snapshots_of_others_and_addresses_of_gateways_are_left_out() {
    let mut organisation = bare();
    let own = organisation.aws.account.clone();
    let snapshot = |owner: &str, state: &'static str| Snapshot {
        id: "snap-1".into(),
        owner: owner.into(),
        is_public: false,
        state,
        volume_size: 8,
        started: ago(60),
    };
    let region = &mut organisation.aws.regions[0];
    region.snapshots = vec![snapshot(&own, "completed"), snapshot(&own, "pending"), snapshot("9", "completed")];
    let address = |association: Option<&str>| Address {
        public_ip: "198.51.100.1".into(),
        allocation: "eipalloc-1".into(),
        association: association.map(str::to_owned),
        instance: None,
    };
    region.addresses = vec![address(None), address(Some("eipassoc-1"))];
    assert_eq!(value(&organisation, "ec2.ebs.snapshots.total"), Some(2.0));
    assert_eq!(value(&organisation, "ec2.ebs.snapshots.size_gb"), Some(16.0));
    assert_eq!(value(&organisation, "ec2.addresses.unattached"), Some(1.0));
}

#[test]
fn prices_are_of_the_same_platform_tenancy_and_zone_and_the_latest() {
    let spot_instance = Instance { lifecycle: Some(Lifecycle::Spot), ..running() };
    let mut organisation = with_instances(vec![
        running(),
        Instance { platform: Platform::Windows, ..running() },
        Instance { tenancy: Tenancy::Dedicated, ..running() },
        Instance { lifecycle: Some(Lifecycle::CapacityBlock), ..running() },
        spot_instance.clone(),
        Instance { zone: "eu-central-1b".into(), ..spot_instance },
        Instance { state: InstanceState::Stopped, ..running() },
    ]);
    organisation.aws.price_list =
        vec![on_demand(Platform::Linux, Tenancy::Default, 0.5), on_demand(Platform::Windows, Tenancy::Default, 1.0)];
    organisation.aws.regions[0].spot_prices = vec![
        spot("eu-central-1a", 7_200, 0.4),
        spot("eu-central-1a", 0, 0.125),
        spot("eu-central-1a", -60, 0.3),
        spot("eu-central-1c", 60, 0.2),
    ];
    let hourly = 0.5 + 1.0 + 0.5 + 0.125;
    assert_eq!(value(&organisation, "ec2.cost.running_hourly_estimate"), Some(hourly));
    assert_eq!(value(&organisation, "ec2.cost.monthly_estimate"), Some(hourly * 730.0));
    assert_eq!(value(&organisation, "ec2.cost.unpriced_instances"), Some(2.0));
    assert_eq!(value(&organisation, "ec2.cost.spot_savings_pct"), Some(75.0));

    let row = |place: &str, dollars: f64| SpotRow {
        instance_type: "m5.large".into(),
        place: place.into(),
        platform: Platform::Linux,
        dollars,
    };
    let file = PriceFile { on_demand: Vec::new(), spot: vec![row("eu-central-1", 2.0), row("eu-central-1b", 1.0)] };
    let settings = Settings { prices: Prices::File(file), ..Settings::default() };
    assert_eq!(valued(&organisation, &settings, "ec2.cost.running_hourly_estimate"), Some(3.0));
    assert_eq!(valued(&organisation, &settings, "ec2.cost.unpriced_instances"), Some(4.0));
    assert_eq!(valued(&organisation, &settings, "ec2.cost.spot_savings_pct"), None, "no price to compare with");
}

#[test]
fn only_enabled_regions_can_be_read() {
    let organisation = Organisation::generate(3, Scale::small().with_aws(AwsScale::small()), now());
    let regions = |regions: Regions| {
        let settings = Settings { regions, ..Settings::default() };
        let all = gauges(&organisation, &settings);
        let present = all.iter().filter(|g| g.value.is_some());
        let mut names: Vec<String> = present.map(|g| g.tags[1].1.clone()).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(regions(Regions::Configured), ["eu-central-1", "us-east-1"]);
    assert_eq!(regions(Regions::All), ["af-south-1", "eu-central-1", "eu-north-1", "us-east-1"]);
    assert_eq!(regions(Regions::Named(vec!["me-central-1".into(), "us-east-1".into()])), ["us-east-1"]);
}
