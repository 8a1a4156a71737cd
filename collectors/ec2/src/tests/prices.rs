//! Where prices come from, and what is kept of them.

use std::collections::BTreeMap;

use collector::Reason;

use super::whole::cloud;
use crate::metrics::sample::now;
use crate::testing::*;
use crate::*;

fn count(server: &loopback::Server, operation: &str) -> usize {
    let named = |seen: &&loopback::Seen| {
        seen.text.contains(&format!("Action={operation}&"))
            || seen.header("x-amz-target").ends_with(&format!(".{operation}"))
            || seen.path.ends_with(&format!("/{operation}"))
    };
    server.seen().iter().filter(named).count()
}

#[tokio::test]
async fn a_second_run_asks_for_no_price_type_or_mean_again() {
    let folder = tempfile::tempdir().unwrap();
    let with_state = |config: &mut Config| config.state_dir = Some(folder.path().to_owned());
    let server = cloud().serve().await;
    let before = collected(&server, with_state).await.unwrap();
    let counts = || ["GetProducts", "DescribeInstanceTypes", "GetMetricData"].map(|name| count(&server, name));
    assert_eq!(counts(), [3, 1, 1]);
    let first = server.seen().len();
    let after = collected(&server, with_state).await.unwrap();
    assert_eq!(counts(), [3, 1, 1]);
    // STS, 4 lists, spot prices.
    assert_eq!(server.seen().len() - first, 6);
    for def in METRICS {
        assert_eq!(value(&before, def.name), value(&after, def.name), "{}", def.name);
    }
}

#[tokio::test]
async fn a_day_later_prices_are_asked_for_again_and_an_hour_later_means() {
    let folder = tempfile::tempdir().unwrap();
    let server = cloud().serve().await;
    for (hours, expected) in [(0, [3, 1]), (1, [3, 2]), (24, [6, 3])] {
        let at = now() + jiff::SignedDuration::from_hours(hours);
        let context = loopback::context(at, std::time::Duration::from_secs(60));
        let config = Config { state_dir: Some(folder.path().to_owned()), ..config(&server.url) };
        Ec2::new(config).collect_at(&context, PACE).await.unwrap();
        assert_eq!(["GetProducts", "GetMetricData"].map(|name| count(&server, name)), expected, "after {hours} h");
    }
}

#[tokio::test]
async fn a_damaged_file_is_told_and_costs_only_requests() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("ec2")).unwrap();
    std::fs::write(folder.path().join("ec2/prices.json"), "{\"version\": 1, \"entr").unwrap();
    let server = cloud().serve().await;
    let batch = collected(&server, |config| config.state_dir = Some(folder.path().to_owned())).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    assert!(
        batch.warnings().iter().any(|warning| warning.contains("prices.json is not used")),
        "{:?}",
        batch.warnings()
    );
    assert_eq!(count(&server, "GetProducts"), 3);
}

#[tokio::test]
async fn what_the_price_list_has_not_is_unpriced_and_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut cloud = cloud();
    cloud.prices.remove("p5.48xlarge eu-central-1 Linux Shared");
    let server = cloud.serve().await;
    for _ in 0..2 {
        let batch = collected(&server, |config| config.state_dir = Some(folder.path().to_owned())).await.unwrap();
        assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(1.0));
        assert!((value(&batch, "ec2.cost.running_hourly_estimate").unwrap() - 0.44).abs() < 1e-9);
        assert_eq!(count(&server, "GetProducts"), 3);
    }
}

