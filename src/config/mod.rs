//! Configuration: one file a topic. The only part of the program that reads the environment and the configuration file.

pub mod asana;
#[cfg(feature = "aws")]
pub mod aws;
pub mod checked;
pub mod datadog;
#[cfg(feature = "aws")]
pub mod ec2;
mod file;
pub mod github;
pub mod inputs;
mod map;
pub mod problem;
mod proxy;
pub mod run;
pub mod secrets;
pub mod setting;
pub mod settings;
pub mod skypilot;
#[cfg(test)]
mod tests;
pub mod wandb;

pub use inputs::Inputs;
pub use problem::Problems;
pub use settings::Origin;
pub use settings::Settings;

use std::path::Path;

/// What the settings say of one source or sink.
#[derive(Debug)]
pub enum Configured<T> {
    /// All that it needs is there.
    Ready(T),
    /// Not configured: what to set, one sentence each.
    Missing(Vec<String>),
}

/// A flag that stands for a setting: key, the flag's name, the text that was given.
pub type Flag = (&'static str, &'static str, String);

/// Reads and resolves all settings; the mistakes in them come back beside them.
pub fn load(file: Option<&Path>, flags: &[Flag]) -> (Settings, Problems) {
    let (inputs, mut problems) = Inputs::read(file);
    let settings = resolve(&inputs, flags, &mut problems);
    (settings, problems)
}

/// Resolves settings from inputs that have been read, with the defaults that depend on the surroundings.
pub fn resolve(inputs: &Inputs, flags: &[Flag], problems: &mut Problems) -> Settings {
    let mut settings = Settings::resolve(inputs, flags, problems);
    proxy::check(inputs, problems);
    github::default_repository(inputs, &mut settings);
    run::default_state_dir(inputs, &mut settings);
    secrets::default_names(&mut settings, problems);
    settings
}
