//! `orgpulse metrics`

use std::fmt::Write as _;

use collector::MetricDef;
use serde::Serialize;

use crate::cli::Common;
use crate::cli::print;
use crate::config;
use crate::config::Problems;
use crate::config::problem::did_you_mean;
use crate::exit::Exit;
use crate::registry;
use crate::telemetry;

/// Show the catalog: every metric with its unit, tags and meaning.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these sources; `self` is the run's own telemetry
    #[arg(value_name = "SOURCE")]
    sources: Vec<String>,
    /// Form of the output
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Table,
    Json,
    Markdown,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    collector: &'static str,
    unit: &'static str,
    description: &'static str,
    tags: &'static [&'static str],
    absent_when: &'static str,
}

/// Runs the subcommand.
pub fn run(common: &Common, args: &Args) -> anyhow::Result<Exit> {
    let known = || registry::SOURCES.iter().map(|source| source.name).chain([telemetry::NAME]);
    let mut problems = Problems::default();
    for source in args.sources.iter().filter(|source| !known().any(|known| known == source.as_str())) {
        let list = known().collect::<Vec<_>>().join(", ");
        let suggestion = format!("{} Known: {list}", did_you_mean(source, known()));
        problems.add("command line", source, "no such source", suggestion.trim());
    }
    // The configuration may declare scores of its own; what is wrong elsewhere in it is not this command's concern.
    let (settings, _) = common.settings(&[]);
    let declared = config::health_fom::declared(&settings, &mut problems);
    if !problems.is_empty() {
        return Err(problems.into());
    }
    let of_sources =
        registry::catalog().filter(|(source, _)| *source != health_fom::NAME && *source != telemetry::NAME);
    let own = declared.definitions().iter().map(|def| (health_fom::NAME, def));
    let of_run = telemetry::METRICS.iter().map(|def| (telemetry::NAME, def));
    let all = of_sources.chain(own).chain(of_run);
    let wanted = |source: &str| args.sources.is_empty() || args.sources.iter().any(|wanted| wanted == source);
    let metrics: Vec<_> = all.filter(|(source, _)| wanted(source)).collect();
    print(&match args.format {
        Format::Table => table(&metrics),
        Format::Json => json(&metrics)?,
        Format::Markdown => markdown(&metrics),
    })?;
    Ok(Exit::Complete)
}

fn json(metrics: &[(&'static str, &'static MetricDef)]) -> serde_json::Result<String> {
    let entries = metrics.iter().map(|(collector, def)| Entry {
        name: def.name,
        collector,
        unit: def.unit,
        description: def.description,
        tags: def.tags,
        absent_when: def.absent_when,
    });
    Ok(serde_json::to_string_pretty(&entries.collect::<Vec<_>>())? + "\n")
}

fn tags(def: &MetricDef) -> String {
    if def.tags.is_empty() { "-".to_owned() } else { def.tags.join(",") }
}

fn table(metrics: &[(&str, &MetricDef)]) -> String {
    let width = metrics.iter().map(|(_, def)| def.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for (_, def) in metrics {
        let unit = if def.unit.is_empty() { "-" } else { def.unit };
        let tags = tags(def);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:<width$}  {unit:<12}  {tags:<10}  {}", def.name, def.description);
    }
    text
}

/// The table of docs/METRICS.md and of each source's README: a heading a source, a row a metric.
pub fn markdown(metrics: &[(&str, &MetricDef)]) -> String {
    let mut text = String::new();
    let mut last = "";
    for (source, def) in metrics {
        if *source != last {
            last = source;
            let space = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(
                text,
                "{space}## {source}\n\nAlso tagged env, service, version (where set) and source:{source}.\n"
            );
            text.push_str("| metric | unit | tags | meaning | no point when |\n| --- | --- | --- | --- | --- |\n");
        }
        let cell = |text: &str| text.replace('|', "\\|");
        let absent = if def.absent_when.is_empty() { "" } else { def.absent_when };
        let tags = def.tags.join(", ");
        let _ =
            writeln!(text, "| `{}` | {} | {tags} | {} | {} |", def.name, def.unit, cell(def.description), cell(absent));
    }
    text
}
