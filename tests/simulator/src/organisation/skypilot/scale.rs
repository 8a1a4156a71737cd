//! How much SkyPilot has to do.

/// Sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkyPilotScale {
    /// Jobs that have ended, of the last two months.
    pub finished: usize,
    /// Jobs that run or recover, pipelines and pools among them.
    pub running: usize,
    /// Jobs that wait, start, wind down or are being cancelled.
    pub waiting: usize,
    /// Clusters beside those of managed jobs.
    pub clusters: usize,
    /// Whether some jobs share the workers of a pool, which old servers do not have.
    pub has_pools: bool,
    /// Whether the controller of managed jobs is up.
    pub controller_is_up: bool,
}

impl SkyPilotScale {
    /// The size that limits on requests, time and memory are stated for.
    pub fn reference() -> SkyPilotScale {
        SkyPilotScale {
            finished: 5_000,
            running: 200,
            waiting: 200,
            clusters: 30,
            has_pools: true,
            controller_is_up: true,
        }
    }

    /// Some of everything.
    pub fn small() -> SkyPilotScale {
        SkyPilotScale { finished: 40, running: 14, waiting: 8, clusters: 7, has_pools: true, controller_is_up: true }
    }

    /// One of many, with any number down to zero; now and then the controller is down.
    pub fn random(seed: u64) -> SkyPilotScale {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x005c_a1e5_5c15);
        let mut upto = |n: usize| if rng.u8(..7) == 0 { 0 } else { rng.usize(..=n) };
        SkyPilotScale {
            finished: upto(250),
            running: upto(90),
            waiting: upto(30),
            clusters: upto(14),
            has_pools: true,
            controller_is_up: upto(11) != 5,
        }
    }

    /// So many times as much of everything.
    pub fn times(self, n: usize) -> SkyPilotScale {
        SkyPilotScale {
            finished: self.finished * n,
            running: self.running * n,
            waiting: self.waiting * n,
            clusters: self.clusters * n,
            ..self
        }
    }
}
