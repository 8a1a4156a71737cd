//! Records to gauges: pure functions, time is an argument, and the order of the records never matters.

pub(crate) mod deployments;
pub(crate) mod gpu;
pub(crate) mod nodes;
pub(crate) mod pods;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod usage;

use jiff::Timestamp;

/// Whether something that was created then was there at `now`: the lists are read after it.
fn was_there(created: Option<Timestamp>, now: Timestamp) -> bool {
    created.is_none_or(|created| created <= now)
}
