//! What fails fails alone, with the reason and what mends it.

use std::collections::BTreeMap;
use std::time::Duration;

use collector::Collector;
use collector::Reason;
use loopback::Answer;

use super::whole::cloud;
use crate::catalog::group;
use crate::testing::*;
use crate::*;

const OTHER: &str = "us-east-1";

fn two_regions(config: &mut Config) {
    config.regions = Regions::Named(vec![HOME.to_owned(), OTHER.to_owned()]);
}

/// No message may hold the secret half of the key, or the session token.
fn tells_no_secret(text: &str) {
    for secret in [SECRET, TOKEN, &SECRET[..10], &TOKEN[..10]] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn each_denied_action_takes_its_own_groups_and_is_named() {
    let cases: [(&str, &[&str]); 8] = [
        ("ec2:DescribeInstances", group::OF_INSTANCES),
        ("ec2:DescribeInstanceTypes", &[group::TYPES]),
        ("ec2:DescribeVolumes", &[group::VOLUMES]),
        ("ec2:DescribeSnapshots", &[group::SNAPSHOTS]),
        ("ec2:DescribeAddresses", &[group::ADDRESSES]),
        ("ec2:DescribeSpotPriceHistory", &[group::COST]),
        ("pricing:GetProducts", &[group::COST]),
        ("monitoring:GetMetricData", &[group::IDLE]),
    ];
    let whole = collected(&cloud().serve().await, |_| ()).await.unwrap();
    for (action, groups) in cases {
        let code = if action.starts_with("ec2:") { "UnauthorizedOperation" } else { "AccessDeniedException" };
        let denied = move |asked: &Asked| {
            let message = format!("not authorized to perform: {action} with {TOKEN}");
            (asked.action == action)
                .then(|| error(asked, if code.starts_with('U') { 403 } else { 400 }, code, &message))
        };
        let server = cloud().with(denied).serve().await;
        let batch = collected(&server, |_| ()).await.unwrap();
        let expected: BTreeMap<_, _> = groups.iter().map(|group| (*group, Reason::Forbidden)).collect();
        assert_eq!(failed_in(&batch, HOME), expected, "{action}");
        accounts_for_all(&batch, HOME);
        for gauge in batch.gauges() {
            assert_eq!(Some(gauge.value()), value(&whole, gauge.def().name), "{action}: {}", gauge.def().name);
        }
        let words = batch.failures()[0].failure.to_string();
        let named = action.replace("monitoring:", "cloudwatch:");
        assert!(words.contains(&format!("Allow {named} on the resource *")), "{words}");
        assert!(words.contains(code), "{words}");
        tells_no_secret(&words);
        // A refusal is final.
        let again = server.seen().iter().filter(|seen| seen.text.contains(action.split(':').nth(1).unwrap())).count();
        assert!(again <= 1, "{action}: {again} requests");
    }
}

#[tokio::test]
async fn a_region_that_fails_leaves_the_others_whole() {
    let whole = collected(&cloud().serve().await, |_| ()).await.unwrap();
    for (code, status, reason, words) in [
        ("OptInRequired", 401, Reason::Forbidden, "Enable us-east-1 for the account"),
        ("AuthFailure", 401, Reason::Unauthorized, "us-east-1 is not enabled for the account"),
        ("UnauthorizedOperation", 403, Reason::Forbidden, "service control policy that denies it in us-east-1"),
        ("RequestLimitExceeded", 503, Reason::RateLimited, "Let orgpulse run less often"),
        ("InternalError", 500, Reason::Unreachable, "AWS answered InternalError"),
        ("SomethingNew", 400, Reason::Other, "AWS answered SomethingNew"),
    ] {
        let odd = move |asked: &Asked| (asked.region == OTHER).then(|| error(asked, status, code, "No."));
        let batch = collected(&cloud().with(odd).serve().await, two_regions).await.unwrap();
        let expected: BTreeMap<_, _> = group::ALL.iter().map(|group| (*group, reason)).collect();
        assert_eq!(failed_in(&batch, OTHER), expected, "{code}");
        assert_eq!(failed_in(&batch, HOME), BTreeMap::new(), "{code}");
        for def in METRICS {
            assert_eq!(value(&batch, def.name), value(&whole, def.name), "{code}: {}", def.name);
        }
        let failure = batch.failures()[0].failure.to_string();
        assert!(failure.contains(words), "{code}: {failure}");
    }
}

#[tokio::test]
async fn throttling_is_waited_for_and_every_attempt_is_counted() {
    let odd = |asked: &Asked| {
        (asked.action == "ec2:DescribeVolumes" && asked.before < 2)
            .then(|| error(asked, 503, "RequestLimitExceeded", "Request limit exceeded."))
    };
    let server = cloud().with(odd).serve().await;
    let context = context();
    let batch = Ec2::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    assert_eq!(value(&batch, "ec2.ebs.volumes.total"), Some(4.0));
    assert_eq!((server.seen().len(), context.meter().read().requests), (13, 13));
}

#[tokio::test]
async fn endless_throttling_ends_after_few_attempts() {
    let odd = |asked: &Asked| {
        (asked.action == "ec2:DescribeVolumes")
            .then(|| error(asked, 503, "RequestLimitExceeded", "Request limit exceeded."))
    };
    let server = cloud().with(odd).serve().await;
    let batch = collected(&server, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("volumes", Reason::RateLimited)].into());
    let attempts = server.seen().iter().filter(|seen| seen.text.contains("DescribeVolumes")).count();
    assert_eq!(attempts, PACE.attempts as usize);
}

