//! Stands in for every remote service on loopback.
//!
//! [`server::Server`] carries any number of services, each under its own prefix, records every request and can be told
//! to fail. The services know nothing of the program under test: they are written from the vendors' published facts.
//! [`Simulator`] puts them together over one described [`organisation::Organisation`], and [`expected`] says which
//! gauges must come of it.

pub mod asana;
pub mod aws;
mod base64url;
pub mod datadog;
pub mod expected;
pub mod fault;
pub mod github;
mod graphql;
pub mod kubernetes;
mod layer;
pub mod organisation;
pub mod record;
pub mod server;
mod simulator;
pub mod skypilot;
pub mod wandb;
mod wire;

pub use organisation::Scale;
pub use simulator::Options;
pub use simulator::Simulator;
