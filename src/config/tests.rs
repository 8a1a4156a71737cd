//! The configuration from inputs to topics: precedence, mistakes, secrets.

use std::collections::BTreeMap;
use std::path::PathBuf;

use proptest::prelude::*;

use crate::config;
use crate::config::Configured;
use crate::config::Flag;
use crate::config::Inputs;
use crate::config::Origin;
use crate::config::Problems;
use crate::config::Settings;
use crate::registry;

fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn inputs(environment: &[(&str, &str)], file: &str) -> Inputs {
    Inputs {
        environment: variables(environment),
        dot_env: BTreeMap::new(),
        file: Some((PathBuf::from("orgpulse.yaml"), file.to_owned())),
    }
}

fn resolve(inputs: &Inputs, flags: &[Flag]) -> (Settings, String) {
    let mut problems = Problems::default();
    let settings = config::resolve(inputs, flags, &mut problems);
    let text = if problems.is_empty() { String::new() } else { problems.to_string() };
    (settings, text)
}

/// What a run of `names` would be told, all mistakes in one text.
fn mistakes(inputs: &Inputs, names: &[&str]) -> String {
    let mut problems = Problems::default();
    let settings = config::resolve(inputs, &[], &mut problems);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    registry::select(&names, &settings, &mut problems);
    if problems.is_empty() { String::new() } else { problems.to_string() }
}

#[test]
fn a_flag_beats_the_environment_beats_dot_env_beats_the_file_beats_the_default() {
    let key = "collector_deadline";
    let shown = |inputs: &Inputs, flags: &[Flag]| resolve(inputs, flags).0.shown(key).unwrap();
    assert_eq!(shown(&Inputs::default(), &[]), "120s");
    let mut all = inputs(&[], "collector_deadline: 10s");
    assert_eq!(shown(&all, &[]), "10s");
    all.dot_env = variables(&[("ORGPULSE_COLLECTOR_DEADLINE", "20s")]);
    assert_eq!(shown(&all, &[]), "20s");
    all.environment = variables(&[("ORGPULSE_COLLECTOR_DEADLINE", "30s")]);
    assert_eq!(shown(&all, &[]), "30s");
    let flag = (key, "--collector-deadline", "40s".to_owned());
    assert_eq!(shown(&all, std::slice::from_ref(&flag)), "40s");
    assert_eq!(resolve(&all, &[flag]).0.origin(key), Some(&Origin::Flag("--collector-deadline")));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let file = "githb: {repositories: [a/b]}\ngithub: {ci: {timeout_minutes: many}, repositories: {a: b}}\n";
    let environment = [("ORGPULSE_DEADLINE", "soon"), ("DD_URL", "ftp://x"), ("ORGPULSE_LOG_FORMAT", "jsn")];
    let (_, text) = resolve(&inputs(&environment, file), &[]);
    for words in [
        "githb.repositories: unknown key. Did you mean github.repositories?",
        "github.ci.timeout_minutes: must be a whole number",
        "github.repositories: must be a list of texts",
        "ORGPULSE_DEADLINE: must be a time",
        "DD_URL: must be an http:// or https:// address",
        "ORGPULSE_LOG_FORMAT: must be one of text, json, not \"jsn\" Did you mean json?",
    ] {
        assert!(text.contains(words), "{words}\nis not in\n{text}");
    }
}

#[test]
fn what_yaml_would_change_is_refused_where_a_text_is_asked_for() {
    for (file, words) in [
        ("version: 1.10", "version: must be a text; YAML reads it as 1.1: put it in quotes"),
        ("service: true", "service: must be a text; YAML reads it as true: put it in quotes"),
        (
            "github: {hotfix_labels: [hotfix, 7]}",
            "must be a list of texts; item 2 is no text; YAML reads it as 7: put it in quotes",
        ),
        ("github: {token_file: 5}", "github.token_file must be a path; YAML reads it as 5"),
        ("github: {token_file: [a]}", "github.token_file must be a path"),
        ("log: [a]", "log: must be a text"),
    ] {
        let (_, text) = resolve(&inputs(&[], file), &[]);
        assert!(text.contains(words), "{file}: {words}\nis not in\n{text}");
    }
    let good = "version: \"1.10\"\ngithub: {ci: {timeout_minutes: 90}}\ntolerate_partial: true";
    let (settings, text) = resolve(&inputs(&[], good), &[]);
    assert_eq!((settings.shown("version").as_deref(), text.as_str()), (Some("1.10"), ""));
    assert_eq!((settings.whole("github.ci.timeout_minutes"), settings.flag("tolerate_partial")), (Some(90), true));
}

