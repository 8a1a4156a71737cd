//! What a described account at AWS is made of, and what its referee says of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

use jiff::Timestamp;
use simulator::Scale;
use simulator::expected::Expected;
use simulator::expected::ec2;
use simulator::expected::ec2::Settings;
use simulator::organisation::Organisation;
use simulator::organisation::aws::Accelerator;
use simulator::organisation::aws::AwsScale;
use simulator::organisation::aws::Maker;
use std::collections::BTreeSet;

const NOW: &str = "2026-11-20T12:00:00Z";

fn generate(seed: u64, aws: AwsScale) -> Organisation {
    Organisation::generate(seed, Scale::small().with_aws(aws), NOW.parse::<Timestamp>().unwrap())
}

fn gauges(seed: u64, aws: AwsScale) -> Vec<Expected> {
    ec2::gauges(&generate(seed, aws), &Settings::default())
}

#[test]
fn there_is_an_account_only_where_the_scale_asks_for_one() {
    let now = NOW.parse::<Timestamp>().unwrap();
    for scale in [Scale::small(), Scale::reference(), Scale::random(4)] {
        assert!(!Organisation::generate(1, scale, now).aws.is_described());
    }
    let without = Organisation::generate(1, Scale::small(), now);
    let with = generate(1, AwsScale::small());
    assert!(with.aws.is_described() && ec2::gauges(&without, &Settings::default()).is_empty());
    assert!(with.repositories == without.repositories, "the rest stays as it was");
}

#[test]
fn the_same_seed_describes_the_same_account() {
    assert!(generate(7, AwsScale::small()).aws == generate(7, AwsScale::small()).aws);
    assert!(generate(7, AwsScale::small()).aws != generate(8, AwsScale::small()).aws);
}

#[test]
fn the_reference_scale_is_as_stated() {
    let aws = generate(1, AwsScale::reference()).aws;
    let configured: Vec<_> = aws.regions.iter().filter(|r| aws.configured.contains(&r.name)).collect();
    assert_eq!(configured.len(), 3);
    assert_eq!(configured.iter().map(|r| r.instances.len()).sum::<usize>(), 2_500);
    assert_eq!(configured.iter().map(|r| r.volumes.len()).sum::<usize>(), 3_200);
    let own = configured.iter().flat_map(|r| &r.snapshots).filter(|s| s.owner == aws.account);
    assert_eq!(own.count(), 4_000);
    for region in configured {
        let types: BTreeSet<&str> = region.instances.iter().map(|i| i.instance_type.as_str()).collect();
        assert_eq!(types.len(), 12);
        let ids: BTreeSet<&str> = region.instances.iter().map(|i| i.id.as_str()).collect();
        assert_eq!(ids.len(), region.instances.len());
    }
}

/// A referee that never says "absent", or never anything else, would be none.
#[test]
fn every_gauge_takes_several_values_and_is_absent_where_it_may_be() {
    let all: Vec<Expected> = (0..40).flat_map(|seed| gauges(seed, AwsScale::random(seed))).collect();
    let names: BTreeSet<&str> = all.iter().map(|g| g.metric).collect();
    let may_be_absent = BTreeSet::from([
        "ec2.instances.idle",
        "ec2.instances.avg_age_days",
        "ec2.instances.oldest_age_days",
        "ec2.cost.spot_savings_pct",
    ]);
    for name in names {
        let values: BTreeSet<String> =
            all.iter().filter(|g| g.metric == name).filter_map(|g| Some(format!("{}", g.value?))).collect();
        assert!(values.len() > 3, "{name} is always one of {values:?}");
        let is_absent = all.iter().any(|g| g.metric == name && g.value.is_none());
        assert_eq!(is_absent, may_be_absent.contains(name), "{name}");
    }
    assert!(all.iter().filter_map(|g| g.value).all(|v| v.is_finite() && v >= 0.0));
}

#[test]
fn the_referee_names_the_metrics_of_the_specification() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/spec");
    let path = std::env::var_os("ORGPULSE_SPEC").map_or(beside, Into::into).join("metrics.yaml");
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
        return;
    };
    let names = text.lines().filter_map(|l| l.trim().strip_prefix("- {name: ec2.")?.split(',').next());
    let specified: BTreeSet<String> = names.map(|n| format!("ec2.{n}")).collect();
    let known: BTreeSet<String> = gauges(1, AwsScale::small()).iter().map(|g| g.metric.to_owned()).collect();
    assert_eq!(known, specified);
}

#[test]
fn the_first_types_have_every_kind_of_accelerator() {
    let aws = generate(1, AwsScale::small()).aws;
    let first = &aws.instance_types[..6];
    let is = |test: fn(&Accelerator) -> bool| first.iter().any(|kind| test(&kind.accelerator));
    assert!(is(|a| matches!(a, Accelerator::None)));
    assert!(is(|a| matches!(a, Accelerator::Gpu(Maker::Nvidia, ..))));
    assert!(is(|a| matches!(a, Accelerator::Gpu(Maker::Amd, ..))));
    assert!(is(|a| matches!(a, Accelerator::Neuron(..))));
}

/// No mean of an hour may hang on where exactly the hour is taken to begin and end.
#[test]
fn no_idle_instance_is_so_by_a_hair() {
    for seed in 0..10 {
        let organisation = generate(seed, AwsScale::random(seed));
        let count = |now: i64, threshold: f64| {
            let now = Timestamp::from_second(organisation.now.as_second() + now).unwrap();
            // Instances that pass one hour of age meanwhile would be another difference.
            let mut shifted = Organisation { now, ..organisation.clone() };
            for region in &mut shifted.aws.regions {
                region.instances.retain(|i| i.launched.as_second() < organisation.now.as_second() - 4_500);
            }
            let settings = Settings { idle_cpu_pct: threshold, ..Settings::default() };
            let all = ec2::gauges(&shifted, &settings);
            all.into_iter().filter(|g| g.metric == "ec2.instances.idle").map(|g| g.value).collect::<Vec<_>>()
        };
        assert_eq!(count(0, 5.0), count(-600, 5.0), "seed {seed}");
        assert_eq!(count(0, 5.0), count(0, 4.0), "seed {seed}");
        assert_eq!(count(0, 5.0), count(0, 9.0), "seed {seed}");
    }
}
