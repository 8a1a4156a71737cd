//! `orgpulse doctor`

use std::sync::Arc;
use std::time::Duration;

use collector::Context;
use collector::Failure;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::Common;
use crate::cli::print;
use crate::config;
use crate::config::Configured;
use crate::exit::Exit;
use crate::http;
use crate::registry::SOURCES;
use crate::sinks::datadog::Datadog;

/// Time for the few calls of one source.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the subcommand.
pub async fn run(common: &Common) -> anyhow::Result<Exit> {
    let (settings, mut problems) = common.settings(&[]);
    let sources: Vec<_> =
        SOURCES.iter().map(|source| (source.name, (source.configure)(&settings, &mut problems))).collect();
    let datadog = config::datadog::configure(&settings, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let client = http::client()?;
    let mut sound = true;
    let mut configured = 0;
    for (name, collector) in &sources {
        match collector {
            Configured::Missing(missing) => print(&format!("-     {name}: not configured; {}\n", missing.join("; ")))?,
            Configured::Ready(collector) => {
                configured += 1;
                let deadline = Instant::now() + PATIENCE;
                let context = Context::new(Timestamp::now(), client.clone(), deadline, Arc::new([]));
                for finding in collector.check(&context).await {
                    sound &= finding.outcome.is_ok();
                    print(&line(&format!("{name}: {}", finding.what), &finding.outcome))?;
                }
            }
        }
    }
    match datadog {
        Configured::Missing(missing) => {
            sound = false;
            print(&format!("FAIL  datadog: not configured; {}\n", missing.join("; ")))?;
        }
        Configured::Ready(settings) => {
            let address = settings.base_url.clone();
            let outcome = Datadog::new(settings, client).validate_key(Instant::now() + PATIENCE).await;
            sound &= outcome.is_ok();
            print(&line("datadog: API key", &outcome.map(|()| format!("accepted by {address}"))))?;
        }
    }
    if configured == 0 {
        print("FAIL  no source is configured\n")?;
    }
    Ok(if sound && configured > 0 { Exit::Complete } else { Exit::Nothing })
}

fn line(what: &str, outcome: &Result<String, Failure>) -> String {
    match outcome {
        Ok(good) => format!("ok    {what}: {good}\n"),
        Err(failure) => format!("FAIL  {what}: [{}] {failure}\n", failure.reason),
    }
}
