//! Records and answers that are odd in one place: the number that they spoil is not sent, and the others are.

use std::collections::BTreeMap;

use collector::Reason;
use serde_json::json;

use super::whole::cloud;
use crate::testing::*;
use crate::*;

#[tokio::test]
async fn a_sum_that_lacks_a_size_is_not_sent() {
    let mut cloud = cloud();
    cloud.volumes.push("<item><status>in-use</status></item>".to_owned());
    cloud.snapshots.push(format!("<item><ownerId>{ACCOUNT}</ownerId></item>"));
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    assert_eq!(value(&batch, "ec2.ebs.volumes.total"), Some(5.0));
    assert_eq!(value(&batch, "ec2.ebs.volumes.size_gb"), None);
    assert_eq!(value(&batch, "ec2.ebs.volumes.unattached_size_gb"), Some(8.0), "each of these has a size");
    assert_eq!(value(&batch, "ec2.ebs.snapshots.total"), Some(3.0));
    assert_eq!(value(&batch, "ec2.ebs.snapshots.size_gb"), None);
    accounts_for_all(&batch, HOME);
    assert!(batch.warnings().iter().any(|told| told.contains("1 volumes have no size")), "{:?}", batch.warnings());
}

#[tokio::test]
async fn a_latest_spot_price_that_cannot_be_read_is_no_older_one() {
    let mut cloud = cloud();
    cloud.spot.push(cloud.spot[1].replace("0.040000", "none").replace("23:00", "23:59"));
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(1.0));
    assert_eq!(value(&batch, "ec2.cost.spot_savings_pct"), None);
}

#[tokio::test]
async fn a_product_with_two_rates_has_no_known_price() {
    let rate = |usd: &str| json!({"unit": "Hrs", "pricePerUnit": {"USD": usd}});
    for (second, unpriced) in [("60.0000000000", 0.0), ("70.0000000000", 1.0)] {
        let rates = json!({"A": rate("60.0000000000"), "B": rate(second)});
        let product = json!({"terms": {"OnDemand": {"TERM": {"priceDimensions": rates}}}}).to_string();
        let odd = move |asked: &Asked| {
            let ours = asked.action == "pricing:GetProducts" && asked.text.contains("p5.48xlarge");
            ours.then(|| loopback::ok(json!({"PriceList": [product]})).into())
        };
        let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
        assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(unpriced), "{second}");
    }
}

#[tokio::test]
async fn a_price_that_is_refused_by_itself_fails_its_region_alone() {
    let odd = |asked: &Asked| match asked.action.as_str() {
        "pricing:GetProducts" if asked.text.contains("p5.48xlarge") => {
            Some(error(asked, 400, "InvalidParameterException", "no such value"))
        }
        "ec2:DescribeInstances" if asked.region == "us-east-1" => {
            let one = item("item", &item("instancesSet", &instance(1, "m5.large", "running", 0, "")));
            Some(page(asked, "reservationSet", &one, ""))
        }
        _ => None,
    };
    let server = cloud().with(odd).serve().await;
    // The region that fails comes first.
    let folder = tempfile::tempdir().unwrap();
    for regions in [&[HOME][..], &[HOME, "us-east-1"]] {
        let named = Regions::Named(regions.iter().map(|name| (*name).to_owned()).collect());
        let change = |config: &mut Config| {
            config.regions = named;
            config.state_dir = Some(folder.path().to_owned());
        };
        let batch = collected(&server, change).await.unwrap();
        assert_eq!(failed_in(&batch, HOME), [("cost", Reason::Other)].into());
        assert_eq!(failed_in(&batch, "us-east-1"), BTreeMap::new());
    }
}

#[tokio::test]
async fn a_result_of_cloudwatch_of_an_unknown_status_is_not_whole() {
    for status in ["Throttled", ""] {
        let odd = move |asked: &Asked| {
            let results = asked.instances().len();
            let results = (0..results).map(|n| result(&format!("i{n}"), status, &[1.0])).collect();
            (asked.action == "monitoring:GetMetricData").then(|| metric_data(results, None))
        };
        let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
        assert_eq!(failed_in(&batch, HOME), [("idle", Reason::BadReply)].into(), "{status:?}");
    }
}

#[tokio::test]
async fn a_gpu_without_a_number_or_a_maker_is_not_none() {
    for gpu in ["<manufacturer>NVIDIA</manufacturer>", "<count>8</count>"] {
        let gpus = format!("<gpuInfo><gpus><item>{gpu}</item></gpus></gpuInfo>");
        let mut cloud = cloud();
        cloud.types[1].2 = gpus;
        let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
        assert_eq!(failed_in(&batch, HOME), [("types", Reason::BadReply)].into(), "{gpu}");
    }
}

#[tokio::test]
async fn an_instance_without_a_type_is_unpriced_and_asks_for_nothing() {
    let mut cloud = cloud();
    cloud.instances.push(instance(21, "", "running", 5, "<instanceLifecycle>spot</instanceLifecycle>"));
    let server = cloud.serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.cost.unpriced_instances"), Some(1.0));
    assert_eq!(failed_in(&batch, HOME), [("types", Reason::BadReply)].into());
    for seen in server.seen() {
        let empty = ["InstanceType.1=&", "\"Value\":\"\""].iter().any(|empty| seen.text.contains(empty));
        assert!(!empty, "{}", seen.text);
    }
}

/// Services other than EC2: what stands between may answer for them, too.
#[tokio::test]
async fn a_login_page_in_the_place_of_an_answer_is_a_bad_reply() {
    for (action, group) in [("pricing:GetProducts", "cost"), ("monitoring:GetMetricData", "idle")] {
        for body in
            ["<html>Sign in</html>", "{}", "", "{\"PriceList\": 7, \"MetricDataResults\": 7}", "{\"PriceList\": [\"{"]
        {
            let odd = move |asked: &Asked| {
                (asked.action == action).then(|| loopback::text(200, &[("content-type", "text/html")], body).into())
            };
            let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
            assert_eq!(failed_in(&batch, HOME), [(group, Reason::BadReply)].into(), "{action} {body}");
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Cloud::empty().serve().await;
    let url = elsewhere.url.clone();
    let odd = move |asked: &Asked| {
        (asked.action == "ec2:DescribeVolumes").then(|| loopback::text(307, &[("location", &url)], "").into())
    };
    let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME).into_keys().collect::<Vec<_>>(), ["volumes"]);
    assert_eq!(elsewhere.seen().len(), 0);
}

#[tokio::test]
async fn a_service_that_repeats_the_credential_is_not_quoted() {
    let odd = |asked: &Asked| {
        let words = format!("you sent {TOKEN} and {SECRET}");
        (!asked.action.starts_with("sts:")).then(|| error(asked, 400, TOKEN, &words))
    };
    let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
    let told = format!("{batch:?}");
    assert!(told.contains("you sent") && !told.contains(TOKEN) && !told.contains(SECRET), "{told}");
}
