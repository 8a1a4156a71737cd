//! orgpulse: takes the pulse of an engineering organisation and delivers it to Datadog as well-defined gauges.

mod cli;
mod config;
mod exit;
mod http;
mod log;
mod point;
mod progress;
mod registry;
mod run;
mod sinks;
mod stop;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let exit = cli::Cli::parse().run().unwrap_or_else(|error| {
        cli::complain(&error);
        if error.is::<config::Problems>() { exit::Exit::Usage } else { exit::Exit::Nothing }
    });
    ExitCode::from(exit.code())
}