#[tokio::test]
async fn a_credential_that_is_no_good_fails_the_source() {
    for (code, words) in [
        ("ExpiredToken", "Renew the temporary credential"),
        ("InvalidClientTokenId", "Check AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", "Check AWS_ACCESS_KEY_ID"),
    ] {
        let server =
            cloud().with(move |asked| Some(error(asked, 403, code, &format!("{TOKEN} is no good")))).serve().await;
        let failure = collected(&server, |_| ()).await.unwrap_err();
        assert_eq!(failure.reason, Reason::Unauthorized, "{code}");
        let text = format!("{failure} {failure:?}");
        assert!(text.contains(words) && text.contains(code), "{text}");
        tells_no_secret(&text);
        assert_eq!(server.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_fails_what_is_left() {
    let odd = |asked: &Asked| {
        let late = asked.action == "ec2:DescribeVolumes" || asked.action == "pricing:GetProducts";
        late.then(|| error(asked, 400, "RequestExpired", "Request has expired."))
    };
    let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
    let expected = [("volumes", Reason::Unauthorized), ("cost", Reason::Unauthorized)];
    assert_eq!(failed_in(&batch, HOME), expected.into());
}

#[tokio::test]
async fn the_account_is_asked_for_in_another_region_when_the_first_is_not_enabled() {
    let odd = |asked: &Asked| {
        (asked.region == "me-south-1")
            .then(|| error(asked, 403, "InvalidClientTokenId", "The security token is invalid"))
    };
    let server = cloud().with(odd).serve().await;
    let batch = collected(&server, |config| {
        config.access.home = "me-south-1".to_owned();
        config.regions = Regions::Named(vec!["me-south-1".to_owned(), HOME.to_owned()]);
    });
    let batch = batch.await.unwrap();
    assert_eq!(value(&batch, "ec2.instances.running"), Some(4.0));
    assert_eq!(failed_in(&batch, "me-south-1").len(), group::ALL.len());
}

#[tokio::test]
async fn nobody_answers() {
    let failure = collected_at("http://127.0.0.1:1").await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unreachable);
    assert!(failure.to_string().contains("aws.endpoint_url (AWS_ENDPOINT_URL)"), "{failure}");
}

async fn collected_at(url: &str) -> Result<Batch, Failure> {
    Ec2::new(config(url)).collect_at(&context(), PACE).await
}

#[tokio::test]
async fn what_is_no_answer_of_aws_is_a_bad_reply() {
    const HALF: &str = "<DescribeVolumesResponse><volumeSet><item><size>1</size></item>";
    const EMPTY: &str = "<DescribeVolumesResponse><requestId>r</requestId></DescribeVolumesResponse>";
    for body in ["<html>Sign in</html>", "{}", "<Response><volumeSet/></Response>", HALF, EMPTY, ""] {
        let odd = move |asked: &Asked| {
            (asked.action == "ec2:DescribeVolumes")
                .then(|| loopback::text(200, &[("content-type", "text/html")], body).into())
        };
        let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
        assert_eq!(failed_in(&batch, HOME), [("volumes", Reason::BadReply)].into(), "{body}");
    }
}

#[tokio::test]
async fn an_answer_that_is_cut_is_asked_for_again() {
    let odd =
        |asked: &Asked| (asked.action == "ec2:DescribeVolumes" && asked.before == 0).then(|| loopback::cut().into());
    let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
    assert_eq!(value(&batch, "ec2.ebs.volumes.total"), Some(4.0));
    let odd = |asked: &Asked| (asked.action == "ec2:DescribeVolumes").then(|| loopback::cut().into());
    let batch = collected(&cloud().with(odd).serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("volumes", Reason::Unreachable)].into());
}

#[tokio::test]
async fn the_deadline_ends_what_hangs_and_keeps_the_rest() {
    let odd = |asked: &Asked| (asked.action == "ec2:DescribeVolumes").then_some(Answer::Never);
    let server = cloud().with(odd).serve().await;
    let context = loopback::context(metrics::sample::now(), Duration::from_secs(3));
    let batch = Ec2::new(config(&server.url)).collect_at(&context, PACE).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("volumes", Reason::Deadline)].into());
    assert!(batch.failures()[0].failure.cure.contains("collector_deadline"));
}

