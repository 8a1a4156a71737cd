//! Lists of AWS: pages, filters, and what is on them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod cloud;

use ciborium::Value as Cbor;
use cloud::Cloud;
use cloud::NOW;
use cloud::cpu_query;
use cloud::field;
use serde_json::Value;
use serde_json::json;
use simulator::aws::Pages;
use simulator::organisation::aws::AwsScale;
use simulator::organisation::aws::InstanceState;
use simulator::organisation::aws::Platform;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// An account with lists longer than a page.
fn large() -> Cloud {
    Cloud::start(AwsScale { regions: 1, instances: 230, volumes: 1_200, snapshots: 340, ..AwsScale::small() })
}

fn flat(pages: &[Vec<String>]) -> Vec<&str> {
    pages.iter().flatten().map(String::as_str).collect()
}

#[tokio::test]
async fn pages_add_up_to_the_list_however_they_are_cut() {
    let cloud = large();
    let region = cloud.home();
    let instances: Vec<&str> = region.instances.iter().map(|i| i.id.as_str()).collect();
    let volumes: Vec<&str> = region.volumes.iter().map(|v| v.id.as_str()).collect();
    for pages in [Pages::Full, Pages::Short, Pages::Empty, Pages::EmptyToken] {
        cloud.simulator.aws().set_pages(pages);
        for size in ["5", "100", "1000"] {
            let found = cloud.walk("DescribeInstances", &[("MaxResults", size)], "instanceId").await;
            assert_eq!(flat(&found), instances, "{pages:?} of {size}");
            let longest = found.iter().map(Vec::len).max().unwrap();
            assert!(longest <= size.parse().unwrap());
            assert_eq!(found.iter().any(Vec::is_empty), pages == Pages::Empty);
        }
        let found = cloud.walk("DescribeVolumes", &[("MaxResults", "1000")], "size").await;
        assert_eq!(flat(&found).len(), volumes.len(), "{pages:?}");
        assert!(found.iter().all(|page| page.len() <= 500), "no page has more than 500 volumes");
    }
    cloud.simulator.aws().set_pages(Pages::Overlapping);
    let found = cloud.walk("DescribeInstances", &[("MaxResults", "100")], "instanceId").await;
    assert_eq!(flat(&found).len(), instances.len() + found.len() - 1, "one twice for each further page");
    assert!(found.windows(2).all(|pair| pair[0].last() == pair[1].first()));
    cloud.simulator.aws().set_pages(Pages::EmptyToken);
    let last = cloud.ec2("DescribeInstances", &[]).await;
    assert_eq!(last.one("nextToken"), Some(String::new()));
    cloud.simulator.aws().set_pages(Pages::Full);
    assert_eq!(cloud.ec2("DescribeInstances", &[]).await.one("nextToken"), None);
}

#[tokio::test]
async fn a_reservation_across_two_pages_is_on_both() {
    let cloud = large();
    let found = cloud.walk("DescribeInstances", &[("MaxResults", "5")], "reservationId").await;
    let reservations = flat(&found);
    let distinct: BTreeSet<&str> = reservations.iter().copied().collect();
    assert!(distinct.len() < reservations.len(), "some are on two pages");
    assert_eq!(distinct, cloud.home().instances.iter().map(|i| i.reservation.as_str()).collect());
}

#[tokio::test]
async fn a_token_holds_for_its_own_request_alone() {
    let cloud = large();
    let token = cloud.ec2("DescribeInstances", &[("MaxResults", "5")]).await.one("nextToken").unwrap();
    let again = |action: &'static str, token: String, more: Option<(&'static str, &'static str)>| {
        let cloud = &cloud;
        async move {
            let mut parameters = vec![("NextToken", token.as_str()), ("MaxResults", "6")];
            parameters.extend(more);
            cloud.ec2(action, &parameters).await
        }
    };
    assert_eq!(
        again("DescribeInstances", token.clone(), None).await.all("instanceId").len(),
        6,
        "another size is fine"
    );
    let refused = (400, "InvalidNextToken".to_owned());
    assert_eq!(again("DescribeVolumes", token.clone(), None).await.refusal(), refused);
    assert_eq!(again("DescribeInstances", "x".into(), None).await.refusal(), refused);
    let told = again("DescribeInstances", token, Some(("Filter.1.Name", "instance-type"))).await;
    assert_eq!(told.refusal(), refused);
    for wrong in ["4", "1001"] {
        let told = cloud.ec2("DescribeInstances", &[("MaxResults", wrong)]).await;
        assert_eq!(told.refusal(), (400, "InvalidParameterValue".into()));
    }
    let id = cloud.home().instances[0].id.clone();
    let told = cloud.ec2("DescribeInstances", &[("InstanceId.1", &id), ("MaxResults", "5")]).await;
    assert_eq!(told.refusal(), (400, "InvalidParameterCombination".into()));
    assert_eq!(cloud.ec2("DescribeInstances", &[("InstanceId.1", &id)]).await.all("instanceId"), [id]);
}

