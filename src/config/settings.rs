//! Resolution: default < file < environment < flag, with where each value came from.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;

use crate::config::Inputs;
use crate::config::Problems;
use crate::config::checked::Address;
use crate::config::checked::Checked;
use crate::config::checked::form;
use crate::config::checked::parse;
use crate::config::file;
use crate::config::keys;
use crate::config::map;
use crate::config::map::Numbers;
use crate::config::map::Texts;
use crate::config::secrets;
use crate::config::secrets::Reference;
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
    /// The secret of AWS Secrets Manager, and what named it.
    SecretsManager(String, String),
    /// A command-line flag.
    Flag(&'static str),
}

impl Origin {
    fn is_dot_env(&self) -> bool {
        matches!(self, Origin::DotEnv(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::File(path) => write!(f, "{}", path.display()),
            Origin::Environment(name) => write!(f, "environment, {name}"),
            Origin::DotEnv(name) => write!(f, ".env, {name}"),
            Origin::SecretFile(path, name) => write!(f, "{}, named by {name}", path.display()),
            Origin::SecretsManager(secret, name) => write!(f, "AWS Secrets Manager, {secret}, named by {name}"),
            Origin::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// All settings that have a value, each checked for its form.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, (Checked, Origin)>,
    mistaken: BTreeSet<&'static str>,
    /// Secrets that are not to be asked for under a default name.
    declined: BTreeSet<&'static str>,
}

impl Settings {
    /// Resolves all settings. Every mistake is noted in `problems`; a setting with a mistake has no value.
    /// `flags` are texts by key, as they would be written in a variable.
    pub fn resolve(inputs: &Inputs, flags: &[(&'static str, &'static str, String)], problems: &mut Problems) -> Self {
        let file = inputs.file.as_ref().map_or_else(BTreeMap::new, |(path, text)| keys::read(path, text, problems));
        let mut values = BTreeMap::new();
        let mut mistaken = BTreeSet::new();
        let declined = SETTINGS.iter().filter(|setting| declines(setting, &file, inputs)).map(|setting| setting.key);
        let declined = declined.collect();
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
                        Origin::SecretFile(_, named_by) | Origin::SecretsManager(_, named_by) => {
                            (inputs.place(named_by), named_by.as_str())
                        }
                        Origin::Environment(_) | Origin::Default => ("environment".to_owned(), setting.variable),
                    };
                    problems.add(place, name, why, "");
                    mistaken.insert(setting.key);
                }
                None => {}
            }
        }
        Settings { values, mistaken, declined }
    }

    /// Whether a setting has a value.
    pub fn has(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    /// Whether a setting was given, but wrongly; the mistake has been noted.
    pub fn mistaken(&self, key: &str) -> bool {
        self.mistaken.contains(key)
    }

    /// Whether a secret was said not to be in AWS Secrets Manager.
    pub fn declined(&self, key: &str) -> bool {
        self.declined.contains(key)
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

    /// A structure, whose reader checks it.
    pub fn declarations(&self, key: &str) -> Option<&Value> {
        match self.values.get(key) {
            Some((Checked::Declarations(value), _)) => Some(value),
            _ => None,
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
            Checked::Declarations(value) => value.to_string(),
            Checked::Numbers(numbers) => map::show(numbers.iter()),
            Checked::Texts(texts) => {
                map::show(texts.iter().flat_map(|(name, texts)| texts.iter().map(move |text| (name, text))))
            }
            Checked::Secret(_) | Checked::Awaited(_) => "***".to_owned(),
            Checked::Address(Address { address, user: None }) => address.clone(),
            Checked::Address(Address { address, user: Some(_) }) => format!("{address} with a user, ***"),
        })
    }

    /// The secret of AWS Secrets Manager that is to be asked for, before the setting has a value.
    pub fn awaited(&self, key: &str) -> Option<&Reference> {
        match self.values.get(key) {
            Some((Checked::Awaited(reference), _)) => Some(reference),
            _ => None,
        }
    }

    /// Notes that a secret is to be asked for.
    pub fn await_secret(&mut self, key: &'static str, reference: Reference, origin: Origin) {
        self.values.insert(key, (Checked::Awaited(reference), origin));
    }

    /// Gives an awaited secret its value.
    pub fn set_secret(&mut self, key: &'static str, secret: SecretString) {
        if let Some((value, _)) = self.values.get_mut(key) {
            *value = Checked::Secret(secret);
        }
    }

    /// The same settings with a stand-in for each awaited secret, to see what they configure without asking anybody.
    pub fn with_stand_ins(&self) -> Settings {
        let mut settings = self.clone();
        for (key, (value, _)) in &mut settings.values {
            if let Checked::Awaited(_) = value {
                *value = Checked::Secret(SecretString::from(secrets::stand_in(key)));
            }
        }
        settings
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
    let path = look(&file_variable).filter(|(path, _)| !path.is_empty());
    match (direct, path) {
        // The environment beats `.env`; within one of them neither is the stronger.
        (Some((_, origin)), Some((_, other))) if origin.is_dot_env() == other.is_dot_env() => {
            Some((Err(format!("{file_variable} is set too. Keep one of them")), origin))
        }
        (Some((text, origin)), path) if path.is_none() || !origin.is_dot_env() => Some((parse(setting, &text), origin)),
        (_, Some((path, _))) => Some(read_secret(setting, Path::new(&path), file_variable)),
        (_, None) if secrets::may_hold(setting) => {
            let variable = secrets::variable_of(setting);
            let (name, _) = look(&variable).filter(|(name, _)| !["", secrets::NONE].contains(&name.trim()))?;
            Some(named_secret(&name, variable))
        }
        _ => None,
    }
}

fn from_file(setting: &Setting, file: &BTreeMap<String, Value>, inputs: &Inputs) -> Found {
    let (path, _) = inputs.file.as_ref()?;
    let origin = Origin::File(path.clone());
    let present = |key: &str| file.get(key).filter(|value| !value.is_null());
    if setting.kind == Kind::Secret {
        let (path, secret) = (setting::secret_file_key(setting), secrets::key_of(setting));
        return match (present(&path), present(&secret)) {
            (Some(Value::String(text)), _) => Some(read_secret(setting, Path::new(text), path)),
            (Some(other), _) => Some((Err(format!("{path} must be {}", not_a_text("a path", other))), origin)),
            (None, Some(Value::String(name))) if !declines(setting, file, inputs) => Some(named_secret(name, secret)),
            (None, Some(Value::String(_))) => None,
            (None, other) => Some((Err(format!("{secret} must be {}", not_a_text("a text", other?))), origin)),
        };
    }
    let parsed = match (setting.kind, present(setting.key)?) {
        (_, Value::String(text)) => parse(setting, text).and_then(without_user),
        (Kind::List, Value::Array(items)) => texts(items).map(Checked::List),
        (Kind::Declarations, value @ (Value::Object(_) | Value::Array(_))) => Ok(Checked::Declarations(value.clone())),
        (Kind::Numbers, Value::Object(entries)) => map::numbers_of_file(entries).map(Checked::Numbers),
        (Kind::Texts, Value::Object(entries)) => map::texts_of_file(entries).map(Checked::Texts),
        (Kind::Whole(..) | Kind::Duration | Kind::Number, Value::Number(number)) => parse(setting, &number.to_string()),
        (Kind::Bool, Value::Bool(yes)) => Ok(Checked::Bool(*yes)),
        (Kind::Text | Kind::Path | Kind::List, other) => {
            Err(format!("must be {}", not_a_text(&form(setting.kind), other)))
        }
        (kind, _) => Err(format!("must be {}", form(kind))),
    };
    Some((parsed, origin))
}

/// The texts of a list, or all that are none.
fn texts(items: &[Value]) -> Result<Vec<String>, String> {
    let mut texts = Vec::new();
    let mut wrong = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match item {
            Value::String(text) => texts.push(text.clone()),
            other => wrong.push(format!("item {} is {}", at + 1, not_a_text("no text", other))),
        }
    }
    if wrong.is_empty() { Ok(texts) } else { Err(format!("must be a list of texts; {}", wrong.join("; "))) }
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
        Err(error) if is_path(path) => Err(format!("names a file that cannot be read: {}: {error}", path.display())),
        // It is not repeated: it may be the secret itself, put where its file should be named.
        Err(error) => Err(format!("names a file that cannot be read: {error}")),
    };
    (parsed, origin)
}