#[tokio::test]
async fn prices_that_could_not_be_asked_for_are_no_smaller_sum() {
    let folder = tempfile::tempdir().unwrap();
    // The second of three prices is refused; what was read before it is kept.
    let odd = |asked: &Asked| {
        let refused = asked.action == "pricing:GetProducts" && asked.before == 1;
        refused.then(|| error(asked, 400, "AccessDeniedException", "not authorized"))
    };
    let server = cloud().with(odd).serve().await;
    let with_state = |config: &mut Config| config.state_dir = Some(folder.path().to_owned());
    let batch = collected(&server, with_state).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("cost", Reason::Forbidden)].into());
    let words = batch.failures()[0].failure.to_string();
    assert!(words.contains("Allow pricing:GetProducts") && words.contains("ec2.price_file"), "{words}");
    assert_eq!(count(&server, "GetProducts"), 2);
    assert_eq!(failed_in(&collected(&server, with_state).await.unwrap(), HOME), BTreeMap::new());
    assert_eq!(count(&server, "GetProducts"), 4);
}

#[tokio::test]
async fn a_refused_price_list_is_asked_once_for_all_regions() {
    let odd = |asked: &Asked| match asked.action.as_str() {
        "pricing:GetProducts" => Some(error(asked, 400, "AccessDeniedException", "not authorized")),
        // The other region has instances as well.
        "ec2:DescribeInstances" => {
            let one = item("item", &item("instancesSet", &instance(1, "m5.large", "running", 0, "")));
            Some(page(asked, "reservationSet", &one, ""))
        }
        _ => None,
    };
    let server = cloud().with(odd).serve().await;
    let regions = ["eu-central-1", "us-east-1", "us-west-2"];
    let batch = collected(&server, |config| config.regions = Regions::Named(regions.map(str::to_owned).into()));
    let batch = batch.await.unwrap();
    for region in regions {
        assert_eq!(failed_in(&batch, region), [("cost", Reason::Forbidden)].into());
    }
    assert_eq!(count(&server, "GetProducts"), 1);
}

#[tokio::test]
async fn a_price_file_replaces_both_sources() {
    let text = "\
on_demand:
  - {type: m5.large, region: eu-central-1, price: 1}
  - {type: m5.large, region: eu-central-1, platform: Windows, tenancy: dedicated, price: 10}
spot:
  - {type: m5.large, region: eu-central-1, price: 0.25}
";
    let server = cloud().serve().await;
    let batch = collected(&server, |config| config.price_file = Some(PriceFile::parse(text).unwrap())).await.unwrap();
    assert_eq!(value(&batch, "ec2.cost.running_hourly_estimate"), Some(11.25));
    assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(1.0));
    assert_eq!(value(&batch, "ec2.cost.spot_savings_pct"), Some(75.0));
    assert_eq!((count(&server, "GetProducts"), count(&server, "DescribeSpotPriceHistory")), (0, 0));
}

#[tokio::test]
async fn a_product_of_another_shape_is_a_bad_reply() {
    let odd = |asked: &Asked| {
        let body = serde_json::json!({"PriceList": ["{\"terms\": 7}"]});
        (asked.action == "pricing:GetProducts").then(|| loopback::ok(body).into())
    };
    let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("cost", Reason::BadReply)].into());
}

#[tokio::test]
async fn the_price_list_is_followed_by_its_pages() {
    let odd = |asked: &Asked| {
        let first = asked.action == "pricing:GetProducts" && asked.body["NextToken"].is_null();
        first.then(|| loopback::ok(serde_json::json!({"PriceList": [], "NextToken": "more"})).into())
    };
    let server = cloud().with(odd).serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(0.0));
    assert_eq!(count(&server, "GetProducts"), 6);
}

#[tokio::test]
async fn what_another_address_told_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let with_state = |config: &mut Config| config.state_dir = Some(folder.path().to_owned());
    let mut other = cloud();
    for price in other.prices.values_mut() {
        *price = "7.0000000000".to_owned();
    }
    other.types[0].1 = 64;
    collected(&other.serve().await, with_state).await.unwrap();
    let batch = collected(&cloud().serve().await, with_state).await.unwrap();
    assert_eq!(value(&batch, "ec2.vcpus.total"), Some(197.0));
    let cost = value(&batch, "ec2.cost.running_hourly_estimate").unwrap();
    assert!((cost - 60.44).abs() < 1e-6, "{cost}");
}
