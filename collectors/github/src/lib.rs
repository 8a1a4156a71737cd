//! GitHub: pull requests, commits, branches, CI and delivery of any number of repositories.

mod catalog;
mod config;

pub use catalog::METRICS;
pub use config::Auth;
pub use config::Config;
pub use config::Repository;

use collector::Batch;
use collector::Collector;
use collector::Context;
use collector::Failure;
use collector::Finding;
use collector::MetricDef;

/// The GitHub collector.
#[derive(Debug)]
pub struct Github {
    config: Config,
}

impl Github {
    /// A collector of what `config` names.
    pub fn new(config: Config) -> Self {
        Github { config }
    }
}

impl Collector for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn definitions(&self) -> &'static [MetricDef] {
        METRICS
    }

    fn max_series(&self) -> usize {
        METRICS.len() * self.config.repositories.len()
    }

    async fn collect(&self, _context: &Context) -> Result<Batch, Failure> {
        Ok(Batch::new())
    }

    async fn check(&self, _context: &Context) -> Vec<Finding> {
        Vec::new()
    }
}
