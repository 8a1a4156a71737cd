//! Validation against a vendor's published schema.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::Schema;
use apollo_compiler::ast::Document;
use apollo_compiler::validation::DiagnosticList;
use apollo_compiler::validation::Valid;
use std::collections::HashMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

type Parsed = Result<Arc<Valid<Schema>>, String>;

/// What is wrong with a document, and at which line and column.
#[derive(Debug)]
pub struct Mistake {
    pub message: String,
    pub at: Option<(usize, usize)>,
}

/// A document's text as a tree; every place where it is not GraphQL, if there is one.
pub fn parse(text: &str) -> Result<Document, Vec<Mistake>> {
    Document::parse(text, "document.graphql").map_err(|invalid| listed(&invalid.errors))
}

/// Where the document is not what the schema at that path allows.
///
/// # Errors
/// When the schema cannot be read.
pub fn mistakes(path: &Path, text: &str) -> Result<Vec<Mistake>, String> {
    let valid = ExecutableDocument::parse_and_validate(&*schema(path)?, text, "document.graphql");
    Ok(valid.err().map(|invalid| listed(&invalid.errors)).unwrap_or_default())
}

/// The schema at a path. A large one has 1.2 MB, and a debug build takes seconds for it: read once in a process.
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

fn listed(errors: &DiagnosticList) -> Vec<Mistake> {
    let one = |e: apollo_compiler::diagnostic::Diagnostic<'_, apollo_compiler::validation::DiagnosticData>| Mistake {
        message: e.error.unstable_compat_message().unwrap_or_else(|| e.error.to_string()),
        at: e.line_column_range().map(|range| (range.start.line, range.start.column)),
    };
    errors.iter().map(one).collect()
}
