//! Where points go.

pub mod datadog;
