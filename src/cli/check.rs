//! `orgpulse check`

use std::fmt::Write as _;
use std::io::IsTerminal;

use comfy_table::CellAlignment;
use comfy_table::ContentArrangement;
use comfy_table::Table;
use comfy_table::presets;
use health_fom::metrics::Check;
use health_fom::metrics::Combine;
use health_fom::metrics::Origin;
use health_fom::metrics::State;
use health_fom::metrics::Value;
use health_fom::metrics::Verdict;
use health_fom::metrics::short;
use serde::Serialize;

use crate::cli::Common;
use crate::cli::judge;
use crate::cli::judge::Judged;
use crate::cli::print;
use crate::exit::Exit;
use crate::sinks::stdout::instant;

/// Show the board of checks: what is met, what is missed, what nobody knows. Collects what the checks are made of, and
/// sends nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all met (or within the warning), 3 some unknown, 4 some missed.")]
pub struct Args {
    /// Form of the output
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Whether the table is coloured
    #[arg(long, value_enum, default_value = "auto")]
    color: Color,
    #[command(flatten)]
    from: judge::Inputs,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// Markdown, for the summary of a CI job: >> "$GITHUB_STEP_SUMMARY"
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Color {
    /// On a terminal
    Auto,
    Always,
    Never,
}

#[derive(Serialize)]
struct Document<'a> {
    now: String,
    exit_code: u8,
    checks: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    state: &'static str,
    ok: Option<f64>,
    value: Option<f64>,
    comparison: &'static str,
    target: f64,
    warn: Option<f64>,
    metric: &'a str,
    /// How many series the value is made of, and the tags of the one that decided.
    series: usize,
    tags: Option<Vec<String>>,
    /// Null when there is no value.
    from: Option<&'static str>,
    /// Why there is no value.
    why: Option<&'a str>,
    owner: Option<&'a str>,
    link: Option<&'a str>,
}

/// Runs the subcommand.
pub async fn run(common: &Common, args: &Args) -> anyhow::Result<Exit> {
    let judged = judge::judge(common, &args.from, |mut declared, _| {
        // A score is computed only where a check looks at it.
        declared.keep_scores_of_checks();
        declared
    })
    .await?;
    let exit = exit(&judged.evaluation.checks);
    print(&match args.format {
        Format::Table => table(&judged, colored(args.color)),
        Format::Json => json(&judged, exit)?,
        Format::Github => markdown(&judged),
    })?;
    Ok(exit)
}

fn exit(verdicts: &[Verdict]) -> Exit {
    let any = |state| verdicts.iter().any(|verdict| verdict.state == state);
    match (any(State::Missed), any(State::Unknown)) {
        (true, _) => Exit::Missed,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Complete,
    }
}

fn colored(color: Color) -> bool {
    color == Color::Always || (color == Color::Auto && std::io::stdout().is_terminal())
}

fn lines(judged: &Judged) -> impl Iterator<Item = (&Check, &Verdict)> {
    judged.health.declared().checks.iter().zip(&judged.evaluation.checks)
}

/// The value, as it is shown.
fn shown(verdict: &Verdict) -> String {
    verdict.value.as_ref().map_or_else(|_| "-".to_owned(), |value| short(value.value))
}

fn target(check: &Check) -> String {
    let warn = check.warn.map_or_else(String::new, |warn| format!(" (warn {})", short(warn)));
    format!("{} {}{warn}", check.comparison, short(check.target))
}

/// What the value is one of.
pub fn about(check: &Check, value: &Value) -> String {
    let tags = value.tags.as_ref().map(ToString::to_string).filter(|tags| !tags.is_empty());
    let how = match check.combine {
        Some(Combine::Sum) => "sum",
        Some(Combine::Mean) => "mean",
        Some(Combine::Max) => "greatest",
        Some(Combine::Min) => "least",
        None => "worst",
    };
    match (value.series, tags) {
        (1, tags) => tags.unwrap_or_default(),
        (count, Some(tags)) => format!("{how} of {count}: {tags}"),
        (count, None) => format!("{how} of {count}"),
    }
}

fn words(check: &Check, verdict: &Verdict) -> String {
    match &verdict.value {
        Ok(value) => about(check, value),
        Err(gap) => format!("{}: {}", check.metric.def.name, gap.why),
    }
}

