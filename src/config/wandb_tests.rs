use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;
use crate::config;
use crate::config::Inputs;

fn configured(environment: &[(&str, &str)], file: &str) -> (Settings, Configured<Box<dyn BoxedCollector>>, String) {
    let inputs = Inputs {
        environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        dot_env: BTreeMap::new(),
        file: Some((PathBuf::from("orgpulse.yaml"), file.to_owned())),
    };
    let mut problems = Problems::default();
    let settings = config::resolve(&inputs, &[], &mut problems);
    let configured = configure(&settings, &mut problems);
    (settings, configured, if problems.is_empty() { String::new() } else { problems.to_string() })
}

const API_KEY: (&str, &str) = ("WANDB_API_KEY", "0123456789012345678901234567890123456789");
const ONE: (&str, &str) = ("WANDB_PROJECTS", "acme/vision");

#[test]
fn two_variables_are_enough() {
    let (settings, collector, problems) = configured(&[API_KEY, ONE], "");
    assert_eq!(problems, "");
    let Configured::Ready(collector) = collector else { panic!("not configured") };
    // 11 of the project; 4 of each of two groups, and one of each of their four keys.
    assert_eq!((collector.name(), collector.max_series()), ("wandb", 11 + 2 * (4 + 4)));
    assert_eq!(settings.shown("wandb.base_url").as_deref(), Some("https://api.wandb.ai"));
    let groups = settings.texts(GROUPS);
    assert_eq!(groups["push_to_main"], ["name:github.sky.*"]);
    assert_eq!(groups["sweep"], ["sweep", "name:*.sweep*"]);
    assert!(settings.numbers("wandb.gpu_hourly_usd").is_empty());
}

#[test]
fn what_is_structured_is_in_the_file_or_a_variable() {
    let file = "
wandb:
  projects: [acme/vision, acme/speech]
  accuracy_scale: 100
  groups:
    nightly: 'name:nightly-*'
    prod: ['tag:prod', sweep]
  gpu_hourly_usd: {H100: 2.49, default: 1}
";
    let (settings, collector, problems) = configured(&[API_KEY], file);
    assert_eq!(problems, "");
    let Configured::Ready(collector) = collector else { panic!("not configured") };
    assert_eq!(collector.max_series(), 2 * (11 + 2 * (4 + 4)));
    assert_eq!(settings.shown(GROUPS).as_deref(), Some("nightly=name:nightly-*,prod=tag:prod,prod=sweep"));
    assert_eq!(settings.shown("wandb.gpu_hourly_usd").as_deref(), Some("H100=2.49,default=1"));
    assert_eq!(settings.number("wandb.accuracy_scale"), Some(100.0));
    let variables = [API_KEY, ("WANDB_GROUPS", "all=name:*"), ("WANDB_GPU_HOURLY_USD", "A100=1.5")];
    let (settings, _, problems) = configured(&variables, file);
    assert_eq!(problems, "");
    assert_eq!(settings.shown(GROUPS).as_deref(), Some("all=name:*"));
    assert_eq!(settings.numbers("wandb.gpu_hourly_usd"), BTreeMap::from([("A100".to_owned(), 1.5)]));
    let (settings, collector, problems) = configured(&[API_KEY, ONE], "wandb: {groups: {}}");
    assert_eq!((settings.texts(GROUPS).len(), problems.as_str()), (0, ""));
    let Configured::Ready(collector) = collector else { panic!("not configured") };
    assert_eq!(collector.max_series(), 11, "an empty mapping is no group");
}

#[test]
fn mistakes_are_told_by_name() {
    for (environment, file, words) in [
        (vec![API_KEY, ("WANDB_PROJECTS", "vision")], "", "\"vision\" is not a project (entity/project)"),
        (vec![API_KEY, ("WANDB_PROJECTS", "a/b,a/b")], "", "a/b is listed twice"),
        (vec![API_KEY, ("WANDB_PROJECTS", "a/b,A/b")], "", "A/b is listed twice"),
        (vec![API_KEY, ONE, ("WANDB_GROUP_KEYS", "a,b,A")], "", "A is listed twice"),
        (vec![API_KEY, ONE, ("WANDB_GROUPS", "n=sweep,N=tag:x")], "", "n is listed twice"),
        (vec![API_KEY, ONE, ("WANDB_GPU_HOURLY_USD", "H100=1,h100=2")], "", "h100 is listed twice"),
        (vec![API_KEY, ONE, ("WANDB_GPU_HOURLY_USD", "Default=1")], "", "Default is written default"),
        (vec![API_KEY, ONE, ("WANDB_BASE_URL", "https://w.example/?a=b")], "", "WANDB_BASE_URL: must not hold a query"),
        (vec![API_KEY, ONE, ("WANDB_BASE_URL", "https://w.example/#x")], "", "WANDB_BASE_URL: must not hold a query"),
        (vec![API_KEY, ONE], "wandb: {loss_keys: [loss, '']}", "wandb.loss_keys: an item is empty"),
        (vec![API_KEY, ONE], "wandb: {accuracy_keys: [' acc']}", "wandb.accuracy_keys: \" acc\" has a space at an end"),
        (vec![ONE], "", "wandb.projects: names projects, but there is no API key to read them with. Set WANDB_API_KEY"),
        (vec![ONE, ("WANDB_API_KEY", "a b")], "", "wandb.api_key: holds a space"),
        (vec![API_KEY, ONE, ("WANDB_GROUPS", "x=github.*")], "", "the group \"x\": \"github.*\" selects no runs"),
        (vec![API_KEY, ONE, ("WANDB_GROUPS", "x=name:[")], "", "the group \"x\": \"[\" is not a pattern"),
        (vec![API_KEY, ONE, ("WANDB_GROUPS", "sweep")], "", "WANDB_GROUPS: must be NAME=VALUE"),
        (
            vec![API_KEY, ONE, ("WANDB_ACCURACY_SCALE", "0")],
            "",
            "WANDB_ACCURACY_SCALE: must be a number of more than 0",
        ),
        (vec![API_KEY, ONE, ("WANDB_ACCURACY_DIRECTION", "mx")], "", "must be one of max, min, not \"mx\""),
        (
            vec![API_KEY, ONE],
            "wandb: {gpu_hourly_usd: {H100: cheap}}",
            "the entry \"H100\" must be a number of 0 or more",
        ),
        (
            vec![API_KEY, ONE],
            "wandb: {gpu_hourly_usd: 3}",
            "wandb.gpu_hourly_usd: must be a mapping of names to numbers",
        ),
        (vec![API_KEY, ONE], "wandb: {groups: [a]}", "wandb.groups: must be a mapping of names to texts"),
        (vec![API_KEY, ONE], "wandb: {groups: {a: 7}}", "wandb.groups: the entry \"a\" must be"),
        (vec![API_KEY, ONE], "wandb: {group: {a: b}}", "wandb.group.a: unknown key"),
        (vec![API_KEY, ONE], "wandb: {loss_scale: -1}", "wandb.loss_scale: must be a number of more than 0"),
    ] {
        let (_, _, text) = configured(&environment, file);
        assert!(text.contains(words), "{words}\nis not in\n{text}");
        assert!(!text.contains(API_KEY.1));
    }
}

#[test]
fn without_projects_it_is_not_configured() {
    for environment in [vec![], vec![API_KEY], vec![API_KEY, ("WANDB_PROJECTS", ",")]] {
        let (_, collector, problems) = configured(&environment, "");
        assert_eq!(problems, "");
        let Configured::Missing(missing) = collector else { panic!("configured") };
        assert!(missing[0].contains("WANDB_PROJECTS"), "{missing:?}");
    }
}
