//! Asana's REST service, as far as a collector of metrics may ask it.
//!
//! It answers as the vendor does, with its limits and its shapes of error. What the vendor knows and it does not, it
//! refuses with status 501. What the vendor ignores (a parameter or field that it has never heard of) it ignores as
//! well, and notes it in [`State::oddities`], so that a test can see that a request was wrong.

mod controls;
mod fields;
mod index;
mod limits;
mod list;
mod offsets;
mod query;
mod render;
mod reply;
mod routes;
mod service;

pub use controls::State;
pub use controls::TOKEN;
pub use limits::Rate;
pub use limits::Throttle;
pub use routes::OPERATIONS;
pub use routes::Operation;

use std::sync::Arc;

/// The service; the paths of the API lie below `/api/1.0`.
pub fn router(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(service::handle).with_state(state)
}
