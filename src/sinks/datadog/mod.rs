//! Datadog: encode, send, spool, and read back. The only place that knows the wire format.
//!
//! The path of a point: [`series`] turns it into the JSON of one series, [`encode`] packs series into payloads that
//! keep to the limits of the intake, [`spool`] writes each payload to disk, [`send`] posts it, and [`run`] holds
//! these together: write ahead, send oldest first, remove what was accepted.

pub mod compress;
pub mod deliver;
pub mod encode;
pub mod outcome;
pub mod query;
pub mod reply;
pub mod run;
pub mod send;
pub mod series;
pub mod spool;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;

use collector::Failure;
use secrecy::SecretString;

pub use self::compress::Compression;
pub use self::deliver::Datadog;
pub use self::spool::Spool;

/// Where and how to send.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `https://api.{site}`, or an override, without a slash at the end.
    pub base_url: String,
    /// The API key; it goes into a header and nowhere else.
    pub api_key: SecretString,
    /// How bodies are compressed.
    pub compression: Compression,
    /// Where undelivered payloads are kept; without it they are lost.
    pub spool: Option<SpoolSettings>,
}

/// Where undelivered payloads are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolSettings {
    /// The directory, for the spool alone. It is made when it is first needed.
    pub directory: PathBuf,
    /// Most bytes that the files in it may take together.
    pub max_bytes: u64,
}

/// A run's payloads in the spool whose fate is open: name and points.
pub type Waiting = HashMap<String, u64>;

/// What became of the points. Each of the points handed over is in exactly one of `accepted`, `spooled`, `lost`,
/// `too_old`; points of earlier runs are in `replayed`, `dropped`, `too_old`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delivery {
    /// Points of this run that Datadog has accepted.
    pub accepted: u64,
    /// Points of earlier runs, or of one at the same time, that Datadog has accepted from the spool.
    pub replayed: u64,
    /// Points of this run that are kept for later.
    pub spooled: u64,
    /// Points of this run that are neither accepted nor kept: no spool, refused, malformed, over the spool's bound.
    pub lost: u64,
    /// Points given up because they were older than 55 minutes.
    pub too_old: u64,
    /// Points of earlier runs that were dropped: for the spool's bound, or because Datadog refused them, or unreadable.
    pub dropped: u64,
    /// HTTP requests sent, retries included.
    pub requests: u32,
    /// The first thing that kept points from being accepted.
    pub failure: Option<Failure>,
    /// What else the user should know, whole sentences.
    pub warnings: Vec<String>,
    /// Where the points that are kept lie: for the next delivery of the same run, which may yet send them.
    pub waiting: Waiting,
}