#[test]
fn a_time_beyond_any_use_is_refused() {
    for long in ["9223372036854775807s", "25h"] {
        let text = resolve(&inputs(&[("ORGPULSE_DEADLINE", long)], ""), &[]).1;
        assert!(text.contains("ORGPULSE_DEADLINE: must be a time"), "{long}: {text}");
    }
    assert_eq!(resolve(&inputs(&[("ORGPULSE_DEADLINE", "24h")], ""), &[]).1, "");
}

#[test]
fn an_empty_list_of_repositories_is_a_source_that_is_not_configured() {
    let token = ("GITHUB_TOKEN", "t");
    for inputs in [inputs(&[token, ("GITHUB_REPOSITORIES", ",")], ""), inputs(&[token], "github: {repositories: []}")] {
        let text = mistakes(&inputs, &["github"]);
        assert!(text.contains("github: is not configured. Set GITHUB_REPOSITORIES"), "{text}");
    }
    let nothing = inputs(&[], "github: {repositories: []}");
    assert_eq!(mistakes(&nothing, &["all"]), "", "it is skipped, not mistaken");
}

#[test]
fn a_file_that_is_no_mapping_is_one_mistake() {
    for file in ["- a\n- b\n", "just text", "a: [", "\u{0}"] {
        let (_, text) = resolve(&inputs(&[], file), &[]);
        assert!(text.starts_with("the configuration has a mistake: orgpulse.yaml: "), "{file:?}: {text}");
    }
    for file in ["", "# only a comment\n", "github:\n"] {
        assert_eq!(resolve(&inputs(&[], file), &[]).1, "", "{file:?}");
    }
}

#[test]
fn a_secret_is_refused_in_the_file_and_never_shown() {
    let (settings, text) = resolve(&inputs(&[("DD_API_KEY", "s3cret-key")], "github: {token: s3cret-token}"), &[]);
    assert!(text.contains("github.token: a secret does not belong into the configuration file"), "{text}");
    let (_, text) = resolve(&inputs(&[("GITHUB_TOKEN", "t")], "github: {token: s3cret-token}"), &[]);
    assert!(text.contains("github.token: a secret does not belong"), "a variable beside it changes nothing: {text}");
    assert_eq!(settings.shown("datadog.api_key").as_deref(), Some("***"));
    assert!(!format!("{settings:?}{text}").contains("s3cret"));
}

#[test]
fn a_secret_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "ghp_fromfile\n").unwrap();
    let path = path.to_str().unwrap();
    let by_variable = inputs(&[("GITHUB_TOKEN_FILE", path)], "");
    let by_key = inputs(&[], &format!("github: {{token_file: {path}}}"));
    for inputs in [by_variable, by_key] {
        let (settings, text) = resolve(&inputs, &[]);
        assert_eq!(text, "");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&settings.secret("github.token").unwrap()), "ghp_fromfile");
    }
    let both = inputs(&[("GITHUB_TOKEN_FILE", path), ("GITHUB_TOKEN", "x")], "");
    assert!(resolve(&both, &[]).1.contains("GITHUB_TOKEN_FILE is set too"));
    let gone = inputs(&[("GITHUB_TOKEN_FILE", "/nowhere/token")], "");
    assert!(
        resolve(&gone, &[]).1.contains("environment: GITHUB_TOKEN_FILE: names a file that cannot be read: /nowhere")
    );
    let gone = inputs(&[], "github: {token_file: /nowhere/token}");
    let text = resolve(&gone, &[]).1;
    assert!(
        text.contains("orgpulse.yaml: github.token_file: names a file that cannot be read: /nowhere/token"),
        "{text}"
    );
}

