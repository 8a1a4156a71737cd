//! How large the cluster is.

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KubernetesScale {
    /// Nodes, about a quarter of them with GPUs.
    pub nodes: usize,
    /// Namespaces; the last has no pods.
    pub namespaces: usize,
    /// Deployments.
    pub deployments: usize,
    /// Pods in any phase.
    pub pods: usize,
    /// Whether metrics.k8s.io is installed.
    pub has_metrics: bool,
}

impl KubernetesScale {
    /// The size that limits on requests, time and memory are stated for.
    pub fn reference() -> KubernetesScale {
        KubernetesScale { nodes: 300, namespaces: 60, deployments: 1_200, pods: 10_000, has_metrics: true }
    }

    /// Some of everything.
    pub fn small() -> KubernetesScale {
        KubernetesScale { nodes: 9, namespaces: 5, deployments: 14, pods: 90, has_metrics: true }
    }

    /// One of many, with any number down to zero; some have no metrics.k8s.io.
    pub fn random(seed: u64) -> KubernetesScale {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x0cb3_5ca1e);
        let mut upto = |n: usize| if rng.u8(..8) == 0 { 0 } else { rng.usize(..=n) };
        KubernetesScale {
            nodes: upto(40),
            namespaces: 1 + upto(12),
            deployments: upto(120),
            pods: upto(700),
            has_metrics: upto(5) != 3,
        }
    }

    /// The same number of namespaces with so many times as much in them.
    pub fn times(self, n: usize) -> KubernetesScale {
        KubernetesScale { nodes: self.nodes * n, deployments: self.deployments * n, pods: self.pods * n, ..self }
    }
}
