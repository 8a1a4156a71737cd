//! Resolution: default < file < environment < flag, with where each value came from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde_json::Value;

use crate::config::Inputs;
use crate::config::Problems;
use crate::config::file;
use crate::config::map;
use crate::config::map::Numbers;
use crate::config::map::Texts;
use crate::config::problem::did_you_mean;
use crate::config::setting;
use crate::config::setting::Kind;
use crate::config::setting::SETTINGS;
use crate::config::setting::Setting;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A variable of `.env`.
    DotEnv(String),
    /// The file that a secret was read from, and what named it.
    SecretFile(PathBuf, String),
    /// A command-line flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "environment, {name}"),
            Origin::DotEnv(name) => write!(f, ".env, {name}"),
            Origin::SecretFile(path, name) => write!(f, "{}, named by {name}", path.display()),
            Origin::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// A checked value.
#[derive(Debug, Clone)]
enum Checked {
    Text(String),
    Whole(u64),
    Bool(bool),
    Duration(Duration),
    List(Vec<String>),
    Number(f64),
    Numbers(Numbers),
    Texts(Texts),
    Secret(SecretString),
    Address(Address),
}

/// An address, and the user that was in it.
#[derive(Debug, Clone)]
pub struct Address {
    /// Without the user, and without a trailing slash.
    pub address: String,
    /// User and password, as they are sent.
    pub user: Option<(String, SecretString)>,
}

/// All settings that have a value, each checked for its form.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, (Checked, Origin)>,
    mistaken: BTreeSet<&'static str>,
}

impl Settings {
    /// Resolves all settings. Every mistake is noted in `problems`; a setting with a mistake has no value.
    /// `flags` are texts by key, as they would be written in a variable.
    pub fn resolve(inputs: &Inputs, flags: &[(&'static str, &'static str, String)], problems: &mut Problems) -> Self {
        let file = inputs.file.as_ref().map_or_else(BTreeMap::new, |(path, text)| read_file(path, text, problems));
        let mut values = BTreeMap::new();
        let mut mistaken = BTreeSet::new();
        for setting in SETTINGS {
            let found = flags
                .iter()
                .find(|(key, _, _)| *key == setting.key)
                .map(|(_, flag, text)| (parse(setting, text), Origin::Flag(flag)))
                .or_else(|| from_environment(setting, inputs))
                .or_else(|| from_file(setting, &file, inputs))
                .or_else(|| (!setting.default.is_empty()).then(|| (parse(setting, setting.default), Origin::Default)));
            match found {
                Some((Ok(value), origin)) => {
                    values.insert(setting.key, (value, origin));
                }
                Some((Err(why), origin)) => {
                    let (place, name) = match &origin {
                        Origin::File(path) => (path.display().to_string(), setting.key),
                        Origin::DotEnv(_) => (".env".to_owned(), setting.variable),
                        Origin::Flag(flag) => ("command line".to_owned(), *flag),
                        Origin::SecretFile(_, named_by) => ("configuration".to_owned(), named_by.as_str()),
                        Origin::Environment(_) | Origin::Default => ("environment".to_owned(), setting.variable),
                    };
                    problems.add(place, name, why, "");
                    mistaken.insert(setting.key);
                }
                None => {}
            }
        }
        Settings { values, mistaken }
    }

    /// Whether a setting has a value.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether a setting was given, but wrongly; the mistake has been noted.
    pub fn mistaken(&self, key: &str) -> bool {
        self.mistaken.contains(key)
    }

    /// File, "environment", or whatever else a mistake in this setting's value is to be looked for in.
    pub fn place(&self, key: &str) -> String {
        self.origin(key).map_or_else(|| "configuration".to_owned(), Origin::to_string)
    }

