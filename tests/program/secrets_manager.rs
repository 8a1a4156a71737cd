//! Secrets from AWS Secrets Manager: read when they are needed, once, and what becomes of a run that cannot read one.

use std::time::Duration;

use serde_json::Value;
use simulator::aws::SecretFailure;
use simulator::organisation::Scale;
use simulator::organisation::aws::AwsScale;
use tokio::net::TcpListener;

use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::expected;
use crate::support::gauges;

/// Secrets of this program, by the names that it looks for.
const TOKEN: &str = "github/dashboard-token";
const API_KEY: &str = "datadog/api-key";

/// An organisation with an account at AWS, where the program has neither token nor API key.
async fn world() -> World {
    let world = World::new(1, Scale::small().with_aws(AwsScale::small())).await;
    // EC2 is read in the first region alone: another one of the account is disabled.
    world.without("GITHUB_TOKEN").without("DD_API_KEY").without("EC2_REGIONS").with("EC2_IDLE", "false")
}

/// The same where all secrets have their default names.
async fn by_default() -> World {
    world().await.with("ORGPULSE_AWS_SECRETS", "true")
}

/// What Secrets Manager was asked for, in turn.
fn asked(world: &World) -> Vec<String> {
    let requests = world.simulator.requests();
    let target = |request: &simulator::record::Recorded| {
        let target = request.headers.get("x-amz-target")?.to_str().ok()?;
        Some(target.strip_prefix("secretsmanager.")?.to_owned())
    };
    requests.iter().filter_map(target).collect()
}

fn datadog_key(world: &World) -> String {
    world.simulator.datadog().keys().api.clone()
}

fn secrets(world: &World) -> Vec<String> {
    let environment = world.simulator.environment();
    let secret = |name: &&str| ["GITHUB_TOKEN", "DD_API_KEY", "DD_APP_KEY", "AWS_SECRET_ACCESS_KEY"].contains(name);
    environment.into_iter().filter(|(name, _)| secret(name)).map(|(_, value)| value).collect()
}

/// Neither output nor log shows a secret, at the most talkative level and with the SDK's own switch for it.
async fn run(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.args(["--log", "trace"]).env("LOG_SENSITIVE_BODIES", "true");
    let ran = crate::support::finish(command).await;
    let secrets = secrets(world);
    assert_eq!(secrets.len(), 4);
    let written = format!("{}{}", ran.stdout, ran.stderr);
    for secret in secrets {
        assert!(!written.contains(&secret), "{arguments:?} shows a secret:\n{written}");
    }
    ran
}

async fn collect(world: &World, arguments: &[&str]) -> (Ran, Value) {
    let now = world.now.to_string();
    let ran = run(world, &[&["collect", "--output", "json", "--now", &now], arguments].concat()).await;
    let document = serde_json::from_str(&ran.stdout).unwrap_or(Value::Null);
    (ran, document)
}