#[test]
fn a_secret_given_twice_is_the_stronger_one_unless_neither_is_stronger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "of-file").unwrap();
    let path = path.to_str().unwrap();
    let token = |inputs: &Inputs| {
        let (settings, text) = resolve(inputs, &[]);
        let token = settings.secret("github.token");
        token.map_or(text, |token| secrecy::ExposeSecret::expose_secret(&token).to_owned())
    };
    let file = format!("github: {{token_file: {path}}}");
    assert_eq!(token(&inputs(&[("GITHUB_TOKEN", "of-variable")], &file)), "of-variable");
    let mut both = inputs(&[("GITHUB_TOKEN", "of-variable")], "");
    both.dot_env = variables(&[("GITHUB_TOKEN_FILE", path)]);
    assert_eq!(token(&both), "of-variable");
    let mut both = inputs(&[("GITHUB_TOKEN_FILE", path)], "");
    both.dot_env = variables(&[("GITHUB_TOKEN", "of-dot-env")]);
    assert_eq!(token(&both), "of-file");
    both.dot_env = variables(&[("GITHUB_TOKEN", "of-dot-env"), ("GITHUB_TOKEN_FILE", path)]);
    both.environment = variables(&[]);
    assert!(token(&both).contains("GITHUB_TOKEN_FILE is set too"));
}

#[test]
fn every_wrong_item_of_a_list_is_told() {
    let text = resolve(&inputs(&[], "github: {hotfix_labels: [1, good, true, null]}"), &[]).1;
    for words in
        ["item 1 is no text; YAML reads it as 1", "item 3 is no text; YAML reads it as true", "item 4 is no text"]
    {
        assert!(text.contains(words), "{words}\nis not in\n{text}");
    }
}

#[test]
fn what_is_wrong_with_a_long_text_is_told_without_it() {
    for (text, words) in [
        ("{health.x.fom: {worst: [}", "HEALTH_FOM_SCORES: is not valid YAML: "),
        ("just words", "HEALTH_FOM_SCORES: must be YAML: a mapping or a list"),
    ] {
        let told = resolve(&inputs(&[("HEALTH_FOM_SCORES", text)], ""), &[]).1;
        assert!(told.contains(words) && !told.contains(text), "{told}");
    }
}

#[test]
fn a_lookback_that_datadog_has_no_value_of_is_refused() {
    let keys = [("DD_APP_KEY", "a".repeat(40)), ("DD_API_KEY", "b".repeat(32))];
    for (lookback, refused) in [("1s", true), ("59s", true), ("1m", false)] {
        let mut environment: Vec<(&str, &str)> = keys.iter().map(|(name, key)| (*name, key.as_str())).collect();
        environment.push(("HEALTH_FOM_LOOKBACK", lookback));
        let told = mistakes(&inputs(&environment, ""), &["health_fom"]);
        assert_eq!(told.contains("health_fom.lookback: is less than a minute"), refused, "{lookback}: {told}");
    }
}

#[test]
fn the_cure_fits_the_form() {
    for (file, words, never) in [
        ("wandb: {group_keys: {a: b}}", "wandb.group_keys: must be a list of texts", "unknown key"),
        ("github: {token_file: {a: b}}", "github.token_file must be a path", "unknown key"),
        ("wandb: {gpu_hourly_usd: 2.5}", "wandb.gpu_hourly_usd: must be a mapping of names to numbers", "quotes"),
        ("tolerate_partial: 1", "tolerate_partial: must be true or false", "quotes"),
        ("gitlab: {}", "gitlab: unknown key. Known: asana, ", "mean"),
        ("gitlab: {}", "env, ", "mean"),
        ("asana: {xyz: 1}", "asana.xyz: unknown key. Known in asana: access_token_file, ", "mean"),
    ] {
        let text = resolve(&inputs(&[], file), &[]).1;
        assert!(text.contains(words) && !text.contains(never), "{file}: {words}\nis not in\n{text}");
    }
}

