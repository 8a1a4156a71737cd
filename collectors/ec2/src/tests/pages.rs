//! Pages are followed to the end, and no further.

use collector::Reason;

use crate::testing::*;

fn many(page: usize) -> Cloud {
    Cloud {
        instances: (0..7).map(|n| instance(n, "m5.large", "running", 0, "")).collect(),
        volumes: (0..7).map(|_| item("item", "<status>in-use</status><size>1</size>")).collect(),
        snapshots: (0..7).map(|_| item("item", "<volumeSize>1</volumeSize>")).collect(),
        page,
        ..Cloud::empty()
    }
}

const COUNTS: [&str; 4] =
    ["ec2.instances.running", "ec2.ebs.volumes.total", "ec2.ebs.snapshots.total", "ec2.ebs.snapshots.size_gb"];

#[tokio::test]
async fn pages_smaller_than_the_list_give_the_whole_list() {
    for page in [1, 2, 3, 7, 8] {
        let server = many(page).serve().await;
        let batch = collected(&server, |_| ()).await.unwrap();
        for name in COUNTS {
            assert_eq!(value(&batch, name), Some(7.0), "{name} by pages of {page}");
        }
        let lists = server.seen().iter().filter(|seen| seen.text.contains("Action=DescribeVolumes")).count();
        assert_eq!(lists, 7_usize.div_ceil(page));
    }
}

#[tokio::test]
async fn types_and_spot_prices_have_pages_too() {
    let kinds = ["a1.large", "b1.large", "c1.large", "d1.large", "e1.large"];
    let row = |kind: &str| {
        let price = "<productDescription>Linux/UNIX</productDescription><spotPrice>0.5</spotPrice>\
                     <timestamp>2026-11-20T20:00:00.000Z</timestamp><availabilityZone>eu-central-1a</availabilityZone>";
        item("item", &format!("<instanceType>{kind}</instanceType>{price}"))
    };
    let spot = "<instanceLifecycle>spot</instanceLifecycle>";
    let cloud = Cloud {
        instances: (0..).zip(kinds).map(|(n, kind)| instance(n, kind, "running", 0, spot)).collect(),
        types: kinds.iter().map(|kind| ((*kind).to_owned(), 4, String::new())).collect(),
        spot: kinds.iter().map(|kind| row(kind)).collect(),
        page: 2,
        ..Cloud::empty()
    };
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.vcpus.total"), Some(20.0));
    assert_eq!(value(&batch, "ec2.cost.running_hourly_estimate"), Some(2.5));
}

#[tokio::test]
async fn types_are_asked_for_by_100() {
    let kinds: Vec<String> = (0..250).map(|n| format!("t{n}.large")).collect();
    let cloud = Cloud {
        instances: (0..).zip(&kinds).map(|(n, kind)| instance(n, kind, "running", 0, "")).collect(),
        types: kinds.iter().map(|kind| (kind.clone(), 1, String::new())).collect(),
        ..Cloud::empty()
    };
    let server = cloud.serve().await;
    let batch = collected(&server, |config| config.price_file = Some(crate::PriceFile::default())).await.unwrap();
    assert_eq!(value(&batch, "ec2.vcpus.total"), Some(250.0));
    let seen = server.seen();
    let asked: Vec<usize> = seen
        .iter()
        .filter(|seen| seen.text.contains("Action=DescribeInstanceTypes"))
        .map(|seen| seen.text.matches("&InstanceType.").count())
        .collect();
    assert_eq!(asked, [100, 100, 50]);
}

/// A list of volumes by tokens of the test's own: the answer to each token, "" for the first page.
fn by_tokens(pages: &'static [(&'static str, &'static str, &'static str)]) -> Cloud {
    Cloud::empty().with(move |asked| {
        let token = asked.form.get("NextToken").map_or("", String::as_str);
        let (_, items, next) =
            pages.iter().find(|(of, ..)| *of == token).filter(|_| asked.action == "ec2:DescribeVolumes")?;
        Some(page(asked, "volumeSet", items, next))
    })
}

const ONE: &str = "<item><status>available</status><size>1</size></item>";

#[tokio::test]
async fn an_empty_page_with_a_token_goes_on() {
    let cloud =
        by_tokens(&[("", "", "<nextToken>a</nextToken>"), ("a", ONE, "<nextToken>b</nextToken>"), ("b", "", "")]);
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.ebs.volumes.total"), Some(1.0));
}

#[tokio::test]
async fn an_empty_token_is_the_end() {
    for end in ["<nextToken></nextToken>", "<nextToken/>", ""] {
        let pages: &'static [_] = Box::leak(Box::new([("", ONE, "<nextToken>a</nextToken>"), ("a", ONE, end)]));
        let server = by_tokens(pages).serve().await;
        let batch = collected(&server, |_| ()).await.unwrap();
        assert_eq!(value(&batch, "ec2.ebs.volumes.total"), Some(2.0), "{end}");
        assert_eq!(server.seen().iter().filter(|seen| seen.text.contains("Action=DescribeVolumes")).count(), 2);
    }
}

#[tokio::test]
async fn a_token_that_repeats_is_a_failure_and_no_loop() {
    let cloud = by_tokens(&[
        ("", ONE, "<nextToken>a</nextToken>"),
        ("a", ONE, "<nextToken>b</nextToken>"),
        ("b", ONE, "<nextToken>a</nextToken>"),
    ]);
    let server = cloud.serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("volumes", Reason::BadReply)].into());
    accounts_for_all(&batch, HOME);
    assert_eq!(server.seen().iter().filter(|seen| seen.text.contains("Action=DescribeVolumes")).count(), 3);
}

#[tokio::test]
async fn what_is_on_two_pages_counts_once() {
    let cloud = Cloud {
        instances: [1, 2, 2, 3].iter().map(|n| instance(*n, "m5.large", "running", 0, "")).collect(),
        volumes: ["a", "a", "b"]
            .iter()
            .map(|id| item("item", &format!("<volumeId>{id}</volumeId><size>1</size>")))
            .collect(),
        page: 1,
        ..Cloud::empty()
    };
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.instances.running"), Some(3.0));
    assert_eq!(value(&batch, "ec2.ebs.volumes.size_gb"), Some(2.0));
}
