//! The raw inputs of the configuration: the process's environment, a `.env` beside it, and the file. The only place
//! of the program that reads the environment.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use crate::config::Problems;
use crate::config::dot_env;
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
        let dot_env = dot_env(&environment, &mut problems);
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

    /// Where a mistake in this variable or key is to be looked for.
    pub fn place(&self, name: &str) -> String {
        let file = || self.file.as_ref().map_or("configuration".to_owned(), |(path, _)| path.display().to_string());
        match name {
            _ if self.environment.contains_key(name) => "environment".to_owned(),
            _ if self.dot_env.contains_key(name) => DOT_ENV.to_owned(),
            _ => file(),
        }
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

fn dot_env(environment: &BTreeMap<String, String>, problems: &mut Problems) -> BTreeMap<String, String> {
    if !Path::new(DOT_ENV).exists() {
        return BTreeMap::new();
    }
    let text = match file::read(Path::new(DOT_ENV)) {
        Ok(text) => text,
        Err(error) => {
            problems.add(DOT_ENV, "", format!("cannot be read: {error}"), "");
            return BTreeMap::new();
        }
    };
    let (variables, mistakes) = dot_env::read(&text, environment);
    for dot_env::Mistake { line, name, why, cure } in mistakes {
        problems.add(format!("{DOT_ENV}: line {line}"), name, why, cure);
    }
    variables
}
