//! A GitHub App's credential. Its key is made here: no key is kept with the code.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::rsa::KeySize;
use collector::Reason;
use jiff::SignedDuration;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use serde_json::json;

use super::*;
use crate::config::Auth;
use crate::testing::*;

fn pem() -> String {
    let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", base64(der.as_ref()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, i| word << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = DIGITS[(word >> (18 - 6 * i) & 63) as usize] as char;
            text.push(if i <= chunk.len() { digit } else { '=' });
        }
    }
    text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect::<Vec<_>>().join("\n")
}

fn app(url: &str, key: String) -> Config {
    let auth = Auth::App { app_id: 7, private_key: SecretString::from(key), installation_id: 42 };
    Config { auth, ..config(url) }
}

async fn get(client: &Client) -> Result<Value, Failure> {
    let ask = client.get("/thing", "the thing", "Actions: read");
    client.json::<Value>(&ask).await.map(|(value, _)| value).map_err(|trouble| trouble.failure())
}

fn bearer_of(seen: &Seen) -> &str {
    seen.headers["authorization"].to_str().unwrap().strip_prefix("Bearer ").unwrap()
}

fn token(name: &str, life: i64) -> axum::response::Response {
    let end = Timestamp::now() + SignedDuration::from_secs(life);
    answer(201, &[], &json!({"token": name, "expires_at": end.to_string()}))
}

#[tokio::test]
async fn asks_for_one_installation_token_and_counts_the_request() {
    let server = Server::start(|seen, _| match seen.path.as_str() {
        "/api/v3/app/installations/42/access_tokens" => token("ghs_SECRETINSTALLATION", 3600),
        _ => ok(json!({"data": {}})),
    })
    .await;
    let context = context();
    let client = Client::new(&app(&format!("{}/api/v3", server.url), pem()), &context, PACE).unwrap();
    let (a, b) = tokio::join!(get(&client), get(&client));
    a.unwrap();
    b.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].method, "POST");
    assert_eq!(bearer_of(&seen[0]).split('.').count(), 3, "a JWT");
    assert_eq!(seen[1..].iter().map(bearer_of).collect::<Vec<_>>(), ["ghs_SECRETINSTALLATION"; 2]);
    assert_eq!(context.meter().read().requests, 3);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_when_it_is_refused() {
    let server = Server::start(|seen, before| match (seen.path.ends_with("access_tokens"), before) {
        (true, 0) => token("first", 30),
        (true, 2) => token("second", 3600),
        (true, _) => token("third", 3600),
        (false, 3) => answer(401, &[], &json!({"message": "Bad credentials"})),
        (false, _) => ok(json!({})),
    })
    .await;
    let client = Client::new(&app(&server.url, pem()), &context(), PACE).unwrap();
    get(&client).await.unwrap();
    get(&client).await.unwrap();
    let bearers: Vec<String> = server.seen().iter().map(|seen| bearer_of(seen).to_owned()).collect();
    assert_eq!((&*bearers[1], &*bearers[3], &*bearers[5]), ("first", "second", "third"));
    assert_eq!(bearers.len(), 6);
}

#[tokio::test]
async fn a_refused_app_and_a_key_that_is_none_say_so() {
    let server =
        Server::start(|_, _| answer(401, &[], &json!({"message": "A JSON web token could not be decoded"}))).await;
    let client = Client::new(&app(&server.url, pem()), &context_for(Duration::from_secs(60)), PACE).unwrap();
    let failure = get(&client).await.unwrap_err();
    assert_eq!((failure.reason, server.seen().len()), (Reason::Unauthorized, 1));
    assert!(failure.doing.contains("installation 42"), "{failure}");
    let failure = Client::new(&app(&server.url, "SECRET KEY".to_owned()), &context(), PACE).err().unwrap();
    assert_eq!(failure.reason, Reason::Config);
    assert!(!format!("{failure:?}").contains("SECRET"));
}

#[tokio::test]
async fn an_app_that_is_not_installed_is_asked_about_once() {
    let server = Server::start(|_, _| answer(404, &[], &json!({"message": "Not Found"}))).await;
    let client = Client::new(&app(&server.url, pem()), &context(), PACE).unwrap();
    let (a, b) = tokio::join!(get(&client), get(&client));
    for failure in [a.unwrap_err(), b.unwrap_err(), get(&client).await.unwrap_err()] {
        assert_eq!(failure.reason, Reason::NotFound);
        assert!(failure.cure.contains("GITHUB_APP_INSTALLATION_ID"), "{failure}");
    }
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn neither_assertion_nor_installation_token_is_repeated() {
    let echo = |seen: &Seen, status: u16| answer(status, &[], &json!({"message": format!("Bad {}", bearer_of(seen))}));
    let server = Server::start(move |seen, _| echo(seen, 403)).await;
    let failure = get(&Client::new(&app(&server.url, pem()), &context(), PACE).unwrap()).await.unwrap_err();
    let assertion = bearer_of(&server.seen()[0]).to_owned();
    assert!(failure.why.contains("Bad ***") && !failure.why.contains(&assertion[..20]), "{failure:?}");
    let server = Server::start(move |seen, _| match seen.path.ends_with("access_tokens") {
        true => token("ghs_SECRETINSTALLATION", 3600),
        false => echo(seen, 403),
    })
    .await;
    let failure = get(&Client::new(&app(&server.url, pem()), &context(), PACE).unwrap()).await.unwrap_err();
    assert!(failure.why.contains("Bad ***") && !format!("{failure:?}").contains("SECRET"), "{failure:?}");
}
