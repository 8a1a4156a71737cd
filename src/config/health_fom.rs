//! Settings of the health scores and checks.

use std::time::Duration;

use collector::BoxedCollector;
use collector::Failure;
use collector::Tags;
use health_fom::Declared;
use health_fom::Health;
use health_fom::History;
use health_fom::declare;
use health_fom::declare::Catalog;
use health_fom::declare::Sources;
use health_fom::metrics::Named;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::datadog;
use crate::config::problem::did_you_mean;
use crate::config::run::RunConfig;
use crate::registry;
use crate::sinks::datadog::query::Locked;
use crate::sinks::datadog::query::Reader;
use crate::sinks::datadog::query::ReaderSettings;
use crate::sinks::datadog::series::kept_value;

const SCORES: &str = "health_fom.scores";
const CHECKS: &str = "health_fom.checks";
const WITHOUT: &str = "health_fom.without";
const LOOKBACK: &str = "health_fom.lookback";
/// Datadog is asked in whole seconds, and has few values a minute.
const SHORTEST: Duration = Duration::from_secs(60);
const API_KEY: &str = "datadog.api_key";
/// The key with which Datadog is read.
pub const APP_KEY: &str = "datadog.app_key";

/// The collector that the settings describe. It is always configured: built-in scores are made of whatever a run reads.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    Configured::Ready(Box::new(health(settings, problems)))
}

/// The same as itself.
pub fn health(settings: &Settings, problems: &mut Problems) -> Health {
    let history = history(settings, problems).map(|reader| Box::new(reader) as Box<dyn History>);
    of(settings, declared(settings, problems), history)
}

fn of(settings: &Settings, declared: Declared, history: Option<Box<dyn History>>) -> Health {
    // Whether there is a key to read it with changes nothing about how Datadog keeps tags.
    Health::new(declared, history).with_fold(kept_value).with_named(named(settings))
}

/// The repositories, projects and regions that the settings name.
fn named(settings: &Settings) -> Vec<Named> {
    let one = |source, tags| Named { source, tags };
    let repositories = settings.list("github.repositories").into_iter();
    let projects = settings.list("wandb.projects").into_iter();
    // `all` and `none` name no region.
    let regions = settings.list("ec2.regions").into_iter().filter(|name| name.contains('-'));
    let repositories = repositories.map(|name| one("github", Tags::new().with("repo", name)));
    let projects = projects.filter_map(|name| {
        let (entity, project) = name.split_once('/')?;
        Some(one("wandb", Tags::new().with("entity", entity).with("project", project)))
    });
    let regions = regions.map(|name| one("ec2", Tags::new().with("region", name)));
    repositories.chain(projects).chain(regions).collect()
}

/// The same where a key could not be read, so that what it would read fails for this reason.
pub fn locked(settings: &Settings, failure: Failure) -> Health {
    // Its declarations were sound before the keys were asked for.
    let declared = declared(settings, &mut Problems::default());
    of(settings, declared, Some(Box::new(Locked(failure))))
}

/// The same without any reading of Datadog.
pub fn alone(settings: &Settings) -> Health {
    of(settings, declared(settings, &mut Problems::default()), None)
}

/// The scores and checks, built-in ones and those of the configuration. Every mistake in these is a problem.
pub fn declared(settings: &Settings, problems: &mut Problems) -> Declared {
    let catalog = Catalog::new(registry::catalog().filter(|(source, _)| *source != ::health_fom::NAME));
    let without = settings.list(WITHOUT);
    let sources =
        Sources { scores: settings.declarations(SCORES), checks: settings.declarations(CHECKS), without: &without };
    let suggest = |text: &str, known: &[&str]| did_you_mean(text, known.iter().copied());
    let (declared, mistakes) = declare::read(sources, &catalog, suggest);
    for mistake in mistakes {
        let key = [SCORES, CHECKS, WITHOUT].into_iter().find(|key| {
            let name = key.strip_prefix("health_fom.").unwrap_or(key);
            mistake.at.starts_with(name)
        });
        let place = key.map_or_else(|| "orgpulse".to_owned(), |key| settings.place(key));
        problems.add(place, format!("health_fom.{}", mistake.at), mistake.why, mistake.cure);
    }
    declared
}

/// Whether Datadog can be read: it takes both keys. Other programs have their own use for one of them alone.
pub fn can_read(settings: &Settings) -> bool {
    [APP_KEY, API_KEY].iter().all(|key| settings.has(key) || settings.mistaken(key))
}

/// What reads Datadog; none without both keys.
fn history(settings: &Settings, problems: &mut Problems) -> Option<Reader> {
    let app_key = datadog::key(APP_KEY, settings, problems)?;
    let api_key = datadog::key(API_KEY, settings, problems)?;
    let base_url = datadog::base_url(settings, problems);
    let lookback = settings.duration(LOOKBACK).unwrap_or_default();
    if lookback < SHORTEST {
        let cure = "Runs are 15 minutes apart; 4h is the default";
        problems.add(settings.place(LOOKBACK), LOOKBACK, "is less than a minute", cure);
    }
    Some(Reader::new(ReaderSettings {
        base_url,
        api_key,
        app_key,
        common_tags: RunConfig::new(settings).common_tags,
        lookback,
    }))
}

#[cfg(test)]
#[cfg(feature = "aws")]
mod tests {
    use super::*;
    use crate::config;
    use crate::config::Inputs;

    /// What a program without some source leaves out would vanish in silence if a metric were misspelt or renamed.
    #[test]
    fn every_built_in_score_and_check_is_made_of_metrics_of_the_catalog() {
        let mut problems = Problems::default();
        let settings = config::resolve(&Inputs::default(), &[], &mut problems);
        let declared = declared(&settings, &mut problems);
        assert_eq!(problems, Problems::default());
        assert_eq!(declared.definitions(), ::health_fom::METRICS);
        assert_eq!(declared.checks.len(), 14);
    }
}
