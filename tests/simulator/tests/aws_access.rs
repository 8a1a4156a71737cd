//! Who may ask AWS what, and how each service says no.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by a panic; clippy.toml does not reach helper functions"
)]

mod cloud;

use cloud::Cloud;
use cloud::HOME;
use cloud::Told;
use cloud::cpu_query;
use serde_json::json;
use simulator::aws::ACCESS_KEY_ID;
use simulator::aws::DisabledRegion;
use simulator::aws::SecretFailure;
use simulator::aws::operations;
use simulator::organisation::aws::AwsScale;

/// Any good request for the action.
async fn ask(cloud: &Cloud, service: &str, action: &str) -> Told {
    match service {
        "ec2" => cloud.ec2(action, &[]).await,
        "sts" => cloud.sts().await,
        "cloudwatch" => cloud.metrics(&cpu_query(&["i-1"], &[])).await,
        "pricing" => cloud.products(&json!({ "ServiceCode": "AmazonEC2" })).await,
        _ if action == "GetSecretValue" => cloud.secret("datadog/api-key").await,
        _ => {
            let body = json!({ "SecretIdList": ["datadog/api-key"] });
            cloud.json("secretsmanager", "secretsmanager.BatchGetSecretValue", &body).await
        }
    }
}

#[tokio::test]
async fn an_action_that_is_denied_is_refused_and_no_other() {
    let cloud = Cloud::small();
    for denied in operations() {
        let name = format!("{}:{}", denied.service, denied.action);
        cloud.simulator.aws().deny(&name);
        for asked in operations() {
            let told = ask(&cloud, asked.service, asked.action).await;
            if asked != denied {
                assert_eq!(told.status, 200, "{} with {name} denied", asked.action);
                continue;
            }
            let expected = match asked.service {
                "ec2" => (403, "UnauthorizedOperation"),
                "sts" | "cloudwatch" => (403, "AccessDenied"),
                _ => (400, "AccessDeniedException"),
            };
            assert_eq!(told.refusal(), (expected.0, expected.1.to_owned()), "{name}");
            assert!(String::from_utf8_lossy(&told.body).contains(&name), "the message names the action");
        }
        cloud.simulator.aws().allow(&name);
    }
}

#[tokio::test]
async fn an_action_can_be_denied_in_one_region() {
    let cloud = Cloud::small();
    cloud.simulator.aws().deny_in("us-east-1", "ec2:DescribeVolumes");
    assert_eq!(cloud.ec2("DescribeVolumes", &[]).await.status, 200);
    assert_eq!(cloud.ec2_in("us-east-1", "DescribeVolumes", &[]).await.status, 403);
    assert_eq!(cloud.ec2_in("us-east-1", "DescribeSnapshots", &[]).await.status, 200);
}

#[tokio::test]
async fn throttling_ends_after_so_many_requests() {
    let cloud = Cloud::small();
    for operation in operations() {
        let name = format!("{}:{}", operation.service, operation.action);
        cloud.simulator.aws().throttle(&name, 2);
        let expected = match operation.service {
            "ec2" => (503, "RequestLimitExceeded"),
            "sts" | "cloudwatch" => (400, "Throttling"),
            _ => (400, "ThrottlingException"),
        };
        for _ in 0..2 {
            let refusal = ask(&cloud, operation.service, operation.action).await.refusal();
            assert_eq!(refusal, (expected.0, expected.1.to_owned()), "{name}");
        }
        assert_eq!(ask(&cloud, operation.service, operation.action).await.status, 200, "{name}");
    }
}

