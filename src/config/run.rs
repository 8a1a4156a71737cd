//! Settings of the run itself: deadlines, common tags, where state is kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::Inputs;
use crate::config::Origin;
use crate::config::Settings;

/// How a run behaves.
#[derive(Debug, Clone)]
pub struct RunConfig {
    /// Time for the whole collection.
    pub deadline: Duration,
    /// Time for one collector.
    pub collector_deadline: Duration,
    /// Whether a partial run exits with 0.
    pub tolerate_partial: bool,
    /// Tags of every point: env, service, version, as far as they are set.
    pub common_tags: Vec<String>,
    /// Where the spool lives; none when neither the setting nor a home folder is known.
    pub state_dir: Option<PathBuf>,
}

impl RunConfig {
    /// Reads the settings of the run; each has a default.
    pub fn new(settings: &Settings) -> Self {
        let tag = |key: &str| settings.text(key).map(|value| format!("{key}:{value}"));
        RunConfig {
            deadline: settings.duration("deadline").unwrap_or_default(),
            collector_deadline: settings.duration("collector_deadline").unwrap_or_default(),
            tolerate_partial: settings.flag("tolerate_partial"),
            common_tags: ["env", "service", "version"].into_iter().filter_map(tag).collect(),
            state_dir: settings.text("state_dir").map(PathBuf::from),
        }
    }
}

/// The standard place for state, when the setting does not name one: XDG's base directory specification.
pub fn default_state_dir(inputs: &Inputs, settings: &mut Settings) {
    if settings.has("state_dir") {
        return;
    }
    let absolute = |name: &str| inputs.environment.get(name).filter(|path| path.starts_with('/')).map(PathBuf::from);
    let base = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")));
    if let Some(base) = base {
        settings.set_text("state_dir", base.join("orgpulse").display().to_string(), Origin::Default);
    }
}
