//! What `orgpulse doctor` is told.

use collector::Finding;
use collector::Reason;
use loopback::Server;

use crate::testing::*;
use crate::*;

async fn checked(server: &Server, change: impl FnOnce(&mut Config)) -> Vec<Finding> {
    let mut config = config(&server.url);
    change(&mut config);
    check::check(&config, &context(), PACE).await
}

/// As EC2 answers a dry run of somebody who may.
fn dry(asked: &Asked) -> Option<loopback::Answer> {
    let dry = asked.form.get("DryRun").is_some_and(|dry| dry == "true");
    dry.then(|| error(asked, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set."))
}

fn told(findings: &[Finding]) -> Vec<String> {
    let word = |finding: &Finding| match &finding.outcome {
        Ok(words) => format!("{}: {words}", finding.what),
        Err(failure) => format!("{}: {}", finding.what, failure.reason),
    };
    findings.iter().map(word).collect()
}

#[tokio::test]
async fn names_the_identity_and_says_that_all_is_allowed() {
    let server = Cloud::empty().with(dry).serve().await;
    let expected = [
        "identity: account 123456789012, arn:aws:sts::123456789012:assumed-role/orgpulse/run",
        "read EC2 in eu-central-1: all 7 actions are allowed",
        "read the price list: ",
    ];
    assert_eq!(told(&checked(&server, |_| ()).await), expected);
    assert_eq!(server.seen().len(), 9);
}

#[tokio::test]
async fn a_server_that_ignores_dry_runs_allows_as_well() {
    let findings = checked(&Cloud::empty().serve().await, |_| ()).await;
    assert!(findings.iter().all(|finding| finding.outcome.is_ok()), "{findings:?}");
}

#[tokio::test]
async fn only_what_is_configured_is_tried() {
    let server = Cloud::empty().with(dry).serve().await;
    let findings = checked(&server, |config| {
        config.idle = false;
        config.price_file = Some(PriceFile::default());
    });
    assert_eq!(told(&findings.await)[1..], ["read EC2 in eu-central-1: all 5 actions are allowed"]);
}

#[tokio::test]
async fn each_missing_action_is_named() {
    let odd = |asked: &Asked| {
        let denied = ["ec2:DescribeVolumes", "ec2:DescribeAddresses"].contains(&asked.action.as_str());
        if denied { Some(error(asked, 403, "UnauthorizedOperation", "You are not authorized.")) } else { dry(asked) }
    };
    let findings = checked(&Cloud::empty().with(odd).serve().await, |_| ()).await;
    let mut denied: Vec<String> = told(&findings).into_iter().filter(|words| words.ends_with(": forbidden")).collect();
    denied.sort();
    let expected = ["ec2:DescribeAddresses", "ec2:DescribeVolumes"];
    assert_eq!(denied, expected.map(|action| format!("read EC2 in eu-central-1 ({action}): forbidden")));
}

#[tokio::test]
async fn a_region_that_is_not_enabled_is_one_finding() {
    let odd = |asked: &Asked| match asked.region.as_str() {
        "me-south-1" => Some(error(asked, 401, "OptInRequired", "You are not subscribed.")),
        _ => dry(asked),
    };
    let server = Cloud::empty().with(odd).serve().await;
    let regions = vec![HOME.to_owned(), "me-south-1".to_owned()];
    let findings = checked(&server, |config| config.regions = Regions::Named(regions)).await;
    assert_eq!(findings.len(), 4, "{findings:?}");
    assert_eq!(findings[2].outcome.as_ref().unwrap_err().reason, Reason::Forbidden);
    assert!(findings[2].what.starts_with("read EC2 in me-south-1 (ec2:DescribeInstances, "), "{findings:?}");
}

#[tokio::test]
async fn a_credential_that_is_no_good_is_the_only_finding() {
    let server = Cloud::empty().with(|asked| Some(error(asked, 403, "ExpiredToken", "expired"))).serve().await;
    assert_eq!(told(&checked(&server, |_| ()).await), ["identity: unauthorized"]);
}
