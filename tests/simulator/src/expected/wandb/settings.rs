//! What the configuration may change about the definitions.

use std::collections::BTreeMap;

/// The settings, with the specification's defaults.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// For how many minutes after its last heartbeat a running run is taken for alive.
    pub heartbeat_minutes: i64,
    /// Where a run's accuracy is looked for, the first key first.
    pub accuracy_keys: Vec<String>,
    /// Which accuracy is the best.
    pub accuracy_direction: Direction,
    /// What a logged accuracy is multiplied by: 0.01 where it is logged in percent.
    pub accuracy_scale: f64,
    /// Where a run's loss is looked for, the first key first.
    pub loss_keys: Vec<String>,
    /// What a logged loss is multiplied by.
    pub loss_scale: f64,
    /// The groups.
    pub groups: Vec<Group>,
    /// The keys that `wandb.group.steps_per_second` is sent for.
    pub group_keys: Vec<String>,
    /// Dollars an hour by a word of the GPU's model; `default` for those that no word is of.
    pub gpu_hourly_usd: BTreeMap<String, f64>,
}

/// Whether more or less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More.
    Max,
    /// Less.
    Min,
}

/// Runs that are counted together: those that any of this is true of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The tag `group`.
    pub name: String,
    /// Beginnings of display names.
    pub name_starts: Vec<String>,
    /// Parts of display names.
    pub name_has: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Whether every run of a sweep is in it.
    pub sweeps: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        let list = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<String>>();
        Settings {
            heartbeat_minutes: 30,
            accuracy_keys: list(&["accuracy", "eval/accuracy", "val/accuracy", "val_accuracy"]),
            accuracy_direction: Direction::Max,
            accuracy_scale: 1.0,
            loss_keys: list(&["loss", "train/loss", "losses/loss", "val/loss"]),
            loss_scale: 1.0,
            groups: vec![
                Group { name_starts: list(&["github.sky."]), ..Group::named("push_to_main") },
                Group { name_has: list(&[".sweep"]), sweeps: true, ..Group::named("sweep") },
            ],
            group_keys: list(&[
                "overview/sps",
                "overview/steps_per_second",
                "timing_per_epoch/sps",
                "timing_cumulative/sps",
            ]),
            gpu_hourly_usd: BTreeMap::new(),
        }
    }
}

impl Group {
    /// One that no run is in yet.
    pub fn named(name: &str) -> Group {
        Group { name: name.to_owned(), name_starts: Vec::new(), name_has: Vec::new(), tags: Vec::new(), sweeps: false }
    }
}