/// Whether a text is surely a path and no secret. The secret half of an access key of AWS has 40 characters, of which the
/// first may well be a slash.
fn is_path(path: &Path) -> bool {
    let text = path.to_str().unwrap_or_default();
    let base64 = |c: char| c.is_ascii_alphanumeric() || "/+=".contains(c);
    ["/", "./", "../"].iter().any(|begin| text.starts_with(begin)) && !(text.len() == 40 && text.chars().all(base64))
}

/// Whether a secret is said not to be in AWS Secrets Manager.
fn declines(setting: &Setting, file: &BTreeMap<String, Value>, inputs: &Inputs) -> bool {
    let variable = secrets::variable_of(setting);
    let variable = inputs.environment.get(&variable).or_else(|| inputs.dot_env.get(&variable)).map(|name| name.trim());
    let name = variable.filter(|name| !name.is_empty()).or_else(|| file.get(&secrets::key_of(setting))?.as_str());
    secrets::may_hold(setting) && name.is_some_and(|name| name.trim() == secrets::NONE)
}

/// A secret of AWS Secrets Manager, to be asked for by those commands that need it.
fn named_secret(name: &str, named_by: String) -> (Result<Checked, String>, Origin) {
    let name = name.trim();
    let parsed = secrets::named(name).map(Checked::Awaited);
    // A name that is none may be the secret itself.
    let shown = if parsed.is_ok() { name } else { "a secret" };
    (parsed, Origin::SecretsManager(shown.to_owned(), named_by))
}
