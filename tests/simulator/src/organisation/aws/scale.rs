//! How large the account is.

/// Sizes over all configured regions together; the first holds about half of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AwsScale {
    /// Configured regions, at most five; with 0 there is no account. There are others beside them, in use and disabled.
    pub regions: usize,
    /// Instances in any state.
    pub instances: usize,
    /// The machine types that they take turns through, at most as many as the catalogue has.
    pub instance_types: usize,
    /// Volumes in any state.
    pub volumes: usize,
    /// Snapshots of the account; there are others' beside them.
    pub snapshots: usize,
    /// Elastic IPs.
    pub addresses: usize,
}

impl AwsScale {
    /// No account.
    pub fn none() -> AwsScale {
        AwsScale { regions: 0, instances: 0, instance_types: 0, volumes: 0, snapshots: 0, addresses: 0 }
    }

    /// The size that limits on requests, time and memory are stated for.
    pub fn reference() -> AwsScale {
        AwsScale { regions: 3, instances: 2_500, instance_types: 12, volumes: 3_200, snapshots: 4_000, addresses: 60 }
    }

    /// Some of everything in two regions.
    pub fn small() -> AwsScale {
        AwsScale { regions: 2, instances: 60, instance_types: 16, volumes: 50, snapshots: 30, addresses: 12 }
    }

    /// One of many small accounts, any number down to zero.
    pub fn random(seed: u64) -> AwsScale {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x0ec2_5ca1e);
        let mut upto = |n: usize| if rng.u8(..8) == 0 { 0 } else { rng.usize(..=n) };
        AwsScale {
            regions: 1 + upto(2),
            instances: upto(120),
            instance_types: 1 + upto(17),
            volumes: upto(120),
            snapshots: upto(60),
            addresses: upto(20),
        }
    }

    /// The same number of regions and types with so many times as much in them.
    pub fn times(self, n: usize) -> AwsScale {
        AwsScale {
            instances: self.instances * n,
            volumes: self.volumes * n,
            snapshots: self.snapshots * n,
            addresses: self.addresses * n,
            ..self
        }
    }
}
