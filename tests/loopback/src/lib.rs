//! What the tests of the sources share: a server on a loopback socket that answers as a test says, and the specification
//! that every catalog is held to.
//!
//! For one client and its odd replies. Whole organisations are the simulator's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's own tools fail with the test")]

mod reply;
mod server;
pub mod specification;

use std::sync::Arc;
use std::time::Duration;

use collector::Context;
use jiff::Timestamp;
use tokio::time::Instant;

pub use reply::answer;
pub use reply::bytes;
pub use reply::cut;
pub use reply::ok;
pub use reply::text;
pub use server::Answer;
pub use server::Seen;
pub use server::Server;

/// The context of a collection at `now` that has so much time.
pub fn context(now: Timestamp, time: Duration) -> Context {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
    Context::new(now, http, Instant::now() + time, Arc::from([]))
}
