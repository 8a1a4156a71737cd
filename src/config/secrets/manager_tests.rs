//! The manager against a small server: pages, batches, regions, and what a batch leaves out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use collector::Failure;
use collector::Reason;
use jiff::Timestamp;
use loopback::Answer;
use loopback::Seen;
use loopback::Server;
use loopback::answer;
use loopback::ok;
use secrecy::ExposeSecret;
use serde_json::Value;
use serde_json::json;

use crate::config;
use crate::config::Inputs;
use crate::config::Problems;
use crate::config::secrets::Reference;
use crate::config::secrets::manager::texts;

fn operation(seen: &Seen) -> &str {
    seen.header("x-amz-target").rsplit('.').next().unwrap_or_default()
}

/// The value of a secret of this name is `value of NAME`.
fn entry(name: &str) -> Value {
    let arn = format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{name}-AbCdEf");
    json!({ "Name": name, "ARN": arn, "SecretString": format!("value of {name}"), "CreatedDate": 1.5 })
}

fn page(names: &[&str], token: Option<&str>) -> Value {
    json!({ "SecretValues": names.iter().map(|name| entry(name)).collect::<Vec<_>>(), "NextToken": token, "Errors": [] })
}

fn refused(code: &str) -> axum::response::Response {
    answer(400, &[("content-type", "application/x-amz-json-1.1")], &json!({ "__type": code, "Message": "no" }))
}

/// What single calls are answered, whatever becomes of batches.
fn single(seen: &Seen) -> axum::response::Response {
    ok(entry(seen.body["SecretId"].as_str().unwrap()))
}

const SESSION: &str = "t0kenT0KENt0kenT0KEN";

/// The texts of these secrets, or the reasons of failures; and the operations that it took, each with its region.
async fn read<A: Into<Answer>>(
    names: &[&str],
    answer: impl Fn(&Seen, usize) -> A + Send + Sync + 'static,
) -> (BTreeMap<String, String>, Vec<String>) {
    let (found, asked) = read_within(Duration::from_secs(20), names, answer).await;
    let told = |text: Result<String, Failure>| text.unwrap_or_else(|failure| failure.reason.to_string());
    (found.into_iter().map(|(id, text)| (id, told(text))).collect(), asked)
}

/// The same with whole failures, in so much time.
async fn read_within<A: Into<Answer>>(
    time: Duration,
    names: &[&str],
    answer: impl Fn(&Seen, usize) -> A + Send + Sync + 'static,
) -> (BTreeMap<String, Result<String, Failure>>, Vec<String>) {
    let server = Server::start(answer).await;
    let environment = [
        ("AWS_ENDPOINT_URL", server.url.as_str()),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "s3cret"),
        ("AWS_SESSION_TOKEN", SESSION),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let inputs = Inputs { environment, dot_env: BTreeMap::new(), file: None };
    let mut problems = Problems::default();
    let settings = config::resolve(&inputs, &[], &mut problems);
    assert!(problems.is_empty(), "{problems}");
    let references: BTreeSet<Reference> = names.iter().map(|name| name.parse().unwrap()).collect();
    let context = loopback::context(Timestamp::now(), time);
    let found = texts(&settings, &references, &context).await;
    let told = found.into_iter().map(|(id, text)| (id, text.map(|text| text.expose_secret().to_owned())));
    let told = told.collect();
    let region = |seen: &Seen| seen.header("authorization").split('/').nth(2).unwrap_or_default().to_owned();
    (told, server.seen().iter().map(|seen| format!("{} {}", operation(seen), region(seen))).collect())
}

fn values(names: &[&str]) -> BTreeMap<String, String> {
    names.iter().map(|name| ((*name).to_owned(), format!("value of {name}"))).collect()
}

const BATCH: &str = "BatchGetSecretValue eu-west-1";
const SINGLE: &str = "GetSecretValue eu-west-1";

