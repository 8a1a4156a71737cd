//! A mapping of a declaration, read field by field: each mistake is told with its place, and none hides another.

use serde_json::Map;
use serde_json::Value;

use super::Catalog;
use super::Mistake;
use super::Suggest;
use crate::metrics::Metric;

/// Greatest number that a declaration may hold: beyond any use, and far from where arithmetic overflows.
const GREATEST: f64 = 1e15;

/// The fields of one mapping.
pub(super) struct Fields<'a> {
    at: String,
    entries: &'a Map<String, Value>,
    pub(super) suggest: Suggest,
}

impl<'a> Fields<'a> {
    /// The fields of a value that must be a mapping, of which only `known` may be there.
    pub(super) fn of(
        at: &str,
        value: &'a Value,
        known: &[&str],
        suggest: Suggest,
        mistakes: &mut Vec<Mistake>,
    ) -> Option<Self> {
        let Value::Object(entries) = value else {
            mistakes.push(Mistake::new(at, "must be a mapping", format!("Known keys: {}", known.join(", "))));
            return None;
        };
        let fields = Fields { at: at.to_owned(), entries, suggest };
        for key in entries.keys().filter(|key| !known.contains(&key.as_str())) {
            let near = suggest(key, known);
            let cure = if near.is_empty() { format!("Known: {}", known.join(", ")) } else { near };
            mistakes.push(Mistake::new(fields.place(key), "unknown key", cure));
        }
        Some(fields)
    }

    /// Where a field is to be looked for.
    pub(super) fn place(&self, key: &str) -> String {
        format!("{}.{key}", self.at)
    }

    /// Where the mapping is to be looked for.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// A field that is there. YAML's `key:` with nothing behind it is not.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.entries.get(key).filter(|value| !value.is_null())
    }

    /// Whether a field is there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A number, where the field is there.
    pub(super) fn number(&self, key: &str, mistakes: &mut Vec<Mistake>) -> Option<f64> {
        let value = self.get(key)?;
        let number = value.as_f64().filter(|number| number.abs() <= GREATEST);
        if number.is_none() {
            mistakes.push(Mistake::new(self.place(key), format!("must be a number, not {value}"), ""));
        }
        number
    }

    /// A text, where the field is there.
    pub(super) fn text(&self, key: &str, mistakes: &mut Vec<Mistake>) -> Option<&'a str> {
        let value = self.get(key)?;
        match value.as_str().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => Some(text),
            None => {
                mistakes.push(Mistake::new(self.place(key), format!("must be a text, not {value}"), ""));
                None
            }
        }
    }

    /// A text, or several as a list.
    pub(super) fn texts(&self, key: &str, mistakes: &mut Vec<Mistake>) -> Option<Vec<&'a str>> {
        let value = self.get(key)?;
        let texts = match value {
            Value::String(text) => Some(vec![text.as_str()]),
            Value::Array(items) => items.iter().map(Value::as_str).collect(),
            _ => None,
        };
        if texts.is_none() {
            mistakes.push(Mistake::new(self.place(key), format!("must be a text or a list of texts, not {value}"), ""));
        }
        texts
    }

    /// Metrics of the catalog, by a name or several. None if one is unknown.
    pub(super) fn metrics(&self, key: &str, catalog: &Catalog, mistakes: &mut Vec<Mistake>) -> Option<Vec<Metric>> {
        let names = self.texts(key, mistakes)?;
        let mut metrics = Vec::new();
        for name in &names {
            match catalog.get(name) {
                Some(metric) => metrics.push(metric),
                None => {
                    let near = (self.suggest)(name, &catalog.names());
                    let cure = if near.is_empty() { "`orgpulse metrics` lists all".to_owned() } else { near };
                    mistakes.push(Mistake::new(self.place(key), format!("there is no metric {name:?}"), cure));
                }
            }
        }
        if names.is_empty() {
            mistakes.push(Mistake::new(self.place(key), "names no metric", ""));
        }
        (metrics.len() == names.len() && !names.is_empty()).then_some(metrics)
    }

    /// Tags that series must have, each with a key of `keys`.
    pub(super) fn tags(&self, metric: &Metric, mistakes: &mut Vec<Mistake>) -> Vec<(&'static str, String)> {
        let Some(value) = self.get("tags") else { return Vec::new() };
        let Value::Object(entries) = value else {
            mistakes.push(Mistake::new(self.place("tags"), "must be a mapping of tag keys to values", ""));
            return Vec::new();
        };
        let keys = metric.def.tags;
        let mut tags = Vec::new();
        for (key, value) in entries {
            let at = format!("{}.{key}", self.place("tags"));
            match (keys.iter().find(|known| *known == key), value) {
                (Some(known), Value::String(value)) if !value.is_empty() => tags.push((*known, value.clone())),
                (Some(_), other) => {
                    mistakes.push(Mistake::new(at, format!("must be a text, not {other}"), "Put it in quotes"));
                }
                (None, _) => {
                    let why = format!("{} has no tag {key:?}", metric.def.name);
                    mistakes.push(Mistake::new(at, why, self.known_tags(key, keys)));
                }
            }
        }
        tags
    }

    /// What to say beside a tag key that is none of these.
    pub(super) fn known_tags(&self, key: &str, keys: &[&str]) -> String {
        let near = (self.suggest)(key, keys);
        match (near.is_empty(), keys.is_empty()) {
            (false, _) => near,
            (true, true) => "It has none".to_owned(),
            (true, false) => format!("Known: {}", keys.join(", ")),
        }
    }
}
