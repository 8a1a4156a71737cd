//! What Weights & Biases knows: projects and their runs.

mod generate;
mod history;
mod runs;
mod scale;

pub use generate::wandb as generate;
pub use history::History;
pub use scale::WandbScale;

use jiff::Timestamp;
use std::borrow::Cow;

/// The projects and who runs in them.
#[derive(Debug, Clone, PartialEq)]
pub struct Wandb {
    /// The entity that the key's owner works in.
    pub entity: String,
    /// Accounts; the first is the key's owner.
    pub users: Vec<User>,
    /// The projects, in the order they are to be configured.
    pub projects: Vec<Project>,
}

/// An account.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The display name.
    pub name: String,
    /// The login.
    pub username: String,
}

/// One project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The user or team that it belongs to.
    pub entity: String,
    /// Its name.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether the key has no right to it, so that the service says there is no such project.
    pub is_private: bool,
    /// The runs that matter one by one, in no order.
    pub runs: Vec<Run>,
    /// All the others, which ended long ago.
    pub history: History,
    /// Its sweeps.
    pub sweeps: Vec<Sweep>,
}

/// A run.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The short id: eight letters and digits, the only name that is one's own.
    pub name: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// running, pending, preempting, finished, failed, crashed, killed, preempted, or one that nobody knows yet.
    pub state: String,
    /// The group, by which people compare runs.
    pub group: Option<String>,
    /// The kind of job.
    pub job_type: Option<String>,
    /// The name of the sweep that it belongs to.
    pub sweep: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Who started it; nobody when the account was deleted.
    pub user: Option<usize>,
    /// The machine.
    pub host: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its last sign of life, which for a run that ended is its end. A run that never began has none.
    pub heartbeat_at: Option<Timestamp>,
    /// Seconds that it computed, pauses left out.
    pub compute_seconds: f64,
    /// Rows logged.
    pub history_lines: u64,
    /// What it was started with.
    pub config: Vec<(String, Datum)>,
    /// The last value of each logged key; null before the first.
    pub summary: Option<Vec<(String, Datum)>>,
    /// The last sample of the machine's state.
    pub system: Option<Vec<(String, Datum)>>,
    /// The machine's equipment, where it was told.
    pub info: Option<Info>,
}

/// A machine's equipment.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// The GPU's model.
    pub gpu: Option<String>,
    /// How many GPUs there are.
    pub gpu_count: Option<u32>,
    /// How many processors.
    pub cpu_count: Option<u32>,
}

/// A sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// The short id.
    pub name: String,
    /// The name that people see.
    pub display_name: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// RUNNING, FINISHED and so on.
    pub state: String,
}

/// A value of a summary, of the machine's state or of a configuration. What JSON has no word for has its own variant,
/// so that descriptions can be compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// A finite number.
    Number(f64),
    /// Not a number; on the wire a bare `NaN`.
    Nan,
    /// On the wire a bare `Infinity`.
    Infinity,
    /// On the wire a bare `-Infinity`.
    NegativeInfinity,
    /// A text; control characters are on the wire as they are.
    Text(String),
    /// True or false.
    Bool(bool),
    /// Nothing.
    Null,
    /// Values by name, as histograms and media are described.
    Object(Vec<(String, Datum)>),
}

impl Wandb {
    /// The project of that "entity/project".
    pub fn project(&self, entity: &str, name: &str) -> Option<&Project> {
        self.projects.iter().find(|p| p.entity == entity && p.name == name)
    }

    /// "entity/project" of every project that the key may read.
    pub fn readable(&self) -> Vec<String> {
        self.projects.iter().filter(|p| !p.is_private).map(Project::full_name).collect()
    }
}

impl Project {
    /// "entity/project".
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.entity, self.name)
    }

    /// How many runs there are, those of the history included.
    pub fn len(&self) -> usize {
        self.runs.len() + self.history.runs
    }

    /// Whether it has no run.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The run of that number, from 0; those of the history come last.
    pub fn run(&self, at: usize) -> Cow<'_, Run> {
        match self.runs.get(at) {
            Some(run) => Cow::Borrowed(run),
            None => Cow::Owned(self.history.run(at - self.runs.len())),
        }
    }

    /// When the run of that number was created, and its last sign of life.
    pub fn instants(&self, at: usize) -> (Timestamp, Option<Timestamp>) {
        match self.runs.get(at) {
            Some(run) => (run.created_at, run.heartbeat_at),
            None => {
                let (created, heartbeat) = self.history.instants(at - self.runs.len());
                (created, Some(heartbeat))
            }
        }
    }

    /// Every run.
    pub fn all(&self) -> impl Iterator<Item = Cow<'_, Run>> {
        (0..self.len()).map(|at| self.run(at))
    }
}
