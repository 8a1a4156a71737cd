//! Stands in for every remote service on loopback; its replies come from one described organisation.

pub mod expected;
pub mod github;
pub mod organisation;