type Refusal = (u16, &'static str);

/// What each service says to a key that it does not know, and to a token that is over.
const OF_KEYS: [(&str, &str, Refusal, Refusal); 5] = [
    ("ec2", "DescribeVolumes", (401, "AuthFailure"), (400, "RequestExpired")),
    ("sts", "GetCallerIdentity", (403, "InvalidClientTokenId"), (403, "ExpiredToken")),
    ("cloudwatch", "GetMetricData", (403, "InvalidClientTokenId"), (403, "ExpiredToken")),
    ("pricing", "GetProducts", (400, "UnrecognizedClientException"), (400, "ExpiredTokenException")),
    ("secretsmanager", "GetSecretValue", (400, "UnrecognizedClientException"), (400, "ExpiredTokenException")),
];

#[tokio::test]
async fn a_key_that_is_revoked_and_a_token_that_expires_are_refused_from_then_on() {
    for (service, action, revoked, expired) in OF_KEYS {
        let cloud = Cloud::small();
        cloud.simulator.aws().revoke_keys_after(2);
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(ask(&cloud, service, action).await);
        }
        assert_eq!(told.iter().map(|told| told.status == 200).collect::<Vec<_>>(), [true, true, false, false]);
        assert_eq!(told[3].refusal(), (revoked.0, revoked.1.to_owned()), "{service}");

        let cloud = Cloud::small();
        cloud.simulator.aws().expire_tokens_after(1);
        assert_eq!(ask(&cloud, service, action).await.status, 200);
        for _ in 0..2 {
            assert_eq!(ask(&cloud, service, action).await.refusal(), (expired.0, expired.1.to_owned()), "{service}");
        }
    }
}

#[tokio::test]
async fn a_temporary_key_needs_its_session_token() {
    let cloud = Cloud::small();
    cloud.simulator.aws().accept_key("ASIATEMPORARY0000001", Some("the-token"));
    let form = [("Action", "DescribeRegions"), ("Version", "2016-11-15")];
    let ask = |key: &str, token: Option<&str>| {
        let request = cloud.signed("ec2", HOME, key, "/").form(&form);
        cloud.send(match token {
            Some(token) => request.header("x-amz-security-token", token),
            None => request,
        })
    };
    assert_eq!(ask("ASIATEMPORARY0000001", Some("the-token")).await.status, 200);
    assert_eq!(ask("ASIATEMPORARY0000001", None).await.status, 401);
    assert_eq!(ask("ASIATEMPORARY0000001", Some("another")).await.status, 401);
    assert_eq!(ask(ACCESS_KEY_ID, None).await.status, 200);
    assert_eq!(ask("AKIAUNKNOWN000000001", None).await.status, 401);
    let recorded = cloud.simulator.requests();
    let marked = recorded.iter().filter_map(|r| r.headers.get("x-amz-security-token")).all(|v| v.is_sensitive());
    assert!(marked && recorded.iter().all(|r| r.headers["authorization"].is_sensitive()));
}

#[tokio::test]
async fn a_region_that_is_not_enabled_refuses_everything() {
    let cloud = Cloud::small();
    let told = cloud.ec2_in("me-central-1", "DescribeInstances", &[]).await;
    assert_eq!(told.refusal(), (403, "OptInRequired".into()));
    cloud.simulator.aws().disabled_regions_say(DisabledRegion::AuthFailure);
    let told = cloud.ec2_in("me-central-1", "DescribeInstances", &[]).await;
    assert_eq!(told.refusal(), (401, "AuthFailure".into()));
    let enabled = cloud.ec2("DescribeRegions", &[]).await.all("regionName");
    assert_eq!(enabled.len(), 4, "{enabled:?}");
    cloud.simulator.aws().disable_region("us-east-1");
    assert_eq!(cloud.ec2_in("us-east-1", "DescribeInstances", &[]).await.status, 401);
    let told = cloud.ec2("DescribeRegions", &[("AllRegions", "true")]).await;
    let standing: Vec<(String, String)> = told.all("regionName").into_iter().zip(told.all("optInStatus")).collect();
    assert!(standing.contains(&("us-east-1".into(), "not-opted-in".into())));
    assert!(standing.contains(&("af-south-1".into(), "opted-in".into())));
    assert!(standing.contains(&("eu-north-1".into(), "opt-in-not-required".into())));
    assert_eq!(standing.len(), 6);
}

