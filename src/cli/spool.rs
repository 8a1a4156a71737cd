//! `orgpulse spool`

use std::fmt::Write as _;
use std::time::Duration;

use clap::Subcommand;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::cli::Common;
use crate::cli::print;
use crate::cli::secrets::DATADOG;
use crate::cli::secrets::Secrets;
use crate::config;
use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::problem::capital;
use crate::config::secrets;
use crate::exit::Exit;
use crate::http;
use crate::sinks::datadog::Spool;
use crate::stop;

/// Time for a replay by hand.
const PATIENCE: Duration = Duration::from_secs(120);

/// What to do with the points that could not be delivered.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Show what waits, oldest first
    List,
    /// Send it now, with its original timestamps
    Send,
    /// Delete all of it
    Drop,
}

/// Runs the subcommand.
pub async fn run(common: &Common, command: Command) -> anyhow::Result<Exit> {
    let (settings, mut problems) = common.settings(&[]);
    match command {
        Command::List => {
            let spool = open(&settings, problems)?;
            let mut text = String::new();
            for entry in spool.list()? {
                let instant = Timestamp::from_second(entry.newest).unwrap_or_default();
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "{}  {} points of {instant}, {} s old, {} bytes, {}",
                    entry.name,
                    entry.points,
                    entry.age_s,
                    entry.bytes,
                    entry.state.as_str()
                );
            }
            if text.is_empty() {
                text.push_str("nothing waits\n");
            }
            print(&text)?;
            Ok(Exit::Complete)
        }
        Command::Drop => {
            let dropped = open(&settings, problems)?.drop_all()?;
            print(&format!("dropped {} points in {} files\n", dropped.points, dropped.files))?;
            Ok(Exit::Complete)
        }
        Command::Send => {
            secrets::check(&settings, &[DATADOG], &mut problems);
            let sink = match config::datadog::configure(&settings.with_stand_ins(), &mut problems) {
                Configured::Ready(sink) if problems.is_empty() => sink,
                Configured::Ready(_) => return Err(problems.into()),
                Configured::Missing(missing) => {
                    let cure = capital(&missing.join("; "));
                    problems.add("configuration", "datadog", "sending needs Datadog's API key", cure);
                    return Err(problems.into());
                }
            };
            let http = http::client()?;
            let secrets = Secrets::read(settings, &[DATADOG], &http, PATIENCE, &stop::on_signal()).await;
            let datadog = secrets.sink(sink, http);
            let delivery = datadog.replay(Instant::now() + PATIENCE).await;
            let mut text = format!("{} points accepted by Datadog", delivery.replayed);
            if delivery.too_old > 0 {
                let _ = write!(text, ", {} given up as older than 55 minutes", delivery.too_old);
            }
            if delivery.dropped > 0 {
                let _ = write!(text, ", {} dropped", delivery.dropped);
            }
            text.push('\n');
            for warning in &delivery.warnings {
                let _ = writeln!(text, "warning: {warning}");
            }
            print(&text)?;
            match delivery.failure {
                Some(failure) => Err(failure.into()),
                // Another run holds the spool, as the warning says: what was asked for has not been done.
                None if delivery.replayed == 0 && datadog.queued_points().is_some_and(|points| points > 0) => {
                    Ok(Exit::Nothing)
                }
                None => Ok(Exit::Complete),
            }
        }
    }
}

fn open(settings: &Settings, mut problems: Problems) -> anyhow::Result<Spool> {
    let spool = config::datadog::spool(settings);
    if spool.is_none() {
        problems.add("configuration", "state_dir", "no folder is known for the spool", "Set ORGPULSE_STATE_DIR");
    }
    match spool {
        Some(spool) if problems.is_empty() => Ok(Spool::open(spool)?),
        _ => Err(problems.into()),
    }
}