#[tokio::test]
async fn nothing_is_sent_after_the_deadline() {
    let server = cloud().serve().await;
    let context = loopback::context(metrics::sample::now(), Duration::ZERO);
    let failure = Ec2::new(config(&server.url)).collect_at(&context, PACE).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::Deadline, 0));
}

#[tokio::test]
async fn a_type_that_is_not_described_fails_the_group_of_types() {
    let cloud = Cloud { types: vec![("m5.large".to_owned(), 2, String::new())], ..cloud() };
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), [("types", Reason::BadReply)].into());
    assert!(batch.failures()[0].failure.why.contains("p5.48xlarge"), "{:?}", batch.failures());
}

#[tokio::test]
async fn one_odd_instance_fails_no_page() {
    let mut cloud = cloud();
    cloud.instances.push("<item></item>".to_owned());
    cloud.instances.push(instance(20, "m5.large", "dreaming", 5, ""));
    let batch = collected(&cloud.serve().await, |_| ()).await.unwrap();
    assert_eq!(failed_in(&batch, HOME), BTreeMap::new());
    assert_eq!(value(&batch, "ec2.instances.total"), Some(9.0));
    assert!(batch.warnings()[0].contains("2 instances are in a state"), "{:?}", batch.warnings());
}

#[tokio::test]
async fn no_secret_is_shown_or_sent_in_an_address() {
    let server = cloud().serve().await;
    let collector = Ec2::new(config(&server.url));
    tells_no_secret(&format!("{collector:?}"));
    let batch = collector.collect_at(&context(), PACE).await.unwrap();
    tells_no_secret(&format!("{batch:?}"));
    tells_no_secret(&format!("{:?}", collector.check(&context()).await));
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.header("x-amz-security-token") == TOKEN));
    for one in &seen {
        tells_no_secret(&one.path);
        assert!(!one.text.contains(SECRET) && !one.header("authorization").contains(SECRET));
    }
}
