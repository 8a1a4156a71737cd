//! SkyPilot's API server, as far as a collector of metrics may ask it.
//!
//! An operation is posted and gets an id; its result is fetched by that id. It answers as release 0.14.1 does, or as
//! 0.10.0, which has the old queue alone. What the server knows and this does not, it refuses with status 501.

mod access;
mod clusters;
mod controls;
mod operations;
mod queue;
mod reply;
mod rows;
mod service;

pub use controls::Release;
pub use controls::State;
pub use controls::TOKEN;

use std::sync::Arc;

/// The service; the paths of the API lie at its root.
pub fn router(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(service::handle).with_state(state)
}