    /// Where a setting's value came from.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.get(key).map(|(_, origin)| origin)
    }

    /// A text, choice, address or path.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.values.get(key) {
            Some((Checked::Text(text), _)) => Some(text.clone()),
            _ => None,
        }
    }

    /// A whole number.
    pub fn whole(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some((Checked::Whole(number), _)) => Some(*number),
            _ => None,
        }
    }

    /// A yes or no; no when unset.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some((Checked::Bool(true), _)))
    }

    /// A time.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        match self.values.get(key) {
            Some((Checked::Duration(duration), _)) => Some(*duration),
            _ => None,
        }
    }

    /// A list; empty when unset.
    pub fn list(&self, key: &str) -> Vec<String> {
        match self.values.get(key) {
            Some((Checked::List(list), _)) => list.clone(),
            _ => Vec::new(),
        }
    }

    /// A number.
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.values.get(key) {
            Some((Checked::Number(number), _)) => Some(*number),
            _ => None,
        }
    }

    /// Numbers by name; empty when unset.
    pub fn numbers(&self, key: &str) -> Numbers {
        match self.values.get(key) {
            Some((Checked::Numbers(numbers), _)) => numbers.clone(),
            _ => Numbers::new(),
        }
    }

    /// Texts by name; empty when unset.
    pub fn texts(&self, key: &str) -> Texts {
        match self.values.get(key) {
            Some((Checked::Texts(texts), _)) => texts.clone(),
            _ => Texts::new(),
        }
    }

    /// A secret.
    pub fn secret(&self, key: &str) -> Option<SecretString> {
        match self.values.get(key) {
            Some((Checked::Secret(secret), _)) => Some(secret.clone()),
            _ => None,
        }
    }

    /// An address that may have held a user.
    pub fn address(&self, key: &str) -> Option<Address> {
        match self.values.get(key) {
            Some((Checked::Address(address), _)) => Some(address.clone()),
            _ => None,
        }
    }

    /// The value as `config show` prints it: a secret as `***`, nothing when unset.
    pub fn shown(&self, key: &str) -> Option<String> {
        self.values.get(key).map(|(value, _)| match value {
            Checked::Text(text) => text.clone(),
            Checked::Whole(number) => number.to_string(),
            Checked::Bool(yes) => yes.to_string(),
            Checked::Duration(duration) => format!("{duration:?}"),
            Checked::List(list) => list.join(","),
            Checked::Number(number) => number.to_string(),
            Checked::Numbers(numbers) => map::show(numbers.iter()),
            Checked::Texts(texts) => {
                map::show(texts.iter().flat_map(|(name, texts)| texts.iter().map(move |text| (name, text))))
            }
            Checked::Secret(_) => "***".to_owned(),
            Checked::Address(Address { address, user: None }) => address.clone(),
            Checked::Address(Address { address, user: Some(_) }) => format!("{address} with a user, ***"),
        })
    }

    /// Sets a list that was found elsewhere (GitHub Actions names its repository).
    pub fn set_list(&mut self, key: &'static str, list: Vec<String>, origin: Origin) {
        self.values.insert(key, (Checked::List(list), origin));
    }

    /// Sets a text that was found elsewhere (the standard place for state).
    pub fn set_text(&mut self, key: &'static str, text: String, origin: Origin) {
        self.values.insert(key, (Checked::Text(text), origin));
    }
}

type Found = Option<(Result<Checked, String>, Origin)>;

/// The value of a variable: environment before `.env`. Set but empty means unset, except for a secret, where it is
/// a mistake: a CI that passes on a secret which does not exist sets an empty one.
fn from_environment(setting: &Setting, inputs: &Inputs) -> Found {
    let look = |name: &str| {
        let environment = inputs.environment.get(name).map(|text| (text.clone(), Origin::Environment(name.to_owned())));
        environment.or_else(|| inputs.dot_env.get(name).map(|text| (text.clone(), Origin::DotEnv(name.to_owned()))))
    };
    let direct = look(setting.variable);
    if setting.kind != Kind::Secret {
        return direct
            .filter(|(text, _)| !text.trim().is_empty())
            .map(|(text, origin)| (parse(setting, &text), origin));
    }
    let file_variable = format!("{}_FILE", setting.variable);
    match (direct, look(&file_variable).filter(|(path, _)| !path.is_empty())) {
        (Some((_, origin)), Some(_)) => Some((Err(format!("{file_variable} is set too. Keep one of them")), origin)),
        (Some((text, origin)), None) => Some((parse(setting, &text), origin)),
        (None, Some((path, _))) => Some(read_secret(setting, Path::new(&path), file_variable)),
        (None, None) => None,
    }
}

