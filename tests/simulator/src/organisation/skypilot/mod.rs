//! The described SkyPilot: managed jobs of several users, and clusters, as they are at the organisation's instant.

mod generate;
mod jobs;
mod scale;

pub use scale::SkyPilotScale;

pub(super) use generate::generate;

use jiff::Timestamp;

/// What the API server knows.
#[derive(Debug, Clone, PartialEq)]
pub struct SkyPilot {
    /// Whether the controller of managed jobs is up; while it is not, the server can tell nothing of jobs.
    pub controller_is_up: bool,
    /// People; their number in this list is how jobs and clusters name them.
    pub users: Vec<User>,
    /// Managed jobs, oldest id first.
    pub jobs: Vec<Job>,
    /// Clusters, those of managed jobs included.
    pub clusters: Vec<Cluster>,
}

/// An account of the server.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// Eight hexadecimal digits.
    pub hash: String,
    /// The name.
    pub name: String,
}

/// A managed job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Who submitted it; nobody where the server does not know any more.
    pub user: Option<usize>,
    /// Its tasks in order; one except for pipelines and groups.
    pub tasks: Vec<Task>,
    /// The worker of a pool that it runs on, which it may share with other jobs.
    pub worker: Option<Worker>,
}

/// A machine of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Worker {
    /// Its cluster's name.
    pub name: String,
    /// What all of it has.
    pub accelerator: Option<Accelerator>,
}

/// A task of a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// In capitals, as the server spells it.
    pub status: String,
    /// When it was submitted; not known of one that is pending.
    pub submitted_at: Option<Timestamp>,
    /// When it first ran.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Seconds that it has run, recoveries left out; now and then the server does not know.
    pub duration: Option<f64>,
    /// How often it was recovered.
    pub recoveries: u32,
    /// Machines.
    pub nodes: u32,
    /// What each of them has, beside CPUs.
    pub accelerator: Option<Accelerator>,
    /// Whether the machines are spot instances.
    pub is_spot: bool,
    /// Whether the server can look at its machines now; else it knows only what was asked for.
    pub is_alive: bool,
    /// Where it runs, if the server knows.
    pub place: Option<Place>,
}

/// Accelerators of one machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Accelerator {
    /// The name as SkyPilot's catalogue spells it.
    pub name: String,
    /// How many; a part of one may be asked for.
    pub count: f64,
}

/// A place at a cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The region.
    pub region: String,
    /// The zone, where it is known.
    pub zone: Option<String>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// INIT, UP, STOPPED, AUTOSTOPPING or PENDING.
    pub status: String,
    /// Whose it is.
    pub user: usize,
    /// Idle minutes after which it stops; without one it never does.
    pub autostop: Option<u32>,
    /// Whether it is removed rather than stopped.
    pub to_down: bool,
    /// Whether a managed job runs on it.
    pub is_managed: bool,
}

impl Task {
    /// Whether it is under way on machines.
    pub fn runs(&self) -> bool {
        matches!(self.status.as_str(), "RUNNING" | "RECOVERING")
    }

    /// Whether it will not change any more.
    pub fn has_ended(&self) -> bool {
        self.status.starts_with("FAILED") || matches!(self.status.as_str(), "SUCCEEDED" | "CANCELLED")
    }
}
