//! Where points go.

pub mod datadog;
pub mod stdout;