#[track_caller]
fn source<'a>(document: &'a Value, name: &str) -> &'a Value {
    let collectors = document["collectors"].as_array().unwrap_or_else(|| panic!("{document}"));
    collectors.iter().find(|collector| collector["name"] == name).unwrap_or_else(|| panic!("{document:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn one_batch_gives_all_that_a_run_needs() {
    let world = by_default().await;
    let (ran, document) = collect(&world, &["github", "--push"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_same(&gauges(&document, "github"), &expected(&world), "with the token of Secrets Manager");
    assert!(!world.simulator.datadog().stored().is_empty());
    assert_eq!(asked(&world), ["BatchGetSecretValue"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_a_command_needs_is_read() {
    type Case = (&'static [&'static str], &'static [(&'static str, &'static str)], &'static [&'static str]);
    let cases: [Case; 6] = [
        (&["collect", "github"], &[], &["GetSecretValue"]),
        (&["collect", "ec2"], &[], &[]),
        (&["collect", "ec2", "--push"], &[], &["GetSecretValue"]),
        (&["collect", "github"], &[("GITHUB_TOKEN", "ghp_other")], &[]),
        (&["spool", "send"], &[], &["GetSecretValue"]),
        (&["doctor"], &[], &["BatchGetSecretValue"]),
    ];
    for (arguments, variables, expected) in cases {
        let mut world = by_default().await;
        for (name, value) in variables {
            world = world.with(name, value);
        }
        let ran = run(&world, arguments).await;
        assert_eq!(asked(&world), expected, "{arguments:?} {variables:?}: {}{}", ran.stdout, ran.stderr);
    }
    for arguments in [&["list"][..], &["config", "check"], &["config", "show"], &["doctor", "--iam-policy"]] {
        let world = by_default().await;
        let ran = run(&world, arguments).await;
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        assert!(world.simulator.requests().is_empty(), "{arguments:?}");
    }
}

/// The application key may be missing from Secrets Manager; one that is named, or may not be read, is told.
#[tokio::test(flavor = "multi_thread")]
async fn the_application_key_is_asked_for_by_the_scores_alone_and_may_be_missing() {
    const APP_KEY: &str = "datadog/app-key";
    let all = &["github", "health_fom"];
    let health = |document: &Value| source(document, "health_fom")["outcome"].as_str().unwrap_or_default().to_owned();
    let world = by_default().await.without("DD_APP_KEY");
    let (ran, document) = collect(&world, all).await;
    assert_eq!((ran.code, health(&document).as_str()), (0, "complete"), "{}", ran.stderr);
    assert!(ran.stdout.contains("and Datadog has no value of the last 4h"), "{}", ran.stdout);
    world.simulator.aws().fail_secret(APP_KEY, SecretFailure::Missing);
    let (ran, document) = collect(&world, all).await;
    assert_eq!((ran.code, health(&document).as_str()), (0, "complete"), "{}", ran.stderr);
    assert!(ran.stdout.contains("with DD_APP_KEY and DD_API_KEY it would be read from Datadog"), "{}", ran.stdout);
    let named = world.with("DD_APP_KEY_SECRET", "orgpulse/none");
    let (ran, document) = collect(&named, all).await;
    assert_eq!((ran.code, health(&document).as_str()), (3, "partial"), "{}", ran.stderr);
    assert!(!gauges(&document, "health_fom").is_empty());
    let reasons = source(&document, "health_fom")["failures"].to_string();
    assert!(reasons.contains("failed to read orgpulse/none from AWS Secrets Manager"), "{reasons}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_one_json_secret_are_one_request() {
    let world = world()
        .await
        .with("GITHUB_TOKEN_SECRET", "orgpulse/all#github_token")
        .with("DD_API_KEY_SECRET", "orgpulse/all#dd_api_key");
    let (ran, document) = collect(&world, &["github", "--push"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_same(&gauges(&document, "github"), &expected(&world), "with a key of a JSON secret");
    assert_eq!(asked(&world), ["GetSecretValue"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_right_to_batches_each_is_asked_for() {
    let world = by_default().await;
    world.simulator.aws().deny("secretsmanager:BatchGetSecretValue");
    let (ran, document) = collect(&world, &["github", "--push"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_same(&gauges(&document, "github"), &expected(&world), "without batches");
    assert_eq!(asked(&world), ["BatchGetSecretValue", "GetSecretValue", "GetSecretValue"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_whose_secret_cannot_be_read_fails_with_the_reason_and_the_others_go_on() {
    use SecretFailure::Decryption;
    use SecretFailure::Deleted;
    use SecretFailure::Denied;
    use SecretFailure::Missing;
    for (failure, reason, words) in [
        (Missing, "not_found", "ResourceNotFoundException"),
        (Denied, "forbidden", "Allow secretsmanager:GetSecretValue"),
        (Deleted, "not_found", "marked for deletion"),
        (Decryption, "forbidden", "Allow kms:Decrypt"),
    ] {
        let world = by_default().await;
        world.simulator.aws().fail_secret(TOKEN, failure);
        let (ran, document) = collect(&world, &["github", "ec2", "--push"]).await;
        assert_eq!(ran.code, 3, "{failure:?}: {}", ran.stderr);
        let github = source(&document, "github");
        assert_eq!((&github["outcome"], &github["reason"]), (&"failed".into(), &reason.into()), "{github:#}");
        assert!(github["error"].as_str().unwrap().contains(words), "{github:#}");
        assert!(github["missing"].as_array().unwrap().len() > 10, "{github:#}");
        assert_eq!(source(&document, "ec2")["outcome"], "complete", "{document:#}");
        let stored = world.simulator.datadog().stored();
        let up = |name: &str| {
            let tag = format!("collector:{name}");
            let one = stored.iter().find(|s| s.metric == "orgpulse.collector.up" && s.tags.contains(&tag));
            one.and_then(|series| series.points.values().next().copied())
        };
        assert_eq!((up("github"), up("ec2")), (Some(0.0), Some(1.0)), "{failure:?}");
        assert!(stored.iter().all(|series| !series.metric.starts_with("github.")), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_does_not_fit_fails_its_source_alone() {
    for (text, words) in [
        ("two words", "holds a space, line break"),
        (r#"{"token": "x"}"#, "name the key that is meant"),
        (" ", "is empty"),
    ] {
        let world = by_default().await;
        world.simulator.aws().put_secret(TOKEN, text);
        let (ran, document) = collect(&world, &["github", "--push"]).await;
        let github = source(&document, "github");
        assert_eq!((ran.code, &github["reason"]), (1, &"config".into()), "{text}: {github:#}");
        assert!(github["error"].as_str().unwrap().contains(words), "{github:#}");
    }
    let world = by_default().await;
    world.simulator.aws().put_binary_secret(TOKEN, b"\x00\xff");
    let (_, document) = collect(&world, &["github"]).await;
    assert!(source(&document, "github")["error"].as_str().unwrap().contains("is binary"), "{document:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_datadogs_key_the_points_wait_for_the_next_run() {
    let world = by_default().await;
    world.simulator.aws().fail_secret(API_KEY, SecretFailure::Denied);
    let (ran, document) = collect(&world, &["github", "--push"]).await;
    let delivery = &document["run"]["delivery"];
    assert_eq!((ran.code, &delivery["reason"]), (1, &"forbidden".into()), "{delivery:#}");
    assert!(delivery["error"].as_str().unwrap().contains("Allow secretsmanager:GetSecretValue"), "{delivery:#}");
    let count = document["gauges"].as_array().unwrap().len();
    assert_eq!((&delivery["spooled"], &delivery["requests"]), (&count.into(), &0.into()), "{delivery:#}");
    assert!(world.simulator.requests().iter().all(|request| request.service != "datadog"));
    // The next run finds the key.
    let key = datadog_key(&world);
    let world = world.with("DD_API_KEY", &key);
    let ran = run(&world, &["spool", "send"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains(&format!("{count} points accepted")), "{}", ran.stdout);
}

/// A server that takes connections and never answers.
async fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_answers_holds_up_no_run() {
    let (_listener, url) = silent().await;
    // Secrets Manager itself, then the metadata service that is asked for a credential.
    for metadata in [false, true] {
        let mut world = by_default().await.with("ORGPULSE_DEADLINE", "16s").with("NO_PROXY", "*");
        world = match metadata {
            false => world.with("AWS_ENDPOINT_URL", &url),
            true => world
                .without("AWS_ACCESS_KEY_ID")
                .without("AWS_SECRET_ACCESS_KEY")
                .with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url),
        };
        let key = datadog_key(&world);
        let world = world.with("DD_API_KEY", &key);
        let (ran, document) = collect(&world, &["github", "--push"]).await;
        let github = source(&document, "github");
        let reason = github["reason"].as_str().unwrap();
        assert!(reason == if metadata { "unauthorized" } else { "unreachable" }, "{github:#}");
        assert!(ran.took < Duration::from_secs(16), "{:?}", ran.took);
        // No source gave a gauge; the run's own telemetry says so.
        assert_eq!(ran.code, 1, "{}", ran.stderr);
        assert!(world.simulator.datadog().stored().iter().any(|series| series.metric == "orgpulse.collector.up"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_credential_is_told_once_for_all_secrets() {
    let world = by_default().await;
    world.simulator.aws().expire_tokens_after(0);
    let ran = run(&world, &["doctor"]).await;
    assert_eq!(ran.code, 1);
    assert_eq!(asked(&world), ["BatchGetSecretValue"], "{}", ran.stdout);
    let told = ran.stdout.lines().filter(|line| line.starts_with("FAIL  secrets: ")).collect::<Vec<_>>();
    assert!(told.len() == 2 && told.iter().all(|line| line.contains("[unauthorized]")), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_before_anybody_is_asked() {
    for (name, value, words) in [
        ("GITHUB_TOKEN_SECRET", "ghp_abc", "GITHUB_TOKEN_SECRET: looks like a secret itself"),
        ("GITHUB_TOKEN_SECRET", "two words", "GITHUB_TOKEN_SECRET: is no name of a secret"),
        ("AWS_REGION", "", "is in no region. Set AWS_REGION"),
        ("AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY: is set but empty"),
        ("GITHUB_REPOSITORIES", "acme", "is not a repository"),
    ] {
        let world = by_default().await.with(name, value);
        for arguments in [&["collect", "github", "--push"][..], &["doctor"], &["config", "check"]] {
            let ran = run(&world, arguments).await;
            assert_eq!(ran.code, 2, "{name}={value} {arguments:?}: {}", ran.stdout);
            assert!(ran.stderr.contains(words), "{words:?} is not in\n{}", ran.stderr);
        }
        assert!(world.simulator.requests().is_empty(), "{name}={value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn config_says_where_each_secret_comes_from() {
    let world = by_default().await.with("GITHUB_TOKEN_SECRET", "orgpulse/all#github_token");
    let ran = run(&world, &["config", "show"]).await;
    for words in [
        "***  (AWS Secrets Manager, orgpulse/all#github_token, named by GITHUB_TOKEN_SECRET)",
        "***  (AWS Secrets Manager, datadog/api-key, named by secrets.aws)",
    ] {
        assert!(ran.stdout.contains(words), "{words}\nis not in\n{}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tries_each_secret_and_names_the_right_that_is_missing() {
    let world = by_default().await;
    let ran = run(&world, &["doctor"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    for name in ["datadog.api_key, datadog/api-key", "github.token, github/dashboard-token"] {
        assert!(
            ran.stdout.contains(&format!("ok    secrets: {name}: read from AWS Secrets Manager")),
            "{}",
            ran.stdout
        );
    }
    world.simulator.aws().fail_secret(API_KEY, SecretFailure::Denied);
    let ran = run(&world, &["doctor"]).await;
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("FAIL  secrets: datadog.api_key, datadog/api-key: [forbidden]"), "{}", ran.stdout);
    assert!(ran.stdout.contains("ok    secrets: github.token"), "{}", ran.stdout);
    assert!(ran.stdout.contains("Allow secretsmanager:GetSecretValue in the IAM policy"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_holds_what_is_configured_and_no_more() {
    let policy = async |world: &World| {
        let ran = run(world, &["doctor", "--iam-policy"]).await;
        (ran.code, serde_json::from_str::<Value>(&ran.stdout).unwrap_or(Value::Null), ran.stderr)
    };
    let world = by_default().await;
    let (code, document, told) = policy(&world).await;
    assert_eq!((code, &document["Version"]), (0, &"2012-10-17".into()), "{document:#}");
    let sids: Vec<_> =
        document["Statement"].as_array().unwrap().iter().map(|one| one["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids, ["ReadSecretsAtOnce", "ReadSecrets", "ReadEc2"]);
    let resources = document["Statement"][1]["Resource"].as_array().unwrap();
    assert_eq!(resources.len(), 2);
    assert!(resources[0].as_str().unwrap().ends_with(":secret:datadog/api-key-??????"), "{document:#}");
    assert!(told.contains("kms:Decrypt"), "{told}");
    // Without secrets, and then without EC2, too.
    let world = world.with("ORGPULSE_AWS_SECRETS", "false").with("GITHUB_TOKEN", "ghp_x");
    let (code, document, _) = policy(&world).await;
    assert_eq!((code, &document["Statement"][0]["Sid"]), (0, &"ReadEc2".into()), "{document:#}");
    let (code, document, told) = policy(&world.with("EC2_REGIONS", "none")).await;
    assert_eq!((code, document), (1, Value::Null));
    assert!(told.contains("nothing that is configured asks AWS"), "{told}");
}
