//! Settings of the EC2 collector.

use std::path::PathBuf;

use collector::BoxedCollector;
use ec2::Config;
use ec2::Ec2;
use ec2::PriceFile;
use ec2::Regions;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::aws;

const REGIONS: &str = "ec2.regions";
const PRICE_FILE: &str = "ec2.price_file";
const IDLE_CPU_PCT: &str = "ec2.idle_cpu_pct";
const ALL: &str = "all";
const NONE: &str = "none";

/// The collector that the settings describe.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    match config(settings, problems) {
        Ok(config) => Configured::Ready(Ec2::boxed(config)),
        Err(missing) => Configured::Missing(missing),
    }
}

/// The IAM actions that the collector takes; none when it is not configured. They know no narrower resource than `*`.
pub fn actions(settings: &Settings) -> Vec<&'static str> {
    let config = config(settings, &mut Problems::default());
    config.map_or_else(|_| Vec::new(), |config| ec2::permissions(&config).iter().map(|one| one.action).collect())
}

/// What the collector is told, or what to set.
pub fn config(settings: &Settings, problems: &mut Problems) -> Result<Config, Vec<String>> {
    let (home, regions) = regions(settings, problems)?;
    Ok(Config {
        access: aws::access(settings, &home, problems),
        regions,
        price_file: price_file(settings, problems),
        idle: settings.flag("ec2.idle"),
        idle_cpu_pct: idle_cpu_pct(settings, problems),
        state_dir: settings.text("state_dir").map(PathBuf::from),
    })
}

/// The region to ask first, and those to read; or what to set.
fn regions(settings: &Settings, problems: &mut Problems) -> Result<(String, Regions), Vec<String>> {
    let home = settings.text(aws::REGION);
    if let Some(home) = &home {
        aws::check_region(home, aws::REGION, settings, problems);
    }
    let mut names: Vec<String> = Vec::new();
    for name in settings.list(REGIONS) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if let Some(word) = names.iter().find(|name| [ALL, NONE].contains(&name.as_str()))
        && names.len() > 1
    {
        let why = format!("names other regions beside `{word}`");
        problems.add(settings.place(REGIONS), REGIONS, why, format!("Write `{word}` alone, or leave it out"));
        return Err(Vec::new());
    }
    match (names.first().map(String::as_str), home) {
        (Some(NONE), _) => Err(vec!["ec2.regions (EC2_REGIONS) is none; name regions, or all".to_owned()]),
        (Some(ALL), Some(home)) => Ok((home, Regions::All)),
        (Some(ALL), None) => {
            let why = "is all, but there is no region to ask which are enabled";
            problems.add(settings.place(REGIONS), REGIONS, why, "Set AWS_REGION");
            Err(Vec::new())
        }
        (Some(first), home) => {
            names.iter().for_each(|name| aws::check_region(name, REGIONS, settings, problems));
            Ok((home.unwrap_or_else(|| first.to_owned()), Regions::Named(names.clone())))
        }
        (None, Some(home)) => Ok((home.clone(), Regions::Named(vec![home]))),
        (None, None) => {
            Err(vec!["set EC2_REGIONS=eu-central-1,... (or ec2.regions in the file), or AWS_REGION".to_owned()])
        }
    }
}

/// Percent.
fn idle_cpu_pct(settings: &Settings, problems: &mut Problems) -> f64 {
    let limit = settings.number(IDLE_CPU_PCT).unwrap_or_default();
    if limit > 100.0 {
        problems.add(settings.place(IDLE_CPU_PCT), IDLE_CPU_PCT, "is more than 100 percent", "Write it as in 5 or 2.5");
    }
    limit
}

