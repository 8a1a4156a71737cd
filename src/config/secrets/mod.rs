//! AWS Secrets Manager as a source of every secret: which settings it may give, under which names, and what is asked.
//!
//! A setting whose secret is still to be asked for is awaited ([`Settings::awaited`]). Commands that ask nobody see
//! stand-ins in its place; those that need it read it first, and only what this command needs.

#[cfg(feature = "aws")]
mod manager;
#[cfg(not(feature = "aws"))]
#[path = "no_manager.rs"]
mod manager;
#[cfg(test)]
#[cfg(feature = "aws")]
mod manager_tests;
pub mod policy;
mod reference;
#[cfg(feature = "aws")]
mod refusal;
#[cfg(test)]
#[cfg(feature = "aws")]
mod tests;
mod value;

pub use reference::Reference;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use collector::Context;
use collector::Failure;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::config::Origin;
use crate::config::Problems;
use crate::config::Settings;
#[cfg(feature = "aws")]
use crate::config::aws;
use crate::config::health_fom::APP_KEY;
use crate::config::setting::Kind;
use crate::config::setting::SETTINGS;
use crate::config::setting::Setting;

/// Switches the default names on.
pub const SWITCH: &str = "secrets.aws";
/// In the place of a name: not from Secrets Manager, although [`SWITCH`] is on.
pub const NONE: &str = "none";

const NO_AWS: &str = "asks for AWS Secrets Manager, but this orgpulse was built without AWS (its feature `aws`)";

/// The default names, by setting. What has none here is only read from Secrets Manager when it is named.
const DEFAULT_NAMES: [(&str, &str); 6] = [
    ("github.token", "github/dashboard-token"),
    ("datadog.api_key", "datadog/api-key"),
    (APP_KEY, "datadog/app-key"),
    ("asana.access_token", "asana/access-token"),
    ("wandb.api_key", "wandb/api-key"),
    ("skypilot.token", "skypilot/api-token"),
];

/// The secret that a text names.
///
/// # Errors
/// Why it names none, without repeating it; or that there is no AWS in this build.
pub fn named(text: &str) -> Result<Reference, String> {
    if !cfg!(feature = "aws") {
        return Err(NO_AWS.to_owned());
    }
    text.parse().map_err(str::to_owned)
}

/// Whether a setting may come from Secrets Manager. The credential for AWS itself is needed before.
pub fn may_hold(setting: &Setting) -> bool {
    setting.kind == Kind::Secret && !setting.key.starts_with("aws.")
}

/// The key under which the configuration file may name the secret.
pub fn key_of(setting: &Setting) -> String {
    format!("{}_secret", setting.key)
}

/// The variable that may name the secret.
pub fn variable_of(setting: &Setting) -> String {
    format!("{}_SECRET", setting.variable)
}

/// Awaits the secrets that are set nowhere under their default names, if [`SWITCH`] is on. One beside which a credential
/// of another kind is configured is left out: two would be a mistake.
pub fn default_names(settings: &mut Settings, problems: &mut Problems) {
    if !settings.flag(SWITCH) {
        return;
    }
    if !cfg!(feature = "aws") {
        problems.add(settings.place(SWITCH), SWITCH, NO_AWS, "");
        return;
    }
    let app = ["github.app_id", "github.app_private_key", "github.app_installation_id"];
    let app = app.iter().any(|key| settings.has(key) || settings.mistaken(key));
    let user = settings.address("skypilot.endpoint").is_some_and(|address| address.user.is_some());
    for setting in SETTINGS.iter().filter(|setting| may_hold(setting)) {
        let other_kind = match setting.key {
            "github.token" => app,
            "skypilot.token" => user,
            _ => false,
        };
        let Some((_, name)) = DEFAULT_NAMES.iter().find(|(key, _)| *key == setting.key) else { continue };
        let given = settings.has(setting.key) || settings.mistaken(setting.key) || settings.declined(setting.key);
        if !other_kind && !given {
            let reference = Reference { id: (*name).to_owned(), key: None };
            let origin = Origin::SecretsManager(reference.to_string(), SWITCH.to_owned());
            settings.await_secret(setting.key, reference, origin);
        }
    }
}

/// The secrets that these sections await, by setting.
pub fn awaited(settings: &Settings, sections: &[&str]) -> BTreeMap<&'static str, Reference> {
    // Nothing is read from Datadog with one of its keys alone, and so neither is needed for it.
    let reads = settings.has(APP_KEY) && settings.has("datadog.api_key");
    let sections = || sections.iter().filter(|section| **section != ::health_fom::NAME || reads);
    let keys = SETTINGS.iter().map(|setting| setting.key);
    let keys = keys.filter(|key| sections().any(|section| of_section(key, section)));
    keys.filter_map(|key| Some((key, settings.awaited(key)?.clone()))).collect()
}

/// Whether a setting belongs to a source or sink: its key begins with the name. Datadog's application key belongs to the
/// health scores, which read; with the API key alone the sink sends.
pub fn of_section(key: &str, section: &str) -> bool {
    match (key, section) {
        ("datadog.api_key" | APP_KEY, ::health_fom::NAME) => true,
        (APP_KEY, _) => false,
        _ => key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')),
    }
}

/// Notes what keeps these secrets from being asked for.
pub fn check(settings: &Settings, sections: &[&str], problems: &mut Problems) {
    let awaited = awaited(settings, sections);
    for (key, reference) in &awaited {
        if reference.region().is_none() && !settings.has("aws.region") && !settings.mistaken("aws.region") {
            let why = format!("{reference} is in no region");
            problems.add(settings.place(key), *key, why, "Set AWS_REGION, or name the secret by its ARN");
        }
    }
    #[cfg(feature = "aws")]
    if !awaited.is_empty() {
        if let Some(region) = settings.text(aws::REGION) {
            aws::check_region(&region, aws::REGION, settings, problems);
        }
        aws::access(settings, "", problems);
    }
}

/// The value of each reference, or why it could not be read. What they have in common is asked for once.
pub async fn read(
    settings: &Settings,
    references: &BTreeSet<Reference>,
    context: &Context,
) -> BTreeMap<Reference, Result<SecretString, Failure>> {
    let texts = manager::texts(settings, references, context).await;
    let one = |reference: &Reference| {
        let text = match texts.get(&reference.id)? {
            Ok(text) => text,
            Err(failure) => return Some((reference.clone(), Err(failure.clone()))),
        };
        let value = value::of(reference, text.expose_secret()).map_err(|(reason, why)| {
            let why = format!("the secret {why}");
            Failure::new(reason, doing(reference), why)
        });
        Some((reference.clone(), value))
    };
    references.iter().filter_map(one).collect()
}

/// What reading a secret is called in a failure.
pub fn doing(reference: &Reference) -> String {
    format!("read {reference} from AWS Secrets Manager")
}

/// What stands for a secret where nobody is asked: it passes every check of form, and is never sent.
pub fn stand_in(key: &str) -> &'static str {
    if key.ends_with("private_key") { "-----BEGIN PRIVATE KEY-----" } else { "awaited" }
}