fn from_file(setting: &Setting, file: &BTreeMap<String, Value>, inputs: &Inputs) -> Found {
    let (path, _) = inputs.file.as_ref()?;
    let origin = Origin::File(path.clone());
    let present = |key: &str| file.get(key).filter(|value| !value.is_null());
    if setting.kind == Kind::Secret {
        let key = setting::secret_file_key(setting);
        return Some(match present(&key)? {
            Value::String(secret) => read_secret(setting, Path::new(secret), key),
            other => (Err(format!("{key} must be {}", not_a_text("a path", other))), origin),
        });
    }
    let parsed = match (setting.kind, present(setting.key)?) {
        (_, Value::String(text)) => parse(setting, text).and_then(without_user),
        (Kind::List, Value::Array(items)) => {
            let text = |item: &Value| match item {
                Value::String(text) => Ok(text.clone()),
                other => Err(format!("must be a list of texts; one item is {}", not_a_text("no text", other))),
            };
            items.iter().map(text).collect::<Result<_, _>>().map(Checked::List)
        }
        (Kind::Numbers, Value::Object(entries)) => map::numbers_of_file(entries).map(Checked::Numbers),
        (Kind::Texts, Value::Object(entries)) => map::texts_of_file(entries).map(Checked::Texts),
        (Kind::Whole(..) | Kind::Duration | Kind::Number, Value::Number(number)) => parse(setting, &number.to_string()),
        (Kind::Bool, Value::Bool(yes)) => Ok(Checked::Bool(*yes)),
        (kind, other) => Err(format!("must be {}", not_a_text(&form(kind), other))),
    };
    Some((parsed, origin))
}

/// The file is kept where secrets are not.
fn without_user(value: Checked) -> Result<Checked, String> {
    match value {
        Checked::Address(Address { user: Some(_), .. }) => {
            Err("must not hold a user or password in the configuration file: set its variable instead".to_owned())
        }
        value => Ok(value),
    }
}

/// What to say of a value that stands where a text should. A number is not taken for its digits: YAML's 1.10 is 1.1, and
/// 007 is 7.
pub(super) fn not_a_text(form: &str, value: &Value) -> String {
    match value {
        Value::Number(_) | Value::Bool(_) => format!("{form}; YAML reads it as {value}: put it in quotes"),
        _ => form.to_owned(),
    }
}

fn read_secret(setting: &Setting, path: &Path, named_by: String) -> (Result<Checked, String>, Origin) {
    let origin = Origin::SecretFile(path.to_owned(), named_by);
    let parsed = match file::read(path) {
        Ok(text) => parse(setting, &text),
        // The path is not repeated: it may be the secret itself, put where its file should be named.
        Err(error) => Err(format!("names a file that cannot be read: {error}")),
    };
    (parsed, origin)
}

/// The file's scalars and lists by dotted key. Unknown keys and secrets are problems.
fn read_file(path: &Path, text: &str, problems: &mut Problems) -> BTreeMap<String, Value> {
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
        let secret_file =
            SETTINGS.iter().any(|s| s.kind == Kind::Secret && setting::secret_file_key(s) == key.as_str());
        match setting::by_key(key) {
            // Also where a stronger source gives the secret: it lies in the file all the same.
            Some(Setting { kind: Kind::Secret, variable, .. }) => {
                let why = "a secret does not belong into the configuration file";
                problems.add(&place, key, why, format!("Set {variable} or {variable}_FILE, or {key}_file here"));
            }
            None if is_section(key) => {
                problems.add(&place, key, "is a section: it must hold keys below it", "See docs/CONFIGURATION.md");
            }
            None if !secret_file => {
                problems.add(&place, key, "unknown key", did_you_mean(key, SETTINGS.iter().map(|s| s.key)));
            }
            _ => {}
        }
    }
    flat
}

