//! `orgpulse config`

use std::fmt::Write as _;

use clap::Subcommand;

use crate::cli::Common;
use crate::cli::print;
use crate::cli::reference;
use crate::cli::secrets::DATADOG;
use crate::config;
use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::secrets;
use crate::config::setting::SETTINGS;
use crate::exit::Exit;
use crate::registry::SOURCES;

/// What to do with the configuration.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum Command {
    /// Report every mistake at once, with file, key and a suggestion
    Check,
    /// Print the resolved configuration and where each value came from; secrets as ***
    Show,
    /// Print a .env with every variable, commented out
    Sample,
    /// Print every setting as a Markdown table
    Reference,
}

/// Runs the subcommand.
pub fn run(common: &Common, command: Command) -> anyhow::Result<Exit> {
    match command {
        Command::Check | Command::Show => resolved(common, command),
        Command::Sample => print(&reference::env_sample()).map(|()| Exit::Complete),
        Command::Reference => print(&reference::markdown()).map(|()| Exit::Complete),
    }
}

fn resolved(common: &Common, command: Command) -> anyhow::Result<Exit> {
    let (settings, mut problems) = common.settings(&[]);
    let summary = check(&settings, &mut problems);
    match command {
        Command::Show => print(&show(&settings))?,
        _ if problems.is_empty() => print(&summary)?,
        _ => {}
    }
    if problems.is_empty() { Ok(Exit::Complete) } else { Err(problems.into()) }
}

fn check(settings: &Settings, problems: &mut Problems) -> String {
    let standing = settings.with_stand_ins();
    let mut ready = Vec::new();
    let mut text = String::from("no mistakes\n");
    let mut line = |name: &str, missing: Option<Vec<String>>| {
        let state =
            missing.map_or_else(|| "configured".to_owned(), |what| format!("not configured: {}", what.join("; ")));
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<12} {state}");
    };
    for source in SOURCES {
        match (source.configure)(&standing, problems) {
            Configured::Ready(_) => {
                ready.push(source.name);
                line(source.name, None);
            }
            Configured::Missing(missing) => line(source.name, Some(missing)),
        }
    }
    match config::datadog::configure(&standing, problems) {
        Configured::Ready(_) => {
            ready.push(DATADOG);
            line(DATADOG, None);
        }
        Configured::Missing(missing) => line(DATADOG, Some(missing)),
    }
    secrets::check(settings, &ready, problems);
    text
}

fn show(settings: &Settings) -> String {
    let width = SETTINGS.iter().map(|setting| setting.key.len()).max().unwrap_or_default();
    let mut text = String::new();
    for setting in SETTINGS {
        let (value, origin) = match (settings.shown(setting.key), settings.origin(setting.key)) {
            (Some(value), Some(origin)) => (value, origin.to_string()),
            _ => ("-".to_owned(), format!("unset: {}", setting.unset)),
        };
        let _ = writeln!(text, "{:<width$}  {value}  ({origin})", setting.key);
    }
    text
}