#[tokio::test]
async fn filters_leave_what_they_name() {
    let cloud = large();
    let region = cloud.home();
    let of_states = |states: &[InstanceState]| region.instances.iter().filter(|i| states.contains(&i.state)).count();
    let filter =
        [("Filter.1.Name", "instance-state-name"), ("Filter.1.Value.1", "running"), ("Filter.1.Value.2", "stop*")];
    let found = cloud.ec2("DescribeInstances", &filter).await.all("instanceId");
    let expected = of_states(&[InstanceState::Running, InstanceState::Stopped, InstanceState::Stopping]);
    assert_eq!(found.len(), expected);
    let own = cloud.ec2("DescribeSnapshots", &[("Owner.1", "self")]).await.all("ownerId");
    assert_eq!(own.len(), 340);
    assert!(own.iter().all(|owner| *owner == cloud.simulator.organisation().aws.account));
    let all = cloud.ec2("DescribeSnapshots", &[]).await.all("ownerId");
    assert!(all.len() > own.len() && all.len() == region.snapshots.len(), "without an owner there are others'");
    let types = [("InstanceType.1", "m5.large"), ("InstanceType.2", "p5.48xlarge")];
    assert_eq!(cloud.ec2("DescribeInstanceTypes", &types).await.all("instanceType"), ["m5.large", "p5.48xlarge"]);
    let told =
        cloud.ec2("DescribeInstanceTypes", &[("InstanceType.1", "m5.large"), ("InstanceType.2", "x9.huge")]).await;
    assert_eq!(told.refusal(), (400, "InvalidInstanceType".into()));
    assert!(told.text().contains("x9.huge"));
}

#[tokio::test]
async fn spot_prices_from_now_on_begin_with_the_last_change_before() {
    let cloud = Cloud::small();
    let parameters =
        [("StartTime", NOW), ("EndTime", NOW), ("InstanceType.1", "m5.large"), ("ProductDescription.1", "Linux/UNIX")];
    let told = cloud.ec2("DescribeSpotPriceHistory", &parameters).await;
    assert_eq!(told.one("nextToken"), Some(String::new()), "the end is an empty token");
    let found: BTreeMap<String, f64> = told
        .all("availabilityZone")
        .into_iter()
        .zip(told.all("spotPrice").into_iter().map(|price| price.parse().unwrap()))
        .collect();
    let now = cloud.simulator.organisation().now;
    let mut latest: BTreeMap<String, (jiff::Timestamp, f64)> = BTreeMap::new();
    for price in &cloud.home().spot_prices {
        if price.instance_type == "m5.large" && price.platform == Platform::Linux && price.at <= now {
            let known = latest.entry(price.zone.clone()).or_insert((price.at, price.dollars));
            if price.at > known.0 {
                *known = (price.at, price.dollars);
            }
        }
    }
    assert!(!found.is_empty() && found.len() == told.all("spotPrice").len(), "one of each zone");
    assert_eq!(found, latest.into_iter().map(|(zone, (_, dollars))| (zone, dollars)).collect());
    let whole = cloud.walk("DescribeSpotPriceHistory", &[("MaxResults", "50")], "timestamp").await;
    let stamps = flat(&whole);
    assert_eq!(stamps.len(), cloud.home().spot_prices.len());
    assert!(stamps.is_sorted_by(|a, b| a >= b), "newest first");
}

