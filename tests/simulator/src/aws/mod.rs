//! AWS as far as a collector of metrics may ask it: EC2, CloudWatch, the Price List, STS and Secrets Manager.
//!
//! All of them are behind one address, as with a custom endpoint of an SDK: which service and region a request is for is
//! in the credential scope of its signature. The signature itself is not verified, only its form, the key and the
//! session token. Each service speaks the protocol that the Rust SDK speaks to it (September 2026): EC2 and STS take
//! forms and answer XML, CloudWatch takes and answers CBOR (Smithy RPC v2), the other two take and answer JSON 1.1. What
//! they do not know they refuse loudly with status 501, never with an empty answer.

mod access;
mod cloudwatch;
mod controls;
mod ec2;
mod failure;
mod form;
mod json;
mod page;
mod pricing;
mod secrets;
mod service;
mod sts;
mod xml;

pub use access::ACCESS_KEY_ID;
pub use access::SECRET_ACCESS_KEY;
pub use controls::DisabledRegion;
pub use controls::State;
pub use page::Pages;
pub use secrets::SecretFailure;
pub use service::Operation;
pub use service::operations;

use std::sync::Arc;

/// The services, with paths from their root.
pub fn router(state: Arc<State>) -> axum::Router {
    axum::Router::new().fallback(service::handle).with_state(state)
}
