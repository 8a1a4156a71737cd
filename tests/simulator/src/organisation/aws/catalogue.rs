//! Machine types and platforms, by their published data.

/// Who makes a GPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maker {
    /// NVIDIA.
    Nvidia,
    /// AMD.
    Amd,
}

/// What a machine type has beside its processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accelerator {
    /// Nothing.
    None,
    /// GPUs: their maker, name, number, and MiB of each.
    Gpu(Maker, &'static str, u64, u64),
    /// Inferentia or Trainium, which are no GPUs: name, number of devices, cores and MiB of each.
    Neuron(&'static str, u64, u64, u64),
}

/// A machine type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InstanceType {
    /// Such as m5.large.
    pub name: &'static str,
    /// x86_64 or arm64.
    pub architecture: &'static str,
    /// Virtual processors.
    pub vcpus: u64,
    /// MiB.
    pub memory: u64,
    /// What it has beside.
    pub accelerator: Accelerator,
    /// Dollars an hour that generated prices are near.
    pub(super) dollars: f64,
}

const fn plain(
    name: &'static str,
    architecture: &'static str,
    vcpus: u64,
    gib: u64,
    dollars: f64,
    accelerator: Accelerator,
) -> InstanceType {
    InstanceType { name, architecture, vcpus, memory: gib * 1024, accelerator, dollars }
}

use Accelerator::Gpu;
use Accelerator::Neuron;
use Accelerator::None as Nothing;
use Maker::Amd;
use Maker::Nvidia;

/// Every kind of accelerator is among the first six, so that a short choice has them all.
pub const INSTANCE_TYPES: [InstanceType; 18] = [
    plain("m5.large", "x86_64", 2, 8, 0.115, Nothing),
    plain("g4dn.12xlarge", "x86_64", 48, 192, 4.89, Gpu(Nvidia, "T4", 4, 16_384)),
    plain("g4ad.xlarge", "x86_64", 4, 16, 0.473, Gpu(Amd, "Radeon Pro V520", 1, 8_192)),
    plain("inf2.xlarge", "x86_64", 4, 16, 0.948, Neuron("Inferentia2", 1, 2, 32_768)),
    plain("c6g.large", "arm64", 2, 4, 0.0776, Nothing),
    plain("p5.48xlarge", "x86_64", 192, 2_048, 98.32, Gpu(Nvidia, "H100", 8, 81_920)),
    plain("c5.2xlarge", "x86_64", 8, 16, 0.388, Nothing),
    plain("trn1.32xlarge", "x86_64", 128, 512, 21.5, Neuron("Trainium", 16, 2, 32_768)),
    plain("t3.medium", "x86_64", 2, 4, 0.048, Nothing),
    plain("g5.xlarge", "x86_64", 4, 16, 1.258, Gpu(Nvidia, "A10G", 1, 24_576)),
    plain("r5.4xlarge", "x86_64", 16, 128, 1.216, Nothing),
    plain("g4dn.xlarge", "x86_64", 4, 16, 0.658, Gpu(Nvidia, "T4", 1, 16_384)),
    plain("m6i.xlarge", "x86_64", 4, 16, 0.23, Nothing),
    plain("p4d.24xlarge", "x86_64", 96, 1_152, 32.77, Gpu(Nvidia, "A100", 8, 40_960)),
    plain("g4ad.16xlarge", "x86_64", 64, 256, 4.336, Gpu(Amd, "Radeon Pro V520", 4, 8_192)),
    plain("inf1.6xlarge", "x86_64", 24, 48, 1.475, Neuron("Inferentia", 4, 4, 8_192)),
    plain("p3.8xlarge", "x86_64", 32, 244, 15.29, Gpu(Nvidia, "V100", 4, 16_384)),
    plain("m5.xlarge", "x86_64", 4, 16, 0.23, Nothing),
];

/// What an instance's software is billed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// Linux without a licence to pay.
    Linux,
    /// Red Hat Enterprise Linux.
    Rhel,
    /// SUSE Linux.
    Suse,
    /// Windows with its licence.
    Windows,
    /// Windows by a licence of one's own.
    WindowsByol,
    /// Windows and SQL Server Standard with their licences.
    WindowsSql,
}

impl Platform {
    /// All of them.
    pub const ALL: [Platform; 6] = [
        Platform::Linux,
        Platform::Rhel,
        Platform::Suse,
        Platform::Windows,
        Platform::WindowsByol,
        Platform::WindowsSql,
    ];

    /// What EC2 calls it, in PlatformDetails and as a spot price's ProductDescription.
    pub fn details(self) -> &'static str {
        match self {
            Platform::Linux => "Linux/UNIX",
            Platform::Rhel => "Red Hat Enterprise Linux",
            Platform::Suse => "SUSE Linux",
            Platform::Windows => "Windows",
            Platform::WindowsByol => "Windows BYOL",
            Platform::WindowsSql => "Windows with SQL Server Standard",
        }
    }

    /// The billed operation, in UsageOperation and in the price list.
    pub fn operation(self) -> &'static str {
        match self {
            Platform::Linux => "RunInstances",
            Platform::Rhel => "RunInstances:0010",
            Platform::Suse => "RunInstances:000g",
            Platform::Windows => "RunInstances:0002",
            Platform::WindowsByol => "RunInstances:0800",
            Platform::WindowsSql => "RunInstances:0006",
        }
    }

    /// The price list's operatingSystem, preInstalledSw and licenseModel.
    pub fn attributes(self) -> (&'static str, &'static str, &'static str) {
        const INCLUDED: &str = "No License required";
        match self {
            Platform::Linux => ("Linux", "NA", INCLUDED),
            Platform::Rhel => ("RHEL", "NA", INCLUDED),
            Platform::Suse => ("SUSE", "NA", INCLUDED),
            Platform::Windows => ("Windows", "NA", INCLUDED),
            Platform::WindowsByol => ("Windows", "NA", "Bring your own license"),
            Platform::WindowsSql => ("Windows", "SQL Std", INCLUDED),
        }
    }

    /// Whether it is a Windows.
    pub fn is_windows(self) -> bool {
        matches!(self, Platform::Windows | Platform::WindowsByol | Platform::WindowsSql)
    }

    /// Whether spot prices are published for it.
    pub fn has_spot(self) -> bool {
        !matches!(self, Platform::WindowsByol | Platform::WindowsSql)
    }

    /// Dollars an hour and processor for its licences.
    pub(super) fn licence(self) -> f64 {
        match self {
            Platform::Linux | Platform::WindowsByol => 0.0,
            Platform::Rhel => 0.0144,
            Platform::Suse => 0.0125,
            Platform::Windows => 0.046,
            Platform::WindowsSql => 0.166,
        }
    }
}
