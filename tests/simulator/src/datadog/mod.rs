//! Datadog, as far as orgpulse speaks to it: the v2 intake, metric metadata, and the reading of what was stored.
//!
//! The intake is stricter than the vendor's where the vendor says nothing and loses data: what it would swallow in
//! silence is dropped here too, but noted in the [`Store`], so that a test can insist on none of it.

mod access;
mod decode;
mod evaluate;
mod intake;
mod metrics;
mod payload;
mod query;
mod query_v1;
mod query_v2;
mod replies;
mod rules;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::get;
use axum::routing::post;

pub use payload::MetricType;
pub use store::DropReason;
pub use store::Dropped;
pub use store::IntakeRequest;
pub use store::Keys;
pub use store::Overwrite;
pub use store::Store;
pub use store::Stored;
pub use store::Violation;

/// Datadog's API on a store. Paths start at the router's root.
pub fn router(store: Arc<Store>) -> Router {
    let writes = Router::new()
        .route("/api/v2/series", post(intake::submit))
        .route("/api/v1/validate", get(access::validate))
        // The intake has its own limits, which are the vendor's.
        .layer(DefaultBodyLimit::disable());
    let reads = Router::new()
        .route("/api/v1/metrics", get(metrics::list))
        .route("/api/v1/metrics/{name}", get(metrics::metadata).put(metrics::set_metadata))
        .route("/api/v1/query", get(query_v1::query))
        .route("/api/v2/query/timeseries", post(query_v2::timeseries))
        .route("/api/v2/query/scalar", post(query_v2::scalar))
        .route("/api/v1/dashboard", get(metrics::no_dashboards))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&store), access::read));
    writes.merge(reads).fallback(|| async { replies::error(StatusCode::NOT_FOUND, "Not Found") }).with_state(store)
}
