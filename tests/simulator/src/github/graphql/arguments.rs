//! Arguments as GitHub spells them.

use crate::graphql::Arguments;
use crate::graphql::Failure;
use jiff::Timestamp;

/// An instant; none when the argument was not given.
pub fn instant(arguments: &Arguments, name: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = arguments.text(name) else { return Ok(None) };
    let invalid =
        |_| Failure::error("ARGUMENT_LITERALS_INCOMPATIBLE", format!("'{text}' is not a valid instant for {name}"));
    text.parse().map(Some).map_err(invalid)
}

/// `orderBy`: the field's name and whether it descends.
pub fn order(arguments: &Arguments) -> Option<(&str, bool)> {
    let order = arguments.get("orderBy")?;
    Some((order["field"].as_str()?, order["direction"].as_str() == Some("DESC")))
}
