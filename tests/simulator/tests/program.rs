//! The `simulator` program: prints how to reach it, answers, ends on a signal.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncBufReadExt;
use tokio::io::BufReader;
use tokio::process::Command;

#[tokio::test]
async fn serves_what_it_prints_and_ends_on_sigterm() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_simulator"))
        .args(["--latency", "1ms", "--now", "2026-11-20T12:00:00Z"])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
    let (mut url, mut key) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await.unwrap() {
        match line.strip_prefix("export ").and_then(|line| line.split_once('=')) {
            Some(("DD_URL", value)) => url = value.to_owned(),
            Some(("DD_API_KEY", value)) => key = value.to_owned(),
            Some(_) => {}
            None => break,
        }
    }
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
    let request = client.get(format!("{url}/api/v1/validate")).header("dd-api-key", key);
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), r#"{"valid":true}"#);

    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    let ended = tokio::time::timeout(Duration::from_secs(20), program.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
}
