//! The text of the configuration file: its values by dotted key, and what to say of a key that is none.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::config::Problems;
use crate::config::problem::did_you_mean;
use crate::config::secrets;
use crate::config::setting;
use crate::config::setting::Kind;
use crate::config::setting::SETTINGS;
use crate::config::setting::Setting;

/// The file's scalars and lists by dotted key. Unknown keys and secrets are problems.
pub fn read(path: &Path, text: &str, problems: &mut Problems) -> BTreeMap<String, Value> {
    let place = path.display().to_string();
    let mut flat = BTreeMap::new();
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return flat;
    }
    match serde_saphyr::from_str::<Value>(text) {
        Ok(Value::Object(entries)) => {
            for (key, value) in entries {
                flatten(key, value, &mut flat);
            }
        }
        Ok(_) => problems.add(&place, "", "must be a mapping of keys to values", "See docs/CONFIGURATION.md"),
        Err(error) => problems.add(&place, "", format!("is not valid YAML: {}", first_line(&error.to_string())), ""),
    }
    for key in flat.keys() {
        match setting::by_key(key) {
            // Also where a stronger source gives the secret: it lies in the file all the same.
            Some(Setting { kind: Kind::Secret, variable, .. }) => {
                let why = "a secret does not belong into the configuration file";
                problems.add(&place, key, why, format!("Set {variable} or {variable}_FILE, or {key}_file here"));
            }
            None if is_section(key) => {
                problems.add(&place, key, "is a section: it must hold keys below it", "See docs/CONFIGURATION.md");
            }
            None if !is_setting(key) => problems.add(&place, key, "unknown key", meant(key)),
            _ => {}
        }
    }
    flat
}

/// The key that was likely meant, else the known ones beside it.
fn meant(key: &str) -> String {
    let section = key.split_once('.').map(|(section, _)| section).filter(|section| is_section(section));
    let names: BTreeSet<String> = SETTINGS
        .iter()
        .filter_map(|setting| {
            let name =
                if setting.kind == Kind::Secret { setting::secret_file_key(setting) } else { setting.key.to_owned() };
            match section {
                Some(section) => name.strip_prefix(section)?.strip_prefix('.').map(str::to_owned),
                None => name.split('.').next().map(str::to_owned),
            }
        })
        .collect();
    // What a section's keys have in common would make any two of them alike.
    let near = match section {
        Some(section) => did_you_mean(&key[section.len() + 1..], names.iter().map(String::as_str)),
        None => did_you_mean(key, SETTINGS.iter().map(|setting| setting.key)),
    };
    let list = || names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    match section {
        _ if !near.is_empty() => near,
        Some(section) => format!("Known in {section}: {}", list()),
        None => format!("Known: {}", list()),
    }
}

fn flatten(key: String, value: Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        // The names in a map are the user's, not keys; a map in the place of another value is told as such.
        Value::Object(entries) if !entries.is_empty() && !is_setting(&key) => {
            for (inner, value) in entries {
                flatten(format!("{key}.{inner}"), value, flat);
            }
        }
        // `github:` with nothing below it is an empty section.
        Value::Null if is_section(&key) => {}
        value => {
            flat.insert(key, value);
        }
    }
}

fn is_setting(key: &str) -> bool {
    let names_file = |setting: &Setting| setting.kind == Kind::Secret && setting::secret_file_key(setting) == key;
    let names_secret = |setting: &Setting| secrets::may_hold(setting) && secrets::key_of(setting) == key;
    SETTINGS.iter().any(|setting| setting.key == key || names_file(setting) || names_secret(setting))
}

fn is_section(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

/// What the reader of YAML found wrong, without its advice to programmers.
pub(super) fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.split_once(", set DuplicateKeyPolicy").map_or(line, |(what, _)| what)
}
