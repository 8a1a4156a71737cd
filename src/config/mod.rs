//! Configuration: one file a topic. The only part of the program that reads the environment and the configuration file.

pub mod asana;
#[cfg(feature = "aws")]
pub mod aws;
pub mod checked;
pub mod datadog;
pub mod dot_env;
#[cfg(feature = "aws")]
pub mod ec2;
mod file;
pub mod github;
pub mod health_fom;
pub mod inputs;
mod keys;
pub mod kubernetes;
mod likely;
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

/// Reads and resolves all settings; the mistakes in them come back beside them, and what is likely a mistake but may be
/// meant, a sentence each.
pub fn load(file: Option<&Path>, flags: &[Flag]) -> (Settings, Problems, Vec<String>) {
    let (inputs, mut problems) = Inputs::read(file);
    let settings = resolve(&inputs, flags, &mut problems);
    (settings, problems, likely::misspelt(&inputs.dot_env))
}

/// Resolves settings from inputs that have been read, with the defaults that depend on the surroundings.
pub fn resolve(inputs: &Inputs, flags: &[Flag], problems: &mut Problems) -> Settings {
    let mut settings = Settings::resolve(inputs, flags, problems);
    proxy::check(inputs, problems);
    check_wandb(&settings, problems);
    github::default_repository(inputs, &mut settings);
    kubernetes::default_kubeconfig(inputs, &mut settings);
    run::default_state_dir(inputs, &mut settings);
    secrets::default_names(&mut settings, problems);
    settings
}

/// W&B's own variable holds the server's address; that of its API is made of it.
fn check_wandb(settings: &Settings, problems: &mut Problems) {
    const KEY: &str = "wandb.base_url";
    if let Some(right) = settings.text(KEY).as_deref().and_then(|url| url.strip_suffix("/graphql")) {
        let why = "is the address of the API below the server, not that of the server";
        problems.add(settings.place(KEY), KEY, why, format!("Write it as in {right}"));
    }
}
