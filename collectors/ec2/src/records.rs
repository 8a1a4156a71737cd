//! What is kept of EC2's answers: only the fields that a metric uses.

use jiff::Timestamp;

/// An instance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    /// Its type: "m5.large".
    pub(crate) kind: String,
    pub(crate) state: State,
    pub(crate) launched: Option<Timestamp>,
    /// Availability zone.
    pub(crate) zone: String,
    pub(crate) spot: bool,
    /// EC2's PlatformDetails: "Linux/UNIX".
    pub(crate) platform: String,
    pub(crate) tenancy: Tenancy,
    /// By its CPU options, where EC2 tells them.
    pub(crate) vcpus: Option<u32>,
    /// Whether EC2 took its spot capacity back.
    pub(crate) interrupted: bool,
    /// When it left its last state, where EC2 tells.
    pub(crate) changed: Option<Timestamp>,
}

impl Instance {
    /// Whether it runs at `now`. One that was launched later does not run yet.
    pub(crate) fn runs(&self, now: Timestamp) -> bool {
        self.state == State::Running && self.launched.is_none_or(|launched| launched <= now)
    }
}

/// The state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
    /// One that orgpulse does not know, or none.
    Unknown,
}

/// What hardware an instance shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tenancy {
    /// Hardware of all customers.
    Default,
    /// Hardware of one customer, paid by the instance.
    Dedicated,
    /// A dedicated host, paid by the host.
    Host,
}

/// What an instance type has.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Hardware {
    pub(crate) vcpus: u32,
    /// GPUs of NVIDIA and AMD; a part of one for types that have a part.
    pub(crate) gpus: f64,
}

/// An EBS volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Volume {
    pub(crate) use_: VolumeUse,
    /// GiB.
    pub(crate) size: Option<u32>,
}

/// Whether a volume is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VolumeUse {
    /// State in-use.
    Attached,
    /// State available.
    Unattached,
    /// Being made or deleted, or broken.
    Neither,
}

/// The snapshots of a region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Snapshots {
    /// Volume size of each that the account owns, in GiB.
    pub(crate) sizes: Vec<Option<u32>>,
    /// How many were listed that others own.
    pub(crate) of_others: usize,
}

/// The Elastic IP addresses of a region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) unattached: usize,
}
