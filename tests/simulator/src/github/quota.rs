//! The primary rate limit: so many points an hour for each resource.

use jiff::Timestamp;

/// What has a limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// REST.
    Core,
    /// GraphQL.
    Graphql,
}

impl Resource {
    /// The name in `x-ratelimit-resource`.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Core => "core",
            Resource::Graphql => "graphql",
        }
    }
}

/// A resource's limit and how much of it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Points in an hour.
    pub limit: u64,
    /// Points used in the running hour.
    pub used: u64,
    /// When the running hour ends, in seconds since the epoch by the real clock.
    pub reset: i64,
}

impl Quota {
    /// A fresh hour.
    pub fn of(limit: u64) -> Quota {
        Quota { limit, used: 0, reset: Timestamp::now().as_second() + 3600 }
    }

    /// Points left.
    pub fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Begins a new hour when the running one is over.
    pub(super) fn roll(&mut self) {
        if Timestamp::now().as_second() >= self.reset {
            *self = Quota::of(self.limit);
        }
    }
}