#[tokio::test]
async fn a_batch_is_read_to_its_last_page() {
    let names = ["a", "b", "c"];
    let (found, asked) = read(&names, |seen, before| match (before, seen.body["NextToken"].as_str()) {
        (0, None) => ok(page(&["a"], Some("1"))),
        (1, Some("1")) => ok(page(&[], Some("2"))),
        // Empty means none.
        (2, Some("2")) => ok(page(&["b", "c"], Some(""))),
        _ => refused("InvalidNextTokenException"),
    })
    .await;
    assert_eq!((found, asked), (values(&names), vec![BATCH.to_owned(); 3]));
}

#[tokio::test]
async fn what_a_batch_leaves_out_is_asked_for_alone() {
    let names = ["a", "b", "c"];
    for first in [page(&["a", "b"], None), json!({ "SecretValues": [entry("a"), entry("b")] })] {
        let (found, asked) = read(&names, move |seen, _| match operation(seen) {
            "BatchGetSecretValue" => ok(first.clone()),
            _ => single(seen),
        })
        .await;
        assert_eq!((found, asked), (values(&names), vec![BATCH.to_owned(), SINGLE.to_owned()]));
    }
}

#[tokio::test]
async fn pages_that_never_end_are_left_and_pages_that_fail_keep_what_came_before() {
    let names = ["a", "b", "c"];
    let (found, asked) = read(&names, |seen, _| match operation(seen) {
        "BatchGetSecretValue" => ok(page(&[], Some("again"))),
        _ => single(seen),
    })
    .await;
    assert_eq!(found, values(&names));
    assert_eq!(asked.iter().filter(|asked| *asked == BATCH).count(), 3, "{asked:?}");
    let (found, asked) = read(&names, |seen, before| match (operation(seen), before) {
        ("BatchGetSecretValue", 0) => ok(page(&["a"], Some("1"))),
        ("BatchGetSecretValue", _) => refused("InvalidNextTokenException"),
        _ => single(seen),
    })
    .await;
    assert_eq!((found, asked), (values(&names), [BATCH, BATCH, SINGLE, SINGLE].map(str::to_owned).to_vec()));
}

