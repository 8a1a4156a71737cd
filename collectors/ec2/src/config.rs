//! What the EC2 collector is told at construction.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::prices::PriceFile;

/// Everything that the EC2 collector can be told. The environment and the configuration file are read elsewhere; what the
/// SDK's credential chain reads (profiles, IRSA, Pod Identity, SSO, instance metadata) it reads itself.
#[derive(Debug, Clone)]
pub struct Config {
    /// How to reach AWS.
    pub access: Access,
    /// Which regions to read.
    pub regions: Regions,
    /// Prices that are used instead of those of AWS.
    pub price_file: Option<PriceFile>,
    /// Whether CloudWatch is asked for idle instances.
    pub idle: bool,
    /// Mean CPU utilization below which an instance is idle, in percent.
    pub idle_cpu_pct: f64,
    /// Where to keep prices, types and CPU means between runs; none = nowhere.
    pub state_dir: Option<PathBuf>,
}

/// How to reach AWS.
#[derive(Debug, Clone)]
pub struct Access {
    /// The region that is asked who the credential is, and which regions are enabled.
    pub home: String,
    /// A fixed credential; none = the SDK's default chain.
    pub keys: Option<Keys>,
    /// Address of all services, for tests and private endpoints; none = each service's own.
    pub endpoint_url: Option<String>,
}

/// An access key.
#[derive(Debug, Clone)]
pub struct Keys {
    /// `AKIA...`, or `ASIA...` with a session token.
    pub id: SecretString,
    /// The secret half.
    pub secret: SecretString,
    /// The token of a temporary key.
    pub session_token: Option<SecretString>,
}

/// Whether a region could have this name: eu-central-1, us-gov-west-1. It becomes part of a host name.
pub fn is_region(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.ends_with(|c: char| c.is_ascii_digit()) && name.matches('-').count() >= 2 && name.chars().all(plain)
}

/// The regions to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regions {
    /// These.
    Named(Vec<String>),
    /// All that are enabled for the account.
    All,
}
