//! The stage before a run in which the secrets that it awaits are read, and what becomes of those that cannot be.

use std::sync::Arc;
use std::time::Duration;

use collector::Batch;
use collector::BoxedCollector;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;
use collector::Reason;
use health_fom::Health;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::config;
use crate::config::Configured;
use crate::config::Origin;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::health_fom::APP_KEY;
use crate::config::secrets;
use crate::config::secrets::Reference;
use crate::config::secrets::of_section;
use crate::registry::SOURCES;
use crate::registry::Selection;
use crate::registry::Source;
use crate::sinks::datadog;
use crate::sinks::datadog::Datadog;
use crate::stop::Stop;

/// The section of Datadog's own settings.
pub const DATADOG: &str = "datadog";
/// Longest time for the secrets of a run: the credential chain with its metadata services, and one or two requests.
const PATIENCE: Duration = Duration::from_secs(30);

/// Settings whose awaited secrets have been asked for, and what came of each.
#[derive(Debug)]
pub struct Secrets {
    settings: Settings,
    /// What was asked for, for which setting, and why it could not be read.
    pub outcomes: Vec<(&'static str, Reference, Result<(), Failure>)>,
}

impl Secrets {
    /// Reads what these sections await, and nothing else; asks nobody where they await nothing. Takes at most half of
    /// `time`, so that what needs no such secret can be read in the rest.
    pub async fn read(
        mut settings: Settings,
        sections: &[&str],
        http: &reqwest::Client,
        time: Duration,
        stop: &Stop,
    ) -> Secrets {
        let wanted = secrets::awaited(&settings, sections);
        if wanted.is_empty() {
            return Secrets { settings, outcomes: Vec::new() };
        }
        let context =
            Context::new(Timestamp::now(), http.clone(), Instant::now() + PATIENCE.min(time / 2), Arc::new([]));
        let references = wanted.values().cloned().collect();
        let mut values = tokio::select! {
            biased;
            () = stop.clone() => Default::default(),
            values = secrets::read(&settings, &references, &context) => values,
        };
        let mut outcomes = Vec::new();
        for (key, reference) in wanted {
            // One secret may serve several settings.
            let outcome = match values.get_mut(&reference) {
                Some(Ok(secret)) => {
                    settings.set_secret(key, secret.clone());
                    Ok(())
                }
                Some(Err(failure)) => Err(failure.clone()),
                None => Err(interruption(&reference)),
            };
            outcomes.push((key, reference, outcome));
        }
        Secrets { settings, outcomes }
    }

    /// The collectors as these secrets make them. One whose secret could not be read says why when it is asked.
    pub fn unlock(&self, selection: &mut Selection) {
        for collector in &mut selection.collectors {
            let source = SOURCES.iter().find(|source| source.name == collector.name());
            if let Some(source) = source.filter(|source| self.concern(source.name)) {
                *collector = self.collector(source);
            }
        }
    }

    /// One collector, made of these secrets.
    pub fn collector(&self, source: &'static Source) -> Box<dyn BoxedCollector> {
        if source.name == health_fom::NAME {
            return Box::new(self.health());
        }
        match self.configured(source.name, source.configure) {
            Ok(collector) => collector,
            Err(failure) => Box::new(Locked { source, failure }),
        }
    }

    /// The health scores. What this run collects needs no key, so that one which could not be read only keeps the rest.
    pub fn health(&self) -> Health {
        let mut outcomes = self.outcomes.iter().filter(|(key, _, _)| of_section(key, health_fom::NAME));
        let failed = outcomes.find_map(|(key, _, outcome)| Some((*key, outcome.as_ref().err()?)));
        match failed {
            None => config::health_fom::health(&self.settings, &mut Problems::default()),
            // Nobody named it: it was only looked for under its default name.
            Some((key, failure)) if key == APP_KEY && failure.reason == Reason::NotFound && self.by_default(key) => {
                config::health_fom::alone(&self.settings)
            }
            Some((_, failure)) => config::health_fom::locked(&self.settings, failure.clone()),
        }
    }

    fn by_default(&self, key: &str) -> bool {
        let origin = self.settings.origin(key);
        matches!(origin, Some(Origin::SecretsManager(_, named_by)) if named_by == secrets::SWITCH)
    }

    /// The sink. Without its key it sends nothing, and keeps what it is given for the next run.
    pub fn sink(&self, settings: datadog::Settings, http: reqwest::Client) -> Datadog {
        if !self.concern(DATADOG) {
            return Datadog::new(settings, http);
        }
        match self.configured(DATADOG, config::datadog::configure) {
            Ok(settings) => Datadog::new(settings, http),
            Err(failure) => Datadog::without_key(settings, http, failure),
        }
    }

    /// Whether a section awaited a secret.
    fn concern(&self, section: &str) -> bool {
        self.outcomes.iter().any(|(key, _, _)| of_section(key, section))
    }

    /// What a section configures now. It was sound with stand-ins, so that a mistake in it is one of the secret's text.
    fn configured<T>(
        &self,
        section: &str,
        configure: fn(&Settings, &mut Problems) -> Configured<T>,
    ) -> Result<T, Failure> {
        let mut outcomes = self.outcomes.iter().filter(|(key, _, _)| of_section(key, section));
        if let Some(failure) = outcomes.find_map(|(_, _, outcome)| outcome.as_ref().err()) {
            return Err(failure.clone());
        }
        let mut problems = Problems::default();
        match configure(&self.settings, &mut problems) {
            Configured::Ready(made) if problems.is_empty() => Ok(made),
            _ => Err(Failure::new(Reason::Config, format!("set up {section}"), problems.to_string())),
        }
    }
}

/// A source whose secret could not be read.
struct Locked {
    source: &'static Source,
    failure: Failure,
}

impl Collector for Locked {
    fn name(&self) -> &'static str {
        self.source.name
    }

    fn definitions(&self) -> &'static [MetricDef] {
        self.source.metrics
    }

    fn max_series(&self) -> usize {
        0
    }

    async fn collect(&self, _context: &Context) -> Result<Batch, Failure> {
        Err(self.failure.clone())
    }

    async fn check(&self, _context: &Context) -> Vec<Finding> {
        vec![Finding { what: "credential".to_owned(), outcome: Err(self.failure.clone()) }]
    }
}

fn interruption(reference: &Reference) -> Failure {
    Failure::new(Reason::Other, secrets::doing(reference), "the run was stopped by a signal")
}
