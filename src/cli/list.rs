//! `orgpulse list`

use crate::cli::Common;
use crate::cli::print;
use crate::config::Configured;
use crate::exit::Exit;
use crate::registry::SOURCES;

/// Runs the subcommand.
pub fn run(common: &Common) -> anyhow::Result<Exit> {
    let (settings, mut problems) = common.settings(&[]);
    let settings = settings.with_stand_ins();
    let mut text = String::new();
    for source in SOURCES {
        let state = match (source.configure)(&settings, &mut problems) {
            Configured::Ready(collector) => format!("configured, at most {} series", collector.max_series()),
            Configured::Missing(missing) => format!("not configured: {}", missing.join("; ")),
        };
        text.push_str(&format!("{:<12} {:>3} metrics  {state}\n", source.name, source.metrics.len()));
    }
    if !problems.is_empty() {
        return Err(problems.into());
    }
    print(&text)?;
    Ok(Exit::Complete)
}
