//! Settings of the Weights & Biases collector.

use std::collections::BTreeSet;

use collector::BoxedCollector;
use secrecy::ExposeSecret;
use wandb::Config;
use wandb::Direction;
use wandb::Group;
use wandb::Project;
use wandb::Wandb;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;

const PROJECTS: &str = "wandb.projects";
const KEY: &str = "wandb.api_key";
const GROUPS: &str = "wandb.groups";

/// The collector that the settings describe. Projects without a key are a mistake, not a source that is not configured:
/// a forgotten secret must not end in a run that skips W&B and calls itself complete.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    let projects = projects(settings, problems);
    let groups = groups(settings, problems);
    let mut missing = Vec::new();
    if settings.list(PROJECTS).is_empty() && !settings.mistaken(PROJECTS) {
        missing.push("set WANDB_PROJECTS=entity/project,... (or wandb.projects in the file)".to_owned());
    }
    let Some(api_key) = settings.secret(KEY) else {
        // A key that was given wrongly has been told already.
        if !settings.mistaken(KEY) {
            match settings.list(PROJECTS).is_empty() {
                true => missing.push("set WANDB_API_KEY".to_owned()),
                false => {
                    let why = "names projects, but there is no API key to read them with";
                    problems.add(settings.place(PROJECTS), PROJECTS, why, "Set WANDB_API_KEY");
                }
            }
        }
        return Configured::Missing(missing);
    };
    if !api_key.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
        let why = "holds a space, line break or other character that no key has";
        problems.add(settings.place(KEY), KEY, why, "Copy it again");
    }
    if projects.is_empty() {
        return Configured::Missing(missing);
    }
    let minutes = settings.whole("wandb.heartbeat_minutes").and_then(|minutes| u32::try_from(minutes).ok());
    let direction = match settings.text("wandb.accuracy_direction").as_deref() {
        Some("min") => Direction::Min,
        _ => Direction::Max,
    };
    Configured::Ready(Box::new(Wandb::new(Config {
        base_url: settings.text("wandb.base_url").unwrap_or_default(),
        api_key,
        projects,
        heartbeat_minutes: minutes.unwrap_or_default(),
        accuracy_keys: settings.list("wandb.accuracy_keys"),
        accuracy_direction: direction,
        accuracy_scale: settings.number("wandb.accuracy_scale").unwrap_or(1.0),
        loss_keys: settings.list("wandb.loss_keys"),
        loss_scale: settings.number("wandb.loss_scale").unwrap_or(1.0),
        groups,
        group_keys: settings.list("wandb.group_keys"),
        gpu_hourly_usd: settings.numbers("wandb.gpu_hourly_usd"),
    })))
}

fn projects(settings: &Settings, problems: &mut Problems) -> Vec<Project> {
    let mut seen = BTreeSet::new();
    let mut projects = Vec::new();
    for text in settings.list(PROJECTS) {
        match text.parse::<Project>() {
            Ok(project) if seen.insert(text.clone()) => projects.push(project),
            Ok(_) => problems.add(settings.place(PROJECTS), PROJECTS, format!("{text} is listed twice"), ""),
            Err(why) => problems.add(settings.place(PROJECTS), PROJECTS, why, "Write it as in acme/vision"),
        }
    }
    projects
}

fn groups(settings: &Settings, problems: &mut Problems) -> Vec<Group> {
    let mut groups = Vec::new();
    for (name, texts) in settings.texts(GROUPS) {
        let mut selectors = Vec::new();
        for text in texts {
            match text.parse() {
                Ok(selector) => selectors.push(selector),
                Err(why) => {
                    let why = format!("the group {name:?}: {why}");
                    problems.add(
                        settings.place(GROUPS),
                        GROUPS,
                        why,
                        "Write it as in name:nightly-*, tag:prod or sweep",
                    );
                }
            }
        }
        groups.push(Group { name, selectors });
    }
    groups
}

#[cfg(test)]
#[path = "wandb_tests.rs"]
mod tests;