#[test]
fn the_address_of_wandb_is_that_of_its_server() {
    for wrong in ["https://wandb.example/graphql", "https://api.wandb.ai/graphql/"] {
        let text = resolve(&inputs(&[("WANDB_BASE_URL", wrong)], ""), &[]).1;
        let right = wrong.trim_end_matches('/').trim_end_matches("/graphql");
        assert!(text.contains("wandb.base_url") && text.contains(&format!("Write it as in {right}")), "{text}");
    }
}

#[test]
fn an_empty_variable_is_unset_but_an_empty_secret_is_a_mistake() {
    let empty = inputs(&[("DD_ENV", ""), ("GITHUB_REPOSITORIES", " ")], "env: staging");
    let (settings, text) = resolve(&empty, &[]);
    assert_eq!((settings.text("env").as_deref(), text.as_str()), (Some("staging"), ""));
    let empty = inputs(&[("GITHUB_TOKEN", ""), ("GITHUB_REPOSITORIES", "acme/widgets")], "");
    let text = mistakes(&empty, &["github"]);
    assert_eq!(text, "the configuration has a mistake: environment: GITHUB_TOKEN: is set but empty");
}

#[test]
fn an_address_with_a_password_is_refused_since_addresses_are_shown() {
    let text = resolve(&inputs(&[("DD_URL", "https://user:s3cret@proxy")], ""), &[]).1;
    assert!(text.contains("DD_URL: must not hold a user or password") && !text.contains("s3cret"), "{text}");
    let text = resolve(&inputs(&[("DD_URL", "https//user:s3cret@proxy")], ""), &[]).1;
    assert!(text.contains("DD_URL: must be an http:// or https:// address") && !text.contains("s3cret"), "{text}");
}

#[test]
fn repositories_without_a_credential_are_a_mistake_except_in_actions() {
    let named = inputs(&[("GITHUB_REPOSITORIES", "acme/widgets")], "");
    assert!(mistakes(&named, &["all"]).contains("there is no credential to read them with"));
    let actions = inputs(&[("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/widgets")], "");
    assert_eq!(mistakes(&actions, &["all"]), "");
    assert!(mistakes(&actions, &["github"]).contains("github: is not configured. Set GITHUB_TOKEN"));
}

