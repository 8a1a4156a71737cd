//! Settings of the GitHub collector.

use std::collections::BTreeSet;

use collector::BoxedCollector;
use github::Auth;
use github::Config;
use github::Github;
use github::Repository;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::config::Configured;
use crate::config::Inputs;
use crate::config::Origin;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::problem::capital;

const REPOSITORIES: &str = "github.repositories";
const CREDENTIALS: [&str; 4] =
    ["github.token", "github.app_id", "github.app_private_key", "github.app_installation_id"];
const CREDENTIAL: &str = "set GITHUB_TOKEN, or GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_APP_INSTALLATION_ID";
/// Names the repository at hand inside GitHub Actions.
const ACTIONS_REPOSITORY: &str = "GITHUB_REPOSITORY";

/// The collector that the settings describe. Repositories without a credential are a mistake, not a source that is
/// not configured: a forgotten secret must not end in a run that skips GitHub and calls itself complete.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    let auth = auth(settings, problems);
    let repositories = repositories(settings, problems);
    let mut missing = Vec::new();
    // An empty list is none: with neither collector nor mistake, a run would do nothing and call itself complete.
    if settings.list(REPOSITORIES).is_empty() && !settings.mistaken(REPOSITORIES) {
        missing.push("set GITHUB_REPOSITORIES=owner/name,... (or github.repositories in the file)".to_owned());
    }
    let Some(auth) = auth else {
        // A credential that was given wrongly has been told already.
        if !CREDENTIALS.iter().any(|key| settings.mistaken(key) || settings.has(key)) {
            if named(settings) {
                let why = "names repositories, but there is no credential to read them with";
                problems.add(settings.place(REPOSITORIES), REPOSITORIES, why, capital(CREDENTIAL));
            } else {
                missing.push(CREDENTIAL.to_owned());
            }
        }
        return Configured::Missing(missing);
    };
    if repositories.is_empty() {
        return Configured::Missing(missing);
    }
    let whole = |key| settings.whole(key).and_then(|number| u32::try_from(number).ok()).unwrap_or_default();
    let config = Config {
        api_url: settings.text("github.api_url").unwrap_or_default(),
        auth,
        repositories,
        hotfix_labels: settings.list("github.hotfix_labels"),
        force_merge_labels: settings.list("github.force_merge_labels"),
        timeout_minutes: whole("github.ci.timeout_minutes"),
        test_workflows: settings.list("github.ci.test_workflows"),
        benchmark_workflows: settings.list("github.ci.benchmark_workflows"),
        max_job_lookups: whole("github.ci.max_job_lookups"),
        max_commit_lookups: whole("github.max_commit_lookups"),
        production_environment: settings.text("github.production_environment").unwrap_or_default(),
        deploy_workflow: settings.text("github.deploy_workflow"),
    };
    if let Err((key, why)) = config.check() {
        problems.add(settings.place(key), key, why, "Write it as in CI* or *benchmark*");
    }
    Configured::Ready(Github::boxed(config))
}

/// Inside GitHub Actions the repository at hand is the default.
pub fn default_repository(inputs: &Inputs, settings: &mut Settings) {
    let variable = |name: &str| inputs.environment.get(name).map(String::as_str).unwrap_or_default();
    let repository = variable(ACTIONS_REPOSITORY);
    if variable("GITHUB_ACTIONS") == "true" && !repository.is_empty() && !settings.has(REPOSITORIES) {
        let origin = Origin::Environment(ACTIONS_REPOSITORY.to_owned());
        settings.set_list(REPOSITORIES, vec![repository.to_owned()], origin);
    }
}

/// Whether somebody named repositories, rather than GitHub Actions.
fn named(settings: &Settings) -> bool {
    !settings.list(REPOSITORIES).is_empty()
        && settings
            .origin(REPOSITORIES)
            .is_some_and(|origin| *origin != Origin::Environment(ACTIONS_REPOSITORY.to_owned()))
}

fn repositories(settings: &Settings, problems: &mut Problems) -> Vec<Repository> {
    let key = REPOSITORIES;
    let mut seen = BTreeSet::new();
    let mut repositories = Vec::new();
    for text in settings.list(key) {
        match text.parse::<Repository>() {
            // GitHub's names have one meaning in any case: listed twice, its requests and points would be too.
            Ok(repository) if seen.insert(text.to_lowercase()) => repositories.push(repository),
            Ok(_) => problems.add(settings.place(key), key, format!("{text} is listed twice"), ""),
            Err(why) => problems.add(settings.place(key), key, why, "Write it as in acme/widgets"),
        }
    }
    repositories
}

/// The credential. Two kinds at once, or half an App, are problems.
fn auth(settings: &Settings, problems: &mut Problems) -> Option<Auth> {
    let app_keys = &CREDENTIALS[1..];
    let present = app_keys.iter().filter(|key| settings.has(key) || settings.mistaken(key)).count();
    let token = settings.secret("github.token");
    if present == 0 {
        return token.filter(|token| header_safe("github.token", token, settings, problems)).map(Auth::Token);
    }
    if token.is_some() {
        let why = "a token and a GitHub App are both configured";
        problems.add(settings.place("github.token"), "github.token", why, "Keep one of them");
    }
    for key in app_keys.iter().filter(|key| !settings.has(key) && !settings.mistaken(key)) {
        let variable = crate::config::setting::by_key(key).map_or(*key, |setting| setting.variable);
        problems.add(
            "configuration",
            *key,
            "is missing although the GitHub App is configured",
            format!("Set {variable}"),
        );
    }
    let private_key = settings.secret("github.app_private_key")?;
    if !private_key.expose_secret().contains("PRIVATE KEY-----") {
        let why = "is not a PEM private key";
        let cure = "It begins with -----BEGIN RSA PRIVATE KEY-----";
        problems.add(settings.place("github.app_private_key"), "github.app_private_key", why, cure);
    }
    Some(Auth::App {
        app_id: settings.whole("github.app_id")?,
        private_key,
        installation_id: settings.whole("github.app_installation_id")?,
    })
}

/// A token with a character that no header may hold is refused here, where it can be named, instead of at its use.
fn header_safe(key: &'static str, secret: &SecretString, settings: &Settings, problems: &mut Problems) -> bool {
    let good = secret.expose_secret().chars().all(|c| c.is_ascii_graphic());
    if !good {
        let why = "holds a space, line break or other character that no token has";
        problems.add(settings.place(key), key, why, "Copy it again");
    }
    good
}
