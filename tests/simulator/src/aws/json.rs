//! What the JSON and CBOR protocols have in common: a tree of members.

use super::failure::Failure;
use serde_json::Value;

/// The content type of AWS JSON 1.1.
pub const MEDIA: &str = "application/x-amz-json-1.1";

/// The request's tree, each of whose members is known by its path (`Filters.Field`; the elements of a list have that of
/// the list).
pub fn checked(tree: Value, members: &[&str], code: &str) -> Result<Value, Failure> {
    if !tree.is_object() {
        return Err(Failure::new(400, "SerializationException", "the body is no object"));
    }
    match unknown(&tree, "", members) {
        None => Ok(tree),
        // The vendor ignores what it does not know; a client that sends it is mistaken all the same.
        Some(path) => Err(Failure::new(400, code, format!("the member {path} is not part of this request"))),
    }
}

/// The body as JSON, likewise.
pub fn parsed(body: &[u8], members: &[&str], code: &str) -> Result<Value, Failure> {
    let tree = serde_json::from_slice(body)
        .map_err(|error| Failure::new(400, "SerializationException", format!("the body is no JSON: {error}")))?;
    checked(tree, members, code)
}

fn unknown(tree: &Value, path: &str, members: &[&str]) -> Option<String> {
    match tree {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            if members.contains(&path.as_str()) { unknown(value, &path, members) } else { Some(path) }
        }),
        Value::Array(items) => items.iter().find_map(|item| unknown(item, path, members)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_members_by_their_path() {
        let members = ["Filters", "Filters.Field", "MaxResults"];
        let check = |body: &str| parsed(body.as_bytes(), &members, "InvalidParameterException").map_err(|f| f.message);
        assert!(check(r#"{"Filters":[{"Field":"a"},{"Field":"b"}],"MaxResults":1}"#).is_ok());
        for (body, what) in [
            (r#"{"Filters":[{"Field":"a"},{"Name":"b"}]}"#, "Filters.Name"),
            (r#"{"Field":"a"}"#, "Field"),
            ("[]", "no object"),
            ("{", "no JSON"),
        ] {
            assert!(check(body).unwrap_err().contains(what), "{body}");
        }
    }
}