#[tokio::test]
async fn what_is_not_simulated_is_refused_loudly() {
    let cloud = Cloud::small();
    assert_eq!(cloud.ec2("DescribeImages", &[]).await.status, 501);
    assert_eq!(cloud.ec2_in("eu-central-9", "DescribeVolumes", &[]).await.status, 501);
    assert_eq!(
        cloud.ec2("DescribeVolumes", &[("Filter.1.Name", "kms-key-id"), ("Filter.1.Value.1", "x")]).await.status,
        501
    );
    assert_eq!(cloud.ec2("DescribeInstances", &[("IncludeManagedResources", "true")]).await.status, 501);
    assert_eq!(cloud.json("pricing", "AWSPriceListService.DescribeServices", &json!({})).await.status, 501);
    assert_eq!(cloud.json("secretsmanager", "secretsmanager.ListSecrets", &json!({})).await.status, 501);
    let form = [("Action", "ListBuckets"), ("Version", "2006-03-01")];
    assert_eq!(cloud.send(cloud.signed("s3", HOME, ACCESS_KEY_ID, "/").form(&form)).await.status, 501);
    let filter = json!({ "Type": "TERM_MATCH", "Field": "InstanceType", "Value": "m5.large" });
    assert_eq!(cloud.products(&json!({ "ServiceCode": "AmazonEC2", "Filters": [filter] })).await.status, 501);
    // The Price List has an endpoint in few regions.
    let request = cloud.signed("pricing", "eu-west-1", ACCESS_KEY_ID, "/").body("{}");
    let request = request.header("content-type", "application/x-amz-json-1.1");
    let told = cloud.send(request.header("x-amz-target", "AWSPriceListService.GetProducts")).await;
    assert_eq!(told.status, 501);
    // An older version of the same action, and CloudWatch's older protocols.
    let form = [("Action", "DescribeVolumes"), ("Version", "2014-05-01")];
    let told = cloud.send(cloud.signed("ec2", HOME, ACCESS_KEY_ID, "/").form(&form)).await;
    assert_eq!(told.refusal(), (400, "InvalidAction".into()));
    let form = [("Action", "GetMetricData"), ("Version", "2010-08-01")];
    assert_eq!(cloud.send(cloud.signed("monitoring", HOME, ACCESS_KEY_ID, "/").form(&form)).await.status, 501);
    let told = cloud.ec2("DescribeVolumes", &[("DryRun", "true")]).await;
    assert_eq!(told.refusal(), (412, "DryRunOperation".into()));
}

#[tokio::test]
async fn secrets_fail_one_by_one() {
    let cloud = Cloud::start(AwsScale::none());
    let aws = cloud.simulator.aws();
    aws.put_secret("one", "uno");
    let failures = [
        ("missing", SecretFailure::Missing, "ResourceNotFoundException"),
        ("denied", SecretFailure::Denied, "AccessDeniedException"),
        ("deleted", SecretFailure::Deleted, "InvalidRequestException"),
        ("sealed", SecretFailure::Decryption, "DecryptionFailure"),
    ];
    for (name, failure, code) in failures {
        aws.put_secret(name, "never");
        aws.fail_secret(name, failure);
        assert_eq!(cloud.secret(name).await.refusal(), (400, code.to_owned()));
    }
    let told = cloud.secret("one").await.json();
    assert_eq!(told["SecretString"], "uno");
    let arn = told["ARN"].as_str().unwrap();
    assert_eq!(cloud.secret(arn).await.json()["SecretString"], "uno");
    assert_eq!(cloud.secret(&arn[..arn.len() - 7]).await.json()["Name"], "one");

    let ask = |ids: serde_json::Value| {
        let body = json!({ "SecretIdList": ids });
        let cloud = &cloud;
        async move { cloud.json("secretsmanager", "secretsmanager.BatchGetSecretValue", &body).await }
    };
    let told = ask(json!(["missing", "one", "denied", "deleted", "sealed", "none"])).await.json();
    assert_eq!(told["SecretValues"].as_array().unwrap().len(), 1);
    let codes: Vec<(&str, &str)> = told["Errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["SecretId"].as_str().unwrap(), error["ErrorCode"].as_str().unwrap()))
        .collect();
    let mut expected: Vec<(&str, &str)> = failures.iter().map(|(name, _, code)| (*name, *code)).collect();
    expected.push(("none", "ResourceNotFoundException"));
    assert_eq!(codes, expected);
    for wrong in [json!([]), json!(vec!["one"; 21])] {
        assert_eq!(ask(wrong).await.refusal(), (400, "InvalidParameterException".into()));
    }
    // Reading by batch needs the permission to read each as well.
    aws.deny("secretsmanager:GetSecretValue");
    let told = ask(json!(["one"])).await.json();
    assert_eq!(told["Errors"][0]["ErrorCode"], "AccessDeniedException");
}
