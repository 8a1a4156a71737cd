//! Why a field has no value.

use super::Reply;

#[derive(Debug)]
pub enum Failure {
    /// What GitHub would answer: the error's type and message; the field is null.
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

    pub fn unknown_reply(what: &str) -> Reply {
        Reply::unknown(what)
    }
}
