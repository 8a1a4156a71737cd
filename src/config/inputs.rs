//! The raw inputs of the configuration: the process's environment, a `.env` beside it, and the file. The only place
//! of the program that reads the environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::config::Problems;
use crate::config::file;

/// File read when neither `--config` nor ORGPULSE_CONFIG names one.
const DEFAULT_FILE: &str = "orgpulse.yaml";
const DOT_ENV: &str = ".env";

/// Where the configuration comes from.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// Environment variables of the process.
    pub environment: BTreeMap<String, String>,
    /// Variables of `.env` in the working directory; weaker than the environment.
    pub dot_env: BTreeMap<String, String>,
    /// The configuration file's path and text.
    pub file: Option<(PathBuf, String)>,
}

impl Inputs {
    /// Reads the environment, `.env` of the working directory, and the configuration file: `config` (from `--config`),
    /// else ORGPULSE_CONFIG, else orgpulse.yaml where there is one. A named file that cannot be read is a problem.
    pub fn read(config: Option<&Path>) -> (Self, Problems) {
        let mut problems = Problems::default();
        let environment = environment(&mut problems);
        let dot_env = dot_env(&mut problems);
        let named = config.map(Path::to_owned).or_else(|| {
            let path = environment.get("ORGPULSE_CONFIG").or_else(|| dot_env.get("ORGPULSE_CONFIG"));
            path.filter(|path| !path.is_empty()).map(PathBuf::from)
        });
        let default = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let file = named.or_else(default).and_then(|path| match file::read(&path) {
            Ok(text) => Some((path, text)),
            Err(error) => {
                problems.add(path.display().to_string(), "", format!("cannot be read: {error}"), "");
                None
            }
        });
        (Inputs { environment, dot_env, file }, problems)
    }
}

fn environment(problems: &mut Problems) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        match value.into_string() {
            Ok(value) => {
                variables.insert(name.to_owned(), value);
            }
            // Another program's variable may hold anything.
            Err(_) if crate::config::setting::SETTINGS.iter().all(|setting| setting.variable != name) => {}
            Err(_) => problems.add("environment", name, "its value is not UTF-8", ""),
        }
    }
    variables
}

fn dot_env(problems: &mut Problems) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    if !Path::new(DOT_ENV).exists() {
        return variables;
    }
    let text = match file::read(Path::new(DOT_ENV)) {
        Ok(text) => text,
        Err(error) => {
            problems.add(DOT_ENV, "", format!("cannot be read: {error}"), "");
            return variables;
        }
    };
    for line in dotenvy::from_read_iter(text.as_bytes()) {
        match line {
            Ok((name, value)) => {
                variables.insert(name, value);
            }
            // The error quotes the line, which may hold a secret: only its name is told.
            Err(dotenvy::Error::LineParse(line, _)) => {
                let name = variable_name(&line).unwrap_or_default();
                problems.add(DOT_ENV, name, "a line is not of the form NAME=value", "Quote values with spaces");
            }
            Err(_) => {
                problems.add(DOT_ENV, "", "cannot be read as lines of NAME=value", "");
                return variables;
            }
        }
    }
    variables
}

/// The name in `NAME=...`; none where what stands before the = may be more than a name.
fn variable_name(line: &str) -> Option<&str> {
    let name = line.split_once('=')?.0.trim();
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(name)
}
