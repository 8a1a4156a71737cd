//! How large a described organisation is.

use super::asana::AsanaScale;
use super::aws::AwsScale;
use super::kubernetes::KubernetesScale;
use super::skypilot::SkyPilotScale;
use super::wandb::WandbScale;

/// Sizes. The weekly numbers are those within the window of seven days that ends at the organisation's instant,
/// for each repository that has such things; more of each kind lies outside of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Repositories; the first is an ordinary one, the others take turns through the odd kinds.
    pub repositories: usize,
    /// Branches other than the default one.
    pub branches: usize,
    /// Pull requests that are open.
    pub open_pulls: usize,
    /// Pull requests merged in a week, into any base.
    pub merged_7d: usize,
    /// Pull requests closed without a merge in a week.
    pub closed_7d: usize,
    /// Commits on the default branch in a week; raised where the merged pull requests need more.
    pub commits_7d: usize,
    /// Those of them that were pushed without a pull request.
    pub direct_pushes_7d: usize,
    /// Workflow runs created in a week.
    pub runs_7d: usize,
    /// Deployments created in a week, to any environment and with any outcome.
    pub deployments_7d: usize,
    /// Commits older than the window in a repository with a very long history.
    pub long_history: usize,
    /// Whether some pull requests do not tell the files of their commits: those begun before the window, those that
    /// touch a file twice or put one back.
    pub untidy: bool,
    /// The task tracker.
    pub asana: AsanaScale,
    /// Weights & Biases.
    pub wandb: WandbScale,
    /// The account at AWS: none unless it is asked for.
    pub aws: AwsScale,
    /// SkyPilot's managed jobs and clusters.
    pub skypilot: SkyPilotScale,
    /// The cluster of Kubernetes.
    pub kubernetes: KubernetesScale,
}

impl Scale {
    /// One busy repository: the size that limits on requests, time and memory are stated for.
    pub fn reference() -> Scale {
        Scale {
            repositories: 1,
            // With the default one 1,200.
            branches: 1_199,
            open_pulls: 50,
            merged_7d: 200,
            closed_7d: 30,
            commits_7d: 300,
            direct_pushes_7d: 20,
            runs_7d: 2_000,
            deployments_7d: 40,
            long_history: 10_500,
            untidy: false,
            asana: AsanaScale::reference(),
            wandb: WandbScale::reference(),
            aws: AwsScale::none(),
            skypilot: SkyPilotScale::reference(),
            kubernetes: KubernetesScale::reference(),
        }
    }

    /// The reference size where pull requests are not as tidy: their commits cost more requests.
    pub fn untidy() -> Scale {
        Scale { untidy: true, ..Scale::reference() }
    }

    /// One quiet repository, for tests that only need some of everything.
    pub fn small() -> Scale {
        Scale {
            repositories: 1,
            branches: 12,
            open_pulls: 6,
            merged_7d: 14,
            closed_7d: 4,
            commits_7d: 26,
            direct_pushes_7d: 4,
            runs_7d: 60,
            deployments_7d: 10,
            long_history: 300,
            untidy: true,
            asana: AsanaScale::small(),
            wandb: WandbScale::small(),
            aws: AwsScale::none(),
            skypilot: SkyPilotScale::small(),
            kubernetes: KubernetesScale::small(),
        }
    }

    /// One of many small organisations, with every kind of repository somewhere and any number down to zero.
    pub fn random(seed: u64) -> Scale {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5ca1_ab1e);
        let mut upto = |n: usize| if rng.u8(..8) == 0 { 0 } else { rng.usize(..=n) };
        Scale {
            repositories: 1 + upto(9),
            branches: upto(150),
            open_pulls: upto(130),
            merged_7d: upto(60),
            closed_7d: upto(15),
            commits_7d: upto(150),
            direct_pushes_7d: upto(12),
            runs_7d: upto(400),
            deployments_7d: upto(25),
            long_history: 200 + upto(600),
            untidy: true,
            asana: AsanaScale::random(seed),
            wandb: WandbScale::random(seed),
            aws: AwsScale::none(),
            skypilot: SkyPilotScale::random(seed),
            kubernetes: KubernetesScale::random(seed),
        }
    }

    /// The same number of repositories, each so many times as large.
    pub fn times(self, n: usize) -> Scale {
        Scale {
            repositories: self.repositories,
            branches: self.branches * n,
            open_pulls: self.open_pulls * n,
            merged_7d: self.merged_7d * n,
            closed_7d: self.closed_7d * n,
            commits_7d: self.commits_7d * n,
            direct_pushes_7d: self.direct_pushes_7d * n,
            runs_7d: self.runs_7d * n,
            deployments_7d: self.deployments_7d * n,
            long_history: self.long_history,
            untidy: self.untidy,
            asana: self.asana.times(n),
            wandb: self.wandb.times(n),
            aws: self.aws.times(n),
            skypilot: self.skypilot.times(n),
            kubernetes: self.kubernetes.times(n),
        }
    }

    /// The same with an account at AWS of this size.
    pub fn with_aws(self, aws: AwsScale) -> Scale {
        Scale { aws, ..self }
    }

    /// The same sizes in so many repositories.
    pub fn with_repositories(self, repositories: usize) -> Scale {
        Scale { repositories, ..self }
    }
}