fn flatten(key: String, value: Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        // The names in a map are the user's, not keys.
        Value::Object(entries) if !entries.is_empty() && !is_map(&key) => {
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

fn is_map(key: &str) -> bool {
    setting::by_key(key).is_some_and(|setting| matches!(setting.kind, Kind::Numbers | Kind::Texts))
}

fn is_section(key: &str) -> bool {
    SETTINGS.iter().any(|setting| setting.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.')))
}

/// What the reader of YAML found wrong, without its advice to programmers.
fn first_line(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    line.split_once(", set DuplicateKeyPolicy").map_or(line, |(what, _)| what)
}

fn form(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Secret => "a text".to_owned(),
        Kind::Path => "a path".to_owned(),
        Kind::Url | Kind::UrlWithUser => "an http:// or https:// address".to_owned(),
        Kind::Duration => "a time such as 90s or 10m, more than 0, at most 24h".to_owned(),
        Kind::Whole(min, u64::MAX) => format!("a whole number of at least {min}"),
        Kind::Whole(min, max) => format!("a whole number from {min} to {max}"),
        Kind::Bool => "true or false".to_owned(),
        Kind::Choice(words) => format!("one of {}", words.join(", ")),
        Kind::List => "a list of texts".to_owned(),
        Kind::Number => "a number of more than 0".to_owned(),
        Kind::Numbers => "a mapping of names to numbers, in a variable NAME=NUMBER,...".to_owned(),
        Kind::Texts => "a mapping of names to texts, in a variable NAME=TEXT,...".to_owned(),
    }
}

fn parse(setting: &Setting, text: &str) -> Result<Checked, String> {
    let text = text.trim();
    let wrong = || match text.contains('@') && matches!(setting.kind, Kind::Url | Kind::UrlWithUser) {
        // It may hold a password.
        true => format!("must be {}", form(setting.kind)),
        false => format!("must be {}, not {text:?}", form(setting.kind)),
    };
    match setting.kind {
        Kind::Text | Kind::Path => Ok(Checked::Text(text.to_owned())),
        Kind::Url => {
            let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
            if !["http", "https"].contains(&url.scheme()) || url.host_str().is_none() {
                return Err(wrong());
            }
            if !url.username().is_empty() || url.password().is_some() {
                return Err("must not hold a user or password: an address is shown in messages".to_owned());
            }
            if url.query().is_some() || url.fragment().is_some() {
                return Err("must not hold a query or fragment: what is asked for is put behind it".to_owned());
            }
            Ok(Checked::Text(text.trim_end_matches('/').to_owned()))
        }
        // Its text may hold a password, so that no message quotes it.
        Kind::UrlWithUser => address(text).map(Checked::Address).ok_or_else(|| {
            format!("must be {} without a query, with USER:PASSWORD@ before the host or not", form(setting.kind))
        }),
        Kind::Duration => match text.parse::<SignedDuration>().map(Duration::try_from) {
            Ok(Ok(duration)) if !duration.is_zero() && duration <= setting::LONGEST => Ok(Checked::Duration(duration)),
            _ => Err(wrong()),
        },
        Kind::Whole(min, max) => match text.parse() {
            Ok(number) if (min..=max).contains(&number) => Ok(Checked::Whole(number)),
            _ => Err(wrong()),
        },
        Kind::Number => match text.parse() {
            Ok(number) if f64::is_finite(number) && number > 0.0 => Ok(Checked::Number(number)),
            _ => Err(wrong()),
        },
        Kind::Numbers => map::numbers(text).map(Checked::Numbers),
        Kind::Texts => map::texts(text).map(Checked::Texts),
        Kind::Bool => text.parse().map(Checked::Bool).map_err(|_| wrong()),
        Kind::Choice(words) if words.contains(&text) => Ok(Checked::Text(text.to_owned())),
        Kind::Choice(words) => {
            Err(format!("{} {}", wrong(), did_you_mean(text, words.iter().copied())).trim_end().to_owned())
        }
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Checked::List(items.map(str::to_owned).collect()))
        }
        Kind::Secret if text.is_empty() => Err("is set but empty".to_owned()),
        Kind::Secret => Ok(Checked::Secret(SecretString::from(text))),
    }
}

/// Divides an address into itself and the user in it.
fn address(text: &str) -> Option<Address> {
    let mut url = reqwest::Url::parse(text).ok()?;
    if !["http", "https"].contains(&url.scheme()) || url.query().is_some() || url.fragment().is_some() {
        return None;
    }
    let plain = |part: &str| percent_decode_str(part).decode_utf8().map(|part| part.into_owned()).ok();
    let (name, password) = (plain(url.username())?, plain(url.password().unwrap_or_default())?);
    let user = (!name.is_empty() || !password.is_empty()).then(|| (name, SecretString::from(password)));
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(Address { address: url.as_str().trim_end_matches('/').to_owned(), user })
}
