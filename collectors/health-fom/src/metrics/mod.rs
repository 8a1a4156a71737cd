//! Pure functions: from what is known of the inputs to scores and checks.

mod check;
mod curve;
mod input;
mod known;
mod score;
#[cfg(test)]
mod tests;

pub use check::Check;
pub use check::Comparison;
pub use check::State;
pub use check::Verdict;
pub use curve::Curve;
pub use curve::Reach;
pub use curve::short;
pub use input::Combine;
pub use input::Input;
pub use input::Value;
pub use known::Cause;
pub use known::Fold;
pub use known::Gap;
pub use known::Known;
pub use known::Metric;
pub use known::Named;
pub use known::Origin;
pub use known::Sample;
pub use score::GOOD;
pub use score::Outcome;
pub use score::Outcomes;
pub use score::Score;
pub use score::Scored;
pub use score::WARNING;
