//! Where values of earlier runs are read from. The program has one; here only what is asked of it is known.

use std::future::Future;
use std::pin::Pin;

use collector::Context;
use collector::Failure;
use collector::Finding;

use crate::metrics::Fold;
use crate::metrics::Metric;
use crate::metrics::Sample;

/// A future of a trait object.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What earlier runs have sent.
pub trait History: Send + Sync {
    /// The mean of each series of these metrics over the lookback that ends with the run's instant. Only series with
    /// exactly the tags of their definition, and of the same environment as this run.
    fn read<'a>(&'a self, metrics: &'a [Metric], context: &'a Context) -> Boxed<'a, Result<Vec<Sample>, Failure>>;

    /// Tries the credential with one cheap request.
    fn check<'a>(&'a self, context: &'a Context) -> Boxed<'a, Finding>;

    /// The form in which it keeps tags.
    fn fold(&self) -> Fold;

    /// The lookback in words: `4h`.
    fn lookback(&self) -> &str;
}
