//! What is there is counted, with few requests.

use std::collections::BTreeMap;

use crate::testing::*;
use crate::*;

/// One of everything: 4 instances that run (spot, GPU, idle, dedicated), others that do not.
pub(super) fn cloud() -> Cloud {
    let spot = "<instanceLifecycle>spot</instanceLifecycle>";
    let reason = "<stateReason><code>Server.SpotInstanceTermination</code></stateReason>\
                  <reason>Server.SpotInstanceTermination (2026-11-20 23:30:00 GMT)</reason>";
    let dedicated = "<placement><availabilityZone>eu-central-1b</availabilityZone><tenancy>dedicated</tenancy></placement>\
                     <platformDetails>Windows</platformDetails>";
    let gpus = "<gpuInfo><gpus><item><name>H100</name><manufacturer>NVIDIA</manufacturer><count>8</count></item></gpus></gpuInfo>";
    let volume = |state: &str, size: u32| item("item", &format!("<status>{state}</status><size>{size}</size>"));
    let snapshot =
        |owner: &str, size| item("item", &format!("<ownerId>{owner}</ownerId><volumeSize>{size}</volumeSize>"));
    let price = |zone: &str, price: &str, at: &str| {
        let row = format!(
            "<instanceType>m5.large</instanceType><productDescription>Linux/UNIX (Amazon VPC)</productDescription>\
             <spotPrice>{price}</spotPrice><timestamp>{at}</timestamp><availabilityZone>{zone}</availabilityZone>"
        );
        item("item", &row)
    };
    Cloud {
        instances: vec![
            instance(1, "m5.large", "running", 48, spot),
            instance(2, "p5.48xlarge", "running", 24, ""),
            instance(
                3,
                "m5.large",
                "running",
                96,
                "<cpuOptions><coreCount>1</coreCount><threadsPerCore>1</threadsPerCore></cpuOptions>",
            ),
            instance(4, "m5.large", "running", 0, dedicated),
            instance(5, "m5.large", "stopped", 10, ""),
            instance(6, "m5.large", "stopping", 10, ""),
            instance(7, "m5.large", "pending", 0, ""),
            instance(8, "x9.unknown", "terminated", 10, &format!("{spot}{reason}")),
            instance(9, "m5.large", "shutting-down", 10, ""),
        ],
        volumes: vec![volume("in-use", 100), volume("in-use", 50), volume("available", 8), volume("creating", 1)],
        snapshots: vec![snapshot(ACCOUNT, 100), snapshot(ACCOUNT, 8), snapshot("999999999999", 4000)],
        addresses: vec![
            item("item", "<publicIp>192.0.2.1</publicIp><associationId>eipassoc-1</associationId>"),
            item("item", "<publicIp>192.0.2.2</publicIp>"),
            item("item", "<publicIp>192.0.2.3</publicIp><associationId></associationId>"),
        ],
        types: vec![("m5.large".to_owned(), 2, String::new()), ("p5.48xlarge".to_owned(), 192, gpus.to_owned())],
        spot: vec![
            price("eu-central-1a", "0.030000", "2026-11-20T20:00:00.000Z"),
            price("eu-central-1a", "0.040000", "2026-11-20T23:00:00.000Z"),
            price("eu-central-1a", "0.050000", "2026-11-20T21:00:00.000Z"),
            // After the run's instant, and in another zone.
            price("eu-central-1a", "0.900000", "2026-11-21T00:00:01.000Z"),
            price("eu-central-1b", "0.800000", "2026-11-20T23:30:00.000Z"),
        ],
        prices: [
            ("m5.large eu-central-1 Linux Shared", "0.1000000000"),
            ("m5.large eu-central-1 Windows Dedicated", "0.3000000000"),
            ("p5.48xlarge eu-central-1 Linux Shared", "60.0000000000"),
        ]
        .map(|(key, price)| (key.to_owned(), price.to_owned()))
        .into(),
        cpu: [(id(1), vec![80.0, 90.0]), (id(2), vec![4.0, 5.0, 3.0]), (id(3), vec![5.0])].into(),
        ..Cloud::empty()
    }
}

