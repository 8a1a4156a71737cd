//! GitHub's words for documents that its schema does not allow.

use super::Reply;
use crate::graphql;
use crate::graphql::Mistake;
use serde_json::Value;
use serde_json::json;
use std::path::Path;

/// Refuses a document that GitHub would refuse, in its words where they are known.
pub fn validate(path: &Path, text: &str) -> Result<(), Reply> {
    let mistakes =
        graphql::mistakes(path, text).map_err(|e| Reply::unknown(&format!("how to read GitHub's schema: {e}")))?;
    if mistakes.is_empty() {
        return Ok(());
    }
    let mut errors: Vec<Value> = mistakes.iter().map(error).collect();
    // The parser drops an undefined field and then misses what it was the only one of.
    if errors.iter().any(|e| e["extensions"]["code"] == "undefinedField") {
        errors.retain(|e| e["extensions"]["code"] != "selectionMismatch");
    }
    Err(Reply::json(200, &json!({ "errors": errors })))
}

fn error(mistake: &Mistake) -> Value {
    let message = &mistake.message;
    let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    let locations: Vec<Value> = locations(mistake);
    if let (true, [field, kind, ..]) = (message.starts_with("Cannot query field"), &quoted[..]) {
        let extensions = json!({ "code": "undefinedField", "typeName": kind, "fieldName": field });
        let message = format!("Field '{field}' doesn't exist on type '{kind}'");
        return json!({ "path": ["query", field], "extensions": extensions, "locations": locations, "message": message });
    }
    let code = match message.as_str() {
        m if m.starts_with("Unknown argument") => "argumentNotAccepted",
        m if m.starts_with("Unknown type") => "undefinedType",
        m if m.contains("is required") => "missingRequiredArguments",
        m if m.contains("must have a selection") => "selectionMismatch",
        _ => "invalidDocument",
    };
    json!({ "path": ["query"], "extensions": { "code": code }, "locations": locations, "message": message })
}

fn locations(mistake: &Mistake) -> Vec<Value> {
    mistake.at.iter().map(|(line, column)| json!({ "line": line, "column": column })).collect()
}

/// A document that is not GraphQL.
pub fn parse_errors(mistakes: &[Mistake]) -> Value {
    let one = |m: &Mistake| json!({ "message": format!("Parse error: {}", m.message), "locations": locations(m) });
    json!({ "errors": mistakes.iter().map(one).collect::<Vec<Value>>() })
}
