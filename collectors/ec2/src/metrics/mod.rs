//! Pure functions: records and an instant -> gauges of one region.

pub(crate) mod cost;
pub(crate) mod idle;
pub(crate) mod instances;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod storage;
pub(crate) mod types;