#[tokio::test]
async fn every_number_is_right() {
    let server = cloud().serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    accounts_for_all(&batch, HOME);
    for (name, expected) in [
        ("ec2.instances.total", 7.0),
        ("ec2.instances.running", 4.0),
        ("ec2.instances.stopped", 2.0),
        ("ec2.instances.spot", 1.0),
        ("ec2.instances.ondemand", 3.0),
        ("ec2.instances.gpu_count", 1.0),
        ("ec2.instances.cpu_count", 3.0),
        ("ec2.gpus.total", 8.0),
        ("ec2.vcpus.total", 197.0),
        ("ec2.instances.idle", 1.0),
        ("ec2.instances.avg_age_days", 1.75),
        ("ec2.instances.oldest_age_days", 4.0),
        ("ec2.instances.spot_interrupted_24h", 1.0),
        ("ec2.ebs.volumes.total", 4.0),
        ("ec2.ebs.volumes.attached", 2.0),
        ("ec2.ebs.volumes.unattached", 1.0),
        ("ec2.ebs.volumes.size_gb", 159.0),
        ("ec2.ebs.volumes.unattached_size_gb", 8.0),
        ("ec2.ebs.snapshots.total", 2.0),
        ("ec2.ebs.snapshots.size_gb", 108.0),
        ("ec2.addresses.unattached", 2.0),
        ("ec2.cost.running_hourly_estimate", 60.44),
        ("ec2.cost.unpriced_instances", 0.0),
        ("ec2.cost.monthly_estimate", 60.44 * 730.0),
        ("ec2.cost.spot_savings_pct", 60.0),
    ] {
        let found = value(&batch, name).unwrap_or(f64::NAN);
        assert!((found - expected).abs() < 1e-6, "{name} is {found} instead of {expected}");
    }
    assert_eq!(batch.gauges().len(), METRICS.len());
    assert!(batch.gauges().iter().all(|gauge| gauge.tags().get("account") == Some(ACCOUNT)));
    assert!(batch.warnings()[0].contains("1 snapshots of other owners"), "{:?}", batch.warnings());
    assert_eq!(batch.warnings().len(), 1, "{:?}", batch.warnings());
}

#[tokio::test]
async fn each_request_is_counted_and_asks_for_pages() {
    let server = cloud().serve().await;
    let context = context();
    Ec2::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    let seen = server.seen();
    assert_eq!(context.meter().read().requests, seen.len() as u64);
    // STS, 4 lists, types, spot prices, CPU, 3 on-demand prices.
    assert_eq!(seen.len(), 11);
    for request in seen.iter().filter(|request| request.text.contains("Action=Describe")) {
        // Names bound the list of types, and EC2 has no pages of addresses.
        let bounded = ["Action=DescribeAddresses", "Action=DescribeInstanceTypes"];
        let bounded = bounded.iter().any(|action| request.text.contains(action));
        let paged = request.text.contains("&MaxResults=") || bounded;
        assert!(paged, "{}", request.text);
        if request.text.contains("Action=DescribeSnapshots") {
            assert!(request.text.contains("&Owner.1=self"), "{}", request.text);
        }
    }
}

#[tokio::test]
async fn an_empty_account_is_zero_and_asks_for_no_types_prices_or_cpu() {
    let server = Cloud::empty().serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    accounts_for_all(&batch, HOME);
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    assert!(batch.gauges().iter().all(|gauge| gauge.value() == 0.0));
    let absent: Vec<&str> = batch.absences().iter().map(|absence| absence.def.name).collect();
    let expected = ["ec2.instances.avg_age_days", "ec2.instances.oldest_age_days", "ec2.cost.spot_savings_pct"];
    assert_eq!(absent, expected);
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn all_regions_are_those_that_are_enabled() {
    let server = cloud().serve().await;
    let batch = collected(&server, |config| config.regions = Regions::All).await.unwrap();
    assert_eq!(value_in(&batch, HOME, "ec2.instances.running"), Some(4.0));
    assert_eq!(value_in(&batch, "us-east-1", "ec2.instances.running"), Some(0.0));
    assert_eq!(value_in(&batch, "me-south-1", "ec2.instances.running"), None);
    accounts_for_all(&batch, "us-east-1");
}

#[tokio::test]
async fn the_series_are_bounded() {
    let of = |regions| Ec2::new(Config { regions, ..config("http://x") });
    assert_eq!(of(Regions::Named(vec![HOME.to_owned(), "us-east-1".to_owned()])).max_series(), 50);
    assert_eq!(of(Regions::All).max_series(), 1250);
}
