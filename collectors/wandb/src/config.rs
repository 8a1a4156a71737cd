//! What the W&B collector is told at construction.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use globset::GlobBuilder;
use globset::GlobMatcher;
use secrecy::SecretString;

/// Everything that the W&B collector can be told. The environment and the configuration file are read elsewhere.
#[derive(Debug, Clone)]
pub struct Config {
    /// Base address of the server, without a trailing slash; GraphQL is at `/graphql` below it.
    pub base_url: String,
    /// API key of a user or a service account.
    pub api_key: SecretString,
    /// What is read.
    pub projects: Vec<Project>,
    /// A running run whose newest heartbeat is at most so many minutes ago is active.
    pub heartbeat_minutes: u32,
    /// Summary keys of the accuracy, the preferred one first.
    pub accuracy_keys: Vec<String>,
    /// Which accuracy is the best.
    pub accuracy_direction: Direction,
    /// Factor for accuracies as they are logged.
    pub accuracy_scale: f64,
    /// Summary keys of the loss, the preferred one first.
    pub loss_keys: Vec<String>,
    /// Factor for losses as they are logged.
    pub loss_scale: f64,
    /// Groups of runs.
    pub groups: Vec<Group>,
    /// Summary keys of a group's speed; each is a series of its own.
    pub group_keys: Vec<String>,
    /// Dollars an hour by a word of the GPU's name; `default` is for all others.
    pub gpu_hourly_usd: BTreeMap<String, f64>,
}

/// A project by entity and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Project {
    /// User or team.
    pub entity: String,
    /// Name without the entity.
    pub name: String,
}

/// Which of two numbers is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The greater one.
    Max,
    /// The smaller one, as for error rates.
    Min,
}

/// Runs that belong together. A run may be in several groups.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name, the tag `group`.
    pub name: String,
    /// A run is in the group when one of these matches it.
    pub selectors: Vec<Selector>,
}

/// What puts a run into a group. Patterns are globs and see capitals.
#[derive(Debug, Clone)]
pub enum Selector {
    /// `name:GLOB`: its display name matches.
    Name(GlobMatcher),
    /// `tag:GLOB`: one of its tags matches.
    Tag(GlobMatcher),
    /// `sweep`: it is a run of a sweep.
    Sweep,
}

impl FromStr for Project {
    type Err = String;

    /// Reads `entity/project`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why: &str| Err(format!("\"{text}\" is not a project (entity/project): {why}"));
        let Some((entity, name)) = text.split_once('/') else {
            return wrong("it has no slash");
        };
        if entity.is_empty() || name.is_empty() {
            return wrong("a side of the slash is empty");
        }
        if [entity, name].iter().any(|part| part.trim() != *part) {
            return wrong("there is a space at an end or beside the slash");
        }
        // W&B refuses these in names; a whole address, or a run's path, is what they come from.
        if [entity, name]
            .iter()
            .any(|part| part.contains(['/', '\\', '#', '?', '%', ':']) || part.contains(char::is_control))
        {
            return wrong("it has a character that W&B does not allow there");
        }
        Ok(Project { entity: entity.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.entity, self.name)
    }
}

impl FromStr for Selector {
    type Err = String;

    /// Reads `name:GLOB`, `tag:GLOB` or `sweep`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let glob = |pattern: &str| {
            let glob = GlobBuilder::new(pattern).literal_separator(false).case_insensitive(false).build();
            glob.map(|glob| glob.compile_matcher())
                .map_err(|error| format!("\"{pattern}\" is not a pattern: {}", error.kind()))
        };
        match text.split_once(':') {
            _ if text == "sweep" => Ok(Selector::Sweep),
            Some(("name", pattern)) if !pattern.is_empty() => glob(pattern).map(Selector::Name),
            Some(("tag", pattern)) if !pattern.is_empty() => glob(pattern).map(Selector::Tag),
            _ => Err(format!("\"{text}\" selects no runs")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_entity_and_project() {
        let project: Project = "acme/vision.v2 large_1".parse().unwrap();
        assert_eq!((project.entity.as_str(), project.name.as_str()), ("acme", "vision.v2 large_1"));
        assert_eq!(project.to_string(), "acme/vision.v2 large_1");
        for text in [
            "",
            "acme",
            "/",
            "acme/",
            "/vision",
            "acme/vision/runs",
            "https://wandb.ai/acme/vision",
            "a/b?c",
            "a/b\n",
            "acme / vision",
            " acme/vision",
        ] {
            assert!(text.parse::<Project>().is_err(), "{text}");
        }
    }

    #[test]
    fn reads_selectors() {
        let matches = |selector: &str, name: &str| match selector.parse().unwrap() {
            Selector::Name(glob) | Selector::Tag(glob) => glob.is_match(name),
            Selector::Sweep => panic!("{selector}"),
        };
        assert!(matches("name:github.sky.*", "github.sky.train/a b\nc"));
        assert!(!matches("name:github.sky.*", "github-sky.x") && !matches("name:github.sky.*", "Github.sky.x"));
        assert!(matches("tag:night*", "nightly") && !matches("tag:night*", "Nightly"));
        assert!(matches("name:a:b", "a:b"));
        assert!(matches!("sweep".parse(), Ok(Selector::Sweep)));
        for wrong in ["", "name:", "tag:", "Sweep", "name", "github.sky.*", "user:ann", "name:["] {
            assert!(wrong.parse::<Selector>().is_err(), "{wrong}");
        }
    }
}
