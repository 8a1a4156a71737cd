//! All sources, in the order in which a run reads them. A new source adds one line to [`SOURCES`].

use collector::BoxedCollector;
use collector::MetricDef;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::asana;
#[cfg(feature = "aws")]
use crate::config::ec2;
use crate::config::github;
use crate::config::health_fom;
use crate::config::kubernetes;
use crate::config::problem::capital;
use crate::config::problem::did_you_mean;
use crate::config::skypilot;
use crate::config::wandb;
use crate::telemetry;

/// A source that orgpulse knows, configured or not.
pub struct Source {
    /// Its one name.
    pub name: &'static str,
    /// Its catalog.
    pub metrics: &'static [MetricDef],
    /// Makes the collector that the settings describe.
    pub configure: fn(&Settings, &mut Problems) -> Configured<Box<dyn BoxedCollector>>,
}

/// The run order.
pub const SOURCES: &[Source] = &[
    Source { name: "github", metrics: ::github::METRICS, configure: github::configure },
    Source { name: "kubernetes", metrics: ::kubernetes::METRICS, configure: kubernetes::configure },
    #[cfg(feature = "aws")]
    Source { name: "ec2", metrics: ::ec2::METRICS, configure: ec2::configure },
    Source { name: "skypilot", metrics: ::skypilot::METRICS, configure: skypilot::configure },
    Source { name: "wandb", metrics: ::wandb::METRICS, configure: wandb::configure },
    Source { name: "asana", metrics: ::asana::METRICS, configure: asana::configure },
    // Of what the others have read, so it comes last.
    Source { name: ::health_fom::NAME, metrics: ::health_fom::METRICS, configure: health_fom::configure },
];

/// Every metric with the name of its source: those of the sources, then the run's own.
pub fn catalog() -> impl Iterator<Item = (&'static str, &'static MetricDef)> {
    let sources = SOURCES.iter().flat_map(|source| source.metrics.iter().map(|def| (source.name, def)));
    sources.chain(telemetry::METRICS.iter().map(|def| (telemetry::NAME, def)))
}

/// What a run will do, and what it leaves out.
pub struct Selection {
    /// The collectors, in run order.
    pub collectors: Vec<Box<dyn BoxedCollector>>,
    /// Sources that are not configured, with what to set.
    pub skipped: Vec<(&'static str, Vec<String>)>,
}

/// The collectors that `names` ask for: each by its name, or all that are configured by `all`. A name that is not
/// known, or a source asked for by name that is not configured, is a problem.
pub fn select(names: &[String], settings: &Settings, problems: &mut Problems) -> Selection {
    let known = || SOURCES.iter().map(|source| source.name).chain(["all"]);
    for name in names.iter().filter(|name| !known().any(|known| known == name.as_str())) {
        if name.contains(',') {
            problems.add("command line", name, "no such collector", "Separate sources by spaces");
            continue;
        }
        let list = known().collect::<Vec<_>>().join(", ");
        let suggestion = format!("{} Known: {list}", did_you_mean(name, known()));
        problems.add("command line", name, "no such collector", suggestion.trim());
    }
    let all = names.iter().any(|name| name == "all");
    let mut selection = Selection { collectors: Vec::new(), skipped: Vec::new() };
    for source in SOURCES {
        let by_name = names.iter().any(|name| name == source.name);
        if !by_name && !all {
            continue;
        }
        match (source.configure)(settings, problems) {
            Configured::Ready(collector) => selection.collectors.push(collector),
            Configured::Missing(missing) if by_name => {
                for what in missing {
                    problems.add("configuration", source.name, "is not configured", capital(&what));
                }
            }
            Configured::Missing(missing) => selection.skipped.push((source.name, missing)),
        }
    }
    leave_out_alone(&mut selection, all, settings, problems);
    selection
}

/// Scores are made of what others read, in this run or before: alone and without a history they are no source.
fn leave_out_alone(selection: &mut Selection, all: bool, settings: &Settings, problems: &mut Problems) {
    let scores_alone = selection.collectors.iter().all(|collector| collector.name() == ::health_fom::NAME);
    if selection.collectors.is_empty() || !scores_alone || health_fom::can_read(settings) {
        return;
    }
    let what =
        "name a source beside it, or set DD_APP_KEY and DD_API_KEY, so that the last values are read from Datadog";
    if all {
        selection.collectors.clear();
        selection.skipped.push((::health_fom::NAME, vec![what.to_owned()]));
    } else {
        problems.add("configuration", ::health_fom::NAME, "has nothing to make scores of", capital(what));
    }
}
