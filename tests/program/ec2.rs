//! The EC2 collector in the whole program, against the simulated AWS.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use simulator::Scale;
use simulator::aws::DisabledRegion;
use simulator::aws::Pages;
use simulator::expected::ec2;
use simulator::expected::ec2::PriceFile;
use simulator::expected::ec2::Prices;
use simulator::expected::ec2::Regions;
use simulator::expected::ec2::Settings;
use simulator::expected::ec2::SpotRow;
use simulator::fault::Fault;
use simulator::organisation::aws::AwsScale;
use simulator::organisation::aws::InstanceState;
use simulator::organisation::aws::Tenancy;

use crate::collect::organisations;
use crate::support::Gauges;
use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::gauges;
use crate::support::present;

/// The variable of the folder where prices are kept between runs.
const STATE_DIR: &str = "ORGPULSE_STATE_DIR";

async fn world(seed: u64, aws: AwsScale) -> World {
    World::new(seed, Scale::small().with_aws(aws)).await
}

/// Some of everything: every group of every region has something to ask for.
async fn small() -> World {
    world(1, AwsScale::small()).await
}

/// Runs the collector at the world's instant.
async fn collect(world: &World) -> (Ran, Value) {
    collect_with(world, &[]).await
}

async fn collect_with(world: &World, arguments: &[&str]) -> (Ran, Value) {
    let now = world.now.to_string();
    let mut all = vec!["collect", "ec2", "--output", "json", "--now", &now];
    all.extend(arguments);
    let ran = world.run(&all).await;
    let document = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, document)
}

fn expected(world: &World, settings: &Settings) -> Gauges {
    present(ec2::gauges(world.simulator.organisation(), settings))
}

fn usual(world: &World) -> Gauges {
    expected(world, &Settings::default())
}

/// The run is whole and has exactly these gauges.
#[track_caller]
fn assert_whole(ran: &Ran, document: &Value, expected: &Gauges, about: &str) {
    assert_same(&gauges(document, "ec2"), expected, &format!("{about}\n{}", ran.stderr));
    assert_eq!(ran.code, 0, "{about}: {}", ran.stderr);
    assert_eq!(document["collectors"][0]["outcome"], "complete", "{about}");
}

