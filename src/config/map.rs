//! Settings of several named values: a YAML mapping in the file, `name=value,name=value` in a variable.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde_json::Map;
use serde_json::Value;

use crate::config::settings::not_a_text;

/// Numbers of 0 or more by name.
pub type Numbers = BTreeMap<String, f64>;
/// Texts by name, at least one to each.
pub type Texts = BTreeMap<String, Vec<String>>;

/// Reads `a=1,b=2`. A name twice is a mistake.
pub fn numbers(text: &str) -> Result<Numbers, String> {
    let number = |(name, value): (&str, &str)| Ok((name.to_owned(), number(name, value)?));
    once(pairs(text)?.into_iter().map(number))
}

/// Reads `a=x,b=y,b=z`.
pub fn texts(text: &str) -> Result<Texts, String> {
    let mut texts = Texts::new();
    for (name, value) in pairs(text)? {
        texts.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    Ok(texts)
}

/// Reads `{a: 1, b: 2.5}`.
pub fn numbers_of_file(entries: &Map<String, Value>) -> Result<Numbers, String> {
    let entry = |(name, value): (&String, &Value)| {
        let name = named(name)?;
        let number = match value {
            Value::Number(value) => number(name, &value.to_string()),
            Value::String(value) => number(name, value),
            _ => Err(format!("the entry {name:?} must be a number of 0 or more")),
        };
        number.map(|number| (name.to_owned(), number))
    };
    once(entries.iter().map(entry))
}

/// Reads `{a: x, b: [y, z]}`.
pub fn texts_of_file(entries: &Map<String, Value>) -> Result<Texts, String> {
    let entry = |(name, value): (&String, &Value)| {
        let text = |value: &Value| match value {
            Value::String(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            other => Err(format!("the entry {name:?} must be {}", not_a_text("a text or a list of texts", other))),
        };
        let texts = match value {
            Value::Array(items) if !items.is_empty() => items.iter().map(text).collect::<Result<_, _>>()?,
            value => vec![text(value)?],
        };
        Ok((named(name)?.to_owned(), texts))
    };
    once(entries.iter().map(entry))
}

/// The entries by name. Names that differ in the spaces around them are the same, and one twice is a mistake.
fn once<V>(entries: impl Iterator<Item = Result<(String, V), String>>) -> Result<BTreeMap<String, V>, String> {
    let mut all = BTreeMap::new();
    for entry in entries {
        let (name, value) = entry?;
        if all.contains_key(&name) {
            return Err(format!("names {name:?} twice"));
        }
        all.insert(name, value);
    }
    Ok(all)
}

/// The entries as a variable has them.
pub fn show<N: Display, V: Display>(entries: impl Iterator<Item = (N, V)>) -> String {
    entries.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

fn pairs(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let (name, value) = item.split_once('=').unwrap_or((item, ""));
            match value.trim() {
                "" => Err(format!("must be NAME=VALUE,NAME=VALUE,...: {item:?} has no value")),
                value => Ok((named(name)?, value)),
            }
        })
        .collect()
}

fn named(name: &str) -> Result<&str, String> {
    match name.trim() {
        "" => Err("an entry has no name".to_owned()),
        name => Ok(name),
    }
}

fn number(name: &str, value: &str) -> Result<f64, String> {
    let number = value.trim().parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0);
    number.ok_or_else(|| format!("the entry {name:?} must be a number of 0 or more, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_variable_and_a_mapping_say_the_same() {
        let numbers_read = Numbers::from([("H100".to_owned(), 2.5), ("RTX 4090".to_owned(), 0.0)]);
        assert_eq!(numbers(" H100 = 2.5, RTX 4090=0,").as_ref(), Ok(&numbers_read));
        let file = json!({"H100": "2.5", "RTX 4090": 0});
        assert_eq!(numbers_of_file(file.as_object().unwrap()), Ok(numbers_read));
        let texts_read = Texts::from([
            ("main".to_owned(), vec!["name:a=b".to_owned()]),
            ("sweep".to_owned(), vec!["sweep".to_owned(), "name:*.s".to_owned()]),
        ]);
        assert_eq!(texts("sweep=sweep,main=name:a=b,sweep=name:*.s").as_ref(), Ok(&texts_read));
        let file = json!({"main": "name:a=b", "sweep": ["sweep", "name:*.s"]});
        assert_eq!(texts_of_file(file.as_object().unwrap()), Ok(texts_read));
        assert_eq!((numbers(","), texts_of_file(&Map::new())), (Ok(Numbers::new()), Ok(Texts::new())));
    }

    #[test]
    fn a_wrong_entry_is_named() {
        for (read, words) in [
            (numbers("H100"), "\"H100\" has no value"),
            (numbers("H100="), "\"H100=\" has no value"),
            (numbers("=2"), "an entry has no name"),
            (numbers("H100=cheap"), "the entry \"H100\" must be a number of 0 or more, not \"cheap\""),
            (numbers("H100=-1"), "not \"-1\""),
            (numbers("H100=NaN"), "not \"NaN\""),
            (numbers("H100=1,H100=2"), "names \"H100\" twice"),
            (numbers_of_file(json!({"H100": -1}).as_object().unwrap()), "the entry \"H100\" must be a number"),
            (numbers_of_file(json!({"H100": [1]}).as_object().unwrap()), "the entry \"H100\" must be a number"),
            (numbers_of_file(json!({"H100": 1, " H100": 2}).as_object().unwrap()), "names \"H100\" twice"),
            (numbers_of_file(json!({" ": 1}).as_object().unwrap()), "an entry has no name"),
        ] {
            let why = read.unwrap_err();
            assert!(why.contains(words), "{words}\nis not in\n{why}");
        }
        for (read, words) in [
            (texts("sweep"), "\"sweep\" has no value"),
            (texts_of_file(json!({"a": "x", " a": "y"}).as_object().unwrap()), "names \"a\" twice"),
            (texts_of_file(json!({"a": 1}).as_object().unwrap()), "YAML reads it as 1: put it in quotes"),
            (texts_of_file(json!({"a": []}).as_object().unwrap()), "the entry \"a\" must be a text or a list of texts"),
            (texts_of_file(json!({"a": ["x", {}]}).as_object().unwrap()), "the entry \"a\" must be a text"),
            (texts_of_file(json!({"a": ""}).as_object().unwrap()), "the entry \"a\" must be a text"),
        ] {
            let why = read.unwrap_err();
            assert!(why.contains(words), "{words}\nis not in\n{why}");
        }
    }
}
