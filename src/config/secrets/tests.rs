//! Where a secret comes from, and what keeps it from being asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::ExposeSecret;

use crate::config;
use crate::config::Inputs;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::secrets;
use crate::config::secrets::Reference;
use crate::config::setting::SETTINGS;

fn resolved(environment: &[(&str, &str)], file: &str) -> (Settings, String) {
    let inputs = Inputs {
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        dot_env: BTreeMap::new(),
        file: Some((PathBuf::from("orgpulse.yaml"), file.to_owned())),
    };
    let mut problems = Problems::default();
    let settings = config::resolve(&inputs, &[], &mut problems);
    (settings, if problems.is_empty() { String::new() } else { problems.to_string() })
}

/// The text of GitHub's token, or the name of the secret that is to be asked for; and where it comes from.
fn token(environment: &[(&str, &str)], file: &str) -> (String, String) {
    let (settings, problems) = resolved(environment, file);
    assert_eq!(problems, "", "{environment:?} {file}");
    let found = match (settings.secret("github.token"), settings.awaited("github.token")) {
        (Some(secret), None) => secret.expose_secret().to_owned(),
        (None, Some(reference)) => format!("awaits {reference}"),
        (None, None) => "none".to_owned(),
        both => format!("{both:?}"),
    };
    (found, settings.place("github.token"))
}

const SWITCH: (&str, &str) = ("ORGPULSE_AWS_SECRETS", "true");

#[test]
fn a_variable_beats_a_file_beats_a_named_secret_beats_a_default_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-file").unwrap();
    let path = path.to_str().unwrap();
    let (variable, file) = (("GITHUB_TOKEN", "from-variable"), ("GITHUB_TOKEN_FILE", path));
    let named = ("GITHUB_TOKEN_SECRET", "from/environment#key");
    let yaml = "github: {token_secret: from/yaml}";
    let yaml_file = format!("github: {{token_file: {path}, token_secret: from/yaml}}");
    let by_switch = "awaits github/dashboard-token";
    for (environment, text, expected) in [
        (&[variable, named, SWITCH][..], yaml, "from-variable"),
        (&[file, named, SWITCH], yaml, "from-file"),
        (&[named, SWITCH], yaml_file.as_str(), "awaits from/environment#key"),
        (&[SWITCH], yaml_file.as_str(), "from-file"),
        (&[SWITCH], yaml, "awaits from/yaml"),
        (&[], yaml, "awaits from/yaml"),
        (&[SWITCH], "", by_switch),
        (&[], "secrets: {aws: true}", by_switch),
        (&[("GITHUB_TOKEN_SECRET", "  ")], "", "none"),
        (&[("ORGPULSE_AWS_SECRETS", "false")], "", "none"),
        (&[], "", "none"),
    ] {
        assert_eq!(token(environment, text).0, expected, "{environment:?} {text}");
    }
    let place = token(&[named], "").1;
    assert_eq!(place, "AWS Secrets Manager, from/environment#key, named by GITHUB_TOKEN_SECRET");
    assert_eq!(token(&[SWITCH], "").1, "AWS Secrets Manager, github/dashboard-token, named by secrets.aws");
}

#[test]
fn none_takes_one_secret_out_of_the_default_names() {
    let none = ("GITHUB_TOKEN_SECRET", "none");
    for (environment, file, expected) in [
        (&[SWITCH, none][..], "", "none"),
        (&[SWITCH], "github: {token_secret: none}", "none"),
        (&[SWITCH, none], "github: {token_secret: from/yaml}", "none"),
        (&[SWITCH, ("GITHUB_TOKEN_SECRET", "x")], "github: {token_secret: none}", "awaits x"),
    ] {
        assert_eq!(token(environment, file).0, expected, "{environment:?} {file}");
    }
}

#[test]
fn a_credential_of_another_kind_stands_in_for_a_default_name() {
    let app = [SWITCH, ("GITHUB_APP_ID", "7")];
    assert_eq!(token(&app, "").0, "none");
    let (settings, _) = resolved(&[SWITCH, ("SKYPILOT_API_SERVER_ENDPOINT", "https://ann:x@sky.example.com")], "");
    assert!(settings.awaited("skypilot.token").is_none() && settings.awaited("github.token").is_some());
}

