//! Why there is no value, or no answer at all.

use serde_json::Value;

/// Why a field has no value.
#[derive(Debug)]
pub enum Failure {
    /// What the vendor would answer: the error's type and message; the field is null.
    Error { kind: &'static str, message: String },
    /// The simulator does not know; the whole reply is refused, so that no null is taken for data.
    Unknown(String),
}

impl Failure {
    pub fn error(kind: &'static str, message: impl Into<String>) -> Failure {
        Failure::Error { kind, message: message.into() }
    }

    pub fn unknown(what: impl Into<String>) -> Failure {
        Failure::Unknown(what.into())
    }
}

/// Why a document is not executed. Each vendor puts it into its own reply.
#[derive(Debug)]
pub enum Refusal {
    /// What the vendor would list under `errors`.
    Errors(Vec<Value>),
    /// The simulator does not know this.
    Unknown(String),
}

impl Refusal {
    pub fn error(error: Value) -> Refusal {
        Refusal::Errors(vec![error])
    }
}
