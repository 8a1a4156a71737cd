//! Log lines, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::Problems;
use crate::config::Settings;

/// Sets up logging as the settings say. Call once.
///
/// # Errors
/// When the filter is not one.
pub fn set_up(settings: &Settings) -> Result<(), Problems> {
    let filter = settings.text("log").unwrap_or_default();
    let filter = EnvFilter::builder().parse(&filter).map_err(|error| {
        let mut problems = Problems::default();
        let why = format!("{filter:?} is not a log filter: {error}");
        problems.add(settings.place("log"), "log", why, "Write it as in warn or info,github=debug");
        problems
    })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if settings.text("log_format").as_deref() == Some("json") {
        subscriber.json().init();
    } else {
        subscriber.with_ansi(std::io::stderr().is_terminal()).with_target(false).init();
    }
    Ok(())
}
