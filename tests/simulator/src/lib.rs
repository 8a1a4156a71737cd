//! Stands in for every remote service on loopback.
//!
//! [`server::Server`] carries any number of services, each under its own prefix, records every request and can be told
//! to fail. The services know nothing of the program under test: they are written from the vendors' published facts.

pub mod datadog;
pub mod fault;
mod layer;
pub mod record;
pub mod server;
mod wire;
