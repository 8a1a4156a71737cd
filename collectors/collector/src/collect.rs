//! The collector itself, and its object-safe twin for the registry.

use std::future::Future;
use std::pin::Pin;

use crate::Batch;
use crate::Context;
use crate::Failure;
use crate::MetricDef;

/// A source: reads one remote service and turns it into gauges.
///
/// Configuration is given at construction. The runner, not the collector, measures duration, judges success and
/// enforces the deadline; dropping the future cancels the collection, so it starts no detached tasks.
pub trait Collector: Send + Sync {
    /// The source's one name: folder, flag, metric prefix, tag.
    fn name(&self) -> &'static str;

    /// Every metric that [`Collector::collect`] may return.
    fn definitions(&self) -> &'static [MetricDef];

    /// The greatest number of series that this configuration can send; Datadog bills by it.
    fn max_series(&self) -> usize;

    /// Reads the source and computes its gauges. A group that fails is part of the batch.
    ///
    /// # Errors
    /// When nothing could be read.
    fn collect(&self, context: &Context) -> impl Future<Output = Result<Batch, Failure>> + Send;

    /// Tries the credential with the cheapest calls, for `orgpulse doctor`: one finding for each right or thing that
    /// the collection needs.
    fn check(&self, context: &Context) -> impl Future<Output = Vec<Finding>> + Send;
}

/// One thing that `orgpulse doctor` looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    /// What was looked at: "read acme/widgets".
    pub what: String,
    /// What is good about it, or what is wrong and what mends it.
    pub outcome: Result<String, Failure>,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`Collector`] with boxed futures, so that the registry can hold all sources in one list. Implemented for every
/// collector; a source never writes it.
pub trait BoxedCollector: Send + Sync {
    /// See [`Collector::name`].
    fn name(&self) -> &'static str;
    /// See [`Collector::definitions`].
    fn definitions(&self) -> &'static [MetricDef];
    /// See [`Collector::max_series`].
    fn max_series(&self) -> usize;
    /// See [`Collector::collect`].
    fn collect<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Batch, Failure>>;
    /// See [`Collector::check`].
    fn check<'a>(&'a self, context: &'a Context) -> Boxed<'a, Vec<Finding>>;
}

impl<C: Collector> BoxedCollector for C {
    fn name(&self) -> &'static str {
        Collector::name(self)
    }

    fn definitions(&self) -> &'static [MetricDef] {
        Collector::definitions(self)
    }

    fn max_series(&self) -> usize {
        Collector::max_series(self)
    }

    fn collect<'a>(&'a self, context: &'a Context) -> Boxed<'a, Result<Batch, Failure>> {
        Box::pin(Collector::collect(self, context))
    }

    fn check<'a>(&'a self, context: &'a Context) -> Boxed<'a, Vec<Finding>> {
        Box::pin(Collector::check(self, context))
    }
}
