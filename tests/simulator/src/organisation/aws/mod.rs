//! The described account at AWS: what its regions hold, what machines cost, how busy they are.

mod catalogue;
mod costs;
mod cpu;
mod generate;
mod instances;
mod scale;
mod storage;

pub use catalogue::Accelerator;
pub use catalogue::InstanceType;
pub use catalogue::Maker;
pub use catalogue::Platform;
pub use scale::AwsScale;

pub(super) use generate::generate;

use jiff::Timestamp;

/// An account. Without regions there is none: the scale did not ask for one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aws {
    /// Twelve digits.
    pub account: String,
    /// Every region that the account can see, enabled or not.
    pub regions: Vec<Region>,
    /// The names of the regions that are to be configured, a part of those enabled.
    pub configured: Vec<String>,
    /// The machine types that EC2 knows.
    pub instance_types: Vec<InstanceType>,
    /// The price list, as far as it knows these types.
    pub price_list: Vec<OnDemandPrice>,
}

/// A region's standing in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptIn {
    /// Enabled for everybody.
    NotRequired,
    /// Enabled by the account.
    OptedIn,
    /// Disabled: its endpoints refuse the account.
    NotOptedIn,
}

/// A region with everything in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Such as eu-central-1.
    pub name: String,
    /// Whether it is enabled.
    pub opt_in: OptIn,
    /// The names of its availability zones.
    pub zones: Vec<String>,
    /// Instances, also those that EC2 lists for a while after their end.
    pub instances: Vec<Instance>,
    /// Volumes.
    pub volumes: Vec<Volume>,
    /// Snapshots that the account can see; most are its own.
    pub snapshots: Vec<Snapshot>,
    /// Elastic IPs.
    pub addresses: Vec<Address>,
    /// Changes of spot prices, in no order.
    pub spot_prices: Vec<SpotPrice>,
}

/// A state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// Being started.
    Pending,
    /// Running.
    Running,
    /// Being terminated.
    ShuttingDown,
    /// At its end.
    Terminated,
    /// Being stopped.
    Stopping,
    /// Stopped.
    Stopped,
}

/// How an instance is bought, where it is not on demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifecycle {
    /// From spare capacity.
    Spot,
    /// A Scheduled Reserved Instance.
    Scheduled,
    /// In a Capacity Block.
    CapacityBlock,
}

/// On whose hardware an instance runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tenancy {
    /// Shared.
    Default,
    /// On hardware of this account.
    Dedicated,
    /// On a Dedicated Host, which is what is paid for.
    Host,
}

/// An instance.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Such as i-0123456789abcdef0.
    pub id: String,
    /// The reservation that it was launched by, sometimes together with others.
    pub reservation: String,
    /// The name of its type.
    pub instance_type: String,
    /// Its state.
    pub state: InstanceState,
    /// How it is bought; none on demand.
    pub lifecycle: Option<Lifecycle>,
    /// Its operating system as EC2 bills it.
    pub platform: Platform,
    /// On whose hardware.
    pub tenancy: Tenancy,
    /// Its availability zone.
    pub zone: String,
    /// When it was last started.
    pub launched: Timestamp,
    /// When it left the state running, of those that did.
    pub ended: Option<Timestamp>,
    /// The code of the reason, of those that have one.
    pub reason: Option<&'static str>,
    /// Its tag Name, if any.
    pub name: Option<String>,
    /// Averages of CPUUtilization in percent over five minutes from each instant on, oldest first.
    pub cpu: Vec<(Timestamp, f64)>,
}

/// A state of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeState {
    /// Being made.
    Creating,
    /// Attached to nothing.
    Available,
    /// Attached.
    InUse,
    /// Being deleted.
    Deleting,
    /// Its hardware failed.
    Error,
}

/// A volume.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// Such as vol-0123456789abcdef0.
    pub id: String,
    /// Its state.
    pub state: VolumeState,
    /// GiB.
    pub size: u64,
    /// Its zone.
    pub zone: String,
    /// When it was made.
    pub created: Timestamp,
    /// The instances that it is attached to; several where that was allowed.
    pub attached_to: Vec<String>,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Such as snap-0123456789abcdef0.
    pub id: String,
    /// The account that owns it.
    pub owner: String,
    /// Whether everybody may restore it.
    pub is_public: bool,
    /// pending, completed, error, recoverable or recovering.
    pub state: &'static str,
    /// GiB of the volume that it is of.
    pub volume_size: u64,
    /// When it was begun.
    pub started: Timestamp,
}

/// An Elastic IP.
#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    /// The IP.
    pub public_ip: String,
    /// Its id.
    pub allocation: String,
    /// What ties it to a network interface, if anything does.
    pub association: Option<String>,
    /// The instance of that interface; a gateway's has none.
    pub instance: Option<String>,
}

/// A change of a spot price.
#[derive(Debug, Clone, PartialEq)]
pub struct SpotPrice {
    /// The type.
    pub instance_type: String,
    /// The zone.
    pub zone: String,
    /// The platform.
    pub platform: Platform,
    /// From when on.
    pub at: Timestamp,
    /// Dollars an hour.
    pub dollars: f64,
}

/// A row of the price list.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDemandPrice {
    /// The type.
    pub instance_type: String,
    /// The region.
    pub region: String,
    /// The platform.
    pub platform: Platform,
    /// The tenancy.
    pub tenancy: Tenancy,
    /// Dollars an hour.
    pub dollars: f64,
}

impl Aws {
    /// Whether there is an account at all.
    pub fn is_described(&self) -> bool {
        !self.regions.is_empty()
    }

    /// A region by name.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.iter().find(|r| r.name == name)
    }

    /// A machine type by name.
    pub fn instance_type(&self, name: &str) -> Option<&InstanceType> {
        self.instance_types.iter().find(|t| t.name == name)
    }
}

impl Region {
    /// Whether the account may use it.
    pub fn is_enabled(&self) -> bool {
        self.opt_in != OptIn::NotOptedIn
    }
}
