//! The values of settings, and the forms that their texts must have.

use std::time::Duration;

use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use secrecy::SecretString;
use serde_json::Value;

use crate::config::keys::first_line;
use crate::config::map;
use crate::config::map::Numbers;
use crate::config::map::Texts;
use crate::config::problem::did_you_mean;
use crate::config::secrets::Reference;
use crate::config::setting;
use crate::config::setting::Kind;
use crate::config::setting::Setting;

/// A checked value.
#[derive(Debug, Clone)]
pub enum Checked {
    /// A text, choice, address without a user, or path.
    Text(String),
    /// A whole number.
    Whole(u64),
    /// A yes or no.
    Bool(bool),
    /// A time.
    Duration(Duration),
    /// Several texts.
    List(Vec<String>),
    /// A number.
    Number(f64),
    /// Numbers by name.
    Numbers(Numbers),
    /// Texts by name.
    Texts(Texts),
    /// A structure.
    Declarations(Value),
    /// A secret.
    Secret(SecretString),
    /// A secret that is to be asked for.
    Awaited(Reference),
    /// An address that may have held a user.
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

/// What a value must be, to complete "must be ...".
pub fn form(kind: Kind) -> String {
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
        Kind::Declarations => "YAML: a mapping or a list".to_owned(),
        Kind::Texts => "a mapping of names to texts, in a variable NAME=TEXT,...".to_owned(),
    }
}

/// A value out of the text of a variable.
///
/// # Errors
/// What is wrong with it; a text that may hold a secret is not repeated.
pub fn parse(setting: &Setting, text: &str) -> Result<Checked, String> {
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
        // Its text may be long, and is not repeated.
        Kind::Declarations => match serde_saphyr::from_str(text) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => Ok(Checked::Declarations(value)),
            Ok(_) => Err(format!("must be {}", form(setting.kind))),
            Err(error) => Err(format!("is not valid YAML: {}", first_line(&error.to_string()))),
        },
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
