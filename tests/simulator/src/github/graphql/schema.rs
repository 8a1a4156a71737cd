//! Validation against GitHub's published schema.

use super::Reply;
use apollo_compiler::ExecutableDocument;
use apollo_compiler::Schema;
use apollo_compiler::validation::DiagnosticList;
use apollo_compiler::validation::Valid;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

type Parsed = Result<Arc<Valid<Schema>>, String>;

/// The schema at a path. It has 1.2 MB, and a debug build takes seconds for it: read once in a process.
fn schema(path: &Path) -> Parsed {
    static SCHEMAS: OnceLock<Mutex<HashMap<PathBuf, Parsed>>> = OnceLock::new();
    let mut schemas = SCHEMAS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let read = || {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        // GitHub publishes a field or two twice. Nothing else may be wrong; and the schema's own validity is the
        // vendor's business, which a debug build would spend seconds on.
        let schema = match Schema::parse(text, path) {
            Ok(schema) => schema,
            Err(e) if e.errors.iter().all(|d| d.error.to_string().starts_with("duplicate definitions")) => e.partial,
            Err(e) => return Err(format!("{}: {}", path.display(), e.errors)),
        };
        Ok(Arc::new(Valid::assume_valid(schema)))
    };
    schemas.entry(path.to_owned()).or_insert_with(read).clone()
}

/// Refuses a document that GitHub would refuse, in its words where they are known.
pub fn validate(path: &Path, text: &str) -> Result<(), Reply> {
    let schema = schema(path).map_err(|e| Reply::unknown(&format!("GitHub's schema: {e}")))?;
    match ExecutableDocument::parse_and_validate(&schema, text, "document.graphql") {
        Ok(_) => Ok(()),
        Err(invalid) => {
            let mut errors: Vec<Value> = invalid
                .errors
                .iter()
                .map(|e| {
                    error(
                        e.error.unstable_compat_message(),
                        e.error.to_string(),
                        e.line_column_range().map(|r| (r.start.line, r.start.column)),
                    )
                })
                .collect();
            // The parser drops an undefined field and then misses what it was the only one of.
            if errors.iter().any(|e| e["extensions"]["code"] == "undefinedField") {
                errors.retain(|e| e["extensions"]["code"] != "selectionMismatch");
            }
            Err(Reply::json(200, &json!({ "errors": errors })))
        }
    }
}

fn error(compatible: Option<String>, own: String, at: Option<(usize, usize)>) -> Value {
    let message = compatible.unwrap_or(own);
    let quoted: Vec<&str> = message.split('"').skip(1).step_by(2).collect();
    let locations: Vec<Value> = at.iter().map(|(line, column)| json!({ "line": line, "column": column })).collect();
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

/// A document that is not GraphQL.
pub fn parse_errors(errors: &DiagnosticList) -> Value {
    let one = |e: apollo_compiler::diagnostic::Diagnostic<'_, apollo_compiler::validation::DiagnosticData>| {
        let at = e.line_column_range().map(|r| json!({ "line": r.start.line, "column": r.start.column }));
        json!({ "message": format!("Parse error: {}", e.error), "locations": at.into_iter().collect::<Vec<Value>>() })
    };
    json!({ "errors": errors.iter().map(one).collect::<Vec<Value>>() })
}
