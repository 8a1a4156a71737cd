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
const PRICES: &str = "wandb.gpu_hourly_usd";
/// The entry of the prices for all other GPUs.
const DEFAULT: &str = "default";

/// The collector that the settings describe. Projects without a key are a mistake, not a source that is not configured:
/// a forgotten secret must not end in a run that skips W&B and calls itself complete.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    let projects = projects(settings, problems);
    let groups = groups(settings, problems);
    let gpu_hourly_usd = settings.numbers(PRICES);
    told_once(PRICES, gpu_hourly_usd.keys().map(String::as_str), settings, problems);
    for name in gpu_hourly_usd.keys().filter(|name| name.eq_ignore_ascii_case(DEFAULT) && *name != DEFAULT) {
        problems.add(settings.place(PRICES), PRICES, format!("{name} is written {DEFAULT}"), "");
    }
    let accuracy_keys = keys("wandb.accuracy_keys", settings, problems);
    let loss_keys = keys("wandb.loss_keys", settings, problems);
    let group_keys = keys("wandb.group_keys", settings, problems);
    // Each is a series.
    told_once("wandb.group_keys", group_keys.iter().map(String::as_str), settings, problems);
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
    Configured::Ready(Wandb::boxed(Config {
        base_url: settings.text("wandb.base_url").unwrap_or_default(),
        api_key,
        projects,
        heartbeat_minutes: minutes.unwrap_or_default(),
        accuracy_keys,
        accuracy_direction: direction,
        accuracy_scale: settings.number("wandb.accuracy_scale").unwrap_or(1.0),
        loss_keys,
        loss_scale: settings.number("wandb.loss_scale").unwrap_or(1.0),
        groups,
        group_keys,
        gpu_hourly_usd,
    }))
}

fn projects(settings: &Settings, problems: &mut Problems) -> Vec<Project> {
    let texts = settings.list(PROJECTS);
    told_once(PROJECTS, texts.iter().map(String::as_str), settings, problems);
    let mut projects = Vec::new();
    for text in texts {
        match text.parse::<Project>() {
            Ok(project) => projects.push(project),
            Err(why) => problems.add(settings.place(PROJECTS), PROJECTS, why, "Write it as in acme/vision"),
        }
    }
    projects
}

/// Summary keys. What a list of the file holds is taken as it is written, and no run has such a key.
fn keys(key: &'static str, settings: &Settings, problems: &mut Problems) -> Vec<String> {
    let keys = settings.list(key);
    for text in &keys {
        if text.is_empty() {
            problems.add(settings.place(key), key, "an item is empty", "");
        } else if text.trim() != text {
            problems.add(settings.place(key), key, format!("{text:?} has a space at an end"), "");
        }
    }
    keys
}

/// Notes texts that differ in letter case at most. As tags they are the same for Datadog, so that two numbers would be
/// sent as one series.
fn told_once<'a>(
    key: &'static str,
    texts: impl Iterator<Item = &'a str>,
    settings: &Settings,
    problems: &mut Problems,
) {
    let mut seen = BTreeSet::new();
    for text in texts {
        if !seen.insert(text.to_lowercase()) {
            let advice = "Keep one of them; letter case does not tell them apart";
            problems.add(settings.place(key), key, format!("{text} is listed twice"), advice);
        }
    }
}

fn groups(settings: &Settings, problems: &mut Problems) -> Vec<Group> {
    let mut groups = Vec::new();
    let all = settings.texts(GROUPS);
    told_once(GROUPS, all.keys().map(String::as_str), settings, problems);
    for (name, texts) in all {
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