#[tokio::test]
async fn more_than_twenty_secrets_are_two_batches() {
    let names: Vec<String> = (0..23).map(|number| format!("secret/{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (found, asked) = read(&names, |seen, _| {
        let ids: Vec<&str> = seen.body["SecretIdList"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        if ids.len() > 20 { refused("InvalidParameterException") } else { ok(page(&ids, None)) }
    })
    .await;
    assert_eq!((found, asked), (values(&names), vec![BATCH.to_owned(); 2]));
}

#[tokio::test]
async fn an_arn_is_asked_for_in_its_own_region() {
    let arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:far-AbCdEf";
    let (found, mut asked) = read(&["near", arn], |seen, _| single(seen)).await;
    asked.sort();
    assert_eq!(asked, [SINGLE, "GetSecretValue us-east-1"]);
    assert_eq!(found[arn], format!("value of {arn}"));
}

#[tokio::test]
async fn an_error_of_one_secret_and_one_of_the_whole_batch_are_told_apart() {
    let names = ["a", "b"];
    let denied = json!({ "SecretId": "b", "ErrorCode": "AccessDeniedException", "Message": "not authorized" });
    let whole = json!({ "SecretValues": [entry("a")], "Errors": [denied] });
    let (found, asked) = read(&names, move |_, _| ok(whole.clone())).await;
    assert_eq!((found["a"].as_str(), found["b"].as_str()), ("value of a", "forbidden"));
    assert_eq!(asked, [BATCH]);
    // Single calls would end alike.
    for (code, reason) in [("ExpiredTokenException", "unauthorized"), ("UnrecognizedClientException", "unauthorized")] {
        let (found, asked) = read(&names, move |_, _| refused(code)).await;
        assert!(found.values().all(|told| told == reason) && found.len() == 2, "{code}: {found:?}");
        assert_eq!(asked, [BATCH], "{code}");
    }
    // Each of these may be of the batch alone.
    for code in ["AccessDeniedException", "InvalidParameterException", "UnknownOperationException"] {
        let (found, asked) = read(&names, move |seen, _| match operation(seen) {
            "BatchGetSecretValue" => refused(code),
            _ => single(seen),
        })
        .await;
        assert_eq!((found, asked), (values(&names), [BATCH, SINGLE, SINGLE].map(str::to_owned).to_vec()), "{code}");
    }
}

#[tokio::test]
async fn a_failing_or_throttling_service_is_asked_again() {
    for (status, code) in [(500, "InternalServiceError"), (400, "ThrottlingException")] {
        let (found, asked) = read(&["a"], move |seen, before| match before {
            0 => answer(status, &[], &json!({ "__type": code, "Message": "later" })),
            _ => single(seen),
        })
        .await;
        assert_eq!((found, asked), (values(&["a"]), vec![SINGLE.to_owned(); 2]), "{code}");
    }
}

#[tokio::test]
async fn what_never_answers_takes_no_other_secret_with_it() {
    let far = "arn:aws:secretsmanager:us-east-1:123456789012:secret:far-AbCdEf";
    let (found, _) = read_within(Duration::from_secs(2), &["a", "b", "c", far], |seen, _| {
        match (operation(seen), seen.body["SecretId"].as_str()) {
            ("BatchGetSecretValue", _) => ok(page(&["a"], None)).into(),
            (_, Some("b")) => single(seen).into(),
            _ => Answer::Never,
        }
    })
    .await;
    let values = ["a", "b"].map(|name| found[name].clone().unwrap());
    assert_eq!(values, ["value of a", "value of b"]);
    for silent in ["c", far] {
        let failure = found[silent].clone().unwrap_err();
        assert_eq!(failure.reason, Reason::Unreachable, "{failure}");
        assert!(failure.to_string().contains(&format!("failed to read {silent} from")), "{failure}");
        assert!(failure.cure.contains("a proxy, a firewall"), "{failure}");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_the_service_is_a_bad_reply_and_is_not_quoted() {
    for body in [
        "<html>Sign in, S3CRET</html>",
        "{\"Name\": \"a\", \"SecretString\": \"S3CRET",
        "{\"Name\": \"a\", \"SecretString\": {\"S3CRET\": 1}}",
        "\"S3CRET\"",
        "",
    ] {
        let reply = move |_: &Seen, _| loopback::text(200, &[("content-type", "text/html")], body);
        let (found, _) = read_within(Duration::from_secs(20), &["a"], reply).await;
        let failure = found["a"].clone().unwrap_err();
        assert!(!failure.to_string().contains("S3CRET"), "{failure}");
        // An empty answer is one without a text.
        let expected = if body.is_empty() { Reason::Config } else { Reason::BadReply };
        assert_eq!(failure.reason, expected, "{body}: {failure}");
    }
}

#[tokio::test]
async fn a_service_that_repeats_the_credential_is_not_quoted() {
    for names in [&["a"][..], &["a", "b"]] {
        let (found, _) = read_within(Duration::from_secs(20), names, |seen, _| {
            let words = format!("you sent {}", seen.header("x-amz-security-token"));
            let denied = json!({ "SecretId": "b", "ErrorCode": "AccessDeniedException", "Message": words });
            match seen.body["SecretIdList"].is_array() {
                true => ok(json!({ "SecretValues": [], "Errors": [denied] })),
                false => answer(400, &[], &json!({ "__type": "AccessDeniedException", "Message": words })),
            }
        })
        .await;
        for failure in found.into_values().map(Result::unwrap_err) {
            let told = format!("{failure} {failure:?}");
            assert!(told.contains("you sent ***") && !told.contains(SESSION), "{told}");
        }
    }
}