fn price_file(settings: &Settings, problems: &mut Problems) -> Option<PriceFile> {
    let path = settings.text(PRICE_FILE)?;
    let read = std::fs::read_to_string(&path).map_err(|error| format!("cannot be read ({error})"));
    match read.and_then(|text| PriceFile::parse(&text)) {
        Ok(prices) => Some(prices),
        Err(why) => {
            problems.add(settings.place(PRICE_FILE), PRICE_FILE, format!("{path}: {why}"), "");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use secrecy::ExposeSecret;

    use super::*;
    use crate::config;
    use crate::config::Inputs;

    /// The configuration, or what is missing; and the mistakes.
    fn of(environment: &[(&str, &str)]) -> (Result<Config, Vec<String>>, String) {
        let inputs = Inputs {
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            dot_env: BTreeMap::new(),
            file: None,
        };
        let mut problems = Problems::default();
        let settings = config::resolve(&inputs, &[], &mut problems);
        let config = config(&settings, &mut problems);
        (config, if problems.is_empty() { String::new() } else { problems.to_string() })
    }

    #[test]
    fn regions_are_named_or_all_or_the_one_at_hand() {
        let named = |names: &[&str]| Regions::Named(names.iter().map(|name| (*name).to_owned()).collect());
        for (region, list, home, regions) in [
            ("eu-west-1", "", "eu-west-1", named(&["eu-west-1"])),
            ("", "eu-central-1, us-east-1", "eu-central-1", named(&["eu-central-1", "us-east-1"])),
            ("eu-west-1", "us-east-1,us-east-1", "eu-west-1", named(&["us-east-1"])),
            ("eu-west-1", "all", "eu-west-1", Regions::All),
            ("us-gov-west-1", "", "us-gov-west-1", named(&["us-gov-west-1"])),
        ] {
            let (config, problems) = of(&[("AWS_REGION", region), ("EC2_REGIONS", list)]);
            let config = config.unwrap();
            assert_eq!(problems, "");
            assert_eq!((config.access.home.as_str(), config.regions), (home, regions), "{region} {list}");
        }
    }

    #[test]
    fn without_a_region_or_with_none_it_is_not_configured() {
        for (region, list, words) in
            [("", "", "set EC2_REGIONS"), ("eu-west-1", "none", "is none"), ("", "none", "is none")]
        {
            let (config, problems) = of(&[("AWS_REGION", region), ("EC2_REGIONS", list)]);
            assert_eq!(problems, "");
            assert!(config.unwrap_err()[0].contains(words), "{region} {list}");
        }
    }

    #[test]
    fn what_is_no_region_is_told() {
        for (region, list, words) in [
            ("eu-west-1", "all,us-east-1", "Write `all` alone"),
            ("eu-west-1", "us-east-1,none", "Write `none` alone"),
            ("", "all", "Set AWS_REGION"),
            ("", "frankfurt", "\"frankfurt\" is no region"),
            ("", "EU-CENTRAL-1", "is no region"),
            ("eu-west-1.evil.example", "us-east-1", "is no region"),
            ("", "eu-central-1a", "is no region"),
        ] {
            let (_, problems) = of(&[("AWS_REGION", region), ("EC2_REGIONS", list)]);
            assert!(problems.contains(words), "{region} {list}: {problems}");
        }
    }

    const REGION: (&str, &str) = ("AWS_REGION", "eu-west-1");
    const ID: (&str, &str) = ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
    const SECRET: (&str, &str) = ("AWS_SECRET_ACCESS_KEY", "s3cretS3CRET");

    #[test]
    fn an_access_key_is_whole_or_not_there() {
        let (config, problems) = of(&[REGION]);
        assert!(problems.is_empty() && config.unwrap().access.keys.is_none());
        let (config, problems) = of(&[REGION, ID, SECRET, ("AWS_SESSION_TOKEN", "t0ken")]);
        assert_eq!(problems, "");
        let keys = config.unwrap().access.keys.unwrap();
        assert_eq!((keys.id.expose_secret(), keys.secret.expose_secret()), (ID.1, SECRET.1));
        assert_eq!(keys.session_token.unwrap().expose_secret(), "t0ken");
        for (half, lacking) in [(ID, &["AWS_SECRET_ACCESS_KEY"][..]), (SECRET, &["AWS_ACCESS_KEY_ID"])] {
            let (_, problems) = of(&[REGION, half]);
            assert!(lacking.iter().all(|name| problems.contains(&format!("Set {name}"))), "{problems}");
            assert!(!problems.contains("s3cret"));
        }
        let (_, problems) = of(&[REGION, ("AWS_SESSION_TOKEN", "t0ken")]);
        assert!(
            problems.contains("Set AWS_ACCESS_KEY_ID") && problems.contains("Set AWS_SECRET_ACCESS_KEY"),
            "{problems}"
        );
        let (_, problems) = of(&[REGION, ID, ("AWS_SECRET_ACCESS_KEY", "s3cret s3cret")]);
        assert!(problems.contains("no access key has") && !problems.contains("s3cret"), "{problems}");
    }

    #[test]
    fn idleness_has_a_switch_and_a_limit() {
        let (config, _) = of(&[REGION]);
        let config = config.unwrap();
        assert!(config.idle && config.idle_cpu_pct == 5.0);
        let (config, _) = of(&[REGION, ("EC2_IDLE", "false"), ("EC2_IDLE_CPU_PCT", "2.5")]);
        let config = config.unwrap();
        assert!(!config.idle && config.idle_cpu_pct == 2.5);
        let (_, problems) = of(&[REGION, ("EC2_IDLE_CPU_PCT", "101")]);
        assert!(problems.contains("is more than 100 percent"), "{problems}");
    }

    #[test]
    fn the_price_file_is_read_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.yaml");
        let path = path.to_str().unwrap();
        let (_, problems) = of(&[REGION, ("EC2_PRICE_FILE", path)]);
        assert!(problems.contains("cannot be read"), "{problems}");
        std::fs::write(path, "on_demand: [{type: m5.large, region: eu-west-1, price: free}]").unwrap();
        let (_, problems) = of(&[REGION, ("EC2_PRICE_FILE", path)]);
        assert!(problems.contains("prices.yaml: "), "{problems}");
        std::fs::write(path, "on_demand: [{type: m5.large, region: eu-west-1, price: 0.1}]").unwrap();
        let (config, problems) = of(&[REGION, ("EC2_PRICE_FILE", path)]);
        assert_eq!(problems, "");
        assert!(config.unwrap().price_file.is_some());
    }
}
