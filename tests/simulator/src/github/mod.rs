//! GitHub's REST and GraphQL services, as far as a collector of metrics may ask them.
//!
//! They answer as the vendor does, with its limits, its shapes of error and its oddities. What they do not know they
//! refuse loudly with status 501, never with an empty answer.

mod app;
mod controls;
mod graphql;
mod index;
mod quota;
mod range;
mod reply;
mod rest;
mod service;

pub use app::App;
pub use controls::SecondaryLimit;
pub use controls::State;
pub use controls::TOKEN;
pub use quota::Quota;
pub use quota::Resource;

use std::sync::Arc;

/// The service, with paths from its root.
pub fn router(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(service::handle).with_state(state)
}
