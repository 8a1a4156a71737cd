//! Settings of the Asana collector.

use std::collections::BTreeSet;

use asana::Asana;
use asana::Config;
use collector::BoxedCollector;
use jiff::tz::TimeZone;
use jiff::tz::TimeZoneDatabase;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use crate::config::Configured;
use crate::config::Problems;
use crate::config::Settings;
use crate::config::problem::capital;

const TOKEN: &str = "asana.access_token";
const WORKSPACE: &str = "asana.workspace";
const PROJECTS: &str = "asana.projects";
const BUGS_PROJECT: &str = "asana.bugs_project";
const TIME_ZONE: &str = "asana.timezone";
const SET_TOKEN: &str = "set ASANA_ACCESS_TOKEN to a token that may read the workspace";
const SET_WORKSPACE: &str = "set ASANA_WORKSPACE to the gid of the workspace (or asana.workspace in the file)";

/// The collector that the settings describe. A workspace without a token, or projects without a workspace, are a
/// mistake, not a source that is not configured: a forgotten secret must not end in a run that calls itself complete.
pub fn configure(settings: &Settings, problems: &mut Problems) -> Configured<Box<dyn BoxedCollector>> {
    let token = token(settings, problems);
    let workspace = settings.text(WORKSPACE);
    let workspace = workspace.filter(|text| is_gid(WORKSPACE, text, settings, problems));
    let bugs_project = settings.text(BUGS_PROJECT);
    let bugs_project = bugs_project.filter(|text| is_gid(BUGS_PROJECT, text, settings, problems));
    let projects = projects(settings, problems);
    let time_zone = time_zone(settings, problems);
    let mut missing = Vec::new();
    for (key, cure) in [(TOKEN, SET_TOKEN), (WORKSPACE, SET_WORKSPACE)] {
        // One that was given wrongly has been told already.
        if settings.has(key) || settings.mistaken(key) {
            continue;
        }
        missing.push(cure.to_owned());
        let named = [WORKSPACE, PROJECTS, BUGS_PROJECT].into_iter().find(|named| settings.has(named));
        if let Some(named) = named {
            let what = if key == TOKEN { "no token to read it with" } else { "no workspace" };
            problems.add(settings.place(named), named, format!("is set, but there is {what}"), capital(cure));
        }
    }
    match (token, workspace) {
        (Some(access_token), Some(workspace)) => {
            let url = settings.text("asana.url").unwrap_or_default();
            let config = Config { url, access_token, workspace, projects, bugs_project, time_zone };
            Configured::Ready(Asana::boxed(config))
        }
        _ => Configured::Missing(missing),
    }
}

/// The token, if a header can hold it.
fn token(settings: &Settings, problems: &mut Problems) -> Option<SecretString> {
    let token = settings.secret(TOKEN)?;
    if token.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
        return Some(token);
    }
    let why = "holds a space, line break or other character that no token has";
    problems.add(settings.place(TOKEN), TOKEN, why, "Copy it again");
    None
}

fn projects(settings: &Settings, problems: &mut Problems) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut projects = settings.list(PROJECTS);
    // An empty list would mean every project.
    if settings.has(PROJECTS) && projects.is_empty() {
        problems.add(settings.place(PROJECTS), PROJECTS, "names no project", "Leave it out to count all of them");
    }
    projects.retain(|text| is_gid(PROJECTS, text, settings, problems));
    for text in &projects {
        if !seen.insert(text) {
            problems.add(settings.place(PROJECTS), PROJECTS, format!("{text} is listed twice"), "Name it once");
        }
    }
    projects
}

/// Whether a text is a gid; else it is a problem. Names are what people try, and Asana's are not unique.
fn is_gid(key: &'static str, text: &str, settings: &Settings, problems: &mut Problems) -> bool {
    let digits = !text.is_empty() && text.len() <= 32 && text.chars().all(|c| c.is_ascii_digit());
    if !digits {
        let instead = match text {
            text if text.contains("://") => ", not the address".to_owned(),
            // It may be the token, in the wrong place.
            text if text.contains(['/', ':']) || text.chars().count() > 32 => String::new(),
            text => format!(", not {text:?}"),
        };
        let why = format!("must be a gid, the digits of its address in Asana{instead}");
        problems.add(settings.place(key), key, why, "See how to find it in collectors/asana/README.md");
    }
    digits
}

fn time_zone(settings: &Settings, problems: &mut Problems) -> TimeZone {
    let Some(name) = settings.text(TIME_ZONE) else { return TimeZone::UTC };
    zone(&name).unwrap_or_else(|| {
        let why = format!("is no time zone: {name:?}");
        problems.add(settings.place(TIME_ZONE), TIME_ZONE, why, "Write it as in Europe/Berlin or UTC");
        TimeZone::UTC
    })
}

