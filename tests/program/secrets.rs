//! No secret appears in any output, address or spool file, whatever goes wrong, at the most talkative log level.

use std::path::Path;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::encoding::Pkcs8V1Der;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::rsa::KeySize;
use simulator::fault::Fault;
use simulator::github::App;

use crate::support::Ran;
use crate::support::World;
use crate::support::assert_same;
use crate::support::expected;
use crate::support::gauges;

fn secrets(world: &World) -> Vec<String> {
    let environment = world.simulator.environment();
    let secrets: Vec<String> = environment
        .into_iter()
        .filter(|(name, _)| ["GITHUB_TOKEN", "DD_API_KEY"].contains(name))
        .map(|(_, value)| value)
        .collect();
    assert_eq!(secrets.len(), 2);
    secrets
}

#[track_caller]
fn assert_none_in(text: &str, secrets: &[String], about: &str) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{about} shows a secret:\n{text}");
    }
}

fn look_into(folder: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look_into(&path, secrets);
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            assert_none_in(&text, secrets, &path.display().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_at_any_log_level_shows_a_secret() {
    let commands: [&[&str]; 7] = [
        &["collect", "github", "--push", "--log", "trace"],
        &["collect", "all", "--output", "json", "--log", "trace"],
        &["doctor", "--log", "trace"],
        &["config", "show", "--log", "trace"],
        &["config", "check", "--log", "trace"],
        &["spool", "list", "--log", "trace"],
        &["spool", "send", "--log", "trace"],
    ];
    let faults: [fn() -> Option<Fault>; 6] = [
        || None,
        || Some(Fault::unauthorized(r#"{"message":"Bad credentials"}"#)),
        || Some(Fault::forbidden(r#"{"errors":["Forbidden"]}"#)),
        || Some(Fault::reset()),
        || Some(Fault::malformed()),
        || Some(Fault::status(400, r#"{"errors":["bad"]}"#)),
    ];
    for fault in faults {
        let world = World::small().await.with("ORGPULSE_COLLECTOR_DEADLINE", "3s").with("ORGPULSE_DEADLINE", "3s");
        let secrets = secrets(&world);
        if let Some(fault) = fault() {
            world.simulator.faults().inject(fault);
        }
        for command in commands {
            let Ran { stdout, stderr, .. } = world.run(command).await;
            // Where nothing is logged, no secret is either.
            assert!(command[0] != "collect" || stderr.contains("TRACE"), "{command:?}: {stderr}");
            assert_none_in(&(stdout + &stderr), &secrets, &command.join(" "));
        }
        look_into(world.home(), &secrets);
        for request in world.simulator.requests() {
            assert_none_in(&request.path, &secrets, "a path");
            assert_none_in(&request.query, &secrets, "a query");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_free_refusal_of_odd_secrets_shows_none_of_them() {
    for odd in ["two words s3cret", "s3cret\u{7f}", "s3cr\u{e9}t", "s3cret\nline"] {
        for name in ["GITHUB_TOKEN", "DD_API_KEY"] {
            let world = World::small().await.with(name, odd);
            let ran = world.run(&["collect", "github", "--push", "--log", "trace"]).await;
            assert_eq!(ran.code, 2, "{name}={odd:?}: {}", ran.stderr);
            assert!(!(ran.stdout + &ran.stderr).contains("s3cr"), "{name}={odd:?}");
            assert!(world.simulator.requests().is_empty());
        }
    }
}

/// A GitHub App has three secrets: its key, the assertions that the key signs, and the tokens that it is given for them.
#[tokio::test(flavor = "multi_thread")]
async fn an_app_reads_all_and_none_of_its_secrets_is_shown() {
    let key: Pkcs8V1Der<'_> = KeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
    let key = base64(key.as_ref());
    let world = World::small().await.without("GITHUB_TOKEN");
    let path = world.home().join("key.pem");
    std::fs::write(&path, format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n")).unwrap();
    world.simulator.github().set_app(App::new("42", 7));
    let world = world
        .with("GITHUB_APP_ID", "42")
        .with("GITHUB_APP_INSTALLATION_ID", "7")
        .with("GITHUB_APP_PRIVATE_KEY_FILE", path.to_str().unwrap());
    // A token of an installation, and the header of an assertion or token.
    let secrets = [key, "ghs_".to_owned(), "eyJ".to_owned()];
    let (ran, document) = world.collect(&["--log", "trace"]).await;
    assert_same(&gauges(&document, "github"), &expected(&world), "as an App");
    assert!(ran.stderr.contains("TRACE"), "{}", ran.stderr);
    assert_none_in(&(ran.stdout + &ran.stderr), &secrets, "collect");
    for command in [["doctor", "--log", "trace"], ["config", "show", "--log=trace"]] {
        let ran = world.run(&command).await;
        assert!(ran.stdout.contains("github"), "{command:?}: {}{}", ran.stdout, ran.stderr);
        assert_none_in(&(ran.stdout + &ran.stderr), &secrets, command[0]);
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = |chunk: &[u8]| {
        let word = (0..3).fold(0u32, |word, i| word << 8 | u32::from(chunk.get(i).copied().unwrap_or(0)));
        (0..4).map(move |i| DIGITS[(word >> (18 - 6 * i)) as usize & 63]).take(chunk.len() + 1).collect::<Vec<u8>>()
    };
    let text: Vec<u8> = bytes.chunks(3).flat_map(digits).collect();
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    String::from_utf8(text).unwrap() + &padding
}
