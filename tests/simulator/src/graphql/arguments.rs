//! A field's arguments, by name.

use super::Failure;
use serde_json::Map;
use serde_json::Value;

pub struct Arguments(pub Map<String, Value>);

impl Arguments {
    /// An argument that was given and is not null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|v| !v.is_null())
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_i64)
    }

    /// A list of names, where a single one stands for a list of one, as GraphQL has it.
    pub fn list(&self, name: &str) -> Option<Vec<&str>> {
        match self.get(name)? {
            Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect()),
            one => Some(one.as_str().into_iter().collect()),
        }
    }

    /// Refuses arguments that the vendor would obey and the simulator would not.
    pub fn only(&self, field: &str, known: &[&str]) -> Result<(), Failure> {
        let paging = ["first", "last", "after", "before"];
        let unknown =
            self.0.iter().find(|(n, v)| !v.is_null() && !known.contains(&n.as_str()) && !paging.contains(&n.as_str()));
        unknown.map_or(Ok(()), |(name, _)| Err(Failure::unknown(format!("the argument {name} of {field}"))))
    }
}