#[tokio::test]
async fn the_price_list_has_one_row_for_a_question_that_names_everything() {
    let cloud = Cloud::small();
    let price = &cloud.simulator.organisation().aws.price_list;
    let price = price.iter().find(|p| p.instance_type == "p5.48xlarge" && p.platform == Platform::Linux).unwrap();
    let ask = |more: Vec<(&'static str, &'static str)>| {
        let base = [("instanceType", price.instance_type.as_str()), ("regionCode", price.region.as_str())];
        let filter = |(field, value): &(&str, &str)| json!({ "Type": "TERM_MATCH", "Field": field, "Value": value });
        let filters: Vec<Value> = base.iter().map(filter).chain(more.iter().map(filter)).collect();
        let body = json!({ "ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "Filters": filters });
        let cloud = &cloud;
        async move { cloud.products(&body).await.json()["PriceList"].as_array().unwrap().clone() }
    };
    let same =
        vec![("operatingSystem", "Linux"), ("preInstalledSw", "NA"), ("tenancy", "Shared"), ("capacitystatus", "Used")];
    assert_eq!(ask(same.clone()).await.len(), 2, "one of them is of Capacity Blocks");
    let only = ask(same.into_iter().chain([("marketoption", "OnDemand")]).collect()).await;
    assert_eq!(only.len(), 1);
    let product: Value = serde_json::from_str(only[0].as_str().unwrap()).unwrap();
    let term = product["terms"]["OnDemand"].as_object().unwrap().values().next().unwrap();
    let dimension = term["priceDimensions"].as_object().unwrap().values().next().unwrap();
    let dollars: f64 = dimension["pricePerUnit"]["USD"].as_str().unwrap().parse().unwrap();
    assert_eq!(dollars, price.dollars, "the text gives back the very number");
    assert!(ask(vec![("operatingSystem", "Solaris")]).await.is_empty());
    let any = json!({ "Type": "ANY_OF", "Field": "instanceType", "Value": "m5.large,m5.xlarge" });
    let mut found = BTreeSet::new();
    let mut token = Value::Null;
    loop {
        let mut body = json!({ "ServiceCode": "AmazonEC2", "Filters": [any], "MaxResults": 100 });
        if token.is_string() {
            body["NextToken"] = token;
        }
        let told = cloud.products(&body).await.json();
        for row in told["PriceList"].as_array().unwrap() {
            let row: Value = serde_json::from_str(row.as_str().unwrap()).unwrap();
            found.insert(row["product"]["attributes"]["instanceType"].as_str().unwrap().to_owned());
        }
        token = told["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found, BTreeSet::from(["m5.large".to_owned(), "m5.xlarge".to_owned()]));
}

type Points = BTreeMap<String, (Vec<f64>, String)>;

/// The values of all pages by query, and the last status of each.
async fn cpu(cloud: &Cloud, instances: &[&str], more: &[(&str, Cbor)]) -> (Points, usize) {
    let (mut found, mut partial): (Points, usize) = (BTreeMap::new(), 0);
    let mut token = None::<Cbor>;
    loop {
        let mut all = more.to_vec();
        all.extend(token.clone().map(|token| ("NextToken", token)));
        let told = cloud.metrics(&cpu_query(instances, &all)).await;
        assert_eq!(told.status, 200, "{:?}", told.cbor());
        let reply = told.cbor();
        for result in field(&reply, "MetricDataResults").unwrap().as_array().unwrap() {
            let text = |name: &str| field(result, name).unwrap().as_text().unwrap().to_owned();
            let values = field(result, "Values").unwrap().as_array().unwrap().iter().map(|v| v.as_float().unwrap());
            let entry = found.entry(text("Id")).or_default();
            entry.0.extend(values);
            entry.1 = text("StatusCode");
            partial += usize::from(entry.1 == "PartialData");
        }
        token = field(&reply, "NextToken").cloned().filter(|token| token.as_text() != Some(""));
        if token.is_none() {
            return (found, partial);
        }
    }
}

#[tokio::test]
async fn cpu_is_whole_on_one_page_and_on_many() {
    let cloud = Cloud::start(AwsScale { regions: 1, instances: 90, ..AwsScale::small() });
    let instances: Vec<&str> = cloud.home().instances.iter().map(|i| i.id.as_str()).collect();
    let (whole, partial) = cpu(&cloud, &instances, &[]).await;
    assert_eq!((whole.len(), partial), (90, 0));
    let now = cloud.simulator.organisation().now.as_second();
    for (n, instance) in cloud.home().instances.iter().enumerate() {
        let in_hour = |at: &jiff::Timestamp| (now - 3_600..now).contains(&at.as_second());
        let mut expected: Vec<f64> = instance.cpu.iter().filter(|(at, _)| in_hour(at)).map(|(_, v)| *v).collect();
        expected.reverse();
        assert_eq!(whole[&format!("i{n}")], (expected, "Complete".to_owned()), "{}", instance.id);
    }
    assert!(whole.values().any(|(values, _)| values.is_empty()), "some have no data");
    assert_eq!(cloud.simulator.aws().metrics_asked(), 90);
    for pages in [Pages::Full, Pages::Empty, Pages::EmptyToken] {
        cloud.simulator.aws().set_pages(pages);
        let (cut, partial) = cpu(&cloud, &instances, &[("MaxDatapoints", Cbor::from(7))]).await;
        assert!(partial > 20, "series go on with the next page");
        assert_eq!(cut, whole, "{pages:?}");
    }
    assert_eq!(cloud.simulator.aws().metrics_asked(), 90 * 4, "a page more costs no more");
}

#[tokio::test]
async fn cloudwatch_refuses_what_it_cannot_mean_and_fails_single_metrics() {
    let cloud = Cloud::small();
    let refused = (400, "ValidationError".to_owned());
    let many = vec!["i-1"; 501];
    assert_eq!(cloud.metrics(&cpu_query(&many, &[])).await.refusal(), refused);
    assert_eq!(cloud.metrics(&cpu_query(&[], &[])).await.refusal(), refused);
    let late = Cbor::Tag(1, Box::new(Cbor::from(2_000_000_000.0)));
    assert_eq!(cloud.metrics(&cpu_query(&["i-1"], &[("StartTime", late)])).await.refusal(), refused);
    let id = cloud.home().instances[0].id.clone();
    cloud.simulator.aws().set_metric_status(&id, "Forbidden");
    let (found, _) = cpu(&cloud, &[&id, "i-unknown"], &[]).await;
    assert_eq!(found["i0"], (Vec::new(), "Forbidden".to_owned()));
    assert_eq!(found["i1"], (Vec::new(), "Complete".to_owned()), "what there is not has no data");
}