/// A zone by its name, with the rules of the system if it has any. Only names of the program's own list are taken: the
/// system's folder also holds things by names like right/Europe/Berlin, which counts leap seconds.
fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown())?;
    TimeZone::get(name).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config;
    use crate::config::Inputs;

    /// Whether it is configured, what is missing, and the problems.
    fn configured(environment: &[(&str, &str)]) -> (bool, Vec<String>, String) {
        let inputs = Inputs {
            environment: environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            dot_env: BTreeMap::new(),
            file: None,
        };
        let mut problems = Problems::default();
        let settings = config::resolve(&inputs, &[], &mut problems);
        let (ready, missing) = match configure(&settings, &mut problems) {
            Configured::Ready(_) => (true, Vec::new()),
            Configured::Missing(missing) => (false, missing),
        };
        (ready, missing, if problems.is_empty() { String::new() } else { problems.to_string() })
    }

    const GOOD: [(&str, &str); 2] = [("ASANA_ACCESS_TOKEN", "2/120/s3cret"), ("ASANA_WORKSPACE", "1204")];

    #[test]
    fn a_token_and_a_workspace_are_enough() {
        assert_eq!(configured(&GOOD), (true, Vec::new(), String::new()));
        let all = [
            ("ASANA_PROJECTS", "11, 12"),
            ("ASANA_BUGS_PROJECT", "12"),
            ("ASANA_TIMEZONE", "America/New_York"),
            ("ASANA_URL", "http://127.0.0.1:1/api/1.0"),
        ];
        assert_eq!(configured(&[&GOOD[..], &all[..]].concat()), (true, Vec::new(), String::new()));
    }

    #[test]
    fn without_anything_it_is_not_configured_and_half_of_it_is_a_mistake() {
        let (ready, missing, problems) = configured(&[]);
        assert_eq!((ready, missing.len(), problems.as_str()), (false, 2, ""));
        // A token alone may be there for something else.
        let (ready, missing, problems) = configured(&GOOD[..1]);
        assert_eq!((ready, missing.len(), problems.as_str()), (false, 1, ""));
        assert!(missing[0].contains("ASANA_WORKSPACE"));
        let (ready, _, problems) = configured(&GOOD[1..]);
        assert!(!ready && problems.contains("Set ASANA_ACCESS_TOKEN"), "{problems}");
        for more in [("ASANA_PROJECTS", "11"), ("ASANA_BUGS_PROJECT", "11")] {
            let (ready, _, problems) = configured(&[GOOD[0], more]);
            assert!(!ready && problems.contains("there is no workspace"), "{problems}");
        }
    }

    #[test]
    fn what_is_no_gid_no_time_zone_or_no_token_is_refused() {
        for (name, value, words) in [
            ("ASANA_WORKSPACE", "Acme", "must be a gid"),
            ("ASANA_PROJECTS", "11,Website", "not \"Website\""),
            ("ASANA_PROJECTS", "11,11", "listed twice"),
            ("ASANA_PROJECTS", ",", "names no project"),
            ("ASANA_BUGS_PROJECT", "11/list", "must be a gid"),
            ("ASANA_TIMEZONE", "Berlin", "is no time zone"),
            ("ASANA_ACCESS_TOKEN", "2/120 s3cret", "that no token has"),
            ("ASANA_URL", "app.asana.com", "http:// or https://"),
            ("ASANA_URL", "https://app.asana.com/api/1.0?opt_pretty", "query"),
            ("ASANA_URL", "https://app.asana.com/api/1.0#top", "query"),
            // Both variables in each other's place.
            ("ASANA_WORKSPACE", "2/120/s3cret", "must be a gid"),
            ("ASANA_PROJECTS", "11,0/s3cret", "must be a gid"),
            ("ASANA_BUGS_PROJECT", "s3cret0123456789s3cret0123456789s3cret", "must be a gid"),
            ("ASANA_BUGS_PROJECT", "https://app.asana.com/0/11/list", "address"),
            ("ASANA_TIMEZONE", "Etc/Unknown", "is no time zone"),
            ("ASANA_TIMEZONE", "right/Europe/Berlin", "is no time zone"),
            ("ASANA_TIMEZONE", "+01:00", "is no time zone"),
        ] {
            let mut environment: Vec<(&str, &str)> = GOOD.into_iter().filter(|(other, _)| *other != name).collect();
            environment.push((name, value));
            let (_, _, problems) = configured(&environment);
            assert!(problems.contains(words) && !problems.contains("s3cret"), "{name}={value}: {problems}");
        }
    }

    #[test]
    fn every_time_zone_is_there_wherever_the_program_runs() {
        // Those of the system may be missing in an image: the program brings its own.
        let bundled = TimeZoneDatabase::bundled();
        for name in ["Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "UTC"] {
            assert!(bundled.get(name).is_ok(), "{name}");
        }
    }
}