#[test]
fn what_names_no_secret_is_told_and_never_repeated() {
    for (environment, file, words) in [
        (&[("GITHUB_TOKEN_SECRET", "ghp_s3cret")][..], "", "GITHUB_TOKEN_SECRET: looks like a secret itself"),
        (&[], "github: {token_secret: ghp_s3cret}", "github.token_secret: looks like a secret itself"),
        (&[("DD_API_KEY_SECRET", "two s3cret words")], "", "DD_API_KEY_SECRET: is no name of a secret"),
        (&[("DD_API_KEY_SECRET", "name#")], "", "DD_API_KEY_SECRET: names no key"),
        (&[], "github: {token_secret: 5}", "github.token_secret must be a text; YAML reads it as 5"),
        (&[], "aws: {secret_access_key_secret: x}", "aws.secret_access_key_secret: unknown key"),
        (&[], "github: {app_id_secret: x}", "github.app_id_secret: unknown key"),
        (&[("ORGPULSE_AWS_SECRETS", "yes")], "", "ORGPULSE_AWS_SECRETS: must be true or false"),
    ] {
        let (settings, problems) = resolved(environment, file);
        assert!(problems.contains(words), "{words}\nis not in\n{problems}");
        assert!(!format!("{problems}{settings:?}").contains("s3cret"), "{problems}");
    }
}

#[test]
fn an_awaited_secret_has_no_value_but_a_stand_in_where_nobody_is_asked() {
    let (settings, _) = resolved(&[SWITCH, ("GITHUB_APP_PRIVATE_KEY_SECRET", "app")], "");
    for key in ["github.app_private_key", "datadog.api_key"] {
        assert!(settings.secret(key).is_none() && settings.has(key), "{key}");
        assert!(settings.with_stand_ins().secret(key).is_some(), "{key}");
    }
    assert_eq!(settings.shown("datadog.api_key").as_deref(), Some("***"));
    let awaited = secrets::awaited(&settings, &["github"]);
    assert_eq!(awaited.into_keys().collect::<Vec<_>>(), ["github.app_private_key"], "and not the token beside it");
}

#[test]
fn a_name_needs_a_region_and_an_arn_has_one() {
    let check = |environment: &[(&str, &str)], sections: &[&str]| {
        let (settings, mut text) = resolved(environment, "");
        let mut problems = Problems::default();
        secrets::check(&settings, sections, &mut problems);
        if !problems.is_empty() {
            text += &problems.to_string();
        }
        text
    };
    let name = ("GITHUB_TOKEN_SECRET", "x");
    let arn = ("GITHUB_TOKEN_SECRET", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf");
    let words = "x, named by GITHUB_TOKEN_SECRET: github.token: x is in no region. Set AWS_REGION";
    assert!(check(&[name], &["github"]).contains(words), "{}", check(&[name], &["github"]));
    assert_eq!(check(&[name], &["datadog"]), "", "what nobody needs is no mistake");
    assert_eq!(check(&[arn], &["github"]), "");
    assert_eq!(check(&[name, ("AWS_REGION", "eu-west-1")], &["github"]), "");
    assert!(check(&[name, ("AWS_REGION", "Frankfurt")], &["github"]).contains("is no region"));
    let half = [name, ("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIAX")];
    assert!(check(&half, &["github"]).contains("Set AWS_SECRET_ACCESS_KEY"));
}

/// A new secret either has a default name, or is one of those that are asked for by name alone.
#[test]
fn every_secret_has_a_default_name_or_is_known_to_have_none() {
    let none = ["github.app_private_key"];
    for setting in SETTINGS.iter().filter(|setting| secrets::may_hold(setting)) {
        let named = secrets::DEFAULT_NAMES.iter().any(|(key, _)| *key == setting.key);
        assert!(named != none.contains(&setting.key), "{}", setting.key);
    }
    for (key, name) in secrets::DEFAULT_NAMES {
        assert!(name.parse::<Reference>().is_ok(), "{key}");
    }
}
