//! The contract of orgpulse's sources: what a collector is, what it is handed, what it returns.
//!
//! A source depends on this crate alone. Nothing here knows a vendor, a sink or the command line.
//!
//! The path of a number: a source's [`Collector::collect`] reads its API through the shared client of the
//! [`Context`], computes, and returns a [`Batch`] of [`Gauge`]s, each built on a [`MetricDef`] of the source's
//! catalog. What could not be read comes back as a [`GroupFailure`] with a [`Reason`]: a failed group sends nothing.

mod batch;
mod catalog;
mod collect;
mod context;
mod failure;
mod gauge;
mod meter;
pub mod stats;
pub mod transport;
mod window;

pub use batch::Absence;
pub use batch::Batch;
pub use batch::GroupFailure;
pub use catalog::Bounds;
pub use catalog::Kind;
pub use catalog::MetricDef;
pub use collect::BoxedCollector;
pub use collect::Collector;
pub use collect::Finding;
pub use context::Context;
pub use context::Earlier;
pub use failure::Failure;
pub use failure::Reason;
pub use gauge::Gauge;
pub use gauge::Rejected;
pub use gauge::Tags;
pub use meter::Meter;
pub use meter::MeterReading;
pub use meter::Pending;
pub use window::Window;