fn summary(judged: &Judged) -> String {
    let count = |state| judged.evaluation.checks.iter().filter(|verdict| verdict.state == state).count();
    let states = [State::Met, State::Warn, State::Missed, State::Unknown];
    let counts = states.map(|state| format!("{} {}", count(state), state.word())).join(", ");
    format!("{} checks at {}: {counts}", judged.evaluation.checks.len(), instant(judged.now))
}

fn table(judged: &Judged, colored: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (check, verdict) in lines(judged) {
        let name = check.name.clone();
        let mut about = words(check, verdict);
        for further in [&check.owner, &check.link].into_iter().flatten() {
            about.push_str(&format!("  {further}"));
        }
        let state = verdict.state.word().to_owned();
        table.add_row(vec![state, name, shown(verdict), target(check), one_line(about.trim_start())]);
    }
    if let Some(column) = table.column_mut(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = String::new();
    for ((_, verdict), line) in lines(judged).zip(table.to_string().lines()) {
        let line = line.trim();
        // The word alone: a whole line of red is read by nobody.
        let rest = line.strip_prefix(verdict.state.word()).unwrap_or(line);
        let (on, off) = if colored { (color_of(verdict.state), "\u{1b}[0m") } else { ("", "") };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{on}{}{off}{rest}", verdict.state.word());
    }
    let _ = writeln!(text, "\n{}", summary(judged));
    text
}

fn color_of(state: State) -> &'static str {
    match state {
        State::Met => "\u{1b}[32m",
        State::Warn => "\u{1b}[33m",
        State::Missed => "\u{1b}[31m",
        State::Unknown => "\u{1b}[36m",
    }
}

fn markdown(judged: &Judged) -> String {
    let mut text = String::from("| | check | value | target | | owner |\n| --- | --- | ---: | --- | --- | --- |\n");
    for (check, verdict) in lines(judged) {
        let sign = match verdict.state {
            State::Met => ":white_check_mark:",
            State::Warn => ":warning:",
            State::Missed => ":x:",
            State::Unknown => ":grey_question:",
        };
        let name = match &check.link {
            Some(link) => format!("[{}]({})", check.name, address(link)),
            None => check.name.clone(),
        };
        let owner = check.owner.as_deref().unwrap_or_default();
        let _ = writeln!(
            text,
            "| {sign} {} | {name} | {} | `{}` | {} | {} |",
            verdict.state.word(),
            shown(verdict),
            target(check),
            cell(&words(check, verdict)),
            cell(owner),
        );
    }
    let _ = writeln!(text, "\n{}", summary(judged));
    text
}

/// Tags that Datadog tells may hold anything, and no line may look like another.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// An address that nothing in it ends.
fn address(link: &str) -> String {
    [(" ", "%20"), ("(", "%28"), (")", "%29"), ("|", "%7C")]
        .iter()
        .fold(link.to_owned(), |link, (c, code)| link.replace(c, code))
}

/// Nothing in a cell ends it, or is markup.
fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for c in one_line(text).chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn json(judged: &Judged, exit: Exit) -> serde_json::Result<String> {
    let line = |(check, verdict): (&'_ Check, &'_ Verdict)| {
        let value = verdict.value.as_ref().ok();
        let tags = value.and_then(|value| value.tags.as_ref());
        (
            value.map(|value| value.value),
            value.map_or(0, |value| value.series),
            tags.map(|tags| tags.iter().map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>()),
            value.map(|value| if value.origin == Origin::Run { "run" } else { "datadog" }),
            check.comparison.sign(),
        )
    };
    let checks = lines(judged).map(|(check, verdict)| {
        let (value, series, tags, from, comparison) = line((check, verdict));
        Line {
            name: &check.name,
            state: verdict.state.word(),
            ok: verdict.state.ok(),
            value,
            comparison,
            target: check.target,
            warn: check.warn,
            metric: check.metric.def.name,
            series,
            tags,
            from,
            why: verdict.value.as_ref().err().map(|gap| gap.why.as_str()),
            owner: check.owner.as_deref(),
            link: check.link.as_deref(),
        }
    });
    let document = Document { now: instant(judged.now), exit_code: exit.code(), checks: checks.collect() };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
