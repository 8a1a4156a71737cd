//! `orgpulse demo`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use anyhow::bail;
use futures_util::FutureExt;
use jiff::Timestamp;
use simulator::Options;
use simulator::Simulator;
use simulator::organisation::Scale;
#[cfg(feature = "aws")]
use simulator::organisation::aws::AwsScale;

use crate::cli::Common;
use crate::cli::collect;
use crate::cli::collect::Task;
use crate::cli::delivery::Delivered;
use crate::cli::print;
use crate::config;
use crate::config::Configured;
use crate::config::Inputs;
use crate::config::Problems;
use crate::config::run::RunConfig;
use crate::exit::Exit;
use crate::http;
use crate::registry;
use crate::sinks::datadog::Datadog;
use crate::sinks::stdout::Output;
use crate::stop;

/// The environment that its points are tagged with.
const ENV: &str = "demo";

/// Collect from a simulated organisation over real HTTP on loopback, push to a simulated Datadog, and read back what it
/// stored. Needs no account, no variable and no network.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which organisation to make up
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep the simulator running afterwards, and print the variables that point the program at it
    #[arg(long)]
    keep: bool,
}

/// Runs the subcommand.
pub async fn run(common: &Common, args: &Args) -> anyhow::Result<Exit> {
    let now = Timestamp::from_second(Timestamp::now().as_second())?;
    let scale = scale();
    let simulator = Simulator::start(Options { seed: args.seed, scale, now: Some(now), ..Options::default() })
        .context("failed to start the simulator on a loopback port")?;
    let state = tempfile::tempdir().context("failed to make a temporary folder for the demo's spool")?;
    let mut problems = Problems::default();
    let flags: Vec<_> = common.log.clone().map(|filter| ("log", "--log", filter)).into_iter().collect();
    let settings = config::resolve(&inputs(&simulator, state.path()), &flags, &mut problems);
    if let Err(wrong) = crate::log::set_up(&settings) {
        problems.extend(wrong);
    }
    let mut selection = registry::select(&["all".to_owned()], &settings, &mut problems);
    for (_, missing) in &mut selection.skipped {
        // What a user of the source would have to set is of no use here.
        *missing = vec!["the demo does not simulate it".to_owned()];
    }
    let sink = config::datadog::configure(&settings, &mut problems);
    let Configured::Ready(sink) = sink else { bail!("the simulator gave no key for its Datadog") };
    if !problems.is_empty() {
        return Err(problems.into());
    }
    // A proxy of the surroundings does not lead to loopback.
    let http = http::loopback_client()?;
    let run = RunConfig::new(&settings);
    let sink = Some(Datadog::new(sink, http.clone()));
    let task = Task { run, selection, now, spent: Duration::ZERO, http, sink, output: Output::Table };
    let stop = stop::on_signal();
    let (delivered, exit) = collect::perform(task, &stop).await?;
    read_back(&simulator, &delivered)?;
    if args.keep && stop.now_or_never().is_none() {
        print(&variables(&simulator, state.path(), now))?;
        stop::requested("the simulator ends").await;
    }
    Ok(exit)
}

/// A small organisation with an account of AWS, where this program can read one.
fn scale() -> Scale {
    #[cfg(feature = "aws")]
    return Scale::small().with_aws(AwsScale::small());
    #[cfg(not(feature = "aws"))]
    Scale::small()
}

fn inputs(simulator: &Simulator, state: &Path) -> Inputs {
    let mut environment: BTreeMap<String, String> =
        simulator.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    environment.insert("ORGPULSE_STATE_DIR".to_owned(), state.display().to_string());
    environment.insert("DD_ENV".to_owned(), ENV.to_owned());
    Inputs { environment, ..Inputs::default() }
}

/// Compares what the intake stored with what was sent, and says so.
fn read_back(simulator: &Simulator, delivered: &Delivered) -> anyhow::Result<()> {
    let stored = simulator.datadog().stored();
    let held = |point: &crate::point::Point| {
        let mut tags: Vec<String> = point.tags.iter().map(|tag| tag.to_lowercase()).collect();
        tags.sort();
        stored.iter().any(|series| {
            let mut stored_tags = series.tags.clone();
            stored_tags.sort();
            series.metric == point.metric
                && stored_tags == tags
                && series.points.get(&point.timestamp) == Some(&point.value)
        })
    };
    let same = delivered.points.iter().filter(|point| held(point)).count();
    let all = delivered.points.len();
    let requests = simulator.requests().len();
    print(&format!("read back: the simulated Datadog holds {same} of {all} points ({requests} requests in all)\n"))?;
    if same < all {
        bail!("the simulated Datadog does not hold what was sent");
    }
    Ok(())
}

fn variables(simulator: &Simulator, state: &Path, now: Timestamp) -> String {
    let mut text = String::from("\nThe simulator goes on until Ctrl-C. To point orgpulse at it:\n\n");
    let variables = simulator.environment().into_iter();
    // Simulated prices and points must not come among true ones.
    let own = [("DD_ENV", ENV.to_owned()), ("ORGPULSE_STATE_DIR", state.display().to_string())];
    for (name, value) in variables.chain(own) {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "export {name}={value}");
    }
    let _ = writeln!(
        text,
        "\nIts organisation stands still while time goes on. At its own instant the gauges are those above:\n\n\
         orgpulse collect all --now {now}\n\n\
         --push takes that instant for 55 minutes. Without --now, windows lose what has become too old for them, and gain\n\
         what the simulator dates after that instant."
    );
    text
}
