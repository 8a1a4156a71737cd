//! Why something could not be read: a reason of a closed list, and words.

use std::fmt;

/// Closed list of reasons. Used as a tag and in exit codes; the words beside it are in [`Failure`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The credential is missing, wrong, or expired.
    Unauthorized,
    /// The credential is good but lacks a right.
    Forbidden,
    /// The thing does not exist, or the credential may not see it.
    NotFound,
    /// A quota is used up and its renewal lies beyond the deadline.
    RateLimited,
    /// No connection, or it broke, or the server is failing.
    Unreachable,
    /// An answer that is not what the API promises.
    BadReply,
    /// Time ran out.
    Deadline,
    /// A setting is missing or makes no sense.
    Config,
    /// None of these.
    Other,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Reason; 9] = [
        Reason::Unauthorized,
        Reason::Forbidden,
        Reason::NotFound,
        Reason::RateLimited,
        Reason::Unreachable,
        Reason::BadReply,
        Reason::Deadline,
        Reason::Config,
        Reason::Other,
    ];

    /// The reason as it is written in tags and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Unauthorized => "unauthorized",
            Reason::Forbidden => "forbidden",
            Reason::NotFound => "not_found",
            Reason::RateLimited => "rate_limited",
            Reason::Unreachable => "unreachable",
            Reason::BadReply => "bad_reply",
            Reason::Deadline => "deadline",
            Reason::Config => "config",
            Reason::Other => "other",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was being done, why it failed, and what to do about it. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The class of failure.
    pub reason: Reason,
    /// What was being done, to what: "list the workflow runs of acme/widgets".
    pub doing: String,
    /// What happened: "GitHub answered 401 Bad credentials".
    pub why: String,
    /// What to do, a whole sentence; empty when the words above say it.
    pub cure: String,
}

impl Failure {
    /// A failure without a cure. `doing` completes "failed to ...".
    pub fn new(reason: Reason, doing: impl Into<String>, why: impl Into<String>) -> Self {
        Failure { reason, doing: doing.into(), why: why.into(), cure: String::new() }
    }

    /// This failure with what to do about it.
    #[must_use]
    pub fn with_cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to {}: {}", self.doing, self.why)?;
        if !self.cure.is_empty() {
            write!(f, ". {}", self.cure)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
