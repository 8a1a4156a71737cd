//! No secret appears in any output, address or spool file, whatever goes wrong, at the most talkative log level.

use std::path::Path;

use simulator::fault::Fault;

use crate::support::Ran;
use crate::support::World;

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
