//! The GraphQL service of Weights & Biases, as far as a collector of metrics may ask it.
//!
//! The vendor publishes no schema; this follows the one rebuilt from public evidence. What it does not know it refuses
//! loudly with status 501, never with an empty answer. Where the vendor is silent, the simulator can do either
//! ([`State`]), so that no client depends on one:
//! - runs without a heartbeat come last in the order by heartbeat, or first;
//! - a cursor is a place in the order, or a number of runs to pass over;
//! - the largest page, to which larger ones are cut without a word;
//! - instants without a zone, or with one; durations as numbers or as text; limits told on every reply, or on 429 only.

mod beats;
mod connection;
mod controls;
mod filter;
mod graph;
mod limit;
mod order;
mod project;
mod root;
mod run;
mod service;
mod text;

pub use controls::KEY;
pub use controls::Nulls;
pub use controls::Paging;
pub use controls::State;
pub use limit::Limit;

use std::sync::Arc;

/// The service, with paths from its root.
pub fn router(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(service::handle).with_state(state)
}
