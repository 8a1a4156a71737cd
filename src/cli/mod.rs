//! The command line: one file a subcommand.

mod check;
mod collect;
mod config;
mod delivery;
mod demo;
mod doctor;
mod explain;
mod generate;
mod judge;
mod list;
mod metrics;
mod reference;
mod secrets;
mod spool;

use std::io::Write;
use std::path::PathBuf;

use clap::Parser;
use clap::Subcommand;

use crate::config::Flag;
use crate::config::Problems;
use crate::config::Settings;
use crate::exit::Exit;

/// Takes the pulse of an engineering organisation and delivers it to Datadog as well-defined gauges.
///
/// Try `orgpulse demo` first: it needs no account. Then set GITHUB_REPOSITORIES and GITHUB_TOKEN and see with
/// `orgpulse collect github` what would be sent.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 all complete, 1 nothing delivered, 2 wrong usage or configuration, 3 partial; of `check`: 3 unknown, 4 missed."
)]
pub struct Cli {
    /// Configuration file [default: orgpulse.yaml where there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Log filter: error, warn, info, debug, trace, or by module as in `info,github=debug`
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Collect from sources and show the gauges, or push them to Datadog
    Collect(collect::Args),
    /// Show the sources: configured or not, and what is missing to configure each
    List,
    /// Show the catalog: every metric with its unit, tags and meaning
    Metrics(metrics::Args),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Show the board of checks: what is met, what is missed, what nobody knows
    Check(check::Args),
    /// Explain a score or check: its inputs, the curve, and what would make it green
    Explain(explain::Args),
    /// Try every credential with the cheapest call, and say what mends it
    Doctor(doctor::Args),
    /// Show, send or drop what could not be delivered to Datadog
    #[command(subcommand)]
    Spool(spool::Command),
    /// Collect from a simulated organisation and push to a simulated Datadog; needs no account and no network
    Demo(demo::Args),
    /// Print a completion script for a shell
    Completions(generate::Completions),
    /// Print the manual page
    Man,
}

/// Options that every subcommand has.
#[derive(Debug)]
pub struct Common {
    config: Option<PathBuf>,
    log: Option<String>,
}

impl Cli {
    /// Does what the command line says.
    ///
    /// # Errors
    /// [`Problems`] for a wrong command line or configuration; anything else for what went wrong beyond it.
    pub fn run(self) -> anyhow::Result<Exit> {
        let common = Common { config: self.config, log: self.log };
        match self.command {
            Command::Collect(args) => runtime()?.block_on(collect::run(&common, &args)),
            Command::Check(args) => runtime()?.block_on(check::run(&common, &args)),
            Command::Explain(args) => runtime()?.block_on(explain::run(&common, &args)),
            Command::List => list::run(&common),
            Command::Metrics(args) => metrics::run(&common, &args),
            Command::Config(command) => config::run(&common, command),
            Command::Doctor(args) => runtime()?.block_on(doctor::run(&common, &args)),
            Command::Spool(command) => runtime()?.block_on(spool::run(&common, command)),
            Command::Demo(args) => runtime()?.block_on(demo::run(&common, &args)),
            Command::Completions(args) => generate::completions(&args),
            Command::Man => generate::man(),
        }
    }
}

impl Common {
    /// Settings with these and further flags applied, and logging set up; the mistakes beside them.
    fn settings(&self, further: &[Flag]) -> (Settings, Problems) {
        let mut flags = further.to_vec();
        flags.extend(self.log.clone().map(|filter| ("log", "--log", filter)));
        let (settings, mut problems, warnings) = crate::config::load(self.config.as_deref(), &flags);
        if let Err(wrong) = crate::log::set_up(&settings) {
            problems.extend(wrong);
        }
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        (settings, problems)
    }
}

/// Prints an error with its causes, once, on one line each.
pub fn complain(error: &anyhow::Error) {
    let mut text = format!("orgpulse: {error}\n");
    for cause in error.chain().skip(1) {
        text.push_str(&format!("  because: {cause}\n"));
    }
    // When standard error is closed there is nobody to tell.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Writes to standard output. A reader that has gone (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("failed to write to standard output"))
        }
        _ => Ok(()),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    // Two threads: one can parse a page while the other keeps the connections going. More would only hold memory.
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