/// The reasons of everything that failed: of groups, or of the source as a whole.
fn reasons(document: &Value) -> BTreeSet<&str> {
    let collector = &document["collectors"][0];
    let failures = collector["failures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_groups = failures.iter().filter_map(|failure| failure["reason"].as_str());
    of_groups.chain(collector["reason"].as_str()).collect()
}

/// How many requests asked for which action.
fn actions(world: &World) -> BTreeMap<String, usize> {
    let mut actions = BTreeMap::new();
    for request in world.simulator.requests().into_iter().filter(|request| request.service == "aws") {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let form = body.split('&').find_map(|pair| pair.strip_prefix("Action=")).map(str::to_owned);
        let target = request.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
        let target = target.and_then(|target| target.split('.').next_back()).map(str::to_owned);
        let path = request.path.rsplit('/').next().unwrap_or_default().to_owned();
        *actions.entry(target.or(form).unwrap_or(path)).or_default() += 1;
    }
    actions
}

#[tokio::test(flavor = "multi_thread")]
async fn seeded_accounts_of_many_sizes_yield_the_expected_gauges() {
    for seed in 0..organisations() {
        let world = world(seed, AwsScale::random(seed)).await;
        let (ran, document) = collect(&world).await;
        assert_whole(&ran, &document, &usual(&world), &format!("seed {seed}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_means_the_enabled_regions() {
    let world = small().await.with("EC2_REGIONS", "all");
    let (ran, document) = collect(&world).await;
    let settings = Settings { regions: Regions::All, ..Settings::default() };
    assert_whole(&ran, &document, &expected(&world, &settings), "all");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_account_takes_at_most_forty_requests_once_prices_are_kept() {
    let world = world(7, AwsScale::reference()).await;
    let state = tempfile::tempdir().unwrap();
    let world = world.with(STATE_DIR, state.path().to_str().unwrap());
    let (ran, document) = collect(&world).await;
    assert_whole(&ran, &document, &usual(&world), "without kept prices");
    let asked = actions(&world);
    assert!(asked.contains_key("GetProducts") && asked.contains_key("GetMetricData"), "{asked:?}");
    world.simulator.recorder().clear();
    let (ran, document) = collect(&world).await;
    assert_whole(&ran, &document, &usual(&world), "with kept prices");
    let asked = actions(&world);
    let sent: usize = asked.values().sum();
    assert!(sent <= 40, "{sent} requests: {asked:#?}");
    assert!(!asked.contains_key("GetProducts"), "{asked:?}");
    assert_eq!(document["collectors"][0]["api_requests"], sent as u64);
}

/// CloudWatch bills by the metric: each running instance is asked for once an hour, not once a run.
#[tokio::test(flavor = "multi_thread")]
async fn cpu_is_asked_for_once_an_hour() {
    let state = tempfile::tempdir().unwrap();
    let world = small().await.with(STATE_DIR, state.path().to_str().unwrap());
    let aws = &world.simulator.organisation().aws;
    let configured = aws.regions.iter().filter(|region| aws.configured.contains(&region.name));
    let running = configured.flat_map(|r| &r.instances).filter(|i| i.state == InstanceState::Running).count();
    for _ in 0..3 {
        let (ran, document) = collect(&world).await;
        assert_whole(&ran, &document, &usual(&world), "idle");
    }
    let asked = world.simulator.aws().metrics_asked();
    assert!(asked > 0 && asked <= running as u64, "{asked} metrics for {running} instances");
}

/// Which gauges cannot be known when an action is denied.
fn lost_by(action: &str) -> fn(&str) -> bool {
    const OF_TYPES: [&str; 4] =
        ["ec2.instances.gpu_count", "ec2.instances.cpu_count", "ec2.gpus.total", "ec2.vcpus.total"];
    match action {
        "ec2:DescribeInstances" => |name| !name.starts_with("ec2.ebs.") && !name.starts_with("ec2.addresses."),
        "ec2:DescribeInstanceTypes" => |name| OF_TYPES.contains(&name),
        "ec2:DescribeVolumes" => |name| name.starts_with("ec2.ebs.volumes."),
        "ec2:DescribeSnapshots" => |name| name.starts_with("ec2.ebs.snapshots."),
        "ec2:DescribeAddresses" => |name| name.starts_with("ec2.addresses."),
        "ec2:DescribeSpotPriceHistory" | "pricing:GetProducts" => |name| name.starts_with("ec2.cost."),
        "cloudwatch:GetMetricData" => |name| name == "ec2.instances.idle",
        // The account is a tag of every gauge.
        "sts:GetCallerIdentity" => |_| true,
        other => panic!("{other}"),
    }
}

const ACTIONS: [&str; 9] = [
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeVolumes",
    "ec2:DescribeSnapshots",
    "ec2:DescribeAddresses",
    "ec2:DescribeSpotPriceHistory",
    "pricing:GetProducts",
    "cloudwatch:GetMetricData",
    "sts:GetCallerIdentity",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_denied_action_fails_its_groups_and_no_others() {
    for action in ACTIONS {
        let world = small().await;
        world.simulator.aws().deny(action);
        let (ran, document) = collect(&world).await;
        let mut left = usual(&world);
        left.retain(|(name, _), _| !lost_by(action)(name));
        assert_same(&gauges(&document, "ec2"), &left, &format!("without {action}\n{}", ran.stderr));
        assert_eq!(ran.code, if left.is_empty() { 1 } else { 3 }, "{action}: {}", ran.stderr);
        assert_eq!(reasons(&document), BTreeSet::from(["forbidden"]), "{action}: {document:#}");
        let name = action.split_once(':').unwrap().1;
        assert!(ran.stderr.contains(name), "{action} is not named:\n{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_denied_in_one_region_fails_nothing_elsewhere() {
    for action in ["ec2:DescribeInstances", "ec2:DescribeVolumes", "cloudwatch:GetMetricData"] {
        let world = small().await;
        world.simulator.aws().deny_in("us-east-1", action);
        let (ran, document) = collect(&world).await;
        let mut left = usual(&world);
        left.retain(|(name, tags), _| !(tags.contains("region:us-east-1") && lost_by(action)(name)));
        assert_same(&gauges(&document, "ec2"), &left, &format!("{action} in one region\n{}", ran.stderr));
        assert_eq!(ran.code, 3, "{action}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_that_ends_costs_nothing_and_one_that_does_not_fails_its_groups() {
    let world = small().await;
    for action in ACTIONS {
        world.simulator.aws().throttle(action, 1);
    }
    let (ran, document) = collect(&world).await;
    assert_whole(&ran, &document, &usual(&world), "throttled once each");

    for action in ["ec2:DescribeSnapshots", "cloudwatch:GetMetricData", "pricing:GetProducts"] {
        let world = small().await;
        world.simulator.aws().throttle(action, u64::MAX);
        let (ran, document) = collect(&world).await;
        let mut left = usual(&world);
        left.retain(|(name, _), _| !lost_by(action)(name));
        assert_same(&gauges(&document, "ec2"), &left, &format!("{action} throttled\n{}", ran.stderr));
        assert_eq!(reasons(&document), BTreeSet::from(["rate_limited"]), "{action}");
        assert_eq!(ran.code, 3, "{action}: {}", ran.stderr);
        assert!(ran.took < Duration::from_secs(60), "{action}: {:?}", ran.took);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_region_fails_alone() {
    for says in [DisabledRegion::OptInRequired, DisabledRegion::AuthFailure] {
        let world = small().await.with("EC2_REGIONS", "eu-central-1,me-central-1,us-east-1");
        world.simulator.aws().disabled_regions_say(says);
        let (ran, document) = collect(&world).await;
        assert_same(&gauges(&document, "ec2"), &usual(&world), &format!("{says:?}\n{}", ran.stderr));
        assert_eq!(ran.code, 3, "{says:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("me-central-1"), "{says:?}: {}", ran.stderr);
    }
}

/// Whatever part of the run a credential outlives, what is sent is right.
#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_ends_midway_leaves_right_numbers_only() {
    type End = fn(&World, u64);
    let ends: [(&str, End); 2] = [
        ("expired", |world, n| world.simulator.aws().expire_tokens_after(n)),
        ("revoked", |world, n| world.simulator.aws().revoke_keys_after(n)),
    ];
    for (how, end) in ends {
        for requests in [0, 1, 2, 5, 9, 14, 30] {
            let world = small().await;
            end(&world, requests);
            let (ran, document) = collect(&world).await;
            let found = gauges(&document, "ec2");
            let mut right = usual(&world);
            right.retain(|key, _| found.contains_key(key));
            assert_same(&found, &right, &format!("{how} after {requests}\n{}", ran.stderr));
            assert_eq!(ran.code, if found.is_empty() { 1 } else { 3 }, "{how} after {requests}: {}", ran.stderr);
            assert_eq!(reasons(&document), BTreeSet::from(["unauthorized"]), "{how} after {requests}");
            assert!(requests > 0 || found.is_empty(), "{how} from the beginning");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_may_be_short_or_empty_or_overlap_and_end_by_an_empty_token() {
    for pages in [Pages::Full, Pages::Short, Pages::Empty, Pages::EmptyToken, Pages::Overlapping] {
        for largest in [None, Some(7)] {
            let world = small().await;
            world.simulator.aws().set_pages(pages);
            world.simulator.aws().set_largest_page(largest);
            let (ran, document) = collect(&world).await;
            assert_whole(&ran, &document, &usual(&world), &format!("{pages:?} of {largest:?}"));
            let asked = actions(&world);
            assert!(largest.is_none() || asked["DescribeVolumes"] > 6, "{asked:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_repeats_neither_hangs_nor_makes_a_number() {
    let world = small().await;
    world.simulator.aws().set_pages(Pages::Repeated);
    let (ran, document) = collect(&world).await;
    let mut right = usual(&world);
    // The one list that has no pages.
    right.retain(|(name, _), _| name == "ec2.addresses.unattached");
    assert_same(&gauges(&document, "ec2"), &right, &ran.stderr);
    assert_eq!(reasons(&document), BTreeSet::from(["bad_reply"]));
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let asked = actions(&world);
    assert!(asked.values().all(|n| *n < 20), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_cloudwatch_keeps_back_is_no_idle_instance_less() {
    for status in ["Forbidden", "InternalError"] {
        let world = small().await;
        let home = world.simulator.organisation().aws.region("eu-central-1").unwrap();
        let old = world.now.as_second() - 7_200;
        let is_old = |launched: jiff::Timestamp| launched.as_second() < old;
        let running = home.instances.iter().find(|i| i.state == InstanceState::Running && is_old(i.launched)).unwrap();
        world.simulator.aws().set_metric_status(&running.id, status);
        let (ran, document) = collect(&world).await;
        let mut left = usual(&world);
        left.retain(|(name, tags), _| name != "ec2.instances.idle" || !tags.contains("region:eu-central-1"));
        assert_same(&gauges(&document, "ec2"), &left, &format!("{status}\n{}", ran.stderr));
        assert_eq!(ran.code, 3, "{status}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_idle_cloudwatch_is_not_asked() {
    let world = small().await.with("EC2_IDLE", "false");
    let (ran, document) = collect(&world).await;
    let settings = Settings { idle: false, ..Settings::default() };
    assert_whole(&ran, &document, &expected(&world, &settings), "idle off");
    assert!(!actions(&world).contains_key("GetMetricData"));

    let world = small().await.with("EC2_IDLE_CPU_PCT", "45");
    let (ran, document) = collect(&world).await;
    let settings = Settings { idle_cpu_pct: 45.0, ..Settings::default() };
    assert_whole(&ran, &document, &expected(&world, &settings), "below 45 %");
}

/// A file with some of the prices, at twice what AWS asks, and the same as the program is to read it.
fn price_file(world: &World) -> (PriceFile, Value) {
    let aws = &world.simulator.organisation().aws;
    let mut file = PriceFile::default();
    let mut written = json!({ "on_demand": [], "spot": [] });
    let rows = |written: &mut Value, list: &str, row: Value| written[list].as_array_mut().unwrap().push(row);
    for price in aws.price_list.iter().step_by(2) {
        let price = simulator::organisation::aws::OnDemandPrice { dollars: 2.0 * price.dollars, ..price.clone() };
        let tenancy = if price.tenancy == Tenancy::Dedicated { "dedicated" } else { "default" };
        let row = json!({
            "type": price.instance_type, "region": price.region, "platform": price.platform.details(),
            "tenancy": tenancy, "price": price.dollars,
        });
        rows(&mut written, "on_demand", row);
        file.on_demand.push(price);
    }
    for region in &aws.regions {
        let mut known = BTreeSet::new();
        for (n, price) in region.spot_prices.iter().enumerate() {
            let is_zonal = n % 3 > 0;
            let place = if is_zonal { &price.zone } else { &region.name };
            if !known.insert((&price.instance_type, place, price.platform)) {
                continue;
            }
            let key = if is_zonal { "zone" } else { "region" };
            let (kind, platform) = (&price.instance_type, price.platform.details());
            let row = json!({ "type": kind, key: place, "platform": platform, "price": price.dollars });
            rows(&mut written, "spot", row);
            let (instance_type, place, platform) = (kind.clone(), place.clone(), price.platform);
            file.spot.push(SpotRow { instance_type, place, platform, dollars: price.dollars });
        }
    }
    (file, written)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_file_stands_in_for_every_price_of_aws() {
    let world = small().await;
    let (file, written) = price_file(&world);
    let path = world.home().join("prices.yaml");
    std::fs::write(&path, written.to_string()).unwrap();
    let world = world.with("EC2_PRICE_FILE", path.to_str().unwrap());
    let (ran, document) = collect(&world).await;
    let settings = Settings { prices: Prices::File(file), ..Settings::default() };
    assert_whole(&ran, &document, &expected(&world, &settings), "price file");
    let asked = actions(&world);
    assert!(!asked.contains_key("GetProducts") && !asked.contains_key("DescribeSpotPriceHistory"), "{asked:?}");
}

/// Whatever replies break, from the one after so many on, what is sent is right.
async fn assert_right_with(kind: &str, fault: fn() -> Fault) {
    for after in [0, 3, 8, 13] {
        let world = small().await;
        let injected = world.simulator.faults().inject(fault().of("aws").after(after).times(5));
        let (ran, document) = collect(&world).await;
        assert!(injected.befallen() > 0, "{kind} after {after}");
        let found = gauges(&document, "ec2");
        let mut right = usual(&world);
        right.retain(|key, _| found.contains_key(key));
        assert_same(&found, &right, &format!("{kind} after {after}\n{}", ran.stderr));
        let whole = found.len() == usual(&world).len();
        assert_eq!(ran.code == 0, whole, "{kind} after {after}: {} {}", ran.code, ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_replies_leave_right_numbers_only() {
    assert_right_with("cut", Fault::cut_body).await;
    assert_right_with("no XML", Fault::wrong_type).await;
    assert_right_with("reset", Fault::reset).await;
}

/// A reader that takes the end of the text for the end of the document makes a smaller number of it.
#[tokio::test(flavor = "multi_thread")]
async fn half_a_document_is_no_shorter_list() {
    assert_right_with("half a document", Fault::malformed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_shows_a_credential() {
    const TOKEN: &str = "IQoJb3JpZ2luX2VjSIMULATEDsession+token/0123456789==";
    type Trouble = fn(&World);
    let troubles: [Trouble; 4] = [
        |_| {},
        |world| world.simulator.aws().expire_tokens_after(3),
        |world| world.simulator.aws().deny("ec2:DescribeInstances"),
        |world| drop(world.simulator.faults().inject(Fault::wrong_type().of("aws"))),
    ];
    for (n, trouble) in troubles.into_iter().enumerate() {
        let state = tempfile::tempdir().unwrap();
        let world = small().await.with("AWS_SESSION_TOKEN", TOKEN).with(STATE_DIR, state.path().to_str().unwrap());
        let environment = world.simulator.environment();
        let of = |name: &str| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        let secrets = [of("AWS_SECRET_ACCESS_KEY"), TOKEN.to_owned()];
        world.simulator.aws().accept_key(&of("AWS_ACCESS_KEY_ID"), Some(TOKEN));
        trouble(&world);
        for command in [
            &["collect", "ec2", "--log", "trace"][..],
            &["collect", "ec2", "--output", "json", "--log", "trace"],
            &["config", "show", "--log", "trace"],
            &["doctor", "--log", "trace"],
        ] {
            let ran = world.run(command).await;
            if n == 0 && command[0] == "collect" {
                assert_eq!(ran.code, 0, "{}", ran.stderr);
            }
            for secret in &secrets {
                assert!(!ran.stdout.contains(secret.as_str()), "{command:?} shows a secret:\n{}", ran.stdout);
                assert!(!ran.stderr.contains(secret.as_str()), "{command:?} shows a secret:\n{}", ran.stderr);
            }
        }
        for entry in files(state.path()) {
            let text = String::from_utf8_lossy(&std::fs::read(&entry).unwrap()).into_owned();
            assert!(secrets.iter().all(|secret| !text.contains(secret.as_str())), "{} holds a secret", entry.display());
        }
        for request in world.simulator.requests() {
            let line = format!("{}?{}", request.path, request.query);
            assert!(secrets.iter().all(|secret| !line.contains(secret.as_str())), "{line}");
        }
    }
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}