#[test]
fn inside_actions_the_repository_at_hand_is_the_default() {
    let actions = [("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "acme/widgets")];
    assert_eq!(resolve(&inputs(&actions, ""), &[]).0.list("github.repositories"), ["acme/widgets"]);
    let elsewhere = [("GITHUB_REPOSITORY", "acme/widgets")];
    assert!(resolve(&inputs(&elsewhere, ""), &[]).0.list("github.repositories").is_empty());
    let chosen = inputs(&actions, "github: {repositories: [acme/other]}");
    assert_eq!(resolve(&chosen, &[]).0.list("github.repositories"), ["acme/other"]);
}

#[test]
fn wrong_repositories_tokens_and_apps_are_told_by_name() {
    for (environment, words) in [
        (vec![("GITHUB_TOKEN", "t"), ("GITHUB_REPOSITORIES", "acme")], "\"acme\" is not a repository (owner/name)"),
        (vec![("GITHUB_TOKEN", "t"), ("GITHUB_REPOSITORIES", "a/b,A/B")], "A/B is listed twice"),
        (vec![("GITHUB_TOKEN", "a b"), ("GITHUB_REPOSITORIES", "a/b")], "no token has"),
        (vec![("GITHUB_APP_ID", "7"), ("GITHUB_REPOSITORIES", "a/b")], "github.app_private_key: is missing"),
        (
            vec![("GITHUB_TOKEN", "t"), ("GITHUB_REPOSITORIES", "a/b"), ("GITHUB_CI_TEST_WORKFLOWS", "[")],
            "github.ci.test_workflows: \"[\" is not a pattern",
        ),
        (vec![("GITHUB_APP_ID", "0"), ("GITHUB_REPOSITORIES", "a/b")], "GITHUB_APP_ID: must be a whole number of at"),
        (
            vec![("GITHUB_TOKEN", "t"), ("GITHUB_APP_ID", "7"), ("GITHUB_APP_PRIVATE_KEY", "k")],
            "a token and a GitHub App are both configured",
        ),
    ] {
        let text = mistakes(&inputs(&environment, ""), &["github"]);
        assert!(text.contains(words), "{words}\nis not in\n{text}");
    }
}

#[test]
fn an_unknown_collector_is_told_with_a_suggestion() {
    let text = mistakes(&Inputs::default(), &["githb"]);
    assert!(text.contains("githb: no such collector. Did you mean github? Known: github"), "{text}");
}

#[test]
fn datadog_is_found_by_its_site() {
    let base = |environment: &[(&str, &str)]| {
        let mut problems = Problems::default();
        let settings = resolve(&inputs(environment, ""), &[]).0;
        match config::datadog::configure(&settings, &mut problems) {
            Configured::Ready(datadog) if problems.is_empty() => datadog.base_url,
            _ => problems.to_string(),
        }
    };
    assert_eq!(base(&[("DD_API_KEY", "k")]), "https://api.datadoghq.com");
    assert_eq!(base(&[("DD_API_KEY", "k"), ("DD_SITE", "us2.ddog-gov.com")]), "https://api.us2.ddog-gov.com");
    assert_eq!(base(&[("DD_API_KEY", "k"), ("DD_URL", "http://127.0.0.1:1/")]), "http://127.0.0.1:1");
    assert!(base(&[("DD_API_KEY", "k"), ("DD_SITE", "https://x/y")]).contains("is not a site"));
    for no_site in ["eu", "EU1", "datadoghq"] {
        let text = base(&[("DD_API_KEY", "k"), ("DD_SITE", no_site)]);
        assert!(text.contains("is not a site") && text.contains("datadoghq.eu"), "{text}");
    }
    assert_eq!(base(&[("DD_API_KEY", "k"), ("DD_SITE", "dd.example")]), "https://api.dd.example");
}

#[test]
fn a_secret_put_where_its_file_should_be_named_is_not_repeated() {
    for slip in [inputs(&[("GITHUB_TOKEN_FILE", "ghp_s3cret")], ""), inputs(&[], "github: {token_file: ghp_s3cret}")] {
        let text = resolve(&slip, &[]).1;
        assert!(text.contains("names a file that cannot be read") && !text.contains("s3cret"), "{text}");
    }
}

#[test]
fn a_section_that_is_no_section_and_a_key_given_twice_are_told() {
    assert!(resolve(&inputs(&[], "github: 3"), &[]).1.contains("github: is a section"));
    let text = resolve(&inputs(&[], "env: a\nenv: b\n"), &[]).1;
    assert!(text.contains("duplicate") && !text.contains("DuplicateKeyPolicy"), "{text}");
}

#[test]
fn an_empty_list_of_repositories_names_none() {
    for empty in [
        inputs(&[("GITHUB_REPOSITORIES", ",,"), ("GITHUB_TOKEN", "t")], ""),
        inputs(&[("GITHUB_TOKEN", "t")], "github: {repositories: []}"),
    ] {
        assert!(mistakes(&empty, &["github"]).contains("github: is not configured. Set GITHUB_REPOSITORIES"));
    }
}

#[test]
fn a_proxy_that_is_none_is_told() {
    for (value, wrong) in [
        ("garbage://x", true),
        ("http://u:p@[bad", true),
        ("nonsense", true),
        ("http://proxy:3128", false),
        ("http://proxy", false),
        ("proxy.example", false),
        ("proxy:3128", false),
        ("", false),
    ] {
        let text = resolve(&inputs(&[("HTTPS_PROXY", value)], ""), &[]).1;
        assert_eq!(text.contains("HTTPS_PROXY: is not the address of a proxy"), wrong, "{value}: {text}");
        assert!(!text.contains("u:p"), "{text}");
    }
}

proptest! {
    #[test]
    fn no_file_makes_it_panic_or_shows_a_secret(file in "[a-z:{}\\[\\], \n.-]{0,60}") {
        let (settings, text) = resolve(&inputs(&[("GITHUB_TOKEN", "s3cret")], &file), &[]);
        let debug = format!("{settings:?}");
        prop_assert!(!text.contains("s3cret") && !debug.contains("s3cret"));
    }
}
